//! Tests `StoreTest`: it passes a correct store, and finds each way to break the duty.
//!
//! By default some of the tests run, each with the first of its cases. `OOB_MFA_LONG=1` runs all.

mod kept;
mod passing;
mod races;
mod said;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use oob_mfa::{Account, Next, Subject, Unsaved};
use oob_mfa_testing::{Breach, Duty, MemoryStore, MemoryStoreUnavailable, Report, Rule, StoreTest};

fn is_long() -> bool {
    std::env::var("OOB_MFA_LONG").is_ok_and(|long| long == "1")
}

/// Whether to skip a test; it prints so.
fn is_skipped() -> bool {
    if !is_long() {
        println!("skipped: OOB_MFA_LONG=1 runs it");
    }
    !is_long()
}

/// The cases of a test: all of them, or the first.
fn cases<T>(all: impl IntoIterator<Item = T>) -> impl Iterator<Item = T> {
    all.into_iter().take(if is_long() { usize::MAX } else { 1 })
}

type Records = RefCell<HashMap<Subject, Account>>;
type Saved = Result<(), Unsaved<&'static str>>;

/// Yields once to the others.
async fn give_way() {
    let mut given = false;
    poll_fn(|context| {
        if given {
            return Poll::Ready(());
        }
        given = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn stored(records: &Records, subject: &Subject) -> Option<Account> {
    records.borrow().get(subject).cloned()
}

fn revision(records: &Records, subject: &Subject) -> Option<u64> {
    records.borrow().get(subject).map(Account::revision)
}

fn put(records: &Records, account: Account) {
    records
        .borrow_mut()
        .insert(account.subject().clone(), account);
}

/// Like a database: waits for a write in progress.
fn replace(records: &Records, account: Account) -> Saved {
    replace_if(records, account, |there, replaces| there == replaces)
}

/// Compares the stored revision and the replaced one in this way.
fn replace_if(
    records: &Records,
    account: Account,
    is_same: impl Fn(Option<u64>, Option<u64>) -> bool,
) -> Saved {
    if !is_same(revision(records, account.subject()), account.replaces()) {
        return Err(Unsaved::Conflict);
    }
    put(records, account);
    Ok(())
}

/// The report on a store with a correct load and this replace.
fn replacing(records: &Records, replace: impl AsyncFn(Next) -> Saved) -> Report {
    let load = async |subject: Subject| Ok(stored(records, &subject));
    StoreTest::new(load, replace).run_blocking()
}

/// The report on a store that compares the revisions in this way.
fn comparing(is_same: impl Fn(Option<u64>, Option<u64>) -> bool) -> Report {
    let records = Records::default();
    replacing(&records, async |next: Next| {
        replace_if(&records, next.account().clone(), &is_same)
    })
}

/// The report on a store with room for this many subjects, that forgets the oldest.
fn forgetting(kept: usize) -> Report {
    let (records, order) = (Records::default(), RefCell::new(Vec::new()));
    replacing(&records, async |next: Next| {
        give_way().await;
        let subject = next.account().subject().clone();
        let is_new = next.account().replaces().is_none();
        replace(&records, next.account().clone())?;
        let mut order = order.borrow_mut();
        if is_new {
            order.push(subject);
        }
        if order.len() > kept {
            records.borrow_mut().remove(&order.remove(0));
        }
        Ok(())
    })
}

/// The report on a store in which only these writes survive a restart.
fn surviving(is_durable: impl Fn(&Account) -> bool) -> Report {
    let (durable, memory) = (Records::default(), Records::default());
    let restart = async || memory.borrow_mut().clone_from(&durable.borrow());
    StoreTest::new(
        async |subject: Subject| Ok::<_, &str>(stored(&memory, &subject)),
        async |next: Next| {
            give_way().await;
            replace(&memory, next.account().clone())?;
            if is_durable(next.account()) {
                put(&durable, next.account().clone());
            }
            Ok(())
        },
    )
    .restarting(restart)
    .run_blocking()
}

fn breach(report: &Report, duty: Duty, rule: Option<Rule>) -> &Breach {
    let is_it = |breach: &&Breach| breach.duty() == duty && breach.rule() == rule;
    report
        .breaches()
        .iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("not found: {report}"))
}

/// The first line: the duty, and the finding.
fn found(breach: &Breach) -> String {
    breach.to_string().lines().next().unwrap().to_owned()
}

fn shows(breach: &Breach, expected: &[&str]) {
    let steps: Vec<String> = breach.schedule().iter().map(ToString::to_string).collect();
    assert_eq!(steps, expected);
}

fn test_of(
    store: &MemoryStore,
) -> StoreTest<impl AsyncFn(Subject) -> Loaded, impl AsyncFn(Next) -> Replaced> {
    StoreTest::blocking(
        Arc::new(store.clone()),
        |store, subject| store.load(subject),
        |store, next| store.replace(next),
    )
}

type Loaded = Result<Option<Account>, MemoryStoreUnavailable>;
type Replaced = Result<(), Unsaved<MemoryStoreUnavailable>>;

/// The largest record, by rule 12. In a test the revision is shorter.
const LARGEST: usize = 3_968;

#[test]
fn every_rule_has_its_number_and_a_name() {
    let numbers: Vec<u8> = Rule::ALL.iter().map(|rule| rule.number()).collect();
    assert_eq!(numbers, (1..=17).collect::<Vec<u8>>());
    let names: HashSet<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(names.len(), 17);
    assert_eq!(Rule::Once.to_string(), "rule 2 (once)");
}
