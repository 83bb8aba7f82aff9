//! The response of Auth0's API to each [`Denied`]: status, error code and text.

use alloc::borrow::Cow;
use alloc::format;

use time::UtcDateTime;

use super::error::ErrorAnswer;
use crate::denied::Denied;

const INVALID_TOKEN: &str = "The mfa_token provided is invalid. Try getting a new token.";

impl ErrorAnswer {
    /// The response to a denial of the engine.
    ///
    /// | status | `error` | [`Denied`] |
    /// |--:|---|---|
    /// | 400 | `invalid_authenticator` | `InvalidAuthenticator` |
    /// | 400 | `invalid_request` | `TokenOfAnotherClient`, `ClockNotAhead`, `ParameterTooLong`, `PhoneAlreadyEnrolled`, `TooManyPhones`, `ChannelUnavailable`, `ChannelMismatch`, `OobCodeOfAnotherSession` |
    /// | 401 | `association_required` | `NotEnrolled` |
    /// | 401 | `expired_token` | `TokenExpired` |
    /// | 401 | `invalid_grant` | `TokenMalformed`, `TokenInvalid`, `SessionSpent`, `SessionRevoked`, `SessionNotYetValid`, `SessionTooLong`, `FirstFactorRequired` |
    /// | 403 | `access_denied` | `AlreadyEnrolled` |
    /// | 403 | `expired_token` | `OobCodeExpired` |
    /// | 403 | `insufficient_scope` | `InsufficientScope` |
    /// | 403 | `invalid_grant` | `OobCodeUnknown`, `InvalidBindingCode`, `InvalidRecoveryCode` |
    /// | 403 | `unsupported_challenge_type` | `NoRecoveryCode` |
    /// | 404 | `invalid_authenticator` | `UnknownAuthenticator` |
    /// | 429 | `too_many_attempts` | `TooManySends`, `TooManyFailures`, `TooManySessions` |
    /// | 500 | `server_error` | `SubjectMismatch` |
    /// | 503 | `temporarily_unavailable` | `ClockBehind` |
    ///
    /// The 429s and the 503 have `Retry-After`.
    #[must_use]
    pub fn denied(denied: &Denied, now: UtcDateTime) -> Self {
        let (status, error) = status_and_error(denied);
        let mut answer = Self::new(status, error, description(denied));
        answer.retry_after = denied.retry_after(now);
        if let Denied::InsufficientScope(scope) = denied {
            let challenge = format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
            answer.authenticate = Some(Cow::Owned(challenge));
        }
        answer
    }
}

fn status_and_error(denied: &Denied) -> (u16, &'static str) {
    match denied {
        Denied::TokenMalformed
        | Denied::TokenInvalid
        | Denied::SessionSpent
        | Denied::SessionRevoked
        | Denied::SessionNotYetValid
        | Denied::SessionTooLong
        | Denied::FirstFactorRequired => (401, "invalid_grant"),
        Denied::TokenExpired => (401, "expired_token"),
        Denied::TokenOfAnotherClient
        | Denied::ClockNotAhead
        | Denied::ParameterTooLong { .. }
        | Denied::PhoneAlreadyEnrolled
        | Denied::TooManyPhones
        | Denied::ChannelUnavailable
        | Denied::ChannelMismatch
        | Denied::OobCodeOfAnotherSession => (400, "invalid_request"),
        Denied::InsufficientScope(_) => (403, "insufficient_scope"),
        Denied::SubjectMismatch => (500, "server_error"),
        Denied::ClockBehind => (503, "temporarily_unavailable"),
        Denied::AlreadyEnrolled => (403, "access_denied"),
        Denied::NotEnrolled => (401, "association_required"),
        Denied::InvalidAuthenticator => (400, "invalid_authenticator"),
        Denied::UnknownAuthenticator => (404, "invalid_authenticator"),
        Denied::OobCodeUnknown | Denied::InvalidBindingCode | Denied::InvalidRecoveryCode => {
            (403, "invalid_grant")
        }
        Denied::OobCodeExpired => (403, "expired_token"),
        Denied::NoRecoveryCode => (403, "unsupported_challenge_type"),
        Denied::TooManySends { .. }
        | Denied::TooManyFailures { .. }
        | Denied::TooManySessions { .. } => (429, "too_many_attempts"),
    }
}

fn description(denied: &Denied) -> Cow<'static, str> {
    let text = match denied {
        Denied::TokenMalformed => "Malformed mfa_token",
        Denied::TokenInvalid
        | Denied::SessionSpent
        | Denied::SessionRevoked
        | Denied::SessionNotYetValid
        | Denied::SessionTooLong
        | Denied::FirstFactorRequired => INVALID_TOKEN,
        Denied::TokenExpired => "mfa_token is expired",
        Denied::TokenOfAnotherClient => "mfa_token not issued to this client",
        Denied::InsufficientScope(scope) => {
            return format!("Insufficient scope, expected: {scope}").into();
        }
        Denied::SubjectMismatch => "The session and the account are of different subjects.",
        Denied::ClockBehind => "The service is temporarily unavailable. Try again.",
        Denied::ClockNotAhead => "The account is not ahead of the clock by more than the skew.",
        Denied::ParameterTooLong { parameter } => {
            return format!(
                "{parameter} is too long: at most 255 bytes for client_id, 1024 for scope and audience"
            )
            .into();
        }
        Denied::AlreadyEnrolled => "User is already enrolled.",
        Denied::PhoneAlreadyEnrolled => "The phone number is already enrolled.",
        Denied::TooManyPhones => {
            "The user has as many phones as the policy allows, or more. Remove phones first."
        }
        Denied::ChannelUnavailable => "The oob_channel is not enabled. Send another, or none.",
        Denied::ChannelMismatch => {
            "oob_channel is not the channel of the authenticator_id. Send only one of them."
        }
        Denied::NotEnrolled => {
            "User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator."
        }
        Denied::InvalidAuthenticator => {
            "No active phone matches the request. List the authenticators."
        }
        Denied::UnknownAuthenticator => "No phone matches this id. List the authenticators.",
        Denied::OobCodeUnknown => "Malformed oob_code",
        Denied::OobCodeOfAnotherSession => "The oob_code doesn't match the mfa_token",
        Denied::OobCodeExpired => "oob_code is expired",
        Denied::NoRecoveryCode => "User does not have a recovery-code.",
        Denied::TooManySends { .. } => {
            "Too many SMS sent by the user. Wait for some minutes before retrying."
        }
        Denied::TooManyFailures { .. } => {
            "Too many failed codes. Wait for some minutes before retrying."
        }
        Denied::TooManySessions { .. } => {
            "Too many logins completed by the user. Wait for some minutes before retrying."
        }
        Denied::InvalidBindingCode => "Invalid binding_code.",
        Denied::InvalidRecoveryCode => "MFA Authorization rejected.",
    };
    text.into()
}
