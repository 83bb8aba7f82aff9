//! The audit log: a line per event, with the event's own fields.

use oob_mfa::{Event, Subject};
use serde_json::Value;

/// Logs an event. Events hold no secret, and serialize phone numbers masked.
pub(crate) fn log_event(subject: &Subject, event: &Event) {
    let (name, notify) = (event.name(), event.notifies_owner());
    let fields = serde_json::to_value(event).unwrap_or_default();
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let number = |name: &str| fields.get(name).and_then(Value::as_u64);
    // One that an event does not have is left out. As a value, a line break in a text is escaped.
    tracing::info!(
        target: "audit",
        subject = subject.as_str(),
        event = name,
        notify,
        authenticator = text("authenticator"),
        device = text("device"),
        phone = text("phone"),
        failures = number("failures"),
        limit = text("limit"),
        retry_at = number("retry_at"),
    );
}

#[cfg(test)]
mod tests;
