//! A request as the endpoints ask for it.

use axum::body::Bytes;
use axum::http::{HeaderMap, header};
use oob_mfa::wire::{BadRequest, Body};

use super::answer::Failure;

/// What a body is taken for where no content type says it.
#[derive(Clone, Copy)]
pub(super) enum Format {
    Json,
    Form,
}

/// The `Authorization` header. One that is not text is there, and of no scheme.
pub(super) fn authorization(headers: &HeaderMap) -> Option<&str> {
    headers
        .get(header::AUTHORIZATION)
        .map(|value| value.to_str().unwrap_or_default())
}

/// The parameters of a body, by its content type.
pub(super) fn parameters(
    headers: &HeaderMap,
    body: &Bytes,
    default: Format,
) -> Result<Body, Failure> {
    let format = match headers.get(header::CONTENT_TYPE) {
        None => default,
        Some(kind) => kind.to_str().ok().and_then(format).ok_or_else(|| {
            Failure::of(
                415,
                "invalid_request",
                "The content type has to be application/json or application/x-www-form-urlencoded.",
            )
        })?,
    };
    // A form would read other bytes as U+FFFD.
    let text = std::str::from_utf8(body).map_err(|_| BadRequest::MalformedBody)?;
    match format {
        Format::Json => serde_json::from_str(text).ok(),
        Format::Form => serde_urlencoded::from_str(text).ok(),
    }
    .ok_or_else(|| BadRequest::MalformedBody.into())
}

fn format(content_type: &str) -> Option<Format> {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Some(Format::Json)
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        Some(Format::Form)
    } else {
        None
    }
}
