//! The outbox and the store of a test, with faults.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, mpsc};

use oob_mfa::{Account, Next, Subject};
use oob_mfa_server::outbox::{Message, Outbox, SendError};
use oob_mfa_server::store::{Promise, RedbStore, Store, StoreError, TakeEvent};
use serde_json::Value;
use tokio::sync::Semaphore;

/// The prefix of numbers that do not exist.
pub const REFUSED: &str = "+1415555998";

/// Keeps messages in memory, or rejects them.
#[derive(Default)]
pub struct TestOutbox {
    sent: Mutex<Vec<Value>>,
    pub fails: AtomicBool,
}

impl TestOutbox {
    pub fn messages(&self) -> Vec<Value> {
        self.sent.lock().unwrap().clone()
    }

    /// The code of the last message.
    pub fn code(&self) -> String {
        self.messages().last().unwrap()["code"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

impl Outbox for TestOutbox {
    fn send(&self, message: &Message) -> Result<(), SendError> {
        if self.fails.load(SeqCst) {
            return Err(io::Error::other("the provider is down").into());
        }
        if message.to.starts_with(REFUSED) {
            return Err(SendError::Refused("there is no such number".into()));
        }
        self.sent
            .lock()
            .unwrap()
            .push(serde_json::to_value(message).unwrap());
        Ok(())
    }
}

/// A real store with faults.
pub struct TestStore {
    pub redb: RedbStore,
    /// This many writes get a conflict.
    pub conflicts: AtomicU64,
    pub unavailable: AtomicBool,
    pub panics: AtomicBool,
    /// Calls of `replace`.
    pub writes: AtomicU64,
    gate: Mutex<Option<(mpsc::Sender<()>, Arc<Semaphore>)>>,
}

impl TestStore {
    pub fn new(redb: RedbStore) -> Self {
        Self {
            redb,
            conflicts: AtomicU64::new(0),
            unavailable: AtomicBool::new(false),
            panics: AtomicBool::new(false),
            writes: AtomicU64::new(0),
            gate: Mutex::new(None),
        }
    }

    /// Holds writes from now on: signals each one, and releases one per permit.
    pub fn hold(&self) -> (mpsc::Receiver<()>, Arc<Semaphore>) {
        let (sender, held) = mpsc::channel();
        let permits = Arc::new(Semaphore::new(0));
        *self.gate.lock().unwrap() = Some((sender, Arc::clone(&permits)));
        (held, permits)
    }
}

impl Store for TestStore {
    fn load(&self, subject: Subject) -> Promise<'_, Option<Account>> {
        assert!(!self.panics.load(SeqCst), "the panic of a test");
        if self.unavailable.load(SeqCst) {
            return Box::pin(async { Err(StoreError::Unavailable("the store is down".into())) });
        }
        self.redb.load(subject)
    }

    fn replace<'a>(&'a self, next: &'a Next) -> Promise<'a, ()> {
        Box::pin(async move {
            self.writes.fetch_add(1, SeqCst);
            let gate = self.gate.lock().unwrap().clone();
            if let Some((held, permits)) = gate {
                held.send(()).unwrap();
                permits.acquire().await.unwrap().forget();
            }
            let left = self
                .conflicts
                .fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1));
            if left.is_ok() {
                return Err(StoreError::Conflict);
            }
            self.redb.replace(next).await
        })
    }

    fn drain_events<'a>(&'a self, take: TakeEvent<'a>) -> Promise<'a, usize> {
        self.redb.drain_events(take)
    }

    fn is_empty(&self) -> Promise<'_, bool> {
        self.redb.is_empty()
    }
}
