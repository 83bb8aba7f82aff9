//! The audit log: the stored events of every change, written as lines of `tracing`.
//!
//! A store writes the events with the account. [`follow`] reads them, logs them, and only then
//! deletes them. If a process dies in between, the next one logs them: no event is lost, but a line
//! can appear twice. `subject`, `revision` and `event` identify it. Refusals change nothing and
//! have no line.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::service::Service;
use crate::store::{AuditRecord, BATCH};

/// How often a process looks for events that others left, or that it could not read.
const POLL: Duration = Duration::from_secs(10);
/// How long to gather events after the first: under load, one read then takes many.
const GATHER: Duration = Duration::from_millis(10);
/// How long a stopping process waits for its last events.
const LAST: Duration = Duration::from_secs(5);

/// Logs the events of the store until `stop`, and then the remaining ones.
pub async fn follow(service: Arc<Service>, stop: CancellationToken) {
    let mut written = service.written.subscribe();
    while !stop.is_cancelled() {
        written.mark_unchanged();
        log_all(&service).await;
        tokio::select! {
            // The service holds the sender.
            _ = written.changed() => sleep(GATHER).await,
            () = sleep(POLL) => {}
            () = stop.cancelled() => {}
        }
    }
    if timeout(LAST, log_all(&service)).await.is_err() {
        tracing::warn!("the last audit events stay in the store");
    }
}

async fn log_all(service: &Service) {
    loop {
        match service.store.drain_events(&log).await {
            Ok(BATCH..) => {}
            Ok(_) => return,
            Err(error) => {
                tracing::error!(%error, "audit events stay in the store");
                return;
            }
        }
    }
}

/// One line per event. A field that an event does not have is omitted; an unknown field goes to
/// `other`.
fn log(record: &AuditRecord) {
    let mut detail = record.detail.clone();
    detail.retain(|_, value| !value.is_null());
    let [authenticator, device, phone, delivery, limit] =
        ["authenticator", "device", "phone", "delivery", "limit"].map(|name| {
            let text = detail.get(name)?.as_str()?.to_owned();
            detail.remove(name);
            Some(text)
        });
    let [failures, retry_at] = ["failures", "retry_at"].map(|name| {
        let number = detail.get(name)?.as_u64()?;
        detail.remove(name);
        Some(number)
    });
    let other = (!detail.is_empty()).then(|| Value::Object(detail).to_string());
    // Logged as values, which escape a line break in a subject.
    tracing::info!(
        target: "audit",
        subject = record.subject.as_str(),
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
