//! Answers as HTTP has them.

use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderValue, Response as HttpResponse, StatusCode};
use axum::response::{IntoResponse, Response};
use oob_mfa::wire::{Answer, ErrorAnswer, NO_STORE};
use serde::Serialize;

/// An answer that is a no.
#[derive(Debug)]
pub(super) struct Failure(ErrorAnswer);

impl Failure {
    pub(super) fn of(status: u16, error: &'static str, description: &'static str) -> Self {
        Self(ErrorAnswer::new(status, error, description))
    }

    /// The same from the token endpoint.
    pub(super) fn at_token_endpoint(self, authorization: Option<&str>) -> Self {
        Self(self.0.at_token_endpoint(authorization))
    }
}

impl<E: Into<ErrorAnswer>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        respond(self.0)
    }
}

/// An answer of the API.
pub(super) fn respond(answer: impl Into<Answer>) -> Response {
    let answer = answer.into();
    let body = answer.body().map_or_else(Body::empty, json);
    response(answer.status(), answer.headers(), body)
}

/// What the server says beside the API.
pub(super) fn document(document: &impl Serialize) -> Response {
    let headers = [("Content-Type", "application/json")].into_iter();
    let headers = headers.chain(NO_STORE);
    let headers = headers.map(|(name, value)| (name, Cow::Borrowed(value)));
    response(200, headers, json(document))
}

fn json(document: &impl Serialize) -> Body {
    // Answers are texts, numbers and lists of them: nothing that JSON cannot say.
    serde_json::to_vec(document).unwrap_or_default().into()
}

fn response<'a>(
    status: u16,
    headers: impl Iterator<Item = (&'static str, Cow<'a, str>)>,
    body: Body,
) -> Response {
    let mut response = HttpResponse::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in headers {
        if let Ok(value) = HeaderValue::try_from(&*value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
