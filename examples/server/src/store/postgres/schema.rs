//! The tables, and the settings that make them durable.

use deadpool_postgres::Client;

use super::super::StoreError;
use super::statement::unavailable;

/// The schema, one step per version. A released step never changes.
///
/// A subject may hold any character, even NUL, which `text` cannot. So it is stored as UTF-8 bytes
/// (`convert_from(subject, 'UTF8')` shows it).
const MIGRATIONS: [&str; 1] = ["\
    CREATE TABLE oob_mfa_accounts (\
        subject bytea PRIMARY KEY, \
        revision bigint NOT NULL, \
        record bytea NOT NULL); \
    CREATE TABLE oob_mfa_events (\
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, \
        event text NOT NULL)"];

/// The key of an advisory lock: the first bytes of the crate's name.
const MIGRATION_LOCK: i64 = i64::from_be_bytes(*b"oob-mfa\0");

/// Processes that start at the same time take turns: without that, `CREATE TABLE IF NOT EXISTS`
/// would fail for one of them.
pub(super) async fn migrate(client: &mut Client) -> Result<(), StoreError> {
    let migrated = async {
        let transaction = client.transaction().await?;
        transaction
            .batch_execute("SET LOCAL statement_timeout = '1min'; SET LOCAL lock_timeout = 0")
            .await?;
        transaction
            .execute("SELECT pg_advisory_xact_lock($1)", &[&MIGRATION_LOCK])
            .await?;
        // Checked first, so a role without the right to create can use existing tables.
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
        let known = MIGRATIONS.len();
        let error = format!(
            "its tables have version {stored}, but this server knows only {known}: start a newer server"
        );
        return Err(StoreError::Unavailable(error.into()));
    }
    Ok(())
}

pub(super) async fn warn_of_settings_that_lose(client: &Client) -> Result<(), StoreError> {
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
