//! Rules 1 to 3: who may sign in, how often, and what is charged.

use std::collections::HashSet;

use oob_mfa::{Assurance, DeniedKind, Policy};
use oob_mfa_testing::{Answer, Command, Guess, RecoveryGuess};

use crate::harness::{
    LiveRecoveryCode, Look, answered, answered_code, assert_unchanged, charged, full_at, index,
    is_done, millis, on_every_step, period, presenter, skew, time_of,
};

/// Rule 1: a login needs the right code.
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
                    assert!(matches!(guess, Guess::Right | Guess::Retyped));
                    assert_eq!(code.session, session);
                    assert_eq!(*phone, Some((code.channel, code.device)));
                    let now = time_of(before);
                    assert!(millis(code.issued_at) <= now && now < millis(code.expires_at));
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

/// Rule 2: a code succeeds once, and a first-factor session completes one login.
pub fn once(policy: &Policy) -> Look {
    let longest = i64::try_from(policy.longest_session().as_millis()).unwrap();
    let mut codes = HashSet::new();
    let mut recovery_codes = HashSet::new();
    let mut sessions = HashSet::new();
    Box::new(move |before, command, observation, _| {
        let now = time_of(before);
        let ahead = now + skew(before);
        if *command == Command::Rewind && is_done(observation) {
            // A session from further ahead becomes valid later unless its key is dropped: see
            // `rewind`.
            let revoked_until = millis(before.now()) + skew(before);
            sessions.retain(|session: &usize| {
                millis(before.sessions()[*session].issued_at()) <= revoked_until
            });
        }
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
        assert!(now < millis(found.expires_at()) && millis(found.issued_at()) <= ahead);
        assert!(millis(found.expires_at()) <= ahead + longest);
        if found.assurance() == Assurance::FirstFactor {
            assert!(
                sessions.insert(session),
                "session {session} completed twice"
            );
        }
    })
}

/// Rule 3: a wrong code is charged in the save that reports it, and a refusal saves nothing.
pub fn charge_before_reveal(policy: &Policy) -> Look {
    let policy = policy.clone();
    Box::new(move |before, command, observation, after| {
        let Answer::Denied(denied) = observation.reply.answer else {
            return;
        };
        let Some(limit) = charged(denied) else {
            assert_ne!(denied.kind(), DeniedKind::Rejected);
            return assert_unchanged(before, observation, after);
        };
        assert_eq!(denied.kind(), DeniedKind::Rejected);
        assert!(observation.reply.saved);
        assert_eq!(
            full_at(after, limit),
            full_at(before, limit).max(time_of(before)) + period(policy.rate(limit)),
            "{command:?}"
        );
    })
}

on_every_step! {
    r01_proof_only_from_the_right_code: 50, |_| proof();
    r02_a_code_succeeds_once_and_a_first_factor_completes_once: 50, once;
    r03_a_wrong_code_is_charged_in_the_save_that_reports_it: 50, charge_before_reveal;
}
