//! What can be observed of a command, in terms of what was issued first, second, third.

use oob_mfa::{Assurance, AuthenticatorStatus, Channel, Denied, Event, PhoneNumber, Purpose};
use time::UtcDateTime;

use super::logged::Logged;

/// What a command led to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// When, by the clock of the world. A step of the clock counts already.
    pub at: UtcDateTime,
    /// What was answered, sent, saved and logged.
    pub reply: Reply,
    /// What was logged, with its ids.
    pub events: Vec<Event>,
}

/// What a [`Model`](super::Model) predicts of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The answer to the user.
    pub answer: Answer,
    /// The message that was sent.
    pub sent: Option<SentMessage>,
    /// Where the transition said that its message goes, before the save.
    pub target: Option<(Channel, PhoneNumber)>,
    /// Whether the record was saved.
    pub saved: bool,
    /// What was logged, in its order.
    pub logged: Vec<Logged>,
}

impl Reply {
    /// An answer that goes with nothing else.
    pub(crate) const fn unsaved(answer: Answer) -> Self {
        Self {
            answer,
            sent: None,
            target: None,
            saved: false,
            logged: Vec::new(),
        }
    }
}

/// The answer to the user. Numbers count from the first that was issued, which is 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// None: there is no session that could have asked, or only the clock moved.
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
        /// The phone and its channel; none for a recovery code.
        phone: Option<(Channel, usize)>,
        /// What the code was for.
        purpose: Purpose,
        /// The recovery code that replaces the one used.
        recovery_code: Option<usize>,
        /// What the session had proven.
        assurance: Assurance,
        /// The latest expiry of what is minted from it.
        not_after: Option<UtcDateTime>,
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
    /// An administrator's reset, refill or rewind was done.
    Done,
    /// An administrator's erasure was done.
    Erased {
        /// When the record may be deleted.
        delete_after: UtcDateTime,
    },
    /// The list of authenticators.
    Listed(Vec<Listed>),
    /// A refusal or a rejection.
    Denied(Denied),
    /// The store did not take it: see [`World::apply`](super::World::apply).
    Unavailable,
}

/// An entry of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The phone and its channel; none for a recovery code.
    pub phone: Option<(Channel, usize)>,
    /// Its number.
    pub number: Option<PhoneNumber>,
    /// Whether it can be used.
    pub status: AuthenticatorStatus,
}

/// A message that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentMessage {
    /// By what channel.
    pub channel: Channel,
    /// To whom.
    pub to: PhoneNumber,
    /// When its code expires.
    pub expires_at: UtcDateTime,
}
