//! Reads and writes headers and paths.

use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use base64ct::{Base64, Encoding};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::authenticator::AuthenticatorId;
use crate::denied::Denied;

/// The headers that keep every [`Answer`](super::Answer) out of caches (RFC 6749 section 5.1).
pub const NO_STORE: [(&str, &str); 2] = [("Cache-Control", "no-store"), ("Pragma", "no-cache")];

/// The token of an `Authorization` header.
///
/// # Errors
///
/// [`Denied::TokenMalformed`] if there is no header, or one of another scheme.
///
/// # Examples
///
/// ```
/// use oob_mfa::{Denied, wire::bearer};
///
/// assert_eq!(bearer(Some("Bearer a token")), Ok("a token"));
/// assert_eq!(bearer(Some("Basic eDp5")), Err(Denied::TokenMalformed));
/// ```
pub fn bearer(authorization: Option<&str>) -> Result<&str, Denied> {
    authorization
        .and_then(|header| scheme(header, "bearer"))
        .filter(|token| !token.is_empty())
        .ok_or(Denied::TokenMalformed)
}

pub(super) fn is_bearer(header: &str) -> bool {
    scheme(header, "bearer").is_some()
}

pub(super) fn is_basic(header: &str) -> bool {
    scheme(header, "basic").is_some()
}

fn scheme<'a>(header: &'a str, expected: &str) -> Option<&'a str> {
    let (scheme, rest) = header.trim().split_once(' ').unwrap_or((header.trim(), ""));
    scheme.eq_ignore_ascii_case(expected).then(|| rest.trim())
}

/// The id of an authenticator in a path, raw or percent-encoded.
///
/// A text that is not an id matches no authenticator. The engine reports that after the errors of the
/// session.
///
/// # Examples
///
/// ```
/// use oob_mfa::{AuthenticatorId, wire::authenticator_id};
///
/// let id: AuthenticatorId = "sms|dev_0123456789abcdef".parse()?;
/// assert_eq!(authenticator_id("sms%7Cdev_0123456789abcdef"), id);
/// # Ok::<(), oob_mfa::InvalidAuthenticatorId>(())
/// ```
#[must_use]
pub fn authenticator_id(segment: &str) -> AuthenticatorId {
    AuthenticatorId::presented(&decode(segment, Plus::Itself).unwrap_or_default())
}

/// The id and secret that a client presents.
///
/// [`Body`](super::Body) has an example.
///
/// # Security
///
/// `Debug` redacts the secret, which is overwritten when dropped.
pub struct ClientCredentials {
    client_id: String,
    client_secret: Option<Zeroizing<String>>,
}

impl ClientCredentials {
    pub(super) fn new(client_id: &str, client_secret: Option<&str>) -> Self {
        let client_secret = client_secret.map(|secret| Zeroizing::new(secret.to_string()));
        Self {
            client_id: client_id.to_string(),
            client_secret,
        }
    }

    /// The `client_id`.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// Whether these are the credentials of a client with this secret. `None` means a public
    /// client.
    ///
    /// Compares in constant time. A public client that sends a secret does not match.
    #[must_use]
    pub fn matches(&self, secret: Option<&str>) -> bool {
        match (&self.client_secret, secret) {
            (Some(presented), Some(secret)) => presented.as_bytes().ct_eq(secret.as_bytes()).into(),
            (None, None) => true,
            _ => false,
        }
    }
}

impl fmt::Debug for ClientCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCredentials")
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// The credentials of an HTTP Basic header, both parts form-encoded (RFC 6749 section 2.3.1).
pub(super) fn basic(header: &str) -> Option<ClientCredentials> {
    let decoded = Zeroizing::new(Base64::decode_vec(scheme(header, "basic")?).ok()?);
    let (id, secret) = core::str::from_utf8(&decoded).ok()?.split_once(':')?;
    let id = decode(id, Plus::Space)?;
    let secret = decode(secret, Plus::Space)?;
    let secret = Some(secret.as_str()).filter(|secret| !secret.is_empty());
    (!id.is_empty()).then(|| ClientCredentials::new(&id, secret))
}

/// A name or a value of a form; `None` if it is not UTF-8.
#[cfg(feature = "exchange")]
pub(super) fn decode_form(text: &str) -> Option<Zeroizing<String>> {
    decode(text, Plus::Space)
}

/// The meaning of a `+`: itself in a path, a space in a form.
#[derive(Clone, Copy, PartialEq)]
enum Plus {
    Itself,
    Space,
}

/// Replaces `%` and 2 hexadecimal digits by their byte. Any other `%` stands for itself, because
/// some clients do not encode.
fn decode(text: &str, plus: Plus) -> Option<Zeroizing<String>> {
    // Decoding never lengthens, so no growing buffer leaves a copy behind.
    let mut decoded = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        decoded.push(if byte == b'+' && plus == Plus::Space {
            b' '
        } else if byte == b'%'
            && let Some((digits, after)) = after.split_first_chunk::<2>()
            && let Some(named) = hexadecimal(*digits)
        {
            rest = after;
            named
        } else {
            byte
        });
    }
    core::str::from_utf8(&decoded)
        .ok()
        .map(|text| Zeroizing::new(text.to_string()))
}

fn hexadecimal([high, low]: [u8; 2]) -> Option<u8> {
    let high = char::from(high).to_digit(16)?;
    let low = char::from(low).to_digit(16)?;
    u8::try_from(high.checked_mul(16)?.checked_add(low)?).ok()
}
