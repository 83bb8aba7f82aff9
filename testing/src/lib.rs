//! Tests for [`oob_mfa`] and for code that embeds it.
//!
//! * [`StoreTest`] tests your store: pass it your `load` and `replace`. It names the duty and the
//!   rule that break, with the shortest schedule. Run it on every store that you write.
//! * [`World`] is one account with its engine, a [`Clock`], a random source and an [`Outbox`]. Its
//!   [`MemoryStore`] can fail like real stores, and it remembers everything that was issued. Call its
//!   methods, one per operation, or let it execute [`Command`]s. Your code under test can share its
//!   parts.
//! * [`Command`] names everything that can happen to an account. The strategies ([`commands`],
//!   [`policies`], [`phones`], [`steps`]) draw it at random for proptest. Others draw single requests
//!   ([`associates`], [`challenges`], [`verify_oobs`], [`recovery_codes`]) and [`accounts`].
//! * [`Model`] predicts what a [`World`] does: the same rules written a second time, naively,
//!   without any of the engine's code. It predicts the response, the events, and the content of the
//!   record ([`Recorded`]).
//! * [`Scene`] is an account at its limits, with the commands that race there.
//! * [`record`] reads a stored record field by field.
//!
//! It uses only the public API of [`oob_mfa`].
//!
//! # Examples
//!
//! A login by methods:
//!
//! ```
//! use oob_mfa::{Denied, Purpose};
//! use oob_mfa_testing::{ALICES, World};
//!
//! let mut world = World::new();
//! world.enroll(ALICES);
//! let session = world.first_factor();
//! let sent = world.challenge(&session, None).unwrap();
//! assert_eq!(
//!     world.verify(&session, &sent.wrong()).unwrap_err(),
//!     Denied::InvalidBindingCode
//! );
//! assert_eq!(world.verify(&session, &sent).unwrap().purpose(), Purpose::Login);
//! ```
//!
//! An enrollment with commands, beside the model:
//!
//! ```
//! use oob_mfa::{Channel, Policy};
//! use oob_mfa_testing::{ALICES, Answer, Command, Guess, Model, World};
//!
//! let mut world = World::of(Policy::auth0(), "auth0|alice");
//! let mut model = Model::new(Policy::auth0());
//! let login = [
//!     Command::Begin,
//!     Command::Associate {
//!         session: 0,
//!         phone: ALICES.parse()?,
//!         channel: Channel::Sms,
//!     },
//!     Command::Step { millis: 20_000 },
//!     Command::VerifyOob { session: None, code: Some(0), guess: Guess::Right },
//! ];
//! for command in &login {
//!     let observation = world.apply(command);
//!     assert_eq!(observation.reply, model.apply(command));
//! }
//! assert!(world.account().is_enrolled());
//! assert_eq!(
//!     world.apply(&Command::Begin).reply.answer,
//!     Answer::Began { session: 1 }
//! );
//! # Ok::<(), oob_mfa::InvalidPhoneNumber>(())
//! ```
//!
//! # Panics
//!
//! A harness panics when a test must fail: the methods of [`World`] if the engine breaks the
//! contract of a [`Transition`](oob_mfa::Transition), and every `unwrap` of something that cannot
//! fail.
#![forbid(unsafe_code)]
#![deny(missing_docs, unreachable_pub, unused_must_use, unnameable_types)]
#![warn(clippy::pedantic)]
#![allow(
    clippy::missing_panics_doc,
    reason = "a test harness panics where the test has failed: the crate's documentation says so"
)]

mod asked;
mod clock;
mod command;
mod conformance;
mod logged;
mod memory;
mod model;
mod outbox;
pub mod record;
mod recorded;
mod reply;
mod rng;
mod rule;
mod scene;
mod strategy;
mod world;

pub use self::asked::{Asked, Decision};
pub use self::clock::{Clock, DAY, HOUR, MILLISECOND, MINUTE, SECOND, YEAR};
pub use self::command::{
    Authenticator, Command, Guess, Presenter, RecoveryGuess, TokenGuess, Vouch,
};
pub use self::conformance::{Breach, Duty, Report, Step, StoreTest};
pub use self::logged::Logged;
pub use self::memory::{Fault, MemoryStore, MemoryStoreUnavailable};
pub use self::model::Model;
pub use self::outbox::{Message, NotSent, Outbox};
pub use self::recorded::{
    Enrolled, Recorded, RecordedChallenge, RecordedCode, RecordedEnrollment, RecordedPhone,
    RecordedRecoveryCode,
};
pub use self::reply::{Answer, Listed, Observation, Reply, SentMessage};
pub use self::rng::TestRng;
pub use self::rule::Rule;
pub use self::scene::Scene;
pub use self::strategy::{
    accounts, associates, backward_steps, challenges, channels, commands, forward_steps,
    monotone_commands, phones, policies, recovery_codes, steps, verify_oobs,
};
pub use self::world::{
    ALICES, EVERY_SCOPE, IssuedCode, IssuedRecoveryCode, MALLORYS, Sent, World, stored_and_loaded,
};
