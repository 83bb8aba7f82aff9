//! An operation of an operator: decide, save, log who did it.

use oob_mfa::{Account, Denied, Subject, Transition};
use rand_core::CryptoRng;
use time::UtcDateTime;

use super::Operator;
use crate::http::answer::Failure;
use crate::service::Service;

/// Sessions are revoked for the policy's clock skew, including the operator's own.
const AFTER_RESET: &str = "the account was just reset or rewound: wait for the policy's clock skew, by default 60 seconds";

/// What was granted, and the revision that was stored for it.
pub(super) struct Granted<T> {
    pub(super) value: T,
    pub(super) revision: u64,
}

/// The operator, the operation and the user. It is logged at the beginning, in case the process
/// dies, and at the end with its outcome.
pub(super) struct Order {
    operator: Operator,
    operation: &'static str,
    pub(super) subject: Subject,
    outcome: &'static str,
}

impl Order {
    pub(super) fn begin(operator: Operator, operation: &'static str, subject: Subject) -> Self {
        let order = Self {
            operator,
            operation,
            subject,
            outcome: "invalid",
        };
        let (operator, operation, subject) = order.fields();
        tracing::info!(target: "audit", subject, operator, operation, "administration begins");
        order
    }

    /// The outcome; `invalid` by default.
    pub(super) const fn ends(&mut self, outcome: &'static str) {
        self.outcome = outcome;
    }

    // Logged as values, which escape a line break in a subject.
    fn fields(&self) -> (&str, &str, &str) {
        (&self.operator.0, self.operation, self.subject.as_str())
    }
}

impl Drop for Order {
    fn drop(&mut self) {
        let (operator, operation, subject) = self.fields();
        let outcome = self.outcome;
        tracing::info!(target: "audit", subject, operator, operation, outcome, "administration ended");
    }
}

pub(super) async fn decide<T>(
    service: &Service,
    mut order: Order,
    ask: impl Fn(Account, UtcDateTime, &mut dyn CryptoRng) -> Transition<T>,
) -> Result<Granted<T>, Failure> {
    order.ends("failed");
    let decided = service.decide(order.operation, &order.subject, ask).await?;
    let (result, now) = (decided.outcome.result, decided.now);
    let denied = result.as_ref().err();
    order.ends(denied.map_or("granted", Denied::name));
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
