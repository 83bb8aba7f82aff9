//! The loop around an operation: load, ask, save, and retry after a conflict.

use core::fmt;

use crate::account::Account;
use crate::subject::Subject;
use crate::transition::{Next, Outcome, Transition};

/// The most times that [`decide`] asks the engine for one request.
///
/// A retry does not wait: a conflict means that another request was saved, and the retry reads its
/// state. More than 16 conflicts need as many saves meanwhile. The budgets limit how many an attacker
/// can cause: by default 10 wrong binding codes, 10 wrong recovery codes and 10 messages at once.
pub const MAX_TRIES: u32 = 16;

/// Why a save did not happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a store finds another revision or fails; a caller must handle both"
)]
pub enum Unsaved<E> {
    /// The stored revision is not the one to replace.
    Conflict,
    /// The store failed, or cannot tell whether it wrote.
    Failed(E),
}

impl<E: fmt::Display> fmt::Display for Unsaved<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict => {
                f.write_str("conflict: another revision is stored, so load and ask again")
            }
            Self::Failed(error) => error.fmt(f),
        }
    }
}

impl<E: core::error::Error> core::error::Error for Unsaved<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Conflict => None,
            Self::Failed(error) => error.source(),
        }
    }
}

/// Loads an account, asks the engine and saves the decision. Retries after a conflict.
///
/// If `load` finds no record, the account is new. `replace` has the
/// [store's duty](Transition#the-stores-duty); a refusal does not call it. `ask` calls a method of the
/// [`Engine`](crate::Engine). It reads the clock and draws random bytes at each try, because a code may
/// expire between two tries. Send the message after this returns.
///
/// `load` and `replace` live at the same time, so they share a handle: a pool or a lock, not a `&mut`
/// connection.
///
/// # Errors
///
/// * [`Unsaved::Failed`] with the error of `load` or `replace`: the save may have happened, and the
///   outcome stays sealed.
/// * [`Unsaved::Conflict`] after [`MAX_TRIES`] conflicts. The client may retry at once.
///
/// # Examples
///
/// ```
/// use std::cell::RefCell;
/// use std::collections::HashMap;
/// use std::convert::Infallible;
///
/// use oob_mfa::{Account, Subject, Unsaved, decide};
///
/// // Your database.
/// let stored: RefCell<HashMap<Subject, Account>> = RefCell::default();
///
/// # use oob_mfa::{Associate, Channel, Engine, FirstFactor, Key, KeyRing, Policy};
/// # let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
/// # let mut rng = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
/// # use time::UtcDateTime;
/// # let now = UtcDateTime::now();
/// # let first_factor = FirstFactor { subject: "auth0|alice".parse()?, client: "my-app", scope: "", audience: "" };
/// # let session = engine.begin(first_factor, now, &mut rng)?;
/// # let request = Associate { channel: Channel::Sms, phone: "+14155558730".parse()? };
/// let outcome = decide(
///     session.subject(),
///     || Ok::<_, Infallible>(stored.borrow().get(session.subject()).cloned()),
///     |account| {
///         engine.associate(
///             account,
///             &session,
///             &request,
///             UtcDateTime::now(),
///             &mut rng,
///         )
///     },
///     |next| {
///         let mut stored = stored.borrow_mut();
///         let subject = next.account().subject();
///         if stored.get(subject).map(Account::revision)
///             != next.account().replaces()
///         {
///             return Err(Unsaved::Conflict);
///         }
///         stored.insert(subject.clone(), next.account().clone());
///         Ok(())
///     },
/// )?;
/// let associated = outcome.result?;
/// // Send `associated.delivery` now; then answer.
/// # assert_eq!(associated.delivery.channel, Channel::Sms);
/// # assert_eq!(stored.borrow().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn decide<T, E>(
    subject: &Subject,
    mut load: impl FnMut() -> Result<Option<Account>, E>,
    mut ask: impl FnMut(Account) -> Transition<T>,
    mut replace: impl FnMut(Next) -> Result<(), Unsaved<E>>,
) -> Result<Outcome<T>, Unsaved<E>> {
    for _ in 0..MAX_TRIES {
        let account = load().map_err(Unsaved::Failed)?;
        let account = account.unwrap_or_else(|| Account::new(subject.clone()));
        match ask(account).commit(&mut replace) {
            Err(Unsaved::Conflict) => {}
            answered => return answered,
        }
    }
    Err(Unsaved::Conflict)
}

/// As [`decide`], for an async store.
///
/// Await it to its end: if it is dropped during a save, a message may be charged and never sent. If
/// your server drops a request with its connection, run this in a spawned task.
///
/// # Errors
///
/// Those of [`decide`].
///
/// # Examples
///
/// ```
/// # struct Database;
/// # #[derive(Debug)] struct DatabaseError;
/// # impl Database {
/// #     async fn load(&self, _: &Subject) -> Result<Option<Account>, DatabaseError> { Ok(None) }
/// #     async fn replace(&self, _: Next) -> Result<u64, DatabaseError> { Ok(1) }
/// # }
/// use oob_mfa::{
///     Account, Engine, MfaSession, Next, Outcome, Subject, Unsaved, Verified,
///     VerifyOob,
/// };
/// use oob_mfa::decide_async;
/// use time::UtcDateTime;
///
/// async fn verify(
///     database: &Database,
///     engine: &Engine,
///     session: &MfaSession,
///     request: &VerifyOob,
/// ) -> Result<Outcome<Verified>, Unsaved<DatabaseError>> {
///     decide_async(
///         session.subject(),
///         || database.load(session.subject()),
///         |account| {
///             engine.verify_oob(account, session, request, UtcDateTime::now())
///         },
///         async |next| match database
///             .replace(next)
///             .await
///             .map_err(Unsaved::Failed)?
///         {
///             // The rows that this changed:
///             // `UPDATE … WHERE subject = $1 AND revision = $2`.
///             0 => Err(Unsaved::Conflict),
///             _ => Ok(()),
///         },
///     )
///     .await
/// }
/// ```
pub async fn decide_async<T, E, L, R>(
    subject: &Subject,
    mut load: impl FnMut() -> L,
    mut ask: impl FnMut(Account) -> Transition<T>,
    mut replace: impl FnMut(Next) -> R,
) -> Result<Outcome<T>, Unsaved<E>>
where
    L: Future<Output = Result<Option<Account>, E>>,
    R: Future<Output = Result<(), Unsaved<E>>>,
{
    for _ in 0..MAX_TRIES {
        let account = load().await.map_err(Unsaved::Failed)?;
        let account = account.unwrap_or_else(|| Account::new(subject.clone()));
        match ask(account).commit_async(&mut replace).await {
            Err(Unsaved::Conflict) => {}
            answered => return answered,
        }
    }
    Err(Unsaved::Conflict)
}

#[cfg(test)]
mod tests;
