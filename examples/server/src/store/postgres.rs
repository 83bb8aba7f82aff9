//! Accounts in a table of PostgreSQL: `postgres://USER:PASSWORD@HOST/DATABASE`.
//!
//! # What keeps an account whole
//!
//! * A write is one statement that names the revision it replaces. Two of them at once meet at the
//!   lock of the row, and the later one finds another revision: 0 rows, a conflict.
//! * A write is reported only once its commit is on the disk: every connection raises
//!   `synchronous_commit` to `on`, whatever the role or the database has, and leaves the stricter
//!   `remote_apply` alone. The server's own `fsync` and `full_page_writes` have to be on, which is
//!   looked at when the process starts. A failover loses nothing where the standby is a synchronous one (see
//!   below).
//! * A read may come from anywhere, a standby that lags among them: a decision on an old record meets
//!   a conflict when it is saved.
//!
//! # When it fails
//!
//! A connection over which anything failed is not used again. A read that failed is asked once more,
//! over a new connection, and a write goes over the one that its read has just used. A write never is: whoever has not heard the answer cannot tell whether it
//! was carried out, and the next request loads what is there. A statement waits for 3 seconds at the
//! most, a read or a write for 7.
//!
//! No setting of PostgreSQL ends a commit that waits for a synchronous standby. A statement that is given
//! up is therefore cancelled, so that no session stays behind in the server; one that was only waiting for
//! its standby is then committed on the primary alone. Nobody was told of it, and whatever is told later
//! waits for a standby that has it too. So a failover loses nothing that was reported, unless somebody
//! else cancels the wait for the standby: that reports a commit as done.
//!
//! A process has 16 connections at the most, and closes those that were idle for a minute: what
//! `max_connections` leaves has to be more than 16 times as many as there are processes.
//!
//! The connection is not encrypted: reach a distant database through a tunnel. In front of it, a
//! pooler has to keep sessions (pgbouncer's `pool_mode=session`), because settings and prepared
//! statements are the connection's.

use std::time::Duration;

use deadpool_postgres::{
    Client, Hook, HookError, Manager, ManagerConfig, Pool, PoolError, QueueMode, RecyclingMethod,
    Runtime,
};
use oob_mfa::{Account, Next, Subject};
use tokio::runtime::Handle;
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, Error, NoTls};
use tokio_util::task::AbortOnDropHandle;

use super::record::{decode_at, encode};
use super::{ANSWER, CONNECT, Promise, Store, StoreError, in_time};

const LOAD: &str = "SELECT revision, record FROM oob_mfa_accounts WHERE subject = $1";
const INSERT: &str = "INSERT INTO oob_mfa_accounts (subject, record, revision) VALUES ($1, $2, $3) \
                      ON CONFLICT DO NOTHING";
const REPLACE: &str = "UPDATE oob_mfa_accounts SET record = $2, revision = $3 \
                       WHERE subject = $1 AND revision = $4";

/// What every connection is set to. Under read committed, a write that lost a race changes 0 rows
/// and is no error.
const SETTINGS: &str = "\
    SET statement_timeout = 3000; \
    SET default_transaction_isolation = 'read committed'; \
    SELECT set_config('synchronous_commit', 'on', false) \
        WHERE current_setting('synchronous_commit') <> 'remote_apply'";

/// The schema, one step per version. A step that was released is never changed.
///
/// A subject may hold any character, NUL too, which `text` does not: it is kept as its UTF-8 bytes
/// (`convert_from(subject, 'UTF8')` shows it).
const MIGRATIONS: [&str; 1] = ["\
    CREATE TABLE oob_mfa_accounts (\
        subject bytea PRIMARY KEY, \
        revision bigint NOT NULL, \
        record bytea NOT NULL)"];

/// Any number that nobody else on the database locks: the first bytes of the crate's name.
const MIGRATION_LOCK: i64 = i64::from_be_bytes(*b"oob-mfa\0");

/// Connections of one process at the most. PostgreSQL has 100 by default.
const MOST_CONNECTIONS: usize = 16;

/// How long a connection may be idle before it is closed.
const IDLE: Duration = Duration::from_secs(60);
/// How long the start may take, once there is a connection. A migration waits a minute at the most for
/// those of other processes.
const START: Duration = Duration::from_secs(75);
/// How long the end of a statement that was given up may take.
const END: Duration = Duration::from_secs(2);

/// Accounts in PostgreSQL. Any number of processes share them.
pub struct PostgresStore {
    pool: Pool,
    _retiring: AbortOnDropHandle<()>,
}

impl PostgresStore {
    /// Connects, and brings the schema to the version of this server.
    ///
    /// # Errors
    ///
    /// What kept it from that, a schema of a newer server among it.
    pub async fn open(config: &Config) -> Result<Self, StoreError> {
        let mut config = config.clone();
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_application_name().is_none() {
            config.application_name("oob-mfa-server");
        }
        let recycling = ManagerConfig {
            recycling_method: RecyclingMethod::Fast,
        };
        let pool = Pool::builder(Manager::from_config(config, NoTls, recycling))
            .max_size(MOST_CONNECTIONS)
            // A write goes over the connection that its load has just used.
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
        let store = Self {
            _retiring: AbortOnDropHandle::new(tokio::spawn(retire(pool.clone(), IDLE))),
            pool,
        };
        let started = timeout(START, async {
            store.migrate().await?;
            store.warn_of_settings_that_lose().await
        });
        let started = started.await;
        started.map_err(|elapsed| StoreError::Unavailable(elapsed.into()))??;
        Ok(store)
    }

    async fn client(&self) -> Result<Client, StoreError> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                unavailable(error)
            }
            error => StoreError::Unavailable(error.into()),
        })
    }

    /// Processes that start at once take their turns: `CREATE TABLE IF NOT EXISTS` alone would fail
    /// for one of them.
    async fn migrate(&self) -> Result<(), StoreError> {
        let mut client = self.client().await?;
        let migrated = async {
            let transaction = client.transaction().await?;
            transaction
                .batch_execute("SET LOCAL statement_timeout = '1min'")
                .await?;
            transaction
                .execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK])
                .await?;
            // Asked first, so that a role that may create nothing gets by with the tables there are.
            let there = transaction
                .query_one("SELECT to_regclass('oob_mfa_schema') IS NOT NULL", &[])
                .await?;
            if !there.try_get::<_, bool>(0)? {
                transaction
                    .batch_execute("CREATE TABLE oob_mfa_schema (version integer PRIMARY KEY)")
                    .await?;
            }
            let row = transaction
                .query_one("SELECT coalesce(max(version), 0) FROM oob_mfa_schema", &[])
                .await?;
            let stored: i32 = row.try_get(0)?;
            for (version, migration) in (1..).zip(MIGRATIONS) {
                if version > stored {
                    transaction.batch_execute(migration).await?;
                    transaction
                        .execute("INSERT INTO oob_mfa_schema VALUES ($1)", &[&version])
                        .await?;
                }
            }
            transaction.commit().await?;
            Ok(stored)
        };
        let stored = migrated.await.map_err(unavailable)?;
        if usize::try_from(stored).is_ok_and(|stored| stored > MIGRATIONS.len()) {
            let error = format!("its tables are of a newer server: version {stored}");
            return Err(StoreError::Unavailable(error.into()));
        }
        Ok(())
    }

    async fn warn_of_settings_that_lose(&self) -> Result<(), StoreError> {
        let client = self.client().await?;
        for setting in ["fsync", "full_page_writes"] {
            let row = client
                .query_one("SELECT current_setting($1)", &[&setting])
                .await
                .map_err(unavailable)?;
            let value: &str = row.try_get(0).map_err(unavailable)?;
            if value != "on" {
                tracing::warn!(setting, value, "PostgreSQL can lose what it has committed");
            }
        }
        Ok(())
    }

    async fn read(&self, subject: &Subject) -> Result<Option<Account>, StoreError> {
        let client = self.client().await?;
        let asked = ask(client, async |client| {
            let statement = client.prepare_cached(LOAD).await?;
            let key = subject.as_str().as_bytes();
            let row = client.query_opt(&statement, &[&key]).await?;
            row.map(|row| Ok((row.try_get::<_, i64>(0)?, row.try_get::<_, Vec<u8>>(1)?)))
                .transpose()
        });
        let row = asked.await?;
        row.map(|(revision, record)| decode_at(u64::try_from(revision).ok(), &record))
            .transpose()
    }

    async fn write(&self, account: &Account) -> Result<(), StoreError> {
        let key = account.subject().as_str().as_bytes();
        let record = encode(account)?;
        let revision = stored(account.revision())?;
        let replaced = account.replaces().map(stored).transpose()?;
        let client = self.client().await?;
        let asked = ask(client, async |client| match replaced {
            None => {
                let statement = client.prepare_cached(INSERT).await?;
                client
                    .execute(&statement, &[&key, &record, &revision])
                    .await
            }
            Some(replaced) => {
                let statement = client.prepare_cached(REPLACE).await?;
                client
                    .execute(&statement, &[&key, &record, &revision, &replaced])
                    .await
            }
        });
        match asked.await {
            Ok(0) => Err(StoreError::Conflict),
            Ok(_) => Ok(()),
            // Rolled back because of another writer, so that nothing is written. PostgreSQL itself says
            // so only under other isolation levels; what speaks its protocol may say so under any.
            Err(Unanswered::Failed(error)) if lost_a_race(&error) => Err(StoreError::Conflict),
            Err(unanswered) => Err(unanswered.into()),
        }
    }
}

impl Store for PostgresStore {
    fn load(&self, subject: Subject) -> Promise<'_, Option<Account>> {
        Box::pin(in_time(async move {
            match self.read(&subject).await {
                Err(StoreError::Unavailable(_)) => {
                    // What cut one connection has mostly cut all of them.
                    drop(self.pool.retain(|_, _| false));
                    self.read(&subject).await
                }
                read => read,
            }
        }))
    }

    fn replace(&self, next: Next) -> Promise<'_, ()> {
        Box::pin(in_time(async move { self.write(next.account()).await }))
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

/// Why a statement has no answer.
enum Unanswered {
    Failed(Error),
    GivenUp(Elapsed),
}

impl From<Unanswered> for StoreError {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Failed(error) => unavailable(error),
            Unanswered::GivenUp(elapsed) => Self::Unavailable(elapsed.into()),
        }
    }
}

/// Asks over a connection, which goes back to the pool only if it did its work.
async fn ask<T>(
    client: Client,
    asked: impl AsyncFnOnce(&Client) -> Result<T, Error>,
) -> Result<T, Unanswered> {
    let mut busy = Busy(None);
    let client = busy.0.insert(client);
    let asked = timeout(ANSWER, asked(client)).await;
    match asked {
        Ok(Ok(answer)) => {
            busy.0 = None;
            Ok(answer)
        }
        Ok(Err(error)) => {
            // The server has told how the statement ended.
            if error.as_db_error().is_some() {
                drop(busy.0.take().map(Client::take));
            }
            Err(Unanswered::Failed(error))
        }
        Err(elapsed) => Err(Unanswered::GivenUp(elapsed)),
    }
}

/// A connection with a statement under way. What is left of it when it is dropped is given up, by the
/// deadline of the whole request too.
struct Busy(Option<Client>);

impl Drop for Busy {
    fn drop(&mut self) {
        let Some(client) = self.0.take() else {
            return;
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(give_up(client))),
            Err(_) => drop(Client::take(client)),
        }
    }
}

/// Ends a statement and its connection, which keeps its place in the pool until then: so the sessions
/// in the server are not more than the connections here.
async fn give_up(client: Client) {
    let ended = timeout(END, async {
        client.cancel_token().cancel_query(NoTls).await?;
        // Answered after the statement.
        client.batch_execute("").await
    });
    if !matches!(ended.await, Ok(Ok(()))) {
        tracing::warn!(
            "a statement was given up, and PostgreSQL does not say whether it has ended"
        );
    }
    drop(Client::take(client));
}

/// Closes connections that were idle for so long, for ever.
async fn retire(pool: Pool, idle: Duration) {
    let mut turns = tokio::time::interval(idle / 2);
    loop {
        turns.tick().await;
        drop(pool.retain(|_, metrics| metrics.last_used() < idle));
    }
}

fn lost_a_race(error: &Error) -> bool {
    let code = error.code();
    code == Some(&SqlState::T_R_SERIALIZATION_FAILURE)
        || code == Some(&SqlState::T_R_DEADLOCK_DETECTED)
}

/// A revision as PostgreSQL has it.
fn stored(revision: u64) -> Result<i64, StoreError> {
    i64::try_from(revision).map_err(|error| StoreError::Broken(error.into()))
}

/// The error and its cause, which tells what happened.
fn unavailable(error: Error) -> StoreError {
    let kind = error.to_string();
    StoreError::Unavailable(match error.into_source() {
        Some(cause) => format!("{kind}: {cause}").into(),
        None => kind.into(),
    })
}

#[cfg(test)]
mod tests;
