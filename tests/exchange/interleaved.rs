//! Many requests at once, each step of each answered at random.
//!
//! `OOB_MFA_REQUESTS` is the minimum number of requests: 6,000 by default, 60,000 with
//! `OOB_MFA_LONG=1`. `OOB_MFA_SEED` starts with the story of that number. A failure prints its number.
//!
//! ```sh
//! OOB_MFA_REQUESTS=60000 cargo test --release --test exchange interleaved -- --nocapture
//! ```

mod clients;
mod drivers;
mod store;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};

use oob_mfa::{Policy, RateLimit};
use oob_mfa_testing::{HOUR, MILLISECOND, MINUTE, SECOND};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, RngSeed, TestRunner};

use self::drivers::Drivers;

/// A number, used up by choices.
#[derive(Clone, Copy, Debug)]
struct Choice(u64);

impl Choice {
    fn of(&mut self, options: u64) -> usize {
        let chosen = self.0 % options;
        self.0 /= options;
        usize::try_from(chosen).unwrap()
    }

    fn one_in(&mut self, options: u64) -> bool {
        // The highest option: a failure shrinks towards 0, where nothing fails.
        self.of(options) + 1 == usize::try_from(options).unwrap()
    }

    fn among<'a, T>(&mut self, options: &'a [T]) -> Option<&'a T> {
        let len = u64::try_from(options.len()).unwrap();
        (len > 0).then(|| &options[self.of(len)])
    }
}

/// The number of requests that ended with this status after these steps.
type Ends = BTreeMap<(String, u16), u64>;

fn policy(choice: &mut Choice) -> Policy {
    let few = |burst, period| RateLimit::new(burst, period).unwrap();
    let tight = Policy::auth0().with_sends(few(3, 10 * MINUTE));
    let tight = tight.with_binding_failures(few(2, 6 * MINUTE)).unwrap();
    let tight = tight.with_recovery_failures(few(2, 6 * MINUTE)).unwrap();
    match choice.of(3) {
        0 => Policy::auth0(),
        1 => tight,
        _ => Policy::nist_800_63b4().with_sends(few(30, MINUTE)),
    }
}

/// Runs a case, and returns how its requests ended.
fn play(choices: &[u64]) -> Ends {
    let mut choices = choices.iter().map(|choice| Choice(*choice));
    let mut first = choices.next().unwrap_or(Choice(0));
    let mut drivers = Drivers::new(policy(&mut first));
    for mut choice in choices {
        match choice.of(16) {
            0..=8 => drivers.answer_one(&mut choice),
            9..=13 => drivers.begin_one(&mut choice),
            14 => {
                // A step of hours ends every session.
                let spans = match choice.of(12) {
                    11 => [6 * MINUTE, HOUR],
                    _ => [MILLISECOND, 20 * SECOND],
                };
                drivers.wait(*choice.among(&spans).unwrap());
            }
            _ if choice.of(2) == 0 => drivers.begin_again(&mut choice),
            _ => drivers.drop_one(&mut choice),
        }
    }
    drivers.end()
}

#[test]
fn interleaved_requests_send_and_answer_only_what_is_stored() {
    let setting = |name| {
        std::env::var(name)
            .ok()
            .map(|value: String| value.parse::<u64>().unwrap())
    };
    let by_default = if setting("OOB_MFA_LONG") == Some(1) {
        60_000
    } else {
        6_000
    };
    let least = setting("OOB_MFA_REQUESTS").unwrap_or(by_default);
    let ends = RefCell::new(Ends::new());
    let count = || ends.borrow().values().sum::<u64>();
    let seed = setting("OOB_MFA_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    let mut case = 0;
    while count() < least {
        let seed = seed.wrapping_add(case);
        let config = Config {
            cases: 1,
            failure_persistence: None,
            rng_seed: RngSeed::Fixed(seed),
            ..Config::default()
        };
        let played = TestRunner::new(config).run(&vec(any::<u64>(), 1..600), |choices| {
            for (end, count) in play(&choices) {
                *ends.borrow_mut().entry(end).or_default() += count;
            }
            Ok(())
        });
        played.unwrap_or_else(|failed| panic!("OOB_MFA_SEED={seed}: {failed}"));
        case += 1;
    }
    println!("{} requests", count());
    for ((request, status), count) in ends.borrow().iter() {
        println!("{count:>7} {status} {request}");
    }
}
