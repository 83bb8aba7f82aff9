//! One operation of an operator: decide, save, log who did it.

use oob_mfa::{Account, Denied, Subject, Transition};
use rand_core::CryptoRng;
use time::UtcDateTime;

use super::Operator;
use crate::http::answer::Failure;
use crate::service::Service;

/// Sessions are revoked for the policy's clock skew, including the operator's own.
const AFTER_RESET: &str =
    "the account was just reset or rewound: wait for the policy's clock skew, by default a minute";

/// What was granted, and the revision that was stored for it.
pub(super) struct Granted<T> {
    pub(super) value: T,
    pub(super) revision: u64,
}

/// The operator, the operation and the user.
pub(super) struct Order {
    pub(super) operator: Operator,
    pub(super) operation: &'static str,
    pub(super) subject: Subject,
}

impl Order {
    /// A line before the operation, so the log names the operator even if the process dies.
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
    let decided = service.decide(order.operation, subject, ask).await;
    let decided = decided.inspect_err(|_| order.log_end("failed"))?;
    let (result, now) = (decided.outcome.result, decided.now);
    let denied = result.as_ref().err();
    order.log_end(denied.map_or("granted", Denied::name));
    let value = result.map_err(|denied| failure(&denied, now))?;
    Ok(Granted {
        value,
        revision: decided.revision,
    })
}

/// An operator gets the engine's name of a denial.
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
