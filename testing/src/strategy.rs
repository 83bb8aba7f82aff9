//! Strategies for proptest.

mod account;
mod command;
mod request;

use std::time::Duration;

use oob_mfa::{Channel, Channels, PhoneNumber, Policy, RateLimit, RecoveryCodes};
use proptest::prelude::*;
use proptest::sample::select;

pub use self::account::accounts;
pub use self::command::{commands, monotone_commands};
pub use self::request::{associates, challenges, recovery_codes, verify_oobs};

const TEN_MINUTES: Duration = Duration::from_secs(10 * 60);
const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// Phone numbers: mostly one of 4, so that they repeat, sometimes any.
pub fn phones() -> impl Strategy<Value = PhoneNumber> {
    let known = select(&[
        14_155_550_100_u64,
        14_155_550_101,
        819_012_345_678,
        // The smallest.
        1_100_000,
    ]);
    let integers = prop_oneof![9 => known, 1 => 1_100_000_u64..=999_999_999_999_999];
    integers.prop_filter_map("a phone number", |digits| format!("+{digits}").parse().ok())
}

/// Policies: both presets, and numbers drawn within their bounds.
pub fn policies() -> impl Strategy<Value = Policy> {
    prop_oneof![
        Just(Policy::auth0()),
        Just(Policy::nist_800_63b4()),
        drawn_policies(),
    ]
}

fn drawn_policies() -> impl Strategy<Value = Policy> {
    let times = (
        millis(&[0, 1_000, 60_000, 300_000]),
        millis(&[1_000, 60_000, 300_000, 540_000, 600_000]),
        millis(&[1_000, 600_000, 3_600_000]),
    );
    let longest = millis(&[3_600_000, 86_400_000, 2_592_000_000]);
    let limits = (limits(), limits(), limits());
    let caps = (
        proptest::option::of(1_u32..8),
        proptest::option::of(1_u32..8),
    );
    let channels = select(&[Channels::SmsAndVoice, Channels::Sms, Channels::Voice]);
    let recovery_codes = select(&[
        RecoveryCodes::Issued,
        RecoveryCodes::Issued,
        RecoveryCodes::Off,
    ]);
    let rest = (6_usize..=8, channels, 1_usize..=10, recovery_codes);
    (times, longest, limits, caps, rest).prop_filter_map(
        "a policy within its bounds",
        |((skew, code, token), longest, limits, caps, rest)| {
            let (digits, channels, phones, recovery_codes) = rest;
            let policy = Policy::auth0()
                .with_code_digits(digits)
                .and_then(|policy| policy.with_skew(skew))
                // As long as the skew allows.
                .and_then(|policy| {
                    policy.with_code_lifetime(code.min(TEN_MINUTES.saturating_sub(skew)))
                })
                .and_then(|policy| policy.with_token_lifetime(token))
                .and_then(|policy| policy.with_longest_session(longest))
                .and_then(|policy| policy.with_attempts_per_challenge(caps.0))
                .and_then(|policy| policy.with_failure_cap(caps.1))
                .and_then(|policy| policy.with_max_phones(phones))
                .and_then(|policy| policy.with_binding_failures(limits.1))
                .and_then(|policy| policy.with_recovery_failures(limits.2));
            let policy = policy.ok()?.with_sends(limits.0);
            Some(
                policy
                    .with_channels(channels)
                    .with_recovery_codes(recovery_codes),
            )
        },
    )
}

fn millis(of: &'static [u64]) -> impl Strategy<Value = Duration> {
    select(of).prop_map(Duration::from_millis)
}

fn limits() -> impl Strategy<Value = RateLimit> {
    let bursts = prop_oneof![3 => 1_u32..5, 1 => 5_u32..40];
    (
        bursts,
        millis(&[1, 1_000, 60_000, 360_000, 3_600_000, 86_400_000]),
    )
        .prop_filter_map("a rate limit", |(burst, period)| {
            RateLimit::new(burst, period).ok()
        })
}

/// Steps of the clock, forwards: the edges of lifetimes and periods, 1 ms before and after.
pub fn forward_steps() -> impl Strategy<Value = i64> {
    let edges = select(&[MINUTE, 5 * MINUTE, 6 * MINUTE, 10 * MINUTE, HOUR, DAY, YEAR]);
    let edges = (edges, -1_i64..=1).prop_map(|(edge, off)| edge + off);
    prop_oneof![3 => 0_i64..3, 3 => 0..MINUTE, 4 => edges, 1 => 0..2 * HOUR]
}

/// Steps of the clock, backwards.
pub fn backward_steps() -> impl Strategy<Value = i64> {
    forward_steps().prop_map(i64::saturating_neg)
}

/// Steps of the clock in either direction. Backward steps are mostly as small as the skew of a
/// fleet.
pub fn steps() -> impl Strategy<Value = i64> {
    prop_oneof![6 => forward_steps(), 1 => -2 * MINUTE..0, 1 => backward_steps()]
}

/// Channels, each equally often.
pub fn channels() -> impl Strategy<Value = Channel> {
    select(&[Channel::Sms, Channel::Voice])
}
