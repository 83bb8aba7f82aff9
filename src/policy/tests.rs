use alloc::string::ToString;
use core::time::Duration;

use super::{InvalidPolicy, Policy, RecoveryCodes};
use crate::budget::{Limit, RateLimit};
use crate::channel::{Channel, Channels};
use crate::engine::Engine;
use crate::key::{Key, KeyRing};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MILLISECOND: Duration = Duration::from_millis(1);

fn rate(burst: u32, period: Duration) -> RateLimit {
    RateLimit::new(burst, period).unwrap()
}

#[test]
fn the_default_has_the_numbers_of_the_api() {
    let policy = Policy::default();
    assert_eq!(policy, Policy::auth0());
    assert_eq!(policy.code_digits(), 6);
    assert_eq!(policy.code_lifetime(), 5 * MINUTE);
    assert_eq!(policy.token_lifetime(), 10 * MINUTE);
    assert_eq!(policy.longest_session(), DAY);
    assert_eq!(policy.skew(), MINUTE);
    assert_eq!(policy.rate(Limit::Sends), rate(10, HOUR));
    assert_eq!(policy.rate(Limit::BindingFailures), rate(10, 6 * MINUTE));
    assert_eq!(policy.rate(Limit::RecoveryFailures), rate(10, 6 * MINUTE));
    assert_eq!(policy.attempts_per_challenge(), None);
    assert_eq!(policy.failure_cap(), None);
    assert_eq!(policy.channels(), Channels::SmsAndVoice);
    assert_eq!(policy.max_phones(), 10);
    assert_eq!(policy.recovery_codes(), RecoveryCodes::Issued);
    assert!(!policy.is_restricted(Channel::Sms));
    assert!(!policy.is_restricted(Channel::Voice));
}

#[test]
fn the_preset_of_nist_switches_on_two_caps_and_the_report_and_nothing_else() {
    let policy = Policy::nist_800_63b4();
    assert_eq!(policy.attempts_per_challenge(), Some(5));
    assert_eq!(policy.failure_cap(), Some(100));
    assert!(policy.is_restricted(Channel::Sms));
    assert!(policy.is_restricted(Channel::Voice));
    let without = Policy {
        reports_restricted: false,
        ..policy
    };
    let without = without.with_attempts_per_challenge(None).unwrap();
    assert_eq!(without.with_failure_cap(None), Ok(Policy::auth0()));
}

#[test]
fn an_engine_returns_its_policy() {
    let keys = || KeyRing::new(Key::new(1, &[7; 32]));
    for policy in [Policy::auth0(), Policy::nist_800_63b4()] {
        assert_eq!(*Engine::new(policy.clone(), keys()).policy(), policy);
    }
}

#[test]
fn a_code_has_six_to_eight_digits() {
    for digits in 6..=8 {
        assert_eq!(
            Policy::auth0()
                .with_code_digits(digits)
                .unwrap()
                .code_digits(),
            digits
        );
    }
    for digits in [0, 5, 9, usize::MAX] {
        let refused = Policy::auth0().with_code_digits(digits);
        assert_eq!(refused, Err(InvalidPolicy::CodeDigits));
    }
}

#[test]
fn a_code_lives_one_second_to_ten_minutes_less_the_skew() {
    for lifetime in [SECOND, SECOND + MILLISECOND, 9 * MINUTE] {
        let policy = Policy::auth0().with_code_lifetime(lifetime).unwrap();
        assert_eq!(policy.code_lifetime(), lifetime);
    }
    for lifetime in [
        Duration::ZERO,
        Duration::from_millis(999),
        9 * MINUTE + MILLISECOND,
        10 * MINUTE,
        SECOND + Duration::from_nanos(1),
        9 * MINUTE + Duration::from_nanos(1),
        Duration::MAX,
    ] {
        let refused = Policy::auth0().with_code_lifetime(lifetime);
        assert_eq!(refused, Err(InvalidPolicy::CodeLifetime), "{lifetime:?}");
    }
    let no_skew = Policy::auth0().with_skew(Duration::ZERO).unwrap();
    let longest = no_skew.clone().with_code_lifetime(10 * MINUTE).unwrap();
    assert_eq!(longest.code_lifetime(), 10 * MINUTE);
    for beyond in [MILLISECOND, Duration::from_nanos(1)] {
        let refused = no_skew.clone().with_code_lifetime(10 * MINUTE + beyond);
        assert_eq!(refused, Err(InvalidPolicy::CodeLifetime), "{beyond:?}");
    }
}

#[test]
fn the_skew_is_0_to_ten_minutes_less_the_code_lifetime() {
    for skew in [Duration::ZERO, MILLISECOND, MINUTE, 5 * MINUTE] {
        let policy = Policy::auth0().with_skew(skew).unwrap();
        assert_eq!(policy.skew(), skew);
    }
    for skew in [
        Duration::from_nanos(1),
        MINUTE + Duration::from_nanos(1),
        5 * MINUTE + MILLISECOND,
        10 * MINUTE,
        Duration::MAX,
    ] {
        let refused = Policy::auth0().with_skew(skew);
        assert_eq!(refused, Err(InvalidPolicy::Skew), "{skew:?}");
    }
    let shortest = Policy::auth0().with_code_lifetime(SECOND).unwrap();
    let widest = 9 * MINUTE + 59 * SECOND;
    assert_eq!(shortest.clone().with_skew(widest).unwrap().skew(), widest);
    let refused = shortest.with_skew(widest + MILLISECOND);
    assert_eq!(refused, Err(InvalidPolicy::Skew));
}

#[test]
fn skew_and_code_lifetime_are_ten_minutes_at_most_in_either_order_of_setters() {
    for skew in [Duration::ZERO, MILLISECOND, MINUTE, 4 * MINUTE, 5 * MINUTE] {
        let lifetime = (10 * MINUTE).checked_sub(skew).unwrap();
        let (skewed, lived) = (
            Policy::auth0().with_skew(skew).unwrap(),
            Policy::auth0()
                .with_skew(Duration::ZERO)
                .and_then(|policy| policy.with_code_lifetime(lifetime))
                .unwrap(),
        );
        let one = skewed.clone().with_code_lifetime(lifetime).unwrap();
        let other = lived.clone().with_skew(skew).unwrap();
        assert_eq!(one, other);
        // The second setter refuses.
        let refused = skewed.with_code_lifetime(lifetime + MILLISECOND);
        assert_eq!(refused, Err(InvalidPolicy::CodeLifetime), "{skew:?}");
        let refused = lived.with_skew(skew + MILLISECOND);
        assert_eq!(refused, Err(InvalidPolicy::Skew), "{skew:?}");
    }
}

#[test]
fn a_token_lives_one_second_to_an_hour_and_no_longer_than_the_longest_session() {
    for lifetime in [SECOND, HOUR] {
        let policy = Policy::auth0().with_token_lifetime(lifetime).unwrap();
        assert_eq!(policy.token_lifetime(), lifetime);
    }
    for lifetime in [
        Duration::from_millis(999),
        HOUR + MILLISECOND,
        SECOND + Duration::from_nanos(1),
    ] {
        let refused = Policy::auth0().with_token_lifetime(lifetime);
        assert_eq!(refused, Err(InvalidPolicy::TokenLifetime), "{lifetime:?}");
    }
    let short = Policy::auth0().with_longest_session(20 * MINUTE).unwrap();
    assert!(short.clone().with_token_lifetime(20 * MINUTE).is_ok());
    let refused = short.with_token_lifetime(20 * MINUTE + MILLISECOND);
    assert_eq!(refused, Err(InvalidPolicy::TokenLifetime));
}

#[test]
fn the_longest_session_is_a_tokens_lifetime_to_30_days() {
    for lifetime in [10 * MINUTE, 30 * DAY] {
        let policy = Policy::auth0().with_longest_session(lifetime).unwrap();
        assert_eq!(policy.longest_session(), lifetime);
    }
    for lifetime in [
        Duration::from_millis(599_999),
        30 * DAY + MILLISECOND,
        Duration::MAX,
    ] {
        let refused = Policy::auth0().with_longest_session(lifetime);
        assert_eq!(refused, Err(InvalidPolicy::LongestSession), "{lifetime:?}");
    }
}

#[test]
fn the_caps_are_1_to_100_or_none() {
    for cap in [None, Some(1), Some(100)] {
        let attempts = Policy::auth0().with_attempts_per_challenge(cap).unwrap();
        assert_eq!(attempts.attempts_per_challenge(), cap);
        assert_eq!(
            Policy::auth0().with_failure_cap(cap).unwrap().failure_cap(),
            cap
        );
    }
    for cap in [Some(0), Some(101), Some(u32::MAX)] {
        let attempts = Policy::auth0().with_attempts_per_challenge(cap);
        assert_eq!(attempts, Err(InvalidPolicy::AttemptsPerChallenge));
        assert_eq!(
            Policy::auth0().with_failure_cap(cap),
            Err(InvalidPolicy::FailureCap)
        );
    }
}

#[test]
fn an_account_holds_1_to_10_phones() {
    for phones in [1, 10] {
        assert_eq!(
            Policy::auth0()
                .with_max_phones(phones)
                .unwrap()
                .max_phones(),
            phones
        );
    }
    for phones in [0, 11, usize::MAX] {
        assert_eq!(
            Policy::auth0().with_max_phones(phones),
            Err(InvalidPolicy::MaxPhones)
        );
    }
}

#[test]
fn the_other_setters_take_what_they_are_given() {
    let policy = Policy::auth0()
        .with_sends(rate(1, DAY))
        .with_binding_failures(rate(2, DAY))
        .and_then(|policy| policy.with_recovery_failures(rate(3, DAY)))
        .unwrap()
        .with_channels(Channels::Voice)
        .with_recovery_codes(RecoveryCodes::Off);
    assert_eq!(policy.rate(Limit::Sends), rate(1, DAY));
    assert_eq!(policy.rate(Limit::BindingFailures), rate(2, DAY));
    assert_eq!(policy.rate(Limit::RecoveryFailures), rate(3, DAY));
    assert_eq!(policy.channels(), Channels::Voice);
    assert_eq!(policy.recovery_codes(), RecoveryCodes::Off);
}

#[test]
fn wrong_codes_are_limited_to_100_at_once_and_one_a_second() {
    let policy = Policy::auth0();
    let (second, less) = (Duration::from_secs(1), Duration::from_millis(999));
    assert!(
        policy
            .clone()
            .with_binding_failures(rate(100, second))
            .is_ok()
    );
    assert!(
        policy
            .clone()
            .with_recovery_failures(rate(100, second))
            .is_ok()
    );
    for limit in [rate(101, second), rate(1, less)] {
        assert_eq!(
            policy.clone().with_binding_failures(limit),
            Err(InvalidPolicy::BindingFailures)
        );
        assert_eq!(
            policy.clone().with_recovery_failures(limit),
            Err(InvalidPolicy::RecoveryFailures)
        );
    }
}

#[test]
fn a_refused_number_is_named() {
    for (refused, text) in [
        (InvalidPolicy::CodeDigits, "code_digits must be 6 to 8"),
        (
            InvalidPolicy::CodeLifetime,
            "code_lifetime must be 1 second to 10 minutes minus the skew, in whole milliseconds",
        ),
        (
            InvalidPolicy::Skew,
            "skew must be at most 10 minutes minus the code_lifetime, in whole milliseconds",
        ),
        (
            InvalidPolicy::TokenLifetime,
            "token_lifetime must be 1 second to 1 hour, at most longest_session, in whole milliseconds",
        ),
        (
            InvalidPolicy::LongestSession,
            "longest_session must be token_lifetime to 30 days, in whole milliseconds",
        ),
        (
            InvalidPolicy::AttemptsPerChallenge,
            "attempts_per_challenge must be 1 to 100",
        ),
        (InvalidPolicy::FailureCap, "failure_cap must be 1 to 100"),
        (
            InvalidPolicy::BindingFailures,
            "binding_failures must have a burst of at most 100 and a period of at least 1 second",
        ),
        (
            InvalidPolicy::RecoveryFailures,
            "recovery_failures must have a burst of at most 100 and a period of at least 1 second",
        ),
        (InvalidPolicy::MaxPhones, "max_phones must be 1 to 10"),
    ] {
        assert_eq!(refused.to_string(), text);
    }
}
