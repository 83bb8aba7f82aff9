//! Cases that once failed, as proptest shortened them.
//!
//! `tests/proptest-regressions` has their seeds. The strategies have changed since, and a seed draws other
//! commands now.

use oob_mfa::{Assurance, Channel, Policy};
use oob_mfa_testing::{Command, EVERY_SCOPE, Model, Vouch};

use crate::harness::{CHALLENGE, DAY, HOUR, MINUTE, RIGHT, YEAR, play, world};
use crate::model::every_rule;
use crate::time::a_year_ahead_and_back;

fn associate() -> Command {
    Command::Associate {
        session: 0,
        phone: "+14155550100".parse().unwrap(),
        channel: Channel::Sms,
    }
}

fn vouch(assurance: Assurance) -> Command {
    Command::Vouch(Vouch {
        assurance,
        scope: EVERY_SCOPE.into(),
        age: 0,
        lifetime: HOUR,
        stranger: false,
    })
}

const fn step(millis: i64) -> Command {
    Command::Step { millis }
}

/// Every rule and the model, on every step.
fn holds(commands: &[Command]) {
    let policy = Policy::auth0();
    let mut model = Model::new(policy.clone());
    let mut rules = every_rule(&policy);
    play(
        &mut world(&policy, 0),
        commands,
        |before, command, observation, after| {
            assert_eq!(observation.reply, model.apply(command));
            assert_eq!(after.recorded(), model.recorded());
            for look in &mut rules {
                look(before, command, observation, after);
            }
        },
    );
}

/// `model.txt`
#[test]
fn a_code_that_is_answered_just_before_the_session_expires() {
    let manager = vouch(Assurance::Mfa);
    let late = step(HOUR - 1);
    holds(&[
        Command::Begin,
        associate(),
        RIGHT,
        manager,
        CHALLENGE,
        late,
        RIGHT,
    ]);
}

/// `proof.txt`
#[test]
fn association_after_the_clock_was_set_back_by_a_year() {
    holds(&[
        Command::Begin,
        associate(),
        RIGHT,
        step(10 * MINUTE),
        Command::Begin,
        CHALLENGE,
        RIGHT,
        step(-YEAR),
        associate(),
    ]);
}

/// `time.txt`
#[test]
fn a_year_ahead_after_the_clock_went_back_by_a_day() {
    let before = [
        Command::Begin,
        associate(),
        RIGHT,
        Command::Begin,
        CHALLENGE,
        step(-DAY),
        RIGHT,
    ];
    let meanwhile = [Command::Begin, CHALLENGE, RIGHT];
    assert!(a_year_ahead_and_back(0, &before, 0, &meanwhile));
    holds(&[&before[..], &[step(YEAR)], &meanwhile, &[step(-YEAR)]].concat());
}

/// `time.txt`
#[test]
fn a_reset_a_year_ahead_after_the_clock_went_back_by_two_days() {
    let import = Command::ImportPhone {
        phone: "+14155550100".parse().unwrap(),
        channel: Channel::Sms,
    };
    let back = [Command::Begin, associate(), step(-DAY), RIGHT];
    let login = [import, vouch(Assurance::FirstFactor), CHALLENGE, RIGHT];
    let before = [&login[..], &[step(0)], &back, &back].concat();
    let meanwhile = [Command::Reset];
    assert!(a_year_ahead_and_back(0, &before, 0, &meanwhile));
    holds(&[&before[..], &[step(YEAR)], &meanwhile, &[step(-YEAR)]].concat());
}
