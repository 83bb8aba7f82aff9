//! Tests whether a store fulfills its duty, and shows a schedule that breaks it.

mod alone;
mod blocking;
mod history;
mod interleaved;
mod meaning;
mod report;
mod request;
mod saving;
mod together;
mod trial;

use std::cell::{Cell, RefCell};
use std::fmt::Display;
use std::future::Ready;
use std::pin::Pin;

use oob_mfa::{Account, Next, Subject, Unsaved};

pub use self::report::{Breach, Duty, Report, Step};
use self::together::block_on;

/// Tests a store. Pass it your `load` and `replace`, as for [`decide`](oob_mfa::decide). It runs
/// requests against them, in every order and at the same time, and names the duty and the rule that
/// break.
///
/// It tests the store's whole duty (see [`Transition`](oob_mfa::Transition)). Each write that is
/// reported as saved must follow the one before, and none may be lost. A write may fail at any
/// time, even after it was done. A conflict may come without cause, but not for a write that was
/// stored. A load may be stale, for example from a cache: the following write gets a conflict, and
/// a load after that must be up to date.
///
/// Use [`new`](Self::new) for an async store and [`blocking`](StoreTest::blocking) for one that
/// blocks: if no two calls ever overlap, the test cannot test concurrent calls. Without a
/// [restart](Self::restarting) it cannot test durability after a crash.
///
/// It makes its own subjects, `conformance|SEED|…`, and leaves them in the store. To run it again
/// on the same store, use another [seed](Self::with_seed).
///
/// # Examples
///
/// The store that most people write first: it compares, then writes.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::{Arc, Mutex};
/// use oob_mfa_testing::{Duty, Rule, StoreTest};
/// use oob_mfa::{Account, Next, Subject, Unsaved};
///
/// #[derive(Default)]
/// struct Records(Mutex<HashMap<Subject, Account>>);
///
/// impl Records {
///     fn load(&self, subject: &Subject) -> Result<Option<Account>, String> {
///         Ok(self.0.lock().unwrap().get(subject).cloned())
///     }
///
///     fn replace(&self, next: &Next) -> Result<(), Unsaved<String>> {
///         let subject = next.account().subject();
///         let stored = self.load(subject).map_err(Unsaved::Failed)?;
///         if stored.as_ref().map(Account::revision) != next.account().replaces() {
///             return Err(Unsaved::Conflict);
///         }
///         # std::thread::sleep(std::time::Duration::from_micros(99)); // As long as a database takes.
///         let mut accounts = self.0.lock().unwrap();
///         accounts.insert(subject.clone(), next.account().clone());
///         Ok(())
///     }
/// }
///
/// let store = Arc::new(Records::default());
/// let replace = |store: &Records, next| store.replace(&next);
/// let test = StoreTest::blocking(store, Records::load, replace);
/// let report = test.run_blocking();
/// let mut breaches = report.breaches().iter();
/// let twice = breaches.find(|it| it.rule() == Some(Rule::Once)).unwrap();
/// assert_eq!(twice.duty(), Duty::Replace);
/// let told = twice.to_string();
/// assert!(told.starts_with(
///     "the store must replace only the revision that the account replaces; \
///      it broke rule 2 (once): "
/// ));
/// // Then the steps, in the order in which the threads ran.
/// assert!(
///     told.contains(
///         "; both were under way at once: compare and write in one \
///          statement, or lock the row\n\
///          \x20 1. "
///     ),
///     "{told}"
/// );
/// ```
pub struct StoreTest<Load, Replace, Restart = fn() -> Ready<()>> {
    load: Load,
    replace: Replace,
    restart: Option<Restart>,
    seed: u64,
}

impl<Load, Replace> StoreTest<Load, Replace> {
    /// A test of an async store.
    ///
    /// Both functions are called for several requests at the same time, before earlier calls are done.
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
    /// The same, with occasional restarts of the store, which drop everything that is not durable.
    ///
    /// `restart` ends the store as a crash would and starts it again: SIGKILL of the process,
    /// `pg_ctl restart -m immediate`, or a copy of the open file that is then opened (of `SQLite`
    /// in WAL mode, the `-wal` file too). A clean shutdown proves nothing. It is called during a
    /// save, so put a handle that it replaces behind a lock. A restart of a process cannot show
    /// what a machine loses in a power failure (`fsync` off, `synchronous=OFF` of `SQLite`).
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

    /// Runs the whole test, on any executor.
    pub async fn run<E>(&self) -> Report
    where
        E: Display,
        Load: AsyncFn(Subject) -> Result<Option<Account>, E>,
        Replace: AsyncFn(Next) -> Result<(), Unsaved<E>>,
        Restart: AsyncFn(),
    {
        let mut report = Report::new(self.seed);
        let store = Watched {
            test: self,
            under_way: Cell::new(0),
            most: Cell::new(0),
            left_behind: RefCell::default(),
        };
        alone::run(&store, &mut report).await;
        if report.is_usable() {
            interleaved::run(&store, &mut report).await;
            together::run(&store, &mut report).await;
        }
        alone::looks_back(&store, &mut report).await;
        report.at_once = store.most.get();
        report.conclude();
        report
    }

    /// As [`run`](Self::run), for a store that needs no executor.
    pub fn run_blocking<E>(&self) -> Report
    where
        E: Display,
        Load: AsyncFn(Subject) -> Result<Option<Account>, E>,
        Replace: AsyncFn(Next) -> Result<(), Unsaved<E>>,
        Restart: AsyncFn(),
    {
        block_on(self.run())
    }
}

/// What a call of the store returns. Boxed, so that the test is compiled once and not for every
/// store.
type Call<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// The store as the requests see it.
trait Store {
    fn load(&self, subject: Subject) -> Call<'_, Result<Option<Account>, String>>;
    fn replace(&self, next: Next) -> Call<'_, Result<(), Unsaved<String>>>;
    /// `None` if it cannot be restarted.
    fn restart(&self) -> Call<'_, Option<()>>;
    /// The last save of each finished subject.
    fn left_behind(&self) -> &RefCell<Vec<Account>>;
}

/// The store, and the number of its running saves.
struct Watched<'a, Load, Replace, Restart> {
    test: &'a StoreTest<Load, Replace, Restart>,
    under_way: Cell<u64>,
    most: Cell<u64>,
    left_behind: RefCell<Vec<Account>>,
}

impl<E, Load, Replace, Restart> Store for Watched<'_, Load, Replace, Restart>
where
    E: Display,
    Load: AsyncFn(Subject) -> Result<Option<Account>, E>,
    Replace: AsyncFn(Next) -> Result<(), Unsaved<E>>,
    Restart: AsyncFn(),
{
    fn load(&self, subject: Subject) -> Call<'_, Result<Option<Account>, String>> {
        Box::pin(async move {
            let loaded = (self.test.load)(subject).await;
            loaded.map_err(|error| error.to_string())
        })
    }

    fn replace(&self, next: Next) -> Call<'_, Result<(), Unsaved<String>>> {
        Box::pin(async move {
            let under_way = self.under_way.get() + 1;
            self.under_way.set(under_way);
            self.most.set(self.most.get().max(under_way));
            let replaced = (self.test.replace)(next).await;
            self.under_way.set(self.under_way.get() - 1);
            replaced.map_err(|unsaved| match unsaved {
                Unsaved::Conflict => Unsaved::Conflict,
                Unsaved::Failed(error) => Unsaved::Failed(error.to_string()),
            })
        })
    }

    fn restart(&self) -> Call<'_, Option<()>> {
        Box::pin(async move {
            (self.test.restart.as_ref()?)().await;
            Some(())
        })
    }

    fn left_behind(&self) -> &RefCell<Vec<Account>> {
        &self.left_behind
    }
}
