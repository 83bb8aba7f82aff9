//! The sealed outcome: what was decided, visible only once it is saved.

use alloc::vec::Vec;
use core::fmt;

use crate::account::Account;
use crate::denied::Denied;
use crate::event::{Event, Events};
use crate::names::error_text;

/// The next account, and an outcome that cannot be seen before that account is saved.
///
/// [`commit`](Self::commit), [`commit_async`](Self::commit_async) and [`begin`](Self::begin) are the only
/// doors. There is no accessor, and `Debug` shows only whether anything changed. So no answer and no
/// message can leave on the strength of a state that was not saved, and two parallel requests cannot be
/// judged against the same stored counter.
///
/// # The store's duty
///
/// Insert if absent when [`next.account.replaces()`](Account::replaces) is `None`, else replace only
/// if the stored revision equals it, even where the bytes are the same. Report success only after the
/// write is durable. After a conflict, load again and ask the engine again. Answer any other error with
/// 503, a lost answer too, and do not ask again: the write may be there, and a second one would charge
/// twice. Never delete a record while its subject exists: recreating it would refill the budgets.
///
/// # Examples
///
/// The conditional write, on a map that stands for a database:
///
/// ```
/// use std::collections::HashMap;
/// use oob_mfa::{Account, Next};
///
/// struct Conflict;
///
/// fn replace(db: &mut HashMap<String, Account>, next: Next) -> Result<(), Conflict> {
///     let subject = next.account.subject().as_str();
///     if db.get(subject).map(Account::revision) != next.account.replaces() {
///         return Err(Conflict);
///     }
///     db.insert(subject.to_owned(), next.account);
///     Ok(())
/// }
/// ```
///
/// No way leads to the outcome past the save:
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
/// For drivers that cannot hand over a closure: state machines, foreign functions.
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
///         replace(&next.account)?; // your conditional write, to the end
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
    reason = "a driver has to handle both, and there is no third"
)]
pub enum Step<T> {
    /// Nothing changes and nothing is written.
    Refused(Outcome<T>),
    /// Store this, then open that.
    Save(Next, Sealed<T>),
}

impl<T> Transition<T> {
    pub(crate) fn refused(denied: Denied) -> Self {
        Self(Step::Refused(Outcome {
            result: Err(denied),
            events: Events::default(),
        }))
    }

    /// Each transition has events of its own, which tell its [`Sealed`] from another's.
    pub(crate) fn changed(account: Account, events: Vec<Event>, result: Result<T, Denied>) -> Self {
        let events = Events::from(events);
        let sealed = Sealed {
            result,
            events: events.clone(),
        };
        Self(Step::Save(Next::new(account, events), sealed))
    }

    /// The two-step form: what to store and the sealed outcome, or a refusal.
    pub fn begin(self) -> Step<T> {
        self.0
    }

    /// Saves the next account with `save`, then opens the outcome.
    ///
    /// `save` is not called where nothing changed: a refusal costs no write.
    ///
    /// # Errors
    ///
    /// What `save` returns. The outcome is gone with it.
    pub fn commit<E>(self, save: impl FnOnce(Next) -> Result<(), E>) -> Result<Outcome<T>, E> {
        match self.0 {
            Step::Refused(outcome) => Ok(outcome),
            Step::Save(next, sealed) => {
                save(next)?;
                Ok(sealed.opened())
            }
        }
    }

    /// As [`commit`](Self::commit), for a store that is awaited: `commit_async(async |next| …)`.
    ///
    /// # Errors
    ///
    /// What `save` returns. The outcome is gone with it.
    pub async fn commit_async<E, F, Fut>(self, save: F) -> Result<Outcome<T>, E>
    where
        F: FnOnce(Next) -> Fut,
        Fut: Future<Output = Result<(), E>>,
    {
        match self.0 {
            Step::Refused(outcome) => Ok(outcome),
            Step::Save(next, sealed) => {
                save(next).await?;
                Ok(sealed.opened())
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

/// Everything that has to be stored, in one database transaction.
///
/// It is not `Clone`: the very `Next` that was stored says so.
///
/// ```compile_fail,E0277
/// fn twice(next: &oob_mfa::Next) -> oob_mfa::Next {
///     oob_mfa::Next::clone(next)
/// }
/// ```
#[derive(Debug)]
#[must_use = "the next account has to be stored"]
#[non_exhaustive]
pub struct Next {
    /// The account as it is to be stored.
    pub account: Account,
    /// What is to be logged with it.
    pub events: Events,
    /// A clone of the events, which tells whose [`Sealed`] this opens.
    own: Events,
}

impl Next {
    fn new(account: Account, events: Events) -> Self {
        let own = events.clone();
        Self {
            account,
            events,
            own,
        }
    }

    /// Says that the store has this account, durably.
    ///
    /// # Security
    ///
    /// Call it after the conditional write reported success, and never otherwise: the outcome that it
    /// opens is told to a client.
    pub fn stored_durably(self) -> Stored {
        Stored(self.own)
    }
}

/// The driver's word that a [`Next`] is stored.
#[derive(Debug)]
#[must_use = "it opens the outcome"]
pub struct Stored(Events);

/// An outcome that opens once its [`Next`] is stored.
#[must_use = "the outcome opens once the next account is stored"]
pub struct Sealed<T> {
    result: Result<T, Denied>,
    events: Events,
}

impl<T> Sealed<T> {
    /// Opens the outcome with the word of its own [`Next`].
    ///
    /// # Errors
    ///
    /// [`AnothersStored`] for the word of another transition. The outcome is gone with it.
    #[expect(clippy::needless_pass_by_value, reason = "one word opens one outcome")]
    pub fn open(self, stored: Stored) -> Result<Outcome<T>, AnothersStored> {
        if self.events.are_the_same(&stored.0) {
            Ok(self.opened())
        } else {
            Err(AnothersStored)
        }
    }

    fn opened(self) -> Outcome<T> {
        Outcome {
            result: self.result,
            events: self.events,
        }
    }
}

impl<T> fmt::Debug for Sealed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed(redacted)")
    }
}

/// A [`Sealed`] was to be opened with the [`Stored`] of another transition: a bug of the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AnothersStored;

error_text!(
    AnothersStored,
    "this outcome belongs to another transition than the one that was stored"
);

/// What was decided, after it was saved.
#[derive(Debug)]
#[must_use = "the result says whether the request was granted"]
#[non_exhaustive]
pub struct Outcome<T> {
    /// The grant, or why there is none.
    pub result: Result<T, Denied>,
    /// What is to be logged, and whom to notify.
    pub events: Events,
}

#[cfg(test)]
mod tests;
