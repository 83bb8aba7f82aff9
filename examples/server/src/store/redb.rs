//! Accounts in one file, embedded: `redb:PATH`.
//!
//! # When it fails
//!
//! A read or a write that takes longer than 7 seconds is given up. It continues by itself, because
//! nothing ends a thread that waits for a disk. A late write was reported to nobody, and the next
//! request loads what is stored.
//!
//! After a disk error, redb accepts no write until the file is opened again, and every request that
//! needs one gets 503. The process does not reopen it by itself: the operating system may still
//! return data of a failed write that is not on the disk. Fix the disk, and restart the process.
//!
//! # Events
//!
//! A write stores its events in the same transaction. Logged events are deleted without waiting for
//! the disk: the next write makes that durable, and after a crash before it they are logged again.

use std::path::Path;
use std::sync::Arc;

use oob_mfa::{Account, Next, Subject};
use redb::backends::FileBackend;
use redb::{
    Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata, TableDefinition,
    WriteTransaction,
};

use super::audit::{BATCH, encode_events, hand_over};
use super::record::{decode, encode};
use super::{Promise, Store, StoreError, TakeEvent, in_time};
use crate::files;

/// Subject to record; the record holds its own version.
const ACCOUNTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("accounts");
/// Position to event.
const EVENTS: TableDefinition<'_, u64, &str> = TableDefinition::new("events");

/// Accounts in a redb file. One process has it open at a time.
pub struct RedbStore {
    database: Arc<Database>,
}

impl RedbStore {
    /// Opens the file, or creates it for its owner alone, because it holds phone numbers. Warns if
    /// others can open it.
    ///
    /// # Errors
    ///
    /// Those of redb: for example, another process has it open.
    pub fn open(path: &Path) -> Result<Self, redb::Error> {
        let mut options = files::private();
        options.read(true).write(true).create(true).truncate(false);
        let file = options.open(path)?;
        files::warn_if_open(path)?;
        Self::on(Database::builder().create_with_backend(FileBackend::new(file)?)?)
    }

    fn on(database: Database) -> Result<Self, redb::Error> {
        let transaction = database.begin_write()?;
        // So a read never finds a file without the tables.
        transaction.open_table(ACCOUNTS)?;
        transaction.open_table(EVENTS)?;
        transaction.commit()?;
        Ok(Self {
            database: Arc::new(database),
        })
    }

    /// The stored bytes of a record, for backups and for tests.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]
    pub fn record(&self, subject: &str) -> Result<Option<Vec<u8>>, StoreError> {
        read(&self.database, subject).map_err(unavailable)
    }

    /// Replaces a record by any bytes: restores from a backup.
    ///
    /// # Errors
    ///
    /// [`StoreError::Unavailable`]
    pub fn restore(&self, subject: &str, record: &[u8]) -> Result<(), StoreError> {
        let write = || -> Result<(), redb::Error> {
            let transaction = self.database.begin_write()?;
            transaction.open_table(ACCOUNTS)?.insert(subject, record)?;
            Ok(transaction.commit()?)
        };
        write().map_err(unavailable)
    }
}

impl Store for RedbStore {
    fn load(&self, subject: Subject) -> Promise<'_, Option<Account>> {
        self.off_the_event_loop(move |database| {
            let record = read(database, subject.as_str()).map_err(unavailable)?;
            record.as_deref().map(decode).transpose()
        })
    }

    fn replace<'a>(&'a self, next: &'a Next) -> Promise<'a, ()> {
        Box::pin(async move {
            let write = Write::of(next)?;
            self.off_the_event_loop(move |database| replace(database, &write))
                .await
        })
    }

    fn drain_events<'a>(&'a self, take: TakeEvent<'a>) -> Promise<'a, usize> {
        Box::pin(async move {
            let oldest = |database: &Database| oldest_events(database).map_err(unavailable);
            let events = self.off_the_event_loop(oldest).await?;
            let count = events.len();
            if count > 0 {
                hand_over(events.iter().map(|(_, event)| &**event), take);
                let forget = move |database: &Database| forget(database, &events);
                self.off_the_event_loop(move |database| forget(database).map_err(unavailable))
                    .await?;
            }
            Ok(count)
        })
    }

    fn is_empty(&self) -> Promise<'_, bool> {
        self.off_the_event_loop(|database| is_empty(database).map_err(unavailable))
    }
}

impl RedbStore {
    fn off_the_event_loop<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, StoreError> + Send + 'static,
    ) -> Promise<'_, T> {
        let database = Arc::clone(&self.database);
        Box::pin(in_time(async move {
            let done = tokio::task::spawn_blocking(move || work(&database)).await;
            done.map_err(|error| StoreError::Unavailable(error.into()))?
        }))
    }
}

fn read(database: &Database, subject: &str) -> Result<Option<Vec<u8>>, redb::Error> {
    let table = database.begin_read()?.open_table(ACCOUNTS)?;
    Ok(table.get(subject)?.map(|record| record.value().to_vec()))
}

fn is_empty(database: &Database) -> Result<bool, redb::Error> {
    let table = database.begin_read()?.open_table(ACCOUNTS)?;
    Ok(table.is_empty()?)
}

fn oldest_events(database: &Database) -> Result<Vec<(u64, String)>, redb::Error> {
    let table = database.begin_read()?.open_table(EVENTS)?;
    let oldest = table.iter()?.take(BATCH).map(|event| {
        let (position, event) = event?;
        Ok((position.value(), event.value().to_owned()))
    });
    oldest.collect()
}

fn forget(database: &Database, events: &[(u64, String)]) -> Result<(), redb::Error> {
    let mut transaction = database.begin_write()?;
    transaction.set_durability(Durability::None)?;
    {
        let mut table = transaction.open_table(EVENTS)?;
        for (position, _) in events {
            table.remove(position)?;
        }
    }
    Ok(transaction.commit()?)
}

/// What a write needs on another thread.
struct Write {
    subject: Subject,
    replaces: Option<u64>,
    record: Vec<u8>,
    events: Vec<String>,
}

impl Write {
    fn of(next: &Next) -> Result<Self, StoreError> {
        let account = next.account();
        Ok(Self {
            subject: account.subject().clone(),
            replaces: account.replaces(),
            record: encode(account)?,
            events: encode_events(next)?,
        })
    }
}

/// redb has one writer at a time, and by default a commit is on the disk when it returns.
fn replace(database: &Database, write: &Write) -> Result<(), StoreError> {
    let transaction = database.begin_write().map_err(unavailable)?;
    {
        let mut table = transaction.open_table(ACCOUNTS).map_err(unavailable)?;
        let subject = write.subject.as_str();
        let stored = table.get(subject).map_err(unavailable)?;
        let stored = stored.map(|record| decode(record.value())).transpose()?;
        if stored.as_ref().map(Account::revision) != write.replaces {
            return Err(StoreError::Conflict);
        }
        table
            .insert(subject, &write.record[..])
            .map_err(unavailable)?;
        append(&transaction, &write.events).map_err(unavailable)?;
    }
    transaction.commit().map_err(unavailable)
}

fn append(transaction: &WriteTransaction, events: &[String]) -> Result<(), redb::Error> {
    let mut table = transaction.open_table(EVENTS)?;
    let next = table.last()?.map_or(0, |(last, _)| last.value() + 1);
    for (position, event) in (next..).zip(events) {
        table.insert(position, &**event)?;
    }
    Ok(())
}

fn unavailable(error: impl Into<redb::Error>) -> StoreError {
    StoreError::Unavailable(error.into().into())
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io;
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
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
        let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
        let first = engine.restore_budgets(Account::new(alice()), UtcDateTime::UNIX_EPOCH);
        let written = first.commit_async(async |next| store.replace(&next).await);
        written.await.map(|_| ())
    }

    /// On a clock that stands still until it is moved.
    #[tokio::test(start_paused = true)]
    async fn a_write_that_the_disk_holds_up_is_given_up_and_may_land_later() {
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

    /// A disk that can fail.
    #[derive(Debug, Default)]
    struct Disk {
        memory: InMemoryBackend,
        fails: Arc<AtomicBool>,
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
            self.attempt()?;
            self.memory.sync_data()
        }

        fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
            self.attempt()?;
            self.memory.write(offset, data)
        }
    }

    /// See the module documentation.
    #[tokio::test]
    async fn after_an_error_of_the_disk_nothing_is_written_and_reads_go_on() {
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
}
