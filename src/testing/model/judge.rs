//! What is asked, judged.

use alloc::vec::Vec;

use super::{Code, Done, Enrollment, Fate, Model, Phone, Session, check_scope, count};
use crate::authenticator::{AuthenticatorStatus, Channel};
use crate::denied::Denied;
use crate::engine::Purpose;
use crate::phone::PhoneNumber;
use crate::policy::RecoveryCodes;
use crate::session::{Assurance, Scope};
use crate::testing::clock::moment;
use crate::testing::command::{Authenticator, Guess, RecoveryGuess, back};
use crate::testing::logged::Logged;
use crate::testing::reply::{Answer, Listed};
use crate::transition::Limit;

impl Model {
    pub(super) fn associate(
        &mut self,
        number: usize,
        session: &Session,
        phone: PhoneNumber,
        channel: Channel,
    ) -> Result<Done, Denied> {
        self.check_may_enroll(session)?;
        if !self.policy.channels().contains(channel) {
            return Err(Denied::ChannelUnavailable);
        }
        self.check_room(phone)?;
        let superseded =
            |code: &Code| code.session == number && code.enrollment.is_some() && code.to == phone;
        self.check_issue(superseded)?;
        self.tidy();
        let pending = self
            .codes
            .iter()
            .find(|code| code.fate == Fate::Kept && superseded(code));
        let device = pending.map(|code| code.device);
        let device = device.unwrap_or_else(|| count(&mut self.devices));
        let first = self.phones.is_empty();
        let recovery_code = (first && self.policy.recovery_codes() == RecoveryCodes::Issued)
            .then(|| count(&mut self.recovery_codes));
        let enrollment = Enrollment {
            begun_by: session.assurance,
            recovery_code,
        };
        let sent = self.issue(number, device, channel, phone, Some(enrollment), superseded);
        let code = self.codes.len().saturating_sub(1);
        Ok((
            Answer::Associated {
                device,
                code,
                recovery_code,
            },
            Some(sent),
        ))
    }

    pub(super) fn challenge(
        &mut self,
        number: usize,
        authenticator: Option<Authenticator>,
    ) -> Result<Done, Denied> {
        if self.phones.is_empty() {
            return Err(Denied::NotEnrolled);
        }
        let enabled = |channel: &Channel| self.policy.channels().contains(*channel);
        let chosen = match authenticator {
            Some(Authenticator::Phone(channel, device)) => {
                let device = back(self.devices, device);
                let phone = self
                    .phones
                    .iter()
                    .find(|phone| Some(phone.device) == device);
                phone
                    .map(|phone| (phone, channel))
                    .filter(|(_, channel)| enabled(channel))
            }
            Some(Authenticator::RecoveryCode | Authenticator::Unknown) => None,
            None => {
                let active = self.phones.iter().filter(|phone| !phone.disabled);
                // The latest enrolled where two were used at the same moment.
                let used = |phone: &Phone| phone.used.min(self.now);
                let latest = active.reduce(|a, b| if used(a) > used(b) { a } else { b });
                latest.map(|phone| {
                    let other = match phone.channel {
                        Channel::Sms => Channel::Voice,
                        Channel::Voice => Channel::Sms,
                    };
                    (
                        phone,
                        if enabled(&phone.channel) {
                            phone.channel
                        } else {
                            other
                        },
                    )
                })
            }
        };
        let (phone, channel) = chosen
            .filter(|(phone, _)| !phone.disabled)
            .ok_or(Denied::InvalidAuthenticator)?;
        let (device, to) = (phone.device, phone.number);
        let superseded = |code: &Code| code.session == number && code.device == device;
        self.check_issue(superseded)?;
        self.tidy();
        let sent = self.issue(number, device, channel, to, None, superseded);
        let code = self.codes.len().saturating_sub(1);
        Ok((Answer::Challenged { device, code }, Some(sent)))
    }

    pub(super) fn verify_oob(
        &mut self,
        number: usize,
        session: &Session,
        code: Option<usize>,
        guess: &Guess,
    ) -> Result<Done, Denied> {
        let index = code.and_then(|code| back(self.codes.len(), code));
        let index = index.ok_or(Denied::OobCodeUnknown)?;
        let code = self
            .codes
            .get(index)
            .cloned()
            .ok_or(Denied::OobCodeUnknown)?;
        if code.fate == Fate::Gone || !self.remembers(&code) {
            return Err(Denied::OobCodeUnknown);
        }
        if code.session != number {
            return Err(Denied::OobCodeOfAnotherSession);
        }
        if code.fate == Fate::Overtaken && self.now < code.expires {
            self.check_may_enroll(session)?;
            return Err(Denied::OobCodeUnknown);
        }
        if !self.is_live(&code) {
            return Err(Denied::OobCodeExpired);
        }
        if code.enrollment.is_some() {
            self.check_may_enroll(session)?;
            self.check_room(code.to)?;
        }
        self.check_room_for_spent(session)?;
        let limit = self.policy.binding_failures();
        self.binding_failures
            .check(limit, self.now)
            .map_err(|at| Denied::TooManyFailures {
                retry_at: moment(at),
            })?;
        self.tidy();
        if *guess != Guess::Right {
            self.count_failure(index, &code);
            self.binding_failures.take(self.now);
            self.log_limit(Limit::BindingFailures);
            return Err(Denied::InvalidBindingCode);
        }
        if let Some(used) = self.codes.get_mut(index) {
            used.fate = Fate::Gone;
        }
        let phone = (code.channel, code.device);
        let purpose = if let Some(enrollment) = &code.enrollment {
            self.logged.push(Logged::AuthenticatorAdded {
                phone,
                number: code.to,
            });
            self.phones.push(Phone {
                device: code.device,
                number: code.to,
                disabled: false,
                used: self.now,
                channel: code.channel,
                failures: 0,
            });
            self.drop_first_factor_enrollments();
            if enrollment.recovery_code.is_some() {
                self.replace_recovery_code(enrollment.recovery_code);
            }
            Purpose::Enrollment
        } else {
            for phone in self
                .phones
                .iter_mut()
                .filter(|phone| phone.device == code.device)
            {
                phone.failures = 0;
                phone.used = self.now;
                phone.channel = code.channel;
            }
            Purpose::Login
        };
        self.spend(number, session);
        let phone = Some(phone);
        self.logged.push(Logged::Authenticated { phone });
        Ok((
            Answer::Verified {
                phone,
                purpose,
                recovery_code: None,
            },
            None,
        ))
    }

    pub(super) fn count_failure(&mut self, index: usize, presented: &Code) {
        let device = presented.device;
        let mut failures = presented.attempts.saturating_add(1);
        if let Some(code) = self.codes.get_mut(index) {
            code.attempts = code.attempts.saturating_add(1);
            if Some(code.attempts) == self.policy.attempts_per_challenge() {
                code.fate = Fate::Gone;
            }
        }
        let mut disabled = None;
        for phone in self
            .phones
            .iter_mut()
            .filter(|phone| phone.device == device)
        {
            phone.failures = phone.failures.saturating_add(1);
            phone.disabled = Some(phone.failures) == self.policy.failure_cap();
            disabled = phone.disabled.then_some(phone.number);
            failures = phone.failures;
        }
        self.logged.push(Logged::WrongBindingCode {
            phone: (presented.channel, device),
            failures,
        });
        if let Some(number) = disabled {
            self.drop_codes(|code| code.device == device);
            self.logged
                .push(Logged::AuthenticatorDisabled { device, number });
        }
    }

    pub(super) fn verify_recovery_code(
        &mut self,
        number: usize,
        session: &Session,
        guess: &RecoveryGuess,
    ) -> Result<Done, Denied> {
        let live = self.live_recovery_code.ok_or(Denied::NoRecoveryCode)?;
        self.check_room_for_spent(session)?;
        let limit = self.policy.recovery_failures();
        self.recovery_failures
            .check(limit, self.now)
            .map_err(|at| Denied::TooManyFailures {
                retry_at: moment(at),
            })?;
        self.tidy();
        let presented = match guess {
            RecoveryGuess::Shown(at) | RecoveryGuess::Retyped(at) => back(self.recovery_codes, *at),
            RecoveryGuess::Wrong | RecoveryGuess::Malformed(_) => None,
        };
        if presented != Some(live) {
            self.recovery_code_failures = self.recovery_code_failures.saturating_add(1);
            self.logged.push(Logged::WrongRecoveryCode {
                failures: self.recovery_code_failures,
            });
            self.recovery_failures.take(self.now);
            self.log_limit(Limit::RecoveryFailures);
            return Err(Denied::InvalidRecoveryCode);
        }
        self.live_recovery_code = None;
        self.logged.push(Logged::RecoveryCodeUsed);
        let mut recovery_code = None;
        if self.policy.recovery_codes() == RecoveryCodes::Issued {
            recovery_code = Some(count(&mut self.recovery_codes));
            self.replace_recovery_code(recovery_code);
        }
        self.spend(number, session);
        self.logged.push(Logged::Authenticated { phone: None });
        Ok((
            Answer::Verified {
                phone: None,
                purpose: Purpose::Login,
                recovery_code,
            },
            None,
        ))
    }

    pub(super) fn remove(
        &mut self,
        session: &Session,
        authenticator: Authenticator,
    ) -> Result<Done, Denied> {
        check_scope(session, Scope::RemoveAuthenticators)?;
        match authenticator {
            Authenticator::Phone(channel, device) if self.policy.channels().contains(channel) => {
                let device = back(self.devices, device).ok_or(Denied::UnknownAuthenticator)?;
                self.drop_phone(device)
            }
            _ => Err(Denied::UnknownAuthenticator),
        }
    }

    pub(super) fn drop_phone(&mut self, device: usize) -> Result<Done, Denied> {
        let mut phones = self.phones.iter();
        let confirmed = phones.find(|phone| phone.device == device);
        let confirmed = confirmed.map(|phone| phone.number);
        let mut codes = self.codes.iter();
        let pending = codes
            .find(|code| code.device == device && code.enrollment.is_some() && self.is_live(code));
        let number = confirmed.or(pending.map(|code| code.to));
        let number = number.ok_or(Denied::UnknownAuthenticator)?;
        self.tidy();
        self.logged
            .push(Logged::AuthenticatorRemoved { device, number });
        self.phones.retain(|phone| phone.device != device);
        self.drop_codes(|code| code.device == device);
        if confirmed.is_some() && self.phones.is_empty() {
            if self.live_recovery_code.take().is_some() {
                self.logged.push(Logged::RecoveryCodeRemoved);
            }
            self.first_factor_valid_from = self.first_factor_valid_from.max(self.now);
        }
        Ok((Answer::Removed { device }, None))
    }

    pub(super) fn regenerate(&mut self, session: &Session) -> Result<Done, Denied> {
        check_scope(session, Scope::Enroll)?;
        if self.phones.is_empty() {
            return Err(Denied::NotEnrolled);
        }
        if self.policy.recovery_codes() == RecoveryCodes::Off {
            return Err(Denied::NoRecoveryCode);
        }
        self.tidy();
        let recovery_code = count(&mut self.recovery_codes);
        self.replace_recovery_code(Some(recovery_code));
        Ok((Answer::Regenerated { recovery_code }, None))
    }

    pub(super) fn import(&mut self, number: PhoneNumber, channel: Channel) -> Result<Done, Denied> {
        if !self.policy.channels().contains(channel) {
            return Err(Denied::ChannelUnavailable);
        }
        self.check_room(number)?;
        self.tidy();
        self.drop_first_factor_enrollments();
        let device = count(&mut self.devices);
        let used = self.now;
        self.phones.push(Phone {
            device,
            number,
            disabled: false,
            used,
            channel,
            failures: 0,
        });
        self.logged.push(Logged::AuthenticatorAdded {
            phone: (channel, device),
            number,
        });
        Ok((Answer::Imported { device }, None))
    }

    pub(super) fn list(&self, session: usize) -> Result<Vec<Listed>, Denied> {
        let found = self.sessions.get(session).ok_or(Denied::TokenInvalid)?;
        if found.stranger {
            return Err(Denied::SubjectMismatch);
        }
        self.check_session(session, found)?;
        if found.assurance == Assurance::Mfa {
            check_scope(found, Scope::ReadAuthenticators)?;
        }
        Ok(self.entries())
    }

    /// The entries of the list, whoever asks.
    pub(super) fn entries(&self) -> Vec<Listed> {
        let mut listed = Vec::new();
        let recovery_code = |status| Listed {
            phone: None,
            number: None,
            status,
        };
        let pending = || {
            let enrolling = |code: &&Code| self.is_live(code) && code.enrollment.is_some();
            self.codes.iter().filter(enrolling)
        };
        listed.extend(
            self.live_recovery_code
                .map(|_| recovery_code(AuthenticatorStatus::Active)),
        );
        let unconfirmed = pending().filter_map(|code| code.enrollment.as_ref()?.recovery_code);
        listed.extend(unconfirmed.map(|_| recovery_code(AuthenticatorStatus::Unconfirmed)));
        let mut phones = Vec::new();
        for phone in &self.phones {
            let status = if phone.disabled {
                AuthenticatorStatus::Disabled
            } else {
                AuthenticatorStatus::Active
            };
            phones.push((phone.device, phone.number, status));
        }
        for code in pending() {
            phones.push((code.device, code.to, AuthenticatorStatus::Unconfirmed));
        }
        for (device, number, status) in phones {
            for channel in [Channel::Sms, Channel::Voice] {
                if self.policy.channels().contains(channel) {
                    let (phone, number) = (Some((channel, device)), Some(number));
                    listed.push(Listed {
                        phone,
                        number,
                        status,
                    });
                }
            }
        }
        listed
    }
}
