//! redb, with killed processes.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};

use oob_mfa::{Account, Next, Subject, Unsaved};
use oob_mfa_server::store::{RedbStore, Store as _, StoreError};
use oob_mfa_testing::{Duty, Rule, StoreTest};
use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};
use tokio::sync::RwLock;

use crate::common::backend::{Backend, Kind};
use crate::{breaks, decode, keeps_its_duty, saved};

#[test]
fn redb_fulfills_its_duty_when_its_process_is_killed() {
    let backend = Backend::redb();
    let file = Crashing::new(&backend);
    let store = RwLock::new(RedbStore::open(&file.path()).unwrap());
    let test = StoreTest::new(
        async |subject| store.read().await.load(subject).await,
        async |next| {
            store
                .read()
                .await
                .replace(&next)
                .await
                .map_err(StoreError::unsaved)
        },
    )
    .restarting(async || {
        let mut store = store.write().await;
        *store = RedbStore::open(&file.crash()).unwrap();
    });
    keeps_its_duty("redb", &backend.runtime.block_on(test.run()));
}

/// A redb file, and its copy after each crash.
struct Crashing(RefCell<PathBuf>);

impl Crashing {
    fn new(backend: &Backend) -> Self {
        let Kind::Redb { path } = &backend.kind else {
            unreachable!();
        };
        Self(RefCell::new(path.into()))
    }

    fn path(&self) -> PathBuf {
        self.0.borrow().clone()
    }

    /// The file after a kill, without a normal close.
    fn crash(&self) -> PathBuf {
        let left = PathBuf::from(format!("{}.crashed", self.path().display()));
        fs::copy(self.path(), &left).unwrap();
        self.0.replace(left);
        self.path()
    }
}

const ACCOUNTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("accounts");

/// Correct except for durability: a commit that does not wait for the disk.
fn replace_without_waiting(
    database: &Database,
    account: &Account,
) -> Result<(), Unsaved<redb::Error>> {
    let write = || -> Result<bool, redb::Error> {
        let mut transaction = database.begin_write()?;
        transaction.set_durability(Durability::None)?;
        {
            let mut table = transaction.open_table(ACCOUNTS)?;
            let subject = account.subject().as_str();
            let stored = table.get(subject)?.map(|stored| decode(stored.value()));
            if stored.as_ref().map(Account::revision) != account.replaces() {
                return Ok(false);
            }
            let record = postcard::to_allocvec(account).unwrap();
            table.insert(subject, &record[..])?;
        }
        transaction.commit()?;
        Ok(true)
    };
    saved(write())
}

fn open_redb(path: &Path) -> Database {
    let database = Database::create(path).unwrap();
    let transaction = database.begin_write().unwrap();
    transaction.open_table(ACCOUNTS).unwrap();
    transaction.commit().unwrap();
    database
}

#[test]
fn redb_that_does_not_wait_for_the_disk_is_found() {
    let backend = Backend::redb();
    let file = Crashing::new(&backend);
    let database = RefCell::new(open_redb(&file.path()));
    let test = StoreTest::new(
        async |subject: Subject| {
            let database = database.borrow();
            let table = database.begin_read().unwrap().open_table(ACCOUNTS).unwrap();
            let stored = table.get(subject.as_str()).unwrap();
            Ok(stored.map(|stored| decode(stored.value())))
        },
        async |next: Next| {
            // Let others run first, as another thread would.
            tokio::task::yield_now().await;
            replace_without_waiting(&database.borrow(), next.account())
        },
    )
    .restarting(async || {
        *database.borrow_mut() = open_redb(&file.crash());
    });
    let report = backend.runtime.block_on(test.run());
    breaks(
        "redb without durability",
        &report,
        Duty::Keep,
        &[Rule::Once],
    );
}
