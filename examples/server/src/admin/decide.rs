//! One operation of an operator: decide, save, log who did it.

use oob_mfa::{Account, Denied, Subject, Transition, decide_async};
use rand_core::CryptoRng;
use time::UtcDateTime;

use super::Operator;
use crate::http::answer::Failure;
use crate::log::log_event;
use crate::service::Service;
use crate::store::StoreError;

/// Sessions are revoked for the policy's clock skew, the operator's own among them.
const AFTER_RESET: &str =
    "the account was just reset or rewound: wait for the policy's clock skew, by default a minute";

/// What was granted, and the revision that was stored for it.
pub(super) struct Granted<T> {
    pub(super) value: T,
    pub(super) revision: u64,
}

/// Who does what to whom.
pub(super) struct Order {
    pub(super) operator: Operator,
    pub(super) operation: &'static str,
    pub(super) subject: Subject,
}

impl Order {
    /// A line before the operation, so that who asked for it is known even where the process dies.
    pub(super) fn log_begin(&self) {
        let (operator, operation, subject) = self.fields();
        tracing::info!(target: "audit", subject, operator, operation, "administration begins");
    }

    pub(super) fn log_end(&self, outcome: &'static str) {
        let (operator, operation, subject) = self.fields();
        tracing::info!(target: "audit", subject, operator, operation, outcome, "administration ended");
    }

    // As values and not as displayed text: a line break in a subject is escaped.
    fn fields(&self) -> (&str, &str, &str) {
        (&self.operator.0, self.operation, self.subject.as_str())
    }
}

pub(super) async fn decide<T>(
    service: &Service,
    order: &Order,
    ask: impl Fn(Account, UtcDateTime, &mut dyn CryptoRng) -> Transition<T>,
) -> Result<Granted<T>, Failure> {
    let subject = &order.subject;
    order.log_begin();
    let (mut now, mut revision) = (service.now(), 0);
    let decided = decide_async(
        subject,
        || service.store.load(subject.clone()),
        |account| {
            now = service.now();
            ask(account, now, &mut service.rng())
        },
        |next| {
            revision = next.account.revision();
            async move {
                let saved = service.store.replace(next).await;
                let saved = saved.inspect_err(|error| service.metrics.write_failed(error));
                saved.map_err(StoreError::unsaved)
            }
        },
    )
    .await;
    let outcome = decided.map_err(|unsaved| {
        order.log_end("failed");
        service.failure(subject, &unsaved)
    })?;
    let denied = outcome.result.as_ref().err();
    service.metrics.decided(order.operation, denied);
    service.metrics.events(&outcome.events);
    for event in &outcome.events {
        log_event(subject, event);
    }
    order.log_end(denied.map_or("granted", Denied::name));
    let value = outcome.result.map_err(|denied| failure(&denied, now))?;
    Ok(Granted { value, revision })
}

/// An operator gets the engine's own name of a denial.
pub(super) fn failure(denied: &Denied, now: UtcDateTime) -> Failure {
    let status = match denied {
        Denied::UnknownAuthenticator => 404,
        Denied::ClockBehind => 503,
        Denied::SubjectMismatch => 500,
        _ => 409,
    };
    let description = match denied {
        Denied::SessionRevoked => AFTER_RESET.to_owned(),
        denied => denied.to_string(),
    };
    let failure = Failure::of(status, denied.name(), description);
    match denied.retry_after(now) {
        Some(wait) => failure.after(wait),
        None => failure,
    }
}
