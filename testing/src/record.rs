//! The stored record, read field by field.
//!
//! [`Account`] shows what an embedder needs. A test reads the rest from the stored form: this type
//! is that form in postcard, in the order of its fields. A test can change it and load it again,
//! even into records that no engine would make.
//!
//! # Examples
//!
//! ```
//! use oob_mfa_testing::record::Record;
//! use oob_mfa_testing::{ALICES, World};
//!
//! let mut world = World::new();
//! world.import(ALICES).unwrap();
//! let (record, _) = Record::of(&world.account());
//! assert_eq!(record.phones[0].number, 14_155_558_730);
//! assert_eq!(record.as_of, record.phones[0].last_used);
//! ```

use base64ct::{Base64UrlUnpadded, Encoding};
use oob_mfa::{Account, Assurance, Channel, DeviceId, MfaSession};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The version that this reads.
pub const VERSION: u16 = 1;

/// An account. Times are milliseconds since the Unix epoch.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// [`VERSION`]; 0 if there is no record.
    pub version: u16,
    /// The user.
    pub subject: String,
    /// The number of saves.
    pub revision: u64,
    /// When it last changed.
    #[serde(with = "moment")]
    pub as_of: i64,
    /// The budgets.
    pub budgets: Budgets,
    /// Which sessions are revoked.
    pub revoked_until: RevokedUntil,
    /// The confirmed phones.
    pub phones: Vec<Phone>,
    /// The live recovery code.
    pub recovery: Option<Recovery>,
    /// The challenges.
    pub challenges: Vec<Challenge>,
    /// The sessions that completed a login.
    pub spent: Vec<Spent>,
}

/// When each budget is full again, in the order of [`Limit::ALL`](oob_mfa::Limit::ALL).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each is the limit of its name")]
pub struct Budgets {
    #[serde(with = "moment")]
    pub sends: i64,
    #[serde(with = "moment")]
    pub binding_failures: i64,
    #[serde(with = "moment")]
    pub recovery_failures: i64,
}

/// Sessions issued until these times are refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RevokedUntil {
    /// First-factor sessions.
    #[serde(with = "moment")]
    pub first_factor: Option<i64>,
    /// All sessions.
    #[serde(with = "moment")]
    pub every: Option<i64>,
}

/// 16 bytes: the id of a challenge, the tag of a session, or the characters of a `dev_` id.
pub type Id = [u8; 16];

/// A confirmed phone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phone {
    /// The characters of its id.
    #[serde(with = "bytes")]
    pub device: Id,
    /// Its digits.
    pub number: u64,
    /// Whether it can be used.
    pub status: Status,
    /// When it was last used.
    #[serde(with = "moment")]
    pub last_used: i64,
    /// The channel of that use.
    pub last_channel: Channel,
    /// Wrong codes since then.
    pub failures: u32,
}

/// Whether a confirmed phone can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    /// It can.
    Active,
    /// The failure cap disabled it.
    Disabled,
}

/// A recovery code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recovery {
    /// The characters of its entry's id: the salt of the digest.
    #[serde(with = "bytes")]
    pub device: Id,
    /// See [`recovery_digest`].
    #[serde(with = "bytes")]
    pub digest: [u8; 32],
    /// Wrong codes since it was made.
    pub failures: u32,
}

/// A challenge.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// See [`challenge_id`].
    #[serde(with = "bytes")]
    pub id: Id,
    /// See [`session_tag`].
    #[serde(with = "bytes")]
    pub session: Id,
    /// When it was issued.
    #[serde(with = "moment")]
    pub issued_at: i64,
    /// The state of its code.
    pub code: Code,
}

/// A code, or its final state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Code {
    /// It can be answered until it expires.
    Issued(Issued),
    /// It has expired.
    Expired,
    /// A confirmed phone discarded it, because its enrollment was started with a first factor.
    Discarded {
        /// When it would have expired.
        #[serde(with = "moment")]
        expires_at: i64,
    },
}

/// A code that can be answered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// The id of the key of the digest.
    pub key: u32,
    /// The HMAC of the code.
    #[serde(with = "bytes")]
    pub digest: [u8; 32],
    /// When it expires.
    #[serde(with = "moment")]
    pub expires_at: i64,
    /// Wrong answers so far.
    pub attempts: u32,
    /// The channel it was sent by.
    pub channel: Channel,
    /// What a right answer does.
    pub target: Target,
}

/// What a right answer does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Target {
    /// It completes a login with this phone.
    Phone(#[serde(with = "bytes")] Id),
    /// It confirms this phone.
    Enrollment(Enrollment),
}

/// A phone that is not confirmed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrollment {
    /// The characters of its id.
    #[serde(with = "bytes")]
    pub device: Id,
    /// Its digits.
    pub number: u64,
    /// The assurance of the session that started it.
    pub begun_by: Assurance,
    /// The recovery code that was shown with it.
    pub recovery: Option<Recovery>,
}

/// A session that completed a login.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// See [`session_tag`].
    #[serde(with = "bytes")]
    pub session: Id,
    /// When the session expires.
    #[serde(with = "moment")]
    pub expires_at: i64,
}

impl Record {
    /// The record of an account, and its bytes. An account that was never stored has the default record and
    /// no bytes.
    #[must_use]
    pub fn of(account: &Account) -> (Self, Vec<u8>) {
        if account.revision() == 0 {
            return (Self::default(), Vec::new());
        }
        let bytes = postcard::to_allocvec(account).expect("an account has a binary form");
        let (record, rest) = postcard::take_from_bytes(&bytes).expect("the stored form");
        assert!(
            rest.is_empty(),
            "the record has more fields than this reads"
        );
        (record, bytes)
    }

    /// The account loaded from this record, which must keep every invariant.
    #[must_use]
    pub fn load(&self) -> Account {
        let bytes = postcard::to_allocvec(self).expect("a record has a binary form");
        postcard::from_bytes(&bytes).expect("a record that keeps every invariant")
    }

    /// The codes that can be answered, with their challenges.
    pub fn issued(&self) -> impl Iterator<Item = (&Challenge, &Issued)> {
        self.challenges
            .iter()
            .filter_map(|challenge| match &challenge.code {
                Code::Issued(issued) => Some((challenge, issued)),
                Code::Expired | Code::Discarded { .. } => None,
            })
    }

    /// The phones that are not confirmed, with their codes and challenges.
    pub fn enrollments(&self) -> impl Iterator<Item = (&Challenge, &Issued, &Enrollment)> {
        self.issued()
            .filter_map(|(challenge, issued)| match &issued.target {
                Target::Enrollment(enrollment) => Some((challenge, issued, enrollment)),
                Target::Phone(_) => None,
            })
    }
}

impl Issued {
    /// The phone that it was sent to.
    #[must_use]
    pub const fn device(&self) -> &Id {
        match &self.target {
            Target::Phone(device) => device,
            Target::Enrollment(enrollment) => &enrollment.device,
        }
    }
}

/// The device of these characters.
#[must_use]
pub fn device(id: &Id) -> DeviceId {
    let text = str::from_utf8(id).expect("letters and digits");
    format!("dev_{text}").parse().expect("letters and digits")
}

/// The 16 bytes of an `oob_code`.
#[must_use]
pub fn challenge_id(oob_code: &str) -> Id {
    decoded(oob_code)[..].try_into().expect("16 bytes")
}

/// The tag of a session in the record: bytes 5 to 20 of its [`MfaToken`](oob_mfa::MfaToken), with
/// any key.
#[must_use]
pub fn session_tag(session: &MfaSession) -> Id {
    let keys = oob_mfa::KeyRing::new(oob_mfa::Key::new(1, &[0; 32]));
    let token = oob_mfa::Engine::new(oob_mfa::Policy::auth0(), keys).issue_token(session);
    decoded(token.expose_secret())[5..21]
        .try_into()
        .expect("16 bytes")
}

/// SHA-256 over `oob-mfa recv 1`, the 16 characters of the entry's id, and the 24 of the code.
#[must_use]
pub fn recovery_digest(device: &Id, characters: &str) -> [u8; 32] {
    let hash = Sha256::new()
        .chain_update(b"oob-mfa recv 1")
        .chain_update(device);
    hash.chain_update(characters).finalize().into()
}

fn decoded(text: &str) -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(text).expect("base64url")
}

/// Times are unsigned in the stored form.
mod moment {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) trait Moment: Copy {
        type Stored: Serialize + for<'de> Deserialize<'de>;
        fn stored(self) -> Self::Stored;
        fn of(stored: Self::Stored) -> Self;
    }

    impl Moment for i64 {
        type Stored = u64;
        fn stored(self) -> u64 {
            self.try_into().expect("a moment after 1969")
        }
        fn of(stored: u64) -> Self {
            stored.try_into().expect("a moment that a record holds")
        }
    }

    impl Moment for Option<i64> {
        type Stored = Option<u64>;
        fn stored(self) -> Option<u64> {
            self.map(Moment::stored)
        }
        fn of(stored: Option<u64>) -> Self {
            stored.map(Moment::of)
        }
    }

    pub(super) fn serialize<M: Moment, S: Serializer>(at: &M, to: S) -> Result<S::Ok, S::Error> {
        at.stored().serialize(to)
    }

    pub(super) fn deserialize<'de, M: Moment, D: Deserializer<'de>>(
        from: D,
    ) -> Result<M, D::Error> {
        M::Stored::deserialize(from).map(M::of)
    }
}

/// Fixed byte strings are prefixed with their length.
mod bytes {
    use serde::{Deserialize, Deserializer, Serializer, de};

    pub(super) fn serialize<const N: usize, S: Serializer>(
        bytes: &[u8; N],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, const N: usize, D: Deserializer<'de>>(
        from: D,
    ) -> Result<[u8; N], D::Error> {
        let bytes = <&[u8]>::deserialize(from)?;
        bytes.try_into().map_err(de::Error::custom)
    }
}
