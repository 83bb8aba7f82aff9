//! Judges presented codes.

use oob_mfa::{Assurance, Denied, Limit, Purpose, RecoveryCodes};

use super::{Code, Done, Fate, Model, Phone, Session, check_first_factor, count};
use crate::clock::moment;
use crate::command::{Guess, RecoveryGuess, back};
use crate::logged::Logged;
use crate::reply::Answer;

/// The maximum number of spent sessions in a record.
const MAX_SPENT: usize = 16;

impl Model {
    pub(super) fn verify_oob(
        &mut self,
        number: usize,
        session: &Session,
        code: Option<usize>,
        guess: &Guess,
    ) -> Result<Done, Denied> {
        let index = code.and_then(|code| back(self.codes.len(), code));
        let index = index.ok_or(Denied::OobCodeUnknown)?;
        let code = self.codes[index].clone();
        if code.fate == Fate::Kept && code.enrollment.is_none() {
            check_first_factor(session)?;
        }
        match code.fate {
            Fate::Gone => return Err(Denied::OobCodeUnknown),
            _ if code.session != number => return Err(Denied::OobCodeOfAnotherSession),
            Fate::Lapsed => return Err(Denied::OobCodeExpired),
            Fate::Discarded => {
                self.check_may_enroll(session)?;
                return Err(Denied::OobCodeUnknown);
            }
            Fate::Kept => {}
        }
        let attempts = self.policy.attempts_per_challenge();
        if attempts.is_some_and(|most| code.attempts >= most) {
            return Err(Denied::OobCodeUnknown);
        }
        if code.enrollment.is_some() {
            self.check_may_enroll(session)?;
            self.check_room(code.to)?;
        }
        self.check_room_for_spent(session)?;
        self.check_failures(Limit::BindingFailures)?;
        if !matches!(guess, Guess::Right | Guess::Retyped) {
            self.count_failure(index);
            self.take(Limit::BindingFailures);
            return Err(Denied::InvalidBindingCode);
        }
        self.codes[index].fate = Fate::Gone;
        let purpose = if code.enrollment.is_some() {
            self.confirm(index, &code);
            Purpose::Enrollment
        } else {
            let time = self.time();
            let mut phones = self.phones.iter_mut();
            let phone = phones.find(|phone| phone.device == code.device);
            let phone = phone.expect("a live code has its phone");
            phone.failures = 0;
            phone.used = time;
            phone.channel = code.channel;
            Purpose::Login
        };
        let phone = Some((code.channel, code.device));
        self.sign_in(number, session, phone, Some(index));
        Ok((verified(session, phone, purpose, None), None))
    }

    fn confirm(&mut self, index: usize, code: &Code) {
        self.logged.push(Logged::AuthenticatorAdded {
            phone: (code.channel, code.device),
            number: code.to,
            code: Some(index),
        });
        self.phones.push(Phone {
            device: code.device,
            number: code.to,
            disabled: false,
            used: self.time(),
            channel: code.channel,
            failures: 0,
        });
        self.discard_first_factor_enrollments();
        let shown = code.enrollment.as_ref();
        if let Some(shown) = shown.and_then(|enrollment| enrollment.recovery_code) {
            self.replace_recovery_code(shown);
        }
    }

    fn count_failure(&mut self, index: usize) {
        let code = &mut self.codes[index];
        code.attempts += 1;
        let (device, channel, attempts) = (code.device, code.channel, code.attempts);
        let mut failures = attempts;
        let mut disabled = None;
        let mut phones = self.phones.iter_mut();
        if let Some(phone) = phones.find(|phone| phone.device == device) {
            phone.failures += 1;
            failures = phone.failures;
            let cap = self.policy.failure_cap();
            phone.disabled = cap.is_some_and(|most| failures >= most);
            disabled = phone.disabled.then_some(phone.number);
        }
        let phone = (channel, device);
        self.logged.push(Logged::WrongBindingCode {
            phone,
            failures,
            code: index,
        });
        let most = self.policy.attempts_per_challenge();
        if most.is_some_and(|most| attempts >= most) {
            self.end_code(index, Fate::Gone);
        }
        if let Some(number) = disabled {
            self.logged
                .push(Logged::AuthenticatorDisabled { device, number });
            self.drop_codes(|code| code.device == device);
        }
    }

    pub(super) fn verify_recovery_code(
        &mut self,
        number: usize,
        session: &Session,
        guess: &RecoveryGuess,
    ) -> Result<Done, Denied> {
        check_first_factor(session)?;
        let live = self.accepted_recovery_code();
        let live = live.ok_or(Denied::NoRecoveryCode)?;
        self.check_room_for_spent(session)?;
        self.check_failures(Limit::RecoveryFailures)?;
        let presented = match guess {
            RecoveryGuess::Shown(at) | RecoveryGuess::Retyped(at) => back(self.recovery_codes, *at),
            RecoveryGuess::Wrong | RecoveryGuess::Malformed(_) => None,
        };
        if presented != Some(live) {
            self.recovery_code_failures += 1;
            let failures = self.recovery_code_failures;
            self.logged.push(Logged::WrongRecoveryCode { failures });
            self.take(Limit::RecoveryFailures);
            return Err(Denied::InvalidRecoveryCode);
        }
        self.live_recovery_code = None;
        self.logged.push(Logged::RecoveryCodeUsed);
        let replacement = count(&mut self.recovery_codes);
        self.replace_recovery_code(replacement);
        self.sign_in(number, session, None, None);
        let answer = verified(session, None, Purpose::Login, Some(replacement));
        Ok((answer, None))
    }

    /// If recovery codes are switched off, the live one stays, but is not accepted.
    pub(super) fn accepted_recovery_code(&self) -> Option<usize> {
        let issued = self.policy.recovery_codes() == RecoveryCodes::Issued;
        self.live_recovery_code.filter(|_| issued)
    }

    fn check_failures(&self, limit: Limit) -> Result<(), Denied> {
        let too_many = |at| Denied::TooManyFailures {
            retry_at: moment(at),
        };
        self.check_limit(limit).map_err(too_many)
    }

    fn check_room_for_spent(&self, session: &Session) -> Result<(), Denied> {
        if session.assurance == Assurance::Mfa || self.spent.len() < MAX_SPENT {
            return Ok(());
        }
        let first = self.spent.iter().map(|(_, expires)| *expires).min();
        Err(Denied::TooManySessions {
            retry_at: moment(first.expect("the list is full")),
        })
    }

    /// A first-factor session is spent, and its codes are dropped.
    fn sign_in(
        &mut self,
        number: usize,
        session: &Session,
        phone: Option<(oob_mfa::Channel, usize)>,
        code: Option<usize>,
    ) {
        if session.assurance == Assurance::FirstFactor {
            self.spent.push((number, session.expires));
            self.logged.push(Logged::Authenticated { phone, code });
            self.drop_codes(|code| code.session == number);
            for code in self.codes.iter_mut().filter(|code| code.session == number) {
                code.fate = Fate::Gone;
            }
        }
    }

    pub(super) fn replace_recovery_code(&mut self, by: usize) {
        self.live_recovery_code = Some(by);
        self.recovery_code_failures = 0;
        self.logged.push(Logged::RecoveryCodeReplaced);
        let enrollments = self.codes.iter_mut();
        for enrollment in enrollments.filter_map(|code| code.enrollment.as_mut()) {
            enrollment.recovery_code = None;
        }
    }
}

fn verified(
    session: &Session,
    phone: Option<(oob_mfa::Channel, usize)>,
    purpose: Purpose,
    recovery_code: Option<usize>,
) -> Answer {
    let is_mfa = session.assurance == Assurance::Mfa;
    Answer::Verified {
        phone,
        purpose,
        recovery_code,
        assurance: session.assurance,
        not_after: is_mfa.then(|| moment(session.expires)),
    }
}
