//! The stores that are attacked.

use std::sync::Arc;

use oob_mfa::{Account, Subject};
use oob_mfa_server::store::{RedbStore, Store};
use tokio::runtime::Runtime;

pub enum Backend {
    /// A file of one process.
    Redb(tempfile::TempDir),
}

impl Backend {
    /// Every store that there is here, each of them new.
    pub fn all() -> Vec<Self> {
        vec![Self::Redb(tempfile::tempdir().unwrap())]
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Redb(_) => "redb",
        }
    }

    pub fn is_of_one_process(&self) -> bool {
        matches!(self, Self::Redb(_))
    }

    pub fn processes(&self) -> usize {
        if self.is_of_one_process() { 1 } else { 3 }
    }

    /// As `--store` takes it.
    pub fn url(&self) -> String {
        match self {
            Self::Redb(directory) => {
                format!("redb:{}", directory.path().join("accounts.redb").display())
            }
        }
    }

    /// The records of users who have one.
    pub fn load(&self, subjects: impl Iterator<Item = Subject>) -> Vec<Account> {
        let runtime = Runtime::new().unwrap();
        runtime.block_on(async {
            let store = self.open();
            let mut accounts = Vec::new();
            for subject in subjects {
                accounts.push(store.load(subject).await.unwrap().unwrap());
            }
            accounts
        })
    }

    fn open(&self) -> Arc<dyn Store> {
        match self {
            Self::Redb(directory) => {
                Arc::new(RedbStore::open(&directory.path().join("accounts.redb")).unwrap())
            }
        }
    }
}
