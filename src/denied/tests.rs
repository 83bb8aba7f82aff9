use alloc::string::ToString;
use core::time::Duration;

use time::UtcDateTime;

use super::Denied;
use crate::session::Scope;

const RETRY_AT: UtcDateTime = UtcDateTime::UNIX_EPOCH;

fn at_nanos(nanos: i128) -> UtcDateTime {
    UtcDateTime::from_unix_timestamp_nanos(nanos).unwrap()
}

/// Every denial with the text that the API gives it.
fn table() -> [(Denied, &'static str); 28] {
    let invalid_token = "The mfa_token provided is invalid. Try getting a new token.";
    [
        (Denied::TokenMalformed, "Malformed mfa_token"),
        (Denied::TokenInvalid, invalid_token),
        (Denied::TokenExpired, "mfa_token is expired"),
        (
            Denied::TokenOfAnotherClient,
            "mfa_token not issued to this client",
        ),
        (Denied::SessionSpent, invalid_token),
        (Denied::SessionRevoked, invalid_token),
        (Denied::SessionTooLong, invalid_token),
        (
            Denied::InsufficientScope(Scope::Enroll),
            "Insufficient scope, expected: enroll",
        ),
        (
            Denied::InsufficientScope(Scope::ReadAuthenticators),
            "Insufficient scope, expected: read:authenticators",
        ),
        (
            Denied::InsufficientScope(Scope::RemoveAuthenticators),
            "Insufficient scope, expected: remove:authenticators",
        ),
        (
            Denied::SubjectMismatch,
            "The session and the account are of different subjects.",
        ),
        (
            Denied::ParameterTooLong { parameter: "scope" },
            "scope is too long",
        ),
        (Denied::AlreadyEnrolled, "User is already enrolled."),
        (
            Denied::PhoneAlreadyEnrolled,
            "The phone number is already enrolled.",
        ),
        (
            Denied::TooManyPhones,
            "The user has too many phones. Remove one first.",
        ),
        (Denied::ChannelUnavailable, "The channel is not enabled."),
        (
            Denied::NotEnrolled,
            "User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator.",
        ),
        (
            Denied::InvalidAuthenticator,
            "The authenticator cannot be challenged.",
        ),
        (
            Denied::UnknownAuthenticator,
            "The authenticator does not exist.",
        ),
        (Denied::OobCodeUnknown, "Malformed oob_code"),
        (
            Denied::OobCodeOfAnotherSession,
            "The oob_code doesn't match the mfa_token",
        ),
        (Denied::OobCodeExpired, "oob_code is expired"),
        (
            Denied::NoRecoveryCode,
            "User does not have a recovery-code.",
        ),
        (
            Denied::TooManySends { retry_at: RETRY_AT },
            "Too many SMS sent by the user. Wait for some minutes before retrying.",
        ),
        (
            Denied::TooManyFailures { retry_at: RETRY_AT },
            "Too many failed codes. Wait for some minutes before retrying.",
        ),
        (
            Denied::TooManySessions { retry_at: RETRY_AT },
            "Too many logins completed by the user. Wait for some minutes before retrying.",
        ),
        (Denied::InvalidBindingCode, "Invalid binding_code."),
        (Denied::InvalidRecoveryCode, "MFA Authorization rejected."),
    ]
}

#[test]
fn each_denial_says_what_the_api_says() {
    for (denied, text) in table() {
        assert_eq!(denied.to_string(), text, "{denied:?}");
    }
}

#[test]
fn only_a_judged_code_is_rejected() {
    for (denied, _) in table() {
        let judged = matches!(
            denied,
            Denied::InvalidBindingCode | Denied::InvalidRecoveryCode
        );
        assert_eq!(denied.is_rejected(), judged, "{denied:?}");
    }
}

#[test]
fn only_a_limit_says_when_to_come_back() {
    for (denied, text) in table() {
        let limit = text.starts_with("Too many");
        assert_eq!(denied.retry_at(), limit.then_some(RETRY_AT), "{denied:?}");
        let wait = limit.then_some(Duration::ZERO);
        assert_eq!(
            denied.retry_after(UtcDateTime::UNIX_EPOCH),
            wait,
            "{denied:?}"
        );
    }
}

#[test]
fn the_wait_is_rounded_up_to_whole_seconds() {
    const NOW: i128 = 1_800_000_000_000_000_000;
    let wait = |nanos| {
        let denied = Denied::TooManyFailures {
            retry_at: at_nanos(NOW + nanos),
        };
        denied.retry_after(at_nanos(NOW)).unwrap()
    };
    for (nanos, seconds) in [
        (0, 0),
        (1, 1),
        (1_000_000, 1),
        (999_999_999, 1),
        (1_000_000_000, 1),
        (1_000_000_001, 2),
        (1_001_000_000, 2),
        (360_000_000_000, 360),
        (360_001_000_000, 361),
        (-1, 0),
        (-3_600_000_000_000, 0),
    ] {
        assert_eq!(wait(nanos), Duration::from_secs(seconds), "{nanos}");
    }
}

#[test]
fn the_longest_wait_that_the_calendar_holds_is_told() {
    let denied = Denied::TooManySends {
        retry_at: UtcDateTime::MAX,
    };
    let wait = denied.retry_after(UtcDateTime::MIN).unwrap();
    let nanos = (UtcDateTime::MAX - UtcDateTime::MIN).whole_nanoseconds();
    let seconds = u64::try_from(nanos / 1_000_000_000).unwrap() + 1;
    assert_eq!(wait, Duration::from_secs(seconds));
}
