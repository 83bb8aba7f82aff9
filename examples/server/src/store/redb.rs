//! Accounts in one file, embedded: `redb:PATH`.

use std::path::Path;
use std::sync::Arc;

use oob_mfa::{Account, Next, Subject};
use redb::{Database, ReadableDatabase, ReadableTable, TableDefinition};

use super::record::{decode, encode};
use super::{Promise, Store, StoreError};

/// Subject to record; the record tells its own version.
const ACCOUNTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("accounts");

/// Accounts in a redb file. One process has it open at a time.
pub struct RedbStore {
    database: Arc<Database>,
}

impl RedbStore {
    /// Opens the file, or makes it.
    ///
    /// # Errors
    ///
    /// redb's, another process that has it open among them.
    pub fn open(path: &Path) -> Result<Self, redb::Error> {
        let database = Database::create(path)?;
        let transaction = database.begin_write()?;
        // So that a read never meets a file without the table.
        transaction.open_table(ACCOUNTS)?;
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

    /// Puts bytes in the place of a record, whatever they are: the other half of a backup.
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

    fn replace(&self, next: Next) -> Promise<'_, ()> {
        self.off_the_event_loop(move |database| replace(database, &next.account))
    }
}

impl RedbStore {
    fn off_the_event_loop<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Database) -> Result<T, StoreError> + Send + 'static,
    ) -> Promise<'_, T> {
        let database = Arc::clone(&self.database);
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || work(&database)).await;
            done.map_err(|error| StoreError::Unavailable(error.into()))?
        })
    }
}

fn read(database: &Database, subject: &str) -> Result<Option<Vec<u8>>, redb::Error> {
    let table = database.begin_read()?.open_table(ACCOUNTS)?;
    Ok(table.get(subject)?.map(|record| record.value().to_vec()))
}

/// redb has one writer at a time, and a commit is on the disk when it returns: its default durability.
fn replace(database: &Database, account: &Account) -> Result<(), StoreError> {
    let record = encode(account)?;
    let transaction = database.begin_write().map_err(unavailable)?;
    {
        let mut table = transaction.open_table(ACCOUNTS).map_err(unavailable)?;
        let subject = account.subject().as_str();
        let stored = table.get(subject).map_err(unavailable)?;
        let stored = stored.map(|record| decode(record.value())).transpose()?;
        if stored.as_ref().map(Account::revision) != account.replaces() {
            return Err(StoreError::Conflict);
        }
        table.insert(subject, &record[..]).map_err(unavailable)?;
    }
    transaction.commit().map_err(unavailable)
}

fn unavailable(error: impl Into<redb::Error>) -> StoreError {
    StoreError::Unavailable(error.into().into())
}
