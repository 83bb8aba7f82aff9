//! The contract of a store, tested on redb, PostgreSQL and Redis.

#[path = "stores/batches.rs"]
mod batches;
#[path = "common/world.rs"]
mod common;
#[path = "stores/events.rs"]
mod events;
#[path = "stores/held_up.rs"]
mod held_up;
#[allow(dead_code, reason = "of its faults, one is used here")]
#[path = "faults/proxy.rs"]
mod proxy;
#[path = "stores/rate.rs"]
mod rate;

use std::sync::Arc;

use common::backend::{Backend, Kind, of_every_store};
use events::*;
use oob_mfa::{Account, Engine, Key, KeyRing, Policy, Subject};
use oob_mfa_server::store::{self, Store, StoreError};
use time::UtcDateTime;

of_every_store! {
    a_write_replaces_the_revision_it_was_made_from_and_no_other
    one_of_several_writers_succeeds
    every_subject_has_its_own_record
    a_record_that_cannot_be_read_is_not_overwritten
    a_store_is_empty_until_it_has_an_account
    events_come_with_their_change_and_are_forgotten_once_taken
    events_that_were_not_taken_are_there_for_the_next_process
    more_events_than_a_batch_come_in_order
    an_unreadable_event_does_not_block_others
}

fn open(backend: &Backend) -> Arc<dyn Store> {
    let url = backend.url.parse().unwrap();
    backend.runtime.block_on(store::open(&url)).unwrap()
}

/// The account with the next revision.
async fn step(store: &dyn Store, account: &Account) -> Result<Account, StoreError> {
    let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
    let mut next = account.clone();
    engine
        .restore_budgets(account.clone(), UtcDateTime::UNIX_EPOCH)
        .commit_async(async |saved| {
            next = saved.account().clone();
            store.replace(&saved).await
        })
        .await
        .map(|_| next)
}

fn account(subject: &str) -> Account {
    Account::new(subject.parse().unwrap())
}

fn is_conflict(saved: Result<Account, StoreError>) -> bool {
    matches!(saved, Err(StoreError::Conflict))
}

fn a_write_replaces_the_revision_it_was_made_from_and_no_other(backend: &Backend) {
    let store = open(backend);
    let elsewhere = Backend::redb();
    let elsewhere = open(&elsewhere);
    let alice: Subject = "alice".parse().unwrap();
    let second = backend.runtime.block_on(async {
        assert!(store.load(alice.clone()).await.unwrap().is_none());

        let new = Account::new(alice.clone());
        let first = step(&*store, &new).await.unwrap();
        assert_eq!(store.load(alice.clone()).await.unwrap().unwrap(), first);
        // An insert succeeds once.
        assert!(is_conflict(step(&*store, &new).await));
        let second = step(&*store, &first).await.unwrap();
        // A replacement succeeds once, and nothing else was stored.
        assert!(is_conflict(step(&*store, &first).await));
        assert!(is_conflict(step(&*store, &new).await));
        assert_eq!(store.load(alice.clone()).await.unwrap().unwrap(), second);
        assert_eq!(second.revision(), 2);

        // Another user has another record, and a missing record is not replaced.
        let bob = step(&*store, &account("bob")).await.unwrap();
        let carol = step(&*elsewhere, &account("carol")).await.unwrap();
        assert!(is_conflict(step(&*store, &carol).await));
        assert!(store.load(carol.subject().clone()).await.unwrap().is_none());
        assert_eq!(
            store.load(bob.subject().clone()).await.unwrap().unwrap(),
            bob
        );
        second
    });

    drop(store);
    let store = open(backend);
    let again = backend.runtime.block_on(store.load(alice));
    assert_eq!(again.unwrap().unwrap(), second);
}

fn one_of_several_writers_succeeds(backend: &Backend) {
    const WRITERS: usize = 32;
    let store = open(backend);
    backend.runtime.block_on(async {
        let mut account = account("alice");
        // The first round races to insert, the others to replace.
        for revision in 1..=5 {
            let writers: Vec<_> = (0..WRITERS)
                .map(|_| {
                    let (store, account) = (Arc::clone(&store), account.clone());
                    tokio::spawn(async move { step(&*store, &account).await })
                })
                .collect();
            let mut through = Vec::new();
            for writer in writers {
                match writer.await.unwrap() {
                    Ok(account) => through.push(account),
                    Err(error) => assert!(matches!(error, StoreError::Conflict), "{error}"),
                }
            }
            assert_eq!(through.len(), 1);
            account = through.remove(0);
            assert_eq!(account.revision(), revision);
            let stored = store.load(account.subject().clone()).await.unwrap();
            assert_eq!(stored.unwrap(), account);
        }
    });
}

fn a_store_is_empty_until_it_has_an_account(backend: &Backend) {
    let store = open(backend);
    backend.runtime.block_on(async {
        assert!(store.is_empty().await.unwrap());
        step(&*store, &account("alice")).await.unwrap();
        assert!(!store.is_empty().await.unwrap());
    });
}

fn every_subject_has_its_own_record(backend: &Backend) {
    let store = open(backend);
    let longest = "ü".repeat(127) + "!";
    let subjects = [
        "alice", "Alice", "alice ", " alice", "alice\0", "a'; --", "{a}", "*", "a\r\nb", "é",
        "e\u{301}", &longest,
    ];
    backend.runtime.block_on(async {
        for (steps, subject) in (1..).zip(subjects) {
            let mut account = account(subject);
            for _ in 0..steps {
                account = step(&*store, &account).await.unwrap();
            }
        }
        for (steps, subject) in (1..).zip(subjects) {
            let stored = store.load(subject.parse().unwrap()).await.unwrap().unwrap();
            assert_eq!(stored.subject().as_str(), subject);
            assert_eq!(stored.revision(), steps);
        }
    });
}

fn a_record_that_cannot_be_read_is_not_overwritten(backend: &Backend) {
    // Opened once, for the table.
    drop(open(backend));
    let whole = {
        let store = open(backend);
        let saved = backend.runtime.block_on(step(&*store, &account("bob")));
        saved.unwrap();
        drop(store);
        backend.record("bob").unwrap()
    };
    let longer = [&whole[..], &[0]].concat();
    for bytes in [&b""[..], b"no record", &whole[..whole.len() - 1], &longer] {
        backend.restore("bob", 1, bytes);
        let store = open(backend);
        backend.runtime.block_on(async {
            assert!(matches!(
                store.load("bob".parse().unwrap()).await,
                Err(StoreError::Broken(_))
            ));
            assert!(matches!(
                step(&*store, &account("bob")).await,
                Err(StoreError::Broken(_) | StoreError::Conflict)
            ));
        });
        drop(store);
        assert_eq!(backend.record("bob").unwrap(), bytes);
    }
}

/// If the revision is stored beside the record, writes compare that one.
#[test]
fn a_record_whose_revision_differs_from_its_column_is_broken() {
    for backend in Backend::postgres().into_iter().chain(Backend::redis()) {
        let store = open(&backend);
        let saved = backend.runtime.block_on(step(&*store, &account("alice")));
        saved.unwrap();
        let record = backend.record("alice").unwrap();
        for (revision, broken) in [
            (0, true),
            (1, false),
            (2, true),
            (-1, true),
            (i64::MAX, true),
        ] {
            backend.restore("alice", revision, &record);
            let loaded = backend
                .runtime
                .block_on(store.load("alice".parse().unwrap()));
            match loaded {
                Err(StoreError::Broken(_)) => assert!(broken, "{revision}"),
                Ok(Some(account)) => assert!(!broken && account.revision() == 1, "{revision}"),
                other => panic!("{revision}: {other:?}"),
            }
        }
    }
}

#[test]
fn servers_that_start_at_once_make_the_tables_once() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let url = backend.url.parse().unwrap();
    backend.runtime.block_on(async {
        let starts: Vec<_> = (0..8)
            .map(|_| {
                let url: store::StoreUrl = backend.url.parse().unwrap();
                tokio::spawn(async move { store::open(&url).await.map(drop) })
            })
            .collect();
        for start in starts {
            start.await.unwrap().unwrap();
        }
        let client = backend.client().await;
        let versions = client
            .query("SELECT version FROM oob_mfa_schema", &[])
            .await;
        let versions: Vec<i32> = versions.unwrap().iter().map(|row| row.get(0)).collect();
        assert_eq!(versions, [1]);

        // A newer schema is not changed.
        client
            .execute("INSERT INTO oob_mfa_schema VALUES (2)", &[])
            .await
            .unwrap();
        let refused = store::open(&url).await.map(drop).unwrap_err();
        assert_eq!(
            refused,
            "PostgreSQL: the store is unavailable: its tables have version 2, but this server knows only 1: start a newer server"
        );
    });
}

/// Once the tables exist, a server needs no right to create anything.
#[test]
fn a_role_that_may_only_read_and_write_is_enough() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    drop(open(&backend));
    let Kind::Postgres { schema, .. } = &backend.kind else {
        unreachable!();
    };
    let role = format!("role_{schema}");
    backend.sql(&format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {schema} TO {role}; \
         GRANT SELECT ON oob_mfa_schema TO {role}; \
         GRANT SELECT, INSERT, UPDATE ON oob_mfa_accounts TO {role}; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON oob_mfa_events TO {role}"
    ));
    let url: store::StoreUrl = backend
        .url
        .replace("//postgres@", &format!("//{role}@"))
        .parse()
        .unwrap();
    let store = backend.runtime.block_on(store::open(&url)).unwrap();
    backend.runtime.block_on(async {
        let first = step(&*store, &account("alice")).await.unwrap();
        step(&*store, &first).await.unwrap();
        assert_eq!(store.drain_events(&|_| {}).await.unwrap(), 2);
    });
    backend.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
}

/// A standby cancels a read that blocks replication, with the error code of a lost race. For a read
/// that is not a conflict, because nothing was read to judge again.
#[test]
fn a_read_that_a_standby_cancels_is_retried_and_then_fails() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let store = open(&backend);
    backend.sql(
        "ALTER TABLE oob_mfa_accounts RENAME TO kept;
         CREATE SEQUENCE asked;
         CREATE FUNCTION read() RETURNS SETOF kept LANGUAGE plpgsql AS $$
         BEGIN
             PERFORM nextval('asked');
             RAISE 'canceling statement due to conflict with recovery' USING ERRCODE = '40001';
         END $$;
         CREATE VIEW oob_mfa_accounts AS SELECT * FROM read()",
    );
    let asked = store.load("alice".parse().unwrap());
    let loaded = backend.runtime.block_on(asked);
    let Err(StoreError::Unavailable(error)) = loaded else {
        panic!("{loaded:?}");
    };
    let words = "canceling statement due to conflict with recovery";
    assert!(error.to_string().contains(words), "{error}");
    let times = backend.runtime.block_on(async {
        let query = "SELECT last_value FROM asked";
        let row = backend.client().await.query_one(query, &[]).await;
        row.unwrap().get::<_, i64>(0)
    });
    assert_eq!(times, 2);
}
