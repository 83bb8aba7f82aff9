//! Audit events, as every store keeps them: one JSON text each.

use oob_mfa::{Next, Subject};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::UtcDateTime;

use super::StoreError;

/// The largest number of events passed on at once.
pub const BATCH: usize = 256;

/// An event, and the change that caused it. It holds no secret, and its number is masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditRecord {
    /// The user.
    pub subject: Subject,
    /// The revision that the change stored.
    pub revision: u64,
    /// The account time of the change, in milliseconds since the Unix epoch.
    pub at: u64,
    /// [`Event::name`](oob_mfa::Event::name)
    pub event: String,
    /// [`Event::notifies_owner`](oob_mfa::Event::notifies_owner)
    pub notify: bool,
    /// The fields of the event.
    #[serde(flatten)]
    pub detail: Map<String, Value>,
}

/// Receives the events of a store. Once it returns, the store deletes the event.
pub type TakeEvent<'a> = &'a (dyn Fn(&AuditRecord) + Send + Sync);

/// The events of a change, in order, as they are stored.
pub(super) fn encode_events(next: &Next) -> Result<Vec<String>, StoreError> {
    let account = next.account();
    let encoded = next.events().iter().map(|event| {
        let Value::Object(mut detail) = serde_json::to_value(event)? else {
            return Err(serde::ser::Error::custom("an event is an object"));
        };
        detail.remove("event");
        serde_json::to_string(&AuditRecord {
            subject: account.subject().clone(),
            revision: account.revision(),
            at: account.last_change().map_or(0, millis),
            event: event.name().to_owned(),
            notify: event.notifies_owner(),
            detail,
        })
    });
    let encoded: Result<_, serde_json::Error> = encoded.collect();
    encoded.map_err(|error| StoreError::Broken(error.into()))
}

/// Logs a stored event. A text that cannot be read is logged unchanged and does not block the
/// others.
pub(super) fn hand_over<'a>(stored: impl IntoIterator<Item = &'a str>, take: TakeEvent<'_>) {
    for text in stored {
        match serde_json::from_str(text) {
            Ok(record) => take(&record),
            Err(error) => tracing::error!(text, %error, "an audit event cannot be read"),
        }
    }
}

fn millis(time: UtcDateTime) -> u64 {
    let millis = time.unix_timestamp_nanos() / 1_000_000;
    u64::try_from(millis).unwrap_or_default()
}
