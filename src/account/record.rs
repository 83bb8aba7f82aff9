//! The stored form of an account: versioned, and checked whenever it is loaded.

use alloc::boxed::Box;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use super::challenge::PendingChallenge;
use super::{Account, MAX_CHALLENGES, MAX_SPENT, Phone, State};
use crate::policy::{MAX_CODE_AGE, MAX_PHONES};
use crate::session::Assurance;

const VERSION: u16 = 1;
/// What a JSON number holds exactly.
const MAX_REVISION: u64 = (1 << 53) - 1;

/// The version comes first, so that a record of another version is refused by that.
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
            // Its record would conflict with the first change, which is inserted.
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

/// Names the invariant that a record breaks.
fn ensure(kept: bool, broken: &'static str) -> Result<(), &'static str> {
    if kept { Ok(()) } else { Err(broken) }
}

impl State {
    fn check(&self) -> Result<(), &'static str> {
        let (phones, challenges, spent) = (&self.phones, &self.challenges, &self.spent);
        // The numbers come first: what follows is quadratic.
        ensure(
            (1..=MAX_REVISION).contains(&self.revision),
            "the revision is out of range",
        )?;
        ensure(
            phones.len() <= MAX_PHONES,
            "more phones than an account can hold",
        )?;
        ensure(
            challenges.len() <= MAX_CHALLENGES,
            "more challenges than an account can hold",
        )?;
        ensure(
            spent.len() <= MAX_SPENT,
            "more spent sessions than an account can hold",
        )?;
        ensure(
            all_differ(phones, Phone::is_like),
            "two phones have the same id or number",
        )?;
        ensure(
            phones.iter().all(|phone| phone.last_used <= self.as_of),
            "a phone was used later than the last change",
        )?;
        ensure(
            self.recovery.is_none() || self.is_enrolled(),
            "a recovery code without a phone",
        )?;
        ensure(
            all_differ(challenges, |a, b| a.id == b.id),
            "two challenges have the same id",
        )?;
        ensure(
            all_differ(challenges, PendingChallenge::is_like),
            "two codes of one session and authenticator",
        )?;
        ensure(
            all_differ(spent, |a, b| a.session == b.session),
            "a session is spent twice",
        )?;
        self.challenges
            .iter()
            .try_for_each(|pending| self.check_challenge(pending))
    }

    fn check_challenge(&self, pending: &PendingChallenge) -> Result<(), &'static str> {
        ensure(
            pending.issued_at <= self.as_of,
            "a challenge was issued later than the last change",
        )?;
        let latest = pending.issued_at.after(MAX_CODE_AGE);
        let lives = |expires_at| pending.issued_at < expires_at && expires_at <= latest;
        ensure(
            pending.code.expires_at().is_none_or(lives),
            "a code does not expire within 10 minutes of its issue",
        )?;
        let Some(code) = pending.code.issued() else {
            return Ok(());
        };
        let device = code.device();
        let Some(enrollment) = code.enrollment() else {
            let is_active = self.active_phone(device).is_some();
            return ensure(is_active, "a challenge of a phone that is not active");
        };
        let is_new = self.phones.iter().all(|phone| phone.device != device);
        ensure(is_new, "two phones have the same id or number")?;
        let is_guarded = enrollment.begun_by == Assurance::Mfa || !self.is_enrolled();
        ensure(is_guarded, "an enrollment of a first factor beside a phone")?;
        let is_only = enrollment.recovery.is_none() || self.recovery.is_none();
        ensure(is_only, "an unconfirmed recovery code beside an active one")
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
            (Some(a), Some(b)) if a.device() == b.device() => {
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
