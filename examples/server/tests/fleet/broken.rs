//! The control: the same attack on stores that break their duty.

use std::collections::HashMap;
use std::fs;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use oob_mfa::{Account, Next, Subject};
use oob_mfa_server::config::Config;
use oob_mfa_server::http;
use oob_mfa_server::outbox::FileOutbox;
use oob_mfa_server::service::Service;
use oob_mfa_server::store::{Promise, Store, StoreError, TakeEvent};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::common::keys_for;
use crate::common::site::Site;
use crate::fleet::{Target, User, site};

/// How a store breaks its duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It writes without comparing.
    LastWriteWins,
    /// It compares the revision, and writes afterwards.
    CompareThenWrite,
}

struct BrokenStore {
    fault: Fault,
    accounts: Mutex<HashMap<Subject, Account>>,
}

impl BrokenStore {
    /// The time of a store over a network, in which other requests run.
    async fn round_trip() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    fn revision(&self, subject: &Subject) -> Option<u64> {
        self.accounts
            .lock()
            .unwrap()
            .get(subject)
            .map(Account::revision)
    }
}

impl Store for BrokenStore {
    fn is_empty(&self) -> Promise<'_, bool> {
        Box::pin(async { Ok(true) })
    }

    fn drain_events<'a>(&'a self, _: TakeEvent<'a>) -> Promise<'a, usize> {
        Box::pin(async { Ok(0) })
    }

    fn load(&self, subject: Subject) -> Promise<'_, Option<Account>> {
        Box::pin(async move {
            let account = self.accounts.lock().unwrap().get(&subject).cloned();
            Self::round_trip().await;
            Ok(account)
        })
    }

    fn replace<'a>(&'a self, next: &'a Next) -> Promise<'a, ()> {
        Box::pin(async move {
            let account = next.account().clone();
            let subject = account.subject().clone();
            if self.fault == Fault::CompareThenWrite
                && self.revision(&subject) != account.replaces()
            {
                return Err(StoreError::Conflict);
            }
            Self::round_trip().await;
            self.accounts.lock().unwrap().insert(subject, account);
            Ok(())
        })
    }
}

/// Three servers in this process on one broken store.
pub struct BrokenFleet {
    site: Site,
    addresses: Vec<SocketAddr>,
    users: AtomicUsize,
    _runtime: Runtime,
}

impl BrokenFleet {
    pub fn start(fault: Fault) -> Self {
        let site = site();
        let config = fs::read_to_string(site.path().join("config.toml")).unwrap();
        let runtime = Runtime::new().unwrap();
        let store = Arc::new(BrokenStore {
            fault,
            accounts: Mutex::default(),
        });
        let outbox = Arc::new(FileOutbox::open(&site.path().join("outbox.jsonl")).unwrap());
        let addresses = (0..3).map(|_| {
            let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
            let address = listener.local_addr().unwrap();
            let config = Config::parse(&config).unwrap();
            let keys = keys_for(config.signing_algorithm);
            let service = Service::new(
                config,
                address,
                keys,
                Arc::clone(&store) as _,
                Arc::clone(&outbox) as _,
            );
            runtime.spawn(http::serve(
                listener,
                Arc::new(service),
                std::future::pending(),
            ));
            address
        });
        Self {
            addresses: addresses.collect(),
            site,
            users: AtomicUsize::new(0),
            _runtime: runtime,
        }
    }
}

impl Target for BrokenFleet {
    fn address(&self, turn: usize) -> SocketAddr {
        self.addresses[turn % self.addresses.len()]
    }

    fn site(&self) -> &Site {
        &self.site
    }

    fn user(&self) -> User {
        User::nth(self.users.fetch_add(1, SeqCst))
    }
}
