//! SMS and voice multi-factor authentication as a pure, deterministic state machine: the server side
//! of Auth0's MFA API, without the bypasses.
//!
//! The crate decides; your server loads, saves, sends and answers. It reads no clock, no random source
//! and no environment, opens no socket and no file. Every operation takes an [`Account`], a proven
//! [`MfaSession`], a request, the time and random bytes, and returns a [`Transition`]: the next
//! account, and an outcome that cannot be seen before that account is saved.
//!
//! # An enrollment and a login
//!
//! ```
//! use oob_mfa::{
//!     Account, Associate, Challenge, Channel, Denied, Engine, Key, KeyRing, Next, Policy, Subject, VerifyOob,
//! };
//! use getrandom::rand_core::UnwrapErr;
//! use time::{Duration, UtcDateTime};
//!
//! // What every server has once: a policy, and a key from the operating system's random source.
//! let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
//! let mut rng = UnwrapErr(getrandom::SysRng);
//! let now = UtcDateTime::now();
//!
//! // Your database. In truth: replace the row if its revision is `next.account.replaces()`.
//! let mut stored: Option<Account> = None;
//! let mut save = |stored: &mut Option<Account>, next: Next| {
//!     assert_eq!(stored.as_ref().map(Account::revision), next.account.replaces());
//!     *stored = Some(next.account);
//!     Ok::<(), &str>(())
//! };
//!
//! // The password was right: begin a session, and hand out its token.
//! let subject: Subject = "auth0|alice".parse()?;
//! let session = engine.begin(subject.clone(), "my-app", "openid", "", now, &mut rng)?;
//! let mfa_token = engine.issue_token(&session);
//!
//! // POST /mfa/associate
//! let session = engine.open_token(mfa_token.expose_secret(), None, now)?;
//! let account = stored.clone().unwrap_or_else(|| Account::new(subject.clone()));
//! let request = Associate { channel: Channel::Sms, phone: "+14155558730".parse()? };
//! let outcome = engine
//!     .associate(&account, &session, &request, now, &mut rng)
//!     .commit(|next| save(&mut stored, next))?;
//! let associated = outcome.result?;
//! // Send `associated.delivery`; show `associated.recovery_code` once; answer `associated.oob_code`.
//! assert!(associated.recovery_code.is_some());
//!
//! // POST /oauth/token: the owner has typed the code. This confirms the phone and completes the login.
//! let answer = VerifyOob {
//!     oob_code: associated.oob_code.expose_secret().as_str().into(),
//!     binding_code: associated.delivery.code.expose_secret().into(),
//! };
//! let account = stored.clone().ok_or("no account")?;
//! let verified = engine
//!     .verify_oob(&account, &session, &answer, now)
//!     .commit(|next| save(&mut stored, next))?
//!     .result?;
//! assert_eq!(verified.amr(), ["mfa", "sms"]);
//!
//! // The next day, POST /mfa/challenge with the token of a new login.
//! let now = now + Duration::days(1);
//! let session = engine.begin(subject, "my-app", "openid", "", now, &mut rng)?;
//! let account = stored.clone().ok_or("no account")?;
//! let challenged = engine
//!     .challenge(&account, &session, &Challenge::default(), now, &mut rng)
//!     .commit(|next| save(&mut stored, next))?
//!     .result?;
//!
//! // A wrong code is charged before it is told: whoever sees the answer, the store has counted it.
//! let oob_code = challenged.oob_code.expose_secret();
//! let wrong = VerifyOob { oob_code: oob_code.as_str().into(), binding_code: "not it".into() };
//! let account = stored.clone().ok_or("no account")?;
//! let outcome = engine
//!     .verify_oob(&account, &session, &wrong, now)
//!     .commit(|next| save(&mut stored, next))?;
//! assert_eq!(outcome.result.unwrap_err(), Denied::InvalidBindingCode);
//! let account = stored.clone().ok_or("no account")?;
//! assert_eq!(engine.remaining(&account, now).binding_failures, 9);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is where
//!
//! * [`Engine`] decides, by a [`Policy`] and a [`KeyRing`]. Its methods are the operations of the API,
//!   and an administrator's.
//! * [`Account`] is one user: one record in any store with a conditional write, JSON or binary.
//! * [`MfaSession`] is proof of a token: [`Engine::open_token`] for an `mfa_token`,
//!   [`MfaSession::trusted`] for a token of your own.
//! * [`Transition`] holds what was decided; [`Transition::commit`] and [`Transition::commit_async`] save it,
//!   [`decide`] and [`decide_async`] do so until there is no conflict.
//! * [`Verified`] is what you mint tokens from, [`Delivery`] what you send, [`Event`] what you log,
//!   [`Denied`] every no.
//! * [`threat_model`] lists the known attacks, and what is yours to do about them.
//! * [`scale`] counts what a service takes, in writes, bytes and processors.
//! * [`message`] words a delivery; [`wire`] reads and writes the bodies of the API.
//! * `testing`, with the feature of that name, is for your tests.
//!
//! # The order of calls
//!
//! Open the token, load the account of its subject, call the engine, commit, and only then send and
//! answer. Where `commit` returns your store's conflict, load again and ask again, more often than a
//! budget has wrong codes: the engine has decided nothing yet. [`decide`] and [`decide_async`] are that
//! loop. A [`Denied`] is no failure of the store: it sits in the outcome's result, and what it charged
//! is saved.
//!
//! # Your store
//!
//! One record per subject and one conditional write: compare and swap, or optimistic locking by a version
//! column. The [store's duty](Transition#the-stores-duty) says all of it. In SQL:
//!
//! ```sql
//! CREATE TABLE accounts (
//!     subject  bytea PRIMARY KEY,  -- 255 bytes at the most, compared byte by byte
//!     revision bigint NOT NULL,
//!     record   bytea NOT NULL      -- the account: 3,975 bytes at the most in postcard, 12,421 in JSON
//! );
//! -- Where the next account replaces nothing. No row inserted: a conflict.
//! INSERT INTO accounts VALUES ($1, $2, $3) ON CONFLICT DO NOTHING;
//! -- Where it replaces revision $4. No row updated: a conflict.
//! UPDATE accounts SET revision = $2, record = $3 WHERE subject = $1 AND revision = $4;
//! ```
//!
//! `$2` is [`Account::revision`], `$4` is [`Account::replaces`]. Then hand it to `testing::StoreTest`, which
//! says whether it does what it has to, and by which schedule it does not.
//!
//! # Features
//!
//! * `std` (default): the `std` of the dependencies, so that `time::UtcDateTime::now` is there. The
//!   crate itself is `no_std` and needs `alloc`.
//! * `testing`: `StoreTest`, which says whether your store keeps its duty; a clock, a store with faults
//!   and an outbox for tests of your handlers; strategies and a reference model. Brings proptest.
#![no_std]
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

mod account;
mod authenticator;
mod budget;
/// The code of the README is compiled and run with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
mod readme {}

mod bytes;
mod challenge;
mod code;
mod decide;
mod denied;
mod engine;
mod few;
mod instant;
mod key;
mod phone;
mod policy;
mod record;
mod session;
mod subject;
mod transition;
pub mod wire;

pub mod message;

pub use account::{Account, Requirements};
pub use authenticator::{
    AuthenticatorEntry, AuthenticatorId, AuthenticatorStatus, Channel, Channels, DeviceId,
    InvalidAuthenticatorId,
};
pub use budget::{Budget, BudgetEmpty, InvalidRateLimit, RateLimit};
pub use code::{BindingCode, OobCode, RecoveryCode};
pub use decide::{Unsaved, decide, decide_async};
pub use denied::Denied;
pub use engine::{
    Associate, Associated, Challenge, Challenged, Engine, Purpose, Remaining, Removed, Verified,
    VerifyOob,
};
pub use key::{DuplicateKeyId, Key, KeyRing};
pub use phone::{InvalidPhoneNumber, PhoneNumber};
pub use policy::{InvalidPolicy, Policy, RecoveryCodes};
pub use session::{Assurance, MfaSession, MfaToken, Scope, TrustedClaims};
pub use subject::{InvalidSubject, Subject};
pub use transition::{Delivery, Event, Events, Limit, Next, Outcome, Transition};

#[allow(
    clippy::doc_markdown,
    reason = "its tables stand as they were printed, with PostgreSQL in them"
)]
#[doc = include_str!("docs/scale.md")]
pub mod scale {}

#[doc = include_str!("docs/threat_model.md")]
pub mod threat_model {}

#[cfg(feature = "testing")]
pub mod testing;
