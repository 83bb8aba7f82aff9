//! SMS and voice multi-factor authentication as a pure, deterministic state machine.
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

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod account;
mod authenticator;
mod budget;
mod bytes;
mod challenge;
mod code;
mod denied;
mod engine;
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
pub use denied::Denied;
pub use engine::{
    Associate, Associated, Challenge, Challenged, Engine, Purpose, Removed, Verified, VerifyOob,
};
pub use key::{DuplicateKeyId, Key, KeyRing};
pub use phone::{InvalidPhoneNumber, PhoneNumber};
pub use policy::{InvalidPolicy, Policy, RecoveryCodes};
pub use session::{Assurance, MfaSession, MfaToken, Scope, TrustedClaims};
pub use subject::{InvalidSubject, Subject};
pub use transition::{Delivery, Event, Events, Limit, Next, Outcome, Transition};
