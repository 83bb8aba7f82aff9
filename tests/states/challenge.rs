//! A challenge for a login, from its issue to its end.

use super::*;

/// An account with a phone, and a challenge of session 1, a long first-factor session. Session 0 is
/// another one, and session 2 an MFA session.
fn challenged() -> World {
    challenged_by(&two_attempts())
}

fn challenged_by(policy: &Policy) -> World {
    let ready = [
        Command::ImportPhone {
            phone: phone(),
            channel: Channel::Sms,
        },
        vouch(Assurance::FirstFactor, ALL, DAY),
        vouch(Assurance::FirstFactor, ALL, DAY),
        vouch(Assurance::Mfa, ALL, DAY),
        challenge(1),
    ];
    done(world_of(policy), &ready)
}

/// Another phone, so that the first one is not the last to be removed.
fn import_other() -> Command {
    Command::ImportPhone {
        phone: other_phone(),
        channel: Channel::Sms,
    }
}

/// The states of the challenge of code 0.
const CHALLENGE: [State; 11] = [
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
        done(challenged_by(&cap), &[verify(Guess::Wrong)])
    }),
    ("phone removed", || {
        done(
            challenged(),
            &[import_other(), Command::RemovePhone { device: 1 }],
        )
    }),
    ("last phone removed", || {
        done(challenged(), &[Command::RemovePhone { device: 0 }])
    }),
    ("clock behind", || overtaken(challenged())),
];

#[test]
fn every_state_of_a_challenge_by_every_answer() {
    let operations: [Operation; 11] = [
        ("right code", |world| answer(world, 1, Guess::Right)),
        ("right code, retyped", |world| {
            answer(world, 1, Guess::Retyped)
        }),
        ("wrong code", |world| answer(world, 1, Guess::Wrong)),
        ("malformed code", |world| {
            answer(world, 1, Guess::Malformed("12345".into()))
        }),
        ("right code of another session", |world| {
            answer(world, 0, Guess::Right)
        }),
        ("right code, mfa", |world| answer(world, 2, Guess::Right)),
        ("wrong code, mfa", |world| answer(world, 2, Guess::Wrong)),
        ("never issued", |world| Command::VerifyOob {
            session: Some(session(world, 1)),
            code: None,
            guess: Guess::Right,
        }),
        ("challenge again", |world| challenge(session(world, 1))),
        ("challenge by another session", |world| {
            challenge(session(world, 0))
        }),
        ("challenge by mfa", |world| challenge(session(world, 2))),
    ];
    assert_table("challenge", &CHALLENGE, &operations);
}

fn answer(world: &World, by: usize, guess: Guess) -> Command {
    let (session, code) = (Some(session(world, by)), Some(code(world, 0)));
    Command::VerifyOob {
        session,
        code,
        guess,
    }
}
