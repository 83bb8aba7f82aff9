//! Administration: a separate listener, with a token per operator.
//!
//! The audit log has every request of an operator and its outcome, with the operator's name, beside the
//! events of the engine. `/metrics` is here too.

mod decide;
mod endpoints;
mod operators;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::AUTHORIZATION;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use oob_mfa::wire::bearer;
use tokio::net::TcpListener;
use tracing::field::display;

pub use self::operators::{ADMIN_TOKENS, METRICS_TOKEN, Operators};
use crate::http::answer::{Failure, no_method};
use crate::http::{Peer, serve_routes, take_on};
use crate::service::Service;

/// Who sent a request.
#[derive(Clone)]
struct Operator(Arc<str>);

/// Serves until `stop` completes, beside [`http::serve`](crate::http::serve), which waits for the
/// accepted requests of both.
pub async fn serve(
    listener: TcpListener,
    service: Arc<Service>,
    operators: Operators,
    stop: impl Future<Output = ()> + Send + 'static,
) {
    let routes = Router::new()
        .route("/metrics", get(endpoints::metrics))
        .route("/accounts/{subject}", get(endpoints::show))
        .route("/accounts/{subject}/phones", post(endpoints::import_phone))
        .route(
            "/accounts/{subject}/phones/{device}",
            delete(endpoints::remove_phone),
        )
        .route(
            "/accounts/{subject}/recovery-code",
            post(endpoints::regenerate_recovery_code),
        )
        .route(
            "/accounts/{subject}/restore-budgets",
            post(endpoints::restore_budgets),
        )
        .route("/accounts/{subject}/reset", post(endpoints::reset))
        .route("/accounts/{subject}/rewind", post(endpoints::rewind))
        .route("/accounts/{subject}/erase", post(endpoints::erase))
        .fallback(|| async { Failure::of(404, "not_found", "There is no such endpoint.") })
        .method_not_allowed_fallback(no_method)
        .layer(from_fn_with_state(Arc::clone(&service), take_on::take_on))
        // Checked before the body is read.
        .layer(from_fn_with_state(Arc::new(operators), authorize))
        .with_state(Arc::clone(&service));
    serve_routes(listener, &service, routes, stop).await;
}

/// Checks the token first: without one, nobody learns which endpoints exist.
async fn authorize(
    State(operators): State<Arc<Operators>>,
    mut request: Request,
    next: Next,
) -> Response {
    let authorization = request.headers().get(AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok());
    let token = bearer(authorization).unwrap_or_default();
    let operator = operators.named(token).map(|name| Operator(name.into()));
    let reads_metrics = operators.reads_metrics(token) && request.uri().path() == "/metrics";
    match operator {
        Some(operator) => {
            request.extensions_mut().insert(operator.clone());
            let (method, path) = (request.method().clone(), request.uri().path().to_owned());
            let response = next.run(request).await;
            // The only line for a request without an account or endpoint, or with too large a body.
            if response.status().is_client_error() {
                let (operator, method, path) = (&*operator.0, method.as_str(), path.as_str());
                let status = response.status().as_u16();
                tracing::info!(target: "audit", operator, method, path, status, "administration refused");
            }
            response
        }
        None if reads_metrics => next.run(request).await,
        None => {
            let peer = request.extensions().get::<Peer>();
            let peer = peer.map(|peer| display(peer.0));
            tracing::warn!(peer, "administration without a token of an operator");
            let description = "The token of an operator is missing or wrong.";
            Failure::of(401, "invalid_token", description).into_response()
        }
    }
}
