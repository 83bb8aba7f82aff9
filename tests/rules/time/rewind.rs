//! A clock that ran ahead: only a rewind, or the passing of time, ends its effects.

use core::time::Duration;

use oob_mfa::{Channel, Denied, Policy, RateLimit};
use oob_mfa_testing::{
    Answer, Authenticator, Command, Guess, RecoveryGuess, World, commands, steps,
};
use proptest::prelude::*;

use super::ready;
use crate::harness::{
    CHALLENGE, DAY, HOUR, RIGHT, YEAR, config, is_behind, millis, play, skew, through_json, world,
};

/// Every command that would change the account, after a new session.
fn changes() -> Vec<Command> {
    let phone = "+442079460002".parse().unwrap();
    let channel = Channel::Sms;
    let session = 0;
    let authenticator = Authenticator::Phone(channel, 0);
    vec![
        Command::RestoreBudgets,
        Command::Reset,
        Command::ImportPhone { phone, channel },
        Command::RemovePhone { device: 0 },
        Command::Associate {
            session,
            phone,
            channel,
        },
        CHALLENGE,
        Command::VerifyOob {
            session: Some(session),
            code: None,
            guess: Guess::Wrong,
        },
        Command::VerifyRecoveryCode {
            session,
            guess: RecoveryGuess::Wrong,
        },
        Command::Remove {
            session,
            authenticator,
        },
        Command::Regenerate { session },
    ]
}

fn is_locked(world: &World) -> bool {
    let mut twin = world.clone();
    twin.apply(&Command::Begin);
    changes().iter().all(|command| {
        let reply = twin.apply(command).reply;
        assert!(!reply.saved || !is_behind(world));
        reply.answer == Answer::Denied(Denied::ClockBehind)
    })
}

fn logs_in(world: &mut World) -> bool {
    world.apply(&Command::Begin);
    world.apply(&CHALLENGE);
    matches!(world.apply(&RIGHT).reply.answer, Answer::Verified { .. })
}

/// Moves the clock a year ahead, runs something, and moves it back. Returns whether the record is then
/// ahead.
pub fn a_year_ahead_and_back(
    seed: u64,
    before: &[Command],
    ahead: i64,
    meanwhile: &[Command],
) -> bool {
    let mut world = world(&Policy::auth0(), seed);
    play(&mut world, before, |_, _, _, _| {});
    let honest = millis(world.now());
    world.apply(&Command::Step {
        millis: YEAR + ahead.abs(),
    });
    world.apply(&Command::RestoreBudgets);
    play(&mut world, meanwhile, |_, _, _, _| {});
    let gone_by = millis(world.now()) - honest;
    world.apply(&Command::Step { millis: -gone_by });
    assert_eq!(millis(world.now()), honest);
    if !is_behind(&world) {
        return false;
    }
    assert!(is_locked(&world));
    // No command ends it.
    let mut later = world.clone();
    later.apply(&Command::Step { millis: DAY });
    assert_eq!(is_locked(&later), is_behind(&later));
    assert_eq!(world.apply(&Command::Rewind).reply.answer, Answer::Done);
    assert!(!is_locked(&world));
    let again = world.apply(&Command::Rewind).reply.answer;
    assert_eq!(again, Answer::Denied(Denied::ClockNotAhead));

    world.apply(&Command::Step { millis: DAY });
    ready(&mut world, HOUR);
    let refused = Answer::Denied(Denied::InvalidAuthenticator);
    let is_active = world.apply(&CHALLENGE).reply.answer != refused;
    if is_active {
        let answer = world.apply(&RIGHT).reply.answer;
        assert!(matches!(answer, Answer::Verified { .. }), "{answer:?}");
        assert!(logs_in(&mut world));
    }
    true
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn r13_only_a_rewind_ends_an_accident_of_a_year_ahead(
        seed: u64,
        before in commands(1..15),
        ahead in steps(),
        meanwhile in commands(1..15),
    ) {
        // The commands may include a rewind.
        prop_assume!(a_year_ahead_and_back(seed, &before, ahead, &meanwhile));
    }
}

#[test]
fn r13_an_empty_budget_that_was_rewound_gives_one_after_a_period() {
    let mut world = world(&Policy::auth0(), 1);
    world.apply(&Command::Step { millis: YEAR });
    ready(&mut world, HOUR);
    for _ in 0..10 {
        assert!(world.apply(&CHALLENGE).reply.sent.is_some());
    }
    world.apply(&Command::Step { millis: -YEAR });
    ready(&mut world, DAY);
    let behind = world.apply(&CHALLENGE).reply;
    assert_eq!(behind.answer, Answer::Denied(Denied::ClockBehind));
    assert!(!behind.saved);
    let rewound = world.apply(&Command::Rewind);
    let retry_at = rewound.at + Duration::from_secs(3_600);
    let skew = skew(&world);
    world.apply(&Command::Step { millis: skew + 1 });
    ready(&mut world, DAY);
    let refused = Answer::Denied(Denied::TooManySends { retry_at });
    assert_eq!(world.apply(&CHALLENGE).reply.answer, refused);
    world.apply(&Command::Step {
        millis: HOUR - skew - 2,
    });
    assert_eq!(world.apply(&CHALLENGE).reply.answer, refused);
    world.apply(&Command::Step { millis: 1 });
    assert!(world.apply(&CHALLENGE).reply.sent.is_some());
    assert_eq!(world.apply(&CHALLENGE).reply.sent, None);
}

#[test]
fn r13_logins_of_a_clock_that_ran_ahead_take_room_until_a_rewind() {
    let sends = RateLimit::new(100, Duration::from_secs(1)).unwrap();
    let mut world = world(&Policy::auth0().with_sends(sends), 1);
    ready(&mut world, HOUR);
    world.apply(&Command::Step { millis: YEAR });
    assert!((0..16).all(|_| logs_in(&mut world)));
    assert!(!logs_in(&mut world));
    world.apply(&Command::Step { millis: -YEAR });
    assert!(!logs_in(&mut world));
    world.apply(&Command::Rewind);
    let skew = skew(&world);
    // Every session issued until now plus the skew is revoked.
    world.apply(&Command::Step { millis: skew });
    assert!(!logs_in(&mut world));
    world.apply(&Command::Step { millis: 1 });
    assert!((0..16).all(|_| logs_in(&mut world)));
    let record = world.record().unwrap();
    assert_eq!(through_json(&record), record);
    assert!(!logs_in(&mut world));
}
