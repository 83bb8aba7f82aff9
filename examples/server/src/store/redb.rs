//! Accounts in one file, embedded: `redb:PATH`.
//!
//! # When it fails
//!
//! A read or a write times out after 7 seconds. It still continues, because nothing ends a thread
//! that waits for a disk. A late write is never reported as saved, and the next request loads what
//! is stored.
//!
//! After a disk error, redb accepts no write until the file is opened again, and every request that
//! needs one gets 503. The process does not reopen it: the operating system may still return data of a failed
//! write that is not on the disk. Fix the disk, and restart the process.
//!
//! The writes that arrive while one commit waits for the disk are the next transaction. If its commit fails, all of
//! them get 503.
//!
//! # Events
//!
//! A write stores its events in the same transaction. Logged events are deleted without waiting for
//! the disk. The next write makes that durable; after a crash before it, they are logged again.

mod writer;

use std::path::Path;
use std::sync::Arc;

use oob_mfa::{Account, Next, Subject};
use redb::backends::FileBackend;
use redb::{Database, Durability, ReadableDatabase, ReadableTable, ReadableTableMetadata};

use self::writer::{ACCOUNTS, EVENTS, NEXT_POSITION, Write, Writer};
use super::audit::{BATCH, hand_over};
use super::record::decode;
use super::{Promise, Store, StoreError, TakeEvent, in_time};
use crate::files;

/// Accounts in a redb file. One process has it open at a time.
pub struct RedbStore {
    database: Arc<Database>,
    writer: Writer,
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
        // A read then never finds a file without tables.
        transaction.open_table(ACCOUNTS)?;
        transaction.open_table(EVENTS)?;
        transaction.open_table(NEXT_POSITION)?;
        transaction.commit()?;
        let database = Arc::new(database);
        let writer = Writer::start(Arc::clone(&database))?;
        Ok(Self { database, writer })
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
        Box::pin(in_time(async { self.writer.write(Write::of(next)?).await }))
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
        for (position, event) in events {
            let kept = table.get(position)?;
            if kept.is_some_and(|kept| kept.value() == event) {
                table.remove(position)?;
            }
        }
    }
    Ok(transaction.commit()?)
}

fn unavailable(error: impl Into<redb::Error>) -> StoreError {
    StoreError::Unavailable(error.into().into())
}

#[cfg(test)]
mod tests;
