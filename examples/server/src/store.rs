//! Where accounts are kept.
//!
//! # Several processes
//!
//! A process keeps nothing of its own between two requests, so any number of them on PostgreSQL or
//! Redis behave as one, and any takes any request, if they share
//!
//! * the key file: with it they open the tokens and judge the codes of the others;
//! * the configuration, with an `issuer` in it: an access token is taken where its issuer is the
//!   process's own, which without that line is the address that the process listens on;
//! * the time of day, to within the policy's `clock_skew_seconds`: a process whose clock is further behind
//!   the last change of an account answers 503 instead of changing it (rule 13 of the crate).

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

// A user who waits for an SMS gives a request a few seconds. If a store takes longer, the response is 503.

/// How long a store that is reached over the network may take to be connected to.
const CONNECT: Duration = Duration::from_secs(2);
/// How long one of its answers may take. PostgreSQL gives up on a statement by itself before that.
const ANSWER: Duration = Duration::from_secs(4);
/// How long all of a load or a write may take: for a load, the time to find a connection dead and to
/// ask over another.
const DEADLINE: Duration = Duration::from_secs(7);

/// Opens the store of a URL.
///
/// # Errors
///
/// What kept it from opening, and which store it was.
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

/// What a store returns: a future that may be moved to another thread.
pub type Promise<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// One record per user, written conditionally, and the events that no log has yet.
///
/// The whole contract is [`Transition`](oob_mfa::Transition)'s: insert if absent when
/// `next.account().replaces()` is none, else replace only that revision, and say so only after it is
/// durable.
pub trait Store: Send + Sync {
    /// The account of a user, or none where the store is sure that there is no record.
    fn load(&self, subject: Subject) -> Promise<'_, Option<Account>>;

    /// Writes the next account in the place of the one it replaces, and its events with it: both or
    /// neither.
    fn replace<'a>(&'a self, next: &'a Next) -> Promise<'a, ()>;

    /// Hands over the oldest events, [`BATCH`] at most, and then forgets them: how many. Fewer than that are all
    /// that there were.
    ///
    /// They come in the order of the revisions of each account, and at least once: again where the process
    /// ends before they are forgotten. Of several processes, one reads at a time.
    fn drain_events<'a>(&'a self, take: TakeEvent<'a>) -> Promise<'a, usize>;

    /// Whether there is no account at all.
    fn is_empty(&self) -> Promise<'_, bool>;
}

/// Why a store did not do what it was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// Another revision is there: reload and ask the engine again.
    Conflict,
    /// The store is out of reach, or cannot tell whether it wrote. A write is not tried again: the
    /// next request loads what is there and is judged by that.
    Unavailable(Box<dyn Error + Send + Sync>),
    /// The record cannot be read. It stays as it is.
    Broken(Box<dyn Error + Send + Sync>),
}

impl StoreError {
    /// As [`decide_async`](oob_mfa::decide_async) wants it said.
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
