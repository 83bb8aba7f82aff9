//! What the account holds, and what of it goes when.

use alloc::vec::Vec;

use super::{Code, Enrollment, Fate, Model, Session, check_scope, millis};
use crate::authenticator::Channel;
use crate::denied::Denied;
use crate::phone::PhoneNumber;
use crate::session::{Assurance, Scope};
use crate::testing::clock::moment;
use crate::testing::logged::Logged;
use crate::testing::reply::Sent;
use crate::transition::Limit;

/// An expired code is remembered for so long after its issue.
const REMEMBERED: u64 = 10 * 60 * 1_000;
/// Most challenges of a record.
const MOST_CHALLENGES: usize = 16;
/// Most spent sessions of a record.
const MOST_SPENT: usize = 16;

impl Model {
    pub(super) fn check_may_enroll(&self, session: &Session) -> Result<(), Denied> {
        match session.assurance {
            Assurance::Mfa => check_scope(session, Scope::Enroll),
            Assurance::FirstFactor if self.phones.is_empty() => Ok(()),
            Assurance::FirstFactor => Err(Denied::AlreadyEnrolled),
        }
    }

    pub(super) fn check_room(&self, number: PhoneNumber) -> Result<(), Denied> {
        if self.phones.iter().any(|phone| phone.number == number) {
            return Err(Denied::PhoneAlreadyEnrolled);
        }
        if self.phones.len() >= self.policy.max_phones() {
            return Err(Denied::TooManyPhones);
        }
        Ok(())
    }

    pub(super) fn check_room_for_spent(&self, session: &Session) -> Result<(), Denied> {
        let lasting = self.spent.iter().map(|(_, expires)| *expires);
        let mut lasting: Vec<i64> = lasting.filter(|expires| *expires > self.now).collect();
        if session.assurance == Assurance::Mfa || lasting.len() < MOST_SPENT {
            return Ok(());
        }
        lasting.extend(self.doubted_until);
        let first = lasting.iter().min().copied().unwrap_or_default();
        Err(Denied::TooManySessions {
            retry_at: moment(first),
        })
    }

    pub(super) fn check_issue(&self, superseded: impl Fn(&Code) -> bool) -> Result<(), Denied> {
        let limit = self.policy.sends();
        let too_many = |at| Denied::TooManySends {
            retry_at: moment(at),
        };
        self.sends.check(limit, self.now).map_err(too_many)?;
        let lasting = self.codes.iter().filter(|code| {
            code.fate == Fate::Kept
                && self.remembers(code)
                && code.expires > self.now
                && !superseded(code)
        });
        let lasting: Vec<i64> = lasting.map(|code| code.expires).collect();
        match lasting.iter().min() {
            Some(first) if lasting.len() >= MOST_CHALLENGES => Err(too_many(*first)),
            _ => Ok(()),
        }
    }

    pub(super) fn issue(
        &mut self,
        session: usize,
        device: usize,
        channel: Channel,
        to: PhoneNumber,
        enrollment: Option<Enrollment>,
        superseded: impl Fn(&Code) -> bool,
    ) -> Sent {
        self.drop_codes(superseded);
        let held = self
            .codes
            .iter()
            .filter(|code| code.fate != Fate::Gone)
            .count();
        if held >= MOST_CHALLENGES {
            // What has expired makes room first, then what came second.
            let fated = |fate: Fate| {
                self.codes
                    .iter()
                    .enumerate()
                    .filter(move |(_, c)| c.fate == fate)
            };
            let lapsed = fated(Fate::Lapsed).next();
            let oldest = lapsed.or(fated(Fate::Overtaken).min_by_key(|(_, code)| code.expires));
            let oldest = oldest.map(|(index, _)| index);
            if let Some(code) = oldest.and_then(|index| self.codes.get_mut(index)) {
                code.fate = Fate::Gone;
            }
        }
        let expires = self.now.saturating_add(millis(self.policy.code_lifetime()));
        self.codes.push(Code {
            session,
            device,
            channel,
            to,
            enrollment,
            issued: self.now,
            expires,
            attempts: 0,
            fate: Fate::Kept,
        });
        self.logged.push(Logged::CodeIssued {
            phone: (channel, device),
            to,
        });
        self.sends.take(self.now);
        self.log_limit(Limit::Sends);
        Sent {
            channel,
            to,
            expires_at: moment(expires),
        }
    }

    /// Says so where the last of a budget was taken.
    pub(super) fn log_limit(&mut self, limit: Limit) {
        let (ledger, rate) = match limit {
            Limit::Sends => (&self.sends, self.policy.sends()),
            Limit::BindingFailures => (&self.binding_failures, self.policy.binding_failures()),
            Limit::RecoveryFailures => (&self.recovery_failures, self.policy.recovery_failures()),
        };
        if let Err(at) = ledger.check(rate, self.now) {
            let retry_at = moment(at);
            self.logged.push(Logged::LimitReached { limit, retry_at });
        }
    }

    pub(super) fn spend(&mut self, number: usize, session: &Session) {
        if session.assurance == Assurance::FirstFactor {
            self.spent.push((number, session.expires));
            for code in self.codes.iter_mut().filter(|code| code.session == number) {
                code.fate = Fate::Gone;
            }
        }
    }

    pub(super) fn replace_recovery_code(&mut self, by: Option<usize>) {
        self.live_recovery_code = by;
        self.recovery_code_failures = 0;
        self.logged.push(Logged::RecoveryCodeReplaced);
        for enrollment in self
            .codes
            .iter_mut()
            .filter_map(|code| code.enrollment.as_mut())
        {
            enrollment.recovery_code = None;
        }
    }

    pub(super) fn drop_first_factor_enrollments(&mut self) {
        for code in self.codes.iter_mut().filter(|code| code.fate == Fate::Kept) {
            let begun_by = code
                .enrollment
                .as_ref()
                .map(|enrollment| enrollment.begun_by);
            if begun_by == Some(Assurance::FirstFactor) {
                code.fate = Fate::Overtaken;
            }
        }
    }

    /// What is only remembered to have expired belongs to nothing any more, and stays.
    pub(super) fn drop_codes(&mut self, which: impl Fn(&Code) -> bool) {
        for code in &mut self.codes {
            if code.fate == Fate::Kept && which(code) {
                code.fate = Fate::Gone;
            }
        }
    }

    pub(super) fn remembers(&self, code: &Code) -> bool {
        self.now.abs_diff(code.issued) < REMEMBERED
    }

    pub(super) fn is_live(&self, code: &Code) -> bool {
        code.fate == Fate::Kept && code.issued <= self.now && self.now < code.expires
    }

    /// What is done with every change: the record forgets what time has ended.
    pub(super) fn tidy(&mut self) {
        let now = self.now;
        for code in self.codes.iter_mut().filter(|code| code.fate != Fate::Gone) {
            if now.abs_diff(code.issued) >= REMEMBERED {
                code.fate = Fate::Gone;
            } else if code.expires <= now {
                code.fate = Fate::Lapsed;
            }
        }
        for (_, expires) in &self.spent {
            if *expires <= now {
                self.pruned_through = self.pruned_through.max(*expires);
            }
        }
        self.spent.retain(|(_, expires)| *expires > now);
    }

    /// What is done with every request: what a clock that ran ahead has left is brought back.
    pub(super) fn settle(&mut self) -> bool {
        let furthest = self.furthest();
        let before = self.doubted_until;
        let mut settled = false;
        if self.times().iter().any(|time| *time > furthest) {
            // They stand for as long as a session lives; a clock that comes back finds them.
            let until = self
                .doubted_until
                .map_or(furthest, |until| until.min(furthest));
            self.doubted_until = Some(until);
            if self.now >= until {
                settled = true;
                let over = |time: i64| if time > furthest { until } else { time };
                self.pruned_through = over(self.pruned_through);
                self.first_factor_valid_from = over(self.first_factor_valid_from);
                self.valid_from = over(self.valid_from);
                self.spent.retain(|(_, expires)| *expires <= furthest);
                self.doubted_until = None;
            }
        } else {
            self.doubted_until = None;
        }
        settled |= before != self.doubted_until;
        settled |= self.sends.settle(self.policy.sends(), self.now);
        settled |= self
            .binding_failures
            .settle(self.policy.binding_failures(), self.now);
        settled |= self
            .recovery_failures
            .settle(self.policy.recovery_failures(), self.now);
        settled
    }

    /// Every time that refuses sessions.
    fn times(&self) -> Vec<i64> {
        let mut times: Vec<i64> = self.spent.iter().map(|(_, expires)| *expires).collect();
        times.extend([
            self.pruned_through,
            self.first_factor_valid_from,
            self.valid_from,
        ]);
        times
    }

    /// The latest expiry that a session may have.
    pub(super) fn furthest(&self) -> i64 {
        self.now
            .saturating_add(millis(self.policy.longest_session()))
    }
}
