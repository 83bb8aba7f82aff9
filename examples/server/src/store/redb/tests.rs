use std::future::poll_fn;
use std::io;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::mpsc::{self, Receiver, Sender};
use std::task::Poll;
use std::time::Duration;

use oob_mfa::{Engine, Key, KeyRing, Policy};
use redb::StorageBackend;
use redb::backends::InMemoryBackend;
use time::UtcDateTime;

use super::super::DEADLINE;
use super::*;

fn alice() -> Subject {
    "alice".parse().unwrap()
}

/// Writes the first revision of alice's account.
async fn write(store: &RedbStore) -> Result<(), StoreError> {
    store.replace(&next(&new("alice"))).await
}

fn in_memory() -> RedbStore {
    let database = Database::builder().create_with_backend(InMemoryBackend::new());
    RedbStore::on(database.unwrap()).unwrap()
}

/// On a paused clock.
#[tokio::test(start_paused = true)]
async fn a_write_to_a_stalled_disk_times_out_and_may_happen_later() {
    let folder = tempfile::tempdir().unwrap();
    let store = RedbStore::open(&folder.path().join("accounts.redb")).unwrap();
    // redb has one writer at a time.
    let other_writer = store.database.begin_write().unwrap();
    let mut written = Box::pin(write(&store));
    let mut ask = async || poll_fn(|context| Poll::Ready(written.as_mut().poll(context))).await;
    assert!(ask().await.is_pending());
    tokio::time::advance(DEADLINE - Duration::from_millis(1)).await;
    assert!(ask().await.is_pending());
    tokio::time::advance(Duration::from_millis(2)).await;
    let Poll::Ready(Err(StoreError::Unavailable(error))) = ask().await else {
        panic!("it is waited for");
    };
    assert_eq!(error.to_string(), "deadline has elapsed");
    // Reads do not wait for it.
    assert!(store.load(alice()).await.unwrap().is_none());

    drop(other_writer);
    let landed = async {
        while store.load(alice()).await.unwrap().is_none() {
            tokio::task::yield_now().await;
        }
    };
    landed.await;
    let loaded = store.load(alice()).await.unwrap().unwrap();
    assert_eq!(loaded.revision(), 1);
}

/// A disk that can fail or stall.
#[derive(Debug, Default)]
struct Disk {
    memory: InMemoryBackend,
    fails: Arc<AtomicBool>,
    holds: Arc<AtomicBool>,
    hold: Option<Hold>,
}

/// Signals each wait for the disk; the permit ends it.
#[derive(Debug)]
struct Hold {
    waits: Sender<()>,
    go_on: Mutex<Receiver<()>>,
}

impl Disk {
    fn attempt(&self) -> io::Result<()> {
        match self.fails.load(SeqCst) {
            true => Err(io::ErrorKind::StorageFull.into()),
            false => Ok(()),
        }
    }
}

impl StorageBackend for Disk {
    fn len(&self) -> io::Result<u64> {
        self.memory.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.memory.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.attempt()?;
        self.memory.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        if let Some(hold) = self.hold.as_ref().filter(|_| self.holds.load(SeqCst)) {
            let unexpected = |_| io::Error::other("another wait for the disk");
            hold.waits.send(()).map_err(unexpected)?;
            let _ = hold.go_on.lock().unwrap().recv();
        }
        self.attempt()?;
        self.memory.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.attempt()?;
        self.memory.write(offset, data)
    }
}

#[tokio::test]
async fn after_a_disk_error_nothing_is_written_and_reads_continue() {
    let disk = Disk::default();
    let fails = Arc::clone(&disk.fails);
    let database = Database::builder().create_with_backend(disk).unwrap();
    let store = RedbStore::on(database).unwrap();
    for disk_fails in [true, false] {
        fails.store(disk_fails, SeqCst);
        let written = write(&store).await;
        assert!(matches!(written, Err(StoreError::Unavailable(_))));
    }
    assert!(store.load(alice()).await.unwrap().is_none());
}

/// The next revision of an account, not saved.
fn next(account: &Account) -> Next {
    let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
    let mut next = None;
    let restored = engine.restore_budgets(account.clone(), UtcDateTime::UNIX_EPOCH);
    let made = restored.commit(|made| {
        next = Some(made);
        Ok::<_, ()>(())
    });
    let _ = made.unwrap();
    next.unwrap()
}

fn new(subject: &str) -> Account {
    Account::new(subject.parse().unwrap())
}

async fn is_pending(write: &mut Promise<'_, ()>) -> bool {
    poll_fn(|context| Poll::Ready(write.as_mut().poll(context).is_pending())).await
}

/// 5 writes arrive while alice's waits for the disk, which then fails or not. Returns the result of
/// each, the accounts loaded afterwards, and the stored events.
async fn group(disk_fails: bool) -> ([Result<(), StoreError>; 5], Vec<u64>, Vec<String>) {
    let (waits, waiting) = mpsc::channel();
    let (go_on, let_go) = mpsc::channel();
    let disk = Disk {
        hold: Some(Hold {
            waits,
            go_on: Mutex::new(let_go),
        }),
        ..Disk::default()
    };
    let (fails, holds) = (Arc::clone(&disk.fails), Arc::clone(&disk.holds));
    let store = RedbStore::on(Database::builder().create_with_backend(disk).unwrap()).unwrap();
    // Dropped before the store, whose thread waits for it.
    let go_on = go_on;
    store.restore("dave", b"no record").unwrap();
    let first = next(&new("bob"));
    let second = next(first.account());
    let [alice, carol, dave] = ["alice", "carol", "dave"].map(|subject| next(&new(subject)));

    holds.store(true, SeqCst);
    let mut alone = store.replace(&alice);
    assert!(is_pending(&mut alone).await);
    waiting.recv().unwrap();
    let mut group = [
        store.replace(&dave),
        store.replace(&first),
        store.replace(&first),
        store.replace(&carol),
        store.replace(&second),
    ];
    for write in &mut group {
        assert!(is_pending(write).await);
    }
    go_on.send(()).unwrap();
    alone.await.unwrap();
    // All wait for the disk together, also lost races and broken records, and no load sees what may be lost.
    waiting.recv().unwrap();
    for write in &mut group {
        assert!(is_pending(write).await);
    }
    assert!(store.load("bob".parse().unwrap()).await.unwrap().is_none());
    fails.store(disk_fails, SeqCst);
    // A further wait would fail.
    drop(waiting);
    go_on.send(()).unwrap();
    let [dave, first, again, carol, second] = group;
    let answers = [
        dave.await,
        first.await,
        again.await,
        carol.await,
        second.await,
    ];
    holds.store(false, SeqCst);

    assert_eq!(store.record("dave").unwrap().unwrap(), b"no record");
    let mut revisions = Vec::new();
    for subject in ["alice", "bob", "carol"] {
        let account = store.load(subject.parse().unwrap()).await.unwrap();
        revisions.push(account.map_or(0, |account| account.revision()));
    }
    let events = oldest_events(&store.database).unwrap();
    let positions: Vec<_> = events.iter().map(|(position, _)| *position).collect();
    assert_eq!(positions, (0..events.len() as u64).collect::<Vec<_>>());
    let changes = Mutex::new(Vec::new());
    hand_over(events.iter().map(|(_, event)| &**event), &|record| {
        let change = format!("{} {}", record.subject.as_str(), record.revision);
        changes.lock().unwrap().push(change);
    });
    (answers, revisions, changes.into_inner().unwrap())
}

#[tokio::test]
async fn writes_that_arrive_during_a_commit_are_the_next_one_together() {
    let (answers, revisions, events) = group(false).await;
    assert!(
        matches!(
            answers,
            [
                Err(StoreError::Broken(_)),
                Ok(()),
                Err(StoreError::Conflict),
                Ok(()),
                Ok(()),
            ]
        ),
        "{answers:?}"
    );
    assert_eq!(revisions, [1, 2, 1]);
    assert_eq!(events, ["alice 1", "bob 1", "carol 1", "bob 2"]);
}

#[tokio::test]
async fn a_failed_commit_fails_all_of_its_writes() {
    let (answers, revisions, events) = group(true).await;
    for answer in answers {
        let Err(StoreError::Unavailable(error)) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(error.to_string(), "I/O error: no storage space");
    }
    assert_eq!(revisions, [1, 0, 0]);
    assert_eq!(events, ["alice 1"]);
}

#[tokio::test]
async fn a_store_that_is_dropped_has_written_what_it_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("accounts.redb");
    let store = RedbStore::open(&path).unwrap();
    let subjects: Vec<_> = (0..100).map(|number| format!("user {number}")).collect();
    for subject in &subjects {
        let next = next(&new(subject));
        assert!(is_pending(&mut store.replace(&next)).await);
    }
    let database = Arc::downgrade(&store.database);
    drop(store);
    // The thread has closed the file.
    assert!(database.upgrade().is_none());
    let store = RedbStore::open(&path).unwrap();
    for subject in &subjects {
        let account = store.load(subject.parse().unwrap()).await.unwrap();
        assert_eq!(account.unwrap().revision(), 1);
    }
}

#[tokio::test]
async fn an_event_that_comes_while_others_are_forgotten_late_is_not_forgotten_with_them() {
    let store = in_memory();
    write(&store).await.unwrap();
    let read = oldest_events(&store.database).unwrap();
    assert_eq!(read.len(), 1);
    forget(&store.database, &read).unwrap();
    // The table is empty, and the next event comes.
    let account = store.load(alice()).await.unwrap().unwrap();
    store.replace(&next(&account)).await.unwrap();
    // A request that timed out deletes again what was read before.
    forget(&store.database, &read).unwrap();
    assert_eq!(oldest_events(&store.database).unwrap().len(), 1);
}

#[tokio::test]
async fn only_the_event_that_was_read_is_forgotten() {
    let store = in_memory();
    write(&store).await.unwrap();
    let kept = oldest_events(&store.database).unwrap();
    forget(&store.database, &[(kept[0].0, "another".to_owned())]).unwrap();
    assert_eq!(oldest_events(&store.database).unwrap(), kept);
}

#[tokio::test]
async fn a_file_without_an_event_counter_continues_after_its_last_event() {
    let store = in_memory();
    let transaction = store.database.begin_write().unwrap();
    let mut events = transaction.open_table(EVENTS).unwrap();
    for position in 0..3 {
        events.insert(position, "old").unwrap();
    }
    drop(events);
    transaction.commit().unwrap();
    write(&store).await.unwrap();
    let kept = oldest_events(&store.database).unwrap();
    let positions: Vec<_> = kept.iter().map(|(position, _)| *position).collect();
    assert_eq!(positions, [0, 1, 2, 3]);
    assert!(kept[..3].iter().all(|(_, event)| event == "old"));
}
