//! What holds up or fails one write of a batch, and what fails all of them.

use std::time::{Duration, Instant};

use oob_mfa::Account;
use oob_mfa_server::store::{Store, StoreError};
use tokio::time::timeout;

use super::batches::{
    Begun, REFUSE, count, end, hold_up, is_unavailable, lock, on_postgres, revision, session,
    stored, until_waiting, write,
};
use super::common::backend::Backend;
use super::{account, is_conflict, open, step};

/// a000 and those that follow, at their first revision.
async fn many(store: &dyn Store, number: usize) -> Vec<Account> {
    let mut accounts = Vec::new();
    for n in 0..number {
        let new = account(&format!("a{n:03}"));
        accounts.push(step(store, &new).await.unwrap());
    }
    accounts
}

async fn write_all<'a>(store: &'a dyn Store, accounts: &'a [Account]) -> Vec<Begun<'a, Account>> {
    let mut begun = Vec::new();
    for account in accounts {
        // tokio would send no more than 128 without that.
        tokio::task::yield_now().await;
        begun.push(write(store, account).await);
    }
    begun
}

async fn revisions(backend: &Backend) -> i64 {
    let sum = "SELECT sum(revision)::bigint FROM oob_mfa_accounts";
    count(backend, sum).await
}

#[test]
fn a_write_whose_caller_is_gone_is_not_asked_again() {
    on_postgres(async |backend, store| {
        let accounts = many(store, 200).await;
        let [first, mallory] = stored(store, ["first", "mallory"]).await;
        let client = backend.client().await;
        client.batch_execute(REFUSE).await.unwrap();
        let refuse = "ALTER TABLE oob_mfa_accounts ADD CHECK (revision = 1 OR refuse(subject))";
        client.batch_execute(refuse).await.unwrap();
        let before = revisions(backend).await;

        let held = hold_up(backend, &lock("first"), write(store, &first)).await;
        let batch_locked = session(backend, &lock("a000")).await;
        let mallory = write(store, &mallory).await;
        let mut batch = write_all(store, &accounts).await;
        let first = held.release().await.unwrap();
        until_waiting(backend, 1).await;
        let kept = batch.swap_remove(100);
        drop(batch);
        end(&batch_locked).await;
        assert!(is_unavailable(&mallory.await));
        assert_eq!(kept.await.unwrap().revision(), 2);
        // The queue has finished the batch before it.
        step(store, &first).await.unwrap();
        assert_eq!(revisions(backend).await, before + 3);
        assert_eq!(revision(store, "a100").await, 2);
    });
}

#[test]
fn nothing_of_a_batch_that_is_cancelled_is_stored_later() {
    on_postgres(async |backend, store| {
        let accounts = many(store, 200).await;
        let [first] = stored(store, ["first"]).await;
        let held = hold_up(backend, &lock("first"), write(store, &first)).await;
        let batch_locked = session(backend, &lock("a100")).await;
        let batch = write_all(store, &accounts).await;
        let first = held.release().await.unwrap();
        until_waiting(backend, 1).await;
        let before = revisions(backend).await;

        let cancel = "SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity \
                      WHERE application_name = current_setting('application_name') \
                      AND wait_event_type = 'Lock'";
        assert_eq!(count(backend, cancel).await, 1);
        for answer in batch {
            let answer = answer.await;
            let Err(StoreError::Unavailable(error)) = answer else {
                panic!("{answer:?}");
            };
            assert!(error.to_string().contains("user request"), "{error}");
        }
        end(&batch_locked).await;
        step(store, &first).await.unwrap();
        assert_eq!(revisions(backend).await, before + 1);
    });
}

/// Mallory's write fails with the stored code. Statements are counted, and the last one's session is kept.
const FAIL: &str = "\
    CREATE TABLE failure (code text);
    INSERT INTO failure VALUES ('');
    CREATE SEQUENCE asked;
    CREATE SEQUENCE process;
    CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM nextval('asked'), setval('process', pg_backend_pid());
        RETURN NULL;
    END $$;
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE failing text := (SELECT code FROM failure);
    BEGIN
        RAISE 'it fails' USING ERRCODE = failing;
    END $$;
    CREATE TRIGGER note BEFORE UPDATE ON oob_mfa_accounts EXECUTE FUNCTION note();
    CREATE TRIGGER fail BEFORE UPDATE ON oob_mfa_accounts FOR EACH ROW
        WHEN (OLD.subject = 'mallory') EXECUTE FUNCTION fail()";

#[test]
fn an_error_that_one_row_can_have_fails_one_write_and_any_other_fails_its_batch() {
    on_postgres(async |backend, store| {
        let [mut first, mut alice, mallory, mut zoe] =
            stored(store, ["first", "alice", "mallory", "zoe"]).await;
        let client = backend.client().await;
        client.batch_execute(FAIL).await.unwrap();
        let asked = "SELECT last_value FROM asked";
        let process = "SELECT last_value FROM process";
        first = step(store, &first).await.unwrap();
        for (code, ends_alone) in [
            ("22003", true),
            ("23514", true),
            ("P0001", true),
            ("40001", true),
            ("40P01", true),
            ("55P03", true),
            ("08006", false),
            ("25006", false),
            ("40003", false),
            ("53100", false),
            ("53300", false),
            ("57014", false),
            ("58030", false),
            ("XX000", false),
        ] {
            let used = count(backend, process).await;
            let set = "UPDATE failure SET code = $1";
            client.execute(set, &[&code]).await.unwrap();
            let held = hold_up(backend, &lock("first"), write(store, &first)).await;
            let (next, a, m, z) = {
                let a = write(store, &alice).await;
                let m = write(store, &mallory).await;
                let z = write(store, &zoe).await;
                let next = held.release().await.unwrap();
                (next, a.await, m.await, z.await)
            };
            if ["40001", "40P01"].contains(&code) {
                assert!(is_conflict(m), "{code}");
            } else {
                assert!(is_unavailable(&m), "{code}");
            }
            let before = count(backend, asked).await;
            if ends_alone {
                (alice, zoe) = (a.unwrap(), z.unwrap());
            } else {
                assert!(is_unavailable(&a) && is_unavailable(&z), "{code}");
            }
            for one in [&alice, &mallory, &zoe] {
                let subject = one.subject().as_str();
                assert_eq!(revision(store, subject).await, one.revision(), "{code}");
            }
            first = step(store, &next).await.unwrap();
            // Nothing of the batch was asked meanwhile. A connection remains after an error of a row.
            assert_eq!(count(backend, asked).await, before + 1, "{code}");
            let same = count(backend, process).await == used;
            assert_eq!(same, ends_alone, "{code}");
        }
        // One before; per code, two writes alone and a batch; for six of them, three that are asked again.
        assert_eq!(count(backend, asked).await, 1 + 14 * 3 + 6 * 3);
    });
}

#[test]
fn a_locked_row_holds_up_only_its_own_write() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let store = &*open(&backend);
    backend.runtime.block_on(async {
        let accounts = many(store, 50).await;
        let locked = session(&backend, &lock("a025")).await;
        let asked = Instant::now();
        let answers = write_all(store, &accounts).await;
        for (n, answer) in answers.into_iter().enumerate() {
            let answer = answer.await;
            if n == 25 {
                let Err(StoreError::Unavailable(error)) = answer else {
                    panic!("{answer:?}");
                };
                assert!(error.to_string().contains("lock timeout"), "{error}");
            } else {
                assert_eq!(answer.unwrap().revision(), 2, "{n}");
            }
        }
        let waited = asked.elapsed();
        assert!(waited < Duration::from_secs(2), "{waited:?}");
        end(&locked).await;
        assert_eq!(step(store, &accounts[25]).await.unwrap().revision(), 2);
    });
}

#[test]
fn a_caller_that_is_not_polled_holds_nobody_up() {
    on_postgres(async |_, store| {
        let [first, alice] = stored(store, ["first", "alice"]).await;
        let kept = write(store, &first).await;
        let other = timeout(Duration::from_secs(30), step(store, &alice)).await;
        assert_eq!(other.expect("it ends").unwrap().revision(), 2);
        assert_eq!(kept.await.unwrap().revision(), 2);
    });
}

#[test]
fn a_reader_of_events_that_failed_leaves_its_connection_usable() {
    on_postgres(async |backend, store| {
        let [alice] = stored(store, ["alice"]).await;
        let client = backend.client().await;
        let fail = "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS \
                    $$ BEGIN RAISE 'it fails'; END $$; \
                    CREATE TRIGGER fail BEFORE DELETE ON oob_mfa_events EXECUTE FUNCTION fail()";
        client.batch_execute(fail).await.unwrap();
        assert!(is_unavailable(&store.drain_events(&|_| ()).await));
        assert_eq!(step(store, &alice).await.unwrap().revision(), 2);
        assert_eq!(revision(store, "alice").await, 2);
        let heal = "DROP TRIGGER fail ON oob_mfa_events";
        client.batch_execute(heal).await.unwrap();
        assert_eq!(store.drain_events(&|_| ()).await.unwrap(), 2);
    });
}
