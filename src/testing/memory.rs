//! A store in memory, and the faults that every store can have.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use core::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::account::Account;
use crate::decide::Unsaved;
use crate::subject::Subject;
use crate::transition::Next;

/// Records in memory, written conditionally. Clones are the same store.
///
/// It keeps the store's whole duty (see [`Transition`](crate::Transition)), and has the faults that
/// it is told to have, so that a test can show what its own code makes of them. Its two functions are
/// those of [`decide`](crate::decide). To begin with a phone on record, do
/// [`Command::ImportPhone`](super::Command::ImportPhone) in the world that it is of.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Stored>>);

#[derive(Clone, Default)]
struct Stored {
    records: BTreeMap<Subject, Account>,
    faults: VecDeque<Fault>,
    failing_loads: u32,
}

/// What happens to a write in the place of what ought to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "tests write it out")]
pub enum Fault {
    /// It meets a conflict although there is none.
    Conflict,
    /// The store is out of reach.
    Unavailable,
    /// It is done, and the answer is lost.
    LostAnswer,
}

/// The store is out of reach, or the answer was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryStoreUnavailable;

impl MemoryStore {
    /// A store without records.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The record of a user, or none.
    ///
    /// # Errors
    ///
    /// [`MemoryStoreUnavailable`] where [`fail_loads`](Self::fail_loads) has asked for it.
    pub fn load(&self, subject: &Subject) -> Result<Option<Account>, MemoryStoreUnavailable> {
        let mut stored = self.lock();
        if let Some(left) = stored.failing_loads.checked_sub(1) {
            stored.failing_loads = left;
            return Err(MemoryStoreUnavailable);
        }
        Ok(stored.records.get(subject).cloned())
    }

    /// Writes the next account where what is stored is what it replaces.
    ///
    /// # Errors
    ///
    /// A conflict, or the next [`Fault`] that was asked for.
    pub fn replace(&self, next: Next) -> Result<(), Unsaved<MemoryStoreUnavailable>> {
        let subject = next.account.subject().clone();
        self.replace_at(subject, next.account)
    }

    /// Lets the next writes meet these faults, one each.
    pub fn inject(&self, faults: impl IntoIterator<Item = Fault>) {
        self.lock().faults.extend(faults);
    }

    /// Lets so many of the next loads fail.
    pub fn fail_loads(&self, loads: u32) {
        self.lock().failing_loads = loads;
    }

    /// What is stored, whatever faults are to come.
    pub(super) fn record(&self, subject: &Subject) -> Option<Account> {
        self.lock().records.get(subject).cloned()
    }

    pub(super) fn replace_at(
        &self,
        subject: Subject,
        account: Account,
    ) -> Result<(), Unsaved<MemoryStoreUnavailable>> {
        let mut stored = self.lock();
        let fault = stored.faults.pop_front();
        match fault {
            Some(Fault::Conflict) => return Err(Unsaved::Conflict),
            Some(Fault::Unavailable) => return Err(Unsaved::Failed(MemoryStoreUnavailable)),
            Some(Fault::LostAnswer) | None => {}
        }
        if stored.records.get(&subject).map(Account::revision) != account.replaces() {
            return Err(Unsaved::Conflict);
        }
        stored.records.insert(subject, account);
        match fault {
            Some(_) => Err(Unsaved::Failed(MemoryStoreUnavailable)),
            None => Ok(()),
        }
    }

    /// Puts a record in the place of whatever is there.
    pub(super) fn restore(&self, subject: Subject, account: Account) {
        self.lock().records.insert(subject, account);
    }

    /// A store of its own that holds the same.
    pub(super) fn fork(&self) -> Self {
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
        f.write_str("the store is out of reach, or its answer was lost")
    }
}

impl core::error::Error for MemoryStoreUnavailable {}
