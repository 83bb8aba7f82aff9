//! What can be observed of a command, in terms of what was issued first, second, third.

use alloc::vec::Vec;

use time::UtcDateTime;

use super::logged::Logged;
use crate::authenticator::{AuthenticatorStatus, Channel};
use crate::denied::Denied;
use crate::engine::Purpose;
use crate::phone::PhoneNumber;
use crate::transition::Event;

/// What a command led to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "tests take it apart")]
pub struct Observation {
    /// When, by the clock of the world; after the step where the clock was moved.
    pub at: UtcDateTime,
    /// What was answered, sent, saved and logged.
    pub reply: Reply,
    /// What was logged, as it was.
    pub events: Vec<Event>,
}

/// What a [`Model`](super::Model) predicts of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "tests take it apart")]
pub struct Reply {
    /// What the user hears.
    pub answer: Answer,
    /// The message that leaves.
    pub sent: Option<Sent>,
    /// Whether the record was saved.
    pub saved: bool,
    /// What was logged, in its order.
    pub logged: Vec<Logged>,
}

/// What the user hears. Numbers count from the first that was issued, which is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "tests take it apart")]
pub enum Answer {
    /// Nothing: there is no session that could have asked, or it was the clock alone.
    Nothing,
    /// A session began.
    Began {
        /// Its number.
        session: usize,
    },
    /// A token was opened.
    Opened {
        /// The number of its session.
        session: usize,
    },
    /// An enrollment was begun.
    Associated {
        /// The phone.
        device: usize,
        /// The challenge.
        code: usize,
        /// The recovery code that came with it.
        recovery_code: Option<usize>,
    },
    /// A challenge was issued.
    Challenged {
        /// The phone.
        device: usize,
        /// The challenge.
        code: usize,
    },
    /// The second factor passed.
    Verified {
        /// By which phone; none for a recovery code.
        phone: Option<(Channel, usize)>,
        /// What for.
        purpose: Purpose,
        /// The recovery code that takes the place of the one used.
        recovery_code: Option<usize>,
    },
    /// A phone was removed.
    Removed {
        /// Which.
        device: usize,
    },
    /// A recovery code was drawn.
    Regenerated {
        /// Its number.
        recovery_code: usize,
    },
    /// A phone was added by an administrator.
    Imported {
        /// Which.
        device: usize,
    },
    /// An administrator's reset or refill was done.
    Done,
    /// The list of authenticators.
    Listed(Vec<Listed>),
    /// None of it.
    Denied(Denied),
    /// That the store did not take it, however often it was asked: see
    /// [`World::apply`](super::World::apply).
    Unavailable,
}

/// An entry of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "tests take it apart")]
pub struct Listed {
    /// Which phone, by which channel; none for a recovery code.
    pub phone: Option<(Channel, usize)>,
    /// Its number.
    pub number: Option<PhoneNumber>,
    /// Whether it can be used.
    pub status: AuthenticatorStatus,
}

/// A message that left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "tests take it apart")]
pub struct Sent {
    /// By what channel.
    pub channel: Channel,
    /// To whom.
    pub to: PhoneNumber,
    /// When its code expires.
    pub expires_at: UtcDateTime,
}
