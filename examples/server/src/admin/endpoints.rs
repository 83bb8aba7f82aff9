//! The endpoints: each reads a request, calls the engine's operation, and writes the response.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use oob_mfa::wire::ErrorAnswer;
use oob_mfa::{
    Account, Assurance, AuthenticatorStatus, Channel, Denied, Engine, Limit, MfaSession,
    PhoneNumber, Requirements, Scope, SessionId, Subject, Transition, TrustedClaims,
};
use rand_core::CryptoRng;
use serde::Deserialize;
use serde_json::{Value, json};
use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;

use super::Operator;
use super::decide::{Order, decide, failure};
use crate::http::answer::{Failure, document};
use crate::metrics::CONTENT_TYPE as OPEN_METRICS;
use crate::service::Service;

type Answer = Result<Response, Failure>;

/// The account that a path names, and the operator.
pub(super) struct Target {
    operator: Operator,
    subject: Subject,
    device: Option<String>,
}

impl Target {
    fn order(self, operation: &'static str) -> Order {
        Order::begin(self.operator, operation, self.subject)
    }
}

impl FromRequestParts<Arc<Service>> for Target {
    type Rejection = Failure;

    async fn from_request_parts(
        parts: &mut Parts,
        service: &Arc<Service>,
    ) -> Result<Self, Failure> {
        let operator = parts.extensions.get::<Operator>().cloned();
        let operator = operator.ok_or_else(ErrorAnswer::server_error)?;
        let path = Path::<BTreeMap<String, String>>::from_request_parts(parts, service).await;
        let Path(mut path) = path.map_err(|_| invalid("The path is not UTF-8."))?;
        let subject = path.get("subject").and_then(|text| text.parse().ok());
        let subject = subject.ok_or_else(|| invalid("A subject has 1 to 255 bytes."))?;
        Ok(Self {
            operator,
            subject,
            device: path.remove("device"),
        })
    }
}

fn invalid(description: impl Into<String>) -> Failure {
    Failure::of(400, "invalid_request", description.into())
}

/// `GET /metrics`.
pub(super) async fn metrics(State(service): State<Arc<Service>>) -> Answer {
    let text = service.metrics.text();
    let text = text.map_err(|_| ErrorAnswer::server_error())?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}

/// `GET /accounts/{subject}`. An account that was never stored has revision 0.
pub(super) async fn show(State(service): State<Arc<Service>>, target: Target) -> Answer {
    let mut order = target.order("show");
    order.ends("failed");
    let loaded = service.account(&order.subject).await;
    let (account, now, engine) = (loaded?, service.now(), &service.engine);
    order.ends("granted");
    let phones = engine.phones(&account, now).map(|phone| {
        json!({
            "id": phone.device,
            "phone_number": phone.phone.to_string(),
            "status": status(phone.status),
            "last_used": phone.last_used.and_then(rfc3339),
        })
    });
    let requirements = engine.requirements(&account);
    let recovery_code = matches!(
        requirements,
        Requirements::Challenge {
            recovery_code: true,
            ..
        }
    );
    let remaining = |limit| engine.remaining(&account, limit, now);
    Ok(document(&json!({
        "subject": account.subject(),
        "revision": account.revision(),
        "last_change": account.last_change().and_then(rfc3339),
        "phones": phones.collect::<Vec<_>>(),
        "recovery_code": recovery_code,
        "remaining": {
            "sends": remaining(Limit::Sends),
            "binding_failures": remaining(Limit::BindingFailures),
            "recovery_failures": remaining(Limit::RecoveryFailures),
        },
    })))
}

const fn status(status: AuthenticatorStatus) -> &'static str {
    match status {
        AuthenticatorStatus::Active => "active",
        AuthenticatorStatus::Unconfirmed => "unconfirmed",
        AuthenticatorStatus::Disabled => "disabled",
        _ => "unknown",
    }
}

fn rfc3339(at: UtcDateTime) -> Option<String> {
    at.format(&Rfc3339).ok()
}

/// `POST /accounts/{subject}/reset`.
pub(super) async fn reset(State(service): State<Arc<Service>>, target: Target) -> Answer {
    change(&service, target.order("reset"), Engine::reset).await
}

/// `POST /accounts/{subject}/restore-budgets`.
pub(super) async fn restore_budgets(State(service): State<Arc<Service>>, target: Target) -> Answer {
    change(
        &service,
        target.order("restore_budgets"),
        Engine::restore_budgets,
    )
    .await
}

/// `POST /accounts/{subject}/rewind`.
pub(super) async fn rewind(State(service): State<Arc<Service>>, target: Target) -> Answer {
    change(&service, target.order("rewind"), Engine::rewind).await
}

/// `POST /accounts/{subject}/erase`. The record must stay until `delete_after`. Then it may be
/// deleted if it still has this revision.
pub(super) async fn erase(State(service): State<Arc<Service>>, target: Target) -> Answer {
    let order = target.order("erase");
    let erased = decide(&service, order, |account, now, _| {
        service.engine.erase(account, now)
    });
    let erased = erased.await?;
    let delete_after = json!(rfc3339(erased.value.delete_after));
    Ok(changed(erased.revision, [("delete_after", delete_after)]))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Import {
    phone_number: PhoneNumber,
    channel: Channel,
}

/// `POST /accounts/{subject}/phones`.
pub(super) async fn import_phone(
    State(service): State<Arc<Service>>,
    target: Target,
    body: Bytes,
) -> Answer {
    let order = target.order("import_phone");
    let Import {
        phone_number,
        channel,
    } = serde_json::from_slice(&body).map_err(|error| invalid(error.to_string()))?;
    let imported = decide(&service, order, |account, now, rng| {
        service
            .engine
            .import_phone(account, phone_number, channel, now, rng)
    });
    let imported = imported.await?;
    Ok(changed(imported.revision, [("id", json!(imported.value))]))
}

/// `DELETE /accounts/{subject}/phones/{device}`.
pub(super) async fn remove_phone(
    State(service): State<Arc<Service>>,
    mut target: Target,
) -> Answer {
    let device = target.device.take().unwrap_or_default();
    let order = target.order("remove_phone");
    let unknown = |_| failure(&Denied::UnknownAuthenticator, service.now());
    let device = device.parse().map_err(unknown)?;
    let remove = |engine: &Engine, account, now| engine.remove_phone(account, device, now);
    change(&service, order, remove).await
}

/// `POST /accounts/{subject}/recovery-code`. Only the response has the code.
pub(super) async fn regenerate_recovery_code(
    State(service): State<Arc<Service>>,
    target: Target,
) -> Answer {
    let mut order = target.order("regenerate_recovery_code");
    order.ends("failed");
    let session = vouch(&service, &order.subject)?;
    let regenerated = decide(&service, order, |account, now, rng| {
        service
            .engine
            .regenerate_recovery_code(account, &session, now, rng)
    });
    let regenerated = regenerated.await?;
    let code = json!(regenerated.value.expose_secret());
    Ok(changed(regenerated.revision, [("recovery_code", code)]))
}

/// The session for the engine's regeneration: the operator vouches for the owner.
fn vouch(service: &Service, subject: &Subject) -> Result<MfaSession, ErrorAnswer> {
    let (now, policy) = (service.now(), service.engine.policy());
    let id = SessionId::from_jti("administration").map_err(|_| ErrorAnswer::server_error())?;
    let claims = TrustedClaims {
        id,
        subject: subject.clone(),
        client: "administration",
        assurance: Assurance::Mfa,
        scope: Scope::Enroll.as_str(),
        audience: "",
        issued_at: now,
        // The account's time may be ahead by the skew.
        expires_at: now + policy.skew() + policy.token_lifetime(),
        authenticated_at: now,
    };
    MfaSession::trusted(claims).map_err(|_| ErrorAnswer::server_error())
}

/// A change that draws nothing and answers nothing else.
async fn change<T>(
    service: &Service,
    order: Order,
    ask: impl Fn(&Engine, Account, UtcDateTime) -> Transition<T>,
) -> Answer {
    let ask = |account, now, _: &mut dyn CryptoRng| ask(&service.engine, account, now);
    Ok(changed(decide(service, order, ask).await?.revision, []))
}

fn changed<const N: usize>(revision: u64, more: [(&'static str, Value); N]) -> Response {
    let mut answer = BTreeMap::from(more);
    answer.insert("revision", json!(revision));
    document(&answer)
}
