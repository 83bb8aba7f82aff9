//! The content of a record, with numbers in the order of issue.

use oob_mfa::{Assurance, AuthenticatorStatus, Channel, PhoneNumber, Requirements};

use crate::record::RevokedUntil;

/// The content of an account's record. Times are milliseconds since the Unix epoch.
///
/// Numbers replace ids and digests, so a [`Model`](super::Model) can predict it and a
/// [`World`](super::World) can show it. It includes everything else that a record holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// How often it was saved.
    pub revision: u64,
    /// What a login must ask for.
    pub requirements: Requirements,
    /// When it last changed.
    pub as_of: i64,
    /// The remaining budgets, in the order of [`Limit::ALL`](oob_mfa::Limit::ALL).
    pub remaining: [u32; 3],
    /// When they are full again: the account's time if they are full.
    pub full_at: [i64; 3],
    /// Which sessions are revoked.
    pub revoked_until: RevokedUntil,
    /// The confirmed phones, in order.
    pub phones: Vec<RecordedPhone>,
    /// The live recovery code.
    pub recovery_code: Option<RecordedRecoveryCode>,
    /// The challenges, in order.
    pub challenges: Vec<RecordedChallenge>,
    /// The sessions that have completed their login, and when they expire.
    pub spent: Vec<(usize, i64)>,
    /// The phones as an administrator sees them.
    pub enrolled: Vec<Enrolled>,
}

/// A phone as [`Engine::phones`](oob_mfa::Engine::phones) shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Enrolled {
    /// Which.
    pub device: usize,
    /// Its number.
    pub number: PhoneNumber,
    /// Whether it can be used.
    pub status: AuthenticatorStatus,
    /// When it was last used.
    pub last_used: Option<i64>,
}

/// A confirmed phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedPhone {
    /// Which.
    pub device: usize,
    /// Its number.
    pub number: PhoneNumber,
    /// Whether the failure cap has disabled it.
    pub is_disabled: bool,
    /// When it was last used.
    pub last_used: i64,
    /// By which channel.
    pub last_channel: Channel,
    /// Wrong codes since then.
    pub failures: u32,
}

/// The live recovery code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedRecoveryCode {
    /// Its number.
    pub shown: usize,
    /// Wrong ones since it was made.
    pub failures: u32,
}

/// A challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedChallenge {
    /// Its number.
    pub code: usize,
    /// The session.
    pub session: usize,
    /// When it was issued.
    pub issued_at: i64,
    /// Its state.
    pub state: RecordedCode,
}

/// A code, or its final state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordedCode {
    /// It can be answered until it expires.
    Issued {
        /// When it expires.
        expires_at: i64,
        /// Wrong answers so far.
        attempts: u32,
        /// The channel it was sent by.
        channel: Channel,
        /// The phone it was sent to.
        device: usize,
        /// The enrollment that it confirms.
        enrolls: Option<RecordedEnrollment>,
    },
    /// It has expired.
    Expired,
    /// A confirmed phone discarded it.
    Discarded {
        /// When it would have expired.
        expires_at: i64,
    },
}

/// A phone that is not confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordedEnrollment {
    /// Its number.
    pub number: PhoneNumber,
    /// The assurance of the session that started it.
    pub begun_by: Assurance,
    /// The recovery code that becomes active with it.
    pub recovery_code: Option<usize>,
}
