use alloc::string::ToString;
use alloc::vec::Vec;
use core::cell::{Cell, RefCell};
use core::future::{Future, ready};
use core::pin::pin;
use core::task::{Context, Poll, Waker};

use time::UtcDateTime;

use super::*;
use crate::{Denied, Engine, Key, KeyRing, Policy, Removed};

/// A store of one record, in which another writer wins the first writes.
struct Store {
    stored: RefCell<Option<Account>>,
    conflicts: Cell<u32>,
    calls: RefCell<Vec<&'static str>>,
}

const FAILED: &str = "the store is down";

impl Store {
    fn new(conflicts: u32) -> Self {
        Self {
            stored: RefCell::new(None),
            conflicts: Cell::new(conflicts),
            calls: RefCell::default(),
        }
    }

    fn load(&self) -> Option<Account> {
        self.calls.borrow_mut().push("load");
        self.stored.borrow().clone()
    }

    fn replace(&self, next: &Next) -> Result<(), Unsaved<&'static str>> {
        self.calls.borrow_mut().push("replace");
        let mut stored = self.stored.borrow_mut();
        if let Some(left) = self.conflicts.get().checked_sub(1) {
            self.conflicts.set(left);
            *stored = Some(next.account().clone());
            return Err(Unsaved::Conflict);
        }
        assert_eq!(
            stored.as_ref().map(Account::revision),
            next.account().replaces()
        );
        *stored = Some(next.account().clone());
        Ok(())
    }

    fn called(&self, name: &str) -> usize {
        let calls = self.calls.borrow();
        calls.iter().filter(|call| **call == name).count()
    }
}

fn subject() -> Subject {
    "alice".parse().unwrap()
}

fn engine() -> Engine {
    Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])))
}

/// A change that is always granted.
fn change(account: Account) -> Transition<()> {
    engine().restore_budgets(account, UtcDateTime::UNIX_EPOCH)
}

type Decided<T> = Result<Outcome<T>, Unsaved<&'static str>>;

/// The same by both.
fn both<T>(conflicts: u32, ask: impl Fn(Account) -> Transition<T>) -> [(Decided<T>, Store); 2] {
    let subject = subject();
    let store = Store::new(conflicts);
    let decided = decide(
        &subject,
        || Ok(store.load()),
        &ask,
        |next| store.replace(&next),
    );
    let awaited = Store::new(conflicts);
    let future = decide_async(
        &subject,
        || ready(Ok(awaited.load())),
        &ask,
        |next| ready(awaited.replace(&next)),
    );
    let decided_async = completed(future);
    [(decided, store), (decided_async, awaited)]
}

fn completed<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    match pin!(future).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("nothing here waits"),
    }
}

#[test]
fn a_user_without_a_record_has_a_new_account() {
    for (decided, store) in both(0, change) {
        assert_eq!(decided.unwrap().result, Ok(()));
        assert_eq!(*store.calls.borrow(), ["load", "replace"]);
        let stored = store.stored.into_inner().unwrap();
        assert_eq!((stored.subject(), stored.revision()), (&subject(), 1));
    }
}

#[test]
fn after_a_conflict_the_engine_judges_the_newer_account() {
    for (decided, store) in both(3, change) {
        assert_eq!(decided.unwrap().result, Ok(()));
        assert_eq!((store.called("load"), store.called("replace")), (4, 4));
        // The other writer's 3 writes, then ours.
        assert_eq!(store.stored.into_inner().unwrap().revision(), 4);
    }
}

#[test]
fn the_sixteenth_try_succeeds_and_there_is_no_seventeenth() {
    assert_eq!(MAX_TRIES, 16);
    for (decided, store) in both(15, change) {
        assert_eq!(decided.unwrap().result, Ok(()));
        assert_eq!(store.called("replace"), 16);
    }
    for (decided, store) in both(16, change) {
        assert_eq!(decided.unwrap_err(), Unsaved::Conflict);
        assert_eq!((store.called("load"), store.called("replace")), (16, 16));
    }
}

#[test]
fn a_refusal_is_answered_after_a_load_without_a_save() {
    let unknown = |account: Account| -> Transition<Removed> {
        engine().remove_phone(
            account,
            "dev_AAAAAAAAAAAAAAAA".parse().unwrap(),
            UtcDateTime::UNIX_EPOCH,
        )
    };
    for (decided, store) in both(0, unknown) {
        let denied = decided.unwrap().result.unwrap_err();
        assert_eq!(denied, Denied::UnknownAuthenticator);
        assert_eq!(*store.calls.borrow(), ["load"]);
    }
}

#[test]
fn a_store_that_fails_is_not_retried() {
    let subject = subject();
    let loads = Cell::new(0);
    let load = || {
        loads.set(loads.get() + 1);
        Err(FAILED)
    };
    let unasked = |_: Account| -> Transition<()> { panic!("there is no account to ask about") };
    let decided = decide(&subject, load, unasked, |_| Ok(()));
    assert_eq!(decided.unwrap_err(), Unsaved::Failed(FAILED));
    let decided = decide_async(&subject, || ready(load()), unasked, |_| ready(Ok(())));
    assert_eq!(completed(decided).unwrap_err(), Unsaved::Failed(FAILED));
    assert_eq!(loads.get(), 2);

    let writes = Cell::new(0);
    let replace = |_| {
        writes.set(writes.get() + 1);
        Err(Unsaved::Failed(FAILED))
    };
    let decided = decide(&subject, || Ok(None), change, replace);
    assert_eq!(decided.unwrap_err(), Unsaved::Failed(FAILED));
    let decided = decide_async(
        &subject,
        || ready(Ok(None)),
        change,
        |next| ready(replace(next)),
    );
    assert_eq!(completed(decided).unwrap_err(), Unsaved::Failed(FAILED));
    assert_eq!(writes.get(), 2);
}

/// An error of a store with a source, like that of a database.
#[derive(Debug, PartialEq)]
struct Down(NoRoute);

#[derive(Debug, PartialEq)]
struct NoRoute;

impl fmt::Display for Down {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(FAILED)
    }
}

impl core::error::Error for Down {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl fmt::Display for NoRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no route to the host")
    }
}

impl core::error::Error for NoRoute {}

#[test]
fn an_unsaved_error_shows_the_stores_error_and_its_source() {
    let failed = Unsaved::Failed(Down(NoRoute));
    assert_eq!(failed.to_string(), "the store is down");
    let cause = core::error::Error::source(&failed).unwrap();
    assert_eq!(cause.to_string(), "no route to the host");

    let conflict = Unsaved::<Down>::Conflict;
    assert_eq!(
        conflict.to_string(),
        "conflict: another revision is stored, so load and ask again"
    );
    assert!(core::error::Error::source(&conflict).is_none());
}
