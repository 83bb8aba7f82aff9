//! A separate store for each test: a file, a schema of PostgreSQL, or a database of Redis.
//!
//! The servers come from the environment (`.ci/with-services`). Without one, its tests are skipped and
//! say so.

use std::io::Write as _;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Once, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;
use std::time::{Duration, Instant};

use oob_mfa::Account;
use oob_mfa_server::store::RedbStore;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;

/// The store, its URL for a server, and direct access to its records.
pub struct Backend {
    pub url: String,
    pub kind: Kind,
    pub runtime: Runtime,
    _directory: TempDir,
    _turn: Option<Turn>,
}

/// Every test on PostgreSQL reads it. One that stops the server, or changes its settings, writes it.
static UP: RwLock<()> = RwLock::new(());

type Turn = (
    Option<RwLockReadGuard<'static, ()>>,
    Option<RwLockWriteGuard<'static, ()>>,
);

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Redb { path: String },
    Postgres { server: String, schema: String },
    Redis { server: String, database: u32 },
}

/// Runs each test once per store that processes share.
macro_rules! of_every_shared_store {
    ($($test:ident)*) => {
        mod postgres {
            use $crate::common::backend::Backend;
            $(#[test] fn $test() { Backend::postgres().iter().for_each(super::$test); })*
        }
        mod redis {
            use $crate::common::backend::Backend;
            $(#[test] fn $test() { Backend::redis().iter().for_each(super::$test); })*
        }
    };
}
/// Runs each test once per store.
macro_rules! of_every_store {
    ($($test:ident)*) => {
        mod redb {
            use $crate::common::backend::Backend;
            $(#[test] fn $test() { super::$test(&Backend::redb()); })*
        }
        $crate::common::backend::of_every_shared_store! { $($test)* }
    };
}
pub(crate) use {of_every_shared_store, of_every_store};

/// The databases of a Redis that a test can lease; the first holds the leases.
const LEASED: std::ops::Range<u32> = 1..16;

impl Backend {
    pub fn redb() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("accounts.redb").display().to_string();
        Self::of(format!("redb:{path}"), Kind::Redb { path }, directory)
    }

    /// A new schema, or `None` without a server.
    pub fn postgres() -> Option<Self> {
        let turn = UP.read().unwrap_or_else(PoisonError::into_inner);
        Self::postgres_in_turn((Some(turn), None))
    }

    /// The same, while no other test of this program has one.
    pub fn postgres_alone() -> Option<Self> {
        let turn = UP.write().unwrap_or_else(PoisonError::into_inner);
        Self::postgres_in_turn((None, Some(turn)))
    }

    fn postgres_in_turn(turn: Turn) -> Option<Self> {
        static SKIPPED: Once = Once::new();
        let server = server("PostgreSQL", "OOB_MFA_TEST_POSTGRES", &SKIPPED)?;
        static SCHEMAS: AtomicU32 = AtomicU32::new(0);
        let number = SCHEMAS.fetch_add(1, SeqCst);
        let schema = format!("test_{}_{number}", std::process::id());
        // The application name identifies the sessions of this test.
        let url = format!("{server}?options=-c%20search_path%3D{schema}&application_name={schema}");
        let mut backend = Self::of(
            url,
            Kind::Postgres {
                server,
                schema: schema.clone(),
            },
            tempfile::tempdir().unwrap(),
        );
        backend._turn = Some(turn);
        backend.sql(&format!("CREATE SCHEMA {schema}"));
        Some(backend)
    }

    /// A leased database, or `None` without a server.
    pub fn redis() -> Option<Self> {
        static SKIPPED: Once = Once::new();
        let server = server("Redis", "OOB_MFA_TEST_REDIS", &SKIPPED)?;
        let mut connection = redis_connection(&server);
        let patience = Instant::now() + Duration::from_secs(60);
        let database = loop {
            let free = LEASED.into_iter().find(|database| {
                let mut lease = redis::cmd("SET");
                lease
                    .arg(format!("oob-mfa-test:lease:{database}"))
                    .arg(std::process::id());
                let leased: Option<String> = lease
                    .arg(&["NX", "EX", "600"])
                    .query(&mut connection)
                    .unwrap();
                leased.is_some()
            });
            if let Some(database) = free {
                break database;
            }
            assert!(Instant::now() < patience, "every database is leased");
            thread::sleep(Duration::from_millis(20));
        };
        let url = format!("{}/{database}", server.trim_end_matches('/'));
        let backend = Self::of(
            url,
            Kind::Redis { server, database },
            tempfile::tempdir().unwrap(),
        );
        // An earlier owner may have been killed.
        backend.redis_command(&["FLUSHDB"]);
        Some(backend)
    }

    fn of(url: String, kind: Kind, directory: TempDir) -> Self {
        Self {
            url,
            kind,
            runtime: Runtime::new().unwrap(),
            _directory: directory,
            _turn: None,
        }
    }

    /// The stored bytes of a record.
    pub fn record(&self, subject: &str) -> Option<Vec<u8>> {
        match &self.kind {
            Kind::Redb { path } => RedbStore::open(path.as_ref())
                .unwrap()
                .record(subject)
                .unwrap(),
            Kind::Postgres { .. } => self.runtime.block_on(async {
                let client = self.client().await;
                let query = "SELECT record FROM oob_mfa_accounts WHERE subject = $1";
                let row = client.query_opt(query, &[&subject.as_bytes()]).await;
                row.unwrap().map(|row| row.get(0))
            }),
            Kind::Redis { .. } => redis_record(&self.url, subject),
        }
    }

    /// The account, if there is one.
    pub fn account(&self, subject: &str) -> Option<Account> {
        let record = self.record(subject)?;
        Some(postcard::from_bytes(&record).unwrap())
    }

    /// Replaces a record by any bytes.
    pub fn restore(&self, subject: &str, revision: i64, record: &[u8]) {
        match &self.kind {
            Kind::Redb { path } => RedbStore::open(path.as_ref())
                .unwrap()
                .restore(subject, record)
                .unwrap(),
            Kind::Postgres { .. } => self.runtime.block_on(async {
                let client = self.client().await;
                let insert = "INSERT INTO oob_mfa_accounts (subject, revision, record) \
                              VALUES ($1, $2, $3) \
                              ON CONFLICT (subject) DO UPDATE SET revision = $2, record = $3";
                let key = subject.as_bytes();
                let inserted = client.execute(insert, &[&key, &revision, &record]).await;
                assert_eq!(inserted.unwrap(), 1);
            }),
            Kind::Redis { .. } => redis::cmd("HSET")
                .arg(format!("oob-mfa:account:{subject}"))
                .arg("revision")
                .arg(revision)
                .arg("record")
                .arg(record)
                .exec(&mut redis_connection(&self.url))
                .unwrap(),
        }
    }

    /// The number of events that are not logged yet, from the store.
    pub fn events(&self) -> usize {
        match &self.kind {
            Kind::Redb { .. } => panic!("its process has the file"),
            Kind::Postgres { .. } => self.runtime.block_on(async {
                let query = "SELECT count(*) FROM oob_mfa_events";
                let row = self.client().await.query_one(query, &[]).await;
                row.unwrap().get::<_, i64>(0).try_into().unwrap()
            }),
            Kind::Redis { .. } => redis::cmd("XLEN")
                .arg("oob-mfa:events")
                .query(&mut redis_connection(&self.url))
                .unwrap(),
        }
    }

    /// A separate session of PostgreSQL, in the schema of the test.
    pub async fn client(&self) -> tokio_postgres::Client {
        postgres_client(&self.url).await
    }

    pub fn sql(&self, statements: &str) {
        self.runtime.block_on(async {
            let client = self.client().await;
            client.batch_execute(statements).await.unwrap();
        });
    }

    pub fn redis_command(&self, words: &[&str]) {
        assert!(self.url.starts_with("redis:"), "not Redis: {}", self.url);
        redis_command(&self.url, words);
    }

    /// The address of the store's server.
    pub fn address(&self) -> SocketAddr {
        let (_, rest) = self.url.split_once("://").unwrap();
        let (authority, _) = rest.split_once('/').unwrap();
        let (_, address) = authority.rsplit_once('@').unwrap_or(("", authority));
        address.to_socket_addrs().unwrap().next().unwrap()
    }

    /// The same store over TLS, with these settings. The certificate of `.ci/with-services` has the name but
    /// not the address.
    pub fn url_over_tls(&self, host: &str, settings: &str) -> String {
        match &self.kind {
            Kind::Redb { .. } => panic!("it is a file"),
            Kind::Postgres { .. } => {
                let url = self.url.replacen("127.0.0.1", host, 1);
                format!("{url}&{settings}")
            }
            Kind::Redis { database, .. } => {
                let server = std::env::var("OOB_MFA_TEST_REDIS_TLS").expect("Redis over TLS");
                let server = server.replacen("localhost", host, 1);
                format!("{server}{database}?{settings}")
            }
        }
    }

    /// Whether no server process uses it.
    pub fn is_idle(&self) -> bool {
        match &self.kind {
            Kind::Redb { .. } => true,
            Kind::Postgres { schema, .. } => self.runtime.block_on(async {
                let query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1 \
                             AND pid <> pg_backend_pid() AND state <> 'idle'";
                let row = self.client().await.query_one(query, &[schema]).await;
                row.unwrap().get::<_, i64>(0) == 0
            }),
            // Redis runs one command after the other, and has just run this one.
            Kind::Redis { .. } => true,
        }
    }

    /// The same store under another address.
    pub fn url_through(&self, address: SocketAddr) -> String {
        self.url
            .replacen(&self.address().to_string(), &address.to_string(), 1)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        if thread::panicking() {
            // Kept, to look at after a failure.
            return;
        }
        match &self.kind {
            Kind::Redb { .. } => {}
            Kind::Postgres { schema, .. } => self.sql(&format!("DROP SCHEMA {schema} CASCADE")),
            Kind::Redis { server, database } => {
                self.redis_command(&["FLUSHDB"]);
                let lease = format!("oob-mfa-test:lease:{database}");
                redis_command(server, &["DEL", &lease]);
            }
        }
    }
}

pub async fn postgres_client(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

fn redis_connection(url: &str) -> redis::Connection {
    redis::Client::open(url).unwrap().get_connection().unwrap()
}

pub fn redis_command(url: &str, words: &[&str]) {
    let mut command = redis::cmd(words[0]);
    command.arg(&words[1..]);
    command.exec(&mut redis_connection(url)).unwrap();
}

pub fn redis_record(url: &str, subject: &str) -> Option<Vec<u8>> {
    redis::cmd("HGET")
        .arg(format!("oob-mfa:account:{subject}"))
        .arg("record")
        .query(&mut redis_connection(url))
        .unwrap()
}

/// The URL in the environment. Without it, one line is printed, which the test harness does not
/// capture.
fn server(name: &str, variable: &str, skipped: &Once) -> Option<String> {
    let url = std::env::var(variable).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        let ci = std::env::var("CI").unwrap_or_default();
        assert!(ci.is_empty(), "{variable} is not set, and CI skips nothing");
        skipped.call_once(|| {
            let line = format!(
                "SKIPPED, the tests on {name}: {variable} is not set. \
                 To run them: .ci/with-services cargo test -p oob-mfa-server\n"
            );
            // In one write, because the harness writes too.
            let _ = std::io::stderr().write_all(line.as_bytes());
        });
    }
    url
}
