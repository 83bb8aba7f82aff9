//! Responses as axum has them.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;
use oob_mfa::exchange::Reply;
use oob_mfa::wire::{ErrorAnswer, NO_STORE};
use serde::Serialize;

/// A response of the API.
pub(super) fn respond(reply: &Reply) -> Response {
    let status = StatusCode::from_u16(reply.status());
    let body = Body::from(reply.body().to_vec());
    response(
        status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        reply.headers(),
        body,
    )
}

/// An error that the machine does not make.
pub(super) fn failure(error: ErrorAnswer) -> Response {
    respond(&error.into())
}

/// What the server says beside the API.
pub(crate) fn document(document: &impl Serialize) -> Response {
    let headers = [("Content-Type", "application/json")].into_iter();
    // Documents are texts, numbers and lists of them, which JSON can always say.
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
