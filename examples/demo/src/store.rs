//! Accounts in a map, instead of a database.

use std::collections::HashMap;
use std::sync::Mutex;

use oob_mfa::{Account, Next, Subject, Unsaved};

/// One record per user, written conditionally. A real store must be durable; this one is not.
#[derive(Default)]
pub(crate) struct Store(Mutex<HashMap<Subject, Account>>);

/// Why the map fails.
const POISONED: &str = "a thread panicked while it held the lock";

impl Store {
    pub(crate) fn load(&self, subject: &Subject) -> Result<Option<Account>, &'static str> {
        let accounts = self.0.lock().map_err(|_| POISONED)?;
        Ok(accounts.get(subject).cloned())
    }

    /// Compares and writes under one lock. No lock is held between `load` and this.
    pub(crate) fn replace(&self, next: &Next) -> Result<(), Unsaved<&'static str>> {
        let mut accounts = self.0.lock().map_err(|_| Unsaved::Failed(POISONED))?;
        let subject = next.account().subject();
        if accounts.get(subject).map(Account::revision) != next.account().replaces() {
            return Err(Unsaved::Conflict);
        }
        accounts.insert(subject.clone(), next.account().clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use oob_mfa_testing::StoreTest;

    use super::*;

    #[test]
    fn the_map_fulfills_the_duty_of_a_store() {
        let store = Arc::new(Store::default());
        let replace = |store: &Store, next: Next| store.replace(&next);
        let report = StoreTest::blocking(store, Store::load, replace).run_blocking();
        assert!(report.is_conformant(), "{report}");
    }
}
