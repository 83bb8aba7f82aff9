//! Answers as HTTP has them.

use std::borrow::Cow;
use std::time::Duration;

use axum::body::Body;
use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, Response as HttpResponse, StatusCode};
use axum::response::{IntoResponse, Response};
use oob_mfa::wire::{Answer, ErrorAnswer, NO_STORE};
use serde::Serialize;

/// An answer that is a no.
#[derive(Debug)]
pub(crate) struct Failure {
    answer: ErrorAnswer,
    /// Of an error of this server's own; those of the engine know theirs.
    retry_after: Option<Duration>,
}

impl Failure {
    pub(crate) fn of(
        status: u16,
        error: &'static str,
        description: impl Into<Cow<'static, str>>,
    ) -> Self {
        ErrorAnswer::new(status, error, description).into()
    }

    /// The same from the token endpoint.
    pub(crate) fn at_token_endpoint(self, authorization: Option<&str>) -> Self {
        Self {
            answer: self.answer.at_token_endpoint(authorization),
            ..self
        }
    }

    /// The same with `Retry-After`.
    pub(crate) fn after(self, wait: Duration) -> Self {
        Self {
            retry_after: Some(wait),
            ..self
        }
    }
}

impl<E: Into<ErrorAnswer>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self {
            answer: error.into(),
            retry_after: None,
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = respond(self.answer);
        if let Some(wait) = self.retry_after {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let seconds = HeaderValue::from(seconds);
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}

/// An answer of the API.
pub(crate) fn respond(answer: impl Into<Answer>) -> Response {
    let answer = answer.into();
    let body = answer.body().map_or_else(Body::empty, json);
    response(answer.status(), answer.headers(), body)
}

/// What the server says beside the API.
pub(crate) fn document(document: &impl Serialize) -> Response {
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
