//! Every endpoint of the API: a request in, a response out.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use oob_mfa::exchange::Request;
use serde_json::json;

use super::Peer;
use super::answer::{document, respond};
use crate::peers::Network;
use crate::service::Service;

pub(super) async fn api(
    State(service): State<Arc<Service>>,
    Extension(peer): Extension<Peer>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let network = client_network(&service, peer, &headers);
    let headers = Request::headers_of(&headers);
    let request = Request {
        method: method.as_str(),
        target: uri.path(),
        headers: &headers,
        body: &body,
    };
    respond(service.respond(&request, network).await)
}

/// Where a request comes from, behind the trusted proxies.
fn client_network(service: &Service, peer: Peer, headers: &HeaderMap) -> Network {
    let forwarded = headers.get_all("x-forwarded-for").iter();
    let forwarded = forwarded.map(|value| value.to_str().unwrap_or_default());
    let proxies = &service.connections.trusted_proxies;
    Network::of(proxies.client(peer.0, forwarded))
}

/// `GET /.well-known/openid-configuration`.
pub(super) async fn discovery(State(service): State<Arc<Service>>) -> Response {
    document(&service.tokens.discovery())
}

/// `GET /.well-known/jwks.json`.
pub(super) async fn key_set(State(service): State<Arc<Service>>) -> Response {
    document(&service.tokens.key_set())
}

/// `GET /healthz`: the process responds.
pub(super) async fn health() -> Response {
    document(&json!({ "status": "ok" }))
}
