//! The engine: one pure function per operation.
//!
//! An operation first checks the subject, the clock and the session, as far as each applies. Its `# Errors`
//! lists every refusal. Every check comes before the first change.

use crate::key::KeyRing;
use crate::policy::Policy;

/// Judges every request by a policy and keys.
///
/// Threads can share an engine: it is immutable and holds no account.
///
/// Random bytes come from an infallible `CryptoRng` of `rand_core` 0.10. For the operating system's
/// source, use `UnwrapErr(SysRng)` of getrandom.
///
/// Each operation is a pure function of account, session, request, clock and random bytes: the same
/// inputs give byte-identical records and replies.
///
/// # Time
///
/// An account keeps the time of its last change. Every operation on an account, except
/// [`rewind`](Self::rewind), runs at *account time*: the later of the clock and the last change. If the
/// clock is behind the last change by more than the [skew](Policy::skew), the engine refuses the operation
/// with [`Denied::ClockBehind`] and writes nothing. Reads run at account time too, and never return
/// `ClockBehind`. After a clock ran ahead, use `rewind`.
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
