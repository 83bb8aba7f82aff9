//! The HTTP response, in bytes.

use alloc::borrow::Cow;
use alloc::vec::Vec;
use core::fmt;
use std::io;

use serde::Serialize;
use zeroize::Zeroizing;

use super::route::Endpoint;
use crate::denied::Denied;
use crate::subject::Subject;
use crate::wire::{Answer, ErrorAnswer};

/// The HTTP response: write it unchanged.
///
/// [`exchange`](crate::exchange) has an example.
///
/// # Security
///
/// The body may hold tokens and codes. It is overwritten when dropped, and `Debug` does not show it.
pub struct Reply {
    status: u16,
    headers: Vec<(&'static str, Cow<'static, str>)>,
    body: Zeroizing<Vec<u8>>,
    endpoint: Option<Endpoint>,
    subject: Option<Subject>,
    denied: Option<Denied>,
}

impl Reply {
    /// The status code.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Names and values.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.headers.iter().map(|(name, value)| (*name, &**value))
    }

    /// The body; empty for 204 and for `HEAD`.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The body, to move it into your framework's response. It is overwritten when dropped.
    #[must_use]
    pub fn into_body(self) -> Zeroizing<Vec<u8>> {
        self.body
    }

    /// The endpoint that answered, for metrics; `None` for 404, 405 and `OPTIONS`.
    #[must_use]
    pub const fn endpoint(&self) -> Option<Endpoint> {
        self.endpoint
    }

    /// The user, once known, for logs.
    #[must_use]
    pub const fn subject(&self) -> Option<&Subject> {
        self.subject.as_ref()
    }

    /// Why the engine refused or rejected the request, for logs and metrics. A refusal has no event.
    #[must_use]
    pub const fn denied(&self) -> Option<&Denied> {
        self.denied.as_ref()
    }

    pub(super) fn about(
        self,
        endpoint: Endpoint,
        subject: Option<Subject>,
        denied: Option<Denied>,
    ) -> Self {
        Self {
            endpoint: Some(endpoint),
            subject,
            denied,
            ..self
        }
    }

    /// The response to a `HEAD` request.
    pub(super) fn without_body(mut self) -> Self {
        self.body = Zeroizing::default();
        self
    }

    pub(super) fn with_header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.push((name, Cow::Borrowed(value)));
        self
    }

    pub(super) fn no_content() -> Self {
        Self {
            status: 204,
            headers: Vec::new(),
            body: Zeroizing::default(),
            endpoint: None,
            subject: None,
            denied: None,
        }
    }
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        let headers = answer.headers();
        Self {
            status: answer.status(),
            headers: headers
                .map(|(name, value)| (name, Cow::Owned(value.into_owned())))
                .collect(),
            body: answer.body().map(json).unwrap_or_default(),
            ..Self::no_content()
        }
    }
}

/// Converts to the response of the crate `http`, for axum, hyper and salvo. For other frameworks, use
/// [`status`](Reply::status), [`headers`](Reply::headers) and [`into_body`](Reply::into_body).
///
/// # Security
///
/// After the conversion your framework owns the body, and nothing overwrites it.
#[cfg(feature = "http")]
impl From<Reply> for http::Response<Vec<u8>> {
    fn from(mut reply: Reply) -> Self {
        let mut response = Self::new(core::mem::take(&mut *reply.body));
        // Every status of the machine is a valid HTTP status.
        *response.status_mut() = http::StatusCode::from_u16(reply.status)
            .unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
        for (name, value) in reply.headers() {
            if let Ok(value) = http::HeaderValue::try_from(value) {
                response.headers_mut().append(name, value);
            }
        }
        response
    }
}

/// For errors before the machine has a request, such as a timeout.
impl From<ErrorAnswer> for Reply {
    fn from(error: ErrorAnswer) -> Self {
        Answer::from(error).into()
    }
}

/// Counts the bytes written to it.
struct Length(usize);

impl io::Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes into a buffer of the exact length: a growing buffer would leave copies of secrets behind.
fn json(document: &impl Serialize) -> Zeroizing<Vec<u8>> {
    let mut length = Length(0);
    // JSON can represent every response.
    let _ = serde_json::to_writer(&mut length, document);
    let mut body = Zeroizing::new(Vec::with_capacity(length.0));
    let _ = serde_json::to_writer(&mut *body, document);
    body
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("status", &self.status)
            .field("endpoint", &self.endpoint)
            .field("subject", &self.subject)
            .field("denied", &self.denied)
            .finish_non_exhaustive()
    }
}
