//! Accounts in a redb file, as the server keeps them: the same table, the same two transactions.

use std::path::Path;

use oob_mfa::{Account, Denied, MfaSession, Next, Transition, Unsaved, decide};
use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};

use crate::store::Store;

/// The server's table: the server can serve a file with these accounts.
const ACCOUNTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("accounts");

pub struct File {
    database: Database,
    /// What a write waits for before it is reported.
    pub durability: Durability,
}

impl File {
    pub fn create(path: &Path) -> Self {
        Self {
            database: Database::create(path).expect("a file"),
            durability: Durability::Immediate,
        }
    }

    /// Frees the space beyond the pages in use.
    pub fn compact(&mut self) {
        self.database.compact().expect("nobody reads or writes");
    }

    fn load(&self, subject: &str) -> Result<Option<Account>, redb::Error> {
        let table = self.database.begin_read()?.open_table(ACCOUNTS)?;
        let record = table.get(subject)?;
        Ok(record.map(|record| read(record.value())))
    }

    fn replace(&self, next: &Next) -> Result<bool, redb::Error> {
        let account = next.account();
        let record = postcard::to_allocvec(account).expect("an account has a binary form");
        let mut transaction = self.database.begin_write()?;
        transaction.set_durability(self.durability)?;
        {
            let mut table = transaction.open_table(ACCOUNTS)?;
            let subject = account.subject().as_str();
            let stored = table.get(subject)?.map(|stored| read(stored.value()));
            if stored.as_ref().map(Account::revision) != account.replaces() {
                return Ok(false);
            }
            table.insert(subject, &record[..])?;
        }
        transaction.commit()?;
        Ok(true)
    }

    fn put_all(&self, accounts: &[Account]) -> Result<(), redb::Error> {
        let transaction = self.database.begin_write()?;
        {
            let mut table = transaction.open_table(ACCOUNTS)?;
            for account in accounts {
                let record = postcard::to_allocvec(account).expect("an account has a binary form");
                table.insert(account.subject().as_str(), &record[..])?;
            }
        }
        Ok(transaction.commit()?)
    }
}

fn read(record: &[u8]) -> Account {
    postcard::from_bytes(record).expect("a record that was written here")
}

impl Store for File {
    fn put(&self, accounts: Vec<Account>) {
        self.put_all(&accounts).expect("a disk with room");
    }

    fn decide<T>(
        &self,
        session: &MfaSession,
        ask: impl FnMut(Account) -> Transition<T>,
    ) -> Result<T, Denied> {
        let subject = session.subject();
        let outcome = decide(
            subject,
            || self.load(subject.as_str()),
            ask,
            |next| match self.replace(&next) {
                Ok(true) => Ok(()),
                Ok(false) => Err(Unsaved::Conflict),
                Err(error) => Err(Unsaved::Failed(error)),
            },
        );
        outcome.expect("a disk that works").result
    }
}
