//! The sealed outcome: a decision that is visible only after the save.

use alloc::vec::Vec;
use core::fmt;

use crate::account::Account;
use crate::delivery::Target;
use crate::denied::Denied;
use crate::event::{Event, Events};
use crate::names::error_text;

/// The next account, and an outcome that cannot be seen before that account is saved; or a refusal, which
/// has nothing to save.
///
/// [`commit`](Self::commit), [`commit_async`](Self::commit_async) and [`begin`](Self::begin) are the only
/// ways to the outcome. There is no accessor, and `Debug` shows only whether anything changed. No answer
/// and no message leaves before the save, and no 2 requests are judged against the same stored counter.
///
/// # The store's duty
///
/// Keep one record per subject, and compare subjects byte by byte. Insert if absent when
/// [`next.account().replaces()`](Account::replaces) is `None`, else replace only if the stored revision
/// equals it, even if the bytes are the same. If you keep the [events](Next::events), save them in the same
/// transaction. Report success only after the write is durable. After a conflict, load again and ask the
/// engine again. Answer any other error with 503, including a lost reply of the store. Do not retry, and
/// turn off the retries of your driver or pool: the write may have happened. Never delete a record while
/// its subject exists: a new one has full budgets.
///
/// # Examples
///
/// The conditional write, on a map instead of a database:
///
/// ```
/// use std::collections::HashMap;
/// use oob_mfa::{Account, Next};
///
/// struct Conflict;
///
/// fn replace(
///     db: &mut HashMap<String, Account>,
///     next: &Next,
/// ) -> Result<(), Conflict> {
///     let subject = next.account().subject().as_str();
///     if db.get(subject).map(Account::revision) != next.account().replaces() {
///         return Err(Conflict);
///     }
///     db.insert(subject.to_owned(), next.account().clone());
///     Ok(())
/// }
/// ```
///
/// Nothing reaches the outcome before the save:
///
/// ```compile_fail,E0616
/// fn peek(transition: oob_mfa::Transition<oob_mfa::Verified>) {
///     let _decided = transition.0;
/// }
/// ```
#[must_use = "nothing is decided before the transition is committed"]
pub struct Transition<T>(Step<T>);

/// What a driver does next: the two-step form of a [`Transition`].
///
/// For drivers that cannot pass a closure: state machines, foreign functions.
///
/// # Examples
///
/// ```
/// # use oob_mfa::*;
/// # let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
/// # let account = Account::new("auth0|alice".parse()?);
/// # let now = time::UtcDateTime::UNIX_EPOCH;
/// # fn replace(_: &Account) -> Result<(), &'static str> { Ok(()) }
/// let outcome = match engine.reset(account, now).begin() {
///     Step::Refused(outcome) => outcome,
///     Step::Save(next, sealed) => {
///         replace(next.account())?; // your conditional write, completed
///         sealed.open(next.stored_durably())?
///     }
/// };
/// assert_eq!(outcome.result, Ok(()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "nothing is decided before the next account is stored"]
#[expect(
    clippy::exhaustive_enums,
    reason = "a driver must handle both, and there is no third"
)]
pub enum Step<T> {
    /// Nothing changes and nothing is written.
    Refused(Outcome<T>),
    /// Store the next account, then open the outcome.
    Save(Next, Sealed<T>),
}

impl<T> Transition<T> {
    /// An operation: checks with `?`, which refuse, then one change.
    pub(crate) fn of(operation: impl FnOnce() -> Result<Self, Denied>) -> Self {
        operation().unwrap_or_else(Self::refused)
    }

    pub(crate) fn refused(denied: Denied) -> Self {
        Self(Step::Refused(Outcome {
            result: Err(denied),
            events: Events::default(),
        }))
    }

    /// Each transition allocates its own events, which identify its [`Sealed`].
    pub(crate) fn changed(
        account: Account,
        events: Vec<Event>,
        target: Option<Target>,
        result: Result<T, Denied>,
    ) -> Self {
        let events = Events::from(events);
        let next = Next {
            account,
            events: events.clone(),
            target,
        };
        Self(Step::Save(next, Sealed(Outcome { result, events })))
    }

    /// Converts the grant. A sealed one stays sealed.
    #[cfg(feature = "exchange")]
    pub(crate) fn map<U>(self, convert: impl FnOnce(T) -> U) -> Transition<U> {
        let map = |outcome: Outcome<T>| Outcome {
            result: outcome.result.map(convert),
            events: outcome.events,
        };
        Transition(match self.0 {
            Step::Refused(outcome) => Step::Refused(map(outcome)),
            Step::Save(next, Sealed(outcome)) => Step::Save(next, Sealed(map(outcome))),
        })
    }

    /// The two-step form: what to store and the sealed outcome, or a refusal.
    pub fn begin(self) -> Step<T> {
        self.0
    }

    /// Saves the next account with `save`, then opens the outcome.
    ///
    /// A refusal does not call `save`: it costs no write.
    ///
    /// # Errors
    ///
    /// The error of `save`. The outcome is dropped.
    pub fn commit<E>(self, save: impl FnOnce(Next) -> Result<(), E>) -> Result<Outcome<T>, E> {
        match self.0 {
            Step::Refused(outcome) => Ok(outcome),
            Step::Save(next, sealed) => {
                save(next)?;
                Ok(sealed.0)
            }
        }
    }

    /// As [`commit`](Self::commit), for an async store: `commit_async(async |next| …)`.
    ///
    /// # Errors
    ///
    /// The error of `save`. The outcome is dropped.
    pub async fn commit_async<E, F, Fut>(self, save: F) -> Result<Outcome<T>, E>
    where
        F: FnOnce(Next) -> Fut,
        Fut: Future<Output = Result<(), E>>,
    {
        match self.0 {
            Step::Refused(outcome) => Ok(outcome),
            Step::Save(next, sealed) => {
                save(next).await?;
                Ok(sealed.0)
            }
        }
    }
}

impl<T> fmt::Debug for Transition<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transition")
            .field("changed", &matches!(self.0, Step::Save(..)))
            .finish_non_exhaustive()
    }
}

/// Everything to store, in one database transaction.
///
/// It is not `Clone`: only the stored `Next` itself confirms its save.
///
/// ```compile_fail,E0277
/// fn twice(next: &oob_mfa::Next) -> oob_mfa::Next {
///     oob_mfa::Next::clone(next)
/// }
/// ```
///
/// Its account is read-only, so you can store only what was decided:
///
/// ```compile_fail,E0616
/// fn swap(first: &mut oob_mfa::Next, second: &mut oob_mfa::Next) {
///     core::mem::swap(&mut first.account, &mut second.account);
/// }
/// ```
#[derive(Debug)]
#[must_use = "the next account has to be stored"]
pub struct Next {
    account: Account,
    /// Identify the [`Sealed`] that this opens.
    events: Events,
    target: Option<Target>,
}

impl Next {
    /// A [`Next`] that no transition made, to test a store. It opens no [`Sealed`].
    pub fn without_outcome(account: Account, events: Vec<Event>) -> Self {
        Self {
            account,
            events: events.into(),
            target: None,
        }
    }

    /// The account to store.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }

    /// The events to log with it.
    #[must_use]
    pub const fn events(&self) -> &Events {
        &self.events
    }

    /// The phone and channel of the message that you send after the save; `None` without a message.
    ///
    /// Check it against quotas, country rules and number look-ups. If you drop this `Next` instead of
    /// storing it, nothing is charged or sent.
    #[must_use]
    pub const fn target(&self) -> Option<Target> {
        self.target
    }

    /// Confirms that the store has saved this account durably.
    ///
    /// # Security
    ///
    /// Call it only after the conditional write reported success: it opens the outcome, which goes to
    /// a client.
    pub fn stored_durably(self) -> Stored {
        Stored(self.events)
    }
}

/// The driver's confirmation that a [`Next`] is stored.
#[derive(Debug)]
#[must_use = "it opens the outcome"]
pub struct Stored(Events);

/// An outcome that opens once its [`Next`] is stored.
#[must_use = "the outcome opens once the next account is stored"]
pub struct Sealed<T>(Outcome<T>);

impl<T> Sealed<T> {
    /// Opens the outcome with the confirmation of its own [`Next`].
    ///
    /// # Errors
    ///
    /// [`AnothersStored`] for the confirmation of another transition. The outcome is dropped.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a confirmation opens one outcome"
    )]
    pub fn open(self, stored: Stored) -> Result<Outcome<T>, AnothersStored> {
        if self.0.events.are_the_same(&stored.0) {
            Ok(self.0)
        } else {
            Err(AnothersStored)
        }
    }
}

impl<T> fmt::Debug for Sealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(redacted)")
    }
}

/// The [`Stored`] is from another transition than this [`Sealed`]: a bug in the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnothersStored;

error_text!(
    AnothersStored,
    "this Stored belongs to another transition: open each Sealed with the Stored of its own Next"
);

/// A saved decision: the result and its events.
#[derive(Debug)]
#[must_use = "the result says whether the request was granted"]
#[non_exhaustive]
pub struct Outcome<T> {
    /// What was granted, or why the request was refused or rejected.
    pub result: Result<T, Denied>,
    /// What to log, and what to notify the owner of.
    pub events: Events,
}

#[cfg(test)]
mod tests;
