//! Rules 4 to 7: the limits, and that only time refills a budget.

use std::collections::HashMap;

use oob_mfa::{Assurance, Denied, DeniedKind, DeviceId, Limit, MfaSession, Policy};
use oob_mfa_testing::record::device;
use oob_mfa_testing::{
    ALICES, Answer, Command, DAY, Guess, HOUR, MILLISECOND, MINUTE, RecoveryGuess, World,
};

use crate::harness::{
    Look, Taken, assert_unchanged, begins_again, charged, full_at, json, millis, on_every_step,
    record, time_of, window,
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

on_every_step! {
    r04_deliveries_stay_within_the_limit_in_every_window: 70, send_limit;
    r05_judged_failures_stay_within_the_limit_in_every_window: 70, failure_limit;
    r06_with_an_empty_budget_right_and_wrong_get_the_same_answer: 50, |_| no_oracle();
    r07_budgets_survive_everything: 50, budgets_survive;
}

/// The wrong codes counted against each phone.
fn failures(world: &World) -> HashMap<DeviceId, u32> {
    let phones = record(world).phones.into_iter();
    phones
        .map(|phone| (device(&phone.device), phone.failures))
        .collect()
}

/// An account with a phone, its recovery code, and a long first-factor session.
fn enrolled() -> (World, String, MfaSession) {
    let mut world = World::new();
    let (_, recovery_code) = world.enroll(ALICES);
    let session = world.trusted(Assurance::FirstFactor, "openid", DAY);
    (world, recovery_code, session)
}

#[test]
fn r04_the_eleventh_message_waits_an_hour_to_the_millisecond() {
    let (mut world, _, session) = enrolled();
    let challenged = |world: &mut World| world.challenge(&session, None).map(drop);
    for _ in 0..9 {
        assert_eq!(challenged(&mut world), Ok(()));
    }
    let retry_at = world.now() + HOUR;
    let refused = Err(Denied::TooManySends { retry_at });
    assert_eq!(challenged(&mut world), refused);
    world.wait(HOUR - MILLISECOND);
    assert_eq!(challenged(&mut world), refused);
    world.wait(MILLISECOND);
    assert_eq!(challenged(&mut world), Ok(()));
    assert!(challenged(&mut world).is_err());
}

#[test]
fn r05_the_eleventh_wrong_code_waits_six_minutes_and_recovery_codes_do_not() {
    let (mut world, recovery_code, session) = enrolled();
    let sent = world.challenge(&session, None).unwrap();
    for _ in 0..10 {
        let wrong = world.verify(&session, &sent.wrong()).map(drop);
        assert_eq!(wrong, Err(Denied::InvalidBindingCode));
    }
    let retry_at = world.now() + 6 * MINUTE;
    let refused = Err(Denied::TooManyFailures { retry_at });
    assert_eq!(world.verify(&session, &sent).map(drop), refused);
    assert_eq!(world.codes().last().unwrap().expires_at, retry_at - MINUTE);
    let mut owner = world.clone();
    let retyped = format!(
        " {}-{}\t",
        &recovery_code[..4],
        recovery_code[4..].to_lowercase()
    );
    assert!(owner.recover(&session, &retyped).is_ok());

    world.wait(6 * MINUTE - MILLISECOND);
    let sent = world.challenge(&session, None).unwrap();
    assert_eq!(world.verify(&session, &sent).map(drop), refused);
    world.wait(MILLISECOND);
    assert!(world.verify(&session, &sent).is_ok());
}
