//! What tests of this crate, and of those who embed it, are made of. Only with the feature `testing`.
//!
//! * [`Command`] names everything that can happen to an account, and the strategies
//!   ([`commands`], [`policies`], [`phones`], [`steps`]) draw it at random for proptest; others draw
//!   single requests ([`associates`], [`challenges`], [`verify_oobs`], [`recovery_codes`]) and
//!   [`accounts`].
//! * [`World`] does it: one account, one engine, a [`Clock`], a random source, a [`MemoryStore`] with the
//!   faults that stores have, an [`Outbox`], and a memory of everything that was ever issued. It
//!   returns what could be observed. Its parts are for code under test as well.
//! * [`Model`] predicts it: the same rules written down a second time, naively, without any of the
//!   engine's code. It says what is answered and logged, and what the record then holds
//!   ([`Recorded`]).
//! * [`StoreTest`] tests a store: hand it how yours loads and replaces a record, and it says which duty
//!   and which rule break, by the shortest schedule that shows it. Run it on every store that you write.
//! * [`Scene`] is an account at its limits, and the commands that race there.
//!
//! # Examples
//!
//! ```
//! use oob_mfa::testing::{Answer, Command, Guess, Model, World};
//! use oob_mfa::{Channel, Engine, Key, KeyRing, Policy};
//!
//! let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
//! let mut world = World::new(engine, "auth0|alice".parse()?, 1);
//! let mut model = Model::new(Policy::auth0());
//! let login = [
//!     Command::Begin,
//!     Command::Associate { session: 0, phone: "+14155558730".parse()?, channel: Channel::Sms },
//!     Command::Step { millis: 20_000 },
//!     Command::VerifyOob { session: None, code: Some(0), guess: Guess::Right },
//! ];
//! for command in &login {
//!     let observation = world.apply(command);
//!     assert_eq!(observation.reply, model.apply(command));
//! }
//! assert!(world.account().is_enrolled());
//! assert_eq!(world.apply(&Command::Begin).reply.answer, Answer::Began { session: 1 });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod asked;
mod clock;
mod command;
mod conformance;
mod logged;
mod memory;
mod model;
mod outbox;
mod recorded;
mod reply;
mod rng;
mod rule;
mod scene;
mod strategy;
mod world;

pub use self::asked::{Asked, Heard};
pub use self::clock::Clock;
pub use self::command::{
    Authenticator, Command, Guess, Presenter, RecoveryGuess, TokenGuess, Vouch,
};
pub use self::conformance::{Breach, Duty, Report, Step, StoreTest};
pub use self::logged::Logged;
pub use self::memory::{Fault, MemoryStore, MemoryStoreUnavailable};
pub use self::model::Model;
pub use self::outbox::{Message, NotSent, Outbox};
pub use self::recorded::{
    Recorded, RecordedChallenge, RecordedCode, RecordedEnrollment, RecordedPhone,
    RecordedRecoveryCode,
};
pub use self::reply::{Answer, Listed, Observation, Reply, Sent};
pub use self::rng::TestRng;
pub use self::rule::Rule;
pub use self::scene::Scene;
pub use self::strategy::{
    accounts, associates, backward_steps, challenges, channels, commands, forward_steps,
    monotone_commands, phones, policies, recovery_codes, steps, verify_oobs,
};
pub use self::world::{IssuedCode, IssuedRecoveryCode, World};
