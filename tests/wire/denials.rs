//! Each denial on the wire: Auth0's status, error code and text.

use std::time::Duration;

use time::UtcDateTime;

use super::*;

const RETRY_AT: UtcDateTime = UtcDateTime::UNIX_EPOCH;
const INVALID_TOKEN: &str = "The mfa_token provided is invalid. Try getting a new token.";

type Row = (Denied, u16, &'static str, &'static str);

/// Every denial with its status, error code and text in the API.
const TABLE: [Row; 33] = [
    (
        Denied::TokenMalformed,
        401,
        "invalid_grant",
        "Malformed mfa_token",
    ),
    (Denied::TokenInvalid, 401, "invalid_grant", INVALID_TOKEN),
    (
        Denied::TokenExpired,
        401,
        "expired_token",
        "mfa_token is expired",
    ),
    (
        Denied::TokenOfAnotherClient,
        400,
        "invalid_request",
        "mfa_token not issued to this client",
    ),
    (Denied::SessionSpent, 401, "invalid_grant", INVALID_TOKEN),
    (Denied::SessionRevoked, 401, "invalid_grant", INVALID_TOKEN),
    (
        Denied::SessionNotYetValid,
        401,
        "invalid_grant",
        INVALID_TOKEN,
    ),
    (Denied::SessionTooLong, 401, "invalid_grant", INVALID_TOKEN),
    (
        Denied::FirstFactorRequired,
        401,
        "invalid_grant",
        INVALID_TOKEN,
    ),
    (
        Denied::InsufficientScope(Scope::Enroll),
        403,
        "insufficient_scope",
        "Insufficient scope, expected: enroll",
    ),
    (
        Denied::InsufficientScope(Scope::ReadAuthenticators),
        403,
        "insufficient_scope",
        "Insufficient scope, expected: read:authenticators",
    ),
    (
        Denied::InsufficientScope(Scope::RemoveAuthenticators),
        403,
        "insufficient_scope",
        "Insufficient scope, expected: remove:authenticators",
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
        "The account is not ahead of the clock by more than the skew.",
    ),
    (
        Denied::ParameterTooLong { parameter: "scope" },
        400,
        "invalid_request",
        "scope is too long: at most 255 bytes for client_id, 1024 for scope and audience",
    ),
    (
        Denied::AlreadyEnrolled,
        403,
        "access_denied",
        "User is already enrolled.",
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
        "The user has as many phones as the policy allows, or more. Remove phones first.",
    ),
    (
        Denied::ChannelUnavailable,
        400,
        "invalid_request",
        "The oob_channel is not enabled. Send another, or none.",
    ),
    (
        Denied::ChannelMismatch,
        400,
        "invalid_request",
        "oob_channel is not the channel of the authenticator_id. Send only one of them.",
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
        "No active phone matches the request. List the authenticators.",
    ),
    (
        Denied::UnknownAuthenticator,
        404,
        "invalid_authenticator",
        "No phone matches this id. List the authenticators.",
    ),
    (
        Denied::OobCodeUnknown,
        403,
        "invalid_grant",
        "Malformed oob_code",
    ),
    (
        Denied::OobCodeOfAnotherSession,
        400,
        "invalid_request",
        "The oob_code doesn't match the mfa_token",
    ),
    (
        Denied::OobCodeExpired,
        403,
        "expired_token",
        "oob_code is expired",
    ),
    (
        Denied::NoRecoveryCode,
        403,
        "unsupported_challenge_type",
        "User does not have a recovery-code.",
    ),
    (
        Denied::TooManySends { retry_at: RETRY_AT },
        429,
        "too_many_attempts",
        "Too many SMS sent by the user. Wait for some minutes before retrying.",
    ),
    (
        Denied::TooManyFailures { retry_at: RETRY_AT },
        429,
        "too_many_attempts",
        "Too many failed codes. Wait for some minutes before retrying.",
    ),
    (
        Denied::TooManySessions { retry_at: RETRY_AT },
        429,
        "too_many_attempts",
        "Too many logins completed by the user. Wait for some minutes before retrying.",
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
];

#[test]
fn the_table_has_every_denial() {
    let mut names: Vec<_> = TABLE.iter().map(|(denied, ..)| denied.name()).collect();
    // Three scopes share a name.
    names.dedup();
    assert_eq!(names, Denied::NAMES);
}

#[test]
fn every_denial_is_its_row_of_the_table() {
    for (denied, status, error, description) in TABLE {
        let answer = ErrorAnswer::denied(&denied, RETRY_AT);
        let found = (answer.status(), answer.error(), answer.error_description());
        assert_eq!(found, (status, error, description));
        let body = format!(r#"{{"error":"{error}","error_description":"{description}"}}"#);
        assert_eq!(text(&answer), body);
        let names: Vec<_> = answer.headers().map(|(name, _)| name).collect();
        assert!(
            names.starts_with(&["Cache-Control", "Pragma"]),
            "{denied:?}"
        );
    }
}

#[test]
fn the_documentation_of_denied_has_the_status_and_error_of_every_denial() {
    let source = include_str!("../../src/wire/denied.rs");
    for (denied, status, error, _) in TABLE {
        let debug = format!("{denied:?}");
        let name = debug.split([' ', '(']).next().unwrap();
        let row = format!("    /// | {status} | `{error}` |");
        let mut rows = source.lines().filter(|line| line.starts_with(&row));
        let row = rows.next().unwrap_or_default();
        assert!(
            row.contains(&format!("`{name}`")),
            "{status} {error}: {name}"
        );
        assert_eq!(source.matches(&format!("`{name}`")).count(), 1, "{name}");
    }
}

#[test]
fn only_limits_and_a_clock_behind_have_retry_after_in_whole_seconds_rounded_up() {
    for (before, seconds) in [(HOUR, 3_600), (Duration::from_millis(359_001), 360)] {
        for (denied, status, ..) in TABLE {
            let expected = match status {
                429 => Some(seconds),
                503 => Some(5),
                _ => None,
            };
            let answer = ErrorAnswer::denied(&denied, RETRY_AT - before);
            assert_eq!(answer.retry_after(), expected, "{denied:?}");
            let expected = expected.map(|seconds: u64| seconds.to_string());
            assert_eq!(header(&answer, "Retry-After"), expected, "{denied:?}");
        }
    }
}

#[test]
fn a_401_asks_for_a_bearer_token_and_a_missing_scope_is_named() {
    for (denied, status, ..) in TABLE {
        let expected = match denied {
            Denied::InsufficientScope(scope) => Some(format!(
                "Bearer error=\"insufficient_scope\", scope=\"{}\"",
                scope.as_str()
            )),
            _ => (status == 401).then(|| "Bearer".to_owned()),
        };
        let answer = ErrorAnswer::denied(&denied, RETRY_AT);
        assert_eq!(header(&answer, "WWW-Authenticate"), expected, "{denied:?}");
    }
}

fn header(answer: &ErrorAnswer, name: &str) -> Option<String> {
    let mut headers = answer.headers();
    let (_, value) = headers.find(|(header, _)| *header == name)?;
    Some(value.into_owned())
}
