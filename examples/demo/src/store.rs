//! Accounts in a map, instead of a database.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use oob_mfa::{Account, Next, Subject, Unsaved};

/// One record per user, written conditionally. A real store must be durable; this one is not.
#[derive(Default)]
pub(crate) struct Store(Mutex<HashMap<Subject, Account>>);

/// Why the map fails: a thread panicked while it held the lock.
pub(crate) struct Poisoned;

impl<T> From<PoisonError<T>> for Poisoned {
    fn from(_: PoisonError<T>) -> Self {
        Self
    }
}

impl Store {
    pub(crate) fn load(&self, subject: &Subject) -> Result<Option<Account>, Poisoned> {
        Ok(self.0.lock()?.get(subject).cloned())
    }

    /// Compares and writes under one lock. No lock is held between `load` and this.
    pub(crate) fn replace(&self, next: &Next) -> Result<(), Unsaved<Poisoned>> {
        let mut accounts = self.0.lock().map_err(|_| Unsaved::Failed(Poisoned))?;
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
    use oob_mfa::{Engine, Key, KeyRing, Policy};
    use time::UtcDateTime;

    use super::*;

    /// Writes the next account.
    fn step(store: &Store, account: &Account) -> bool {
        let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
        let next = engine.restore_budgets(account.clone(), UtcDateTime::UNIX_EPOCH);
        match next.commit(|next| store.replace(&next)) {
            Ok(_) => true,
            Err(Unsaved::Conflict) => false,
            Err(Unsaved::Failed(Poisoned)) => panic!("nobody has panicked"),
        }
    }

    #[test]
    fn a_write_replaces_the_revision_it_was_made_from_and_no_other() {
        let store = Store::default();
        let new = Account::new("alice".parse().unwrap());
        assert_eq!([step(&store, &new), step(&store, &new)], [true, false]);
        let first = store.load(new.subject()).ok().flatten().unwrap();
        assert_eq!(first.revision(), 1);
        assert_eq!([step(&store, &first), step(&store, &first)], [true, false]);
        let second = store.load(new.subject()).ok().flatten().unwrap();
        assert_eq!(second.revision(), 2);
        // A missing record is not replaced.
        assert!(!step(&Store::default(), &second));
    }
}
