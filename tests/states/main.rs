//! Every state by every operation: the answer, and that a refusal changes nothing.
//!
//! The tables are the `.txt` files beside this one, with a row per operation and a column per state. A cell
//! is the first word of the answer, the refusal, or the listed entries. If behavior changes on purpose,
//! `OOB_MFA_REWRITE_STATES=1 cargo test --test states` rewrites them: read each line.

mod challenge;
mod enrollment;
mod recovery_code;
mod session;

use std::fs;
use std::path::PathBuf;

use oob_mfa::{
    Assurance, Channel, DeniedKind, Engine, Key, KeyRing, PhoneNumber, Policy, RecoveryCodes,
};
use oob_mfa_testing::{Answer, Authenticator, Command, Guess, RecoveryGuess, Vouch, World};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const ALL: &str = "enroll read:authenticators remove:authenticators";

type State = (&'static str, fn() -> World);
type Operation = (&'static str, fn(&World) -> Command);

/// 2 wrong codes end a challenge.
fn world() -> World {
    world_of(&two_attempts())
}

fn two_attempts() -> Policy {
    Policy::auth0()
        .with_attempts_per_challenge(Some(2))
        .unwrap()
}

fn world_of(policy: &Policy) -> World {
    World::of(policy.clone(), "auth0|alice")
}

fn phone() -> PhoneNumber {
    "+14155558730".parse().unwrap()
}

fn other_phone() -> PhoneNumber {
    "+442079460000".parse().unwrap()
}

fn vouch(assurance: Assurance, scope: &str, lifetime: i64) -> Command {
    let scope = scope.into();
    Command::Vouch(Vouch {
        assurance,
        scope,
        age: 0,
        lifetime,
        stranger: false,
    })
}

fn associate(session: usize) -> Command {
    Command::Associate {
        session,
        phone: phone(),
        channel: Channel::Sms,
    }
}

fn challenge(session: usize) -> Command {
    Command::Challenge {
        session,
        authenticator: None,
        channel: None,
    }
}

fn verify(guess: Guess) -> Command {
    Command::VerifyOob {
        session: None,
        code: Some(0),
        guess,
    }
}

fn recover(session: usize, shown: usize) -> Command {
    Command::VerifyRecoveryCode {
        session,
        guess: RecoveryGuess::Shown(shown),
    }
}

/// Runs a command that must be granted or rejected.
fn done(mut world: World, commands: &[Command]) -> World {
    for command in commands {
        let answer = world.apply(command).reply.answer;
        assert!(!is_refused(&answer), "{command:?}: {answer:?}");
    }
    world
}

fn is_refused(answer: &Answer) -> bool {
    matches!(answer, Answer::Denied(denied) if denied.kind() != DeniedKind::Rejected)
}

/// The session with this number, counted back from the latest.
fn session(world: &World, number: usize) -> usize {
    world.sessions().len() - 1 - number
}

fn code(world: &World, number: usize) -> usize {
    world.codes().len() - 1 - number
}

fn table(states: &[State], operations: &[Operation]) -> String {
    let mut rows = vec![vec![String::new()]];
    rows[0].extend(states.iter().map(|(name, _)| (*name).to_owned()));
    for (name, operation) in operations {
        let cells = states.iter().map(|(_, state)| cell(state(), *operation));
        rows.push([(*name).to_owned()].into_iter().chain(cells).collect());
    }
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap();
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let lines = rows.iter().map(|row| {
        let cells = row
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell:width$}"));
        cells.collect::<Vec<_>>().join(" | ").trim_end().to_owned()
    });
    lines.map(|line| line + "\n").collect()
}

fn cell(mut world: World, operation: fn(&World) -> Command) -> String {
    let before = serde_json::to_string(&world.record()).unwrap();
    let command = operation(&world);
    let observation = world.apply(&command);
    let after = serde_json::to_string(&world.record()).unwrap();
    let reply = observation.reply;
    if is_refused(&reply.answer) {
        assert!(!reply.saved, "{command:?} was refused and saved");
        assert_eq!(before, after);
        assert!(observation.events.is_empty() && reply.sent.is_none());
    }
    let granted = match reply.answer {
        Answer::Denied(denied) if denied.kind() != DeniedKind::Rejected => {
            return format!("{denied:?}");
        }
        Answer::Denied(denied) => format!("{denied:?}"),
        Answer::Listed(entries) => {
            assert_eq!(before, after);
            let entry = |entry: &oob_mfa_testing::Listed| {
                let kind = if entry.phone.is_some() {
                    "phone"
                } else {
                    "code"
                };
                format!("{kind}:{:?}", entry.status)
            };
            let mut entries: Vec<String> = entries.iter().map(entry).collect();
            entries.dedup();
            return format!("[{}]", entries.join(" "));
        }
        granted => {
            let granted = format!("{granted:?}");
            granted.split(' ').next().unwrap_or_default().to_owned()
        }
    };
    assert!(
        reply.saved && before != after,
        "{command:?} was granted and not saved"
    );
    assert!(!observation.events.is_empty());
    granted
}

fn assert_table(name: &str, states: &[State], operations: &[Operation]) {
    let table = table(states, operations);
    let file = format!("{name}.txt");
    let path = PathBuf::from_iter([env!("CARGO_MANIFEST_DIR"), "tests", "states", &file]);
    if std::env::var_os("OOB_MFA_REWRITE_STATES").is_some() {
        fs::write(&path, &table).unwrap();
    }
    let expected = fs::read_to_string(path).unwrap();
    assert!(table == expected, "\n{table}");
}

fn phone_entry(world: &World, channel: Channel) -> Authenticator {
    Authenticator::Phone(channel, world.devices().len().saturating_sub(1))
}

/// An account with a first-factor enrollment: session 0 started it, and session 1 is an MFA session
/// with every scope.
fn enrolling(policy: &Policy) -> World {
    let begin = [
        Command::Begin,
        vouch(Assurance::Mfa, ALL, DAY),
        associate(1),
    ];
    done(world_of(policy), &begin)
}

fn pending() -> World {
    done(enrolling(&two_attempts()), &[Command::Begin])
}

fn active() -> World {
    done(
        pending(),
        &[
            verify(Guess::Right),
            Command::Step { millis: 1 },
            Command::Begin,
        ],
    )
}

/// A removal revokes sessions issued until then, and not the session of a millisecond later.
fn without_its_phone() -> World {
    done(
        active(),
        &[
            Command::RemovePhone { device: 0 },
            Command::Step { millis: 1 },
            Command::Begin,
        ],
    )
}

/// A server whose clock is 2 minutes ahead has changed the record.
fn overtaken(world: World) -> World {
    done(
        world,
        &[
            Command::Step { millis: 2 * MINUTE },
            Command::RestoreBudgets,
            Command::Step {
                millis: -2 * MINUTE,
            },
        ],
    )
}
