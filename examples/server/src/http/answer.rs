//! Responses for axum.

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use oob_mfa::exchange::Reply;
use oob_mfa::wire::{ErrorAnswer, NO_STORE};
use serde::Serialize;

/// An error outside of the exchange.
#[derive(Debug)]
pub(crate) struct Failure(ErrorAnswer);

impl Failure {
    pub(crate) fn of(
        status: u16,
        error: &'static str,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(ErrorAnswer::new(status, error, description))
    }

    /// The same with `Retry-After`.
    pub(crate) fn after(self, wait: Duration) -> Self {
        Self(self.0.with_retry_after(wait))
    }
}

/// The endpoint exists, and does not take the method.
pub(crate) async fn no_method() -> Failure {
    Failure::of(
        405,
        "method_not_allowed",
        "The endpoint does not take this method.",
    )
}

impl<E: Into<ErrorAnswer>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        respond(self.0.into())
    }
}

/// A response of the API.
pub(crate) fn respond(reply: Reply) -> Response {
    axum::http::Response::from(reply).map(Body::from)
}

/// Responses that are not part of the API.
pub(crate) fn document(document: &impl Serialize) -> Response {
    // JSON can represent every document.
    let body = serde_json::to_vec(document).unwrap_or_default();
    let headers = [
        ("Content-Type", "application/json"),
        NO_STORE[0],
        NO_STORE[1],
    ];
    (headers, body).into_response()
}
