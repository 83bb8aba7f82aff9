//! The formats of bodies, and their maximum length.

use super::error::BadRequest;

/// The longest body that a server must read, in bytes: longer than any request of the API.
pub const MAX_BODY: usize = 16 * 1024;

/// The format of a body.
///
/// # Examples
///
/// ```
/// use oob_mfa::wire::{BadRequest, Body, Format, without_bom};
///
/// fn parameters(
///     content_type: Option<&str>,
///     body: &str,
/// ) -> Result<Body, BadRequest> {
///     let body = without_bom(body.as_bytes());
///     match Format::of(content_type, Format::Json)? {
///         Format::Json => serde_json::from_slice(body).ok(),
///         Format::Form => serde_urlencoded::from_bytes(body).ok(),
///     }
///     .ok_or(BadRequest::MalformedBody)
/// }
///
/// let form = Some("application/x-www-form-urlencoded; charset=utf-8");
/// assert_eq!(parameters(form, "mfa_token=a")?.mfa_token(None), Ok("a"));
/// assert_eq!(parameters(None, r#"{"mfa_token":"a"}"#)?.mfa_token(None), Ok("a"));
/// assert_eq!(
///     parameters(None, "mfa_token=a").unwrap_err(),
///     BadRequest::MalformedBody
/// );
/// # Ok::<(), BadRequest>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a server has to read every format")]
pub enum Format {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
}

/// Refuses a body that is compressed or otherwise encoded, by its `Content-Encoding` header.
///
/// # Errors
///
/// [`BadRequest::UnsupportedEncoding`]
///
/// # Examples
///
/// ```
/// use oob_mfa::wire::{BadRequest, check_encoding};
///
/// assert_eq!(check_encoding(None), Ok(()));
/// let refused = Err(BadRequest::UnsupportedEncoding);
/// assert_eq!(check_encoding(Some("gzip")), refused);
/// ```
pub fn check_encoding(content_encoding: Option<&str>) -> Result<(), BadRequest> {
    let encodings = content_encoding.unwrap_or_default().split(',');
    let encoded = encodings
        .map(str::trim)
        .any(|encoding| !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity"));
    if encoded {
        return Err(BadRequest::UnsupportedEncoding);
    }
    Ok(())
}

/// The body without a leading byte order mark, which would hide its first parameter.
///
/// # Examples
///
/// ```
/// use oob_mfa::wire::without_bom;
///
/// assert_eq!(without_bom("\u{feff}{}".as_bytes()), b"{}");
/// ```
#[must_use]
pub fn without_bom(body: &[u8]) -> &[u8] {
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

impl Format {
    /// The format that a `Content-Type` header names, or `default` without a header. Pass a form as the
    /// default of `/oauth/token`, and JSON elsewhere.
    ///
    /// # Errors
    ///
    /// [`BadRequest::UnsupportedContentType`]
    pub fn of(content_type: Option<&str>, default: Self) -> Result<Self, BadRequest> {
        let Some(content_type) = content_type else {
            return Ok(default);
        };
        let essence = content_type.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/json") {
            Ok(Self::Json)
        } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            Ok(Self::Form)
        } else {
            Err(BadRequest::UnsupportedContentType)
        }
    }
}
