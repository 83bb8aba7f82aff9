//! The engine: one pure function per operation.
//!
//! Every operation runs the same way: the session first, then what is asked for, then the budgets,
//! then the change. All that can refuse stands before the first thing that changes, and only a copy
//! is changed.
//!
//! A refusal changes nothing. Where an operation's errors say so, one thing is excepted: stored times
//! that a clock which ran ahead has left are brought back, once per regression, and that is saved.

mod admin;
mod associate;
mod challenge;
mod issue;
mod manage;
mod recover;
mod verified;
mod verify;

use rand_core::CryptoRng;
use time::UtcDateTime;

pub use self::admin::Remaining;
pub use self::associate::{Associate, Associated};
pub use self::challenge::{Challenge, Challenged};
pub use self::manage::Removed;
pub use self::verified::{Purpose, Verified};
pub use self::verify::VerifyOob;
use crate::account::Account;
use crate::budget::{Budget, RateLimit};
use crate::denied::Denied;
use crate::instant::Millis;
use crate::key::KeyRing;
use crate::policy::Policy;
use crate::session::{MfaSession, MfaToken};
use crate::subject::Subject;
use crate::transition::{Event, Events, Limit, Transition};

/// Policy and keys: what decides. Immutable, shared by every thread, knows no account.
///
/// Random bytes come from an infallible `CryptoRng` of `rand_core` 0.10; for the operating system's
/// source that is `UnwrapErr(SysRng)` of getrandom.
///
/// Each operation is a pure function of account, session, request, clock and random bytes: the same
/// inputs give byte-identical records and replies.
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

    /// The numbers it decides by.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Begins the session of a user whose first factor has passed.
    ///
    /// `client`, `scope` and `audience` are those of the request that passed it, and come back in
    /// [`Verified`]. No scope makes it more than a session of
    /// [`Assurance::FirstFactor`](crate::Assurance::FirstFactor).
    ///
    /// # Errors
    ///
    /// [`Denied::ParameterTooLong`] for a client of more than 255 bytes, a scope or an audience of
    /// more than 1,024.
    pub fn begin(
        &self,
        subject: Subject,
        client: &str,
        scope: &str,
        audience: &str,
        now: UtcDateTime,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<MfaSession, Denied> {
        let lifetime = self.policy.token_lifetime_millis();
        MfaSession::begin(
            subject,
            [client, scope, audience],
            Millis::at(now),
            lifetime,
            rng,
        )
    }

    /// The `mfa_token` of a session.
    #[must_use]
    pub fn issue_token(&self, session: &MfaSession) -> MfaToken {
        MfaToken::seal(session, &self.keys)
    }

    /// The session of an `mfa_token`.
    ///
    /// `client` is who presents it, where the endpoint authenticates a client.
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

    /// Decides what a session asks for on an account; [`decide`](Self::decide) does the rest.
    fn decide_for<T, Change>(
        &self,
        account: &Account,
        session: &MfaSession,
        now: UtcDateTime,
        judge: impl FnOnce(&Account, Millis) -> Result<Change, Denied>,
    ) -> Transition<T>
    where
        Change: FnOnce(&mut Account, &mut Events) -> Result<T, Denied>,
    {
        if account.subject != *session.subject() {
            return Transition::refused(Denied::SubjectMismatch);
        }
        self.decide(account, now, |account, now| {
            account.check_session(session, &self.policy, now)?;
            judge(account, now)
        })
    }

    /// Judges an account, and then changes a copy of it.
    ///
    /// An `Err` of `judge`, which can change nothing, is a refusal: nothing is saved but stored times
    /// that a clock which ran ahead has left, and those once. An `Err` of the change that it returns
    /// is an answer that is charged.
    fn decide<T, Change>(
        &self,
        account: &Account,
        now: UtcDateTime,
        judge: impl FnOnce(&Account, Millis) -> Result<Change, Denied>,
    ) -> Transition<T>
    where
        Change: FnOnce(&mut Account, &mut Events) -> Result<T, Denied>,
    {
        let now = Millis::at(now);
        let revision = account.revision.saturating_add(1);
        let clamped = account.clamped(&self.policy, now);
        let believed = clamped.as_ref().unwrap_or(account);
        match judge(believed, now) {
            Ok(change) => {
                let mut next = believed.clone();
                next.revision = revision;
                next.settle(now);
                let mut events = Events::NONE;
                let result = change(&mut next, &mut events);
                Transition::changed(next, events, result)
            }
            Err(denied) => match clamped {
                None => Transition::refused(denied),
                Some(mut next) => {
                    next.revision = revision;
                    Transition::changed(next, Events::NONE, Err(denied))
                }
            },
        }
    }
}

/// Takes one of a budget that was checked, and says so if it was the last.
fn charge(
    budget: &mut Budget,
    (limit, rate): (Limit, RateLimit),
    now: Millis,
    events: &mut Events,
) {
    budget.charge(rate, now);
    if let Err(retry_at) = budget.check(rate, now) {
        events.push(Event::LimitReached {
            limit,
            retry_at: retry_at.to_utc(),
        });
    }
}
