//! Errors: status, headers and body.

use alloc::borrow::Cow;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use serde::Serialize;

use super::header::{NO_STORE, is_basic};
use crate::channel::{Channel, Channels};
use crate::phone::InvalidPhoneNumber;

/// A request that cannot be passed to the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BadRequest {
    /// The body is longer than [`MAX_BODY`](super::MAX_BODY).
    BodyTooLarge,
    /// The content type is neither JSON nor a form.
    UnsupportedContentType,
    /// The body is compressed, or encoded in another way.
    UnsupportedEncoding,
    /// The body does not match its content type, is not an object, or has more than 64 parameters.
    MalformedBody,
    /// A parameter is missing, or empty.
    Missing(&'static str),
    /// A parameter is not a string.
    NotAString(&'static str),
    /// A parameter is not a list of strings.
    NotAList(&'static str),
    /// A parameter or a header occurs more than once.
    Repeated(&'static str),
    /// No `oob` among the authenticator types.
    UnsupportedAuthenticatorType,
    /// The channel is neither `sms` nor `voice`.
    UnknownChannel,
    /// No channel that the client supports is enabled.
    NoCommonChannel {
        /// The enabled channels.
        enabled: Channels,
    },
    /// The phone number is not in canonical E.164 form.
    InvalidPhoneNumber(InvalidPhoneNumber),
    /// No `oob` among the challenge types.
    UnsupportedChallengeType {
        /// The requested types, at most 64 characters.
        requested: String,
    },
    /// The `grant_type` is not supported.
    UnsupportedGrantType,
    /// HTTP Basic, and a `client_secret` or another `client_id` in the body.
    SeveralCredentials,
    /// The client is unknown, its secret is wrong, absent or not expected, or the header is not HTTP Basic.
    InvalidClient,
}

impl fmt::Display for BadRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BodyTooLarge => {
                f.write_str("The request body is too large. At most 16384 bytes are accepted.")
            }
            Self::UnsupportedContentType => f.write_str(
                "The content type must be application/json or application/x-www-form-urlencoded.",
            ),
            Self::UnsupportedEncoding => f.write_str("The content encoding must be identity."),
            Self::MalformedBody => f.write_str(
                "Malformed request body: send a JSON object or a form, with at most 64 parameters",
            ),
            Self::Missing(name) => write!(f, "Missing required parameter: {name}"),
            Self::NotAString(name) => write!(f, "{name} must be a string"),
            Self::NotAList(name) => write!(f, "{name} must be an array of strings"),
            Self::Repeated(name) => write!(f, "{name} must occur only once"),
            Self::UnsupportedAuthenticatorType => {
                f.write_str("The authenticator type is not supported. Supported type: oob.")
            }
            Self::UnknownChannel => {
                f.write_str("The oob_channel is not supported. Supported channels: sms, voice.")
            }
            Self::NoCommonChannel { enabled } => {
                let enabled: Vec<_> = enabled.iter().map(Channel::as_str).collect();
                let enabled = enabled.join(", ");
                write!(
                    f,
                    "None of the oob_channels is enabled. Enabled channels: {enabled}."
                )
            }
            Self::InvalidPhoneNumber(InvalidPhoneNumber::ZeroAfter { country_code }) => {
                write!(
                    f,
                    "The phone number is invalid. Drop the 0 after +{country_code}."
                )
            }
            Self::InvalidPhoneNumber(_) => f.write_str("The phone number is invalid."),
            Self::UnsupportedChallengeType { requested } => write!(
                f,
                "The user does not support the requested challenge type ({requested}). Supported type: oob."
            ),
            Self::UnsupportedGrantType => {
                f.write_str("The grant_type is not supported. Check its spelling.")
            }
            Self::SeveralCredentials => f.write_str(
                "With HTTP Basic, the body must have no client_secret and no other client_id.",
            ),
            Self::InvalidClient => f.write_str("Client authentication failed"),
        }
    }
}

impl core::error::Error for BadRequest {}

const INVALID_CLIENT: &str = "invalid_client";

/// An error response: it serializes to the body.
///
/// # Examples
///
/// ```
/// use oob_mfa::{Denied, wire::ErrorAnswer};
///
/// let now = time::UtcDateTime::UNIX_EPOCH;
/// let retry_at = now + time::Duration::seconds(360);
/// let denied = Denied::TooManyFailures { retry_at };
/// let answer = ErrorAnswer::denied(&denied, now);
/// assert_eq!((answer.status(), answer.retry_after()), (429, Some(360)));
///
/// let yours = ErrorAnswer::new(403, "invalid_grant", "Wrong password.");
/// assert_eq!(yours.error_description(), "Wrong password.");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ErrorAnswer {
    #[serde(skip)]
    status: u16,
    error: &'static str,
    error_description: Cow<'static, str>,
    #[serde(skip)]
    pub(super) retry_after: Option<Duration>,
    #[serde(skip)]
    pub(super) authenticate: Option<Cow<'static, str>>,
    /// RFC 9110 section 15.5.16: a 415 lists what is accepted.
    #[serde(skip)]
    accepts_identity: bool,
}

impl ErrorAnswer {
    /// An error of your own.
    #[must_use]
    pub fn new(
        status: u16,
        error: &'static str,
        error_description: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            status,
            error,
            error_description: error_description.into(),
            retry_after: None,
            // RFC 9110 section 15.5.2 requires a challenge with every 401.
            authenticate: (status == 401).then_some(Cow::Borrowed("Bearer")),
            accepts_identity: false,
        }
    }

    /// The provider did not accept the message. The send stays charged.
    #[must_use]
    pub fn send_failed() -> Self {
        Self::new(502, "bad_gateway", "Error sending SMS.")
    }

    /// The store is unreachable, or the request lost too many write conflicts.
    #[must_use]
    pub fn temporarily_unavailable(retry_after: Duration) -> Self {
        let text = "The service is temporarily unavailable. Try again.";
        Self::new(503, "temporarily_unavailable", text).with_retry_after(retry_after)
    }

    /// The same with `Retry-After`, in whole seconds, rounded up.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        let seconds = wait.as_nanos().div_ceil(1_000_000_000);
        let seconds = u64::try_from(seconds).unwrap_or(u64::MAX);
        self.retry_after = Some(Duration::from_secs(seconds));
        self
    }

    /// A bug in the server: 500.
    #[must_use]
    pub fn server_error() -> Self {
        Self::new(
            500,
            "server_error",
            "The server failed to answer the request.",
        )
    }

    /// The same error from `POST /oauth/token`, for a request with this `Authorization` header.
    ///
    /// Only a client that failed to authenticate by HTTP Basic gets `WWW-Authenticate` there (RFC
    /// 6749 section 5.2). Auth0's SDKs read that header instead of the body, and would miss that a
    /// token has expired. A browser that gets an unexpected `Basic` opens a password dialog.
    #[must_use]
    pub fn at_token_endpoint(mut self, authorization: Option<&str>) -> Self {
        let by_basic = self.error == INVALID_CLIENT && authorization.is_some_and(is_basic);
        self.authenticate = by_basic.then_some(Cow::Borrowed("Basic realm=\"oauth\""));
        self
    }

    /// The status code.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// `error`.
    #[must_use]
    pub const fn error(&self) -> &'static str {
        self.error
    }

    /// `error_description`.
    #[must_use]
    pub fn error_description(&self) -> &str {
        &self.error_description
    }

    /// Seconds of `Retry-After`.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        self.retry_after.map(|wait| wait.as_secs())
    }

    /// Every header except the content type, which is `application/json`.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        let no_store = NO_STORE
            .into_iter()
            .map(|(name, value)| (name, Cow::Borrowed(value)));
        no_store.chain(self.particular_headers())
    }

    /// The headers that only errors have.
    pub(super) fn particular_headers(&self) -> impl Iterator<Item = (&'static str, Cow<'_, str>)> {
        let retry = self
            .retry_after()
            .map(|wait| ("Retry-After", Cow::Owned(wait.to_string())));
        let authenticate = self.authenticate.as_deref();
        let authenticate =
            authenticate.map(|challenge| ("WWW-Authenticate", Cow::Borrowed(challenge)));
        let accept = self
            .accepts_identity
            .then_some(("Accept-Encoding", Cow::Borrowed("identity")));
        retry.into_iter().chain(authenticate).chain(accept)
    }
}

impl From<BadRequest> for ErrorAnswer {
    fn from(bad: BadRequest) -> Self {
        let (status, error) = match bad {
            BadRequest::MalformedBody
            | BadRequest::Missing(_)
            | BadRequest::NotAString(_)
            | BadRequest::NotAList(_)
            | BadRequest::Repeated(_)
            | BadRequest::UnsupportedAuthenticatorType
            | BadRequest::UnknownChannel
            | BadRequest::NoCommonChannel { .. }
            | BadRequest::InvalidPhoneNumber(_)
            | BadRequest::SeveralCredentials => (400, "invalid_request"),
            BadRequest::BodyTooLarge => (413, "invalid_request"),
            BadRequest::UnsupportedContentType | BadRequest::UnsupportedEncoding => {
                (415, "invalid_request")
            }
            BadRequest::UnsupportedGrantType => (400, "unsupported_grant_type"),
            BadRequest::UnsupportedChallengeType { .. } => (401, "unsupported_challenge_type"),
            BadRequest::InvalidClient => (401, INVALID_CLIENT),
        };
        let mut answer = Self::new(status, error, bad.to_string());
        answer.accepts_identity = bad == BadRequest::UnsupportedEncoding;
        answer
    }
}
