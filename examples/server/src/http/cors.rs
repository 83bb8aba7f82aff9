//! Cross-origin requests: pages of allowed origins may read responses, errors too.
//!
//! A request from another origin gets the same response without these headers, so a browser does
//! not give it to the page.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::header::{
    AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue, ORIGIN, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::IntoResponse;
use tower::ServiceExt as _;
use tower_http::cors::CorsLayer;

use crate::service::Service;

/// How long a browser may cache the response to a preflight request: Chromium's maximum.
const MAX_AGE: Duration = Duration::from_secs(7_200);
/// The header in which Auth0's SDKs name themselves.
const AUTH0_CLIENT: HeaderName = HeaderName::from_static("auth0-client");

/// The origins of all clients.
pub(super) fn origins(service: &Service) -> Vec<HeaderValue> {
    let origins = service.clients.allowed_origins();
    origins.map(|origin| origin.header().clone()).collect()
}

/// Gives pages of these origins access to the routes. It must be the outermost layer.
pub(super) fn with(origins: Vec<HeaderValue>, routes: Router) -> Router {
    let layer = CorsLayer::new()
        .allow_origin(origins.clone())
        .allow_methods([Method::GET, Method::POST, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, AUTH0_CLIENT])
        .expose_headers([RETRY_AFTER, WWW_AUTHENTICATE])
        .vary([ORIGIN])
        .max_age(MAX_AGE);
    let shared = routes.clone().layer(layer);
    routes.layer(from_fn(move |request: Request, next: Next| {
        let allowed = request.headers().get(ORIGIN);
        let allowed = allowed.is_some_and(|origin| origins.contains(origin));
        let shared = shared.clone();
        async move {
            if !allowed {
                return next.run(request).await;
            }
            let is_preflight = request.method() == Method::OPTIONS;
            let mut response = shared.oneshot(request).await.into_response();
            if is_preflight {
                *response.status_mut() = StatusCode::NO_CONTENT;
            }
            response
        }
    }))
}
