//! Each denial on the wire: Auth0's status, error code and text.

use std::collections::BTreeSet;

use time::UtcDateTime;

use super::*;

#[test]
fn every_denial_is_its_row_of_the_table() {
    let now = UtcDateTime::UNIX_EPOCH;
    let retry_at = now + HOUR;
    let invalid = "The mfa_token provided is invalid. Try getting a new token.";
    let failed = "Too many failed codes. Wait for some minutes before retrying.";
    let mut rows = BTreeSet::new();
    for (denied, status, error, description) in [
        (
            Denied::AlreadyEnrolled,
            403,
            "access_denied",
            "User is already enrolled.",
        ),
        (Denied::TokenInvalid, 401, "invalid_grant", invalid),
        (
            Denied::TokenExpired,
            401,
            "expired_token",
            "mfa_token is expired",
        ),
        (
            Denied::TokenMalformed,
            401,
            "invalid_grant",
            "Malformed mfa_token",
        ),
        (Denied::SessionSpent, 401, "invalid_grant", invalid),
        (Denied::SessionRevoked, 401, "invalid_grant", invalid),
        (Denied::SessionNotYetValid, 401, "invalid_grant", invalid),
        (Denied::SessionTooLong, 401, "invalid_grant", invalid),
        (Denied::FirstFactorRequired, 401, "invalid_grant", invalid),
        (
            Denied::TokenOfAnotherClient,
            400,
            "invalid_request",
            "mfa_token not issued to this client",
        ),
        (
            Denied::OobCodeOfAnotherSession,
            400,
            "invalid_request",
            "The oob_code doesn't match the mfa_token",
        ),
        (
            Denied::OobCodeUnknown,
            403,
            "invalid_grant",
            "Malformed oob_code",
        ),
        (
            Denied::OobCodeExpired,
            403,
            "expired_token",
            "oob_code is expired",
        ),
        (
            Denied::InvalidBindingCode,
            403,
            "invalid_grant",
            "Invalid binding_code.",
        ),
        (
            Denied::InvalidRecoveryCode,
            403,
            "invalid_grant",
            "MFA Authorization rejected.",
        ),
        (
            Denied::NoRecoveryCode,
            403,
            "unsupported_challenge_type",
            "User does not have a recovery-code.",
        ),
        (
            Denied::NotEnrolled,
            401,
            "association_required",
            "User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator.",
        ),
        (
            Denied::InvalidAuthenticator,
            400,
            "invalid_authenticator",
            "The authenticator cannot be challenged.",
        ),
        (
            Denied::UnknownAuthenticator,
            404,
            "invalid_authenticator",
            "The authenticator does not exist.",
        ),
        (
            Denied::PhoneAlreadyEnrolled,
            400,
            "invalid_request",
            "The phone number is already enrolled.",
        ),
        (
            Denied::TooManyPhones,
            400,
            "invalid_request",
            "The user has too many phones. Remove one first.",
        ),
        (
            Denied::TooManySessions { retry_at },
            429,
            "too_many_attempts",
            "Too many logins completed by the user. Wait for some minutes before retrying.",
        ),
        (
            Denied::ChannelUnavailable,
            400,
            "invalid_request",
            "The channel is not enabled.",
        ),
        (
            Denied::ChannelMismatch,
            400,
            "invalid_request",
            "oob_channel is not the channel of the authenticator.",
        ),
        (
            Denied::TooManySends { retry_at },
            429,
            "too_many_attempts",
            "Too many SMS sent by the user. Wait for some minutes before retrying.",
        ),
        (
            Denied::TooManyFailures { retry_at },
            429,
            "too_many_attempts",
            failed,
        ),
        (
            Denied::InsufficientScope(Scope::Enroll),
            403,
            "insufficient_scope",
            "Insufficient scope, expected: enroll",
        ),
        (
            Denied::SubjectMismatch,
            500,
            "server_error",
            "The session and the account are of different subjects.",
        ),
        (
            Denied::ClockBehind,
            503,
            "temporarily_unavailable",
            "The service is temporarily unavailable. Try again.",
        ),
        (
            Denied::ClockNotAhead,
            400,
            "invalid_request",
            "The account is not ahead of the clock.",
        ),
        (
            Denied::ParameterTooLong { parameter: "scope" },
            400,
            "invalid_request",
            "scope is too long",
        ),
    ] {
        let answer = ErrorAnswer::denied(&denied, now);
        let found = (answer.status(), answer.error(), answer.error_description());
        assert_eq!(found, (status, error, description));
        rows.insert(denied.name());
        let wait = match denied {
            Denied::ClockBehind => Some(5),
            _ => denied.retry_at().map(|_| 3_600),
        };
        assert_eq!(answer.retry_after(), wait, "{denied:?}");
        let body = format!(r#"{{"error":"{error}","error_description":"{description}"}}"#);
        assert_eq!(text(&answer), body);
        let names: Vec<_> = answer.headers().map(|(name, _)| name).collect();
        assert!(
            names.starts_with(&["Cache-Control", "Pragma"]),
            "{denied:?}"
        );
        let waits = matches!(status, 429 | 503);
        assert_eq!(names.contains(&"Retry-After"), waits, "{denied:?}");
        let challenges = status == 401 || matches!(denied, Denied::InsufficientScope(_));
        assert_eq!(
            names.contains(&"WWW-Authenticate"),
            challenges,
            "{denied:?}"
        );
    }
    assert!(
        rows.into_iter().eq(sorted(Denied::NAMES)),
        "a row is missing"
    );
}

fn sorted(names: &[&'static str]) -> BTreeSet<&'static str> {
    names.iter().copied().collect()
}
