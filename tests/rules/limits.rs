//! Rules 4 to 7: how many, and that nothing but time brings any back.

use std::collections::HashMap;

use oob_mfa::testing::{
    Answer, Command, Guess, RecoveryGuess, World, commands, monotone_commands, policies,
};
use oob_mfa::{Denied, Policy, RateLimit};
use proptest::prelude::*;
use serde_json::Value;

use crate::harness::{
    Look, Taken, answered_code, assert_unchanged, full_at, json, millis, play, world,
};

/// Rule 4: what leaves stays within the limit in every window.
pub fn send_limit(policy: &Policy) -> Look {
    let mut sent = Taken::of(policy.sends());
    Box::new(move |_, command, observation, _| {
        sent.look(observation.at);
        if *command == Command::RestoreBudgets {
            sent.begin_again();
        }
        if observation.reply.sent.is_some() {
            sent.take(observation.at);
        }
    })
}

/// Rule 5: what is judged wrong stays within the limits in every window.
pub fn failure_limit(policy: &Policy) -> Look {
    let mut binding = Taken::of(policy.binding_failures());
    let mut recovery = Taken::of(policy.recovery_failures());
    Box::new(move |_, command, observation, _| {
        binding.look(observation.at);
        recovery.look(observation.at);
        if *command == Command::RestoreBudgets {
            binding.begin_again();
            recovery.begin_again();
        }
        match observation.reply.answer {
            Answer::Denied(Denied::InvalidBindingCode) => binding.take(observation.at),
            Answer::Denied(Denied::InvalidRecoveryCode) => recovery.take(observation.at),
            _ => {}
        }
    })
}

/// Rule 6: with an empty budget, whatever is presented hears the same and changes the same.
pub fn no_oracle() -> Look {
    Box::new(|before, command, observation, after| {
        let others: Vec<Command> = match command.clone() {
            Command::VerifyOob { session, code, .. } => [Guess::Right, Guess::Wrong]
                .map(|guess| Command::VerifyOob {
                    session,
                    code,
                    guess,
                })
                .into(),
            Command::VerifyRecoveryCode { session, .. } => (0..before.recovery_codes().len())
                .map(RecoveryGuess::Shown)
                .chain([RecoveryGuess::Wrong])
                .map(|guess| Command::VerifyRecoveryCode { session, guess })
                .collect(),
            _ => return,
        };
        let Answer::Denied(denied @ Denied::TooManyFailures { retry_at }) =
            observation.reply.answer
        else {
            return;
        };
        assert!(retry_at > observation.at);
        assert!(!denied.is_rejected());
        assert_unchanged(before, observation, after);
        for other in &others {
            let mut twin = before.clone();
            assert_eq!(twin.apply(other), *observation);
            assert_eq!(
                twin.record().as_ref().map(json),
                after.record().as_ref().map(json)
            );
        }
    })
}

/// Rule 7: nothing but time, and the administrator who says so, brings any back.
pub fn budgets_survive(policy: &Policy) -> Look {
    let limits = [
        ("sends", policy.sends()),
        ("binding_failures", policy.binding_failures()),
        ("recovery_failures", policy.recovery_failures()),
    ];
    Box::new(move |before, command, observation, after| {
        if !observation.reply.saved {
            return;
        }
        if *command != Command::RestoreBudgets {
            for (budget, limit) in limits {
                let kept = full_at(before, budget).min(empty_at(limit, millis(observation.at)));
                assert!(
                    full_at(after, budget) >= kept,
                    "{command:?} refills {budget}"
                );
            }
        }
        let passed = match observation.reply.answer {
            Answer::Verified {
                phone: Some((_, device)),
                ..
            } => Some(device),
            _ => None,
        };
        let (earlier, later) = (failures(before), failures(after));
        for (device, failures) in later {
            if passed.is_none_or(|passed| after.devices()[passed].to_string() != device) {
                let earlier = earlier.get(&device).copied().unwrap_or_default();
                assert!(failures >= earlier, "{command:?} forgives {device}");
            }
        }
    })
}

proptest! {
    #[test]
    fn r04_deliveries_stay_within_the_limit_in_every_window(
        policy in policies(),
        seed: u64,
        commands in monotone_commands(1..70),
    ) {
        play(&mut world(&policy, seed), &commands, send_limit(&policy));
    }

    #[test]
    fn r05_judged_failures_stay_within_the_limit_in_every_window(
        policy in policies(),
        seed: u64,
        commands in monotone_commands(1..70),
    ) {
        play(&mut world(&policy, seed), &commands, failure_limit(&policy));
    }

    #[test]
    fn r06_with_an_empty_budget_right_and_wrong_hear_the_same(
        policy in policies(),
        seed: u64,
        commands in commands(1..50),
    ) {
        play(&mut world(&policy, seed), &commands, no_oracle());
    }

    #[test]
    fn r07_budgets_survive_everything(
        policy in policies(),
        seed: u64,
        commands in commands(1..50),
    ) {
        play(&mut world(&policy, seed), &commands, budgets_survive(&policy));
    }
}

/// Where a budget lies that has nothing left.
fn empty_at(limit: RateLimit, now: i64) -> i64 {
    now + i64::try_from(limit.period().as_millis()).unwrap() * i64::from(limit.burst())
}

/// The wrong codes counted against each phone.
fn failures(world: &World) -> HashMap<String, u64> {
    let record = serde_json::to_value(world.record()).unwrap();
    let phones = record["phones"].as_array().cloned().unwrap_or_default();
    let counted = |phone: Value| {
        (
            phone["device"].as_str().unwrap().to_owned(),
            phone["failures"].as_u64().unwrap(),
        )
    };
    phones.into_iter().map(counted).collect()
}

/// An account with a phone and a recovery code, and a long session that can ask for anything.
fn enrolled(policy: &Policy) -> World {
    let mut world = world(policy, 1);
    let phone = "+14155558730".parse().unwrap();
    let channel = policy.channels().iter().next().unwrap();
    for command in [
        Command::Begin,
        Command::Associate {
            session: 0,
            phone,
            channel,
        },
        Command::VerifyOob {
            session: None,
            code: Some(0),
            guess: Guess::Right,
        },
        Command::Vouch(oob_mfa::testing::Vouch {
            assurance: oob_mfa::Assurance::Mfa,
            scope: "enroll".into(),
            age: 0,
            lifetime: 24 * crate::harness::HOUR,
            stranger: false,
        }),
    ] {
        let answer = world.apply(&command).reply.answer;
        assert!(!matches!(answer, Answer::Denied(_)), "{answer:?}");
    }
    world
}

#[test]
fn r04_the_eleventh_message_waits_an_hour_to_the_millisecond() {
    let mut world = enrolled(&Policy::auth0());
    let challenge = Command::Challenge {
        session: 0,
        authenticator: None,
    };
    for _ in 0..9 {
        assert!(world.apply(&challenge).reply.sent.is_some());
    }
    let refused = world.apply(&challenge);
    let retry_at = refused.at + std::time::Duration::from_secs(3_600);
    assert_eq!(
        refused.reply.answer,
        Answer::Denied(Denied::TooManySends { retry_at })
    );
    world.apply(&Command::Step { millis: 3_599_999 });
    assert_eq!(
        world.apply(&challenge).reply.answer,
        Answer::Denied(Denied::TooManySends { retry_at })
    );
    world.apply(&Command::Step { millis: 1 });
    assert!(world.apply(&challenge).reply.sent.is_some());
    assert_eq!(world.apply(&challenge).reply.sent, None);
}

#[test]
fn r05_the_eleventh_wrong_code_waits_six_minutes_and_recovery_codes_do_not() {
    let mut world = enrolled(&Policy::auth0());
    world.apply(&Command::Challenge {
        session: 0,
        authenticator: None,
    });
    let wrong = Command::VerifyOob {
        session: None,
        code: Some(0),
        guess: Guess::Wrong,
    };
    let right = Command::VerifyOob {
        session: None,
        code: Some(0),
        guess: Guess::Right,
    };
    for _ in 0..10 {
        assert_eq!(
            world.apply(&wrong).reply.answer,
            Answer::Denied(Denied::InvalidBindingCode)
        );
    }
    let refused = world.apply(&right);
    let retry_at = refused.at + std::time::Duration::from_secs(360);
    assert_eq!(
        refused.reply.answer,
        Answer::Denied(Denied::TooManyFailures { retry_at })
    );
    assert_eq!(
        answered_code(&world, &right).unwrap().expires_at,
        retry_at - time::Duration::MINUTE
    );

    let mut owner = world.clone();
    let recover = Command::VerifyRecoveryCode {
        session: 0,
        guess: RecoveryGuess::Retyped(0),
    };
    assert!(matches!(
        owner.apply(&recover).reply.answer,
        Answer::Verified { phone: None, .. }
    ));

    world.apply(&Command::Step { millis: 359_999 });
    world.apply(&Command::Challenge {
        session: 0,
        authenticator: None,
    });
    assert_eq!(
        world.apply(&right).reply.answer,
        Answer::Denied(Denied::TooManyFailures { retry_at })
    );
    world.apply(&Command::Step { millis: 1 });
    assert!(matches!(
        world.apply(&right).reply.answer,
        Answer::Verified { .. }
    ));
}
