use alloc::format;
use alloc::string::{String, ToString};
use core::time::Duration;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use time::UtcDateTime;

use super::bound::power;
use super::{InvalidPolicy, Policy, RecoveryCodes};
use crate::account::Account;
use crate::authenticator::{Channel, Channels};
use crate::budget::RateLimit;
use crate::code::BindingCode;
use crate::denied::Denied;
use crate::engine::{Challenge, Engine, VerifyOob};
use crate::key::{Key, KeyRing};
use crate::session::MfaSession;
use crate::transition::Transition;

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const START: UtcDateTime = UtcDateTime::UNIX_EPOCH;
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
    assert_eq!(policy.sends(), rate(10, HOUR));
    assert_eq!(policy.binding_failures(), rate(10, 6 * MINUTE));
    assert_eq!(policy.recovery_failures(), rate(10, 6 * MINUTE));
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
        restricted: super::Restricted::No,
        ..policy
    };
    let without = without.with_attempts_per_challenge(None).unwrap();
    assert_eq!(without.with_failure_cap(None), Ok(Policy::auth0()));
}

#[test]
fn an_engine_shows_the_numbers_that_it_decides_by() {
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
fn a_code_lives_one_second_to_ten_minutes() {
    for lifetime in [SECOND, SECOND + MILLISECOND, 10 * MINUTE] {
        let policy = Policy::auth0().with_code_lifetime(lifetime).unwrap();
        assert_eq!(policy.code_lifetime(), lifetime);
    }
    for lifetime in [
        Duration::ZERO,
        Duration::from_millis(999),
        10 * MINUTE + MILLISECOND,
        SECOND + Duration::from_nanos(1),
        10 * MINUTE + Duration::from_nanos(1),
        Duration::MAX,
    ] {
        let refused = Policy::auth0().with_code_lifetime(lifetime);
        assert_eq!(refused, Err(InvalidPolicy::CodeLifetime), "{lifetime:?}");
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
    assert_eq!(policy.sends(), rate(1, DAY));
    assert_eq!(policy.binding_failures(), rate(2, DAY));
    assert_eq!(policy.recovery_failures(), rate(3, DAY));
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
        let refused = Err(InvalidPolicy::Failures);
        assert_eq!(policy.clone().with_binding_failures(limit), refused);
        assert_eq!(policy.clone().with_recovery_failures(limit), refused);
    }
}

#[test]
fn a_refused_number_is_named() {
    for (refused, text) in [
        (
            InvalidPolicy::CodeDigits,
            "a binding code has 6 to 8 digits",
        ),
        (
            InvalidPolicy::CodeLifetime,
            "a binding code lives 1 second to 10 minutes",
        ),
        (
            InvalidPolicy::TokenLifetime,
            "an mfa_token lives 1 second to 1 hour, and no longer than the longest session",
        ),
        (
            InvalidPolicy::LongestSession,
            "the longest session is no shorter than an mfa_token and no longer than 30 days",
        ),
        (
            InvalidPolicy::AttemptsPerChallenge,
            "a challenge allows 1 to 100 attempts",
        ),
        (
            InvalidPolicy::FailureCap,
            "a phone is disabled after 1 to 100 consecutive failures",
        ),
        (
            InvalidPolicy::Failures,
            "wrong codes are limited to 100 at once and one per second at most",
        ),
        (InvalidPolicy::MaxPhones, "an account holds 1 to 10 phones"),
    ] {
        assert_eq!(refused.to_string(), text);
    }
}

/// To the eight figures that survive 1 − 10⁻⁸ as an f64.
#[track_caller]
fn assert_close(bound: f64, expected: f64) {
    assert!(
        (bound / expected - 1.0).abs() < 1e-8,
        "{bound:e} is not {expected:e}"
    );
}

// The expected probabilities were computed to 60 figures with the decimal module of Python.

#[test]
fn the_bound_is_the_probability_computed_independently() {
    let (auth0, nist) = (Policy::auth0(), Policy::nist_800_63b4());
    // k = 10, 10 + 240 and 10 + 87,600, of the failure budget.
    assert_close(auth0.guess_bound(Duration::ZERO), 9.999_955_000_120e-6);
    assert_close(auth0.guess_bound(DAY), 2.499_688_775_728e-4);
    assert_close(auth0.guess_bound(YEAR), 8.388_194_701_266e-2);
    // k = 10 of the failure budget, then 5 × (10 + 24) and 5 × (10 + 8,760) of the sends.
    assert_close(nist.guess_bound(Duration::ZERO), 9.999_955_000_120e-6);
    assert_close(nist.guess_bound(DAY), 1.699_856_358_044e-4);
    assert_close(nist.guess_bound(YEAR), 4.290_250_965_143e-2);
    // k = 100 × 10 phones, and 100 of one.
    assert_close(nist.guess_bound_while_idle(YEAR), 9.995_006_661_255e-4);
    let one_phone = nist.with_max_phones(1).unwrap();
    assert_close(one_phone.guess_bound_while_idle(YEAR), 9.999_505_016_169e-5);
    // k = 250 of longer codes.
    let longer = |digits| auth0.clone().with_code_digits(digits).unwrap();
    assert_close(longer(7).guess_bound(DAY), 2.499_968_875_257e-5);
    assert_close(longer(8).guess_bound(DAY), 2.499_996_887_502e-6);
}

#[test]
fn the_bound_steps_where_the_budget_gives_one_back() {
    let bound_of = |judged| 1.0 - power(1.0 - 1.0 / 1_000_000.0, judged);
    let bound = |horizon: Duration| Policy::auth0().guess_bound(horizon).to_bits();
    assert_eq!(
        bound(Duration::from_millis(359_999)),
        f64::to_bits(bound_of(10))
    );
    assert_eq!(bound(6 * MINUTE), f64::to_bits(bound_of(11)));
    assert_eq!(
        bound(Duration::from_millis(86_399_999)),
        f64::to_bits(bound_of(249))
    );
    assert_eq!(bound(DAY), f64::to_bits(bound_of(250)));
    assert_close(Policy::auth0().guess_bound(Duration::MAX), 1.0);
}

/// Somebody who knows the password and answers every code wrongly, as often as he is let.
struct Attacker {
    engine: Engine,
    account: Account,
    rng: ChaCha20Rng,
    judged: u64,
}

impl Attacker {
    fn facing(policy: Policy, phones: &[&str]) -> Self {
        let engine = Engine::new(policy, KeyRing::new(Key::new(1, &[7; 32])));
        let account = Account::new("auth0|alice".parse().unwrap());
        let rng = ChaCha20Rng::from_seed([3; 32]);
        let mut attacker = Self {
            engine,
            account,
            rng,
            judged: 0,
        };
        for phone in phones {
            let imported = attacker.engine.import_phone(
                &attacker.account,
                phone.parse().unwrap(),
                Channel::Sms,
                START,
                &mut attacker.rng,
            );
            commit(&mut attacker.account, imported).unwrap();
        }
        attacker
    }

    /// Judges wrong codes until the failure budget, the sends or the phones give no more.
    fn guess(&mut self, now: UtcDateTime) {
        let subject = self.account.subject().clone();
        let session = self
            .engine
            .begin(subject, "", "", "", now, &mut self.rng)
            .unwrap();
        while let Some((oob_code, right)) = self.challenge(&session, now) {
            // One more than the right code, so that it is wrong for sure.
            let wrong = (right.expose_secret().parse::<u32>().unwrap() + 1) % 1_000_000;
            let wrong = format!("{wrong:06}");
            loop {
                let (oob_code, binding_code) = (oob_code.as_str().into(), wrong.as_str().into());
                let answer = VerifyOob {
                    oob_code,
                    binding_code,
                };
                let verified = self
                    .engine
                    .verify_oob(&self.account, &session, &answer, now);
                match commit(&mut self.account, verified).map(drop) {
                    Err(Denied::InvalidBindingCode) if self.judged < 10_000 => self.judged += 1,
                    Err(Denied::TooManyFailures { .. }) => return,
                    // The attempts are spent, or the phone is disabled.
                    Err(Denied::OobCodeUnknown) => break,
                    other => panic!("{other:?}"),
                }
            }
        }
    }

    fn challenge(
        &mut self,
        session: &MfaSession,
        now: UtcDateTime,
    ) -> Option<(String, BindingCode)> {
        // He wastes no send where no answer would be judged.
        let failures = self.account.budgets.binding_failures;
        if failures.remaining(self.engine.policy().binding_failures(), now) == 0 {
            return None;
        }
        let request = Challenge::default();
        let challenged =
            self.engine
                .challenge(&self.account, session, &request, now, &mut self.rng);
        match commit(&mut self.account, challenged) {
            Ok(challenged) => Some((
                challenged.oob_code.expose_secret(),
                challenged.delivery.code,
            )),
            Err(Denied::TooManySends { .. } | Denied::InvalidAuthenticator) => None,
            Err(other) => panic!("{other:?}"),
        }
    }

    /// Once every hour of a day, both ends included.
    fn guess_for_a_day(mut self) -> u64 {
        for hour in 0..=24 {
            self.guess(START + hour * HOUR);
        }
        self.judged
    }
}

fn commit<T>(account: &mut Account, transition: Transition<T>) -> Result<T, Denied> {
    let committed = transition.commit(|next| {
        *account = next.account;
        Ok::<_, core::convert::Infallible>(())
    });
    committed.unwrap().result
}

/// The number of judged codes that a bound for six digits was made from.
fn judged_by(bound: f64) -> u64 {
    let is_bound = |judged: &u64| {
        let probability = 1.0 - power(1.0 - 1.0 / 1_000_000.0, *judged);
        probability.to_bits() == bound.to_bits()
    };
    (0..10_000).find(is_bound).unwrap()
}

const TWO_PHONES: [&str; 2] = ["+14155558730", "+14155558731"];

#[test]
fn as_many_wrong_codes_are_judged_in_a_day_as_the_bound_is_made_from() {
    let auth0 = Policy::auth0();
    assert_eq!(judged_by(auth0.guess_bound(DAY)), 250);
    assert_eq!(
        Attacker::facing(auth0, &TWO_PHONES[..1]).guess_for_a_day(),
        250
    );
}

#[test]
fn attempts_per_challenge_times_sends_is_what_holds_under_the_preset_of_nist() {
    let nist = Policy::nist_800_63b4();
    assert_eq!(judged_by(nist.guess_bound(DAY)), 170);
    assert_eq!(judged_by(nist.guess_bound_while_idle(DAY)), 170);
    // One phone is disabled after 100 of them.
    assert_eq!(
        Attacker::facing(nist.clone(), &TWO_PHONES).guess_for_a_day(),
        170
    );
    assert_eq!(
        Attacker::facing(nist, &TWO_PHONES[..1]).guess_for_a_day(),
        100
    );
}

#[test]
fn a_code_that_was_sent_just_before_the_horizon_can_be_answered_within() {
    let once = Policy::auth0()
        .with_attempts_per_challenge(Some(1))
        .unwrap();
    // With the five minutes that a code lives, an hour: a further message has come back.
    let edge = 55 * MINUTE;
    assert_eq!(judged_by(once.guess_bound(edge)), 11);
    let earlier = edge.checked_sub(MILLISECOND).unwrap();
    assert_eq!(judged_by(once.guess_bound(earlier)), 10);
}

#[test]
fn the_failure_cap_holds_once_for_each_phone_while_the_owner_is_idle() {
    let capped = Policy::auth0()
        .with_failure_cap(Some(7))
        .unwrap()
        .with_max_phones(2)
        .unwrap();
    assert_eq!(judged_by(capped.guess_bound_while_idle(DAY)), 14);
    assert_eq!(
        Attacker::facing(capped.clone(), &TWO_PHONES).guess_for_a_day(),
        14
    );
    assert_eq!(judged_by(capped.guess_bound(DAY)), 250);
    let strict = capped.with_failure_cap(Some(1)).unwrap();
    // (10 + 24) sends, each of which may have started a count anew, and two phones.
    assert_eq!(judged_by(strict.guess_bound(DAY)), 36);
}
