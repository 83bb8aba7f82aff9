//! The stored record, read apart: what a search has to see of an account.

use oob_mfa::{Account, Assurance, Channel};
use serde::Deserialize;

/// The binary form of a record. The tests of the rules pin it; this reads it field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Record {
    pub version: u16,
    pub subject: String,
    pub revision: u64,
    pub budgets: Budgets,
    pub valid_from: ValidFrom,
    #[serde(deserialize_with = "moment")]
    pub pruned_through: i64,
    pub doubted_until: Option<u64>,
    pub phones: Vec<Phone>,
    pub recovery: Option<Recovery>,
    pub challenges: Vec<Challenge>,
    pub spent: Vec<Spent>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "[u64; 3]")]
pub struct Budgets {
    pub sends: i64,
    pub binding_failures: i64,
    pub recovery_failures: i64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct ValidFrom {
    #[serde(deserialize_with = "moment")]
    pub first_factor: i64,
    #[serde(deserialize_with = "moment")]
    pub every: i64,
}

pub type Id = [u8; 16];

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Phone {
    #[serde(deserialize_with = "id")]
    pub device: Id,
    pub number: u64,
    pub status: Status,
    #[serde(deserialize_with = "moment")]
    pub last_used: i64,
    pub last_channel: Channel,
    pub failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Status {
    Active,
    Disabled,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Recovery {
    #[serde(deserialize_with = "id")]
    pub device: Id,
    #[serde(deserialize_with = "digest")]
    pub digest: [u8; 32],
    pub failures: u32,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Challenge {
    #[serde(deserialize_with = "id")]
    pub id: Id,
    #[serde(deserialize_with = "id")]
    pub session: Id,
    #[serde(deserialize_with = "moment")]
    pub issued_at: i64,
    pub code: Code,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub enum Code {
    Issued(Issued),
    Expired,
    Overtaken {
        #[serde(deserialize_with = "moment")]
        expires_at: i64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Issued {
    pub key: u32,
    #[serde(deserialize_with = "digest")]
    pub digest: [u8; 32],
    #[serde(deserialize_with = "moment")]
    pub expires_at: i64,
    pub attempts: u32,
    pub channel: Channel,
    pub target: Target,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub enum Target {
    Phone(#[serde(deserialize_with = "id")] Id),
    Enrollment(Enrollment),
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Enrollment {
    #[serde(deserialize_with = "id")]
    pub device: Id,
    pub number: u64,
    pub begun_by: Assurance,
    pub recovery: Option<Recovery>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Spent {
    #[serde(deserialize_with = "id")]
    pub session: Id,
    #[serde(deserialize_with = "moment")]
    pub expires_at: i64,
}

impl Record {
    /// The record of an account, and its bytes. One that was never stored counts as one in which
    /// nothing is set.
    pub fn of(account: &Account) -> (Self, Vec<u8>) {
        if account.revision() == 0 {
            return (Self::default(), Vec::new());
        }
        let bytes = postcard::to_allocvec(account).unwrap();
        let (record, rest) = postcard::take_from_bytes(&bytes).unwrap();
        assert!(
            rest.is_empty(),
            "the record has more fields than this reads"
        );
        (record, bytes)
    }

    pub fn issued(&self) -> impl Iterator<Item = (&Challenge, &Issued)> {
        self.challenges
            .iter()
            .filter_map(|challenge| match &challenge.code {
                Code::Issued(issued) => Some((challenge, issued)),
                Code::Expired | Code::Overtaken { .. } => None,
            })
    }

    pub fn enrollments(&self) -> impl Iterator<Item = (&Challenge, &Issued, &Enrollment)> {
        self.issued()
            .filter_map(|(challenge, issued)| match &issued.target {
                Target::Enrollment(enrollment) => Some((challenge, issued, enrollment)),
                Target::Phone(_) => None,
            })
    }
}

impl Issued {
    pub fn device(&self) -> &Id {
        match &self.target {
            Target::Phone(device) => device,
            Target::Enrollment(enrollment) => &enrollment.device,
        }
    }
}

impl From<[u64; 3]> for Budgets {
    fn from([sends, binding_failures, recovery_failures]: [u64; 3]) -> Self {
        Self {
            sends: sends as i64,
            binding_failures: binding_failures as i64,
            recovery_failures: recovery_failures as i64,
        }
    }
}

/// Moments are stored without a sign, and reckoned with here.
fn moment<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    u64::deserialize(deserializer).map(|at| at as i64)
}

fn id<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Id, D::Error> {
    let bytes = <&[u8]>::deserialize(deserializer)?;
    bytes.try_into().map_err(serde::de::Error::custom)
}

fn digest<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<[u8; 32], D::Error> {
    let bytes = <&[u8]>::deserialize(deserializer)?;
    bytes.try_into().map_err(serde::de::Error::custom)
}
