//! A store in memory that can fail like real stores.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use oob_mfa::{Account, Next, Subject, Unsaved};

/// Records in memory with a conditional write. Clones share one store.
///
/// It fulfills the store's whole duty (see [`Transition`](oob_mfa::Transition)), with the faults
/// that a test requests. Its two functions fit [`decide`](oob_mfa::decide). To start with an
/// enrolled phone, call [`World::import`](super::World::import).
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Stored>>);

#[derive(Clone, Default)]
struct Stored {
    records: BTreeMap<Subject, Account>,
    faults: VecDeque<Fault>,
    failing_loads: u32,
}

/// How a write fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The write gets a conflict although there is none.
    Conflict,
    /// The store is unreachable.
    Unavailable,
    /// The write is done, but the response is lost.
    LostAnswer,
}

/// The store is unreachable, or the response was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryStoreUnavailable;

impl MemoryStore {
    /// A store without records.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The record of a user, if any.
    ///
    /// # Errors
    ///
    /// [`MemoryStoreUnavailable`] if [`fail_loads`](Self::fail_loads) requested it.
    pub fn load(&self, subject: &Subject) -> Result<Option<Account>, MemoryStoreUnavailable> {
        let mut stored = self.lock();
        if let Some(left) = stored.failing_loads.checked_sub(1) {
            stored.failing_loads = left;
            return Err(MemoryStoreUnavailable);
        }
        Ok(stored.records.get(subject).cloned())
    }

    /// Writes the next account if the stored revision is the one it replaces.
    ///
    /// # Errors
    ///
    /// A conflict, or the next requested [`Fault`].
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the signature of `decide`: a Next is stored once"
    )]
    pub fn replace(&self, next: Next) -> Result<(), Unsaved<MemoryStoreUnavailable>> {
        let account = next.account();
        let mut stored = self.lock();
        let fault = stored.faults.pop_front();
        match fault {
            Some(Fault::Conflict) => return Err(Unsaved::Conflict),
            Some(Fault::Unavailable) => return Err(Unsaved::Failed(MemoryStoreUnavailable)),
            Some(Fault::LostAnswer) | None => {}
        }
        let replaced = stored.records.get(account.subject());
        if replaced.map(Account::revision) != account.replaces() {
            return Err(Unsaved::Conflict);
        }
        let (subject, account) = (account.subject().clone(), account.clone());
        stored.records.insert(subject, account);
        match fault {
            Some(_) => Err(Unsaved::Failed(MemoryStoreUnavailable)),
            None => Ok(()),
        }
    }

    /// Deletes a record if it still has this revision, and returns whether it did. See
    /// [`Engine::erase`](oob_mfa::Engine::erase).
    #[must_use]
    pub fn delete(&self, subject: &Subject, revision: u64) -> bool {
        let mut stored = self.lock();
        let is_it = |account: &Account| account.revision() == revision;
        let found = stored.records.get(subject).is_some_and(is_it);
        found && stored.records.remove(subject).is_some()
    }

    /// Makes the next writes fail with these faults, one each.
    pub fn inject(&self, faults: impl IntoIterator<Item = Fault>) {
        self.lock().faults.extend(faults);
    }

    /// Makes this many of the next loads fail.
    pub fn fail_loads(&self, loads: u32) {
        self.lock().failing_loads = loads;
    }

    /// The stored record, without faults.
    pub(crate) fn record(&self, subject: &Subject) -> Option<Account> {
        self.lock().records.get(subject).cloned()
    }

    /// Stores a record without a condition.
    pub(crate) fn put(&self, account: Account) {
        self.lock()
            .records
            .insert(account.subject().clone(), account);
    }

    /// A separate store with the same records.
    pub(crate) fn fork(&self) -> Self {
        Self(Arc::new(Mutex::new(self.lock().clone())))
    }

    fn lock(&self) -> MutexGuard<'_, Stored> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stored = self.lock();
        f.debug_struct("MemoryStore")
            .field("records", &stored.records)
            .field("faults", &stored.faults)
            .field("failing_loads", &stored.failing_loads)
            .finish()
    }
}

impl fmt::Display for MemoryStoreUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store is unreachable, or its answer was lost")
    }
}

impl std::error::Error for MemoryStoreUnavailable {}
