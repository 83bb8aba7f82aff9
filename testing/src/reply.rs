//! The observable effect of a command, with numbers in the order of issue.

use oob_mfa::{Assurance, AuthenticatorStatus, Channel, Denied, Event, PhoneNumber, Purpose};
use time::UtcDateTime;

use super::logged::Logged;

/// The effect of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The time on the world's clock, after a step of the clock.
    pub at: UtcDateTime,
    /// The response, the message, the save and the events.
    pub reply: Reply,
    /// What was logged, with its ids.
    pub events: Vec<Event>,
}

/// The effect that a [`Model`](super::Model) predicts for a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The answer to the user.
    pub answer: Answer,
    /// The message that was sent.
    pub sent: Option<SentMessage>,
    /// The target of the message, from the transition before the save.
    pub target: Option<(Channel, PhoneNumber)>,
    /// Whether the record was saved.
    pub saved: bool,
    /// The events, in order.
    pub logged: Vec<Logged>,
}

impl Reply {
    /// A response with no other effect.
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
    /// None: there is no session for the request, or only the clock moved.
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
        /// The recovery code that replaces the used one.
        recovery_code: Option<usize>,
        /// The assurance of the session.
        assurance: Assurance,
        /// The latest expiry of tokens minted from it.
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
    /// The store did not save it: see [`World::apply`](super::World::apply).
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
