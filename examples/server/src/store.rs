//! Where accounts are kept.

mod redb;

use std::error::Error;
use std::fmt;
use std::pin::Pin;

use oob_mfa::{Account, Next, Subject};

pub use self::redb::RedbStore;

/// What a store returns: a future that may be moved to another thread.
pub type Promise<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// One record per user, written conditionally.
///
/// The whole contract is [`Transition`](oob_mfa::Transition)'s: insert if absent when
/// `next.account.replaces()` is none, else replace only that revision, and say so only after it is
/// durable.
pub trait Store: Send + Sync {
    /// The account of a user, or none where the store is sure that there is no record.
    fn load(&self, subject: Subject) -> Promise<'_, Option<Account>>;

    /// Writes the next account in the place of the one it replaces.
    fn replace(&self, next: Next) -> Promise<'_, ()>;
}

/// Why a store did not do what it was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// Another revision is there: reload and ask the engine again.
    Conflict,
    /// The store is out of reach, or cannot tell whether it wrote.
    Unavailable(Box<dyn Error + Send + Sync>),
    /// The record cannot be read. It stays as it is.
    Broken(Box<dyn Error + Send + Sync>),
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
