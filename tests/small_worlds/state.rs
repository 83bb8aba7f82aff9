//! One state on the way: a world, the model beside it, and who is who in the record.

use oob_mfa::testing::{Answer, Command, Model, Observation, World};
use oob_mfa::{Account, Assurance, Engine, MfaSession};
use time::UtcDateTime;

use crate::record::{Id, Record};
use crate::small::Small;

/// Where the clock stands: it goes by ticks, and shows the last millisecond before each as well, so
/// that both edges of everything that lasts a whole number of ticks are met.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hand {
    OnTick,
    JustBefore,
}

#[derive(Clone)]
pub struct State {
    pub world: World,
    /// None beside a second way into a state that is known.
    pub model: Option<Model>,
    pub account: Account,
    pub record: Record,
    pub bytes: Vec<u8>,
    pub names: Names,
    pub hand: Hand,
    /// The latest moment that the clock has shown.
    pub latest: i64,
}

/// The numbers of what the record knows by random bytes, as far as they were learned, and what the
/// record need not remember.
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

/// What was never learned: an id that no answer has explained.
pub const NOBODY: usize = usize::MAX;

impl State {
    pub fn new(small: &Small, engine: &Engine) -> Self {
        let world = World::new(engine.clone(), "auth0|alice".parse().unwrap(), 1);
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

    pub fn now(&self) -> i64 {
        millis(self.world.now())
    }

    /// The earliest moment that the clock can ever show again.
    pub fn floor(&self, small: &Small) -> i64 {
        self.latest - small.backwards
    }

    /// What the command leads to, and the next state where that is another one.
    pub fn apply(&mut self, number: usize, command: &Command) -> (Observation, Option<Self>) {
        let mut rng = self.world.rng().clone();
        if let Command::Begin | Command::Vouch(_) | Command::Step { .. } = command {
            let mut next = self.clone();
            *next.world.rng() = rng.fork(number as u64);
            let observation = next.world.apply(command);
            next.turn(command);
            return (observation, Some(next));
        }
        *self.world.rng() = rng.fork(number as u64);
        let mut saved = None;
        let asked = self.world.ask(command, &self.account);
        let heard = asked.commit(|next| {
            let world = self.world.clone();
            let account = next.account.clone();
            world.store().replace(next)?;
            saved = Some((world, account));
            Ok::<(), oob_mfa::Unsaved<oob_mfa::testing::MemoryStoreUnavailable>>(())
        });
        let heard = heard.unwrap();
        let Some((mut world, account)) = saved else {
            let observation = self.world.hear(heard);
            std::mem::swap(self.world.rng(), &mut rng);
            return (observation, None);
        };
        let observation = world.hear(heard);
        std::mem::swap(self.world.rng(), &mut rng);
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
        self.forgive(before);
        let names = &mut self.names;
        for challenge in &self.record.challenges {
            if names.code(&challenge.id) == NOBODY
                && let (Some(code), Some(session)) = (code, presenter)
            {
                names.codes.push((challenge.id, code));
                if names.session(&challenge.session) == NOBODY {
                    names.sessions.push((challenge.session, session));
                }
            }
        }
        let shown = self
            .record
            .enrollments()
            .filter_map(|(_, _, enrollment)| enrollment.recovery.as_ref());
        for recovery in self.record.recovery.iter().chain(shown) {
            if names.recovery_code(&recovery.device) == NOBODY
                && let Some(recovery_code) = recovery_code
            {
                names.recovery_codes.push((recovery.device, recovery_code));
            }
        }
        if let (Answer::Verified { phone, .. }, Some(session)) = (answer, presenter) {
            if before.session(session).assurance() == Assurance::FirstFactor {
                names.finished.push(session);
                for spent in &self.record.spent {
                    if names.session(&spent.session) == NOBODY {
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

    /// A clock that is behind for longer than any session lives is believed in the end, and sessions that
    /// were spent in its future are forgotten: what rule 13 gives up, so that nobody is locked out.
    fn forgive(&mut self, before: &Self) {
        let now = self.now();
        let is_over = |until: u64| until as i64 <= now;
        if !before.record.doubted_until.is_some_and(is_over) || self.record.doubted_until.is_some()
        {
            return;
        }
        let (names, record, world) = (&mut self.names, &self.record, &self.world);
        let tags = &names.sessions;
        let is_spent = |session: &usize| {
            record
                .spent
                .iter()
                .any(|spent| number(tags, &spent.session) == *session)
        };
        let is_over = |session: &usize| {
            millis(world.sessions()[*session].expires_at()) <= record.pruned_through.max(now)
        };
        names
            .finished
            .retain(|session| is_spent(session) || is_over(session));
    }

    pub fn session(&self, number: usize) -> &MfaSession {
        &self.world.sessions()[number]
    }

    /// The number of the session that a command comes with.
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
                guess: oob_mfa::testing::RecoveryGuess::Shown(shown),
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
        known.unwrap_or(NOBODY)
    }
}

fn number(names: &[(Id, usize)], id: &Id) -> usize {
    let known = names.iter().find(|(known, _)| known == id);
    known.map_or(NOBODY, |(_, number)| *number)
}

/// A number as a command names it, by how many came after it; and, the same, back again.
pub fn index(issued: usize, number: usize) -> usize {
    issued - 1 - number
}

pub fn millis(at: UtcDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap()
}
