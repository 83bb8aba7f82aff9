//! An enrollment, from association to removal.

use super::*;

/// The states of one enrollment, started by session 0 unless the state says otherwise. Session 1 is an MFA
/// session with every scope, and the latest is a new first-factor session.
const ENROLLMENT: [State; 10] = [
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
    ("removed", without_its_phone),
    ("pending (mfa)", pending_by_mfa),
    ("active (mfa)", || {
        done(
            pending_by_mfa(),
            &[
                verify(Guess::Right),
                Command::Step { millis: 1 },
                Command::Begin,
            ],
        )
    }),
    ("active, clock behind", || overtaken(active())),
];

/// The MFA session started it instead.
fn pending_by_mfa() -> World {
    let begin = [
        Command::Begin,
        vouch(Assurance::Mfa, ALL, DAY),
        associate(0),
        Command::Begin,
    ];
    done(world(), &begin)
}

#[test]
fn every_state_of_an_enrollment_by_every_operation() {
    let operations: [Operation; 22] = [
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
            channel: None,
        }),
        ("challenge it, by its channel", |world| Command::Challenge {
            session: 0,
            authenticator: Some(phone_entry(world, Channel::Voice)),
            channel: Some(Channel::Voice),
        }),
        ("challenge it, by another channel", |world| {
            Command::Challenge {
                session: 0,
                authenticator: Some(phone_entry(world, Channel::Voice)),
                channel: Some(Channel::Sms),
            }
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
        ("erase", |_| Command::Erase),
        ("restore_budgets", |_| Command::RestoreBudgets),
        ("rewind", |_| Command::Rewind),
    ];
    assert_table("enrollment", &ENROLLMENT, &operations);
}

/// The first code of the enrollment, presented by its session.
fn first_code(world: &World, guess: Guess) -> Command {
    let code = world.codes().len().checked_sub(1);
    Command::VerifyOob {
        session: Some(session(world, 0)),
        code,
        guess,
    }
}
