//! Metrics for Prometheus. No label comes from a request, so the number of series is bounded.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use oob_mfa::{Channel, Denied, Event, Events, Limit};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::store::StoreError;

/// The content type of [`Metrics::text`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

type Labels<const N: usize> = [(&'static str, Cow<'static, str>); N];

/// The counts of one process since its start.
pub struct Metrics {
    registry: Registry,
    requests: Family<Labels<2>, Histogram, fn() -> Histogram>,
    decisions: Family<Labels<2>, Counter>,
    conflicts: Counter,
    store_failures: Family<Labels<1>, Counter>,
    send_failures: Family<Labels<1>, Counter>,
    events: Family<Labels<1>, Counter>,
    exhausted: Family<Labels<1>, Counter>,
    refusals: Family<Labels<1>, Counter>,
    outages: Family<Labels<1>, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("oob_mfa");
        let requests = Family::new_with_constructor(latencies as fn() -> Histogram);
        registry.register(
            "request_duration_seconds",
            "Requests of the API, from the head to the answer",
            requests.clone(),
        );
        let decisions = Family::default();
        let help = "How requests and operations ended: granted, or the name of the denial";
        registry.register("decisions", help, decisions.clone());
        let conflicts = Counter::default();
        let help = "Writes that lost to another request";
        registry.register("write_conflicts", help, conflicts.clone());

        // A series that exists at 0 lets an alert see the first increment.
        let failures = ["unavailable", "broken", "conflict"].into_iter();
        let help = "Loads and writes that failed, and requests that lost too many conflicts";
        let store_failures = zeroed(&mut registry, "store_failures", help, "kind", failures);
        let channels = [Channel::Sms, Channel::Voice].map(Channel::as_str);
        let help = "Messages that were not sent";
        let send_failures = zeroed(
            &mut registry,
            "send_failures",
            help,
            "channel",
            channels.into_iter(),
        );
        let names = Event::NAMES.iter().copied();
        let help = "Audit events";
        let events = zeroed(&mut registry, "events", help, "event", names);
        let limits = Limit::ALL.map(limit_name).into_iter();
        let help = "Charges that emptied a budget";
        let exhausted = zeroed(&mut registry, "budgets_exhausted", help, "limit", limits);
        let reasons = Refusal::ALL.map(Refusal::name).into_iter();
        let help = "Requests that the server refused before the engine";
        let refusals = zeroed(&mut registry, "refusals", help, "reason", reasons);
        let help = "Outages of a provider that began, and that ended";
        let changes = ["began", "ended"].into_iter();
        let outages = zeroed(&mut registry, "provider_outages", help, "change", changes);
        Self {
            registry,
            requests,
            decisions,
            conflicts,
            store_failures,
            send_failures,
            events,
            exhausted,
            refusals,
            outages,
        }
    }
}

/// Why the server refuses a request before the engine. The engine's denials are decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A client that does not exist, or whose secret is wrong.
    InvalidClient,
    /// A number that the configuration does not allow.
    Number,
    /// A message while the provider is down.
    Outage,
}

impl Refusal {
    const ALL: [Self; 3] = [Self::InvalidClient, Self::Number, Self::Outage];

    /// Its label.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidClient => "invalid_client",
            Self::Number => "number",
            Self::Outage => "outage",
        }
    }
}

impl Metrics {
    /// A request was answered.
    pub fn answered(&self, endpoint: &'static str, status: u16, took: Duration) {
        let labels = [
            ("endpoint", endpoint.into()),
            ("status", status.to_string().into()),
        ];
        self.requests
            .get_or_create(&labels)
            .observe(took.as_secs_f64());
    }

    /// The engine granted an operation, or denied it.
    pub fn decided(&self, operation: &'static str, denied: Option<&Denied>) {
        let decision = denied.map_or("granted", Denied::name);
        let labels = [
            ("operation", operation.into()),
            ("decision", decision.into()),
        ];
        self.decisions.get_or_create(&labels).inc();
    }

    /// A write failed: counted if it lost to another request.
    pub fn write_failed(&self, error: &StoreError) {
        if matches!(error, StoreError::Conflict) {
            self.conflicts.inc();
        }
    }

    /// The store did not load or write, or a request lost too many conflicts.
    pub fn store_failed(&self, error: &StoreError) {
        let kind = match error {
            StoreError::Unavailable(_) => "unavailable",
            StoreError::Broken(_) => "broken",
            StoreError::Conflict => "conflict",
        };
        count(&self.store_failures, "kind", kind);
    }

    /// A message was not sent.
    pub fn send_failed(&self, channel: Channel) {
        count(&self.send_failures, "channel", channel.as_str());
    }

    /// The server refused a request by itself.
    pub fn refused(&self, refusal: Refusal) {
        count(&self.refusals, "reason", refusal.name());
    }

    /// An outage of a provider `began` or `ended`.
    pub fn outage(&self, change: &'static str) {
        count(&self.outages, "change", change);
    }

    /// A change of an account was saved with these events.
    pub fn events(&self, events: &Events) {
        for event in events {
            count(&self.events, "event", event.name());
            if let Event::LimitReached { limit, .. } = event {
                count(&self.exhausted, "limit", limit_name(*limit));
            }
        }
    }

    /// Everything, in the text format of OpenMetrics.
    ///
    /// # Errors
    ///
    /// Never: writing to a `String` cannot fail.
    pub fn text(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// The endpoint of a path, as its label.
#[must_use]
pub fn endpoint(path: &str) -> &'static str {
    const FIXED: [&str; 7] = [
        "/oauth/token",
        "/mfa/associate",
        "/mfa/challenge",
        "/mfa/authenticators",
        "/.well-known/openid-configuration",
        "/.well-known/jwks.json",
        "/healthz",
    ];
    match FIXED.into_iter().find(|fixed| *fixed == path) {
        Some(fixed) => fixed,
        None if path.starts_with("/mfa/authenticators/") => "/mfa/authenticators/{id}",
        None => "other",
    }
}

const fn limit_name(limit: Limit) -> &'static str {
    match limit {
        Limit::Sends => "sends",
        Limit::BindingFailures => "binding_failures",
        Limit::RecoveryFailures => "recovery_failures",
        _ => "other",
    }
}

/// From a response without the store to one after all deadlines.
fn latencies() -> Histogram {
    Histogram::new([
        0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    ])
}

fn zeroed(
    registry: &mut Registry,
    name: &str,
    help: &str,
    label: &'static str,
    values: impl Iterator<Item = &'static str>,
) -> Family<Labels<1>, Counter> {
    let family = Family::default();
    registry.register(name, help, Family::clone(&family));
    for value in values {
        family.get_or_create_owned(&[(label, value.into())]);
    }
    family
}

fn count(family: &Family<Labels<1>, Counter>, label: &'static str, value: &'static str) {
    family.get_or_create(&[(label, value.into())]).inc();
}

#[cfg(test)]
mod tests;
