//! Every state by every operation: what is answered, and that a refusal changes nothing.
//!
//! The tables are in `states/`, an operation to a row and a state to a column. A cell is the first word
//! of the answer, or the refusal itself; a list is what is listed.

use oob_mfa::testing::{Answer, Authenticator, Command, Guess, RecoveryGuess, Vouch, World};
use oob_mfa::{Assurance, Channel, Engine, Key, KeyRing, PhoneNumber, Policy};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;
const ALL: &str = "enroll read:authenticators remove:authenticators";

type State = (&'static str, fn() -> World);
type Operation = (&'static str, fn(&World) -> Command);

/// Two wrong codes end a challenge.
fn world() -> World {
    world_of(&two_attempts())
}

fn two_attempts() -> Policy {
    Policy::auth0()
        .with_attempts_per_challenge(Some(2))
        .unwrap()
}

fn world_of(policy: &Policy) -> World {
    let engine = Engine::new(policy.clone(), KeyRing::new(Key::new(1, &[7; 32])));
    World::new(engine, "auth0|alice".parse().unwrap(), 1)
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

/// Does what has to be granted, or rejected as wrong.
fn done(mut world: World, commands: &[Command]) -> World {
    for command in commands {
        let answer = world.apply(command).reply.answer;
        let refused = matches!(answer, Answer::Denied(denied) if !denied.is_rejected());
        assert!(!refused, "{command:?}: {answer:?}");
    }
    world
}

/// How far back the session of this number is.
fn session(world: &World, number: usize) -> usize {
    world.sessions().len() - 1 - number
}

fn code(world: &World, number: usize) -> usize {
    world.codes().len() - 1 - number
}

fn table(states: &[State], operations: &[Operation]) -> String {
    let mut rows = vec![vec!["".to_owned()]];
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
    let granted = match reply.answer {
        Answer::Denied(denied) if !denied.is_rejected() => {
            assert!(!reply.saved, "{command:?} was refused and saved");
            assert_eq!(before, after);
            assert!(observation.events.is_empty() && reply.sent.is_none());
            return format!("{denied:?}");
        }
        Answer::Denied(denied) => format!("{denied:?}"),
        Answer::Listed(entries) => {
            assert_eq!(before, after);
            let entry = |entry: &oob_mfa::testing::Listed| {
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

fn assert_table(states: &[State], operations: &[Operation], expected: &str) {
    let table = table(states, operations);
    assert!(table == expected, "\n{table}");
}

/// The states of one enrollment, begun by session 0. Session 1 is one of a second factor with every
/// scope, and the latest is a fresh one of a first factor.
const ENROLLMENT: [State; 7] = [
    ("none", || {
        done(
            world(),
            &[
                Command::Begin,
                vouch(Assurance::Mfa, ALL, DAY),
                Command::Begin,
            ],
        )
    }),
    ("pending", pending),
    ("expired", || {
        done(pending(), &[Command::Step { millis: 5 * MINUTE }])
    }),
    ("superseded", || {
        let world = pending();
        let again = associate(session(&world, 0));
        done(world, &[again])
    }),
    ("active", active),
    ("disabled", || {
        let cap = Policy::auth0().with_failure_cap(Some(1)).unwrap();
        let enroll = done(enrolling(&cap), &[verify(Guess::Right), Command::Begin]);
        done(enroll, &[challenge(0), verify(Guess::Wrong)])
    }),
    ("removed", || {
        done(
            active(),
            &[Command::RemovePhone { device: 0 }, Command::Begin],
        )
    }),
];

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

fn phone_entry(world: &World, channel: Channel) -> Authenticator {
    Authenticator::Phone(channel, world.devices().len().saturating_sub(1))
}

#[test]
fn every_state_of_an_enrollment_by_every_operation() {
    let operations: [Operation; 18] = [
        ("associate it (first factor)", |_| associate(0)),
        ("associate it (mfa)", |world| associate(session(world, 1))),
        ("associate another (first factor)", |_| Command::Associate {
            session: 0,
            phone: other_phone(),
            channel: Channel::Voice,
        }),
        ("associate another (mfa)", |world| Command::Associate {
            session: session(world, 1),
            phone: other_phone(),
            channel: Channel::Voice,
        }),
        ("challenge it", |world| Command::Challenge {
            session: 0,
            authenticator: Some(phone_entry(world, Channel::Voice)),
        }),
        ("challenge any", |_| challenge(0)),
        ("right code", |world| first_code(world, Guess::Right)),
        ("wrong code", |world| first_code(world, Guess::Wrong)),
        ("right code (mfa)", |world| Command::VerifyOob {
            session: Some(session(world, 1)),
            code: world.codes().len().checked_sub(1),
            guess: Guess::Right,
        }),
        ("its recovery code", |world| {
            recover(0, world.recovery_codes().len().saturating_sub(1))
        }),
        ("remove it (first factor)", |world| Command::Remove {
            session: 0,
            authenticator: phone_entry(world, Channel::Sms),
        }),
        ("remove it (mfa)", |world| Command::Remove {
            session: session(world, 1),
            authenticator: phone_entry(world, Channel::Voice),
        }),
        ("regenerate (mfa)", |world| Command::Regenerate {
            session: session(world, 1),
        }),
        ("list", |_| Command::List { session: 0 }),
        ("import it", |_| Command::ImportPhone {
            phone: phone(),
            channel: Channel::Sms,
        }),
        ("remove_phone", |world| Command::RemovePhone {
            device: world.devices().len().saturating_sub(1),
        }),
        ("reset", |_| Command::Reset),
        ("restore_budgets", |_| Command::RestoreBudgets),
    ];
    assert_table(
        &ENROLLMENT,
        &operations,
        include_str!("states/enrollment.txt"),
    );
}

/// The code that began the enrollment, by the session that began it.
fn first_code(world: &World, guess: Guess) -> Command {
    let code = world.codes().len().checked_sub(1);
    Command::VerifyOob {
        session: Some(session(world, 0)),
        code,
        guess,
    }
}

/// An account with a phone, and a challenge of session 1, which lives long; session 2 is another.
fn challenged() -> World {
    let ready = [
        Command::ImportPhone {
            phone: phone(),
            channel: Channel::Sms,
        },
        vouch(Assurance::Mfa, ALL, DAY),
        vouch(Assurance::Mfa, ALL, DAY),
        vouch(Assurance::FirstFactor, ALL, DAY),
        challenge(1),
    ];
    done(world(), &ready)
}

/// The states of the challenge of code 0.
const CHALLENGE: [State; 9] = [
    ("issued", challenged),
    ("tried once", || done(challenged(), &[verify(Guess::Wrong)])),
    ("expired", || {
        done(challenged(), &[Command::Step { millis: 5 * MINUTE }])
    }),
    ("forgotten", || {
        done(
            challenged(),
            &[Command::Step {
                millis: 10 * MINUTE,
            }],
        )
    }),
    ("consumed", || done(challenged(), &[verify(Guess::Right)])),
    ("superseded", || done(challenged(), &[challenge(1)])),
    ("attempts spent", || {
        done(challenged(), &[verify(Guess::Wrong), verify(Guess::Wrong)])
    }),
    ("phone disabled", || {
        let cap = Policy::auth0().with_failure_cap(Some(1)).unwrap();
        let ready = [
            Command::ImportPhone {
                phone: phone(),
                channel: Channel::Sms,
            },
            vouch(Assurance::Mfa, ALL, DAY),
            vouch(Assurance::Mfa, ALL, DAY),
            vouch(Assurance::FirstFactor, ALL, DAY),
            challenge(1),
            verify(Guess::Wrong),
        ];
        done(world_of(&cap), &ready)
    }),
    ("phone removed", || {
        done(challenged(), &[Command::RemovePhone { device: 0 }])
    }),
];

#[test]
fn every_state_of_a_challenge_by_every_answer() {
    let operations: [Operation; 8] = [
        ("right code", |world| answer(world, 1, Guess::Right)),
        ("wrong code", |world| answer(world, 1, Guess::Wrong)),
        ("malformed code", |world| {
            answer(world, 1, Guess::Malformed("12345".into()))
        }),
        ("right code of another session", |world| {
            answer(world, 0, Guess::Right)
        }),
        ("right code, first factor", |world| {
            answer(world, 2, Guess::Right)
        }),
        ("never issued", |world| Command::VerifyOob {
            session: Some(session(world, 1)),
            code: None,
            guess: Guess::Right,
        }),
        ("challenge again", |world| challenge(session(world, 1))),
        ("challenge by another session", |world| {
            challenge(session(world, 2))
        }),
    ];
    assert_table(
        &CHALLENGE,
        &operations,
        include_str!("states/challenge.txt"),
    );
}

fn answer(world: &World, by: usize, guess: Guess) -> Command {
    let (session, code) = (Some(session(world, by)), Some(code(world, 0)));
    Command::VerifyOob {
        session,
        code,
        guess,
    }
}

/// The states of the recovery code that was shown first. The latest session is a fresh one of a
/// first factor, session 1 one of a second with every scope.
const RECOVERY: [State; 6] = [
    ("none", || {
        let import = Command::ImportPhone {
            phone: phone(),
            channel: Channel::Sms,
        };
        let begin = [
            import,
            Command::Begin,
            vouch(Assurance::Mfa, ALL, DAY),
            Command::Begin,
        ];
        done(world(), &begin)
    }),
    ("pending", pending),
    ("active", active),
    ("used", || done(active(), &[recover(0, 0), Command::Begin])),
    ("replaced", || {
        let world = active();
        let regenerate = Command::Regenerate {
            session: session(&world, 1),
        };
        done(world, &[regenerate])
    }),
    ("removed with the last phone", || {
        done(
            active(),
            &[Command::RemovePhone { device: 0 }, Command::Begin],
        )
    }),
];

#[test]
fn every_state_of_a_recovery_code_by_every_operation() {
    let operations: [Operation; 8] = [
        ("it", |world| {
            recover(0, world.recovery_codes().len().saturating_sub(1))
        }),
        ("it, retyped", |world| Command::VerifyRecoveryCode {
            session: 0,
            guess: RecoveryGuess::Retyped(world.recovery_codes().len().saturating_sub(1)),
        }),
        ("the latest", |_| recover(0, 0)),
        ("wrong", |_| Command::VerifyRecoveryCode {
            session: 0,
            guess: RecoveryGuess::Wrong,
        }),
        ("malformed", |_| Command::VerifyRecoveryCode {
            session: 0,
            guess: RecoveryGuess::Malformed("N3BG".into()),
        }),
        ("regenerate (first factor)", |_| Command::Regenerate {
            session: 0,
        }),
        ("regenerate (mfa)", |world| Command::Regenerate {
            session: session(world, 1),
        }),
        ("list", |_| Command::List { session: 0 }),
    ];
    assert_table(
        &RECOVERY,
        &operations,
        include_str!("states/recovery_code.txt"),
    );
}

/// An enrolled account and a session, the latest one, that has had a code for its phone.
fn with_session(session: Command) -> World {
    done(enrolled(), &[session, challenge(0)])
}

fn enrolled() -> World {
    done(
        world(),
        &[
            Command::Begin,
            associate(0),
            verify(Guess::Right),
            Command::Step { millis: 1 },
        ],
    )
}

const SESSION: [State; 11] = [
    ("first factor", || with_session(Command::Begin)),
    ("mfa", || with_session(vouch(Assurance::Mfa, "openid", DAY))),
    ("mfa, enroll", || {
        with_session(vouch(Assurance::Mfa, "enroll", DAY))
    }),
    ("mfa, read", || {
        with_session(vouch(Assurance::Mfa, "read:authenticators", DAY))
    }),
    ("mfa, remove", || {
        with_session(vouch(Assurance::Mfa, "remove:authenticators", DAY))
    }),
    ("spent", || {
        done(with_session(Command::Begin), &[verify(Guess::Right)])
    }),
    ("expired", || {
        done(
            with_session(vouch(Assurance::Mfa, ALL, MINUTE)),
            &[Command::Step { millis: MINUTE }],
        )
    }),
    ("too long", || {
        done(enrolled(), &[vouch(Assurance::Mfa, ALL, DAY + 1)])
    }),
    ("revoked by a reset", || {
        let later = Command::Step { millis: 1 };
        done(
            with_session(vouch(Assurance::Mfa, ALL, DAY)),
            &[later, Command::Reset],
        )
    }),
    ("revoked by the last removal", || {
        let later = Command::Step { millis: 1 };
        done(
            with_session(Command::Begin),
            &[later, Command::RemovePhone { device: 0 }],
        )
    }),
    ("of another subject", || {
        let scope = ALL.into();
        let (assurance, age, lifetime) = (Assurance::Mfa, 0, DAY);
        let stranger = Vouch {
            assurance,
            scope,
            age,
            lifetime,
            stranger: true,
        };
        done(enrolled(), &[Command::Vouch(stranger)])
    }),
];

#[test]
fn every_state_of_a_session_by_every_operation() {
    let operations: [Operation; 9] = [
        ("associate", |_| Command::Associate {
            session: 0,
            phone: other_phone(),
            channel: Channel::Sms,
        }),
        ("challenge", |_| challenge(0)),
        ("right code", |_| Command::VerifyOob {
            session: Some(0),
            code: Some(0),
            guess: Guess::Right,
        }),
        ("wrong code", |_| Command::VerifyOob {
            session: Some(0),
            code: Some(0),
            guess: Guess::Wrong,
        }),
        ("recovery code", |_| recover(0, 0)),
        ("wrong recovery code", |_| Command::VerifyRecoveryCode {
            session: 0,
            guess: RecoveryGuess::Wrong,
        }),
        ("remove", |world| Command::Remove {
            session: 0,
            authenticator: phone_entry(world, Channel::Sms),
        }),
        ("regenerate", |_| Command::Regenerate { session: 0 }),
        ("list", |_| Command::List { session: 0 }),
    ];
    assert_table(&SESSION, &operations, include_str!("states/session.txt"));
}
