//! Accounts at their limits, and the commands that meet there.

mod largest;

use alloc::string::String;
use alloc::vec::Vec;
use core::iter::repeat_n;

use self::largest::largest;
use super::command::{Authenticator, Command, Guess, RecoveryGuess, Vouch};
use super::world::World;
use crate::authenticator::Channel;
use crate::engine::Engine;
use crate::key::{Key, KeyRing};
use crate::phone::PhoneNumber;
use crate::policy::Policy;
use crate::session::Assurance;
use crate::subject::Subject;

const HOUR: i64 = 60 * 60 * 1_000;
const PHONE: u64 = 14_155_558_730;

/// A world whose account is at its limits, and commands of which each pair is a race.
///
/// One message, one wrong binding code and one wrong recovery code are left, so that whichever of two
/// is judged by a count that the other has changed oversteps a limit.
#[derive(Clone)]
#[non_exhaustive]
pub struct Scene {
    /// The world.
    pub world: World,
    /// What can be asked next, each granted or judged as long as nothing else is.
    pub commands: Vec<Command>,
}

impl Scene {
    /// Two logins under way on an account with two phones and a recovery code, and somebody who
    /// manages the phones.
    #[must_use]
    pub fn signing_in(subject: Subject, seed: u64) -> Self {
        let mut world = world(subject, Policy::auth0(), seed);
        done(&mut world, [manager(), import(0), import(1)]);
        done(&mut world, [Command::Regenerate { session: 0 }]);
        done(&mut world, [Command::Begin, Command::Begin]);
        done(&mut world, [challenge(1), challenge(0)]);
        done(&mut world, repeat_n(answer(0, Guess::Wrong), 9));
        done(&mut world, repeat_n(recover(0, RecoveryGuess::Wrong), 9));
        done(&mut world, repeat_n(challenge(2), 7));
        // Sessions: 2 manages, 1 and 0 sign in. Codes: 8 and 7 are theirs.
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
        Self {
            world,
            commands: commands.into(),
        }
    }

    /// Two people who know the password, each enrolling a phone of his own.
    #[must_use]
    pub fn enrolling(subject: Subject, seed: u64) -> Self {
        let mut world = world(subject, Policy::auth0(), seed);
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
        Self {
            world,
            commands: commands.into(),
        }
    }

    /// An account with every list full and every number at its longest, but for the revision, which is
    /// the first.
    #[must_use]
    pub fn largest(subject: Subject, seed: u64) -> Self {
        let mut world = world(subject.clone(), Policy::auth0(), seed);
        let account = largest(subject.clone(), world.rng());
        world.store().restore(subject, account);
        Self {
            world,
            commands: [Command::RestoreBudgets].into(),
        }
    }
}

fn world(subject: Subject, policy: Policy, seed: u64) -> World {
    World::new(
        Engine::new(policy, KeyRing::new(Key::new(1, &[7; 32]))),
        subject,
        seed,
    )
}

fn done(world: &mut World, commands: impl IntoIterator<Item = Command>) {
    for command in commands {
        world.apply(&command);
    }
}

fn manager() -> Command {
    Command::Vouch(Vouch {
        assurance: Assurance::Mfa,
        scope: String::from("enroll read:authenticators remove:authenticators"),
        age: 0,
        lifetime: HOUR,
        stranger: false,
    })
}

/// A command with the phone of this number.
fn with_phone(number: u64, command: impl FnOnce(PhoneNumber) -> Command) -> Command {
    match PhoneNumber::from_integer(PHONE.saturating_add(number)) {
        Some(phone) => command(phone),
        // Never: every number of so many digits is one.
        None => Command::Begin,
    }
}

fn import(number: u64) -> Command {
    let channel = Channel::Sms;
    with_phone(number, |phone| Command::ImportPhone { phone, channel })
}

fn associate(session: usize, number: u64) -> Command {
    let channel = Channel::Sms;
    with_phone(number, |phone| Command::Associate {
        session,
        phone,
        channel,
    })
}

const fn challenge(session: usize) -> Command {
    Command::Challenge {
        session,
        authenticator: None,
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
