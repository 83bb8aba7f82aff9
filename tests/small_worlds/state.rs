//! A state: a world, its model, and the numbers of the objects in the record.

use oob_mfa::{Account, Assurance, Engine, MfaSession, Unsaved};
use oob_mfa_testing::record::{Id, Record};
use oob_mfa_testing::{Answer, Command, MemoryStoreUnavailable, Model, Observation, World};
use time::UtcDateTime;

use crate::small::Small;

/// The position of the clock. It moves by ticks, and can stop a millisecond before each: the search
/// reaches both edges of everything that lasts a whole number of ticks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    OnTick,
    JustBefore,
}

#[derive(Clone)]
pub struct State {
    pub world: World,
    /// `None` for a second way into a known state.
    pub model: Option<Model>,
    pub account: Account,
    pub record: Record,
    pub bytes: Vec<u8>,
    pub names: Names,
    pub hand: Hand,
    /// The latest time of the clock.
    pub latest: i64,
}

/// The numbers of random ids in the record, as far as known, and what the record does not remember.
#[derive(Clone, Default)]
pub struct Names {
    sessions: Vec<(Id, usize)>,
    codes: Vec<(Id, usize)>,
    recovery_codes: Vec<(Id, usize)>,
    devices: Vec<Id>,
    pub finished: Vec<usize>,
    pub used_codes: Vec<usize>,
    pub used_recovery_codes: Vec<usize>,
}

/// An id from no answer.
pub const UNEXPLAINED: usize = usize::MAX;

impl State {
    pub fn new(small: &Small, engine: &Engine) -> Self {
        let world = World::with_engine(engine.clone(), "auth0|alice".parse().unwrap(), 1);
        let account = world.account();
        let latest = millis(world.now());
        let model = Some(Model::new(small.policy.clone()));
        Self {
            world,
            model,
            account,
            record: Record::default(),
            bytes: Vec::new(),
            names: Names::default(),
            hand: Hand::OnTick,
            latest,
        }
    }

    /// The time of the clock.
    pub fn now(&self) -> i64 {
        millis(self.world.now())
    }

    /// Account time.
    pub fn time(&self) -> i64 {
        self.now().max(self.record.as_of)
    }

    /// Whether the clock is behind the record by more than the skew.
    pub fn is_behind(&self, small: &Small) -> bool {
        self.record.as_of > self.now() + small.skew()
    }

    /// The earliest time that the clock can show again.
    pub fn floor(&self, small: &Small) -> i64 {
        self.latest - small.backwards
    }

    /// The effect of the command, and the next state if it differs.
    pub fn apply(&mut self, number: usize, command: &Command) -> (Observation, Option<Self>) {
        let mut rng = self.world.rng.clone();
        if let Command::Begin | Command::Vouch(_) | Command::Step { .. } = command {
            let mut next = self.clone();
            next.world.rng = rng.fork(number as u64);
            let observation = next.world.apply(command);
            next.turn(command);
            return (observation, Some(next));
        }
        self.world.rng = rng.fork(number as u64);
        let mut saved = None;
        let asked = self.world.ask(command, self.account.clone());
        let decision = asked.commit(|next| {
            let world = self.world.clone();
            let account = next.account().clone();
            world.store().replace(next)?;
            saved = Some((world, account));
            Ok::<(), Unsaved<MemoryStoreUnavailable>>(())
        });
        let decision = decision.unwrap();
        let Some((mut world, account)) = saved else {
            let observation = self.world.observe(decision);
            std::mem::swap(&mut self.world.rng, &mut rng);
            return (observation, None);
        };
        let observation = world.observe(decision);
        std::mem::swap(&mut self.world.rng, &mut rng);
        let (record, bytes) = Record::of(&account);
        let mut next = Self {
            world,
            model: None,
            account,
            record,
            bytes,
            names: self.names.clone(),
            hand: self.hand,
            latest: self.latest,
        };
        next.learn(self, command, &observation.reply.answer);
        (observation, Some(next))
    }

    fn turn(&mut self, command: &Command) {
        if let Command::Step { millis } = command {
            self.latest = self.latest.max(self.now());
            if millis % 10 != 0 {
                self.hand = match self.hand {
                    Hand::OnTick => Hand::JustBefore,
                    Hand::JustBefore => Hand::OnTick,
                };
            }
        }
    }

    fn learn(&mut self, before: &Self, command: &Command, answer: &Answer) {
        for device in self
            .world
            .devices()
            .iter()
            .skip(self.names.devices.len())
            .map(ToString::to_string)
        {
            let id = device.trim_start_matches("dev_").as_bytes();
            self.names.devices.push(id.try_into().unwrap());
        }
        let presenter = before.presenter(command);
        let (code, recovery_code) = match answer {
            Answer::Associated {
                code,
                recovery_code,
                ..
            } => (Some(*code), *recovery_code),
            Answer::Challenged { code, .. } => (Some(*code), None),
            Answer::Verified { recovery_code, .. } => (None, *recovery_code),
            Answer::Regenerated { recovery_code } => (None, Some(*recovery_code)),
            _ => (None, None),
        };
        if *command == Command::Rewind {
            self.forget_what_is_ahead();
        }
        let names = &mut self.names;
        for challenge in &self.record.challenges {
            if names.code(&challenge.id) == UNEXPLAINED
                && let (Some(code), Some(session)) = (code, presenter)
            {
                names.codes.push((challenge.id, code));
                if names.session(&challenge.session) == UNEXPLAINED {
                    names.sessions.push((challenge.session, session));
                }
            }
        }
        let shown = self
            .record
            .enrollments()
            .filter_map(|(_, _, enrollment)| enrollment.recovery.as_ref());
        for recovery in self.record.recovery.iter().chain(shown) {
            if names.recovery_code(&recovery.device) == UNEXPLAINED
                && let Some(recovery_code) = recovery_code
            {
                names.recovery_codes.push((recovery.device, recovery_code));
            }
        }
        if let (Answer::Verified { phone, .. }, Some(session)) = (answer, presenter) {
            if before.session(session).assurance() == Assurance::FirstFactor {
                names.finished.push(session);
                for spent in &self.record.spent {
                    if names.session(&spent.session) == UNEXPLAINED {
                        names.sessions.push((spent.session, session));
                    }
                }
            }
            match phone {
                Some(_) => names.used_codes.extend(before.answered(command)),
                None => names.used_recovery_codes.extend(before.shown(command)),
            }
        }
    }

    /// A rewind forgets which sessions completed a login in the future that it ends. It revokes those
    /// issued until now plus the skew. The others become valid in their time, unless their key is
    /// dropped.
    fn forget_what_is_ahead(&mut self) {
        let revoked_until = self.record.revoked_until.every.unwrap_or_default();
        let sessions = self.world.sessions();
        let is_revoked = |session: &usize| millis(sessions[*session].issued_at()) <= revoked_until;
        self.names.finished.retain(is_revoked);
    }

    pub fn session(&self, number: usize) -> &MfaSession {
        &self.world.sessions()[number]
    }

    /// The number of the session of a command.
    pub fn presenter(&self, command: &Command) -> Option<usize> {
        match command {
            Command::Associate { session, .. }
            | Command::Challenge { session, .. }
            | Command::VerifyOob {
                session: Some(session),
                ..
            }
            | Command::VerifyRecoveryCode { session, .. }
            | Command::Remove { session, .. }
            | Command::Regenerate { session }
            | Command::List { session } => Some(index(self.world.sessions().len(), *session)),
            _ => None,
        }
    }

    /// The number of the challenge that a command answers.
    pub fn answered(&self, command: &Command) -> Option<usize> {
        match command {
            Command::VerifyOob {
                code: Some(code), ..
            } => Some(index(self.world.codes().len(), *code)),
            _ => None,
        }
    }

    /// The number of the recovery code that a command presents.
    pub fn shown(&self, command: &Command) -> Option<usize> {
        match command {
            Command::VerifyRecoveryCode {
                guess: oob_mfa_testing::RecoveryGuess::Shown(shown),
                ..
            } => Some(index(self.world.recovery_codes().len(), *shown)),
            _ => None,
        }
    }
}

impl Names {
    pub fn session(&self, tag: &Id) -> usize {
        number(&self.sessions, tag)
    }

    pub fn code(&self, id: &Id) -> usize {
        number(&self.codes, id)
    }

    pub fn recovery_code(&self, device: &Id) -> usize {
        number(&self.recovery_codes, device)
    }

    pub fn device(&self, device: &Id) -> usize {
        let known = self.devices.iter().position(|known| known == device);
        known.unwrap_or(UNEXPLAINED)
    }
}

fn number(names: &[(Id, usize)], id: &Id) -> usize {
    let known = names.iter().find(|(known, _)| known == id);
    known.map_or(UNEXPLAINED, |(_, number)| *number)
}

/// Converts a number to the form of commands, counted back from the latest, and back.
pub fn index(issued: usize, number: usize) -> usize {
    issued - 1 - number
}

pub fn millis(at: UtcDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap()
}
