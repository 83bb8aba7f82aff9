//! One account, and everything that is around it.

mod ask;
mod hear;
mod issued;
mod recorded;

use alloc::vec::Vec;

use time::UtcDateTime;

pub use self::issued::{IssuedCode, IssuedRecoveryCode};
use super::asked::Asked;
use super::clock::Clock;
use super::command::{Authenticator, Command, back};
use super::memory::MemoryStore;
use super::outbox::Outbox;
use super::reply::{Answer, Observation};
use super::rng::TestRng;
use crate::account::Account;
use crate::authenticator::{AuthenticatorId, Channel, DeviceId};
use crate::decide::{MOST_TRIES, Unsaved};
use crate::engine::Engine;
use crate::session::MfaSession;
use crate::subject::Subject;
use crate::transition::Next;

/// An account, an engine, a clock, a random source, a store, an outbox, and a memory of everything
/// that was issued.
///
/// It does what a [`Command`] says, through the public operations alone, and checks nothing:
/// [`apply`](Self::apply) on the store of its own, [`ask`](Self::ask) and [`hear`](Self::hear) on any
/// store. Its [`clock`](Self::clock), [`rng`](Self::rng), [`store`](Self::store) and
/// [`outbox`](Self::outbox) are for code under test as well. A clone is a world of its own.
pub struct World {
    engine: Engine,
    rng: TestRng,
    clock: Clock,
    store: MemoryStore,
    outbox: Outbox,
    subject: Subject,
    sessions: Vec<MfaSession>,
    codes: Vec<IssuedCode>,
    devices: Vec<DeviceId>,
    recovery_codes: Vec<IssuedRecoveryCode>,
    recovery_entry: DeviceId,
    unknown: DeviceId,
}

impl World {
    /// The first moment of every world, in milliseconds since the Unix epoch: 15 January 2027, 08:00.
    pub const START: i64 = Clock::START;
    /// The last moment that the clock goes to: the end of the year 9999.
    pub const END: i64 = Clock::END;

    /// A world in which nothing has happened. The same seed gives the same world.
    #[must_use]
    pub fn new(engine: Engine, subject: Subject, seed: u64) -> Self {
        let mut rng = TestRng::new(seed);
        let unknown = DeviceId::draw(&mut rng);
        let recovery_entry = DeviceId::draw(&mut rng);
        Self {
            engine,
            rng,
            clock: Clock::new(),
            store: MemoryStore::new(),
            outbox: Outbox::new(),
            subject,
            sessions: Vec::new(),
            codes: Vec::new(),
            devices: Vec::new(),
            recovery_codes: Vec::new(),
            recovery_entry,
            unknown,
        }
    }

    /// The world of another user of the same servers: engine, clock, store and outbox are one.
    #[must_use]
    pub fn beside(&self, subject: Subject, seed: u64) -> Self {
        let other = Self::new(self.engine.clone(), subject, seed);
        Self {
            clock: self.clock.clone(),
            store: self.store.clone(),
            outbox: self.outbox.clone(),
            ..other
        }
    }

    /// The servers are started again, with another policy or other keys; the record stays.
    pub fn restart(&mut self, engine: Engine) {
        self.engine = engine;
    }

    /// Takes up a session of another user, as a server does that mixes them up.
    ///
    /// `session` counts back from the latest of the other's. One of the other's that is of somebody
    /// else already is not taken up.
    pub fn mix_up(&mut self, other: &Self, session: usize) -> Observation {
        let lent = other.session(session).map(|(_, session)| session);
        let answer = match lent.filter(|session| session.subject() == other.subject()) {
            Some(session) => {
                self.sessions.push(session);
                Answer::Began {
                    session: self.sessions.len().saturating_sub(1),
                }
            }
            None => Answer::Nothing,
        };
        self.unsaved(answer)
    }

    /// What decides.
    #[must_use]
    pub const fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The user.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The clock, which a clone moves as well.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The random source.
    pub const fn rng(&mut self) -> &mut TestRng {
        &mut self.rng
    }

    /// The store of its own, which a clone is as well.
    #[must_use]
    pub const fn store(&self) -> &MemoryStore {
        &self.store
    }

    /// Where its messages go; a clone keeps the same ones.
    #[must_use]
    pub const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The moment.
    #[must_use]
    pub fn now(&self) -> UtcDateTime {
        self.clock.now()
    }

    /// The stored record, if there is one.
    #[must_use]
    pub fn record(&self) -> Option<Account> {
        self.store.record(&self.subject)
    }

    /// The account as a request finds it: a new one where none is stored.
    #[must_use]
    pub fn account(&self) -> Account {
        self.record()
            .unwrap_or_else(|| Account::new(self.subject.clone()))
    }

    /// The sessions, the first one first.
    #[must_use]
    pub fn sessions(&self) -> &[MfaSession] {
        &self.sessions
    }

    /// The binding codes, the first one first.
    #[must_use]
    pub fn codes(&self) -> &[IssuedCode] {
        &self.codes
    }

    /// The phones that were ever associated or imported, the first one first.
    #[must_use]
    pub fn devices(&self) -> &[DeviceId] {
        &self.devices
    }

    /// The recovery codes that were shown, the first one first.
    #[must_use]
    pub fn recovery_codes(&self) -> &[IssuedRecoveryCode] {
        &self.recovery_codes
    }

    /// Puts the stored record through `with`: through its stored form and back, for one.
    pub fn reload(&mut self, with: impl FnOnce(&Account) -> Account) {
        if let Some(record) = self.record() {
            self.store.restore(self.subject.clone(), with(&record));
        }
    }

    /// Does what the command says, on the store of its own.
    ///
    /// After a conflict it asks again, sixteen times in all, as [`decide`](crate::decide) does. The
    /// answer is [`Answer::Unavailable`] where those do not suffice, and where the store fails.
    pub fn apply(&mut self, command: &Command) -> Observation {
        for _ in 0..MOST_TRIES {
            let account = match command {
                // They have nothing to do with the store.
                Command::Begin | Command::Vouch(_) | Command::Step { .. } => None,
                _ => match self.store.load(&self.subject) {
                    Ok(record) => record,
                    Err(_) => break,
                },
            };
            let account = account.unwrap_or_else(|| Account::new(self.subject.clone()));
            let asked = self.ask(command, &account);
            let replace = |next: Next| self.store.replace_at(self.subject.clone(), next.account);
            match asked.commit(replace) {
                Ok(heard) => return self.hear(heard),
                Err(Unsaved::Conflict) => {}
                Err(Unsaved::Failed(_)) => break,
            }
        }
        self.unsaved(Answer::Unavailable)
    }

    /// Puts the command to the engine, for an account that was loaded from wherever it is stored.
    ///
    /// Commit it there, and let [`hear`](Self::hear) know. Where the store has a conflict, load and ask
    /// again; sessions and the clock are the world's own and know no conflict.
    ///
    /// # Examples
    ///
    /// ```
    /// use oob_mfa::testing::{Answer, Command, World};
    /// use oob_mfa::{Account, Channel, Engine, Key, KeyRing, Policy};
    ///
    /// let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
    /// let mut world = World::new(engine, "auth0|alice".parse()?, 1);
    /// let phone = "+14155558730".parse()?;
    /// let command = Command::ImportPhone { phone, channel: Channel::Sms };
    ///
    /// // A store of your own would be asked for this, and would be awaited below.
    /// let loaded = Account::new(world.subject().clone());
    /// let mut stored = None;
    /// let heard = world.ask(&command, &loaded).commit(|next| {
    ///     stored = Some(next.account);
    ///     Ok::<(), &str>(())
    /// })?;
    /// assert_eq!(world.hear(heard).reply.answer, Answer::Imported { device: 0 });
    /// assert!(stored.is_some_and(|account| account.is_enrolled()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ask(&mut self, command: &Command, account: &Account) -> Asked {
        Asked(ask::question(self, command, account))
    }

    fn session(&self, session: usize) -> Option<(usize, MfaSession)> {
        let number = back(self.sessions.len(), session)?;
        Some((number, self.sessions.get(number)?.clone()))
    }

    fn device(&self, device: usize) -> DeviceId {
        let device = back(self.devices.len(), device).and_then(|number| self.devices.get(number));
        device.copied().unwrap_or(self.unknown)
    }

    fn authenticator(&self, authenticator: Authenticator) -> AuthenticatorId {
        match authenticator {
            Authenticator::Phone(channel, device) => {
                AuthenticatorId::Phone(channel, self.device(device))
            }
            Authenticator::RecoveryCode => AuthenticatorId::RecoveryCode(self.recovery_entry),
            Authenticator::Unknown => AuthenticatorId::Phone(Channel::Sms, self.unknown),
        }
    }
}

impl Clone for World {
    fn clone(&self) -> Self {
        Self {
            engine: self.engine.clone(),
            rng: self.rng.clone(),
            clock: self.clock.fork(),
            store: self.store.fork(),
            outbox: self.outbox.fork(),
            subject: self.subject.clone(),
            sessions: self.sessions.clone(),
            codes: self.codes.clone(),
            devices: self.devices.clone(),
            recovery_codes: self.recovery_codes.clone(),
            recovery_entry: self.recovery_entry,
            unknown: self.unknown,
        }
    }
}
