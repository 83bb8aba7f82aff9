//! One account and its environment.

mod ask;
mod issued;
mod methods;
mod observe;
mod recorded;
mod sent;

use oob_mfa::{
    Account, AuthenticatorId, Channel, DeliveryId, DeviceId, Engine, Event, Key, KeyRing,
    MAX_TRIES, MfaSession, Next, Policy, Subject, Unsaved,
};
use time::UtcDateTime;

pub use self::issued::{IssuedCode, IssuedRecoveryCode};
pub use self::sent::{ALICES, EVERY_SCOPE, MALLORYS, Sent, stored_and_loaded};
use crate::asked::Asked;
use crate::clock::{Clock, moment};
use crate::command::{Authenticator, Command, back};
use crate::memory::{MemoryStore, MemoryStoreUnavailable};
use crate::outbox::Outbox;
use crate::record::{Id, Record, session_tag};
use crate::reply::{Answer, Observation};
use crate::rng::TestRng;

/// An account, its engine, a clock, a random source, a store, an outbox, and a list of everything
/// that was issued.
///
/// A test acts on it in two ways, which can be mixed:
///
/// * **Methods**, one for each operation: [`associate`](Self::associate), [`challenge`](Self::challenge),
///   [`verify`](Self::verify) and so on. Each loads, asks, saves and asserts that the engine kept the
///   contract: see [`commit`](Self::commit).
/// * **Commands**, data that a strategy can draw: [`apply`](Self::apply) executes one on the
///   world's own store, [`ask`](Self::ask) and [`observe`](Self::observe) on any store. They assert
///   nothing.
///
/// Parts that code under test can share are behind methods: [`clock`](Self::clock),
/// [`store`](Self::store), [`outbox`](Self::outbox). Parts that only the world uses are fields. A
/// clone is a separate world.
pub struct World {
    /// The engine. Assign another to restart the servers with another policy or other keys.
    pub engine: Engine,
    /// The random source.
    pub rng: TestRng,
    /// The number of writes that the store accepted.
    pub saves: u32,
    /// The events of the last operation.
    pub events: Vec<Event>,
    clock: Clock,
    store: MemoryStore,
    outbox: Outbox,
    subject: Subject,
    sessions: Vec<MfaSession>,
    /// The tag of each session in the record.
    tags: Vec<Id>,
    codes: Vec<IssuedCode>,
    devices: Vec<DeviceId>,
    recovery_codes: Vec<IssuedRecoveryCode>,
    recovery_entry: DeviceId,
}

impl World {
    /// The start of every world, in milliseconds since the Unix epoch: 15 January 2027, 08:00.
    pub const START: i64 = Clock::START;
    /// The last time of the clock: the end of the year 9999.
    pub const END: i64 = Clock::END;

    /// A new world of Alice with [`Policy::auth0`].
    #[must_use]
    pub fn new() -> Self {
        Self::of(Policy::auth0(), "auth0|alice")
    }

    /// A new world with this policy and user.
    #[must_use]
    pub fn of(policy: Policy, subject: &str) -> Self {
        let engine = Engine::new(policy, KeyRing::new(Key::new(1, &[7; 32])));
        Self::with_engine(engine, subject.parse().expect("a subject"), 1)
    }

    /// A new world with this engine and user. The same seed gives the same world.
    #[must_use]
    pub fn with_engine(engine: Engine, subject: Subject, seed: u64) -> Self {
        Self {
            engine,
            rng: TestRng::new(seed),
            saves: 0,
            events: Vec::new(),
            clock: Clock::new(),
            store: MemoryStore::new(),
            outbox: Outbox::new(),
            subject,
            sessions: Vec::new(),
            tags: Vec::new(),
            codes: Vec::new(),
            devices: Vec::new(),
            recovery_codes: Vec::new(),
            recovery_entry: never_issued(),
        }
    }

    /// The world of another user of the same servers: they share engine, clock, store and outbox.
    #[must_use]
    pub fn beside(&self, subject: Subject, seed: u64) -> Self {
        Self {
            clock: self.clock.clone(),
            store: self.store.clone(),
            outbox: self.outbox.clone(),
            ..Self::with_engine(self.engine.clone(), subject, seed)
        }
    }

    /// Uses a session of another user, as a server with a bug would.
    ///
    /// `session` counts back from the other's latest. A session that is not the other's own is
    /// ignored.
    pub fn mix_up(&mut self, other: &Self, session: usize) -> Observation {
        let lent = other.session(session).map(|(_, session)| session);
        let lent = lent.filter(|session| session.subject() == other.subject());
        let answer = lent.map_or(Answer::Nothing, |session| Answer::Began {
            session: self.add_session(session),
        });
        self.unsaved(answer)
    }

    /// The user.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The clock. A clone of it is the same clock.
    #[must_use]
    pub const fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The store. A clone of it is the same store.
    #[must_use]
    pub const fn store(&self) -> &MemoryStore {
        &self.store
    }

    /// The outbox. A clone of it is the same outbox.
    #[must_use]
    pub const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The time on the clock.
    #[must_use]
    pub fn now(&self) -> UtcDateTime {
        self.clock.now()
    }

    /// The account's time: the later of the clock and its last change.
    #[must_use]
    pub fn time(&self) -> UtcDateTime {
        let (record, _) = Record::of(&self.account());
        moment(record.as_of.max(self.clock.millis()))
    }

    /// Lets time pass.
    pub fn wait(&mut self, span: std::time::Duration) {
        self.clock.set(self.now() + span);
    }

    /// Sets the clock back.
    pub fn set_back(&mut self, span: std::time::Duration) {
        self.clock.set(self.now() - span);
    }

    /// The stored record, if there is one.
    #[must_use]
    pub fn record(&self) -> Option<Account> {
        self.store.record(&self.subject)
    }

    /// The account as a request finds it: a new one if none is stored.
    #[must_use]
    pub fn account(&self) -> Account {
        self.record()
            .unwrap_or_else(|| Account::new(self.subject.clone()))
    }

    /// Stores an account unconditionally.
    pub fn put(&mut self, account: Account) {
        self.store.put(account);
    }

    /// Replaces the stored account by `with` of it, for example its stored form and back.
    pub fn reload(&mut self, with: impl FnOnce(&Account) -> Account) {
        if let Some(record) = self.record() {
            self.put(with(&record));
        }
    }

    /// The sessions, in order.
    #[must_use]
    pub fn sessions(&self) -> &[MfaSession] {
        &self.sessions
    }

    /// The binding codes, in order.
    #[must_use]
    pub fn codes(&self) -> &[IssuedCode] {
        &self.codes
    }

    /// The id of the message that carried this code.
    ///
    /// # Panics
    ///
    /// If the code was not issued here.
    #[must_use]
    pub fn delivery_of(&self, sent: &Sent) -> DeliveryId {
        let mut codes = self.codes.iter();
        let code = codes.find(|code| code.oob_code == sent.oob_code);
        code.expect("a code that was issued here").delivery
    }

    /// All phones ever associated or imported, in order.
    #[must_use]
    pub fn devices(&self) -> &[DeviceId] {
        &self.devices
    }

    /// The recovery codes that were shown, in order.
    #[must_use]
    pub fn recovery_codes(&self) -> &[IssuedRecoveryCode] {
        &self.recovery_codes
    }

    /// Executes the command on the world's own store.
    ///
    /// After a conflict it asks again, [`MAX_TRIES`] times in all, like
    /// [`decide`](oob_mfa::decide). The answer is [`Answer::Unavailable`] if all of them get a
    /// conflict, or if the store fails.
    pub fn apply(&mut self, command: &Command) -> Observation {
        for _ in 0..MAX_TRIES {
            let record = match command {
                // These commands do not use the store.
                Command::Begin | Command::Vouch(_) | Command::Step { .. } => None,
                _ => match self.store.load(&self.subject) {
                    Ok(record) => record,
                    Err(_) => break,
                },
            };
            let account = record.unwrap_or_else(|| Account::new(self.subject.clone()));
            let asked = self.ask(command, account);
            match asked.commit(|next| self.replace(next)) {
                Ok(decision) => return self.observe(decision),
                Err(Unsaved::Conflict) => {}
                Err(Unsaved::Failed(_)) => break,
            }
        }
        self.unsaved(Answer::Unavailable)
    }

    /// Asks the engine to execute the command, for an account loaded from any store.
    ///
    /// Commit it there, and give the result to [`observe`](Self::observe). After a conflict, load and ask
    /// again. Sessions and the clock belong to the world and never conflict.
    ///
    /// # Examples
    ///
    /// ```
    /// use oob_mfa::{Account, Channel};
    /// use oob_mfa_testing::{ALICES, Answer, Command, World};
    ///
    /// let mut world = World::new();
    /// let command =
    ///     Command::ImportPhone { phone: ALICES.parse()?, channel: Channel::Sms };
    ///
    /// // Your store would load this, and save below.
    /// let loaded = Account::new(world.subject().clone());
    /// let mut stored = None;
    /// let decision = world.ask(&command, loaded).commit(|next| {
    ///     stored = Some(next.account().clone());
    ///     Ok::<(), &str>(())
    /// })?;
    /// let observation = world.observe(decision);
    /// assert_eq!(observation.reply.answer, Answer::Imported { device: 0 });
    /// assert!(stored.is_some_and(|account| account.is_enrolled()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn ask(&mut self, command: &Command, account: Account) -> Asked {
        Asked(self.question(command, account))
    }

    fn replace(&mut self, next: Next) -> Result<(), Unsaved<MemoryStoreUnavailable>> {
        self.store.replace(next)?;
        self.saves += 1;
        Ok(())
    }

    /// The number of a session: a new one if it is unknown.
    fn add_session(&mut self, session: MfaSession) -> usize {
        self.tags.push(session_tag(&session));
        self.sessions.push(session);
        self.sessions.len() - 1
    }

    fn session(&self, session: usize) -> Option<(usize, MfaSession)> {
        let number = back(self.sessions.len(), session)?;
        Some((number, self.sessions[number].clone()))
    }

    fn device(&self, device: usize) -> DeviceId {
        back(self.devices.len(), device).map_or_else(never_issued, |number| self.devices[number])
    }

    fn authenticator(&self, authenticator: Authenticator) -> AuthenticatorId {
        match authenticator {
            Authenticator::Phone(channel, device) => {
                AuthenticatorId::Phone(channel, self.device(device))
            }
            Authenticator::RecoveryCode => AuthenticatorId::RecoveryCode(self.recovery_entry),
            Authenticator::Unknown => AuthenticatorId::Phone(Channel::Sms, never_issued()),
        }
    }
}

/// An id that is never drawn in practice: 1 in 62¹⁶.
fn never_issued() -> DeviceId {
    "dev_NeverIssuedToAny".parse().expect("an id")
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl Clone for World {
    fn clone(&self) -> Self {
        Self {
            engine: self.engine.clone(),
            rng: self.rng.clone(),
            saves: self.saves,
            events: self.events.clone(),
            clock: self.clock.fork(),
            store: self.store.fork(),
            outbox: self.outbox.fork(),
            subject: self.subject.clone(),
            sessions: self.sessions.clone(),
            tags: self.tags.clone(),
            codes: self.codes.clone(),
            devices: self.devices.clone(),
            recovery_codes: self.recovery_codes.clone(),
            recovery_entry: self.recovery_entry,
        }
    }
}
