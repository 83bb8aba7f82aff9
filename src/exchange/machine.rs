//! The steps, what each one holds, and how one leads to the next.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use time::UtcDateTime;
use zeroize::Zeroizing;

use super::reply::Reply;
use super::route::Endpoint;
use crate::authenticator::AuthenticatorId;
use crate::code::RecoveryCode;
use crate::delivery::{Delivery, Target};
use crate::denied::Denied;
use crate::engine::Engine;
use crate::engine::associate::Associate;
use crate::engine::challenge::Challenge;
use crate::engine::verified::Verified;
use crate::engine::verify::VerifyOob;
use crate::session::MfaSession;
use crate::subject::Subject;
use crate::transition::{Next, Sealed};
use crate::wire::{Answer, BadRequest, Body, ClientCredentials, ErrorAnswer};

/// How long a client waits after a 503.
const BUSY: Duration = Duration::from_secs(1);

/// The next step of a request; [`exchange`](crate::exchange) shows the loop around it.
#[derive(Debug)]
#[must_use = "the client gets no response before the last step"]
#[expect(
    clippy::exhaustive_enums,
    reason = "a driver must take every step, and the compiler reports a new one"
)]
pub enum Exchange {
    /// Authenticate the client.
    Client(Client),
    /// Open a token that is not an `mfa_token`: your own access token.
    Token(Token),
    /// Answer your own grant type: the first factor.
    Grant(Grant),
    /// Load an account.
    Load(Load),
    /// Admit or refuse the target of a message.
    Admit(Admit),
    /// Save an account by a conditional write.
    Replace(Replace),
    /// Send a message.
    Send(Send),
    /// Mint the tokens of a completed login or a confirmed phone.
    Mint(Mint),
    /// Write the response.
    Done(Reply),
}

/// What a request keeps from its first step to its last.
pub(super) struct Context {
    pub(super) engine: Arc<Engine>,
    pub(super) endpoint: Endpoint,
    pub(super) method: Method,
    pub(super) authorization: Option<Zeroizing<String>>,
    pub(super) subject: Option<Subject>,
    /// When the request arrived; after the first judgment, the time of the last judgment.
    pub(super) now: UtcDateTime,
}

#[derive(Clone, Copy)]
pub(super) enum Method {
    Head,
    Other,
}

impl Method {
    pub(super) fn of(name: &str) -> Self {
        match name {
            "HEAD" => Self::Head,
            _ => Self::Other,
        }
    }

    /// The reply to a request of this method.
    pub(super) fn answer(self, reply: Reply) -> Reply {
        match self {
            Self::Head => reply.without_body(),
            Self::Other => reply,
        }
    }
}

/// A step without its context.
pub(super) enum Way {
    Client(ClientCredentials, AfterClient),
    Token(Offered),
    Grant(OtherGrant),
    Load(Pending),
    Admit(Saving, Target),
    Replace(Saving),
    Send(Subject, Delivery, Answer),
    Mint(Verified),
    Done(Answer),
}

/// Why there is no next step.
pub(super) enum Failure {
    Denied(Denied),
    Error(ErrorAnswer),
}

/// What follows after the client has authenticated.
pub(super) enum AfterClient {
    Token(Body),
    Challenge(Body),
    Associate(MfaSession, Body),
}

/// A token that is not an `mfa_token`.
pub(super) struct Offered {
    pub(super) text: Zeroizing<String>,
    pub(super) client: Option<String>,
    /// The denial if the embedder does not know the token either.
    pub(super) denied: Denied,
    pub(super) after: AfterToken,
}

/// What follows once the session is known. Errors of the body come after those of the session.
pub(super) enum AfterToken {
    Associate(Result<Body, BadRequest>),
    Operation(Result<Operation, BadRequest>),
}

pub(super) struct OtherGrant {
    pub(super) name: String,
    pub(super) client: String,
    pub(super) body: Body,
}

/// The question for the engine about an account, repeated after each conflict.
pub(super) struct Pending {
    pub(super) subject: Subject,
    pub(super) ask: Ask,
    pub(super) tries: u32,
    pub(super) admitted: Option<Target>,
}

impl Pending {
    pub(super) const fn of(subject: Subject, ask: Ask) -> Self {
        Self {
            subject,
            ask,
            tries: 0,
            admitted: None,
        }
    }
}

pub(super) enum Ask {
    Begin {
        client: String,
        scope: String,
        audience: String,
    },
    Operation(MfaSession, Operation),
}

pub(super) enum Operation {
    Associate(Associate),
    Challenge(Challenge),
    VerifyOob(VerifyOob),
    VerifyRecoveryCode(RecoveryCode),
    Authenticators,
    RemoveAuthenticator(AuthenticatorId),
}

/// A decision that is not saved.
pub(super) struct Saving {
    pub(super) pending: Pending,
    pub(super) next: Next,
    pub(super) sealed: Sealed<Granted>,
}

/// What the engine has granted.
pub(super) enum Granted {
    Message(Delivery, Answer),
    Verified(Verified),
    Removed(Answer),
}

/// A step: its context and state, `fail`, and a `Debug` that shows no secret.
macro_rules! step {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty),* }) => {
        $(#[$doc])*
        ///
        /// # Examples
        ///
        /// The module [`exchange`](crate::exchange) has an example with every step.
        #[must_use = "answer the step to get the next one"]
        pub struct $name {
            pub(super) context: Context,
            $(pub(super) $field: $type,)*
        }

        impl $name {
            /// Ends the request with your own error.
            ///
            /// What was already saved stays saved, with its charges.
            pub fn fail(self, error: ErrorAnswer) -> Exchange {
                self.context.go(Err(error.into()))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name))
                    .field("endpoint", &self.context.endpoint)
                    .field("subject", &self.context.subject)
                    .finish_non_exhaustive()
            }
        }
    };
}

step! {
    /// Authenticate the client by the credentials it presents.
    Client { credentials: ClientCredentials, after: AfterClient }
}
step! {
    /// Open a token that is not an `mfa_token` of this engine.
    ///
    /// It may be your own access token for the MFA API. Any other text comes here too, so make the
    /// check cheap.
    Token { offered: Offered }
}
step! {
    /// Answer a grant type that this API does not have. The client is authenticated.
    ///
    /// The password grant is the usual first factor. Limit how many passwords may be tried.
    Grant { grant: OtherGrant }
}
step! {
    /// Load the account of a user.
    Load { pending: Pending }
}
step! {
    /// Admit the target of a message: countries, quotas, a number look-up, a provider that is down.
    ///
    /// The request is judged, but nothing is saved, charged or sent yet. [`fail`](Self::fail) ends
    /// the request in this state. After a conflict the step does not repeat for the same target.
    ///
    /// # Security
    ///
    /// A refusal here charges no budget, so an attacker can repeat it. Limit a look-up that you pay
    /// for.
    Admit { saving: Saving, target: Target }
}
step! {
    /// Save the next account and its events, in one transaction.
    ///
    /// The [store's duty](crate::Transition#the-stores-duty) lists every requirement. `StoreTest` does not
    /// test the events.
    Replace { saving: Saving }
}
step! {
    /// Send a message, once. It stays charged even if the send fails.
    Send { subject: Subject, delivery: Delivery, answer: Answer }
}
step! {
    /// Mint tokens for what was verified.
    ///
    /// # Security
    ///
    /// Never mint a token that is valid after [`Verified::not_after`], or one with a later `auth_time` than
    /// [`Verified::authenticated_at`]. [`Verified::mfa_session`] respects both. A failure here uses up the
    /// code: load keys, and prepare whatever else can fail, when the server starts.
    Mint { verified: Verified }
}

impl Context {
    /// The next step, or the end.
    pub(super) fn go(mut self, way: Result<Way, Failure>) -> Exchange {
        let way = match way {
            Ok(way) => way,
            Err(Failure::Error(error)) => return self.end(error, None),
            Err(Failure::Denied(denied)) => {
                let error = ErrorAnswer::denied(&denied, self.now);
                return self.end(error, Some(denied));
            }
        };
        if let Way::Load(pending) = &way {
            self.subject = Some(pending.subject.clone());
        }
        let context = self;
        match way {
            Way::Client(credentials, after) => Exchange::Client(Client {
                context,
                credentials,
                after,
            }),
            Way::Token(offered) => Exchange::Token(Token { context, offered }),
            Way::Grant(grant) => Exchange::Grant(Grant { context, grant }),
            Way::Load(pending) => Exchange::Load(Load { context, pending }),
            Way::Admit(saving, target) => Exchange::Admit(Admit {
                context,
                saving,
                target,
            }),
            Way::Replace(saving) => Exchange::Replace(Replace { context, saving }),
            Way::Send(subject, delivery, answer) => Exchange::Send(Send {
                context,
                subject,
                delivery,
                answer,
            }),
            Way::Mint(verified) => Exchange::Mint(Mint { context, verified }),
            Way::Done(answer) => context.reply(answer.into(), None),
        }
    }

    fn end(self, error: ErrorAnswer, denied: Option<Denied>) -> Exchange {
        let error = match self.endpoint {
            Endpoint::Token => {
                let authorization = self.authorization.as_ref();
                error.at_token_endpoint(authorization.map(|header| header.as_str()))
            }
            _ => error,
        };
        self.reply(error.into(), denied)
    }

    fn reply(self, reply: Reply, denied: Option<Denied>) -> Exchange {
        let reply = self.method.answer(reply);
        Exchange::Done(reply.about(self.endpoint, self.subject, denied))
    }
}

/// What a step that reads has in common: nothing is judged yet.
macro_rules! reads {
    ($($name:ident)*) => {$(
        impl $name {
            /// A database or service of yours did not respond: 503, and the client retries after 1 second.
            pub fn unavailable(self) -> Exchange {
                self.context.go(Err(unavailable()))
            }
        }
    )*};
}

reads! { Client Token Grant Load }

pub(super) fn unavailable() -> Failure {
    ErrorAnswer::temporarily_unavailable(BUSY).into()
}

impl From<Denied> for Failure {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

impl From<ErrorAnswer> for Failure {
    fn from(error: ErrorAnswer) -> Self {
        Self::Error(error)
    }
}

impl From<BadRequest> for Failure {
    fn from(bad: BadRequest) -> Self {
        Self::Error(bad.into())
    }
}
