//! A statement and its connection.

use std::error::Error as StdError;
use std::time::Duration;

use deadpool_postgres::{Client, HookError, Pool, PoolError};
use tokio::runtime::Handle;
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio_postgres::Error;
use tokio_postgres::error::{Severity, SqlState};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::{ANSWER, StoreError};

/// How long it may take to cancel a statement.
const END: Duration = Duration::from_secs(2);

type Reason = Box<dyn StdError + Send + Sync>;

/// Why a statement has no result.
pub(super) enum Unanswered {
    NoConnection(Reason),
    Failed(Error),
    GivenUp(Elapsed),
}

impl Unanswered {
    /// PostgreSQL says how the statement failed, over a connection that remains.
    pub(super) fn is_reported(&self) -> bool {
        self.reported().is_some()
    }

    /// PostgreSQL rolled the statement back for a reason that one row can cause: its values, a constraint, a
    /// trigger, another writer. A full disk, a shutdown or a timeout is not one of these.
    pub(super) fn may_concern_one(&self) -> bool {
        let one = |code: &SqlState| {
            *code == SqlState::RAISE_EXCEPTION
                || *code == SqlState::LOCK_NOT_AVAILABLE
                || ["22", "23"]
                    .iter()
                    .any(|class| code.code().starts_with(class))
        };
        self.lost_a_race() || self.reported().is_some_and(one)
    }

    /// Rolled back because of another writer: a deadlock, or on a standby, a conflict with its primary.
    pub(super) fn lost_a_race(&self) -> bool {
        const LOST: [SqlState; 2] = [
            SqlState::T_R_SERIALIZATION_FAILURE,
            SqlState::T_R_DEADLOCK_DETECTED,
        ];
        self.reported().is_some_and(|code| LOST.contains(code))
    }

    fn reported(&self) -> Option<&SqlState> {
        let Self::Failed(error) = self else {
            return None;
        };
        let error = error.as_db_error()?;
        (error.parsed_severity() == Some(Severity::Error)).then_some(error.code())
    }

    pub(super) fn into_reason(self) -> Reason {
        match self {
            Self::NoConnection(reason) => reason,
            Self::Failed(error) => with_cause(error),
            Self::GivenUp(elapsed) => elapsed.into(),
        }
    }
}

impl From<Unanswered> for StoreError {
    fn from(unanswered: Unanswered) -> Self {
        Self::Unavailable(unanswered.into_reason())
    }
}

pub(super) async fn client(pool: &Pool) -> Result<Client, Unanswered> {
    let client = pool.get().await;
    client.map_err(|error| {
        Unanswered::NoConnection(match error {
            PoolError::Backend(error) | PoolError::PostCreateHook(HookError::Backend(error)) => {
                with_cause(error)
            }
            error => error.into(),
        })
    })
}

/// Runs a statement on a connection, which returns to the pool only after success, or after an error that
/// that one row can cause.
pub(super) async fn ask<T>(
    tls: &MakeRustlsConnect,
    client: Client,
    asked: impl AsyncFnOnce(&Client) -> Result<T, Error>,
) -> Result<T, Unanswered> {
    let tls = tls.clone();
    let mut busy = Busy { client: None, tls };
    let client = busy.client.insert(client);
    let asked = timeout(ANSWER, asked(client)).await;
    match asked {
        Ok(Ok(answer)) => {
            busy.client = None;
            Ok(answer)
        }
        Ok(Err(error)) => {
            // The server has reported how the statement ended.
            let ended = error.as_db_error().is_some();
            let failed = Unanswered::Failed(error);
            if failed.may_concern_one() {
                busy.client = None;
            } else if ended {
                drop(busy.client.take().map(Client::take));
            }
            Err(failed)
        }
        Err(elapsed) => Err(Unanswered::GivenUp(elapsed)),
    }
}

/// A connection with a running statement. Dropping it, for example at the deadline of the request,
/// cancels the statement.
struct Busy {
    client: Option<Client>,
    tls: MakeRustlsConnect,
}

impl Drop for Busy {
    fn drop(&mut self) {
        let Some(client) = self.client.take() else {
            return;
        };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(give_up(client, self.tls.clone()))),
            Err(_) => drop(Client::take(client)),
        }
    }
}

/// Cancels a statement and closes its connection, which keeps its place in the pool until then.
/// PostgreSQL never has more sessions than the pool has connections.
async fn give_up(client: Client, tls: MakeRustlsConnect) {
    let ended = timeout(END, async {
        client.cancel_token().cancel_query(tls).await?;
        // PostgreSQL answers this after the statement.
        client.batch_execute("").await
    });
    if !matches!(ended.await, Ok(Ok(()))) {
        tracing::warn!(
            "the server gave up a statement, and PostgreSQL did not confirm that it has ended"
        );
    }
    drop(Client::take(client));
}

pub(super) fn unavailable(error: Error) -> StoreError {
    StoreError::Unavailable(with_cause(error))
}

/// The error with its cause.
fn with_cause(error: Error) -> Reason {
    let kind = error.to_string();
    match error.into_source() {
        Some(cause) => format!("{kind}: {cause}").into(),
        None => kind.into(),
    }
}
