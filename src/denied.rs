//! Every answer that is a no.

use core::fmt;
use core::time::Duration;

use time::UtcDateTime;

use crate::session::Scope;

/// Why an operation was not granted.
///
/// Two kinds: *refused* was not judged and changed nothing (but for stored times that a clock which
/// ran ahead has left, and those once), *rejected* was judged, charged and saved
/// ([`is_rejected`](Self::is_rejected)). `Display` is the `error_description` of the API;
/// [`wire`](crate::wire) adds the status and the error code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denied {
    /// The text is no `mfa_token`.
    TokenMalformed,
    /// The `mfa_token` is not ours, or was tampered with.
    TokenInvalid,
    /// The `mfa_token` has expired.
    TokenExpired,
    /// The `mfa_token` was issued to another client than the one that presents it.
    TokenOfAnotherClient,
    /// The session has completed its login.
    SessionSpent,
    /// The session was issued before the account was reset or lost its last phone.
    SessionRevoked,
    /// The session expires further ahead than the policy lets any.
    SessionTooLong,
    /// The session lacks the scope, which a session of a first factor never has.
    InsufficientScope(Scope),
    /// The session is of one subject and the account of another: a mistake of the server.
    SubjectMismatch,
    /// A text of the request is longer than a token may carry.
    ParameterTooLong {
        /// Its name on the wire.
        parameter: &'static str,
    },
    /// A session of a first factor would change factors that a second factor guards.
    AlreadyEnrolled,
    /// The number is on this account already, active or disabled.
    PhoneAlreadyEnrolled,
    /// The account has as many phones as the policy allows.
    TooManyPhones,
    /// The policy does not send by this channel.
    ChannelUnavailable,
    /// The account has no authenticator.
    NotEnrolled,
    /// No active authenticator of the account has this id.
    InvalidAuthenticator,
    /// No authenticator of the account has this id.
    UnknownAuthenticator,
    /// The `oob_code` is malformed, unknown, used, superseded, or out of attempts.
    OobCodeUnknown,
    /// The `oob_code` was issued to another session.
    OobCodeOfAnotherSession,
    /// The `oob_code` has expired.
    OobCodeExpired,
    /// The account has no recovery code.
    NoRecoveryCode,
    /// The send budget is empty.
    TooManySends {
        /// When one will be back.
        retry_at: UtcDateTime,
    },
    /// The failure budget is empty: the right code would hear the same.
    TooManyFailures {
        /// When one will be back.
        retry_at: UtcDateTime,
    },
    /// More sessions have completed than the record remembers until they expire.
    TooManySessions {
        /// When the first of them expires.
        retry_at: UtcDateTime,
    },
    /// The binding code is wrong: charged.
    InvalidBindingCode,
    /// The recovery code is wrong: charged.
    InvalidRecoveryCode,
}

impl Denied {
    /// Whether a code was judged, and its failure charged and saved.
    ///
    /// Call `commit` whatever the answer: it alone knows whether there is something to save.
    #[must_use]
    pub const fn is_rejected(&self) -> bool {
        matches!(self, Self::InvalidBindingCode | Self::InvalidRecoveryCode)
    }

    /// The moment from which the same limit does not refuse, where a limit did.
    #[must_use]
    pub const fn retry_at(&self) -> Option<UtcDateTime> {
        match self {
            Self::TooManySends { retry_at }
            | Self::TooManyFailures { retry_at }
            | Self::TooManySessions { retry_at } => Some(*retry_at),
            _ => None,
        }
    }

    /// Whole seconds to wait, rounded up, for `Retry-After`.
    #[must_use]
    pub fn retry_after(&self, now: UtcDateTime) -> Option<Duration> {
        let retry_at = self.retry_at()?.unix_timestamp_nanos();
        let nanos = retry_at
            .saturating_sub(now.unix_timestamp_nanos())
            .max(0)
            .unsigned_abs();
        let seconds = u64::try_from(nanos.div_ceil(1_000_000_000)).unwrap_or(u64::MAX);
        Some(Duration::from_secs(seconds))
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TokenMalformed => "Malformed mfa_token",
            Self::TokenInvalid
            | Self::SessionSpent
            | Self::SessionRevoked
            | Self::SessionTooLong => {
                "The mfa_token provided is invalid. Try getting a new token."
            }
            Self::TokenExpired => "mfa_token is expired",
            Self::TokenOfAnotherClient => "mfa_token not issued to this client",
            Self::InsufficientScope(scope) => {
                return write!(f, "Insufficient scope, expected: {scope}");
            }
            Self::SubjectMismatch => "The session and the account are of different subjects.",
            Self::ParameterTooLong { parameter } => return write!(f, "{parameter} is too long"),
            Self::AlreadyEnrolled => "User is already enrolled.",
            Self::PhoneAlreadyEnrolled => "The phone number is already enrolled.",
            Self::TooManyPhones => "The user has too many phones. Remove one first.",
            Self::ChannelUnavailable => "The channel is not enabled.",
            Self::NotEnrolled => {
                "User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator."
            }
            Self::InvalidAuthenticator => "The authenticator cannot be challenged.",
            Self::UnknownAuthenticator => "The authenticator does not exist.",
            Self::OobCodeUnknown => "Malformed oob_code",
            Self::OobCodeOfAnotherSession => "The oob_code doesn't match the mfa_token",
            Self::OobCodeExpired => "oob_code is expired",
            Self::NoRecoveryCode => "User does not have a recovery-code.",
            Self::TooManySends { .. } => {
                "Too many SMS sent by the user. Wait for some minutes before retrying."
            }
            Self::TooManyFailures { .. } => {
                "Too many failed codes. Wait for some minutes before retrying."
            }
            Self::TooManySessions { .. } => {
                "Too many logins completed by the user. Wait for some minutes before retrying."
            }
            Self::InvalidBindingCode => "Invalid binding_code.",
            Self::InvalidRecoveryCode => "MFA Authorization rejected.",
        })
    }
}

impl core::error::Error for Denied {}

#[cfg(test)]
mod tests;
