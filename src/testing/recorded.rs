//! What a record holds, in terms of what was issued first, second, third.

use alloc::vec::Vec;

use super::reply::Listed;
use crate::account::Requirements;
use crate::authenticator::Channel;
use crate::engine::Remaining;
use crate::phone::PhoneNumber;
use crate::session::Assurance;

/// An account as its record holds it. Moments are milliseconds since the Unix epoch.
///
/// Numbers take the place of ids and of digests, so that a [`Model`](super::Model) can say it before
/// and a [`World`](super::World) after. All else that a record holds is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "tests take it apart")]
pub struct Recorded {
    /// How often it was saved.
    pub revision: u64,
    /// What a login has to ask for.
    pub requirements: Requirements,
    /// What is left of the budgets now.
    pub remaining: Remaining,
    /// When sends, binding failures and recovery failures are full again: now, where they are.
    pub full_at: [i64; 3],
    /// The confirmed phones, in their order.
    pub phones: Vec<RecordedPhone>,
    /// The live recovery code.
    pub recovery_code: Option<RecordedRecoveryCode>,
    /// The challenges, in their order.
    pub challenges: Vec<RecordedChallenge>,
    /// The sessions that have completed their login, and when they expire.
    pub spent: Vec<(usize, i64)>,
    /// The latest expiry of those that were forgotten.
    pub pruned_through: i64,
    /// Sessions of a first factor that were issued before are refused.
    pub first_factor_valid_from: i64,
    /// Every session that was issued before is refused.
    pub valid_from: i64,
    /// Until when the times above are doubted.
    pub doubted_until: Option<i64>,
    /// The entries of the list, whoever asks.
    pub entries: Vec<Listed>,
}

/// A confirmed phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "tests take it apart")]
pub struct RecordedPhone {
    /// Which.
    pub device: usize,
    /// Its number.
    pub number: PhoneNumber,
    /// Whether the failure cap has stopped it.
    pub is_disabled: bool,
    /// When it was last used.
    pub last_used: i64,
    /// By which channel.
    pub last_channel: Channel,
    /// Wrong codes since.
    pub failures: u32,
}

/// The live recovery code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "tests take it apart")]
pub struct RecordedRecoveryCode {
    /// Which of those that were shown.
    pub shown: usize,
    /// Wrong ones since it was made.
    pub failures: u32,
}

/// A challenge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "tests take it apart")]
pub struct RecordedChallenge {
    /// Its number.
    pub code: usize,
    /// Of which session.
    pub session: usize,
    /// When it was issued.
    pub issued_at: i64,
    /// What is left of it.
    pub state: RecordedCode,
}

/// A code, or what became of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a model has to know every one")]
pub enum RecordedCode {
    /// It can be answered as long as its time lasts.
    Issued {
        /// When its time is over.
        expires_at: i64,
        /// Wrong answers so far.
        attempts: u32,
        /// By which channel it went.
        channel: Channel,
        /// To which phone.
        device: usize,
        /// What it is to confirm, if anything.
        enrolls: Option<RecordedEnrollment>,
    },
    /// Its time is over.
    Expired,
    /// Another phone came first.
    Overtaken {
        /// When its time would have been over.
        expires_at: i64,
    },
}

/// A phone that is not confirmed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "tests take it apart")]
pub struct RecordedEnrollment {
    /// Its number.
    pub number: PhoneNumber,
    /// What the session that began it had proven.
    pub begun_by: Assurance,
    /// The recovery code that came with it and would take effect.
    pub recovery_code: Option<usize>,
}
