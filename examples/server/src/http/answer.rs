//! Answers as HTTP has them.

use axum::body::Body;
use axum::http::{HeaderValue, Response as HttpResponse, StatusCode, header};
use axum::response::{IntoResponse, Response};
use oob_mfa::wire::{ErrorAnswer, MfaRequiredAnswer, NO_STORE};
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
        let Self(answer) = self;
        let mut response = json(answer.status(), &answer);
        for (name, value) in answer.headers() {
            if let Ok(value) = HeaderValue::try_from(&*value) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}

pub(super) fn ok(answer: &impl Serialize) -> Response {
    json(200, answer)
}

pub(super) fn mfa_required(answer: &MfaRequiredAnswer) -> Response {
    json(MfaRequiredAnswer::STATUS, answer)
}

pub(super) fn no_content() -> Response {
    no_store(HttpResponse::new(Body::empty()), 204)
}

fn json(status: u16, answer: &impl Serialize) -> Response {
    // Answers are texts, numbers and lists of them: nothing that JSON cannot say.
    let body = serde_json::to_vec(answer).unwrap_or_default();
    let mut response = no_store(HttpResponse::new(Body::from(body)), status);
    let kind = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn no_store(mut response: Response, status: u16) -> Response {
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in NO_STORE {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}
