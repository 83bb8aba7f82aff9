//! A request of any HTTP library, and what the machine reads from it.

#[cfg(feature = "http")]
use alloc::vec::Vec;

use crate::wire::{BadRequest, Body, Format, MAX_BODY, check_encoding, without_bom};

/// An HTTP request.
///
/// [`exchange`](crate::exchange) has an example.
///
/// Pass every header unchanged: names in any case, values as bytes, a repeated header as often as it
/// came. Read at most [`MAX_BODY`] + 1 bytes of the body: a longer one gets 413.
#[derive(Clone, Copy)]
#[expect(
    clippy::exhaustive_structs,
    reason = "an embedder fills in each part, and HTTP has no other"
)]
pub struct Request<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The path as received, percent-encoded; a query is ignored.
    pub target: &'a str,
    /// Names and values.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The body.
    pub body: &'a [u8],
}

impl<'a> Request<'a> {
    /// The headers of the `http` crate, for [`headers`](Self::headers).
    #[cfg(feature = "http")]
    #[must_use]
    pub fn headers_of(headers: &'a http::HeaderMap) -> Vec<(&'a str, &'a [u8])> {
        let headers = headers.iter();
        headers
            .map(|(name, value)| (name.as_str(), value.as_bytes()))
            .collect()
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &'a [u8]> {
        let named = move |(known, value): &(&str, &'a [u8])| {
            known.eq_ignore_ascii_case(name).then_some(*value)
        };
        self.headers.iter().filter_map(named)
    }

    /// A header that may occur once; empty if its value is not UTF-8.
    fn single(&self, name: &'static str) -> Result<Option<&'a str>, BadRequest> {
        let mut values = self.all(name);
        let value = values.next();
        if values.next().is_some() {
            return Err(BadRequest::Repeated(name));
        }
        Ok(value.map(|value| core::str::from_utf8(value).unwrap_or_default()))
    }

    pub(super) fn authorization(&self) -> Result<Option<&'a str>, BadRequest> {
        self.single("Authorization")
    }

    /// The path, without a query.
    pub(super) fn path(&self) -> &'a str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The parameters of the body, by its content type, or by `default` if there is none.
    pub(super) fn parameters(&self, default: Format) -> Result<Body, BadRequest> {
        if self.body.len() > MAX_BODY {
            return Err(BadRequest::BodyTooLarge);
        }
        for encoding in self.all("Content-Encoding") {
            check_encoding(Some(core::str::from_utf8(encoding).unwrap_or("?")))?;
        }
        let format = Format::of(self.single("Content-Type")?, default)?;
        let text = core::str::from_utf8(without_bom(self.body));
        let text = text.map_err(|_| BadRequest::MalformedBody)?;
        match format {
            Format::Json => serde_json::from_str(text).ok(),
            Format::Form => Body::of_form(text),
        }
        .ok_or(BadRequest::MalformedBody)
    }
}
