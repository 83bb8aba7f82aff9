//! The stored form of an account: versioned, and checked whenever it is loaded.

use alloc::boxed::Box;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::challenge::PendingChallenge;
use super::{
    Account, MAX_CHALLENGES, MAX_REVISION, MAX_SPENT, Phone, RevokedUntil, SpentSession, State,
};
use crate::budget::{Limit, RateLimit};
use crate::policy::{MAX_CODE_AGE, MAX_PHONES, MAX_SESSION};
use crate::session::Assurance;

const VERSION: u16 = 1;

/// The version comes first: a record of another version is refused for that, whatever follows.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, expecting = "a record of an account")]
struct Record<S> {
    version: Version,
    account: S,
}

struct Version;

impl Serialize for Version {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u16(VERSION)
    }
}

impl<'de> Deserialize<'de> for Version {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u16::deserialize(deserializer)? {
            VERSION => Ok(Self),
            unknown => Err(de::Error::custom(format_args!(
                "record version {unknown} is unknown: this crate reads version {VERSION}"
            ))),
        }
    }
}

impl Serialize for Account {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.revision() == 0 {
            // A stored new account would conflict with the first change, which inserts.
            return Err(ser::Error::custom(
                "cannot serialize a new account: store only accounts that the engine returned",
            ));
        }
        let record = Record {
            version: Version,
            account: &*self.state,
        };
        record.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Account {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let record = Record::<Box<State>>::deserialize(deserializer)?;
        let state = record.account;
        state.check().map_err(de::Error::custom)?;
        Ok(Self { state })
    }
}

impl State {
    /// Names the invariant that a record breaks.
    fn check(&self) -> Result<(), &'static str> {
        // The counts come first: the checks after them are quadratic.
        if !(1..=MAX_REVISION).contains(&self.revision) {
            return Err("the revision is not 1 to 2^53 - 1");
        }
        if self.phones.len() > MAX_PHONES {
            return Err("more than 10 phones");
        }
        if self.challenges.len() > MAX_CHALLENGES {
            return Err("more than 16 challenges");
        }
        if self.spent.len() > MAX_SPENT {
            return Err("more than 16 spent sessions");
        }
        if !all_differ(&self.phones, Phone::is_like) {
            return Err("2 phones have the same id or number");
        }
        if self.phones.iter().any(|phone| phone.last_used > self.as_of) {
            return Err("a phone was used later than the last change");
        }
        let RevokedUntil {
            first_factor,
            every,
        } = self.revoked_until;
        let skewed = self.as_of.after(MAX_CODE_AGE);
        if first_factor > Some(self.as_of) {
            return Err("revoked_until.first_factor is later than the last change (as_of)");
        }
        if every > Some(skewed) {
            return Err(
                "revoked_until.every is later than 10 minutes after the last change (as_of)",
            );
        }
        let expires = skewed.after(MAX_SESSION);
        if self.spent.iter().any(|spent| spent.expires_at > expires) {
            return Err(
                "a spent session expires later than 30 days and 10 minutes after the last change",
            );
        }
        let full = self.as_of.after(RateLimit::MAX_WINDOW_MILLIS);
        if Limit::ALL
            .iter()
            .any(|limit| self.budget(*limit).full_at() > full)
        {
            return Err("a budget is full later than 10 years after the last change");
        }
        if self.recovery.is_some() && !self.is_enrolled() {
            return Err("a recovery code without a phone");
        }
        if !all_differ(&self.challenges, |a, b| a.id == b.id) {
            return Err("2 challenges have the same id");
        }
        if !all_differ(&self.challenges, PendingChallenge::is_like) {
            return Err("2 live codes for 1 phone in 1 session, or for 1 enrollment");
        }
        if !all_differ(&self.spent, |a, b| a.session == b.session) {
            return Err("a session is spent twice");
        }
        self.challenges
            .iter()
            .try_for_each(|pending| self.check_challenge(pending))
    }

    fn check_challenge(&self, pending: &PendingChallenge) -> Result<(), &'static str> {
        if pending.issued_at > self.as_of {
            return Err("a challenge was issued later than the last change");
        }
        let is_own = |spent: &SpentSession| spent.session == pending.session;
        if self.spent.iter().any(is_own) {
            return Err("a challenge of a session that is spent");
        }
        let latest = pending.issued_at.after(MAX_CODE_AGE);
        let lives = |expires_at| pending.issued_at < expires_at && expires_at <= latest;
        if !pending.code.expires_at().is_none_or(lives) {
            return Err("a code does not expire within 10 minutes after its issue");
        }
        let Some(code) = pending.code.issued() else {
            return Ok(());
        };
        let device = code.target.device();
        let Some(enrollment) = code.enrollment() else {
            let phone = self.active_phone(device);
            return phone
                .map(|_| ())
                .ok_or("a challenge of a phone that is not active");
        };
        if self.phones.iter().any(|phone| phone.device == device) {
            return Err("a pending enrollment has the id of a confirmed phone");
        }
        if enrollment.begun_by == Assurance::FirstFactor && self.is_enrolled() {
            return Err(
                "a first factor started a pending enrollment (begun_by), but a phone guards the account",
            );
        }
        if enrollment.recovery.is_some() && self.recovery.is_some() {
            return Err("an unconfirmed recovery code beside an active one");
        }
        Ok(())
    }
}

impl Phone {
    fn is_like(&self, other: &Self) -> bool {
        self.device == other.device || self.number == other.number
    }
}

impl PendingChallenge {
    fn is_like(&self, other: &Self) -> bool {
        match (self.code.issued(), other.code.issued()) {
            (Some(a), Some(b)) if a.target.device() == b.target.device() => {
                self.session == other.session || a.enrollment().is_some()
            }
            _ => false,
        }
    }
}

fn all_differ<T>(items: &[T], alike: impl Fn(&T, &T) -> bool) -> bool {
    items
        .iter()
        .enumerate()
        .all(|(index, item)| !items.iter().take(index).any(|other| alike(item, other)))
}
