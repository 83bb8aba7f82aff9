//! The API, free of any transport: a request in, an answer out. It blocks where its store does.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use getrandom::SysRng;
use getrandom::rand_core::{Rng, UnwrapErr};
use oob_mfa::message::Wording;
use oob_mfa::wire::{
    Answer, AuthenticatorsAnswer, BadRequest, Body, ErrorAnswer, Format, Grant, MfaRequiredAnswer,
    authenticator_id, bearer, check_encoding, without_bom,
};
use oob_mfa::{
    Account, Delivery, Denied, Engine, FirstFactor, Key, KeyRing, MfaSession, Policy, Transition,
    Unsaved, decide,
};
use time::UtcDateTime;

use crate::access_tokens::AccessTokens;
use crate::store::{Poisoned, Store};
use crate::{first_factor, outbox};

/// How long a client waits when conflicts have exhausted the retries.
const BUSY: Duration = Duration::from_secs(1);

/// A request as any transport has it.
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path as it came, percent signs and all.
    pub path: &'a str,
    /// The header `Authorization`; empty where it is no text.
    pub authorization: Option<&'a str>,
    /// The header `Content-Type`; empty where it is no text.
    pub content_type: Option<&'a str>,
    /// The headers `Content-Encoding`, joined by commas; `?` for one that is no text.
    pub content_encoding: &'a str,
    /// The body, at most [`MAX_BODY`](oob_mfa::wire::MAX_BODY) bytes.
    pub body: &'a [u8],
}

/// The server without its sockets, shared by every thread.
pub struct Service {
    engine: Engine,
    store: Store,
    access_tokens: AccessTokens,
    wording: Wording,
}

type Answered = Result<Answer, ErrorAnswer>;

impl Service {
    /// A service that listens on an address, with a key that nobody else has and no account.
    ///
    /// # Errors
    ///
    /// Where the app's name makes no message, and this one does.
    pub fn new(address: SocketAddr) -> Result<Self, Box<dyn Error>> {
        let mut secret = [0; 32];
        rng().fill_bytes(&mut secret);
        Ok(Self {
            engine: Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &secret))),
            store: Store::default(),
            access_tokens: AccessTokens::new(format!("http://{address}/mfa/")),
            wording: Wording::new("Example".parse()?, None)?,
        })
    }

    /// Answers a request.
    #[must_use]
    pub fn answer(&self, request: &Request<'_>) -> Answer {
        let answered = match (request.method, request.path) {
            ("POST", "/oauth/token") => self
                .token(request)
                .map_err(|error| error.at_token_endpoint(request.authorization)),
            ("POST", "/mfa/associate") => self.associate(request),
            ("POST", "/mfa/challenge") => self.challenge(request),
            ("GET", "/mfa/authenticators") => self.authenticators(request),
            ("DELETE", path) => match path.strip_prefix("/mfa/authenticators/") {
                Some(id) => self.remove_authenticator(request, id),
                None => Err(no_endpoint()),
            },
            _ => Err(no_endpoint()),
        };
        answered.unwrap_or_else(Answer::from)
    }

    fn token(&self, request: &Request<'_>) -> Answered {
        let body = request.parameters(Format::Form)?;
        let client = first_factor::client(&body, request.authorization)?;
        let verified = match body.grant()? {
            Grant::MfaOob(oob) => {
                let session = self.session(body.mfa_token(request.authorization)?, Some(client))?;
                self.decide(&session, |account, now| {
                    self.engine.verify_oob(account, &session, &oob, now)
                })?
            }
            Grant::MfaRecoveryCode(code) => {
                let session = self.session(body.mfa_token(request.authorization)?, Some(client))?;
                self.decide(&session, |account, now| {
                    self.engine
                        .verify_recovery_code(account, &session, &code, now, &mut rng())
                })?
            }
            Grant::Other(grant) if grant == "password" => return self.password(&body, client),
            _ => return Err(BadRequest::UnsupportedGrantType.into()),
        };
        let minted = self.access_tokens.mint(&verified, &mut rng());
        Ok(minted.map_err(|denied| refuse(&denied))?.into())
    }

    /// The first factor: a password that is right is answered with an `mfa_token`, always.
    fn password(&self, body: &Body, client: &str) -> Answered {
        let (name, password) = (body.required("username")?, body.required("password")?);
        let scope = body.optional("scope")?.unwrap_or_default();
        let audience = body.optional("audience")?.unwrap_or_default();
        let subject = first_factor::user(name, password)
            .ok_or_else(|| ErrorAnswer::new(403, "invalid_grant", "Wrong email or password."))?;
        let first_factor = FirstFactor {
            subject,
            client,
            scope,
            audience,
        };
        let session = self
            .engine
            .begin(first_factor, UtcDateTime::now(), &mut rng())
            .map_err(|denied| refuse(&denied))?;
        let token = self.engine.issue_token(&session);
        let account = self.account(&session)?;
        Ok(MfaRequiredAnswer::new(&token, self.engine.requirements(&account)).into())
    }

    fn associate(&self, request: &Request<'_>) -> Answered {
        let session = self.bearer_session(request)?;
        let body = request.parameters(Format::Json)?;
        // Most clients say nothing of themselves here; one that does has to be the token's.
        session
            .check_client(body.optional("client_id")?)
            .map_err(|denied| refuse(&denied))?;
        let associate = body.associate(self.engine.policy().channels())?;
        let associated = self.decide(&session, |account, now| {
            self.engine
                .associate(account, &session, &associate, now, &mut rng())
        })?;
        self.send(&associated.delivery)?;
        Ok(Answer::from(&associated))
    }

    fn challenge(&self, request: &Request<'_>) -> Answered {
        let body = request.parameters(Format::Json)?;
        let client = first_factor::client(&body, request.authorization)?;
        let session = self.session(body.mfa_token(request.authorization)?, Some(client))?;
        let challenge = body.challenge()?;
        let challenged = self.decide(&session, |account, now| {
            self.engine
                .challenge(account, &session, &challenge, now, &mut rng())
        })?;
        self.send(&challenged.delivery)?;
        Ok(Answer::from(&challenged))
    }

    fn authenticators(&self, request: &Request<'_>) -> Answered {
        let session = self.bearer_session(request)?;
        let account = self.account(&session)?;
        let entries = self
            .engine
            .authenticators(&account, &session, UtcDateTime::now())
            .map_err(|denied| refuse(&denied))?;
        Ok(entries.collect::<AuthenticatorsAnswer>().into())
    }

    fn remove_authenticator(&self, request: &Request<'_>, id: &str) -> Answered {
        let session = self.bearer_session(request)?;
        let id = authenticator_id(id);
        let removed = self.decide(&session, |account, now| {
            self.engine
                .remove_authenticator(account, &session, &id, now)
        })?;
        Ok(Answer::from(&removed))
    }

    fn bearer_session(&self, request: &Request<'_>) -> Result<MfaSession, ErrorAnswer> {
        let token = bearer(request.authorization).map_err(|denied| refuse(&denied))?;
        self.session(token, None)
    }

    /// The session of a token: an access token of ours, or an `mfa_token`.
    fn session(&self, token: &str, client: Option<&str>) -> Result<MfaSession, ErrorAnswer> {
        let now = UtcDateTime::now();
        self.access_tokens
            .open(token, client, now)
            .unwrap_or_else(|| self.engine.open_token(token, client, now))
            .map_err(|denied| refuse(&denied))
    }

    fn account(&self, session: &MfaSession) -> Result<Account, ErrorAnswer> {
        let subject = session.subject();
        let stored = self
            .store
            .load(subject)
            .map_err(|failed| unsaved(&Unsaved::Failed(failed)))?;
        Ok(stored.unwrap_or_else(|| Account::new(subject.clone())))
    }

    /// Loads, asks, saves, and asks again after a conflict. A server logs `outcome.events` here.
    fn decide<T>(
        &self,
        session: &MfaSession,
        ask: impl Fn(Account, UtcDateTime) -> Transition<T>,
    ) -> Result<T, ErrorAnswer> {
        let outcome = decide(
            session.subject(),
            || self.store.load(session.subject()),
            |account| ask(account, UtcDateTime::now()),
            |next| self.store.replace(next),
        );
        let outcome = outcome.map_err(|error| unsaved(&error))?;
        outcome.result.map_err(|denied| refuse(&denied))
    }

    /// Sends a message that has been charged and saved.
    fn send(&self, delivery: &Delivery) -> Result<(), ErrorAnswer> {
        outbox::send(&self.wording, delivery).map_err(|error| {
            eprintln!("not sent: {error}");
            ErrorAnswer::send_failed()
        })
    }
}

impl Request<'_> {
    /// The parameters of the body, by its content type.
    fn parameters(&self, default: Format) -> Result<Body, BadRequest> {
        check_encoding(Some(self.content_encoding))?;
        let format = Format::of(self.content_type, default)?;
        // A form would read other bytes as U+FFFD.
        let text =
            std::str::from_utf8(without_bom(self.body)).map_err(|_| BadRequest::MalformedBody)?;
        match format {
            Format::Json => serde_json::from_str(text).ok(),
            Format::Form => serde_urlencoded::from_str(text).ok(),
        }
        .ok_or(BadRequest::MalformedBody)
    }
}

/// The operating system's random source.
fn rng() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

fn refuse(denied: &Denied) -> ErrorAnswer {
    ErrorAnswer::denied(denied, UtcDateTime::now())
}

fn unsaved(_: &Unsaved<Poisoned>) -> ErrorAnswer {
    ErrorAnswer::temporarily_unavailable(BUSY)
}

fn no_endpoint() -> ErrorAnswer {
    ErrorAnswer::new(404, "not_found", "There is no such endpoint.")
}
