//! Commands: everything that can happen to an account.

use oob_mfa::{Assurance, Channel, PhoneNumber};

/// Something that can happen to the account of a [`World`](super::World).
///
/// A number names a session, a code, a device or a recovery code, counted back from the latest,
/// which is 0. The number wraps around: any number names something, and shrinking leads to the
/// latest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The user passes the first factor.
    Begin,
    /// The embedder vouches for its own session.
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
        /// What to challenge; by default the most recently used one.
        authenticator: Option<Authenticator>,
        /// The channel; by default that of the authenticator, or of its last use.
        channel: Option<Channel>,
    },
    /// A binding code is presented.
    VerifyOob {
        /// Who presents it; by default the session that it was issued to.
        session: Option<usize>,
        /// Which challenge is answered; by default one that was never issued.
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
        /// What to remove.
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
    /// An administrator removes everything for good.
    Erase,
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
    /// An administrator rewinds the account after a clock ran ahead.
    Rewind,
    /// The clock moves.
    Step {
        /// By how much; backwards if negative.
        millis: i64,
    },
}

/// A session that the embedder vouches for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouch {
    /// What was proven.
    pub assurance: Assurance,
    /// Scopes, separated by spaces.
    pub scope: String,
    /// How long ago it was issued, in milliseconds; negative if it is not issued yet.
    pub age: i64,
    /// Its remaining lifetime, in milliseconds.
    pub lifetime: i64,
    /// Whether its subject is another user: a bug of the server.
    pub stranger: bool,
}

/// The client that presents a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presenter {
    /// The one that it was issued to.
    Its,
    /// A client that the endpoint did not authenticate.
    Unnamed,
    /// Another.
    Another,
}

/// The token that is presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenGuess {
    /// The one that was issued.
    Issued,
    /// The same with another seal.
    Forged,
    /// The same, followed by a character that no token contains.
    Malformed,
}

/// The source of an authenticator's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authenticator {
    /// A phone that was ever associated or imported.
    Phone(Channel, usize),
    /// A recovery code.
    RecoveryCode,
    /// An id that was never issued.
    Unknown,
}

/// The binding code that is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guess {
    /// The code that was sent.
    Right,
    /// The same in groups and other digits, as people type it.
    Retyped,
    /// Another of the same shape.
    Wrong,
    /// The code that was sent with another challenge.
    OfAnother(usize),
    /// Text that cannot be a binding code.
    Malformed(String),
}

/// The recovery code that is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecoveryGuess {
    /// One that was shown: live, used, replaced or unconfirmed.
    Shown(usize),
    /// The same in lower case, in groups, as people type it.
    Retyped(usize),
    /// One that was never shown.
    Wrong,
    /// Text that cannot be a recovery code.
    Malformed(String),
}

/// The index of the item that is `back` before the latest of `issued`, if any.
pub(crate) fn back(issued: usize, back: usize) -> Option<usize> {
    let back = back.checked_rem(issued)?;
    Some(issued - 1 - back)
}
