//! The endpoints: each reads a request, names the operation, and writes the answer.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use oob_mfa::wire::{
    AuthenticatorsAnswer, BadRequest, ErrorAnswer, Format, Grant, authenticator_id, bearer,
};
use oob_mfa::{MfaSession, Verified};
use serde_json::json;

use super::answer::{Failure, document, respond};
use super::request::{authorization, client_network, parameters};
use super::{Peer, password};
use crate::service::{Service, refuse};

pub(super) type Answer = Result<Response, Failure>;

/// `POST /oauth/token`.
pub(super) async fn token(
    State(service): State<Arc<Service>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let authorization = authorization(&headers);
    grant(&service, peer, &headers, authorization, &body)
        .await
        .map_err(|failure| failure.at_token_endpoint(authorization))
}

async fn grant(
    service: &Service,
    peer: Peer,
    headers: &HeaderMap,
    authorization: Option<&str>,
    body: &Bytes,
) -> Answer {
    let body = parameters(headers, body, Format::Form)?;
    let client = service.clients.authenticate(&body, authorization)?;
    let verified = match body.grant()? {
        Grant::MfaOob(request) => {
            let session = service.session(body.mfa_token(authorization)?, Some(&client))?;
            service
                .decide("verify_oob", &session, |account, now, _| {
                    service.engine.verify_oob(account, &session, &request, now)
                })
                .await?
        }
        Grant::MfaRecoveryCode(code) => {
            let session = service.session(body.mfa_token(authorization)?, Some(&client))?;
            service
                .decide("verify_recovery_code", &session, |account, now, rng| {
                    service
                        .engine
                        .verify_recovery_code(account, &session, &code, now, rng)
                })
                .await?
        }
        Grant::Other(grant) if PASSWORD_GRANTS.contains(&grant.as_str()) => {
            let network = client_network(service, peer, headers);
            return password::grant(service, &body, &client, network).await;
        }
        _ => return Err(BadRequest::UnsupportedGrantType.into()),
    };
    tokens(service, &verified)
}

const PASSWORD_GRANTS: [&str; 2] = [
    "password",
    "http://auth0.com/oauth/grant-type/password-realm",
];

fn tokens(service: &Service, verified: &Verified) -> Answer {
    Ok(respond(service.mint(verified)?))
}

/// `POST /mfa/associate`. The bearer token authorizes it; most clients say nothing of themselves, and
/// one that does has to be the token's.
pub(super) async fn associate(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let session = bearer_session(&service, &headers)?;
    let body = parameters(&headers, &body, Format::Json)?;
    let client = service.clients.presented(&body)?;
    session
        .check_client(client.as_deref())
        .map_err(|denied| refuse(Some(session.subject()), &denied, service.now()))?;
    let request = body.associate(service.engine.policy().channels())?;
    let associated = service
        .decide("associate", &session, |account, now, rng| {
            service
                .engine
                .associate(account, &session, &request, now, rng)
        })
        .await?;
    Ok(respond(&associated))
}

/// `POST /mfa/challenge`.
pub(super) async fn challenge(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    body: Bytes,
) -> Answer {
    let authorization = authorization(&headers);
    let body = parameters(&headers, &body, Format::Json)?;
    let client = service.clients.authenticate(&body, authorization)?;
    let session = service.session(body.mfa_token(authorization)?, Some(&client))?;
    let request = body.challenge()?;
    let challenged = service
        .decide("challenge", &session, |account, now, rng| {
            service
                .engine
                .challenge(account, &session, &request, now, rng)
        })
        .await?;
    Ok(respond(&challenged))
}

/// `GET /mfa/authenticators`.
pub(super) async fn authenticators(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
) -> Answer {
    let session = bearer_session(&service, &headers)?;
    let account = service.account(session.subject()).await?;
    let now = service.now();
    let entries = service.engine.authenticators(&account, &session, now);
    service
        .metrics
        .decided("authenticators", entries.as_ref().err());
    let entries = entries.map_err(|denied| refuse(Some(session.subject()), &denied, now))?;
    Ok(respond(entries.collect::<AuthenticatorsAnswer>()))
}

/// `DELETE /mfa/authenticators/{id}`.
pub(super) async fn remove_authenticator(
    State(service): State<Arc<Service>>,
    headers: HeaderMap,
    uri: Uri,
) -> Answer {
    let session = bearer_session(&service, &headers)?;
    // As it came, because a router refuses an escape that is not UTF-8 in words of its own.
    let id = uri.path().rsplit('/').next().unwrap_or_default();
    let id = authenticator_id(id);
    let removed = service
        .decide("remove_authenticator", &session, |account, now, _| {
            service
                .engine
                .remove_authenticator(account, &session, &id, now)
        })
        .await?;
    Ok(respond(&removed))
}

fn bearer_session(service: &Service, headers: &HeaderMap) -> Result<MfaSession, ErrorAnswer> {
    let token =
        bearer(authorization(headers)).map_err(|denied| refuse(None, &denied, service.now()))?;
    service.session(token, None)
}

/// `GET /.well-known/openid-configuration`.
pub(super) async fn discovery(State(service): State<Arc<Service>>) -> Response {
    document(&service.tokens.discovery())
}

/// `GET /.well-known/jwks.json`.
pub(super) async fn key_set(State(service): State<Arc<Service>>) -> Response {
    document(&service.tokens.key_set())
}

/// `GET /healthz`: the process answers.
pub(super) async fn health() -> Response {
    document(&json!({ "status": "ok" }))
}
