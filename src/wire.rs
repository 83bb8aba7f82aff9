//! The bodies of Auth0's MFA API: what a client sends and expects.
//!
//! Requests are read into a [`Body`] by the serde [`Format`] that the content type names (`serde_json`
//! for JSON, `serde_urlencoded` for a form) and asked for what the endpoint needs; answers and errors
//! serialize to what the API says. Nothing here knows a framework: a status is a number, a header is
//! two texts.
//!
//! | endpoint | read | decide | answer |
//! |---|---|---|---|
//! | `POST /mfa/associate` | [`bearer`], [`Body::associate`] | [`Engine::associate`] | [`AssociateAnswer`] |
//! | `GET /mfa/authenticators` | [`bearer`] | [`Engine::authenticators`] | [`AuthenticatorsAnswer`] |
//! | `POST /mfa/challenge` | [`Body::mfa_token`], [`Body::challenge`] | [`Engine::challenge`] | [`ChallengeAnswer`] |
//! | `POST /oauth/token` | [`Body::mfa_token`], [`Body::grant`] | [`Engine::verify_oob`], [`Engine::verify_recovery_code`] | [`TokenAnswer`] |
//! | `DELETE /mfa/authenticators/{id}` | [`bearer`], [`authenticator_id`] | [`Engine::remove_authenticator`] | [`Answer`] of 204, empty |
//! | any | [`Body::client`] | | [`ErrorAnswer`] |
//!
//! Each of them turns into an [`Answer`], which has a status, headers and a body: `Answer::from(…)` of
//! what the engine granted, of `entries.collect::<AuthenticatorsAnswer>()`, and of `TokenAnswer::new(…)`
//! from the embedder's tokens. A [`BadRequest`] turns into an [`ErrorAnswer`] by `?`, a
//! [`Denied`](crate::Denied) by `map_err(|denied| ErrorAnswer::denied(&denied, now))`.
//!
//! An error of the token endpoint goes through [`ErrorAnswer::at_token_endpoint`], without which official
//! SDKs do not read the body of a 401.
//!
//! # Embedding
//!
//! A transport decides nothing. It reads a body of at most [`MAX_BODY`] bytes by its [`Format`], which
//! [`check_encoding`] and [`without_bom`] have passed, hands on the `Authorization` header, and writes any [`Answer`] in the same way. An endpoint stands
//! between the two, and is the same under every transport: open the token, read the request,
//! [`decide`](crate::decide), send what is to be sent, answer.
//!
//! ```
//! use core::time::Duration;
//!
//! use oob_mfa::wire::{Answer, BadRequest, Body, ErrorAnswer, Grant, TokenAnswer};
//! use oob_mfa::{Account, Engine, Next, Subject, Transition, Unsaved, Verified, decide};
//! use time::UtcDateTime;
//!
//! /// What the server brings.
//! trait Server {
//!     fn engine(&self) -> &Engine;
//!     fn load(&self, subject: &Subject) -> Result<Option<Account>, std::io::Error>;
//!     fn replace(&self, next: Next) -> Result<(), Unsaved<std::io::Error>>;
//!     fn mint(&self, verified: &Verified) -> TokenAnswer;
//! }
//!
//! /// `POST /oauth/token`, after the client has authenticated.
//! fn token(server: &impl Server, body: &Body, client: &str) -> Result<Answer, ErrorAnswer> {
//!     let engine = server.engine();
//!     let refuse = |denied| ErrorAnswer::denied(&denied, UtcDateTime::now());
//!     let mut rng = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
//!     let grant = body.grant()?;
//!     let session = engine
//!         .open_token(body.mfa_token(None)?, Some(client), UtcDateTime::now())
//!         .map_err(refuse)?;
//!     let ask: &mut dyn FnMut(Account) -> Transition<Verified> = match &grant {
//!         Grant::MfaOob(oob) => {
//!             &mut |account| engine.verify_oob(account, &session, oob, UtcDateTime::now())
//!         }
//!         Grant::MfaRecoveryCode(code) => &mut |account| {
//!             let now = UtcDateTime::now();
//!             engine.verify_recovery_code(account, &session, code, now, &mut rng)
//!         },
//!         _ => return Err(BadRequest::UnsupportedGrantType.into()),
//!     };
//!     let subject = session.subject();
//!     let outcome = decide(subject, || server.load(subject), ask, |next| server.replace(next))
//!         .map_err(|_| ErrorAnswer::temporarily_unavailable(Duration::from_secs(1)))?;
//!     let verified = outcome.result.map_err(refuse)?;
//!     Ok(server.mint(&verified).into())
//! }
//!
//! # struct Memory(Engine, std::cell::RefCell<Option<Account>>);
//! # impl Server for Memory {
//! #     fn engine(&self) -> &Engine { &self.0 }
//! #     fn load(&self, _: &Subject) -> Result<Option<Account>, std::io::Error> { Ok(self.1.borrow().clone()) }
//! #     fn replace(&self, next: Next) -> Result<(), Unsaved<std::io::Error>> { self.1.replace(Some(next.account().clone())); Ok(()) }
//! #     fn mint(&self, _: &Verified) -> TokenAnswer { TokenAnswer::new("a", 600, "") }
//! # }
//! # use oob_mfa::{Key, KeyRing, Policy};
//! # let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
//! # let server = Memory(engine, Default::default());
//! let body: Body = serde_json::from_str(r#"{ "grant_type": "password" }"#)?;
//! let authorization = None;
//! let answer = token(&server, &body, "my-app")
//!     .unwrap_or_else(|error| error.at_token_endpoint(authorization).into());
//! assert_eq!(answer.status(), 400);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Examples
//!
//! ```
//! use oob_mfa::wire::{Body, ErrorAnswer};
//! use oob_mfa::{Channel, Channels, Denied};
//! use time::UtcDateTime;
//!
//! let body: Body = serde_json::from_str(
//!     r#"{ "authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": "+14155558730" }"#,
//! )?;
//! assert_eq!(body.associate(Channels::SmsAndVoice)?.channel, Channel::Sms);
//!
//! let answer = ErrorAnswer::denied(&Denied::AlreadyEnrolled, UtcDateTime::UNIX_EPOCH);
//! assert_eq!(answer.status(), 403);
//! assert_eq!(
//!     serde_json::to_string(&answer)?,
//!     r#"{"error":"access_denied","error_description":"User is already enrolled."}"#
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Engine::associate`]: crate::Engine::associate
//! [`Engine::authenticators`]: crate::Engine::authenticators
//! [`Engine::challenge`]: crate::Engine::challenge
//! [`Engine::verify_oob`]: crate::Engine::verify_oob
//! [`Engine::verify_recovery_code`]: crate::Engine::verify_recovery_code
//! [`Engine::remove_authenticator`]: crate::Engine::remove_authenticator

mod answer;
mod body;
mod denied;
mod error;
mod format;
mod header;

pub use self::answer::{
    Answer, AssociateAnswer, AuthenticatorsAnswer, ChallengeAnswer, MfaRequiredAnswer, TokenAnswer,
};
pub use self::body::{Body, Grant};
pub use self::error::{BadRequest, ErrorAnswer};
pub use self::format::{Format, MAX_BODY, check_encoding, without_bom};
pub use self::header::{ClientCredentials, NO_STORE, authenticator_id, bearer};
