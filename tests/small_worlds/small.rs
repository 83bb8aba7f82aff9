//! The small worlds: their users, their questions, and their clocks.

use std::time::Duration;

use oob_mfa::{
    Assurance, Channel, Engine, Key, KeyRing, PhoneNumber, Policy, RateLimit, RecoveryCodes,
};
use oob_mfa_testing::{Authenticator, Command, EVERY_SCOPE, Guess, RecoveryGuess, Vouch};

use crate::normal::Normal;
use crate::state::{Hand, State, index};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// The questions in a world, besides steps of time.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Associate,
    Challenge,
    Verify,
    Recover,
    Remove,
    Regenerate,
    List,
    Reset,
    Import,
    RestoreBudgets,
    Rewind,
}

/// The times at which the clock can stop.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stops {
    /// At every tick.
    Ticks,
    /// At every tick and a millisecond before.
    Edges,
}

pub struct Small {
    pub name: &'static str,
    /// Whether to explore it by default too, not only with `OOB_MFA_LONG=1`.
    pub by_default: bool,
    pub policy: Policy,
    /// A step of the clock.
    pub tick: i64,
    pub stops: Stops,
    /// How far the clock can go back from its latest time.
    pub backwards: i64,
    /// The number of live first-factor sessions.
    pub first_factors: usize,
    /// The number of live MFA sessions.
    pub managers: usize,
    pub phones: Vec<PhoneNumber>,
    pub asks: Vec<Ask>,
    pub start: Vec<Command>,
    /// The numbers of states, of steps that change something, and of questions.
    pub expected: [usize; 3],
}

pub fn limit(burst: u32, minutes: i64) -> RateLimit {
    let seconds = u64::try_from(minutes * 60).unwrap();
    RateLimit::new(burst, Duration::from_secs(seconds)).unwrap()
}

fn phone(number: u64) -> PhoneNumber {
    format!("+{}", 14_155_558_730 + number).parse().unwrap()
}

fn import(number: u64) -> Command {
    Command::ImportPhone {
        phone: phone(number),
        channel: Channel::Sms,
    }
}

fn vouch(lifetime: i64) -> Command {
    Command::Vouch(Vouch {
        assurance: Assurance::Mfa,
        scope: EVERY_SCOPE.into(),
        age: 0,
        lifetime,
        stranger: false,
    })
}

/// Budgets of 2, codes of 5 minutes, tokens of 10, one phone.
fn policy() -> Policy {
    Policy::auth0()
        .with_max_phones(1)
        .unwrap()
        .with_sends(limit(2, 10))
        .with_binding_failures(limit(2, 10))
        .unwrap()
        .with_recovery_failures(limit(2, 10))
        .unwrap()
}

fn no_recovery() -> Policy {
    policy().with_recovery_codes(RecoveryCodes::Off)
}

/// Every world. Without optimization, the default ones take some seconds, all of them some minutes.
pub fn worlds() -> Vec<Small> {
    use Ask::{
        Associate, Challenge, Import, List, Recover, Regenerate, Remove, Reset, RestoreBudgets,
        Rewind, Verify,
    };
    vec![
        Small {
            // 2 people who know the password, each with a phone, and nothing enrolled.
            name: "enrolling",
            stops: Stops::Edges,
            phones: vec![phone(0), phone(1)],
            asks: vec![Associate, Verify],
            expected: [76_924, 262_932, 1_109_916],
            ..Small::base()
        },
        Small {
            // 2 pending logins, one of them an attacker's.
            name: "signing in",
            stops: Stops::Edges,
            asks: vec![Challenge, Verify],
            start: vec![import(0)],
            expected: [75_806, 243_886, 983_108],
            ..Small::base()
        },
        Small {
            // 2 tries per challenge, and 3 failures disable the phone.
            name: "capped",
            policy: no_recovery()
                .with_attempts_per_challenge(Some(2))
                .unwrap()
                .with_failure_cap(Some(3))
                .unwrap(),
            stops: Stops::Edges,
            first_factors: 1,
            phones: vec![phone(0)],
            asks: vec![Challenge, Verify, Remove, Import],
            start: vec![import(0)],
            expected: [37_314, 133_726, 352_574],
            ..Small::base()
        },
        Small {
            // A first phone with its recovery code, unconfirmed, confirmed, used and replaced.
            name: "recovering",
            by_default: true,
            policy: policy(),
            stops: Stops::Edges,
            first_factors: 1,
            phones: vec![phone(0)],
            asks: vec![Associate, Verify, Recover],
            expected: [5_994, 17_772, 59_404],
            ..Small::base()
        },
        Small {
            // An MFA session, a first-factor session, and 2 phones.
            name: "managing",
            policy: policy().with_max_phones(2).unwrap(),
            first_factors: 1,
            managers: 1,
            phones: vec![phone(0)],
            asks: vec![Associate, Verify, Remove, Regenerate, List],
            start: vec![vouch(5 * MINUTE), import(1)],
            expected: [22_893, 76_285, 308_979],
            ..Small::base()
        },
        Small {
            // A login, an administrator who undoes everything, and time.
            name: "administered",
            phones: vec![phone(0)],
            asks: vec![
                Associate,
                Challenge,
                Verify,
                Remove,
                Reset,
                Import,
                RestoreBudgets,
            ],
            expected: [70_060, 391_401, 1_532_295],
            ..Small::base()
        },
        Small {
            // A clock that goes back by 1 or 2 lifetimes of a code; the skew is 1.
            name: "a clock set back",
            policy: no_recovery()
                .with_longest_session(Duration::from_secs(600))
                .and_then(|policy| policy.with_skew(Duration::from_secs(300)))
                .unwrap(),
            backwards: 10 * MINUTE,
            asks: vec![Challenge, Verify],
            start: vec![import(0)],
            expected: [59_997, 158_535, 731_672],
            ..Small::base()
        },
        Small {
            // A clock that goes back by more than a day, budgets that refill in a day, and an
            // administrator who rewinds.
            name: "a clock that ran ahead",
            by_default: true,
            policy: policy()
                .with_sends(limit(2, 12 * 60))
                .with_binding_failures(limit(2, 12 * 60))
                .unwrap()
                .with_recovery_codes(RecoveryCodes::Off),
            tick: 30 * HOUR,
            backwards: 60 * HOUR,
            asks: vec![Challenge, Verify, Rewind],
            start: vec![import(0)],
            expected: [13_674, 38_021, 149_993],
            ..Small::base()
        },
    ]
}

pub fn engine(policy: &Policy) -> Engine {
    Engine::new(policy.clone(), KeyRing::new(Key::new(1, &[7; 32])))
}

impl Small {
    /// Nobody asks anything, of 2 logins under way.
    fn base() -> Self {
        Self {
            name: "",
            by_default: false,
            policy: no_recovery(),
            tick: 5 * MINUTE,
            stops: Stops::Ticks,
            backwards: 0,
            first_factors: 2,
            managers: 0,
            phones: vec![],
            asks: vec![],
            start: vec![],
            expected: [0; 3],
        }
    }

    /// How far the clock may be behind the record.
    pub fn skew(&self) -> i64 {
        i64::try_from(self.policy.skew().as_millis()).unwrap()
    }

    fn asks(&self, ask: Ask) -> bool {
        self.asks.contains(&ask)
    }

    /// Every question in a state, in the order of its normal form.
    pub fn commands(&self, state: &State, normal: &Normal) -> Vec<Command> {
        let mut commands = self.steps(state);
        let is_manager = |number: &&usize| state.session(**number).assurance() == Assurance::Mfa;
        let managers = normal.sessions.iter().filter(is_manager).count();
        if normal.sessions.len() - managers < self.first_factors {
            commands.push(Command::Begin);
        }
        if managers < self.managers {
            commands.push(vouch(self.tick));
        }
        for session in &normal.sessions {
            self.ask_everything(state, normal, *session, &mut commands);
        }
        if let Some(expired) = normal.expired_session {
            // Every request gets the same answer.
            let mut all = Vec::new();
            self.ask_everything(state, normal, expired, &mut all);
            commands.extend(all.first().cloned());
            commands.extend(all.pop());
        }
        let device = |number: &usize| index(state.world.devices().len(), *number);
        if self.asks(Ask::Reset) {
            commands.push(Command::Reset);
        }
        if self.asks(Ask::Import) {
            let channel = Channel::Sms;
            let import = |phone: &PhoneNumber| Command::ImportPhone {
                phone: *phone,
                channel,
            };
            commands.extend(self.phones.iter().map(import));
        }
        if self.managers == 0 && self.asks(Ask::Remove) {
            let remove = |number| Command::RemovePhone {
                device: device(number),
            };
            commands.extend(normal.devices.iter().map(remove));
        }
        if self.asks(Ask::RestoreBudgets) {
            commands.push(Command::RestoreBudgets);
        }
        if self.asks(Ask::Rewind) {
            commands.push(Command::Rewind);
        }
        commands
    }

    fn steps(&self, state: &State) -> Vec<Command> {
        let step = |millis| Command::Step { millis };
        let mut steps = match state.hand {
            _ if self.stops == Stops::Ticks => vec![step(self.tick)],
            Hand::OnTick => vec![step(self.tick - 1), step(self.tick)],
            Hand::JustBefore => vec![step(1), step(self.tick)],
        };
        if state.now() - self.tick >= state.floor(self) && self.backwards > 0 {
            steps.push(step(-self.tick));
        }
        steps
    }

    fn ask_everything(
        &self,
        state: &State,
        normal: &Normal,
        session: usize,
        commands: &mut Vec<Command>,
    ) {
        let session = index(state.world.sessions().len(), session);
        let channel = Channel::Sms;
        if self.asks(Ask::Associate) {
            commands.extend(self.phones.iter().map(|phone| Command::Associate {
                session,
                phone: *phone,
                channel,
            }));
        }
        if self.asks(Ask::Challenge) {
            commands.push(Command::Challenge {
                session,
                authenticator: None,
                channel: None,
            });
        }
        if self.asks(Ask::Verify) {
            let verify = |number: &usize, guess| Command::VerifyOob {
                session: Some(session),
                code: Some(index(state.world.codes().len(), *number)),
                guess,
            };
            for code in &normal.codes {
                commands.push(verify(code, Guess::Right));
                commands.push(verify(code, Guess::Wrong));
            }
            for code in &normal.dead_codes {
                commands.push(verify(code, Guess::Right));
            }
        }
        if self.asks(Ask::Recover) {
            let issued = state.world.recovery_codes().len();
            let codes = normal.recovery_codes.iter();
            for code in codes.chain(&normal.dead_recovery_codes) {
                commands.push(Command::VerifyRecoveryCode {
                    session,
                    guess: RecoveryGuess::Shown(index(issued, *code)),
                });
            }
            commands.push(Command::VerifyRecoveryCode {
                session,
                guess: RecoveryGuess::Wrong,
            });
        }
        if self.managers > 0 && self.asks(Ask::Remove) {
            for number in &normal.devices {
                let device = index(state.world.devices().len(), *number);
                commands.push(Command::Remove {
                    session,
                    authenticator: Authenticator::Phone(channel, device),
                });
            }
        }
        if self.asks(Ask::Regenerate) {
            commands.push(Command::Regenerate { session });
        }
        if self.asks(Ask::List) {
            commands.push(Command::List { session });
        }
    }
}
