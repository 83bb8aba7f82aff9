//! Accounts in a table of PostgreSQL: `postgres://USER:PASSWORD@HOST/DATABASE`.
//!
//! # What keeps an account whole
//!
//! * A write is one statement that names the revision it replaces. Two of them at once meet at the
//!   lock of the row, and the later one finds another revision: 0 rows, a conflict.
//! * A write is reported only once its commit is on the disk: every connection raises
//!   `synchronous_commit` to `on`, whatever the role or the database has, and leaves the stricter
//!   `remote_apply` alone. The server's own `fsync` and `full_page_writes` have to be on, which is
//!   looked at when the process starts. A failover loses nothing where the standby is a synchronous one.
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
//! The connection is not encrypted: reach a distant database through a tunnel. In front of it, a
//! pooler has to keep sessions (pgbouncer's `pool_mode=session`), because settings and prepared
//! statements are the connection's.

use deadpool_postgres::{
    Client, Hook, HookError, Manager, ManagerConfig, Pool, PoolError, QueueMode, RecyclingMethod,
    Runtime,
};
use oob_mfa::{Account, Next, Subject};
use tokio::time::error::Elapsed;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Config, Error, NoTls};

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

/// Accounts in PostgreSQL. Any number of processes share them.
pub struct PostgresStore {
    pool: Pool,
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
                    let set = client.batch_execute(SETTINGS).await;
                    set.map_err(HookError::Backend)
                })
            }))
            .build()
            .map_err(|error| StoreError::Unavailable(error.into()))?;
        let store = Self { pool };
        store.migrate().await?;
        store.warn_of_settings_that_lose().await?;
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
        let asked = tokio::time::timeout(ANSWER, async {
            let statement = client.prepare_cached(LOAD).await?;
            let key = subject.as_str().as_bytes();
            let row = client.query_opt(&statement, &[&key]).await?;
            row.map(|row| Ok((row.try_get::<_, i64>(0)?, row.try_get::<_, Vec<u8>>(1)?)))
                .transpose()
        });
        let row = settle(asked.await, client)?;
        row.map(|(revision, record)| decode_at(u64::try_from(revision).ok(), &record))
            .transpose()
    }

    async fn write(&self, account: &Account) -> Result<(), StoreError> {
        let key = account.subject().as_str().as_bytes();
        let record = encode(account)?;
        let revision = stored(account.revision())?;
        let replaced = account.replaces().map(stored).transpose()?;
        let client = self.client().await?;
        let asked = tokio::time::timeout(ANSWER, async {
            match replaced {
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
            }
        });
        match settle(asked.await, client)? {
            0 => Err(StoreError::Conflict),
            _ => Ok(()),
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
        Box::pin(in_time(async move { self.write(&next.account).await }))
    }
}

/// What came of a statement. The connection goes back to the pool only if it did its work.
fn settle<T>(asked: Result<Result<T, Error>, Elapsed>, client: Client) -> Result<T, StoreError> {
    let error = match asked {
        Ok(Ok(answer)) => return Ok(answer),
        // Rolled back because of another writer, so that nothing is written. PostgreSQL itself says
        // so only under other isolation levels; what speaks its protocol may say so under any.
        Ok(Err(error)) if lost_a_race(&error) => return Err(StoreError::Conflict),
        Ok(Err(error)) => unavailable(error),
        Err(elapsed) => StoreError::Unavailable(elapsed.into()),
    };
    drop(Client::take(client));
    Err(error)
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
mod tests {
    use super::*;

    /// Asks PostgreSQL itself, over a connection of the store.
    #[tokio::test]
    async fn a_role_that_does_not_wait_for_the_disk_is_made_to() {
        // `.ci/with-services` names one; tests/stores.rs says where there is none.
        let Ok(server) = std::env::var("OOB_MFA_TEST_POSTGRES") else {
            return;
        };
        for (written, expected) in [
            ("off", "on"),
            ("local", "on"),
            ("remote_write", "on"),
            ("on", "on"),
            ("remote_apply", "remote_apply"),
        ] {
            let mut config: Config = server.parse().unwrap();
            // What a role has been given is there before the first statement, as this is.
            config.options(format!(
                "-c search_path=pg_temp -c synchronous_commit={written} \
                 -c default_transaction_isolation=serializable -c statement_timeout=0"
            ));
            let store = PostgresStore::open(&config).await.unwrap();
            let client = store.client().await.unwrap();
            let mut shown = Vec::new();
            for setting in [
                "synchronous_commit",
                "transaction_isolation",
                "statement_timeout",
            ] {
                let row = client.query_one(&format!("SHOW {setting}"), &[]).await;
                shown.push(row.unwrap().get::<_, String>(0));
            }
            assert_eq!(shown, [expected, "read committed", "3s"], "{written}");
        }
    }

    #[test]
    fn a_revision_that_postgresql_cannot_hold_is_not_wrapped() {
        assert_eq!(stored(i64::MAX as u64).unwrap(), i64::MAX);
        assert!(matches!(
            stored(i64::MAX as u64 + 1),
            Err(StoreError::Broken(_))
        ));
    }
}
