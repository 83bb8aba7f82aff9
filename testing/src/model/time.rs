//! The time of the account, and expiry.

use oob_mfa::{Denied, Limit};

use super::{Done, Fate, Model, millis};
use crate::logged::Logged;
use crate::record::RevokedUntil;
use crate::reply::{Answer, Reply};

/// How long an expired code is remembered after its issue.
const REMEMBERED: i64 = 10 * 60 * 1_000;

impl Model {
    /// For one account, recorded time never runs backwards.
    pub(super) fn time(&self) -> i64 {
        self.clock.max(self.as_of)
    }

    pub(super) fn skew(&self) -> i64 {
        millis(self.policy.skew())
    }

    /// Applies `judge` if it grants or rejects. A refusal changes nothing.
    pub(super) fn change(
        &mut self,
        judge: impl FnOnce(&mut Self) -> Result<Done, Denied>,
    ) -> Reply {
        if self.as_of > self.clock + self.skew() {
            return Reply::unsaved(Answer::Denied(Denied::ClockBehind));
        }
        let mut next = self.clone();
        next.as_of = self.time();
        next.settle();
        let (answer, sent) = match judge(&mut next) {
            Ok(done) => done,
            Err(rejected @ (Denied::InvalidBindingCode | Denied::InvalidRecoveryCode)) => {
                (Answer::Denied(rejected), None)
            }
            Err(refused) => return Reply::unsaved(Answer::Denied(refused)),
        };
        let logged = std::mem::take(&mut next.logged);
        next.revision += 1;
        *self = next;
        Reply {
            answer,
            target: sent.as_ref().map(|sent| (sent.channel, sent.to)),
            sent,
            saved: true,
            logged,
        }
    }

    /// Drops what has expired.
    fn settle(&mut self) {
        let time = self.time();
        for code in self.codes.iter_mut().filter(|code| code.fate != Fate::Gone) {
            if time - code.issued >= REMEMBERED {
                code.fate = Fate::Gone;
            } else if code.expires <= time {
                code.fate = Fate::Lapsed;
            }
        }
        self.spent.retain(|(_, expires)| *expires > time);
    }

    pub(super) fn revoke_first_factor(&mut self) {
        let until = Some(self.time());
        self.revoked_until.first_factor = self.revoked_until.first_factor.max(until);
    }

    pub(super) fn revoke_all(&mut self) {
        let until = Some(self.time() + self.skew());
        self.revoked_until.every = self.revoked_until.every.max(until);
    }

    /// The rewind of an operator after a clock ran ahead.
    pub(super) fn rewind(&mut self) -> Reply {
        if self.as_of <= self.clock + self.skew() {
            return Reply::unsaved(Answer::Denied(Denied::ClockNotAhead));
        }
        let now = self.clock;
        self.as_of = now;
        self.logged.push(Logged::ClockRewound);
        self.drop_codes(|_| true);
        for code in &mut self.codes {
            code.fate = Fate::Gone;
        }
        self.spent.clear();
        self.revoked_until = RevokedUntil {
            first_factor: None,
            every: Some(now + self.skew()),
        };
        for (ledger, limit) in self.ledgers.iter_mut().zip(Limit::ALL) {
            ledger.rewind(self.policy.rate(limit), now);
        }
        for phone in &mut self.phones {
            phone.used = phone.used.min(now);
        }
        self.revision += 1;
        Reply {
            answer: Answer::Done,
            sent: None,
            target: None,
            saved: true,
            logged: std::mem::take(&mut self.logged),
        }
    }
}
