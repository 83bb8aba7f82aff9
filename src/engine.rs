//! The engine: one pure function per operation.
//!
//! An operation checks what applies to it, in this order: subject, clock, session, request, budgets. Every
//! check comes before the first change.

use crate::key::KeyRing;
use crate::policy::Policy;

/// Judges every request by a policy and keys.
///
/// It is immutable and holds no account, so all threads can share one.
///
/// Random bytes come from an infallible `CryptoRng` of `rand_core` 0.10. For the operating system's
/// source, use `UnwrapErr(SysRng)` of getrandom.
///
/// Each operation is a pure function of account, session, request, clock and random bytes: the same
/// inputs give byte-identical records and replies.
///
/// # Time
///
/// An account keeps the time of its last change. Every operation runs at *account time*: the later of
/// the clock and the last change. If the clock is behind the last change by more than the
/// [skew](Policy::skew), the operation is refused with [`Denied::ClockBehind`] and writes nothing.
/// Operations that only read run at account time too, and the engine never refuses them for the clock.
/// After a clock ran ahead, use [`rewind`](Self::rewind).
///
/// # Sessions
///
/// An operation refuses a session with the first of these that applies: [`Denied::TokenExpired`],
/// [`Denied::SessionNotYetValid`], [`Denied::SessionTooLong`], [`Denied::SessionRevoked`],
/// [`Denied::SessionSpent`].
///
/// [`Denied::ClockBehind`]: crate::Denied::ClockBehind
/// [`Denied::TokenExpired`]: crate::Denied::TokenExpired
/// [`Denied::SessionNotYetValid`]: crate::Denied::SessionNotYetValid
/// [`Denied::SessionTooLong`]: crate::Denied::SessionTooLong
/// [`Denied::SessionRevoked`]: crate::Denied::SessionRevoked
/// [`Denied::SessionSpent`]: crate::Denied::SessionSpent
#[derive(Clone, Debug)]
pub struct Engine {
    policy: Policy,
    keys: KeyRing,
}

// rustdoc lists the methods in this order, the order of a login. A method in this file would come last.
mod begin;

pub(crate) mod associate;

pub(crate) mod challenge;

pub(crate) mod verify;

pub(crate) mod recover;

pub(crate) mod manage;

pub(crate) mod admin;

mod draft;
mod guard;
mod issue;
pub(crate) mod verified;
