use alloc::format;
use alloc::string::String;
use core::time::Duration;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use time::UtcDateTime;

use crate::account::Account;
use crate::budget::{Limit, RateLimit};
use crate::channel::Channel;
use crate::code::BindingCode;
use crate::denied::Denied;
use crate::engine::Engine;
use crate::engine::challenge::Challenge;
use crate::engine::verify::VerifyOob;
use crate::key::{Key, KeyRing};
use crate::policy::Policy;
use crate::session::{FirstFactor, MfaSession};
use crate::transition::Transition;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
const START: UtcDateTime = UtcDateTime::UNIX_EPOCH;

/// 1 ms less.
fn before(horizon: Duration) -> Duration {
    horizon.checked_sub(Duration::from_millis(1)).unwrap()
}

/// Whether two numbers are the same to the last bit.
fn same(bound: f64, expected: f64) -> bool {
    bound.to_bits() == expected.to_bits()
}

#[track_caller]
fn assert_same(bound: f64, expected: f64) {
    assert!(same(bound, expected), "{bound:e} is not {expected:e}");
}

#[test]
fn the_bound_is_the_judged_codes_over_the_values_of_a_code() {
    let (auth0, nist) = (Policy::auth0(), Policy::nist_800_63b4());
    // k = 10, 10 + 240, 10 + 7,200 and 10 + 87,600, of the failure budget.
    assert_same(auth0.guess_bound(Duration::ZERO), 0.000_01);
    assert_same(auth0.guess_bound(DAY), 0.000_25);
    assert_same(auth0.guess_bound(30 * DAY), 0.007_21);
    assert_same(auth0.guess_bound(YEAR), 0.087_61);
    // k = 10 of the failure budget, then 5 × (10 + 24), 5 × (10 + 720) and 5 × (10 + 8,760) of the sends.
    assert_same(nist.guess_bound(Duration::ZERO), 0.000_01);
    assert_same(nist.guess_bound(DAY), 0.000_17);
    assert_same(nist.guess_bound(30 * DAY), 0.003_65);
    assert_same(nist.guess_bound(YEAR), 0.043_85);
    // k = 100 × 10 phones, and 100 of one.
    assert_same(nist.guess_bound_while_idle(YEAR), 0.001);
    let one_phone = nist.with_max_phones(1).unwrap();
    assert_same(one_phone.guess_bound_while_idle(YEAR), 0.000_1);
    // k = 250 of longer codes.
    let longer = |digits| auth0.clone().with_code_digits(digits).unwrap();
    assert_same(longer(7).guess_bound(DAY), 0.000_025);
    assert_same(longer(8).guess_bound(DAY), 0.000_002_5);
}

#[test]
fn the_bound_counts_guesses_that_do_not_repeat() {
    // 10 and 689 guesses. If each met a new code it would be 1 − (1 − 10⁻⁶)⁶⁹⁹ = 0.000698756.
    assert_same(Policy::auth0().guess_bound(689 * 6 * MINUTE), 0.000_699);
}

#[test]
fn the_bound_steps_where_the_budget_gives_one_back() {
    let bound = |horizon: Duration| Policy::auth0().guess_bound(horizon);
    assert_same(bound(before(6 * MINUTE)), 0.000_010);
    assert_same(bound(6 * MINUTE), 0.000_011);
    assert_same(bound(before(DAY)), 0.000_249);
    assert_same(bound(DAY), 0.000_250);
}

#[test]
fn as_many_guesses_as_values_find_the_code_for_certain() {
    let bound = |horizon: Duration| Policy::auth0().guess_bound(horizon);
    // A burst of 10, and one more per 6 minutes.
    let all = (1_000_000 - 10) * 6 * MINUTE;
    assert_same(bound(before(all)), 0.999_999);
    assert_same(bound(all), 1.0);
    assert_same(bound(all + 6 * MINUTE), 1.0);
    assert_same(bound(Duration::MAX), 1.0);
    let quick = RateLimit::new(100, Duration::from_secs(1)).unwrap();
    let eight = Policy::auth0()
        .with_code_digits(8)
        .and_then(|policy| policy.with_binding_failures(quick))
        .unwrap();
    let all = Duration::from_secs(100_000_000 - 100);
    assert_same(eight.guess_bound(before(all)), 0.999_999_99);
    assert_same(eight.guess_bound(all), 1.0);
    assert_same(eight.guess_bound(Duration::MAX), 1.0);
}

/// An attacker who knows the password and answers every code wrongly, as often as the engine judges.
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
                attacker.account.clone(),
                phone.parse().unwrap(),
                Channel::Sms,
                START,
                &mut attacker.rng,
            );
            commit(&mut attacker.account, imported).unwrap();
        }
        attacker
    }

    /// Judges wrong codes until the failure budget, the sends or the phones are exhausted.
    fn guess(&mut self, now: UtcDateTime) {
        let first_factor = FirstFactor {
            subject: self.account.subject().clone(),
            client: "",
            scope: "",
            audience: "",
        };
        let session = self.engine.begin(first_factor, now, &mut self.rng).unwrap();
        while let Some((oob_code, right)) = self.challenge(&session, now) {
            // The right code plus 1, so it is always wrong.
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
                    .verify_oob(self.account.clone(), &session, &answer, now);
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
        // Do not send if no answer would be judged.
        let limit = Limit::BindingFailures;
        if self.engine.remaining(&self.account, limit, now) == 0 {
            return None;
        }
        let request = Challenge::default();
        let challenged =
            self.engine
                .challenge(self.account.clone(), session, &request, now, &mut self.rng);
        match commit(&mut self.account, challenged) {
            Ok(challenged) => Some((
                challenged.oob_code.expose_secret(),
                challenged.delivery.code,
            )),
            Err(Denied::TooManySends { .. } | Denied::InvalidAuthenticator) => None,
            Err(other) => panic!("{other:?}"),
        }
    }

    /// Every hour of a day, both ends included.
    fn guess_for_a_day(mut self) -> u64 {
        for hour in 0..=24 {
            self.guess(START + hour * HOUR);
        }
        self.judged
    }
}

fn commit<T>(account: &mut Account, transition: Transition<T>) -> Result<T, Denied> {
    let committed = transition.commit(|next| {
        *account = next.account().clone();
        Ok::<_, core::convert::Infallible>(())
    });
    committed.unwrap().result
}

/// The number of judged codes behind a bound for 6 digits.
fn judged_by(bound: f64) -> u64 {
    let is_bound = |judged: &u32| same(bound, f64::from(*judged) / 1e6);
    (0..10_000).find(is_bound).unwrap().into()
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
    // With the code's 5 minutes, this is an hour: one more message has come back.
    let edge = 55 * MINUTE;
    assert_eq!(judged_by(once.guess_bound(edge)), 11);
    assert_eq!(judged_by(once.guess_bound(before(edge))), 10);
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
    // A pending enrollment has no count, so the cap bounds nothing there.
    assert_eq!(judged_by(strict.guess_bound(DAY)), 250);
}
