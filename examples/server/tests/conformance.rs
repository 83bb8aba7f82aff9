//! The stores of the server, and broken ones beside them, under the crate's own test of stores.

mod common;

use std::cell::RefCell;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use common::backend::{Backend, Kind};
use oob_mfa::testing::{Breach, Duty, Report, Rule, StoreTest};
use oob_mfa::{Account, Next, Subject, Unsaved};
use oob_mfa_server::store::{self, RedbStore, Store, StoreError};
use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};
use tokio::sync::RwLock;
use tokio_postgres::{Client, NoTls};

/// PostgreSQL for one test at a time: some of them crash it.
struct Exclusive {
    backend: Backend,
    _turn: MutexGuard<'static, ()>,
}

impl Exclusive {
    fn postgres() -> Option<Self> {
        static TURN: Mutex<()> = Mutex::new(());
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Self {
            backend: Backend::postgres()?,
            _turn: turn,
        })
    }
}

fn open(backend: &Backend) -> Arc<dyn Store> {
    let url = backend.url.parse().unwrap();
    backend.runtime.block_on(store::open(&url)).unwrap()
}

fn keeps_its_duty(name: &str, report: &Report) {
    println!("{name}, {report}");
    assert!(report.is_conformant(), "{report}");
}

fn breaks(name: &str, report: &Report, duty: Duty, rules: &[Rule]) {
    println!("{name}, {report}");
    for rule in rules {
        let found = |breach: &Breach| breach.duty() == duty && breach.rule() == Some(*rule);
        assert!(report.breaches().iter().any(found), "{rule}");
    }
}

#[test]
fn postgresql_keeps_its_duty_though_it_crashes() {
    let Some(Exclusive { backend, _turn }) = Exclusive::postgres() else {
        return;
    };
    let store = open(&backend);
    let test = StoreTest::new(
        async |subject| store.load(subject).await,
        async |next| store.replace(next).await.map_err(StoreError::unsaved),
    )
    .restarting(async || crash_postgresql());
    keeps_its_duty("PostgreSQL", &backend.runtime.block_on(test.run()));
}

/// At once, as `pg_ctl` does it in the mode `immediate`: what was not on the disk is gone.
fn crash_postgresql() {
    let control = std::env::var("OOB_MFA_TEST_POSTGRES_CTL").unwrap();
    let restarted = Command::new(control).arg("restart").status().unwrap();
    assert!(restarted.success());
}

#[test]
fn redis_keeps_its_duty() {
    let Some(backend) = Backend::redis() else {
        return;
    };
    let store = open(&backend);
    let test = StoreTest::new(
        async |subject| store.load(subject).await,
        async |next| store.replace(next).await.map_err(StoreError::unsaved),
    );
    keeps_its_duty("Redis", &backend.runtime.block_on(test.run()));
}

#[test]
fn redb_keeps_its_duty_though_its_process_is_killed() {
    let backend = Backend::redb();
    let file = Crashing::new(&backend);
    let store = RwLock::new(RedbStore::open(&file.path()).unwrap());
    let test = StoreTest::new(
        async |subject| store.read().await.load(subject).await,
        async |next| {
            store
                .read()
                .await
                .replace(next)
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

/// A redb file, and what is left of it by each crash.
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

    /// What a process that is killed here leaves of its file: nobody closes it in good order.
    fn crash(&self) -> PathBuf {
        let left = PathBuf::from(format!("{}.crashed", self.path().display()));
        fs::copy(self.path(), &left).unwrap();
        self.0.replace(left);
        self.path()
    }
}

// The controls: the same databases, used as they must not be.

const ACCOUNTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("accounts");

/// Written as it has to be, but for the durability: a commit that does not wait for the disk.
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
    match write() {
        Ok(true) => Ok(()),
        Ok(false) => Err(Unsaved::Conflict),
        Err(error) => Err(Unsaved::Failed(error)),
    }
}

fn decode(record: &[u8]) -> Account {
    postcard::from_bytes(record).unwrap()
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
            // Others come first, as from another thread.
            tokio::task::yield_now().await;
            replace_without_waiting(&database.borrow(), &next.account)
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

/// PostgreSQL by hand: one table, and whatever statements a test makes of a write.
struct ByHand<'a> {
    backend: &'a Backend,
    settings: &'static str,
    /// Shared, as long as it is open: statements of several requests alternate on it.
    client: RefCell<Option<Rc<Client>>>,
}

impl<'a> ByHand<'a> {
    fn new(backend: &'a Backend, settings: &'static str) -> Self {
        backend.sql(
            "CREATE TABLE accounts (subject bytea PRIMARY KEY, revision bigint, record bytea)",
        );
        Self {
            backend,
            settings,
            client: RefCell::default(),
        }
    }

    async fn client(&self) -> Result<Rc<Client>, tokio_postgres::Error> {
        let open = self
            .client
            .borrow()
            .clone()
            .filter(|client| !client.is_closed());
        if let Some(client) = open {
            return Ok(client);
        }
        let (client, connection) = tokio_postgres::connect(&self.backend.url, NoTls).await?;
        tokio::spawn(connection);
        client.batch_execute(self.settings).await?;
        let client = Rc::new(client);
        self.client.replace(Some(Rc::clone(&client)));
        Ok(client)
    }

    async fn load(&self, subject: Subject) -> Result<Option<Account>, tokio_postgres::Error> {
        let key = subject.as_str().as_bytes();
        let select = "SELECT record FROM accounts WHERE subject = $1";
        let row = self.client().await?.query_opt(select, &[&key]).await?;
        Ok(row.map(|row| decode(row.get(0))))
    }
}

const UPSERT: &str = "INSERT INTO accounts VALUES ($1, $2, $3) \
                      ON CONFLICT (subject) DO UPDATE SET revision = $2, record = $3";

fn row(account: &Account) -> (Vec<u8>, i64, Vec<u8>) {
    (
        account.subject().as_str().into(),
        i64::try_from(account.revision()).unwrap_or(i64::MAX),
        postcard::to_allocvec(account).unwrap(),
    )
}

#[test]
fn postgresql_where_the_last_write_wins_is_found() {
    let Some(Exclusive { backend, _turn }) = Exclusive::postgres() else {
        return;
    };
    let table = ByHand::new(&backend, "");
    let report = run(&backend, &table, async |next: Next| {
        let (subject, revision, record) = row(&next.account);
        let client = table.client().await?;
        client
            .execute(UPSERT, &[&subject, &revision, &record])
            .await?;
        Ok(())
    });
    let rules = [Rule::Once, Rule::FailureLimit, Rule::SendLimit];
    breaks(
        "PostgreSQL, last write wins",
        &report,
        Duty::Replace,
        &rules,
    );
}

/// Reads the revision, compares it, and then writes: what most people write first.
#[test]
fn postgresql_compared_outside_of_the_transaction_is_found() {
    let Some(Exclusive { backend, _turn }) = Exclusive::postgres() else {
        return;
    };
    let table = ByHand::new(&backend, "");
    let report = run(&backend, &table, async |next: Next| {
        let (subject, revision, record) = row(&next.account);
        let client = table.client().await?;
        let select = "SELECT revision FROM accounts WHERE subject = $1";
        let there = client.query_opt(select, &[&subject]).await?;
        let there = there.map(|row| row.get::<_, i64>(0));
        if there
            != next
                .account
                .replaces()
                .and_then(|replaced| replaced.try_into().ok())
        {
            return Err(Unsaved::Conflict);
        }
        client
            .execute(UPSERT, &[&subject, &revision, &record])
            .await?;
        Ok(())
    });
    breaks(
        "PostgreSQL, compared outside",
        &report,
        Duty::Replace,
        &[Rule::Once],
    );
}

fn run(
    backend: &Backend,
    table: &ByHand<'_>,
    replace: impl AsyncFn(Next) -> Result<(), Unsaved<tokio_postgres::Error>>,
) -> Report {
    let test = StoreTest::new(async |subject: Subject| table.load(subject).await, replace);
    backend.runtime.block_on(test.run())
}

/// `synchronous_commit = off`: the answer does not wait for the disk.
#[test]
fn postgresql_that_does_not_wait_for_the_disk_is_found() {
    let Some(Exclusive { backend, _turn }) = Exclusive::postgres() else {
        return;
    };
    let table = ByHand::new(&backend, "SET synchronous_commit = off");
    let test = StoreTest::new(
        async |subject: Subject| table.load(subject).await,
        async |next: Next| {
            let (subject, revision, record) = row(&next.account);
            let client = table.client().await?;
            let changed = match next.account.replaces() {
                None => {
                    let insert = "INSERT INTO accounts VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
                    client
                        .execute(insert, &[&subject, &revision, &record])
                        .await?
                }
                Some(replaced) => {
                    let replaced = i64::try_from(replaced).unwrap_or(i64::MAX);
                    let update = "UPDATE accounts SET revision = $2, record = $3 \
                                  WHERE subject = $1 AND revision = $4";
                    let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
                        [&subject, &revision, &record, &replaced];
                    client.execute(update, &values).await?
                }
            };
            if changed == 1 {
                Ok(())
            } else {
                Err(Unsaved::Conflict)
            }
        },
    )
    .restarting(async || crash_postgresql());
    let report = backend.runtime.block_on(test.run());
    breaks(
        "PostgreSQL without durability",
        &report,
        Duty::Keep,
        &[Rule::Once],
    );
}

/// GET, compare, SET: two commands, and others between them.
#[test]
fn redis_compared_outside_of_the_script_is_found() {
    let Some(backend) = Backend::redis() else {
        return;
    };
    let failure = |error: &dyn Display| error.to_string();
    let client = redis::Client::open(&*backend.url).unwrap();
    let report = backend.runtime.block_on(async {
        let shared = client.get_multiplexed_async_connection().await.unwrap();
        let test = StoreTest::new(
            async |subject: Subject| {
                let mut get = redis::cmd("GET");
                let stored: Option<Vec<u8>> = get
                    .arg(subject.as_str())
                    .query_async(&mut shared.clone())
                    .await
                    .map_err(|error| failure(&error))?;
                Ok(stored.as_deref().map(decode))
            },
            async |next: Next| {
                let subject = next.account.subject().as_str();
                let mut get = redis::cmd("GET");
                let stored: Option<Vec<u8>> = get
                    .arg(subject)
                    .query_async(&mut shared.clone())
                    .await
                    .map_err(|error| failure(&error))?;
                let there = stored.as_deref().map(decode);
                if there.as_ref().map(Account::revision) != next.account.replaces() {
                    return Err(Unsaved::Conflict);
                }
                let mut set = redis::cmd("SET");
                set.arg(subject)
                    .arg(postcard::to_allocvec(&next.account).unwrap())
                    .exec_async(&mut shared.clone())
                    .await
                    .map_err(|error| Unsaved::Failed(failure(&error)))
            },
        );
        test.run().await
    });
    breaks(
        "Redis, compared outside",
        &report,
        Duty::Replace,
        &[Rule::Once],
    );
}
