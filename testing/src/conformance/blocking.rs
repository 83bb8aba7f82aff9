//! A store that blocks: each call runs on its own thread, so calls overlap as in a server.

use std::future::poll_fn;
use std::panic::AssertUnwindSafe;
use std::panic::{catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, Waker};
use std::thread;

use oob_mfa::{Account, Next, Subject, Unsaved};

use super::StoreTest;

impl StoreTest<(), ()> {
    /// A test of a store that blocks: a file, a map behind a lock, a database without `async`.
    ///
    /// Each call runs on its own thread. Calls therefore overlap, and the test finds a store that
    /// is only safe when they do not.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use oob_mfa_testing::{MemoryStore, StoreTest};
    ///
    /// let report = StoreTest::blocking(
    ///     Arc::new(MemoryStore::new()),
    ///     |store, subject| store.load(subject),
    ///     |store, next| store.replace(next),
    /// )
    /// .run_blocking();
    /// assert!(report.is_conformant(), "{report}");
    /// ```
    #[expect(
        clippy::type_complexity,
        reason = "the two functions that a test of a store consists of"
    )]
    pub fn blocking<S, E>(
        store: Arc<S>,
        load: impl Fn(&S, &Subject) -> Result<Option<Account>, E> + Send + Sync + 'static,
        replace: impl Fn(&S, Next) -> Result<(), Unsaved<E>> + Send + Sync + 'static,
    ) -> StoreTest<
        impl AsyncFn(Subject) -> Result<Option<Account>, E>,
        impl AsyncFn(Next) -> Result<(), Unsaved<E>>,
    >
    where
        S: Send + Sync + 'static,
        E: Send + 'static,
    {
        let loaded = Arc::new((Arc::clone(&store), load));
        let replaced = Arc::new((store, replace));
        StoreTest::new(
            async move |subject: Subject| {
                let loaded = Arc::clone(&loaded);
                on_a_thread(move || (loaded.1)(&loaded.0, &subject)).await
            },
            async move |next: Next| {
                let replaced = Arc::clone(&replaced);
                on_a_thread(move || (replaced.1)(&replaced.0, next)).await
            },
        )
    }
}

/// The result of a thread, and the waker for it.
struct Slot<T> {
    output: Option<thread::Result<T>>,
    waker: Option<Waker>,
}

async fn on_a_thread<T: Send + 'static>(call: impl FnOnce() -> T + Send + 'static) -> T {
    let slot = Arc::new(Mutex::new(Slot {
        output: None,
        waker: None,
    }));
    let theirs = Arc::clone(&slot);
    thread::spawn(move || {
        let output = catch_unwind(AssertUnwindSafe(call));
        let mut slot = theirs.lock().unwrap_or_else(PoisonError::into_inner);
        slot.output = Some(output);
        if let Some(waker) = slot.waker.take() {
            waker.wake();
        }
    });
    let output = poll_fn(|context| {
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(output) = slot.output.take() {
            return Poll::Ready(output);
        }
        slot.waker = Some(context.waker().clone());
        Poll::Pending
    })
    .await;
    // A store that panics fails its test.
    output.unwrap_or_else(|panic| resume_unwind(panic))
}
