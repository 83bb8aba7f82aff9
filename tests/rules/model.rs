//! After every command, the engine agrees with the model, and every rule holds.
//!
//! The stories are plain lists of commands. A command names its objects counted back from the latest, so any
//! part of a story is a story. Drawing and shortening need no state machine.
//!
//! * `OOB_MFA_STEPS` is the minimum number of steps: 3,000 by default, 15,000 with `OOB_MFA_LONG=1`. With
//!   50,000,000, `cargo test --release --test rules every_step -- --nocapture` runs for hours, and prints
//!   their number and rate.
//! * `OOB_MFA_SEED` starts with the story of that number. A failure prints its number, and the shortest
//!   story that still fails.

mod site;
mod story;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

use oob_mfa::Policy;
use oob_mfa_testing::Answer;

use self::site::Site;
use self::story::Story;
use crate::harness::{Look, is_long};
use crate::{factors, limits, proof, record, secrets, time};

/// The minimum number of steps.
fn steps() -> u64 {
    let by_default = if is_long() { 15_000 } else { 3_000 };
    setting("OOB_MFA_STEPS").unwrap_or(by_default)
}

#[test]
fn the_engine_equals_the_model_and_keeps_every_rule_on_every_step() {
    let least = steps();
    let first = setting("OOB_MFA_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    let begun = Instant::now();
    let mut tally = Tally::default();
    let mut stories = 0;
    while tally.steps < least {
        let seed = first.wrapping_add(stories);
        let story = Story::drawn(seed);
        if let Err(failed) = story.play(&mut tally) {
            let (story, failed) = story.shortest(failed);
            panic!(
                "OOB_MFA_SEED={seed}, step {} of {story:#?}\n{}",
                failed.step, failed.message
            );
        }
        stories += 1;
    }
    let seconds = begun.elapsed().as_secs_f64();
    println!(
        "{} steps of {stories} stories, all clean, from OOB_MFA_SEED={first}: {:.0} steps per second",
        tally.steps,
        tally.steps as f64 / seconds
    );
    for (answer, times) in tally.answers {
        println!("{times:>10} {answer}");
    }
}

fn setting(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.replace(['_', ','], "").parse().expect(name))
}

/// Every rule that is visible from outside, step by step. The constant time of rule 6 and the
/// uniform codes of rule 15 are not.
pub fn every_rule(policy: &Policy) -> Vec<Look> {
    vec![
        proof::proof(),
        proof::once(policy),
        proof::charge_before_reveal(policy),
        limits::send_limit(policy),
        limits::failure_limit(policy),
        limits::no_oracle(),
        limits::budgets_survive(policy),
        factors::confirm_before_active(),
        factors::second_factor_guards(),
        factors::an_mfa_session_cannot_complete_a_login(),
        time::expiry(policy),
        factors::one_live_code(),
        record::bounded(),
        time::clock(),
        time::refusals_never_save(),
        time::nothing_revives(),
        secrets::secrets(),
        secrets::whole_codes(policy),
        record::replay(),
        record::hostile_input(),
    ]
}

struct Failed {
    step: usize,
    message: String,
}

#[derive(Default)]
struct Tally {
    steps: u64,
    answers: BTreeMap<String, u64>,
}

impl Tally {
    fn count(&mut self, answer: &Answer) {
        self.steps += 1;
        let text = format!("{answer:?}");
        let kind = text.split([' ', '{', '[']).next().unwrap_or_default();
        let kind = match answer {
            Answer::Listed(_) => "Listed",
            _ => kind,
        };
        *self.answers.entry(kind.to_owned()).or_default() += 1;
    }
}

impl Story {
    fn play(&self, tally: &mut Tally) -> Result<(), Failed> {
        let mut site = Site::new(&self.policy, self.seed);
        for (step, visit) in self.visits.iter().enumerate() {
            let stepped = quietly(|| site.step(step, visit));
            match stepped {
                Ok(answer) => tally.count(&answer),
                Err(message) => return Err(Failed { step, message }),
            }
        }
        Ok(())
    }

    /// Shortens a failing story: leaves out smaller and smaller pieces while it still fails.
    fn shortest(self, failed: Failed) -> (Self, Failed) {
        let mut shortest = (self, failed);
        let shorten = |shortest: &mut (Self, Failed), story: Self| {
            let fails = story.play(&mut Tally::default()).err();
            let shorter = fails.is_some();
            if let Some(failed) = fails {
                *shortest = (story, failed);
                shortest.0.visits.truncate(shortest.1.step + 1);
            }
            shorter
        };
        let mut plain = shortest.0.clone();
        plain.policy = Policy::auth0();
        shorten(&mut shortest, plain);
        let mut piece = shortest.0.visits.len().div_ceil(2).max(1);
        loop {
            let (mut at, mut shorter) = (0, false);
            while at < shortest.0.visits.len() {
                let mut story = shortest.0.clone();
                let end = story.visits.len().min(at + piece);
                story.visits.drain(at..end);
                if shorten(&mut shortest, story) {
                    shorter = true;
                } else {
                    at += piece;
                }
            }
            match (piece, shorter) {
                (1, false) => return shortest,
                (1, true) => {}
                _ => piece = piece.div_ceil(2),
            }
        }
    }
}

thread_local! {
    static QUIET: Cell<bool> = const { Cell::new(false) };
    /// The place of the latest silent panic.
    static PLACE: Cell<Option<String>> = const { Cell::new(None) };
}

/// The result of `step`, or its panic message, without printing it.
fn quietly<T>(step: impl FnOnce() -> T) -> Result<T, String> {
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if QUIET.get() {
                PLACE.set(info.location().map(ToString::to_string));
            } else {
                loud(info);
            }
        }));
    });
    QUIET.set(true);
    let stepped = catch_unwind(AssertUnwindSafe(step));
    QUIET.set(false);
    stepped.map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or(panic.downcast_ref::<&str>().copied());
        format!(
            "{}: {}",
            PLACE.take().unwrap_or_default(),
            text.unwrap_or("a panic without words")
        )
    })
}
