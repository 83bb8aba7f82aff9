//! A statement and its connection.

use std::time::Duration;

use deadpool_postgres::Client;
use tokio::runtime::Handle;
use tokio::time::error::Elapsed;
use tokio::time::timeout;
use tokio_postgres::Error;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::{ANSWER, StoreError};

/// How long it may take to cancel a statement.
const END: Duration = Duration::from_secs(2);

/// Why a statement has no result.
pub(super) enum Unanswered {
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

/// Runs a statement on a connection, which returns to the pool only after success.
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
            if error.as_db_error().is_some() {
                drop(busy.client.take().map(Client::take));
            }
            Err(Unanswered::Failed(error))
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
            "a statement was given up, and PostgreSQL does not say whether it has ended"
        );
    }
    drop(Client::take(client));
}

/// The error with its cause.
pub(super) fn unavailable(error: Error) -> StoreError {
    let kind = error.to_string();
    StoreError::Unavailable(match error.into_source() {
        Some(cause) => format!("{kind}: {cause}").into(),
        None => kind.into(),
    })
}
