//! The engine: one pure function per operation.
//!
//! Every operation checks subject, clock, session, request and budgets, in this order. Every check comes
//! before the first change, and the answer comes last.

use rand_core::CryptoRng;
use time::UtcDateTime;

use crate::denied::Denied;
use crate::instant::Millis;
use crate::key::KeyRing;
use crate::policy::Policy;
use crate::session::token::MfaToken;
use crate::session::{FirstFactor, MfaSession};

/// Decides, by a policy and keys. It is immutable, holds no account, and every thread can share it.
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
/// the clock and the last change. A server whose clock is behind the last change by more than the
/// [skew](Policy::skew) is refused with [`Denied::ClockBehind`](crate::Denied::ClockBehind) and writes nothing. Reading operations
/// answer at account time and are never refused for it. [`rewind`](Self::rewind) is the way out after a
/// clock ran ahead.
///
/// # Sessions
///
/// Every operation that takes a session refuses, in this order: [`Denied::TokenExpired`](crate::Denied::TokenExpired),
/// [`Denied::SessionNotYetValid`](crate::Denied::SessionNotYetValid), [`Denied::SessionTooLong`](crate::Denied::SessionTooLong), [`Denied::SessionRevoked`](crate::Denied::SessionRevoked),
/// [`Denied::SessionSpent`](crate::Denied::SessionSpent).
#[derive(Clone, Debug)]
pub struct Engine {
    policy: Policy,
    keys: KeyRing,
}

impl Engine {
    /// An engine that decides by `policy`, with digests and tokens made by `keys`.
    #[must_use]
    pub const fn new(policy: Policy, keys: KeyRing) -> Self {
        Self { policy, keys }
    }

    /// The policy that it decides by.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Begins the session of a user whose first factor has passed.
    ///
    /// Client, scope and audience come back in [`Verified`](crate::Verified).
    ///
    /// # Errors
    ///
    /// [`Denied::ParameterTooLong`] for a client of more than 255 bytes, a scope or an audience of
    /// more than 1,024.
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
    /// # let mut rng = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
    /// # let now = time::UtcDateTime::now();
    /// let first_factor = FirstFactor {
    ///     subject: "auth0|alice".parse()?,
    ///     client: "my-app",
    ///     scope: "openid",
    ///     audience: "",
    /// };
    /// let session = engine.begin(first_factor, now, &mut rng)?;
    /// let mfa_token = engine.issue_token(&session);
    /// // A later request brings the token back.
    /// let opened = engine.open_token(mfa_token.expose_secret(), Some("my-app"), now)?;
    /// assert_eq!(opened, session);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn begin(
        &self,
        first_factor: FirstFactor<'_>,
        now: UtcDateTime,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<MfaSession, Denied> {
        let lifetime = self.policy.token_lifetime;
        MfaSession::begin(first_factor, lifetime, Millis::at(now), rng)
    }

    /// The `mfa_token` of a session; [`begin`](Self::begin) has an example.
    #[must_use]
    pub fn issue_token(&self, session: &MfaSession) -> MfaToken {
        MfaToken::seal(session, &self.keys)
    }

    /// The session of an `mfa_token`; [`begin`](Self::begin) has an example.
    ///
    /// `client` is the authenticated client that presents the token. With `None` the client is not checked.
    ///
    /// # Errors
    ///
    /// [`Denied::TokenMalformed`], [`Denied::TokenInvalid`], [`Denied::TokenOfAnotherClient`] or
    /// [`Denied::TokenExpired`], in this order.
    pub fn open_token(
        &self,
        token: &str,
        client: Option<&str>,
        now: UtcDateTime,
    ) -> Result<MfaSession, Denied> {
        let session = MfaToken::open(token, &self.keys)?;
        session.check_client(client)?;
        if session.expires() <= Millis::at(now) {
            return Err(Denied::TokenExpired);
        }
        Ok(session)
    }
}

// rustdoc lists the methods in this order: that of a login.
pub(crate) mod associate;

pub(crate) mod challenge;

pub(crate) mod verify;

pub(crate) mod recover;

pub(crate) mod manage;

mod admin;

mod draft;
mod guard;
mod issue;
pub(crate) mod verified;
