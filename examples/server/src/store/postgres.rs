//! Accounts in a table of PostgreSQL: `postgres://USER:PASSWORD@HOST/DATABASE`, with `?sslmode=verify-full`
//! over TLS. Databases that only speak its protocol are not supported.
//!
//! # What keeps an account whole
//!
//! * A write names the revision it replaces. Two concurrent writes wait at the row lock, and the later one
//!   finds another revision: 0 rows, a conflict.
//! * The store reports a write only after its commit is on the disk. Every connection raises
//!   `synchronous_commit` to `on`, over the settings of the role and the database, and keeps the
//!   stricter `remote_apply`. The server's `fsync` and `full_page_writes` must be on. The process
//!   checks this at startup. A failover loses nothing if the standby is synchronous (see below).
//! * Reads may go to any server, even to a standby that lags. A decision on an old record gets a
//!   conflict when it is saved.
//!
//! # Many at the same time
//!
//! One task reads accounts, one inserts them and one replaces them. While a statement is under way, requests
//! wait. The next statement serves all of them, at most 256, so they share a round trip and a wait for the
//! disk. If no statement is under way, a request gets its own at once. Each request gets its own result
//! after the commit: a conflict or a broken record does not affect the others.
//!
//! A statement never contains an account twice. Of several writes of one account, it contains the first
//! one that replaces the latest revision. The others are conflicts, even if that write is a conflict too.
//!
//! If PostgreSQL reports an error that one row can cause, it has rolled the statement back: a constraint, a
//! trigger, a deadlock, a locked row. The task then retries with one statement for each request whose
//! caller still waits, one after the other. So only the request that caused the error fails. Later
//! requests wait meanwhile. Any other error, such as a full disk or a timeout, fails the whole batch.
//!
//! A statement waits at most 250 milliseconds for a row that another session has locked, because all later
//! writes wait behind it. A write that waited alone then gets 503. A role or the URL can set another
//! `lock_timeout` above 0.
//!
//! # When it fails
//!
//! A connection is not used again after a failure, unless the error is one that a row can cause. If there was
//! no connection or no answer in time, the store retries a read once, over a new connection. It never
//! retries a write without a response, because the write may have happened. All requests that shared it get
//! 503, and the next request loads what is stored. A statement takes at most 3 seconds, a read or a write at
//! most 7. When a request ends, it cancels its own statement, but not a shared one.
//!
//! No setting of PostgreSQL ends a commit that waits for a synchronous standby. The store therefore cancels a
//! statement that times out: otherwise its session would remain on the server. If the statement was only
//! waiting for the standby, PostgreSQL then commits it on the primary alone. The store does not report it,
//! and every later report waits until the standby has it too. A failover therefore loses no reported write,
//! with one exception: if someone else cancels the wait, PostgreSQL reports the commit as done.
//!
//! A process has at most 16 connections, and closes those that were idle for a minute. Set
//! `max_connections` above 16 per process.
//!
//! A pooler in front of PostgreSQL must keep sessions (pgbouncer's `pool_mode=session`), because settings
//! and prepared statements belong to the connection.
//!
//! # Events
//!
//! The statement that writes an account inserts its events. A reader deletes them in a transaction
//! that commits after they are logged. If the process dies before that, it has deleted nothing. Other
//! readers wait meanwhile, so the log keeps the order of an account's revisions. If events commit late,
//! the next read gets them, even if their ids are lower. The reader's commit does not wait for the disk:
//! after a crash of PostgreSQL, some events may be logged again.

mod accounts;
mod batches;
mod schema;
mod statement;

use std::time::Duration;

use deadpool_postgres::{
    Client, Hook, HookError, Manager, ManagerConfig, Pool, QueueMode, RecyclingMethod, Runtime,
};
use oob_mfa::{Account, Next, Subject};
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Config, Error};
use tokio_postgres_rustls::MakeRustlsConnect;
use tokio_util::task::AbortOnDropHandle;

use self::accounts::{Accounts, INSERT, REPLACE, Row, Write};
use self::batches::Batches;
use self::statement::{ask, unavailable};
use super::audit::{BATCH, hand_over};
use super::record::decode_at;
use super::{CONNECT, Promise, Store, StoreError, TakeEvent, Tls, in_time};

/// A reader that hangs is ended, and its events become available again.
const READ: &str = "\
    BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL idle_in_transaction_session_timeout = 3000; \
    SET LOCAL lock_timeout = 0";
const OLDEST: &str = "\
    WITH oldest AS MATERIALIZED (\
        SELECT id FROM oob_mfa_events ORDER BY id LIMIT $1 FOR UPDATE) \
    DELETE FROM oob_mfa_events USING oldest WHERE oob_mfa_events.id = oldest.id \
    RETURNING oob_mfa_events.id, event";

/// The settings of every connection. Under read committed, a write that lost a race changes 0 rows
/// and is not an error. Statements name their rows in the order of the index, and every plan finds them
/// by it: two processes that lock rows in different orders would cause deadlocks. `ANY($1)` in a statement
/// makes the names a condition of the index. Without it, a plan from a small table would read the whole
/// index.
const SETTINGS: &str = "\
    SET statement_timeout = 3000; \
    SELECT set_config('lock_timeout', '250', false) WHERE current_setting('lock_timeout') = '0'; \
    SET default_transaction_isolation = 'read committed'; \
    SELECT set_config('synchronous_commit', 'on', false) \
        WHERE current_setting('synchronous_commit') <> 'remote_apply'; \
    SET plan_cache_mode = force_generic_plan; \
    SET enable_seqscan = off; \
    SET enable_bitmapscan = off; \
    SET enable_hashjoin = off; \
    SET enable_mergejoin = off";

/// The most connections of one process. PostgreSQL has 100 by default.
const MOST_CONNECTIONS: usize = 16;

/// How long a connection may be idle before it is closed.
const IDLE: Duration = Duration::from_secs(60);
/// How long the start may take after connecting. A migration waits at most a minute for those of
/// other processes.
const START: Duration = Duration::from_secs(75);

/// Accounts in PostgreSQL. Any number of processes share them.
pub struct PostgresStore {
    pool: Pool,
    tls: MakeRustlsConnect,
    loads: Batches<Subject, Option<Row>>,
    inserts: Batches<Write, ()>,
    replacements: Batches<Write, ()>,
    _retiring: AbortOnDropHandle<()>,
}

impl PostgresStore {
    /// Connects, and migrates the schema to the version of this server.
    ///
    /// # Errors
    ///
    /// The reason for the failure, for example a schema of a newer server.
    pub async fn open(config: &Config, connection: &Tls) -> Result<Self, StoreError> {
        if *connection == Tls::Anyone {
            tracing::warn!(
                "sslmode=require checks no certificate: any server can pose as PostgreSQL"
            );
        }
        let connector = connection.config().map(MakeRustlsConnect::new);
        let tls = connector.map_err(|error| StoreError::Unavailable(error.into()))?;
        let mut config = config.clone();
        // No mode falls back to plaintext.
        config.ssl_mode(match connection {
            Tls::Off => SslMode::Disable,
            _ => SslMode::Require,
        });
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_application_name().is_none() {
            config.application_name("oob-mfa-server");
        }
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let pool = Pool::builder(Manager::from_config(config, tls.clone(), recycling))
            .max_size(MOST_CONNECTIONS)
            // The connection that was used last is the least likely to be dead.
            .queue_mode(QueueMode::Lifo)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(CONNECT))
            .create_timeout(Some(CONNECT))
            .post_create(Hook::async_fn(|client, _| {
                Box::pin(async {
                    match timeout(CONNECT, client.batch_execute(SETTINGS)).await {
                        Ok(set) => set.map_err(HookError::Backend),
                        Err(_) => Err(HookError::message("no answer in time")),
                    }
                })
            }))
            .build()
            .map_err(|error| StoreError::Unavailable(error.into()))?;
        let accounts = Accounts {
            pool: pool.clone(),
            tls: tls.clone(),
        };
        let writes = |statement| {
            let accounts = accounts.clone();
            Batches::start(move |batch| accounts.clone().write(statement, batch))
        };
        let store = Self {
            inserts: writes(INSERT),
            replacements: writes(REPLACE),
            loads: Batches::start(move |batch| accounts.clone().load(batch)),
            _retiring: AbortOnDropHandle::new(tokio::spawn(retire(pool.clone(), IDLE))),
            pool,
            tls,
        };
        let started = timeout(START, async {
            let mut client = store.client().await?;
            schema::migrate(&mut client).await?;
            schema::warn_of_settings_that_lose(&client).await
        });
        let started = started.await;
        started.map_err(|elapsed| StoreError::Unavailable(elapsed.into()))??;
        Ok(store)
    }

    async fn client(&self) -> Result<Client, StoreError> {
        Ok(statement::client(&self.pool).await?)
    }

    async fn drain(&self, take: TakeEvent<'_>) -> Result<usize, StoreError> {
        const MOST: i64 = BATCH as i64;
        let client = self.client().await?;
        let taken = async |client: &Client| {
            client.batch_execute(READ).await?;
            let statement = client.prepare_cached(OLDEST).await?;
            let rows = client.query(&statement, &[&MOST]).await?;
            let events = rows
                .iter()
                .map(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
            let mut events: Vec<(i64, &str)> = events.collect::<Result<_, Error>>()?;
            events.sort_unstable();
            hand_over(events.iter().map(|(_, event)| *event), take);
            client.batch_execute("COMMIT").await?;
            Ok(events.len())
        };
        let asked = ask(&self.tls, client, async |client| {
            let taken = taken(client).await;
            if taken.is_err() {
                // The connection may return to the pool.
                let _ = client.batch_execute("ROLLBACK").await;
            }
            taken
        });
        Ok(asked.await?)
    }
}

impl Store for PostgresStore {
    fn load(&self, subject: Subject) -> Promise<'_, Option<Account>> {
        Box::pin(in_time(async move {
            let row = self.loads.ask(subject).await?;
            row.map(|(revision, record)| decode_at(u64::try_from(revision).ok(), &record))
                .transpose()
        }))
    }

    fn replace<'a>(&'a self, next: &'a Next) -> Promise<'a, ()> {
        Box::pin(in_time(async move {
            let write = Write::of(next)?;
            let kind = if write.inserts() {
                &self.inserts
            } else {
                &self.replacements
            };
            kind.ask(write).await
        }))
    }

    fn drain_events<'a>(&'a self, take: TakeEvent<'a>) -> Promise<'a, usize> {
        Box::pin(in_time(self.drain(take)))
    }

    fn is_empty(&self) -> Promise<'_, bool> {
        const ANY: &str = "SELECT EXISTS (SELECT FROM oob_mfa_accounts)";
        Box::pin(in_time(async move {
            let row = self.client().await?.query_one(ANY, &[]).await;
            let any = row.and_then(|row| row.try_get::<_, bool>(0));
            Ok(!any.map_err(unavailable)?)
        }))
    }
}

/// Closes idle connections, forever.
async fn retire(pool: Pool, idle: Duration) {
    let mut turns = tokio::time::interval(idle / 2);
    loop {
        turns.tick().await;
        drop(pool.retain(|_, metrics| metrics.last_used() < idle));
    }
}

#[cfg(test)]
mod tests;
