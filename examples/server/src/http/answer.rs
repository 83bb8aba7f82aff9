//! Responses for axum.

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use oob_mfa::exchange::Reply;
use oob_mfa::wire::{ErrorAnswer, NO_STORE};
use serde::Serialize;

/// An error that the machine does not make.
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

impl<E: Into<ErrorAnswer>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        respond(&self.0.into())
    }
}

/// A response of the API.
pub(crate) fn respond(reply: &Reply) -> Response {
    let status = StatusCode::from_u16(reply.status());
    let body = Body::from(reply.body().to_vec());
    response(
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        reply.headers(),
        body,
    )
}

/// Responses that are not part of the API.
pub(crate) fn document(document: &impl Serialize) -> Response {
    let headers = [("Content-Type", "application/json")].into_iter();
    // Documents are texts, numbers and lists of them, which JSON can always represent.
    let body = serde_json::to_vec(document).unwrap_or_default();
    response(StatusCode::OK, headers.chain(NO_STORE), body.into())
}

fn response<'a>(
    status: StatusCode,
    headers: impl Iterator<Item = (&'static str, &'a str)>,
    body: Body,
) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
