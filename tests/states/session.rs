//! A session, by kind and state.

use super::*;

/// An enrolled account, and a session, the latest, with a code for its phone.
fn with_session(session: Command) -> World {
    done(enrolled(), &[session, challenge(0)])
}

/// An enrolled account, an MFA session, the latest, and a first-factor session with a code.
fn with_mfa(scope: &str, lifetime: i64) -> World {
    done(
        with_session(Command::Begin),
        &[vouch(Assurance::Mfa, scope, lifetime)],
    )
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

const SESSION: [State; 14] = [
    ("first factor", || with_session(Command::Begin)),
    ("mfa", || with_mfa("openid", DAY)),
    ("mfa, enroll", || with_mfa("enroll", DAY)),
    ("mfa, read", || with_mfa("read:authenticators", DAY)),
    ("mfa, remove", || with_mfa("remove:authenticators", DAY)),
    ("spent", || {
        done(with_session(Command::Begin), &[verify(Guess::Right)])
    }),
    ("expired", || {
        done(with_mfa(ALL, MINUTE), &[Command::Step { millis: MINUTE }])
    }),
    ("too long", || {
        done(enrolled(), &[vouch(Assurance::Mfa, ALL, DAY + MINUTE + 1)])
    }),
    ("not yet valid", || {
        let early = Vouch {
            assurance: Assurance::Mfa,
            scope: ALL.into(),
            age: -MINUTE - 1,
            lifetime: DAY,
            stranger: false,
        };
        done(enrolled(), &[Command::Vouch(early)])
    }),
    ("revoked by a reset", || {
        let later = Command::Step { millis: 1 };
        done(with_mfa(ALL, DAY), &[later, Command::Reset])
    }),
    ("revoked by an erasure", || {
        let later = Command::Step { millis: 1 };
        done(with_mfa(ALL, DAY), &[later, Command::Erase])
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
    ("clock behind", || overtaken(with_mfa(ALL, DAY))),
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
    assert_table("session", &SESSION, &operations);
}
