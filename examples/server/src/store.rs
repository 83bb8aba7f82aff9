//! Where accounts are kept.
//!
//! # Several processes
//!
//! A process keeps nothing between two requests. Any number of them on PostgreSQL or Redis behave
//! as one, and any process can serve any request, if they share
//!
//! * the key file: with it they open each other's tokens and judge each other's codes;
//! * the configuration, with an `issuer`: a process accepts an access token only from its own
//!   issuer, which by default is the address that the process listens on;
//! * the time of day, to within the policy's `clock_skew_seconds`: a process whose clock is further
//!   behind the last change of an account responds with 503 and does not change it (rule 13 of the
//!   crate).

mod audit;
mod postgres;
mod record;
mod redb;
mod redis;
mod tls;
mod url;

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use oob_mfa::{Account, Next, Subject, Unsaved};

pub use self::audit::{AuditRecord, BATCH, TakeEvent};
pub use self::postgres::PostgresStore;
pub use self::redb::RedbStore;
pub use self::redis::RedisStore;
pub use self::tls::Tls;
pub(crate) use self::url::is_loopback;
pub use self::url::{InvalidStoreUrl, StoreUrl};

// Users wait a few seconds for an SMS. If a store takes longer, the response is 503.

/// How long connecting to a store over the network may take.
const CONNECT: Duration = Duration::from_secs(2);
/// How long one response of a store may take. PostgreSQL cancels a statement before that.
const ANSWER: Duration = Duration::from_secs(4);
/// How long a whole load or write may take: enough for a load to find a dead connection and retry
/// over another.
const DEADLINE: Duration = Duration::from_secs(7);

/// Opens the store of a URL.
///
/// # Errors
///
/// Why it cannot open, and which store it is.
pub async fn open(url: &StoreUrl) -> Result<Arc<dyn Store>, String> {
    Ok(match url {
        StoreUrl::Redb(path) => {
            Arc::new(RedbStore::open(path).map_err(|error| format!("{}: {error}", path.display()))?)
        }
        StoreUrl::Postgres(config, tls) => Arc::new(
            PostgresStore::open(config, tls)
                .await
                .map_err(|error| format!("PostgreSQL: {error}"))?,
        ),
        StoreUrl::Redis(info, authority) => Arc::new(
            RedisStore::open(info, authority.as_deref())
                .await
                .map_err(|error| format!("Redis: {error}"))?,
        ),
    })
}

/// What a store returns: a future that can move to another thread.
pub type Promise<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// One record per user, written conditionally, and the events that are not logged yet.
///
/// The whole contract is that of [`Transition`](oob_mfa::Transition): insert if absent when
/// `next.account().replaces()` is `None`, else replace only that revision, and report success only
/// after the write is durable.
pub trait Store: Send + Sync {
    /// The account of a user; `None` only if the store is certain that there is no record.
    fn load(&self, subject: Subject) -> Promise<'_, Option<Account>>;

    /// Replaces the account and adds its events: both or neither.
    fn replace<'a>(&'a self, next: &'a Next) -> Promise<'a, ()>;

    /// Logs the oldest events, at most [`BATCH`], then deletes them, and returns their number.
    /// Fewer than `BATCH` means that there are no more.
    ///
    /// The events of an account come in the order of its revisions, at least once: if the process
    /// ends before they are deleted, they come again. Only one process reads at a time.
    fn drain_events<'a>(&'a self, take: TakeEvent<'a>) -> Promise<'a, usize>;

    /// Whether there are no accounts.
    fn is_empty(&self) -> Promise<'_, bool>;
}

/// Why a store failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// Another revision is stored: reload and ask the engine again.
    Conflict,
    /// The store is unreachable, or cannot tell whether it wrote. A write is not retried: the next
    /// request is judged by what is stored.
    Unavailable(Box<dyn Error + Send + Sync>),
    /// The record cannot be read. It does not change.
    Broken(Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// Converts it for [`decide_async`](oob_mfa::decide_async).
    #[must_use]
    pub fn unsaved(self) -> Unsaved<Self> {
        match self {
            Self::Conflict => Unsaved::Conflict,
            error => Unsaved::Failed(error),
        }
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Conflict => f.write_str("the record was changed meanwhile"),
            Self::Unavailable(error) => write!(f, "the store is unavailable: {error}"),
            Self::Broken(error) => write!(f, "the record is broken: {error}"),
        }
    }
}

impl Error for StoreError {}

/// The same within the deadline.
async fn in_time<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    tokio::time::timeout(DEADLINE, asked)
        .await
        .unwrap_or_else(|elapsed| Err(StoreError::Unavailable(elapsed.into())))
}
