//! The stored form of an account: versioned, and checked whenever it is loaded.

use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser};

use crate::account::{
    Account, Budgets, MOST_CHALLENGES, MOST_SPENT, Phone, Recovery, SpentSession, ValidFrom,
};
use crate::challenge::{PendingChallenge, Target};
use crate::few::Few;
use crate::instant::Millis;
use crate::policy::{LONGEST_CODE_LIFETIME, MOST_PHONES};
use crate::session::Assurance;
use crate::subject::Subject;

const VERSION: u16 = 1;
/// What a JSON number holds exactly.
const GREATEST_REVISION: u64 = (1 << 53) - 1;

// The two sides of the same record: borrowed to be written, owned to be read. The order of the
// fields is the binary form.

#[derive(Serialize)]
struct Written<'a> {
    version: u16,
    subject: &'a Subject,
    revision: u64,
    budgets: &'a Budgets,
    valid_from: &'a ValidFrom,
    pruned_through: Millis,
    doubted_until: Option<Millis>,
    phones: &'a [Phone],
    recovery: &'a Option<Recovery>,
    challenges: &'a [PendingChallenge],
    spent: &'a [SpentSession],
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, expecting = "a record of an account")]
struct Read {
    #[serde(rename = "version")]
    _version: KnownVersion,
    subject: Subject,
    revision: u64,
    budgets: Budgets,
    valid_from: ValidFrom,
    pruned_through: Millis,
    doubted_until: Option<Millis>,
    phones: Few<Phone>,
    recovery: Option<Recovery>,
    challenges: Few<PendingChallenge>,
    spent: Few<SpentSession>,
}

struct KnownVersion;

impl<'de> Deserialize<'de> for KnownVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u16::deserialize(deserializer)? {
            VERSION => Ok(Self),
            unknown => Err(de::Error::custom(format_args!(
                "record version {unknown} is unknown"
            ))),
        }
    }
}

impl Serialize for Account {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.revision == 0 {
            // It would stand in the way of the first change, which is to be inserted.
            return Err(ser::Error::custom(
                "an account that nothing has changed has no record",
            ));
        }
        Written {
            version: VERSION,
            subject: &self.subject,
            revision: self.revision,
            budgets: &self.budgets,
            valid_from: &self.valid_from,
            pruned_through: self.pruned_through,
            doubted_until: self.doubted_until,
            phones: &self.phones,
            recovery: &self.recovery,
            challenges: &self.challenges,
            spent: &self.spent,
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Account {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = Read::deserialize(deserializer)?;
        let account = Self {
            subject: read.subject,
            revision: read.revision,
            budgets: read.budgets,
            valid_from: read.valid_from,
            pruned_through: read.pruned_through,
            doubted_until: read.doubted_until,
            phones: read.phones,
            recovery: read.recovery,
            challenges: read.challenges,
            spent: read.spent,
        };
        account.check().map_err(de::Error::custom)?;
        Ok(account)
    }
}

/// The invariant that a record breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Broken {
    Revision,
    TooManyPhones,
    PhonesAlike,
    RecoveryCodeAlone,
    TooManyChallenges,
    ChallengesAlike,
    CodeLifetime,
    ChallengeOfNoPhone,
    CodesAlike,
    UnguardedEnrollment,
    SecondRecoveryCode,
    TooManySpent,
    SpentAlike,
}

impl Broken {
    const fn unless(self, kept: bool) -> Result<(), Self> {
        if kept { Ok(()) } else { Err(self) }
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Revision => "the revision is out of range",
            Self::TooManyPhones => "more phones than an account can hold",
            Self::PhonesAlike => "two phones have the same id or number",
            Self::RecoveryCodeAlone => "a recovery code without a phone",
            Self::TooManyChallenges => "more challenges than an account can hold",
            Self::ChallengesAlike => "two challenges have the same id",
            Self::CodeLifetime => "a code does not expire within ten minutes of its issue",
            Self::ChallengeOfNoPhone => "a challenge of a phone that is not active",
            Self::CodesAlike => "two codes of one session and authenticator",
            Self::UnguardedEnrollment => "an enrollment of a first factor beside a phone",
            Self::SecondRecoveryCode => "an unconfirmed recovery code beside an active one",
            Self::TooManySpent => "more spent sessions than an account can hold",
            Self::SpentAlike => "a session is spent twice",
        })
    }
}

impl Account {
    fn check(&self) -> Result<(), Broken> {
        let Self {
            phones,
            challenges,
            spent,
            ..
        } = self;
        // The numbers first: what follows takes the square of them.
        Broken::Revision.unless((1..=GREATEST_REVISION).contains(&self.revision))?;
        Broken::TooManyPhones.unless(phones.len() <= MOST_PHONES)?;
        Broken::TooManyChallenges.unless(challenges.len() <= MOST_CHALLENGES)?;
        Broken::TooManySpent.unless(spent.len() <= MOST_SPENT)?;
        Broken::PhonesAlike.unless(all_differ(phones, Phone::is_like))?;
        Broken::RecoveryCodeAlone.unless(self.recovery.is_none() || self.is_enrolled())?;
        Broken::ChallengesAlike.unless(all_differ(challenges, |a, b| a.id == b.id))?;
        Broken::CodesAlike.unless(all_differ(challenges, PendingChallenge::is_like))?;
        Broken::SpentAlike.unless(all_differ(spent, |a, b| a.session == b.session))?;
        self.challenges
            .iter()
            .try_for_each(|pending| self.check_challenge(pending))
    }

    fn check_challenge(&self, pending: &PendingChallenge) -> Result<(), Broken> {
        let latest = pending.issued_at.after(LONGEST_CODE_LIFETIME);
        let lives = |expires_at| pending.issued_at < expires_at && expires_at <= latest;
        Broken::CodeLifetime.unless(pending.code.expires_at().is_none_or(lives))?;
        let Some(code) = pending.code.issued() else {
            return Ok(());
        };
        match &code.target {
            Target::Phone(device) if self.active_phone(*device).is_none() => {
                Err(Broken::ChallengeOfNoPhone)
            }
            Target::Phone(_) => Ok(()),
            Target::Enrollment(enrollment) => {
                if self
                    .phones
                    .iter()
                    .any(|phone| phone.device == enrollment.device)
                {
                    Err(Broken::PhonesAlike)
                } else if enrollment.begun_by == Assurance::FirstFactor && self.is_enrolled() {
                    Err(Broken::UnguardedEnrollment)
                } else if enrollment.recovery.is_some() && self.recovery.is_some() {
                    Err(Broken::SecondRecoveryCode)
                } else {
                    Ok(())
                }
            }
        }
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
