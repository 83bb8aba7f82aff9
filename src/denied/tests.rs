use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use time::UtcDateTime;

use super::{Denied, DeniedKind};
use crate::scope::Scope;

const RETRY_AT: UtcDateTime = UtcDateTime::UNIX_EPOCH;

fn at_nanos(nanos: i128) -> UtcDateTime {
    UtcDateTime::from_unix_timestamp_nanos(nanos).unwrap()
}

/// Every denial with its kind, in the order of the variants.
fn table() -> [(Denied, DeniedKind); 33] {
    use DeniedKind::{CallerBug, Refused, Rejected, UntrustedInput};
    let retry_at = RETRY_AT;
    let parameter = "scope";
    [
        (Denied::TokenMalformed, UntrustedInput),
        (Denied::TokenInvalid, UntrustedInput),
        (Denied::TokenExpired, Refused),
        (Denied::TokenOfAnotherClient, UntrustedInput),
        (Denied::SessionSpent, Refused),
        (Denied::SessionRevoked, Refused),
        (Denied::SessionNotYetValid, Refused),
        (Denied::SessionTooLong, Refused),
        (Denied::FirstFactorRequired, Refused),
        (Denied::InsufficientScope(Scope::Enroll), Refused),
        (
            Denied::InsufficientScope(Scope::ReadAuthenticators),
            Refused,
        ),
        (
            Denied::InsufficientScope(Scope::RemoveAuthenticators),
            Refused,
        ),
        (Denied::SubjectMismatch, CallerBug),
        (Denied::ClockBehind, CallerBug),
        (Denied::ClockNotAhead, Refused),
        (Denied::ParameterTooLong { parameter }, UntrustedInput),
        (Denied::AlreadyEnrolled, Refused),
        (Denied::PhoneAlreadyEnrolled, Refused),
        (Denied::TooManyPhones, Refused),
        (Denied::ChannelUnavailable, Refused),
        (Denied::ChannelMismatch, Refused),
        (Denied::NotEnrolled, Refused),
        (Denied::InvalidAuthenticator, Refused),
        (Denied::UnknownAuthenticator, Refused),
        (Denied::OobCodeUnknown, Refused),
        (Denied::OobCodeOfAnotherSession, Refused),
        (Denied::OobCodeExpired, Refused),
        (Denied::NoRecoveryCode, Refused),
        (Denied::TooManySends { retry_at }, Refused),
        (Denied::TooManyFailures { retry_at }, Refused),
        (Denied::TooManySessions { retry_at }, Refused),
        (Denied::InvalidBindingCode, Rejected),
        (Denied::InvalidRecoveryCode, Rejected),
    ]
}

/// The variant of a denial as Rust names it, in `snake_case`.
fn variant(denied: Denied) -> String {
    let shown = format!("{denied:?}");
    let mut name = String::new();
    for c in shown.chars().take_while(char::is_ascii_alphanumeric) {
        if c.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(c.to_ascii_lowercase());
    }
    name
}

#[test]
fn the_name_of_a_denial_is_its_variant_and_each_variant_has_one() {
    let mut names = Vec::new();
    for (denied, _) in table() {
        assert_eq!(denied.name(), variant(denied));
        names.push(denied.name());
    }
    // Three scopes share a name.
    names.dedup();
    assert_eq!(names, Denied::NAMES);
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), names.len());
}

#[test]
fn each_denial_has_its_own_text_for_developers() {
    let mut texts: Vec<String> = Vec::new();
    for (denied, _) in table() {
        let text = denied.to_string();
        assert!(!text.is_empty(), "{denied:?}");
        assert!(!texts.contains(&text), "{denied:?}: {text}");
        texts.push(text);
    }
    for scope in ["enroll", "read:authenticators", "remove:authenticators"] {
        assert!(texts.contains(&format!(
            "the session is not an MFA session with the scope {scope}: present one that has it"
        )));
    }
    let parameter = "audience";
    let too_long = Denied::ParameterTooLong { parameter };
    assert_eq!(
        too_long.to_string(),
        "audience is too long: at most 255 bytes for client_id, 1,024 for scope and audience"
    );
    let retry_at = time::UtcDateTime::UNIX_EPOCH;
    assert_eq!(
        Denied::TooManyFailures { retry_at }.to_string(),
        "the failure budget is empty: wait until 1970-01-01 0:00:00.0 +00"
    );
}

#[test]
fn each_denial_is_of_one_kind_and_only_a_judged_code_is_rejected() {
    for (denied, kind) in table() {
        assert_eq!(denied.kind(), kind, "{denied:?}");
        let judged = matches!(
            denied,
            Denied::InvalidBindingCode | Denied::InvalidRecoveryCode
        );
        assert_eq!(kind == DeniedKind::Rejected, judged, "{denied:?}");
    }
}

#[test]
fn only_a_limit_has_a_retry_time() {
    for (denied, _) in table() {
        let limit = matches!(
            denied,
            Denied::TooManySends { .. }
                | Denied::TooManyFailures { .. }
                | Denied::TooManySessions { .. }
        );
        assert_eq!(denied.retry_at(), limit.then_some(RETRY_AT), "{denied:?}");
        if denied != Denied::ClockBehind {
            let wait = limit.then_some(Duration::ZERO);
            assert_eq!(
                denied.retry_after(UtcDateTime::UNIX_EPOCH),
                wait,
                "{denied:?}"
            );
        }
    }
}

#[test]
fn the_wait_after_clock_behind_is_five_seconds_at_any_time() {
    for now in [UtcDateTime::MIN, UtcDateTime::UNIX_EPOCH, UtcDateTime::MAX] {
        let wait = Denied::ClockBehind.retry_after(now);
        assert_eq!(wait, Some(Duration::from_secs(5)), "{now}");
    }
    assert_eq!(Denied::ClockBehind.retry_at(), None);
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
fn the_longest_wait_that_the_calendar_holds_is_returned() {
    let denied = Denied::TooManySends {
        retry_at: UtcDateTime::MAX,
    };
    let wait = denied.retry_after(UtcDateTime::MIN).unwrap();
    let nanos = (UtcDateTime::MAX - UtcDateTime::MIN).whole_nanoseconds();
    let seconds = u64::try_from(nanos / 1_000_000_000).unwrap() + 1;
    assert_eq!(wait, Duration::from_secs(seconds));
}
