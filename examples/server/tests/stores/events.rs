//! Audit events: written with their account, in order, and read until they are deleted.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use oob_mfa::{Account, Engine, Event, Key, KeyRing, Limit, Next, Policy};
use oob_mfa_server::store::{AuditRecord, BATCH, Store, StoreError};
use serde_json::json;
use time::UtcDateTime;

use super::common::backend::{Backend, Kind};
use super::{account, open};

const NOW: i64 = 1_800_000_000;

/// The account with the next revision and these events.
async fn step(
    store: &dyn Store,
    account: &Account,
    events: &[Event],
) -> Result<Account, StoreError> {
    let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
    let now = UtcDateTime::from_unix_timestamp(NOW).unwrap();
    let mut next = account.clone();
    let restored = engine.restore_budgets(account.clone(), now);
    let saved = restored.commit_async(async |saved| {
        next = saved.account().clone();
        let saved = Next::without_outcome(next.clone(), events.to_vec());
        store.replace(&saved).await
    });
    saved.await.map(|_| next)
}

/// All stored events, in order.
async fn drain(store: &dyn Store) -> Vec<AuditRecord> {
    let taken = Mutex::new(Vec::new());
    let take = |record: &AuditRecord| taken.lock().unwrap().push(record.clone());
    let count = store.drain_events(&take).await.unwrap();
    let taken = taken.into_inner().unwrap();
    assert_eq!(taken.len(), count);
    taken
}

/// Subject and revision of each.
fn changes(records: &[AuditRecord]) -> Vec<(&str, u64)> {
    let changes = records
        .iter()
        .map(|record| (record.subject.as_str(), record.revision));
    changes.collect()
}

const TWO: [Event; 2] = [Event::RecoveryCodeUsed, Event::BudgetsRestored];

pub fn events_come_with_their_change_and_are_forgotten_once_taken(backend: &Backend) {
    let store = open(backend);
    backend.runtime.block_on(async {
        assert_eq!(drain(&*store).await, []);
        let alice = step(&*store, &account("a\0lice"), &TWO).await.unwrap();
        // A write that lost the race has no events.
        let lost = step(&*store, &account("a\0lice"), &TWO).await;
        assert!(matches!(lost, Err(StoreError::Conflict)));
        let retry_at = UtcDateTime::from_unix_timestamp(NOW + 1).unwrap();
        let limit = Limit::BindingFailures;
        let reached = Event::LimitReached { limit, retry_at };
        step(&*store, &account("bob"), &[reached]).await.unwrap();
        // A change without events is allowed.
        let alice = step(&*store, &alice, &[]).await.unwrap();
        assert_eq!(alice.revision(), 2);
        let wrong = Event::WrongRecoveryCode { failures: 3 };
        step(&*store, &alice, &[wrong]).await.unwrap();

        let record = |subject: &str, revision: u64, event: serde_json::Value| {
            let mut whole = json!({ "subject": subject, "revision": revision, "at": NOW * 1000 });
            let fields = event.as_object().unwrap().clone();
            whole.as_object_mut().unwrap().extend(fields);
            serde_json::from_value::<AuditRecord>(whole).unwrap()
        };
        let expected = [
            record(
                "a\0lice",
                1,
                json!({ "event": "recovery_code_used", "notify": true }),
            ),
            record(
                "a\0lice",
                1,
                json!({ "event": "budgets_restored", "notify": false }),
            ),
            record(
                "bob",
                1,
                json!({ "event": "limit_reached", "notify": true, "limit": "binding_failures",
                        "retry_at": (NOW + 1) * 1000 }),
            ),
            record(
                "a\0lice",
                3,
                json!({ "event": "wrong_recovery_code", "notify": false, "failures": 3 }),
            ),
        ];
        assert_eq!(drain(&*store).await, expected);
        assert_eq!(drain(&*store).await, []);
        step(&*store, &account("carol"), &TWO[..1]).await.unwrap();
        assert_eq!(changes(&drain(&*store).await), [("carol", 1)]);
    });
    // The next process does not get them either.
    drop(store);
    let store = open(backend);
    assert_eq!(backend.runtime.block_on(drain(&*store)), []);
}

/// Like a process that is killed before its log has the line.
pub fn events_that_were_not_taken_are_there_for_the_next_process(backend: &Backend) {
    let store = open(backend);
    backend.runtime.block_on(async {
        let alice = step(&*store, &account("alice"), &TWO).await.unwrap();
        step(&*store, &alice, &TWO[..1]).await.unwrap();
        let dying = Arc::clone(&store);
        let died = tokio::spawn(async move {
            let seen = AtomicUsize::new(0);
            let take = |_: &AuditRecord| assert_eq!(seen.fetch_add(1, SeqCst), 0, "the end");
            dying.drain_events(&take).await
        });
        assert!(died.await.unwrap_err().is_panic());
    });
    drop(store);
    let store = open(backend);
    backend.runtime.block_on(async {
        let left = drain(&*store).await;
        assert_eq!(changes(&left), [("alice", 1), ("alice", 1), ("alice", 2)]);
        assert_eq!(drain(&*store).await, []);
    });
}

pub fn more_events_than_a_batch_come_in_order(backend: &Backend) {
    let store = open(backend);
    backend.runtime.block_on(async {
        let events = [Event::BudgetsRestored; 100];
        let mut alice = account("alice");
        for _ in 0..3 {
            alice = step(&*store, &alice, &events).await.unwrap();
        }
        let first = drain(&*store).await;
        alice = step(&*store, &alice, &events[..1]).await.unwrap();
        assert_eq!(alice.revision(), 4);
        let second = drain(&*store).await;
        assert_eq!((first.len(), second.len()), (BATCH, 301 - BATCH));
        let revisions = [first, second].concat();
        let revisions = revisions.iter().map(|record| record.revision);
        let expected = [[1; 100], [2; 100], [3; 100]].concat();
        assert!(revisions.eq(expected.into_iter().chain([4])));
    });
}

/// Text from another writer is logged unchanged and blocks nothing.
pub fn an_unreadable_event_does_not_block_others(backend: &Backend) {
    let store = open(backend);
    match &backend.kind {
        // Only the server writes its file.
        Kind::Redb { .. } => return,
        Kind::Postgres { .. } => {
            backend.sql("INSERT INTO oob_mfa_events (event) VALUES ('{}')");
        }
        Kind::Redis { .. } => {
            backend.redis_command(&["XADD", "oob-mfa:events", "*", "event", "{}"]);
        }
    }
    backend.runtime.block_on(async {
        step(&*store, &account("alice"), &TWO[..1]).await.unwrap();
        let taken = Mutex::new(Vec::new());
        let take = |record: &AuditRecord| taken.lock().unwrap().push(record.revision);
        assert_eq!(store.drain_events(&take).await.unwrap(), 2);
        assert_eq!(taken.into_inner().unwrap(), [1]);
        assert_eq!(drain(&*store).await, []);
    });
}

/// Ids are assigned before commits: a lower one may appear later.
#[test]
fn an_event_that_commits_late_is_not_skipped() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let store = open(&backend);
    backend.runtime.block_on(async {
        let other = backend.client().await;
        let late =
            r#"{"subject":"late","revision":7,"at":0,"event":"account_reset","notify":true}"#;
        let insert = format!("BEGIN; INSERT INTO oob_mfa_events (event) VALUES ('{late}')");
        other.batch_execute(&insert).await.unwrap();
        step(&*store, &account("alice"), &TWO[..1]).await.unwrap();
        assert_eq!(changes(&drain(&*store).await), [("alice", 1)]);
        other.batch_execute("COMMIT").await.unwrap();
        assert_eq!(changes(&drain(&*store).await), [("late", 7)]);
    });
}

/// Several processes write and read at once: every event is read once, and those of an account in
/// order.
#[test]
fn one_of_several_processes_takes_an_event() {
    const EACH: u64 = 25;
    for backend in Backend::postgres().into_iter().chain(Backend::redis()) {
        let stores = [(); 4].map(|()| open(&backend));
        backend.runtime.block_on(async {
            let (taken, written) = (
                Arc::new(Mutex::new(Vec::new())),
                Arc::new(AtomicBool::new(false)),
            );
            let readers = stores.each_ref().map(|store| {
                let (store, taken, written) =
                    (Arc::clone(store), Arc::clone(&taken), Arc::clone(&written));
                tokio::spawn(async move {
                    let take = |record: &AuditRecord| taken.lock().unwrap().push(record.clone());
                    loop {
                        let all = written.load(SeqCst);
                        let count = store.drain_events(&take).await.unwrap();
                        if all && count == 0 {
                            return;
                        }
                    }
                })
            });
            let writers = ["alice", "bob", "carol", "dave"].map(|subject| {
                let stores = stores.clone();
                tokio::spawn(async move {
                    let mut account = account(subject);
                    for turn in 0..EACH {
                        let store = &stores[usize::try_from(turn).unwrap() % stores.len()];
                        account = step(&**store, &account, &TWO).await.unwrap();
                    }
                })
            });
            for writer in writers {
                writer.await.unwrap();
            }
            written.store(true, SeqCst);
            for reader in readers {
                reader.await.unwrap();
            }
            let taken = taken.lock().unwrap();
            for subject in ["alice", "bob", "carol", "dave"] {
                let of = taken
                    .iter()
                    .filter(|record| record.subject.as_str() == subject);
                let events = of.map(|record| (record.revision, &*record.event));
                let expected = (1..=EACH).flat_map(|revision| {
                    [
                        (revision, "recovery_code_used"),
                        (revision, "budgets_restored"),
                    ]
                });
                assert!(events.eq(expected), "{subject}: {taken:?}");
            }
        });
    }
}
