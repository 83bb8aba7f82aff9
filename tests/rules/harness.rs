//! Shared by the tests of the rules: a world, its story, and the values of a record.

use oob_mfa::{
    Account, Denied, Engine, Event, Key, KeyRing, Limit, MfaSession, Policy, Purpose, RateLimit,
};
use oob_mfa_testing::record::Record;
use oob_mfa_testing::{Answer, Command, Guess, IssuedCode, Observation, World};
use proptest::test_runner::Config;
use time::UtcDateTime;

pub const MINUTE: i64 = 60_000;
pub const HOUR: i64 = 60 * MINUTE;
pub const DAY: i64 = 24 * HOUR;
pub const YEAR: i64 = 365 * DAY;

/// A challenge by the latest session.
pub const CHALLENGE: Command = Command::Challenge {
    session: 0,
    authenticator: None,
    channel: None,
};
/// The right code of the latest challenge.
pub const RIGHT: Command = Command::VerifyOob {
    session: None,
    code: Some(0),
    guess: Guess::Right,
};

/// Whether to run the tests in full, as `.ci/run` does.
pub fn is_long() -> bool {
    std::env::var("OOB_MFA_LONG").is_ok_and(|long| long == "1")
}

/// 64 cases by default, 256 with `OOB_MFA_LONG=1`; `PROPTEST_CASES` overrides both.
pub fn config() -> Config {
    let mut config = Config::default();
    if !is_long() && std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = 64;
    }
    config
}

pub fn engine(policy: &Policy) -> Engine {
    Engine::new(policy.clone(), KeyRing::new(Key::new(1, &[7; 32])))
}

pub fn world(policy: &Policy, seed: u64) -> World {
    World::with_engine(engine(policy), "auth0|alice".parse().unwrap(), seed)
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

/// A time in milliseconds since the Unix epoch.
pub fn millis(at: UtcDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap()
}

/// The record, field by field.
pub fn record(world: &World) -> Record {
    Record::of(&world.account()).0
}

/// Account time, at which a command was judged.
pub fn time_of(before: &World) -> i64 {
    millis(before.time())
}

pub fn skew(world: &World) -> i64 {
    i64::try_from(world.engine.policy().skew().as_millis()).unwrap()
}

/// Whether the clock is behind the record by more than the skew.
pub fn is_behind(world: &World) -> bool {
    record(world).as_of > millis(world.now()) + skew(world)
}

/// A rule that checks every step of a story, from the state before, the command, its effect and the
/// state after. It fails if the rule is broken.
pub type Look = Box<dyn FnMut(&World, &Command, &Observation, &World)>;

/// Runs the commands, some of them on a record just loaded from its stored form. Calls `look` with
/// the state before, the command, its effect and the state after.
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

/// Property tests: a rule that looks at every step of up to so many random commands, under random
/// policies.
macro_rules! on_every_step {
    ($($name:ident: $most:literal, $look:expr;)*) => {
        proptest::proptest! {
            #![proptest_config(crate::harness::config())]
            $(
                #[test]
                fn $name(
                    policy in oob_mfa_testing::policies(),
                    seed: u64,
                    commands in oob_mfa_testing::commands(1..$most),
                ) {
                    let look: fn(&oob_mfa::Policy) -> crate::harness::Look = $look;
                    let mut world = crate::harness::world(&policy, seed);
                    crate::harness::play(&mut world, &commands, look(&policy));
                }
            )*
        }
    };
}
pub(crate) use on_every_step;

/// The index of the item that is this many before the latest.
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

/// The number of the session of a command.
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

/// The one recovery code that should work, from what was shown and logged.
#[derive(Default)]
pub struct LiveRecoveryCode(pub Option<usize>);

impl LiveRecoveryCode {
    pub fn follow(&mut self, before: &World, command: &Command, observation: &Observation) {
        let logged = |event: &Event| observation.events.contains(event);
        if logged(&Event::AccountReset)
            || logged(&Event::AccountErased)
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

/// The answer to the right code with this number, now.
pub fn answer_to(world: &World, number: usize) -> Answer {
    let code = Some(world.codes().len() - 1 - number);
    let right = Command::VerifyOob {
        session: None,
        code,
        guess: Guess::Right,
    };
    world.clone().apply(&right).reply.answer
}

/// Asserts that a refusal was not saved and did not change the record, byte for byte.
pub fn assert_unchanged(before: &World, observation: &Observation, after: &World) {
    assert!(!observation.reply.saved, "a refusal was saved");
    assert!(observation.events.is_empty(), "a refusal has events");
    assert_eq!(
        before.record().as_ref().map(json),
        after.record().as_ref().map(json)
    );
}

/// Whether an administrator's command succeeded: a clock that is behind refuses it.
pub fn is_done(observation: &Observation) -> bool {
    observation.reply.answer == Answer::Done
}

/// The budgets that a command refills or rewinds: their counts start again.
pub fn begins_again(command: &Command, observation: &Observation) -> bool {
    matches!(command, Command::RestoreBudgets | Command::Rewind) && is_done(observation)
}

/// The limit that a rejection is charged to.
pub fn charged(denied: Denied) -> Option<Limit> {
    match denied {
        Denied::InvalidBindingCode => Some(Limit::BindingFailures),
        Denied::InvalidRecoveryCode => Some(Limit::RecoveryFailures),
        _ => None,
    }
}

/// The stored time at which a budget is full again.
pub fn full_at(world: &World, limit: Limit) -> i64 {
    let budgets = record(world).budgets;
    match limit {
        Limit::Sends => budgets.sends,
        Limit::BindingFailures => budgets.binding_failures,
        Limit::RecoveryFailures => budgets.recovery_failures,
        other => panic!("{other:?}"),
    }
}

pub fn period(limit: RateLimit) -> i64 {
    i64::try_from(limit.period().as_millis()).unwrap()
}

/// The time from empty to full.
pub fn window(limit: RateLimit) -> i64 {
    period(limit) * i64::from(limit.burst())
}

/// The account times of the charges of a limit.
pub struct Taken {
    limit: RateLimit,
    moments: Vec<i64>,
}

impl Taken {
    pub const fn of(limit: RateLimit) -> Self {
        Self {
            limit,
            moments: Vec::new(),
        }
    }

    /// Restarts the count.
    pub fn begin_again(&mut self) {
        self.moments.clear();
    }

    /// Asserts that in any window `t` of account time that ends now, at most `burst + t / period` are taken.
    pub fn take(&mut self, until: i64) {
        self.moments.push(until);
        let period = period(self.limit);
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
