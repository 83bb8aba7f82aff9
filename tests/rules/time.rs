//! Rules 10 and 13: what a clock can do, forwards and backwards.

use core::time::Duration;

use oob_mfa::testing::{
    Answer, Command, Guess, RecoveryGuess, Vouch, World, backward_steps, commands,
    monotone_commands, policies, steps,
};
use oob_mfa::{Assurance, Denied, Policy};
use proptest::prelude::*;

use crate::harness::{DAY, HOUR, Look, MINUTE, YEAR, answered_code, millis, play, world};

/// A session of `lifetime`, and a phone that it can challenge.
fn ready(world: &mut World, lifetime: i64) {
    let channel = world.engine().policy().channels().iter().next().unwrap();
    world.apply(&Command::Vouch(Vouch {
        assurance: Assurance::Mfa,
        scope: "enroll".into(),
        age: 0,
        lifetime,
        stranger: false,
    }));
    let phone = "+442079460000".parse().unwrap();
    if !world.account().is_enrolled() {
        world.apply(&Command::ImportPhone { phone, channel });
    }
}

const RIGHT: Command = Command::VerifyOob {
    session: None,
    code: Some(0),
    guess: Guess::Right,
};
const CHALLENGE: Command = Command::Challenge {
    session: 0,
    authenticator: None,
};

/// Rule 10: no code is judged outside its lifetime.
pub fn expiry(policy: &Policy) -> Look {
    let lifetime = policy.code_lifetime();
    assert!(lifetime <= Duration::from_secs(600));
    Box::new(move |before, command, observation, _| {
        if let Some(sent) = observation.reply.sent {
            assert_eq!(sent.expires_at, observation.at + lifetime);
        }
        let Some(code) = answered_code(before, command) else {
            return;
        };
        let now = observation.at;
        if matches!(
            observation.reply.answer,
            Answer::Verified { .. } | Answer::Denied(Denied::InvalidBindingCode)
        ) {
            assert!(code.issued_at <= now && now < code.issued_at + lifetime);
        }
    })
}

/// Rule 13: a clock that runs backwards refills nothing, and what it brings back is saved once.
pub fn clock() -> Look {
    Box::new(|before, command, observation, after| {
        if matches!(command, Command::Step { millis } if *millis < 0) {
            let left = |world: &World| world.engine().remaining(&world.account(), world.now());
            let (earlier, later) = (left(before), left(after));
            assert!(later.sends <= earlier.sends);
            assert!(later.binding_failures <= earlier.binding_failures);
            assert!(later.recovery_failures <= earlier.recovery_failures);
        }
        let refused =
            matches!(observation.reply.answer, Answer::Denied(denied) if !denied.is_rejected());
        if refused && observation.reply.saved {
            let unknown = Command::Remove {
                session: 0,
                authenticator: oob_mfa::testing::Authenticator::Unknown,
            };
            let mut again = after.clone();
            assert!(!again.apply(&unknown).reply.saved);
        }
    })
}

proptest! {
    #[test]
    fn r10_a_code_lives_from_its_issue_until_just_before_its_expiry(policy in policies(), seed: u64) {
        let mut issued = world(&policy, seed);
        ready(&mut issued, HOUR - 1);
        assert!(issued.apply(&CHALLENGE).reply.sent.is_some());
        let lifetime = i64::try_from(policy.code_lifetime().as_millis()).unwrap();
        let after = |step: i64| {
            let mut later = issued.clone();
            later.apply(&Command::Step { millis: step });
            later.apply(&RIGHT).reply.answer
        };
        assert!(lifetime <= 10 * MINUTE);
        assert!(matches!(after(0), Answer::Verified { .. }));
        assert!(matches!(after(lifetime - 1), Answer::Verified { .. }));
        assert_eq!(after(-1), Answer::Denied(Denied::OobCodeExpired));
        let forgotten = Answer::Denied(Denied::OobCodeUnknown);
        let expired = Answer::Denied(Denied::OobCodeExpired);
        assert_eq!(after(lifetime), if lifetime < 10 * MINUTE { expired } else { forgotten.clone() });
        if lifetime < 10 * MINUTE {
            assert_eq!(after(10 * MINUTE - 1), Answer::Denied(Denied::OobCodeExpired));
        }
        assert_eq!(after(10 * MINUTE), forgotten);
    }

    #[test]
    fn r10_no_code_passes_outside_its_lifetime(
        policy in policies(),
        seed: u64,
        commands in commands(1..50),
    ) {
        play(&mut world(&policy, seed), &commands, expiry(&policy));
    }

    #[test]
    fn r13_a_clock_that_runs_backwards_grants_nothing(
        seed: u64,
        commands in monotone_commands(1..40),
        back in backward_steps(),
    ) {
        let policy = Policy::auth0();
        let mut world = world(&policy, seed);
        let mut completed = Vec::new();
        let mut used = Vec::new();
        play(&mut world, &commands, |before, command, observation, _| {
            if matches!(observation.reply.answer, Answer::Verified { .. }) {
                completed.extend(crate::harness::presenter(before, command));
                used.extend(crate::harness::answered(before, command));
            }
        });
        let mut earlier = world.clone();
        earlier.apply(&Command::Step { millis: back });
        // Challenges that lie ahead take up no room, so it is the budget that is compared with.
        let remaining = world.engine().remaining(&world.account(), world.now());
        assert!(left(&earlier, &CHALLENGE) <= usize::try_from(remaining.sends).unwrap());
        let wrong = Command::VerifyRecoveryCode { session: 0, guess: RecoveryGuess::Wrong };
        assert!(left(&earlier, &wrong) <= left(&world, &wrong));
        let session_of = |number: usize| world.sessions().len() - 1 - number;
        for session in completed {
            if world.sessions()[session].assurance() == Assurance::FirstFactor {
                let again = Command::Challenge { session: session_of(session), authenticator: None };
                let answer = earlier.clone().apply(&again).reply.answer;
                assert!(matches!(answer, Answer::Denied(_)), "session {session} lives again");
            }
        }
        for code in used {
            let code = Some(world.codes().len() - 1 - code);
            let again = Command::VerifyOob { session: None, code, guess: Guess::Right };
            let answer = earlier.clone().apply(&again).reply.answer;
            assert!(matches!(answer, Answer::Denied(_)), "code {code:?} lives again");
        }
        // What a change has dropped from the record stays dropped.
        let reset = Command::ImportPhone { phone: "+442079460001".parse().unwrap(), channel: oob_mfa::Channel::Sms };
        let mut pruned = world.clone();
        if pruned.apply(&reset).reply.saved {
            pruned.apply(&Command::Step { millis: back });
            for (number, code) in world.codes().iter().enumerate() {
                if code.expires_at <= world.now() {
                    let code = Some(world.codes().len() - 1 - number);
                    let late = Command::VerifyOob { session: None, code, guess: Guess::Right };
                    let answer = pruned.clone().apply(&late).reply.answer;
                    assert!(matches!(answer, Answer::Denied(_)), "code {code:?} comes back");
                }
            }
        }
    }

    #[test]
    fn r13_a_year_ahead_and_back_leaves_no_lasting_lock(
        seed: u64,
        before in commands(1..15),
        ahead in steps(),
        meanwhile in commands(1..15),
    ) {
        let policy = Policy::auth0();
        let mut world = world(&policy, seed);
        play(&mut world, &before, |_, _, _, _| {});
        let honest = millis(world.now());
        world.apply(&Command::Step { millis: YEAR + ahead.abs() });
        play(&mut world, &meanwhile, |_, _, _, _| {});
        let gone_by = millis(world.now()) - honest;
        world.apply(&Command::Step { millis: -gone_by });
        assert_eq!(millis(world.now()), honest);
        // The first request brings the stored times back, be it refused or not.
        world.apply(&Command::RemovePhone { device: 40 });
        // A day, for as long the clock is doubted, and another for what lay a day ahead only when a
        // request found the doubt to be over.
        world.apply(&Command::Step { millis: DAY });
        world.apply(&Command::RemovePhone { device: 40 });
        world.apply(&Command::Step { millis: DAY });
        ready(&mut world, HOUR);
        let enrolled = !matches!(
            world.apply(&CHALLENGE).reply.answer,
            Answer::Denied(Denied::InvalidAuthenticator)
        );
        if enrolled {
            let answer = world.apply(&RIGHT).reply.answer;
            assert!(matches!(answer, Answer::Verified { .. }), "{answer:?}");
            world.apply(&Command::Begin);
            assert!(world.apply(&CHALLENGE).reply.sent.is_some());
            let answer = world.apply(&RIGHT).reply.answer;
            assert!(matches!(answer, Answer::Verified { .. }), "{answer:?}");
        }
    }

    #[test]
    fn r13_the_clamp_is_saved_once_per_regression(
        policy in policies(),
        seed: u64,
        commands in commands(1..40),
    ) {
        play(&mut world(&policy, seed), &commands, clock());
    }
}

/// How often something can be done before a budget refuses it.
fn left(world: &World, command: &Command) -> usize {
    let mut twin = world.clone();
    ready(&mut twin, DAY);
    (0..50)
        .take_while(|_| {
            let answer = twin.apply(command).reply.answer;
            !matches!(answer, Answer::Denied(denied) if !denied.is_rejected())
        })
        .count()
}

#[test]
fn r13_a_jump_forward_refills_one_burst_at_most() {
    let mut world = world(&Policy::auth0(), 1);
    ready(&mut world, HOUR);
    assert_eq!(left(&world, &CHALLENGE), 10);
    for _ in 0..10 {
        world.apply(&CHALLENGE);
    }
    assert_eq!(left(&world, &CHALLENGE), 0);
    world.apply(&Command::Step { millis: 100 * YEAR });
    assert_eq!(left(&world, &CHALLENGE), 10);
    world.apply(&Command::Step {
        millis: -100 * YEAR,
    });
    assert_eq!(left(&world, &CHALLENGE), 0);
}

#[test]
fn r13_an_empty_budget_of_a_clock_that_ran_ahead_gives_one_after_a_period() {
    let mut world = world(&Policy::auth0(), 1);
    world.apply(&Command::Step { millis: YEAR });
    ready(&mut world, HOUR);
    for _ in 0..10 {
        assert!(world.apply(&CHALLENGE).reply.sent.is_some());
    }
    world.apply(&Command::Step { millis: -YEAR });
    ready(&mut world, DAY);
    let refused = world.apply(&CHALLENGE);
    let retry_at = refused.at + Duration::from_secs(3_600);
    assert_eq!(
        refused.reply.answer,
        Answer::Denied(Denied::TooManySends { retry_at })
    );
    assert!(refused.reply.saved);
    assert!(!world.apply(&CHALLENGE).reply.saved);
    world.apply(&Command::Step { millis: HOUR - 1 });
    assert_eq!(world.apply(&CHALLENGE).reply.sent, None);
    world.apply(&Command::Step { millis: 1 });
    assert!(world.apply(&CHALLENGE).reply.sent.is_some());
}

#[test]
fn r13_logins_of_a_clock_that_ran_ahead_take_room_for_a_day_at_most() {
    let sends = oob_mfa::RateLimit::new(100, Duration::from_secs(1)).unwrap();
    let mut world = world(&Policy::auth0().with_sends(sends), 1);
    ready(&mut world, HOUR);
    world.apply(&Command::Step { millis: YEAR });
    let logs_in = |world: &mut World| {
        world.apply(&Command::Begin);
        world.apply(&CHALLENGE);
        matches!(world.apply(&RIGHT).reply.answer, Answer::Verified { .. })
    };
    assert!((0..16).all(|_| logs_in(&mut world)));
    assert!(!logs_in(&mut world));
    world.apply(&Command::Step { millis: -YEAR });
    // They may come again, if the clock does: so they are remembered for as long as a session lives.
    assert!(!logs_in(&mut world));
    world.apply(&Command::Step { millis: DAY - 1 });
    assert!(!logs_in(&mut world));
    world.apply(&Command::Step { millis: 1 });
    assert!((0..16).all(|_| logs_in(&mut world)));
    let record = world.record().unwrap();
    assert_eq!(crate::harness::through_json(&record), record);
    assert!(!logs_in(&mut world));
}
