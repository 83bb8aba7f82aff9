//! The engine agrees with the model at edges that a random story seldom reaches.
//!
//! Each story goes to an edge and over it, and asserts the answer on both sides. A mistake in the
//! engine, in the model or in both fails.

mod clock;
mod lists;
mod phones;
mod switches;

use oob_mfa::{
    Assurance, Channel, Channels, Denied, Engine, Key, KeyRing, PhoneNumber, Policy, Purpose,
};
use oob_mfa_testing::{
    Answer, Authenticator, Command, Guess, Model, RecoveryGuess, Reply, Vouch, World,
};
use time::{Duration, UtcDateTime};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

struct Both {
    world: World,
    model: Model,
}

impl Both {
    fn of(policy: Policy) -> Self {
        let engine = Engine::new(policy.clone(), KeyRing::new(Key::new(1, &[7; 32])));
        Self {
            world: World::with_engine(engine, "auth0|alice".parse().unwrap(), 1),
            model: Model::new(policy),
        }
    }

    fn does(&mut self, command: Command) -> Reply {
        let reply = self.world.apply(&command).reply;
        assert_eq!(reply, self.model.apply(&command), "{command:?}");
        assert_eq!(
            self.world.recorded(),
            self.model.recorded(),
            "after {command:?}"
        );
        reply
    }

    fn gets(&mut self, command: Command) -> Answer {
        self.does(command).answer
    }

    fn denied(&mut self, command: Command) -> Denied {
        match self.gets(command) {
            Answer::Denied(denied) => denied,
            answer => panic!("{answer:?}"),
        }
    }

    fn waits(&mut self, millis: i64) {
        self.does(Command::Step { millis });
    }

    /// A new session asks for a code, however many were sent before.
    fn challenged_anew(&mut self) -> Answer {
        self.does(Command::RestoreBudgets);
        self.does(Command::Begin);
        self.gets(challenge(0))
    }
}

fn phone(number: u64) -> PhoneNumber {
    format!("+1415555873{number}").parse().unwrap()
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

fn challenge(session: usize) -> Command {
    Command::Challenge {
        session,
        authenticator: None,
        channel: None,
    }
}

fn challenge_phone(device: usize) -> Command {
    Command::Challenge {
        session: 0,
        authenticator: Some(Authenticator::Phone(Channel::Sms, device)),
        channel: None,
    }
}

fn answer(code: usize, guess: Guess) -> Command {
    Command::VerifyOob {
        session: None,
        code: Some(code),
        guess,
    }
}

fn right(code: usize) -> Command {
    answer(code, Guess::Right)
}

fn recover(shown: usize) -> Command {
    Command::VerifyRecoveryCode {
        session: 0,
        guess: RecoveryGuess::Shown(shown),
    }
}

fn vouch(assurance: Assurance, lifetime: i64) -> Command {
    Command::Vouch(Vouch {
        assurance,
        scope: "enroll read:authenticators remove:authenticators".into(),
        age: 0,
        lifetime,
        stranger: false,
    })
}

fn remove(channel: Channel, device: usize) -> Command {
    Command::Remove {
        session: 0,
        authenticator: Authenticator::Phone(channel, device),
    }
}

fn verified(device: usize, purpose: Purpose) -> Answer {
    Answer::Verified {
        phone: Some((Channel::Sms, device)),
        purpose,
        recovery_code: None,
        assurance: Assurance::FirstFactor,
        not_after: None,
    }
}

fn after_start(millis: i64) -> UtcDateTime {
    let start = UtcDateTime::from_unix_timestamp(World::START / SECOND).unwrap();
    start + Duration::milliseconds(millis)
}

/// Until when first-factor sessions, and all sessions, are revoked.
fn revoked_until(both: &Both) -> (Option<i64>, Option<i64>) {
    let revoked_until = both.world.recorded().revoked_until;
    (revoked_until.first_factor, revoked_until.every)
}
