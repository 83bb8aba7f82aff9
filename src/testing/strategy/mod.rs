//! What proptest draws at random.

use alloc::string::String;
use alloc::vec::Vec;
use core::iter::repeat_n;
use core::time::Duration;

use proptest::collection::{SizeRange, vec};
use proptest::prelude::*;
use proptest::sample::select;

use super::command::{Authenticator, Command, Guess, RecoveryGuess, Vouch};
use crate::authenticator::{Channel, Channels};
use crate::budget::RateLimit;
use crate::phone::PhoneNumber;
use crate::policy::{Policy, RecoveryCodes};
use crate::session::Assurance;

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const YEAR: i64 = 365 * DAY;

/// Phone numbers: mostly of a pool of four, so that they meet again, sometimes any.
pub fn phones() -> impl Strategy<Value = PhoneNumber> {
    let known = select(&[
        14_155_550_100_u64,
        14_155_550_101,
        819_012_345_678,
        1_000_000,
    ]);
    let integers = prop_oneof![9 => known, 1 => 1_000_000_u64..=999_999_999_999_999];
    integers.prop_filter_map("a phone number", PhoneNumber::from_integer)
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
        millis(&[1_000, 60_000, 300_000, 600_000]),
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
        |((code, token), longest, limits, caps, rest)| {
            let (digits, channels, phones, recovery_codes) = rest;
            let policy = Policy::auth0()
                .with_code_digits(digits)
                .and_then(|policy| policy.with_code_lifetime(code))
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

/// Steps of the clock, forwards: the edges of lifetimes and periods, a millisecond before and after.
pub fn forward_steps() -> impl Strategy<Value = i64> {
    let edges = select(&[MINUTE, 5 * MINUTE, 6 * MINUTE, 10 * MINUTE, HOUR, DAY, YEAR]);
    let edges = (edges, -1_i64..=1).prop_map(|(edge, off)| edge.saturating_add(off));
    prop_oneof![3 => 0_i64..3, 3 => 0..MINUTE, 4 => edges, 1 => 0..2 * HOUR]
}

/// Steps of the clock, backwards.
pub fn backward_steps() -> impl Strategy<Value = i64> {
    forward_steps().prop_map(i64::saturating_neg)
}

/// Steps of the clock, in either direction.
pub fn steps() -> impl Strategy<Value = i64> {
    prop_oneof![3 => forward_steps(), 1 => backward_steps()]
}

/// Sequences of commands, the clock running either way; `len` counts the scenes that they are made
/// of, most of which are one command long.
pub fn commands(len: impl Into<SizeRange>) -> impl Strategy<Value = Vec<Command>> {
    sequence(steps().boxed(), len)
}

/// As [`commands`], with a clock that never runs backwards.
pub fn monotone_commands(len: impl Into<SizeRange>) -> impl Strategy<Value = Vec<Command>> {
    sequence(forward_steps().boxed(), len)
}

fn sequence(
    steps: BoxedStrategy<i64>,
    len: impl Into<SizeRange>,
) -> impl Strategy<Value = Vec<Command>> {
    let stepped = steps.prop_map(|millis| Command::Step { millis }).boxed();
    let single =
        prop_oneof![3 => stepped.clone(), 5 => by_user(), 4 => answers(), 1 => by_administrator()];
    let scenes = prop_oneof![
        14 => single.prop_map(|command| Vec::from([command])),
        3 => enrollment(stepped.clone()),
        3 => login(stepped),
        2 => burst(answers()),
        2 => burst(by_user()),
    ];
    vec(scenes, len).prop_map(|scenes| scenes.into_iter().flatten().collect())
}

/// The latest most of the time, one of the few before now and then, any at times.
fn recent() -> impl Strategy<Value = usize> {
    prop_oneof![6 => Just(0_usize), 3 => 1_usize..4, 1 => 0_usize..40]
}

fn channels() -> impl Strategy<Value = Channel> {
    select(&[Channel::Sms, Channel::Voice])
}

fn authenticators() -> impl Strategy<Value = Authenticator> {
    prop_oneof![
        8 => (channels(), recent()).prop_map(|(channel, device)| Authenticator::Phone(channel, device)),
        1 => Just(Authenticator::RecoveryCode),
        1 => Just(Authenticator::Unknown),
    ]
}

fn sessions() -> impl Strategy<Value = Command> {
    prop_oneof![3 => Just(Command::Begin), 2 => vouched().prop_map(Command::Vouch)]
}

fn vouched() -> impl Strategy<Value = Vouch> {
    let assurance = select(&[
        Assurance::Mfa,
        Assurance::Mfa,
        Assurance::Mfa,
        Assurance::FirstFactor,
    ]);
    let scope = select(&[
        "enroll read:authenticators remove:authenticators",
        "enroll read:authenticators remove:authenticators",
        "openid enroll",
        "read:authenticators",
        "remove:authenticators",
        "enrollment remove:authenticator",
        "",
    ]);
    let age = prop_oneof![3 => Just(0_i64), 1 => 0..10 * MINUTE];
    let lifetime = prop_oneof![
        3 => select(&[10 * MINUTE, HOUR, DAY]),
        1 => select(&[0, 1, DAY + 1, 30 * DAY]),
    ];
    let stranger = prop::bool::weighted(0.05);
    (assurance, scope, age, lifetime, stranger).prop_map(
        |(assurance, scope, age, lifetime, stranger)| Vouch {
            assurance,
            scope: scope.into(),
            age,
            lifetime,
            stranger,
        },
    )
}

fn associations() -> impl Strategy<Value = Command> {
    (recent(), phones(), channels()).prop_map(|(session, phone, channel)| Command::Associate {
        session,
        phone,
        channel,
    })
}

fn challenges() -> impl Strategy<Value = Command> {
    (recent(), proptest::option::of(authenticators())).prop_map(|(session, authenticator)| {
        Command::Challenge {
            session,
            authenticator,
        }
    })
}

fn by_user() -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => sessions(),
        3 => associations(),
        4 => challenges(),
        1 => recent().prop_map(|session| Command::List { session }),
        1 => recent().prop_map(|session| Command::Regenerate { session }),
        1 => (recent(), authenticators())
            .prop_map(|(session, authenticator)| Command::Remove { session, authenticator }),
    ]
}

fn malformed() -> impl Strategy<Value = String> {
    prop_oneof![
        select(&[
            "",
            "0",
            "12345",
            "123456789",
            "１２３４５６",
            "12345a",
            " 123456",
            "123 456"
        ])
        .prop_map(String::from),
        any::<String>().prop_filter("no digits", |text| !text
            .bytes()
            .all(|byte| byte.is_ascii_digit())),
    ]
}

fn guesses() -> impl Strategy<Value = Guess> {
    prop_oneof![
        4 => Just(Guess::Right),
        4 => Just(Guess::Wrong),
        1 => recent().prop_map(Guess::OfAnother),
        1 => malformed().prop_map(Guess::Malformed),
    ]
}

fn recovery_guesses() -> impl Strategy<Value = RecoveryGuess> {
    prop_oneof![
        4 => recent().prop_map(RecoveryGuess::Shown),
        1 => recent().prop_map(RecoveryGuess::Retyped),
        3 => Just(RecoveryGuess::Wrong),
        1 => malformed().prop_map(RecoveryGuess::Malformed),
    ]
}

fn answers() -> impl Strategy<Value = Command> {
    let presenters = prop_oneof![5 => Just(None), 1 => recent().prop_map(Some)];
    let codes = prop_oneof![19 => recent().prop_map(Some), 1 => Just(None)];
    let oob =
        (presenters, codes, guesses()).prop_map(|(session, code, guess)| Command::VerifyOob {
            session,
            code,
            guess,
        });
    let recovery = (recent(), recovery_guesses())
        .prop_map(|(session, guess)| Command::VerifyRecoveryCode { session, guess });
    prop_oneof![3 => oob, 1 => recovery]
}

fn by_administrator() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => Just(Command::Reset),
        3 => (phones(), channels())
            .prop_map(|(phone, channel)| Command::ImportPhone { phone, channel }),
        1 => recent().prop_map(|device| Command::RemovePhone { device }),
        1 => Just(Command::RestoreBudgets),
    ]
}

/// A session, its phone, a moment, and an answer that is mostly right.
fn enrollment(stepped: BoxedStrategy<Command>) -> impl Strategy<Value = Vec<Command>> {
    (sessions(), phones(), channels(), scene_end(stepped)).prop_map(
        |(begin, phone, channel, end)| {
            let mut scene = Vec::from([
                begin,
                Command::Associate {
                    session: 0,
                    phone,
                    channel,
                },
            ]);
            scene.extend(end);
            scene
        },
    )
}

/// A session, a challenge, a moment, and an answer that is mostly right.
fn login(stepped: BoxedStrategy<Command>) -> impl Strategy<Value = Vec<Command>> {
    let authenticators = prop_oneof![3 => Just(None), 1 => authenticators().prop_map(Some)];
    (sessions(), authenticators, scene_end(stepped)).prop_map(|(begin, authenticator, end)| {
        let mut scene = Vec::from([
            begin,
            Command::Challenge {
                session: 0,
                authenticator,
            },
        ]);
        scene.extend(end);
        scene
    })
}

fn scene_end(stepped: BoxedStrategy<Command>) -> impl Strategy<Value = Vec<Command>> {
    let moment = prop_oneof![2 => Just(None), 1 => stepped.prop_map(Some)];
    let guess = prop_oneof![3 => Just(Guess::Right), 1 => guesses()];
    (moment, guess).prop_map(|(moment, guess)| {
        let answer = Command::VerifyOob {
            session: None,
            code: Some(0),
            guess,
        };
        moment.into_iter().chain([answer]).collect()
    })
}

/// The same again and again, as those do who try to use up a budget.
fn burst(commands: impl Strategy<Value = Command>) -> impl Strategy<Value = Vec<Command>> {
    (commands, 2_usize..20).prop_map(|(command, times)| repeat_n(command, times).collect())
}
