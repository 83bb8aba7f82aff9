//! What each endpoint needs before an account is loaded: a client, a session and a request.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

use time::UtcDateTime;
use zeroize::Zeroizing;

use super::machine::{
    AfterClient, AfterToken, Ask, Client, Context, Exchange, Failure, Grant, Method, Offered,
    Operation, OtherGrant, Pending, Token, Way,
};
use super::reply::Reply;
use super::request::Request;
use super::route::{Endpoint, Route};
use crate::denied::Denied;
use crate::engine::Engine;
use crate::session::MfaSession;
use crate::subject::Subject;
use crate::wire::{
    Answer, BadRequest, Body, ClientCredentials, ErrorAnswer, Format, Grant as Granting,
    TokenAnswer, authenticator_id, bearer,
};

impl Exchange {
    /// The first step of a request that arrived at `now`.
    ///
    /// [`exchange`](crate::exchange) has an example.
    ///
    /// # Security
    ///
    /// The machine overwrites every secret that it read, with one exception. `serde_json` copies a JSON string
    /// with an escape into a buffer of its own, and does not overwrite it.
    pub fn begin(engine: &Arc<Engine>, request: &Request<'_>, now: UtcDateTime) -> Self {
        let method = Method::of(request.method);
        let endpoint = match Route::of(request.method, request.path()) {
            Route::Found(endpoint) => endpoint,
            Route::Options(allowed) => {
                return Self::Done(Reply::no_content().with_header("Allow", allowed));
            }
            Route::MethodNotAllowed(allowed) => {
                let text = "The endpoint does not take this method.";
                let error = ErrorAnswer::new(405, "method_not_allowed", text);
                let reply = Reply::from(error).with_header("Allow", allowed);
                return Self::Done(method.answer(reply));
            }
            Route::NotFound => {
                let text = "There is no such endpoint.";
                let error = ErrorAnswer::new(404, "not_found", text);
                return Self::Done(method.answer(error.into()));
            }
        };
        let mut context = Context {
            engine: Arc::clone(engine),
            endpoint,
            method,
            authorization: None,
            subject: None,
            now,
        };
        let way = start(&mut context, request);
        context.go(way)
    }
}

fn start(context: &mut Context, request: &Request<'_>) -> Result<Way, Failure> {
    let authorization = request.authorization()?;
    context.authorization = authorization.map(|header| Zeroizing::new(header.to_string()));
    let after = match context.endpoint {
        Endpoint::Token => {
            let body = request.parameters(Format::Form)?;
            return Ok(Way::Client(
                body.client(authorization)?,
                AfterClient::Token(body),
            ));
        }
        Endpoint::Challenge => {
            let body = request.parameters(Format::Json)?;
            return Ok(Way::Client(
                body.client(authorization)?,
                AfterClient::Challenge(body),
            ));
        }
        Endpoint::Associate => AfterToken::Associate(request.parameters(Format::Json)),
        Endpoint::Authenticators => AfterToken::Operation(Ok(Operation::Authenticators)),
        Endpoint::RemoveAuthenticator => {
            let id = request.path().rsplit('/').next().unwrap_or_default();
            AfterToken::Operation(Ok(Operation::RemoveAuthenticator(authenticator_id(id))))
        }
    };
    open(context, bearer(authorization)?, None, after)
}

/// Opens an `mfa_token`; offers any other text to the embedder.
fn open(
    context: &mut Context,
    token: &str,
    client: Option<String>,
    after: AfterToken,
) -> Result<Way, Failure> {
    match context
        .engine
        .open_token(token, client.as_deref(), context.now)
    {
        Ok(session) => go_on(context, session, after),
        Err(denied @ (Denied::TokenMalformed | Denied::TokenInvalid)) => Ok(Way::Token(Offered {
            text: Zeroizing::new(token.to_string()),
            client,
            denied,
            after,
        })),
        Err(denied) => Err(denied.into()),
    }
}

fn go_on(context: &mut Context, session: MfaSession, after: AfterToken) -> Result<Way, Failure> {
    context.subject = Some(session.subject().clone());
    let body = match after {
        AfterToken::Operation(operation) => return Ok(ask(session, operation?)),
        AfterToken::Associate(body) => body?,
    };
    // A client does not have to authenticate here. If it does, it must be the session's client.
    if body.optional("client_secret")?.is_some() {
        let credentials = body.client(None)?;
        return Ok(Way::Client(
            credentials,
            AfterClient::Associate(session, body),
        ));
    }
    session.check_client(body.optional("client_id")?)?;
    associate(context, session, &body)
}

fn associate(context: &Context, session: MfaSession, body: &Body) -> Result<Way, Failure> {
    let request = body.associate(context.engine.policy().channels())?;
    Ok(ask(session, Operation::Associate(request)))
}

fn ask(session: MfaSession, operation: Operation) -> Way {
    let subject = session.subject().clone();
    Way::Load(Pending::of(subject, Ask::Operation(session, operation)))
}

fn grant(context: &mut Context, client: String, body: Body) -> Result<Way, Failure> {
    let operation = match body.grant()? {
        Granting::MfaOob(request) => Operation::VerifyOob(request),
        Granting::MfaRecoveryCode(code) => Operation::VerifyRecoveryCode(code),
        Granting::Other(name) => return Ok(Way::Grant(OtherGrant { name, client, body })),
    };
    let token = mfa_token(context, &body)?;
    open(
        context,
        &token,
        Some(client),
        AfterToken::Operation(Ok(operation)),
    )
}

fn mfa_token(context: &Context, body: &Body) -> Result<Zeroizing<String>, BadRequest> {
    let header = context.authorization.as_ref().map(|header| header.as_str());
    let token = body.mfa_token(header)?;
    Ok(Zeroizing::new(token.to_string()))
}

impl Client {
    /// The client's id and secret, as it presents them.
    #[must_use]
    pub const fn credentials(&self) -> &ClientCredentials {
        &self.credentials
    }

    /// The client is known, and [its secret matches](ClientCredentials::matches).
    pub fn authenticated(mut self) -> Exchange {
        let client = self.credentials.client_id().to_string();
        let context = &mut self.context;
        let way = match self.after {
            AfterClient::Token(body) => grant(context, client, body),
            AfterClient::Challenge(body) => match mfa_token(context, &body) {
                Ok(token) => {
                    let operation = body.challenge().map(Operation::Challenge);
                    open(
                        context,
                        &token,
                        Some(client),
                        AfterToken::Operation(operation),
                    )
                }
                Err(bad) => Err(bad.into()),
            },
            AfterClient::Associate(session, body) => match session.check_client(Some(&client)) {
                Ok(()) => associate(context, session, &body),
                Err(denied) => Err(denied.into()),
            },
        };
        self.context.go(way)
    }

    /// The client is unknown, or its secret is wrong or absent.
    pub fn rejected(self) -> Exchange {
        self.context.go(Err(BadRequest::InvalidClient.into()))
    }
}

impl Token {
    /// The text of the token.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.offered.text
    }

    /// The session of the token: the one that you kept from
    /// [`Verified::mfa_session`](crate::Verified::mfa_session), or [`MfaSession::trusted`] with the claims of
    /// the token.
    ///
    /// The machine checks that the session has not expired. If a client authenticated, the machine also checks
    /// that the session is for this client.
    pub fn session(mut self, session: MfaSession) -> Exchange {
        let way = match session.check_client(self.offered.client.as_deref()) {
            Ok(()) if session.expires_at() <= self.context.now => Err(Denied::TokenExpired.into()),
            Ok(()) => go_on(&mut self.context, session, self.offered.after),
            Err(denied) => Err(denied.into()),
        };
        self.context.go(way)
    }

    /// The token is one of yours, but has expired, was revoked or has another audience.
    ///
    /// Pass the reason, for example [`Denied::TokenInvalid`].
    pub fn denied(self, denied: Denied) -> Exchange {
        self.context.go(Err(denied.into()))
    }

    /// The token is not one of yours: 401 with the error of [`Denied::TokenMalformed`] or
    /// [`Denied::TokenInvalid`].
    pub fn unknown(self) -> Exchange {
        self.context.go(Err(self.offered.denied.into()))
    }
}

/// A user whose first factor passed, and what to grant once the second factor passes.
///
/// [`exchange`](crate::exchange) has an example.
///
/// # Security
///
/// Grant only what the client requested and may have. The [`Scope`](crate::Scope)s of the MFA API, with that
/// API's audience, let the client add and remove phones: grant them only to clients that manage
/// factors.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "an embedder fills in each part by name, so none is swapped"
)]
pub struct Passed {
    /// The user.
    pub subject: Subject,
    /// The scope to grant; [`Grant::scope`] reduces a request to what a client may have.
    pub scope: String,
    /// The audience to grant: empty, or one that the client may ask for.
    pub audience: String,
}

impl Grant {
    /// The `grant_type`.
    #[must_use]
    pub fn grant_type(&self) -> &str {
        &self.grant.name
    }

    /// The parameters.
    #[must_use]
    pub const fn body(&self) -> &Body {
        &self.grant.body
    }

    /// The part of the requested scope that `allowed` names, in the request's order.
    ///
    /// # Errors
    ///
    /// [`BadRequest`] if `scope` is not a string or is repeated.
    pub fn scope(&self, allowed: &[&str]) -> Result<String, BadRequest> {
        let requested = self.grant.body.optional("scope")?.unwrap_or_default();
        let granted = requested.split_ascii_whitespace();
        let granted: Vec<&str> = granted.filter(|scope| allowed.contains(scope)).collect();
        Ok(granted.join(" "))
    }

    /// The authenticated client.
    #[must_use]
    pub fn client(&self) -> &str {
        &self.grant.client
    }

    /// The first factor passed: the client gets an `mfa_token`.
    pub fn first_factor(self, passed: Passed) -> Exchange {
        let ask = Ask::Begin {
            client: self.grant.client,
            scope: passed.scope,
            audience: passed.audience,
        };
        let pending = Pending::of(passed.subject, ask);
        self.context.go(Ok(Way::Load(pending)))
    }

    /// The grant needs no second factor: the response has these tokens.
    pub fn granted(self, answer: TokenAnswer) -> Exchange {
        self.context.go(Ok(Way::Done(Answer::from(answer))))
    }

    /// You do not support this grant type.
    pub fn unsupported(self) -> Exchange {
        let bad = BadRequest::UnsupportedGrantType;
        self.context.go(Err(bad.into()))
    }
}
