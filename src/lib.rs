//! SMS and voice multi-factor authentication as a pure, deterministic state machine.
//!
//! It is the server side of Auth0's MFA API.
//!
//! The crate decides; your server loads, saves, sends and answers. The crate reads no clock, no random source
//! and no environment, and opens no socket and no file. A typical operation takes an [`Account`], a proven
//! [`MfaSession`], a request, the time and random bytes. It returns a [`Transition`]: the next account,
//! and an outcome that stays sealed until you save that account. A refusal has nothing to save.
//!
//! # Map
//!
//! | what | where |
//! |---|---|
//! | [`exchange`] | one HTTP request, from its bytes to those of the response: **start here** |
//! | [`Engine`] | decides by a [`Policy`] and a [`KeyRing`]; has every operation of the API and of administration |
//! | [`Account`] | all the state of one user: one record in any store with a conditional write |
//! | [`MfaSession`] | proof of a token: [`Engine::open_token`] for an `mfa_token`, [`MfaSession::trusted`] for your own |
//! | [`Transition`] | what was decided; [`Transition::commit`] saves it, [`decide`] retries after a conflict |
//! | [`Verified`], [`Delivery`] | what you mint tokens from; what you send |
//! | [`Event`], [`Denied`] | what you log; every reason for a refusal or rejection |
//! | [`wire`], [`message`] | the bodies of the API; the text of a message or call |
//! | [`rules`], [`threat_model`] | what always holds, by number; known attacks and your part in stopping them |
//! | [`cookbook`], [`scale`] | tested recipes; the cost of up to 100 million users |
//! | [`oob-mfa-testing`](https://docs.rs/oob-mfa-testing) | `StoreTest` for your store, and `World` for your own tests |
//!
//! # Embedding
//!
//! With the feature `exchange`, a server is a loop around one `match`. The machine asks for one
//! step at a time, and only the right order of calls compiles:
//!
//! ```
//! # use oob_mfa::exchange::{Exchange, Reply, Request};
//! # use oob_mfa::wire::TokenAnswer;
//! # use oob_mfa::{Account, Delivery, Next, Subject, Unsaved, Verified};
//! # use time::UtcDateTime;
//! # struct Server { engine: std::sync::Arc<oob_mfa::Engine> }
//! # impl Server {
//! #     fn is_client(&self, _: &oob_mfa::wire::ClientCredentials) -> bool { true }
//! #     fn password(&self, step: oob_mfa::exchange::Grant) -> Exchange { step.unsupported() }
//! #     fn load(&self, _: &Subject) -> std::io::Result<Option<Account>> { Ok(None) }
//! #     fn replace(&self, _: &Next) -> Result<(), Unsaved<std::io::Error>> { Ok(()) }
//! #     fn send(&self, _: &Delivery) -> std::io::Result<()> { Ok(()) }
//! #     fn mint(&self, verified: &Verified) -> TokenAnswer { TokenAnswer::new("", 600, verified.scope()) }
//! # }
//! # fn rng() -> impl rand_core::CryptoRng { getrandom::rand_core::UnwrapErr(getrandom::SysRng) }
//! fn respond(server: &Server, request: &Request<'_>) -> Reply {
//!     let mut exchange =
//!         Exchange::begin(&server.engine, request, UtcDateTime::now());
//!     loop {
//!         exchange = match exchange {
//!             Exchange::Client(step) if server.is_client(step.credentials()) => {
//!                 step.authenticated()
//!             }
//!             Exchange::Client(step) => step.rejected(),
//!             // An access token of yours, if you have any.
//!             Exchange::Token(step) => step.unknown(),
//!             Exchange::Grant(step) => server.password(step),
//!             Exchange::Load(step) => match server.load(step.subject()) {
//!                 Ok(account) => {
//!                     step.loaded(account, UtcDateTime::now(), &mut rng())
//!                 }
//!                 Err(_) => step.unavailable(),
//!             },
//!             Exchange::Admit(step) => step.admitted(),
//!             Exchange::Replace(step) => match server.replace(step.next()) {
//!                 Ok(()) => step.stored(),
//!                 Err(Unsaved::Conflict) => step.conflict(),
//!                 Err(Unsaved::Failed(_)) => step.lost(),
//!             },
//!             Exchange::Send(step) => match server.send(step.delivery()) {
//!                 Ok(()) => step.sent(),
//!                 Err(_) => step.failed(),
//!             },
//!             Exchange::Mint(step) => {
//!                 let tokens = server.mint(step.verified());
//!                 step.minted(tokens)
//!             }
//!             Exchange::Done(reply) => return reply,
//!         };
//!     }
//! }
//! # let engine = oob_mfa::Engine::new(oob_mfa::Policy::auth0(), oob_mfa::KeyRing::new(oob_mfa::Key::new(1, &[7; 32])));
//! # let request = Request { method: "GET", target: "/", headers: &[], body: b"" };
//! # assert_eq!(respond(&Server { engine: engine.into() }, &request).status(), 404);
//! ```
//!
//! Async code awaits `load`, `replace` and `send`, and is otherwise the same. [`exchange`] lists the steps.
//!
//! # The engine alone
//!
//! Without HTTP, or with your own API, call the engine. An enrollment and a login:
//!
//! ```
//! use oob_mfa::{
//!     Account, Associate, Challenge, Channel, Denied, Engine, FirstFactor, Key,
//!     KeyRing, Limit, Next, Policy, Subject, VerifyOob,
//! };
//! use getrandom::rand_core::UnwrapErr;
//! use time::{Duration, UtcDateTime};
//!
//! // Once per server: a policy and a key.
//! // `secret`: 32 bytes from the system's random source.
//! # let secret = [7; 32];
//! let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &secret)));
//! let mut rng = UnwrapErr(getrandom::SysRng);
//! let now = UtcDateTime::now();
//!
//! // Your database. A real one replaces the row if its revision is
//! // `next.account().replaces()`.
//! let mut stored: Option<Account> = None;
//! let mut save = |stored: &mut Option<Account>, next: Next| {
//!     assert_eq!(
//!         stored.as_ref().map(Account::revision),
//!         next.account().replaces()
//!     );
//!     *stored = Some(next.account().clone());
//!     Ok::<(), &str>(())
//! };
//!
//! // The password was right: begin a session, and hand out its token.
//! let subject: Subject = "auth0|alice".parse()?;
//! let first_factor = FirstFactor {
//!     subject: subject.clone(),
//!     client: "my-app",
//!     scope: "openid",
//!     audience: "",
//! };
//! let session = engine.begin(first_factor.clone(), now, &mut rng)?;
//! let mfa_token = engine.issue_token(&session);
//!
//! // POST /mfa/associate
//! let session = engine.open_token(mfa_token.expose_secret(), None, now)?;
//! let account = stored.clone().unwrap_or_else(|| Account::new(subject));
//! let request =
//!     Associate { channel: Channel::Sms, phone: "+14155558730".parse()? };
//! let outcome = engine
//!     .associate(account, &session, &request, now, &mut rng)
//!     .commit(|next| save(&mut stored, next))?;
//! let associated = outcome.result?;
//! // Send `associated.delivery`; show `associated.recovery_code` once;
//! // respond with `associated.oob_code`.
//! assert!(associated.recovery_code.is_some());
//!
//! // POST /oauth/token: the user typed the code. This confirms the phone and
//! // completes the login.
//! let answer = VerifyOob {
//!     oob_code: associated.oob_code.expose_secret().as_str().into(),
//!     binding_code: associated.delivery.code.expose_secret().into(),
//! };
//! let account = stored.clone().ok_or("no account")?;
//! let verified = engine
//!     .verify_oob(account, &session, &answer, now)
//!     .commit(|next| save(&mut stored, next))?
//!     .result?;
//! assert_eq!(verified.amr(), ["mfa", "sms"]);
//!
//! // The next day, POST /mfa/challenge with the token of a new login.
//! let now = now + Duration::days(1);
//! let session = engine.begin(first_factor, now, &mut rng)?;
//! let account = stored.clone().ok_or("no account")?;
//! let challenged = engine
//!     .challenge(account, &session, &Challenge::default(), now, &mut rng)
//!     .commit(|next| save(&mut stored, next))?
//!     .result?;
//!
//! // The engine charges a wrong code before the client learns the verdict.
//! let oob_code = challenged.oob_code.expose_secret();
//! let wrong = VerifyOob {
//!     oob_code: oob_code.as_str().into(),
//!     binding_code: "not it".into(),
//! };
//! let account = stored.clone().ok_or("no account")?;
//! let outcome = engine
//!     .verify_oob(account, &session, &wrong, now)
//!     .commit(|next| save(&mut stored, next))?;
//! assert_eq!(outcome.result.unwrap_err(), Denied::InvalidBindingCode);
//! let account = stored.clone().ok_or("no account")?;
//! assert_eq!(engine.remaining(&account, Limit::BindingFailures, now), 9);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The order of calls
//!
//! Open the token, load the account of its subject, call the engine, commit, and only then send and
//! answer. If `commit` returns your store's conflict, load and ask again: nothing is decided yet.
//! [`decide`] and [`decide_async`] are that loop. A [`Denied`] is not a failure of the store. It is the
//! outcome's result. If it rejects a wrong code, the charge is already saved.
//!
//! # Your store
//!
//! Your store needs one record per subject and one conditional write: compare and swap, or optimistic
//! locking by a version column. The [store's duty](Transition#the-stores-duty) lists every requirement. In SQL:
//!
//! ```sql
//! CREATE TABLE accounts (
//!     subject  bytea PRIMARY KEY,  -- at most 255 bytes, compared byte by byte
//!     revision bigint NOT NULL,
//!     record   bytea NOT NULL      -- the account: at most 3,968 bytes in postcard, 12,394 in JSON
//! );
//! CREATE TABLE events (id bigserial, subject bytea, event jsonb);  -- for your audit log
//! -- In one transaction: insert the events of the next account, and run one of these.
//! -- If the next account replaces nothing. 0 rows inserted: a conflict, roll back.
//! INSERT INTO accounts VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;
//! -- If it replaces revision $4. 0 rows updated: a conflict, roll back.
//! UPDATE accounts SET revision = $2, record = $3 WHERE subject = $1 AND revision = $4;
//! ```
//!
//! `$2` is [`Account::revision`], `$4` is [`Account::replaces`]: both stay below 2⁶³. Then test your store with `StoreTest` of
//! `oob-mfa-testing`. It reports the shortest schedule that breaks the store's duty.
//!
//! # Features
//!
//! * `exchange`: the module [`exchange`], with `serde_json`. It needs `std`.
//! * `http`: turns on `exchange`, converts a [`Reply`](exchange::Reply) to an `http::Response`, and reads the
//!   headers of an `http::HeaderMap`.
//! * `std` (default): turns on `std` of the dependencies, which `time::UtcDateTime::now` needs. The crate
//!   itself is `no_std` and needs `alloc`.
#![no_std]
// docs.rs shows the feature that an item needs.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![forbid(unsafe_code)]
#![deny(missing_docs, unreachable_pub, unused_must_use, unnameable_types)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::todo,
    clippy::unimplemented,
    clippy::unreachable,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    clippy::as_underscore,
    clippy::exhaustive_enums,
    clippy::exhaustive_structs,
    clippy::allow_attributes_without_reason,
    clippy::std_instead_of_core,
    clippy::std_instead_of_alloc,
    clippy::alloc_instead_of_core
)]
#![warn(clippy::pedantic)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::string_slice,
        clippy::arithmetic_side_effects,
        reason = "a test that panics has failed, as it should"
    )
)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

/// Compiles and runs the code of the README with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

mod account;
mod authenticator;
mod budget;
mod bytes;
mod channel;
mod code;
mod decide;
mod delivery;
mod denied;
mod engine;
mod event;
mod instant;
mod key;
mod names;
mod phone;
mod policy;
mod recovery;
mod scope;
mod session;
mod subject;
mod transition;
mod typed;

#[cfg(feature = "exchange")]
pub mod exchange;
pub mod message;
pub mod wire;

pub use account::Account;
pub use authenticator::{
    AuthenticatorEntry, AuthenticatorId, AuthenticatorStatus, DeviceId, EnrolledPhone,
    InvalidAuthenticatorId,
};
pub use budget::{Budget, BudgetEmpty, InvalidRateLimit, Limit, RateLimit};
pub use channel::{Channel, Channels};
pub use code::{BindingCode, CallKeys, OobCode, RecoveryCode};
pub use decide::{MAX_TRIES, Unsaved, decide, decide_async};
pub use delivery::{Delivery, DeliveryId, Target};
pub use denied::{Denied, DeniedKind};
pub use engine::Engine;
pub use engine::admin::Erased;
pub use engine::associate::{Associate, Associated};
pub use engine::challenge::{Challenge, Challenged};
pub use engine::manage::{Removed, Requirements};
pub use engine::verified::{Purpose, Verified};
pub use engine::verify::VerifyOob;
pub use event::{Event, Events};
pub use key::{DuplicateKeyId, Key, KeyRing};
pub use phone::{InvalidPhoneNumber, PhoneNumber};
pub use policy::invalid::InvalidPolicy;
pub use policy::{Policy, RecoveryCodes};
pub use scope::Scope;
pub use session::token::MfaToken;
pub use session::{Assurance, FirstFactor, InvalidSessionId, MfaSession, SessionId, TrustedClaims};
pub use subject::{InvalidSubject, Subject};
pub use transition::{AnothersStored, Next, Outcome, Sealed, Step, Stored, Transition};

#[allow(
    clippy::doc_markdown,
    reason = "it names providers and formats in plain text"
)]
#[doc = include_str!("../docs/cookbook.md")]
pub mod cookbook {}

#[doc = include_str!("docs/rules.md")]
pub mod rules {}

#[allow(
    clippy::doc_markdown,
    reason = "its tables are printed output, which names PostgreSQL"
)]
#[doc = include_str!("docs/scale.md")]
pub mod scale {}

#[doc = include_str!("docs/threat_model.md")]
pub mod threat_model {}
