//! What the tests of the rules share: a world, its story, and what can be read off a record.

use oob_mfa::testing::{Answer, Command, IssuedCode, Observation, World};
use oob_mfa::{Account, Engine, Event, Key, KeyRing, MfaSession, Policy, Purpose};
use serde_json::Value;
use time::UtcDateTime;

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
pub const YEAR: i64 = 365 * DAY;

pub fn engine(policy: &Policy) -> Engine {
    Engine::new(policy.clone(), KeyRing::new(Key::new(1, &[7; 32])))
}

pub fn world(policy: &Policy, seed: u64) -> World {
    World::new(engine(policy), "auth0|alice".parse().unwrap(), seed)
}

pub fn json(account: &Account) -> String {
    serde_json::to_string(account).unwrap()
}

pub fn through_json(account: &Account) -> Account {
    serde_json::from_str(&json(account)).unwrap()
}

pub fn through_postcard(account: &Account) -> Account {
    postcard::from_bytes(&postcard::to_allocvec(account).unwrap()).unwrap()
}

/// The milliseconds of a moment since the Unix epoch.
pub fn millis(at: UtcDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap()
}

/// A rule that looks at every step of a story, and fails where it is broken: what was before, what was
/// done, what was observed and what is after.
pub type Look = Box<dyn FnMut(&World, &Command, &Observation, &World)>;

/// Plays the commands, now and then on a record that was just loaded from its stored form, and shows
/// what was before, what was done, what was observed and what is after.
pub fn play(
    world: &mut World,
    commands: &[Command],
    mut look: impl FnMut(&World, &Command, &Observation, &World),
) {
    for (index, command) in commands.iter().enumerate() {
        match index % 10 {
            3 => world.reload(through_json),
            8 => world.reload(through_postcard),
            _ => {}
        }
        let before = world.clone();
        let observation = world.apply(command);
        look(&before, command, &observation, world);
    }
}

/// The index of the one that is meant by so many before the latest.
pub fn index(issued: usize, back: usize) -> Option<usize> {
    (issued > 0).then(|| issued - 1 - back % issued)
}

/// The number of the challenge that a command answers.
pub fn answered(before: &World, command: &Command) -> Option<usize> {
    match command {
        Command::VerifyOob { code, .. } => index(before.codes().len(), (*code)?),
        _ => None,
    }
}

pub fn answered_code<'a>(before: &'a World, command: &Command) -> Option<&'a IssuedCode> {
    answered(before, command).map(|code| &before.codes()[code])
}

/// The number of the session that a command comes with.
pub fn presenter(before: &World, command: &Command) -> Option<usize> {
    let sessions = before.sessions().len();
    match command {
        Command::VerifyOob { session: None, .. } => answered_code(before, command)
            .map(|code| code.session)
            .or(index(sessions, 0)),
        Command::VerifyOob {
            session: Some(session),
            ..
        }
        | Command::Associate { session, .. }
        | Command::Challenge { session, .. }
        | Command::VerifyRecoveryCode { session, .. }
        | Command::Remove { session, .. }
        | Command::Regenerate { session }
        | Command::List { session } => index(sessions, *session),
        _ => None,
    }
}

pub fn presented_session<'a>(before: &'a World, command: &Command) -> Option<&'a MfaSession> {
    presenter(before, command).map(|session| &before.sessions()[session])
}

/// The one recovery code that ought to work, followed from what was shown and logged.
#[derive(Default)]
pub struct LiveRecoveryCode(pub Option<usize>);

impl LiveRecoveryCode {
    pub fn follow(&mut self, before: &World, command: &Command, observation: &Observation) {
        let logged = |event: &Event| observation.events.contains(event);
        if logged(&Event::AccountReset)
            || logged(&Event::RecoveryCodeRemoved)
            || logged(&Event::RecoveryCodeUsed)
        {
            self.0 = None;
        }
        if !logged(&Event::RecoveryCodeReplaced) {
            return;
        }
        self.0 = match &observation.reply.answer {
            Answer::Verified {
                purpose: Purpose::Enrollment,
                ..
            } => {
                let confirmed = answered(before, command);
                before
                    .recovery_codes()
                    .iter()
                    .position(|shown| shown.with == confirmed)
            }
            Answer::Verified { recovery_code, .. } => *recovery_code,
            Answer::Regenerated { recovery_code } => Some(*recovery_code),
            other => panic!("{other:?} replaces no recovery code"),
        };
    }
}

/// The record without the moments that a refusal may bring back to what an honest clock can have left.
pub fn but_for_clamped_times(world: &World) -> Value {
    let mut record = serde_json::to_value(world.record()).unwrap();
    if let Some(record) = record.as_object_mut() {
        for clamped in [
            "revision",
            "budgets",
            "valid_from",
            "pruned_through",
            "doubted_until",
            "spent",
        ] {
            record.remove(clamped).unwrap();
        }
    }
    record
}

fn clamped_times(world: &World) -> [Value; 5] {
    let record = serde_json::to_value(world.record()).unwrap();
    [
        "budgets",
        "valid_from",
        "pruned_through",
        "doubted_until",
        "spent",
    ]
    .map(|clamped| record[clamped].clone())
}

/// Asserts that a refusal left the record as it was, byte for byte, but for the clamp of rule 13.
pub fn assert_unchanged(before: &World, observation: &Observation, after: &World) {
    if observation.reply.saved {
        assert_eq!(but_for_clamped_times(before), but_for_clamped_times(after));
        assert_ne!(
            clamped_times(before),
            clamped_times(after),
            "saved without a clamp"
        );
    } else {
        assert_eq!(
            before.record().as_ref().map(json),
            after.record().as_ref().map(json)
        );
    }
}

/// The moment at which a budget is full again, as it is stored.
pub fn full_at(world: &World, budget: &str) -> i64 {
    world.record().map_or(0, |record| {
        serde_json::to_value(record).unwrap()["budgets"][budget]
            .as_i64()
            .unwrap()
    })
}

/// Every moment at which one of a limit was taken, as far as the clock has run forwards.
pub struct Taken {
    limit: oob_mfa::RateLimit,
    moments: Vec<i64>,
    latest: i64,
}

impl Taken {
    pub const fn of(limit: oob_mfa::RateLimit) -> Self {
        Self {
            limit,
            moments: Vec::new(),
            latest: 0,
        }
    }

    /// An administrator who refills it begins the count again.
    pub fn begin_again(&mut self) {
        self.moments.clear();
    }

    /// The limit is one of time that passes. A clock that was seen to run backwards begins the count
    /// again, because what it left ahead may have been brought back: once it is where it was, a burst.
    pub fn look(&mut self, at: UtcDateTime) {
        let at = millis(at);
        if at < self.latest {
            self.begin_again();
        }
        self.latest = at;
    }

    /// Asserts that in any stretch of time `t` that ends now, at most `burst + t / period` are taken.
    pub fn take(&mut self, at: UtcDateTime) {
        let until = millis(at);
        self.moments.push(until);
        let period = i64::try_from(self.limit.period().as_millis()).unwrap();
        for (taken, from) in (1..).zip(self.moments.iter().rev()) {
            let most = i64::from(self.limit.burst()) + (until - from) / period;
            assert!(
                taken <= most,
                "{taken} within {} ms, at most {most}",
                until - from
            );
        }
    }
}
