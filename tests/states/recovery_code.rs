//! A recovery code, from the association to its end.

use super::*;

/// The states of the first recovery code. The latest session is a new first-factor session, session
/// 1 an MFA session with every scope.
const RECOVERY: [State; 8] = [
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
    ("removed with the last phone", without_its_phone),
    ("pending, switched off", || switched_off(pending())),
    ("active, switched off", || switched_off(active())),
];

fn switched_off(mut world: World) -> World {
    let policy = two_attempts().with_recovery_codes(RecoveryCodes::Off);
    world.engine = Engine::new(policy, KeyRing::new(Key::new(1, &[7; 32])));
    world
}

#[test]
fn every_state_of_a_recovery_code_by_every_operation() {
    let operations: [Operation; 9] = [
        ("it", |world| {
            recover(0, world.recovery_codes().len().saturating_sub(1))
        }),
        ("it, retyped", |world| Command::VerifyRecoveryCode {
            session: 0,
            guess: RecoveryGuess::Retyped(world.recovery_codes().len().saturating_sub(1)),
        }),
        ("the latest", |_| recover(0, 0)),
        ("the latest (mfa)", |world| recover(session(world, 1), 0)),
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
    assert_table("recovery_code", &RECOVERY, &operations);
}
