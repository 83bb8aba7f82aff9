//! No clock revives what a record has ended.

use std::collections::HashSet;

use oob_mfa::{Assurance, Channel, Limit, MfaSession, Policy};
use oob_mfa_testing::record::{Record, challenge_id, session_tag};
use oob_mfa_testing::{Answer, Command, RecoveryGuess, backward_steps, monotone_commands};
use proptest::prelude::*;

use super::jumps::left;
use crate::harness::{
    CHALLENGE, Look, answer_to, answered, charged, config, is_done, millis, play, presenter,
    record, skew, world,
};

/// Rule 13: a code or session that a record has ended is never accepted or judged again.
pub fn nothing_revives() -> Look {
    let mut codes = HashSet::new();
    let mut sessions = HashSet::new();
    Box::new(move |before, command, observation, after| {
        let is_refused = match observation.reply.answer {
            Answer::Denied(denied) => charged(denied).is_none(),
            Answer::Nothing | Answer::Unavailable | Answer::Opened { .. } => true,
            _ => false,
        };
        if !is_refused {
            let session = presenter(before, command);
            assert!(!session.is_some_and(|session| sessions.contains(&session)));
            let code = answered(before, command);
            assert!(!code.is_some_and(|code| codes.contains(&code)));
        }
        if *command == Command::Rewind && is_done(observation) {
            // Sessions from further ahead become valid later unless their key is dropped: see
            // `rewind`.
            let revoked_until = millis(after.now()) + skew(after);
            let issued = after.sessions().iter().enumerate();
            sessions = issued
                .filter(|(_, session)| millis(session.issued_at()) <= revoked_until)
                .map(|(number, _)| number)
                .collect();
            codes.extend(0..after.codes().len());
        } else if observation.reply.saved {
            let record = record(after);
            for (number, session) in after.sessions().iter().enumerate() {
                if !sessions.contains(&number) && is_ended(&record, session) {
                    sessions.insert(number);
                }
            }
            for (number, code) in after.codes().iter().enumerate() {
                if !codes.contains(&number) && !has_code(&record, &code.oob_code) {
                    codes.insert(number);
                }
            }
        }
    })
}

/// Whether a session is expired, revoked or spent at the time of the record.
fn is_ended(record: &Record, session: &MfaSession) -> bool {
    let is_first_factor = session.assurance() == Assurance::FirstFactor;
    let revoked = record.revoked_until;
    let issued = Some(millis(session.issued_at()));
    millis(session.expires_at()) <= record.as_of
        || issued <= revoked.every
        || is_first_factor && issued <= revoked.first_factor
        || is_first_factor && {
            let tag = session_tag(session);
            record.spent.iter().any(|spent| spent.session == tag)
        }
}

fn has_code(record: &Record, oob_code: &str) -> bool {
    let id = challenge_id(oob_code);
    record
        .issued()
        .any(|(challenge, code)| challenge.id == id && code.expires_at > record.as_of)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn r13_a_clock_that_runs_backwards_grants_nothing(
        seed: u64,
        commands in monotone_commands(1..40),
        back in backward_steps(),
    ) {
        let mut world = world(&Policy::auth0(), seed);
        let mut completed = Vec::new();
        let mut used = Vec::new();
        play(&mut world, &commands, |before, command, observation, _| {
            if matches!(observation.reply.answer, Answer::Verified { .. }) {
                completed.extend(presenter(before, command));
                used.extend(answered(before, command));
            }
        });
        let mut earlier = world.clone();
        earlier.apply(&Command::Step { millis: back });
        let remaining = world.engine.remaining(&world.account(), Limit::Sends, world.now());
        assert!(left(&earlier, &CHALLENGE) <= usize::try_from(remaining).unwrap());
        let wrong = Command::VerifyRecoveryCode { session: 0, guess: RecoveryGuess::Wrong };
        assert!(left(&earlier, &wrong) <= left(&world, &wrong));
        let session_of = |number: usize| world.sessions().len() - 1 - number;
        for session in completed {
            if world.sessions()[session].assurance() == Assurance::FirstFactor {
                let again = Command::Challenge { session: session_of(session), authenticator: None, channel: None };
                let answer = earlier.clone().apply(&again).reply.answer;
                assert!(matches!(answer, Answer::Denied(_)), "session {session} is valid again");
            }
        }
        for code in used {
            let answer = answer_to(&earlier, code);
            assert!(matches!(answer, Answer::Denied(_)), "code {code:?} is live again");
        }
        // Codes that a change has dropped from the record stay dropped.
        let import = Command::ImportPhone {
            phone: "+442079460001".parse().unwrap(),
            channel: Channel::Sms,
        };
        let mut pruned = world.clone();
        if pruned.apply(&import).reply.saved {
            pruned.apply(&Command::Step { millis: back });
            for (number, code) in world.codes().iter().enumerate() {
                if code.expires_at <= world.now() {
                    let answer = answer_to(&pruned, number);
                    assert!(matches!(answer, Answer::Denied(_)), "code {number:?} comes back");
                }
            }
        }
    }
}
