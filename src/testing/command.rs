//! What can happen to an account.

use alloc::string::String;

use crate::authenticator::Channel;
use crate::phone::PhoneNumber;
use crate::session::Assurance;

/// Something that can happen to the account of a [`World`](super::World).
///
/// Sessions, codes, devices and recovery codes are named by how many were issued after them: 0 is the
/// latest, and the count starts again where there are no more. So any number names something, and
/// shrinking leads to the latest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a model has to know every one")]
pub enum Command {
    /// The user passes the first factor.
    Begin,
    /// The embedder vouches for a session of its own.
    Vouch(Vouch),
    /// A token is opened.
    OpenToken {
        /// The session that it was issued to.
        session: usize,
        /// Who presents it.
        presenter: Presenter,
        /// What is presented.
        token: TokenGuess,
    },
    /// A phone is associated.
    Associate {
        /// Who asks.
        session: usize,
        /// The phone.
        phone: PhoneNumber,
        /// The channel of the code.
        channel: Channel,
    },
    /// A code is asked for.
    Challenge {
        /// Who asks.
        session: usize,
        /// What is to be challenged, or whatever was used most recently.
        authenticator: Option<Authenticator>,
    },
    /// A binding code is presented.
    VerifyOob {
        /// Who presents it, or the session that it was issued to.
        session: Option<usize>,
        /// Which challenge is answered, or one that never was.
        code: Option<usize>,
        /// The answer.
        guess: Guess,
    },
    /// A recovery code is presented.
    VerifyRecoveryCode {
        /// Who presents it.
        session: usize,
        /// The code.
        guess: RecoveryGuess,
    },
    /// The user removes an authenticator.
    Remove {
        /// Who asks.
        session: usize,
        /// What is to go.
        authenticator: Authenticator,
    },
    /// The user asks for a new recovery code.
    Regenerate {
        /// Who asks.
        session: usize,
    },
    /// The user asks for the list of authenticators.
    List {
        /// Who asks.
        session: usize,
    },
    /// An administrator removes everything.
    Reset,
    /// An administrator adds a phone that was verified elsewhere.
    ImportPhone {
        /// The phone.
        phone: PhoneNumber,
        /// How it was verified.
        channel: Channel,
    },
    /// An administrator removes a phone.
    RemovePhone {
        /// Which.
        device: usize,
    },
    /// An administrator refills the budgets.
    RestoreBudgets,
    /// The clock moves.
    Step {
        /// By how much; backwards where it is negative.
        millis: i64,
    },
}

/// A session that the embedder vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "tests write it out")]
pub struct Vouch {
    /// What was proven.
    pub assurance: Assurance,
    /// Scopes, separated by spaces.
    pub scope: String,
    /// How long ago it was issued, in milliseconds.
    pub age: i64,
    /// How long it still lives, in milliseconds.
    pub lifetime: i64,
    /// Whether it is of another user: a mistake of the server.
    pub stranger: bool,
}

/// The client that presents a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a model has to know every one")]
pub enum Presenter {
    /// The one that it was issued to.
    Its,
    /// One that the endpoint did not authenticate.
    Unnamed,
    /// Another.
    Another,
}

/// What is presented for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a model has to know every one")]
pub enum TokenGuess {
    /// The one that was issued.
    Issued,
    /// The same with another seal.
    Forged,
    /// The same with a character after it that no token has.
    Malformed,
}

/// What an authenticator's id is made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a model has to know every one")]
pub enum Authenticator {
    /// A phone that was ever associated or imported.
    Phone(Channel, usize),
    /// A recovery code.
    RecoveryCode,
    /// An id that nobody ever heard of.
    Unknown,
}

/// What is typed for a binding code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a model has to know every one")]
pub enum Guess {
    /// The code that was sent.
    Right,
    /// Another of the same shape.
    Wrong,
    /// The code that was sent with another challenge.
    OfAnother(usize),
    /// A text that no binding code can be.
    Malformed(String),
}

/// What is typed for a recovery code.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a model has to know every one")]
pub enum RecoveryGuess {
    /// One that was shown, be it live, used, replaced or unconfirmed.
    Shown(usize),
    /// The same in lower case, in groups, as people type it.
    Retyped(usize),
    /// One that never was.
    Wrong,
    /// A text that no recovery code can be.
    Malformed(String),
}

/// The index of what was issued `back` before the latest of `issued`, if anything was.
pub(super) fn back(issued: usize, back: usize) -> Option<usize> {
    let back = back.checked_rem(issued)?;
    issued.checked_sub(1)?.checked_sub(back)
}
