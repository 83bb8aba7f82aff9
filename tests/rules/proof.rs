//! Rules 1 to 3: who gets in, how often, and at what price.

use std::collections::HashSet;

use oob_mfa::testing::{Answer, Command, Guess, RecoveryGuess, commands, policies};
use oob_mfa::{Assurance, Channel, Denied, Policy, Purpose, RecoveryCodes};
use proptest::prelude::*;

use crate::harness::{
    LiveRecoveryCode, Look, answered, answered_code, assert_unchanged, engine, full_at, index,
    millis, play, presenter, world,
};

/// Rule 1: whoever gets in has shown the right code.
pub fn proof() -> Look {
    let mut live = LiveRecoveryCode::default();
    Box::new(move |before, command, observation, after| {
        if let Answer::Verified { phone, .. } = &observation.reply.answer {
            let session = presenter(before, command).unwrap();
            assert_eq!(
                before.sessions()[session].subject(),
                after.account().subject()
            );
            match command {
                Command::VerifyOob { guess, .. } => {
                    let code = answered_code(before, command).unwrap();
                    assert_eq!(*guess, Guess::Right);
                    assert_eq!(code.session, session);
                    assert_eq!(*phone, Some((code.channel, code.device)));
                    assert!(code.issued_at <= observation.at);
                    assert!(observation.at < code.expires_at);
                }
                Command::VerifyRecoveryCode {
                    guess: RecoveryGuess::Shown(at) | RecoveryGuess::Retyped(at),
                    ..
                } => {
                    assert_eq!(*phone, None);
                    assert_eq!(index(before.recovery_codes().len(), *at), live.0);
                    assert_ne!(live.0, None);
                }
                other => panic!("{other:?} proves nothing"),
            }
        }
        live.follow(before, command, observation);
    })
}

/// Rule 2: a code passes once, and a session of a first factor completes once.
pub fn once(policy: &Policy) -> Look {
    let longest = policy.longest_session();
    let mut codes = HashSet::new();
    let mut recovery_codes = HashSet::new();
    let mut sessions = HashSet::new();
    Box::new(move |before, command, observation, _| {
        // What a clock has left that was ahead by more than the longest session is forgotten:
        // it would lock the account until the clock gets there again.
        let latest = observation.at + longest;
        sessions.retain(|session: &usize| before.sessions()[*session].expires_at() <= latest);
        if !matches!(observation.reply.answer, Answer::Verified { .. }) {
            return;
        }
        match command {
            Command::VerifyOob { .. } => {
                assert!(codes.insert(answered(before, command).unwrap()));
            }
            Command::VerifyRecoveryCode {
                guess: RecoveryGuess::Shown(at) | RecoveryGuess::Retyped(at),
                ..
            } => assert!(recovery_codes.insert(index(before.recovery_codes().len(), *at))),
            other => panic!("{other:?} proves nothing"),
        }
        let session = presenter(before, command).unwrap();
        let found = &before.sessions()[session];
        assert!(observation.at < found.expires_at() && found.expires_at() <= latest);
        if found.assurance() == Assurance::FirstFactor {
            assert!(
                sessions.insert(session),
                "session {session} completed twice"
            );
        }
    })
}

/// Rule 3: a wrong code is charged in the save that reports it, and nothing else is a judgement.
pub fn charge_before_reveal(policy: &Policy) -> Look {
    let policy = policy.clone();
    Box::new(move |before, command, observation, after| {
        let Answer::Denied(denied) = observation.reply.answer else {
            return;
        };
        let (charged, limit) = match denied {
            Denied::InvalidBindingCode => ("binding_failures", policy.binding_failures()),
            Denied::InvalidRecoveryCode => ("recovery_failures", policy.recovery_failures()),
            _ => {
                assert!(!denied.is_rejected());
                return assert_unchanged(before, observation, after);
            }
        };
        assert!(denied.is_rejected());
        assert!(observation.reply.saved);
        let now = millis(observation.at);
        let period = i64::try_from(limit.period().as_millis()).unwrap();
        let settled = full_at(before, charged).min(now + period * i64::from(limit.burst()));
        assert_eq!(
            full_at(after, charged),
            settled.max(now) + period,
            "{command:?}"
        );
    })
}

proptest! {
    #[test]
    fn r01_proof_only_from_the_right_code(
        policy in policies(),
        seed: u64,
        commands in commands(1..50),
    ) {
        play(&mut world(&policy, seed), &commands, proof());
    }

    #[test]
    fn r02_a_code_succeeds_once_and_a_first_factor_completes_once(
        policy in policies(),
        seed: u64,
        commands in commands(1..50),
    ) {
        play(&mut world(&policy, seed), &commands, once(&policy));
    }

    #[test]
    fn r03_a_wrong_code_is_charged_in_the_save_that_reports_it(
        policy in policies(),
        seed: u64,
        commands in commands(1..50),
    ) {
        play(&mut world(&policy, seed), &commands, charge_before_reveal(&policy));
    }
}

/// No other takes its place there, so nothing but its use ends it.
#[test]
fn r02_a_recovery_code_is_used_up_where_the_policy_makes_no_more() {
    let mut world = world(&Policy::auth0(), 1);
    let recover = Command::VerifyRecoveryCode {
        session: 0,
        guess: RecoveryGuess::Shown(0),
    };
    let story = [
        Command::Begin,
        Command::Associate {
            session: 0,
            phone: "+14155558730".parse().unwrap(),
            channel: Channel::Sms,
        },
        Command::VerifyOob {
            session: None,
            code: Some(0),
            guess: Guess::Right,
        },
        Command::Begin,
    ];
    for command in &story {
        world.apply(command);
    }
    let none = Policy::auth0().with_recovery_codes(RecoveryCodes::Off);
    world.restart(engine(&none));
    let passed = Answer::Verified {
        phone: None,
        purpose: Purpose::Login,
        recovery_code: None,
    };
    assert_eq!(world.apply(&recover).reply.answer, passed);
    world.apply(&Command::Begin);
    assert_eq!(
        world.apply(&recover).reply.answer,
        Answer::Denied(Denied::NoRecoveryCode)
    );
}
