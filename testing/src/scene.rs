//! Accounts at their limits, and the commands that race there.

mod largest;

use std::iter::repeat_n;

use oob_mfa::{Assurance, Channel, Engine, Key, KeyRing, PhoneNumber, Policy, Subject};

use self::largest::largest;
use crate::command::{Authenticator, Command, Guess, RecoveryGuess, Vouch};
use crate::world::{EVERY_SCOPE, World};

const HOUR: i64 = 60 * 60 * 1_000;
const PHONE: u64 = 14_155_558_730;

/// A world whose account is at its limits, and commands that race in pairs.
///
/// One message, one wrong binding code and one wrong recovery code are left: a request that is
/// judged by a stale count exceeds a limit.
#[derive(Clone)]
#[non_exhaustive]
pub struct Scene {
    /// The world.
    pub world: World,
    /// The commands that race. Each is granted or judged if it comes first.
    pub commands: Vec<Command>,
}

impl Scene {
    /// Two pending logins on an account with two phones and a recovery code, and a session that
    /// manages the phones.
    #[must_use]
    pub fn signing_in(subject: Subject, seed: u64) -> Self {
        let mut world = world(subject, seed);
        done(
            &mut world,
            [Command::Begin, manager(), import(0), import(1)],
        );
        done(&mut world, [Command::Regenerate { session: 0 }]);
        done(&mut world, [Command::Begin, Command::Begin]);
        done(&mut world, [challenge(1), challenge(0)]);
        done(&mut world, repeat_n(answer(0, Guess::Wrong), 9));
        done(&mut world, repeat_n(recover(0, RecoveryGuess::Wrong), 9));
        done(&mut world, repeat_n(challenge(3), 7));
        // Sessions: 3 used up the messages, 2 manages, 1 and 0 sign in. Codes 8 and 7 belong to 1
        // and 0.
        let commands = [
            answer(8, Guess::Right),
            answer(7, Guess::Right),
            answer(8, Guess::Wrong),
            recover(1, RecoveryGuess::Shown(0)),
            recover(0, RecoveryGuess::Shown(0)),
            recover(1, RecoveryGuess::Wrong),
            challenge(1),
            associate(2, 2),
            Command::Remove {
                session: 2,
                authenticator: Authenticator::Phone(Channel::Sms, 0),
            },
            Command::Regenerate { session: 2 },
            import(3),
            Command::RemovePhone { device: 0 },
            Command::Reset,
            Command::RestoreBudgets,
        ];
        let commands = commands.into();
        Self { world, commands }
    }

    /// Two people who know the password, each enrolling a phone.
    #[must_use]
    pub fn enrolling(subject: Subject, seed: u64) -> Self {
        let mut world = world(subject, seed);
        done(&mut world, [Command::Begin, Command::Begin]);
        done(&mut world, [associate(1, 0), associate(0, 1)]);
        done(&mut world, repeat_n(associate(1, 0), 7));
        done(&mut world, repeat_n(answer(0, Guess::Wrong), 9));
        let commands = [
            answer(0, Guess::Right),
            answer(7, Guess::Right),
            answer(0, Guess::Wrong),
            associate(0, 1),
            import(2),
            Command::Reset,
        ];
        let commands = commands.into();
        Self { world, commands }
    }

    /// An account with every list full and every number at its maximum, except the revision, which
    /// is the first. Its last change is later than any clock, so only [`Command::Rewind`] changes
    /// it.
    #[must_use]
    pub fn largest(subject: Subject, seed: u64) -> Self {
        let mut world = world(subject, seed);
        let account = largest(&world.subject().clone(), &mut world.rng);
        world.put(account);
        let commands = [Command::Rewind].into();
        Self { world, commands }
    }
}

fn world(subject: Subject, seed: u64) -> World {
    let keys = KeyRing::new(Key::new(1, &[7; 32]));
    World::with_engine(Engine::new(Policy::auth0(), keys), subject, seed)
}

fn done(world: &mut World, commands: impl IntoIterator<Item = Command>) {
    for command in commands {
        world.apply(&command);
    }
}

fn manager() -> Command {
    Command::Vouch(Vouch {
        assurance: Assurance::Mfa,
        scope: EVERY_SCOPE.into(),
        age: 0,
        lifetime: HOUR,
        stranger: false,
    })
}

fn phone(number: u64) -> PhoneNumber {
    format!("+{}", PHONE + number).parse().expect("a number")
}

fn import(number: u64) -> Command {
    Command::ImportPhone {
        phone: phone(number),
        channel: Channel::Sms,
    }
}

fn associate(session: usize, number: u64) -> Command {
    Command::Associate {
        session,
        phone: phone(number),
        channel: Channel::Sms,
    }
}

const fn challenge(session: usize) -> Command {
    Command::Challenge {
        session,
        authenticator: None,
        channel: None,
    }
}

const fn answer(code: usize, guess: Guess) -> Command {
    Command::VerifyOob {
        session: None,
        code: Some(code),
        guess,
    }
}

const fn recover(session: usize, guess: RecoveryGuess) -> Command {
    Command::VerifyRecoveryCode { session, guess }
}
