//! Concurrent requests to PostgreSQL share a statement, and each gets its own answer.

use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use oob_mfa::Account;
use oob_mfa_server::store::{Store, StoreError};
use tokio::time::timeout;
use tokio_postgres::Client;

use super::common::backend::{Backend, Kind};
use super::proxy::{Fault, Proxy};
use super::{account, is_conflict, open, step};

pub type Begun<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + 'a>>;

/// Polls the request once. It is then in the queue, and has no answer yet.
pub async fn begin<'a, T>(asked: impl Future<Output = Result<T, StoreError>> + 'a) -> Begun<'a, T> {
    let mut asked: Begun<'a, T> = Box::pin(asked);
    std::future::poll_fn(|context| {
        assert!(asked.as_mut().poll(context).is_pending());
        Poll::Ready(())
    })
    .await;
    asked
}

pub async fn write<'a>(store: &'a dyn Store, account: &'a Account) -> Begun<'a, Account> {
    begin(step(store, account)).await
}

/// Accounts at their first revision.
pub async fn stored<const N: usize>(store: &dyn Store, subjects: [&str; N]) -> [Account; N] {
    let mut accounts = subjects.map(account);
    for account in &mut accounts {
        *account = step(store, account).await.unwrap();
    }
    accounts
}

/// A session with an open transaction that ran these statements; [`end`] rolls it back.
pub async fn session(backend: &Backend, statements: &str) -> Client {
    let client = backend.client().await;
    client.batch_execute("BEGIN").await.unwrap();
    client.batch_execute(statements).await.unwrap();
    client
}

/// A request that waits for the locks of a session. Later requests gather behind it.
pub struct Held<'a, T> {
    session: Client,
    under_way: Begun<'a, T>,
}

pub async fn hold_up<'a, T>(
    backend: &Backend,
    statements: &str,
    begin: impl Future<Output = Begun<'a, T>>,
) -> Held<'a, T> {
    let session = session(backend, statements).await;
    let under_way = begin.await;
    until_waiting(backend, 1).await;
    Held { session, under_way }
}

impl<T> Held<'_, T> {
    pub async fn release(self) -> Result<T, StoreError> {
        end(&self.session).await;
        self.under_way.await
    }
}

pub fn lock(subject: &str) -> String {
    format!("SELECT FROM oob_mfa_accounts WHERE subject = '{subject}' FOR UPDATE")
}

pub async fn end(session: &Client) {
    session.batch_execute("ROLLBACK").await.unwrap();
}

/// Returns when this number of sessions wait for a lock.
pub async fn until_waiting(backend: &Backend, expected: i64) {
    let Kind::Postgres { schema, .. } = &backend.kind else {
        unreachable!();
    };
    let client = backend.client().await;
    let query = "SELECT count(*) FROM pg_stat_activity \
                 WHERE application_name = $1 AND wait_event_type = 'Lock'";
    let waiting = async || {
        client
            .query_one(query, &[schema])
            .await
            .unwrap()
            .get::<_, i64>(0)
    };
    let reached = async { while waiting().await != expected {} };
    let reached = timeout(Duration::from_secs(30), reached).await;
    reached.expect("as many sessions wait");
}

/// The transaction that wrote each of these accounts.
async fn transactions<const N: usize>(backend: &Backend, subjects: [&str; N]) -> [u32; N] {
    let client = backend.client().await;
    let query = "SELECT xmin::text::bigint FROM oob_mfa_accounts WHERE subject = $1";
    let mut transactions = [0; N];
    for (transaction, subject) in transactions.iter_mut().zip(subjects) {
        let row = client.query_one(query, &[&subject.as_bytes()]).await;
        *transaction = row.unwrap().get::<_, i64>(0).try_into().unwrap();
    }
    transactions
}

pub async fn revision(store: &dyn Store, subject: &str) -> u64 {
    let loaded = store.load(subject.parse().unwrap()).await;
    loaded.unwrap().unwrap().revision()
}

async fn events(backend: &Backend) -> i64 {
    count(backend, "SELECT count(*) FROM oob_mfa_events").await
}

pub async fn count(backend: &Backend, query: &str) -> i64 {
    let row = backend.client().await.query_one(query, &[]).await;
    row.unwrap().get(0)
}

pub fn is_unavailable<T>(answer: &Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Unavailable(_)))
}

/// One whose statements wait for locks for as long as a test needs.
fn patient() -> Option<Backend> {
    let mut backend = Backend::postgres()?;
    let options = "options=-c%20lock_timeout%3D1min%20";
    backend.url = backend.url.replace("options=", options);
    Some(backend)
}

pub fn on_postgres(test: impl AsyncFn(&Backend, &dyn Store)) {
    let Some(backend) = patient() else {
        return;
    };
    let store = open(&backend);
    backend.runtime.block_on(test(&backend, &*store));
}

#[test]
fn a_write_that_conflicts_in_a_batch_conflicts_alone() {
    on_postgres(async |backend, store| {
        let [first, alice, bob, carol] = stored(store, ["first", "alice", "bob", "carol"]).await;
        step(store, &bob).await.unwrap();
        let held = hold_up(backend, &lock("first"), write(store, &first)).await;
        let next = [&alice, &bob, &carol];
        let [alice, bob, carol] = [
            write(store, next[0]).await,
            write(store, next[1]).await,
            write(store, next[2]).await,
        ];
        held.release().await.unwrap();
        assert_eq!(alice.await.unwrap().revision(), 2);
        assert!(is_conflict(bob.await));
        assert_eq!(carol.await.unwrap().revision(), 2);

        for subject in ["first", "alice", "bob", "carol"] {
            assert_eq!(revision(store, subject).await, 2, "{subject}");
        }
        let [first, alice, carol] = transactions(backend, ["first", "alice", "carol"]).await;
        assert!(first != alice && alice == carol);
        assert_eq!(events(backend).await, 8);
    });
}

#[test]
fn of_the_writes_of_one_account_in_a_batch_one_succeeds() {
    on_postgres(async |backend, store| {
        let [first, stale] = stored(store, ["first", "alice"]).await;
        let alice = step(store, &stale).await.unwrap();
        let held = hold_up(backend, &lock("first"), write(store, &first)).await;
        let stale = write(store, &stale).await;
        let one = write(store, &alice).await;
        let other = write(store, &alice).await;
        held.release().await.unwrap();
        assert!(is_conflict(stale.await));
        assert_eq!(one.await.unwrap().revision(), 3);
        assert!(is_conflict(other.await));
        assert_eq!(revision(store, "alice").await, 3);
        assert_eq!(events(backend).await, 5);
    });
}

#[test]
fn of_the_first_writes_of_one_account_in_a_batch_one_succeeds() {
    on_postgres(async |backend, store| {
        let [first, alice, bob] = ["first", "alice", "bob"].map(account);
        let inserted = "INSERT INTO oob_mfa_accounts VALUES ('first', 1, '')";
        let held = hold_up(backend, inserted, write(store, &first)).await;
        let one = write(store, &alice).await;
        let bob = write(store, &bob).await;
        let other = write(store, &alice).await;
        held.release().await.unwrap();
        assert_eq!(one.await.unwrap().revision(), 1);
        assert_eq!(bob.await.unwrap().revision(), 1);
        assert!(is_conflict(other.await));
        let [first, alice, bob] = transactions(backend, ["first", "alice", "bob"]).await;
        assert!(first != alice && alice == bob);
        assert_eq!(events(backend).await, 3);
    });
}

#[test]
fn a_lost_answer_fails_its_batch_and_nothing_is_retried() {
    let Some(backend) = patient() else {
        return;
    };
    let proxy = Proxy::to(backend.address());
    let url = backend.url_through(proxy.address).parse().unwrap();
    backend.runtime.block_on(async {
        let store = &*oob_mfa_server::store::open(&url).await.unwrap();
        let [first, alice, bob, carol] = stored(store, ["first", "alice", "bob", "carol"]).await;
        let held = hold_up(&backend, &lock("first"), write(store, &first)).await;
        let batch = [
            write(store, &alice).await,
            write(store, &bob).await,
            write(store, &carol).await,
        ];
        // The answer to three of them.
        proxy.set(Fault::LoseAnswer(|answer| {
            answer.windows(9).any(|part| part == b"SELECT 3\0")
        }));
        held.release().await.unwrap();
        for answer in batch {
            let answer = answer.await;
            assert!(is_unavailable(&answer), "{answer:?}");
        }
        assert_eq!(proxy.struck(), 1);

        // Written, once.
        let [alice, bob, carol] = transactions(&backend, ["alice", "bob", "carol"]).await;
        assert!(alice == bob && bob == carol);
        assert_eq!(events(&backend).await, 8);
        for subject in ["alice", "bob", "carol"] {
            assert_eq!(revision(store, subject).await, 2);
            let again = store.load(subject.parse().unwrap()).await.unwrap().unwrap();
            assert_eq!(step(store, &again).await.unwrap().revision(), 3);
        }
    });
}

#[test]
fn a_caller_that_stops_waiting_cancels_no_other_write() {
    on_postgres(async |backend, store| {
        let [first, alice, bob, carol] = stored(store, ["first", "alice", "bob", "carol"]).await;
        let held = hold_up(backend, &lock("first"), write(store, &first)).await;
        let also_locked = session(backend, &lock("alice")).await;
        let batch = [
            write(store, &alice).await,
            write(store, &bob).await,
            write(store, &carol).await,
        ];
        let [alice, bob, carol] = batch;
        // A write that has not begun never begins.
        drop(carol);
        held.release().await.unwrap();
        until_waiting(backend, 1).await;
        drop(alice);
        end(&also_locked).await;
        assert_eq!(bob.await.unwrap().revision(), 2);
        assert_eq!(revision(store, "alice").await, 2);
        assert_eq!(revision(store, "carol").await, 1);
    });
}

#[test]
fn after_a_deadlock_the_writes_of_a_batch_are_retried_one_by_one() {
    on_postgres(async |backend, store| {
        let [first, alice, bob] = stored(store, ["first", "alice", "bob"]).await;
        let held = hold_up(backend, &lock("first"), write(store, &first)).await;
        // PostgreSQL aborts the session that detects the deadlock. This one never does, so the batch is aborted.
        let patient = format!("SET deadlock_timeout = '1h'; {}", lock("bob"));
        let other = session(backend, &patient).await;
        let batch = [write(store, &alice).await, write(store, &bob).await];
        held.release().await.unwrap();
        until_waiting(backend, 1).await;
        // It holds the lock of alice, and waits for bob.
        other.batch_execute(&lock("alice")).await.unwrap();
        until_waiting(backend, 1).await;
        end(&other).await;
        for answer in batch {
            assert_eq!(answer.await.unwrap().revision(), 2);
        }
        let [alice, bob] = transactions(backend, ["alice", "bob"]).await;
        assert_ne!(alice, bob);
        assert_eq!(events(backend).await, 6);
    });
}

pub const REFUSE: &str = "\
    CREATE FUNCTION refuse(subject bytea) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
        IF subject = 'mallory' THEN RAISE 'this one is broken'; END IF;
        RETURN true;
    END $$";

#[test]
fn a_write_that_postgresql_refuses_is_refused_alone() {
    on_postgres(async |backend, store| {
        let [first, alice, mallory] = stored(store, ["first", "alice", "mallory"]).await;
        let client = backend.client().await;
        client.batch_execute(REFUSE).await.unwrap();
        let refuse = "ALTER TABLE oob_mfa_accounts ADD CHECK (revision = 1 OR refuse(subject))";
        client.batch_execute(refuse).await.unwrap();
        let held = hold_up(backend, &lock("first"), write(store, &first)).await;
        let batch = [write(store, &mallory).await, write(store, &alice).await];
        held.release().await.unwrap();
        let [mallory, alice] = batch;
        let mallory = mallory.await;
        let Err(StoreError::Unavailable(error)) = mallory else {
            panic!("{mallory:?}");
        };
        assert!(error.to_string().contains("this one is broken"), "{error}");
        assert_eq!(alice.await.unwrap().revision(), 2);
        assert_eq!(revision(store, "mallory").await, 1);
        assert_eq!(events(backend).await, 5);
    });
}

/// Reads of accounts wait for this lock, and are counted.
const COUNTED: &str = "\
    ALTER TABLE oob_mfa_accounts RENAME TO kept;
    CREATE SEQUENCE asked;
    CREATE FUNCTION read() RETURNS SETOF kept LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM nextval('asked');
        PERFORM pg_advisory_xact_lock_shared(hashtext(current_schema()));
        RETURN QUERY SELECT * FROM kept;
    END $$;";
const HOLD: &str = "SELECT pg_advisory_xact_lock(hashtext(current_schema()))";

async fn reads(backend: &Backend) -> i64 {
    count(backend, "SELECT last_value FROM asked").await
}

async fn load<'a>(store: &'a dyn Store, subject: &str) -> Begun<'a, Option<Account>> {
    begin(store.load(subject.parse().unwrap())).await
}

#[test]
fn reads_at_the_same_time_share_a_statement_and_a_broken_record_fails_alone() {
    on_postgres(async |backend, store| {
        let subjects = ["first", "alice", "bob", "broken"];
        let [first, alice, bob, _] = stored(store, subjects).await;
        let client = backend.client().await;
        let broken = "UPDATE oob_mfa_accounts SET record = '' WHERE subject = 'broken'";
        client.batch_execute(broken).await.unwrap();
        client.batch_execute(COUNTED).await.unwrap();
        let view = "CREATE VIEW oob_mfa_accounts AS SELECT * FROM read()";
        client.batch_execute(view).await.unwrap();

        let held = hold_up(backend, HOLD, load(store, "first")).await;
        let batch = [
            load(store, "bob").await,
            load(store, "broken").await,
            load(store, "nobody").await,
            load(store, "alice").await,
            load(store, "bob").await,
        ];
        assert_eq!(held.release().await.unwrap(), Some(first));
        let [one, broken, nobody, other, again] = batch;
        assert_eq!(one.await.unwrap().as_ref(), Some(&bob));
        assert!(matches!(broken.await, Err(StoreError::Broken(_))));
        assert_eq!(nobody.await.unwrap(), None);
        assert_eq!(other.await.unwrap(), Some(alice));
        assert_eq!(again.await.unwrap(), Some(bob));
        assert_eq!(reads(backend).await, 2);
    });
}

#[test]
fn a_read_that_postgresql_refuses_is_refused_alone() {
    on_postgres(async |backend, store| {
        let [first, alice, _] = stored(store, ["first", "alice", "mallory"]).await;
        let client = backend.client().await;
        client.batch_execute(REFUSE).await.unwrap();
        client.batch_execute(COUNTED).await.unwrap();
        let view = "CREATE VIEW oob_mfa_accounts AS SELECT * FROM read() WHERE refuse(subject)";
        client.batch_execute(view).await.unwrap();

        let held = hold_up(backend, HOLD, load(store, "first")).await;
        let mallory = load(store, "mallory").await;
        let other = load(store, "alice").await;
        assert_eq!(held.release().await.unwrap(), Some(first));
        assert!(is_unavailable(&mallory.await));
        assert_eq!(other.await.unwrap(), Some(alice));
        assert_eq!(reads(backend).await, 4);
    });
}
