//! The audit log: what the store keeps of every change, written as lines of `tracing`.
//!
//! A store writes the events with the account. [`follow`] reads them, logs them, and has them
//! forgotten only then: a process that dies in between loses none, and the next one logs them. So a line
//! may be there twice; `subject`, `revision` and `event` tell. Refusals change nothing and have no line here.

use std::sync::Arc;
use std::time::Duration;

use oob_mfa::{Account, Next, Subject};
use serde_json::Value;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::store::{AuditRecord, BATCH, Promise, Store, StoreError, TakeEvent};

/// How often a process looks for what others have left, or what it could not read itself.
const POLL: Duration = Duration::from_secs(10);
/// How long events are gathered after the first, so that under load one read takes many.
const GATHER: Duration = Duration::from_millis(10);
/// How long the end of the process waits for its last events.
const LAST: Duration = Duration::from_secs(5);

/// A store, and whether it has just been written to.
pub struct Audited {
    store: Arc<dyn Store>,
    written: Notify,
}

impl Audited {
    /// The same store.
    #[must_use]
    pub fn new(store: Arc<dyn Store>) -> Self {
        let written = Notify::new();
        Self { store, written }
    }
}

impl Store for Audited {
    fn load(&self, subject: Subject) -> Promise<'_, Option<Account>> {
        self.store.load(subject)
    }

    fn replace<'a>(&'a self, next: &'a Next) -> Promise<'a, ()> {
        Box::pin(async move {
            let replaced = self.store.replace(next).await;
            // Of a write whose answer was lost too.
            if !matches!(replaced, Err(StoreError::Conflict)) {
                self.written.notify_one();
            }
            replaced
        })
    }

    fn drain_events<'a>(&'a self, take: TakeEvent<'a>) -> Promise<'a, usize> {
        self.store.drain_events(take)
    }

    fn is_empty(&self) -> Promise<'_, bool> {
        self.store.is_empty()
    }
}

/// Logs the events of the store until `stop`, and then those that are left.
pub async fn follow(store: Arc<Audited>, stop: CancellationToken) {
    while !stop.is_cancelled() {
        log_all(&store).await;
        tokio::select! {
            () = store.written.notified() => sleep(GATHER).await,
            () = sleep(POLL) => {}
            () = stop.cancelled() => {}
        }
    }
    if timeout(LAST, log_all(&store)).await.is_err() {
        tracing::warn!("the last audit events stay in the store");
    }
}

async fn log_all(store: &Audited) {
    loop {
        match store.drain_events(&log).await {
            Ok(BATCH..) => {}
            Ok(_) => return,
            Err(error) => {
                tracing::error!(%error, "audit events stay in the store");
                return;
            }
        }
    }
}

/// One line per event. Its fields are those that any event of the crate has.
fn log(record: &AuditRecord) {
    let mut detail = record.detail.clone();
    let mut text = |name| match detail.get(name) {
        Some(Value::String(_)) => detail.remove(name).map(|text| match text {
            Value::String(text) => text,
            other => other.to_string(),
        }),
        _ => None,
    };
    let [authenticator, device, phone, delivery, limit] =
        ["authenticator", "device", "phone", "delivery", "limit"].map(&mut text);
    let mut number = |name| {
        let number = detail.get(name).and_then(Value::as_u64);
        number.inspect(|_| drop(detail.remove(name)))
    };
    let [failures, retry_at] = ["failures", "retry_at"].map(&mut number);
    let other = (!detail.is_empty()).then(|| Value::Object(detail).to_string());
    tracing::info!(
        target: "audit",
        subject = %record.subject,
        revision = record.revision,
        at = record.at,
        event = record.event,
        notify = record.notify,
        authenticator,
        device,
        phone,
        delivery,
        limit,
        failures,
        retry_at,
        other,
    );
}

#[cfg(test)]
mod tests;
