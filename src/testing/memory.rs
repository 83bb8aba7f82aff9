//! A store in memory, and the faults that every store can have.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::sync::Arc;
use core::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::account::Account;
use crate::subject::Subject;
use crate::transition::Next;

/// Records in memory, written conditionally. Clones are the same store.
///
/// It keeps the store's whole duty (see [`Transition`](crate::Transition)), and has the faults that
/// it is told to have, so that a test can show what its own code makes of them.
#[derive(Clone, Default)]
pub struct MemoryStore(Arc<Mutex<Stored>>);

#[derive(Clone, Default)]
struct Stored {
    records: BTreeMap<Subject, Account>,
    faults: VecDeque<Fault>,
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

/// Why a [`MemoryStore`] did not say that it wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "tests take it apart")]
pub enum MemoryStoreError {
    /// Another revision is there: load again and ask again.
    Conflict,
    /// The store is out of reach, or the answer was lost.
    Unavailable,
}

impl MemoryStore {
    /// A store without records.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The record of a user.
    #[must_use]
    pub fn load(&self, subject: &Subject) -> Option<Account> {
        self.lock().records.get(subject).cloned()
    }

    /// Writes the next account where what is stored is what it replaces.
    ///
    /// # Errors
    ///
    /// [`MemoryStoreError`]: a conflict, or the next fault that was asked for.
    pub fn replace(&self, next: Next) -> Result<(), MemoryStoreError> {
        let subject = next.account.subject().clone();
        self.replace_at(subject, next.account)
    }

    /// Lets the next writes meet these faults, one each.
    pub fn inject(&self, faults: impl IntoIterator<Item = Fault>) {
        self.lock().faults.extend(faults);
    }

    pub(super) fn replace_at(
        &self,
        subject: Subject,
        account: Account,
    ) -> Result<(), MemoryStoreError> {
        let mut stored = self.lock();
        let fault = stored.faults.pop_front();
        match fault {
            Some(Fault::Conflict) => return Err(MemoryStoreError::Conflict),
            Some(Fault::Unavailable) => return Err(MemoryStoreError::Unavailable),
            Some(Fault::LostAnswer) | None => {}
        }
        if stored.records.get(&subject).map(Account::revision) != account.replaces() {
            return Err(MemoryStoreError::Conflict);
        }
        stored.records.insert(subject, account);
        match fault {
            Some(_) => Err(MemoryStoreError::Unavailable),
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
        let Stored { records, faults } = &*self.lock();
        f.debug_struct("MemoryStore")
            .field("records", records)
            .field("faults", faults)
            .finish()
    }
}

impl fmt::Display for MemoryStoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Conflict => "another revision is stored",
            Self::Unavailable => "the store cannot say whether it wrote",
        })
    }
}

impl core::error::Error for MemoryStoreError {}
