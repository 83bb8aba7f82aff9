//! Rules 4 to 7: the limits, and that only time refills a budget.

use std::collections::HashMap;

use oob_mfa::{Denied, DeniedKind, DeviceId, Limit, Policy};
use oob_mfa_testing::record::device;
use oob_mfa_testing::{Answer, Command, Guess, RecoveryGuess, World, commands, policies};
use proptest::prelude::*;

use crate::harness::{
    Look, Taken, answered_code, assert_unchanged, begins_again, charged, config, full_at, json,
    millis, play, record, time_of, window, world,
};

/// Rule 4: messages stay within the limit in every window of account time, for every clock.
pub fn send_limit(policy: &Policy) -> Look {
    let mut sent = Taken::of(policy.rate(Limit::Sends));
    Box::new(move |before, command, observation, _| {
        if begins_again(command, observation) {
            sent.begin_again();
        }
        if observation.reply.sent.is_some() {
            sent.take(time_of(before));
        }
    })
}

/// Rule 5: wrong codes stay within the limits in every window of account time, for every clock.
pub fn failure_limit(policy: &Policy) -> Look {
    let limits = [Limit::BindingFailures, Limit::RecoveryFailures];
    let mut taken = limits.map(|limit| (limit, Taken::of(policy.rate(limit))));
    Box::new(move |before, command, observation, _| {
        let judged = match observation.reply.answer {
            Answer::Denied(denied) => charged(denied),
            _ => None,
        };
        for (limit, taken) in &mut taken {
            if begins_again(command, observation) {
                taken.begin_again();
            }
            if judged == Some(*limit) {
                taken.take(time_of(before));
            }
        }
    })
}

/// Rule 6: with an empty budget, every code gets the same answer and changes nothing.
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
        assert!(millis(retry_at) > time_of(before));
        assert_eq!(denied.kind(), DeniedKind::Refused);
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

/// Rule 7: only time refills a budget, and an administrator who restores or rewinds.
pub fn budgets_survive(policy: &Policy) -> Look {
    let policy = policy.clone();
    Box::new(move |before, command, observation, after| {
        if !observation.reply.saved {
            return;
        }
        for limit in Limit::ALL {
            let (earlier, later) = (full_at(before, limit), full_at(after, limit));
            match command {
                Command::RestoreBudgets => assert_eq!(later, 0),
                Command::Rewind => {
                    let empty = millis(before.now()) + window(policy.rate(limit));
                    assert_eq!(later, earlier.min(empty));
                }
                _ => assert!(later >= earlier, "{command:?} refills {limit:?}"),
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
            if passed.is_none_or(|passed| after.devices()[passed] != device) {
                let earlier = earlier.get(&device).copied().unwrap_or_default();
                assert!(failures >= earlier, "{command:?} forgives {device}");
            }
        }
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn r04_deliveries_stay_within_the_limit_in_every_window(
        policy in policies(),
        seed: u64,
        commands in commands(1..70),
    ) {
        play(&mut world(&policy, seed), &commands, send_limit(&policy));
    }

    #[test]
    fn r05_judged_failures_stay_within_the_limit_in_every_window(
        policy in policies(),
        seed: u64,
        commands in commands(1..70),
    ) {
        play(&mut world(&policy, seed), &commands, failure_limit(&policy));
    }

    #[test]
    fn r06_with_an_empty_budget_right_and_wrong_get_the_same_answer(
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

/// The wrong codes counted against each phone.
fn failures(world: &World) -> HashMap<DeviceId, u32> {
    let phones = record(world).phones.into_iter();
    phones
        .map(|phone| (device(&phone.device), phone.failures))
        .collect()
}

/// An account with a phone and a recovery code, and a long first-factor session.
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
        Command::Vouch(oob_mfa_testing::Vouch {
            assurance: oob_mfa::Assurance::FirstFactor,
            scope: "openid".into(),
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
        channel: None,
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
        channel: None,
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
        channel: None,
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
