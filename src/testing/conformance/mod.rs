//! Whether a store keeps its duty, and the schedule that shows it where it does not.

mod alone;
mod history;
mod interleaved;
mod report;
mod request;
mod together;

use alloc::string::{String, ToString};
use core::fmt::Display;
use core::future::Ready;

pub use self::report::{Breach, Duty, Report, Step};
use self::together::block_on;
use crate::account::Account;
use crate::subject::Subject;
use crate::transition::Next;

/// A test of a store: hand it how yours loads and replaces a record, and it runs requests against it,
/// in every order and at the same time, and says which duty and which rule break.
///
/// What it judges by is the store's whole duty (see [`Transition`](crate::Transition)): of the writes
/// that were reported as saved, each has to follow the one before, and none may be lost. An error is
/// allowed at any time, for a write that was done as well. So is a load that is behind, as from a
/// cache: the write that follows meets a conflict. After that a later load has to be up to date.
///
/// It makes subjects of its own, `conformance|SEED|…`, and leaves them behind. To run it again on the
/// same store, give another [seed](Self::with_seed).
///
/// # Examples
///
/// ```
/// use oob_mfa::testing::{MemoryStore, StoreTest};
///
/// let store = MemoryStore::new();
/// let report = StoreTest::new(
///     async |subject| Ok(store.load(&subject)),
///     async |next| store.replace(next),
/// )
/// .run_blocking();
/// assert!(report.is_conformant(), "{report}");
/// ```
///
/// A store where the last write wins:
///
/// ```
/// use std::cell::RefCell;
/// use std::collections::HashMap;
/// use oob_mfa::testing::{Duty, Rule, StoreTest};
/// use oob_mfa::Next;
///
/// let records = RefCell::new(HashMap::new());
/// let report = StoreTest::new(
///     async |subject| Ok::<_, &str>(records.borrow().get(&subject).cloned()),
///     async |next: Next| {
///         records.borrow_mut().insert(next.account.subject().clone(), next.account);
///         Ok(())
///     },
/// )
/// .run_blocking();
/// let twice = report.breaches().iter().find(|breach| breach.rule() == Some(Rule::Once)).unwrap();
/// assert_eq!(twice.duty(), Duty::Replace);
/// assert_eq!(
///     twice.to_string(),
///     "the store has to replace only the revision that the account replaces; it broke rule 2 (once): \
///      one code was granted twice\n\
///      \x20 1. A (right code) loads revision 1\n\
///      \x20 2. B (right code) loads revision 1\n\
///      \x20 3. A (right code) saves revision 2: granted\n\
///      \x20 4. B (right code) saves revision 2: granted\n",
/// );
/// ```
pub struct StoreTest<Load, Replace, Restart = fn() -> Ready<()>> {
    load: Load,
    replace: Replace,
    restart: Option<Restart>,
    seed: u64,
}

impl<Load, Replace> StoreTest<Load, Replace> {
    /// A test of the store that these two are of.
    ///
    /// Both are called for several requests at the same time, each before the others are done. A store
    /// that blocks shows more if its calls are moved to threads, so that they really meet.
    pub const fn new(load: Load, replace: Replace) -> Self {
        Self {
            load,
            replace,
            restart: None,
            seed: 1,
        }
    }
}

impl<Load, Replace, Restart> StoreTest<Load, Replace, Restart> {
    /// The same, and the store is restarted now and then: what is not durable by then has to be gone.
    ///
    /// Without it a store that reports success before the commit is found only where a later write
    /// can tell. `restart` ends it as a power failure would, not in good order, and starts it again.
    #[must_use]
    pub fn restarting<R>(self, restart: R) -> StoreTest<Load, Replace, R> {
        StoreTest {
            load: self.load,
            replace: self.replace,
            restart: Some(restart),
            seed: self.seed,
        }
    }

    /// The same with other subjects and other codes.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Runs all of it, on whatever executor this is awaited.
    pub async fn run<E>(&self) -> Report
    where
        E: Display,
        Load: AsyncFn(Subject) -> Result<Option<Account>, E>,
        Replace: AsyncFn(Next) -> Result<(), E>,
        Restart: AsyncFn(),
    {
        let mut report = Report::new(self.seed);
        alone::run(self, &mut report).await;
        if report.is_usable() {
            interleaved::run(self, &mut report).await;
            together::run(self, &mut report).await;
        }
        report
    }

    /// As [`run`](Self::run), for a store that needs no executor.
    pub fn run_blocking<E>(&self) -> Report
    where
        E: Display,
        Load: AsyncFn(Subject) -> Result<Option<Account>, E>,
        Replace: AsyncFn(Next) -> Result<(), E>,
        Restart: AsyncFn(),
    {
        block_on(self.run())
    }
}

/// The store as the test sees it.
trait Store {
    async fn load(&self, subject: Subject) -> Result<Option<Account>, String>;
    async fn replace(&self, next: Next) -> Result<(), String>;
    /// Nothing where it cannot be restarted.
    async fn restart(&self) -> Option<()>;
}

impl<E, Load, Replace, Restart> Store for StoreTest<Load, Replace, Restart>
where
    E: Display,
    Load: AsyncFn(Subject) -> Result<Option<Account>, E>,
    Replace: AsyncFn(Next) -> Result<(), E>,
    Restart: AsyncFn(),
{
    async fn load(&self, subject: Subject) -> Result<Option<Account>, String> {
        (self.load)(subject)
            .await
            .map_err(|error| error.to_string())
    }

    async fn replace(&self, next: Next) -> Result<(), String> {
        (self.replace)(next)
            .await
            .map_err(|error| error.to_string())
    }

    async fn restart(&self) -> Option<()> {
        (self.restart.as_ref()?)().await;
        Some(())
    }
}
