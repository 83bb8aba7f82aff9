//! What an operation works on: the account at its own time, first to be judged, then to be changed.

use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

use time::UtcDateTime;

use super::Engine;
use super::guard::{check_session, check_subject};
use crate::account::{Account, State};
use crate::budget::Limit;
use crate::denied::Denied;
use crate::event::Event;
use crate::instant::Millis;
use crate::policy::Policy;
use crate::session::MfaSession;
use crate::transition::Transition;

/// An account to be judged, at account time: what that time has ended is gone. Judging changes nothing,
/// and a draft that is dropped writes nothing.
pub(super) struct Draft<'a> {
    account: Account,
    policy: &'a Policy,
    now: Millis,
}

/// An account that is being changed, and what happened to it.
///
/// Only [`Draft::change`] makes one, after every check. The methods that end it make the transition.
pub(super) struct Change<'a> {
    account: Account,
    policy: &'a Policy,
    now: Millis,
    events: Vec<Event>,
}

impl Engine {
    /// The draft of an operation that needs no session: an administrator's.
    pub(super) fn draft(&self, account: Account, now: UtcDateTime) -> Result<Draft<'_>, Denied> {
        Draft::new(account, &self.policy, Millis::at(now))
    }

    /// The draft of what a session asks for: subject, clock and session are checked, in this order.
    pub(super) fn draft_for(
        &self,
        account: Account,
        session: &MfaSession,
        now: UtcDateTime,
    ) -> Result<Draft<'_>, Denied> {
        check_subject(&account, session)?;
        let draft = self.draft(account, now)?;
        check_session(&draft, session, &self.policy, draft.now)?;
        Ok(draft)
    }
}

/// The time of an account: its own last change where the clock is behind that.
pub(super) fn account_time(state: &State, clock: Millis) -> Millis {
    clock.max(state.as_of)
}

impl<'a> Draft<'a> {
    fn new(mut account: Account, policy: &'a Policy, clock: Millis) -> Result<Self, Denied> {
        if account.state.as_of > clock.after(policy.skew_millis()) {
            return Err(Denied::ClockBehind);
        }
        let now = account_time(&account.state, clock);
        account.state.settle(now);
        Ok(Self {
            account,
            policy,
            now,
        })
    }

    /// Account time.
    pub(super) const fn now(&self) -> Millis {
        self.now
    }

    /// The moment at which a budget gives one again, where it is empty.
    pub(super) fn check_budget(&self, limit: Limit) -> Result<(), Millis> {
        self.budget(limit).check(self.policy.rate(limit), self.now)
    }

    /// Every check has passed: begins the change.
    pub(super) fn change(self) -> Change<'a> {
        Change::at(self.account, self.policy, self.now)
    }
}

impl<'a> Change<'a> {
    /// The change that makes `now` the time of the account. Only a rewind goes past [`Draft`].
    pub(super) fn at(mut account: Account, policy: &'a Policy, now: Millis) -> Self {
        account.state.revision = account.state.revision.saturating_add(1);
        account.state.as_of = now;
        Self {
            account,
            policy,
            now,
            events: Vec::new(),
        }
    }

    /// Account time.
    pub(super) const fn now(&self) -> Millis {
        self.now
    }

    /// Adds an event.
    pub(super) fn log(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Takes one of a budget that was checked, and logs where it was the last.
    pub(super) fn charge(&mut self, limit: Limit) {
        let (rate, now) = (self.policy.rate(limit), self.now);
        self.budget_mut(limit).charge(rate, now);
        if let Err(retry_at) = self.budget(limit).check(rate, now) {
            let retry_at = retry_at.to_utc();
            self.log(Event::LimitReached { limit, retry_at });
        }
    }

    /// The request is granted.
    pub(super) fn grant<T>(self, granted: T) -> Transition<T> {
        self.end(Ok(granted))
    }

    /// A code was judged wrong, and that is charged.
    pub(super) fn reject<T>(self, denied: Denied) -> Transition<T> {
        self.end(Err(denied))
    }

    fn end<T>(self, result: Result<T, Denied>) -> Transition<T> {
        Transition::changed(self.account, self.events, result)
    }
}

impl Deref for Draft<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.account.state
    }
}

impl Deref for Change<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.account.state
    }
}

impl DerefMut for Change<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.account.state
    }
}
