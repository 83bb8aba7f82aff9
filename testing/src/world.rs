//! One account, and everything around it.

mod ask;
mod hear;
mod issued;
mod methods;
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

/// An account, its engine, a clock, a random source, a store, an outbox, and a memory of everything
/// that was issued.
///
/// A test acts on it in two ways, which can be mixed:
///
/// * **Methods**, one for each operation: [`associate`](Self::associate), [`challenge`](Self::challenge),
///   [`verify`](Self::verify) and so on. Each loads, asks, saves and asserts that the engine kept the
///   contract: see [`commit`](Self::commit).
/// * **Commands**, data that a strategy can draw: [`apply`](Self::apply) does one on its own store,
///   [`ask`](Self::ask) and [`hear`](Self::hear) do it on any store. They assert nothing.
///
/// What code under test can share is behind a method: [`clock`](Self::clock), [`store`](Self::store),
/// [`outbox`](Self::outbox). What only the world uses is a field. A clone is a world of its own.
pub struct World {
    /// What decides. Assign another to restart the servers with another policy or other keys.
    pub engine: Engine,
    /// The random source.
    pub rng: TestRng,
    /// How often the store took a write.
    pub saves: u32,
    /// The events of the last operation.
    pub events: Vec<Event>,
    clock: Clock,
    store: MemoryStore,
    outbox: Outbox,
    subject: Subject,
    sessions: Vec<MfaSession>,
    /// What stands for each of them in the record.
    tags: Vec<Id>,
    codes: Vec<IssuedCode>,
    devices: Vec<DeviceId>,
    recovery_codes: Vec<IssuedRecoveryCode>,
    recovery_entry: DeviceId,
}

impl World {
    /// The first moment of every world, in milliseconds since the Unix epoch: 15 January 2027, 08:00.
    pub const START: i64 = Clock::START;
    /// The last moment of the clock: the end of the year 9999.
    pub const END: i64 = Clock::END;

    /// Alice's world with [`Policy::auth0`], in which nothing has happened.
    #[must_use]
    pub fn new() -> Self {
        Self::of(Policy::auth0(), "auth0|alice")
    }

    /// A world of this policy and user, in which nothing has happened.
    #[must_use]
    pub fn of(policy: Policy, subject: &str) -> Self {
        let engine = Engine::new(policy, KeyRing::new(Key::new(1, &[7; 32])));
        Self::with_engine(engine, subject.parse().expect("a subject"), 1)
    }

    /// A world of this engine and user, in which nothing has happened. The same seed gives the same world.
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

    /// Takes up a session of another user, as a server with a bug does.
    ///
    /// `session` counts back from the latest of the other's. One that is not the other's own is not
    /// taken up.
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

    /// Where its messages go. A clone of it is the same outbox.
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

    /// The account as a request finds it: a new one where none is stored.
    #[must_use]
    pub fn account(&self) -> Account {
        self.record()
            .unwrap_or_else(|| Account::new(self.subject.clone()))
    }

    /// Puts an account in the place of whatever is stored.
    pub fn put(&mut self, account: Account) {
        self.store.put(account);
    }

    /// Puts the stored record through `with`, for example through its stored form and back.
    pub fn reload(&mut self, with: impl FnOnce(&Account) -> Account) {
        if let Some(record) = self.record() {
            self.put(with(&record));
        }
    }

    /// The sessions, in their order.
    #[must_use]
    pub fn sessions(&self) -> &[MfaSession] {
        &self.sessions
    }

    /// The binding codes, in their order.
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

    /// The phones that were ever associated or imported, in their order.
    #[must_use]
    pub fn devices(&self) -> &[DeviceId] {
        &self.devices
    }

    /// The recovery codes that were shown, in their order.
    #[must_use]
    pub fn recovery_codes(&self) -> &[IssuedRecoveryCode] {
        &self.recovery_codes
    }

    /// Does what the command says, on its own store.
    ///
    /// After a conflict it asks again, [`MAX_TRIES`] times in all, as [`decide`](oob_mfa::decide) does. The
    /// answer is [`Answer::Unavailable`] where all of them meet a conflict, and where the store fails.
    pub fn apply(&mut self, command: &Command) -> Observation {
        for _ in 0..MAX_TRIES {
            let record = match command {
                // They do not ask the store.
                Command::Begin | Command::Vouch(_) | Command::Step { .. } => None,
                _ => match self.store.load(&self.subject) {
                    Ok(record) => record,
                    Err(_) => break,
                },
            };
            let account = record.unwrap_or_else(|| Account::new(self.subject.clone()));
            let asked = self.ask(command, account);
            match asked.commit(|next| self.replace(next)) {
                Ok(heard) => return self.hear(heard),
                Err(Unsaved::Conflict) => {}
                Err(Unsaved::Failed(_)) => break,
            }
        }
        self.unsaved(Answer::Unavailable)
    }

    /// Puts the command to the engine, for an account that was loaded from any store.
    ///
    /// Commit it there, and give the result to [`hear`](Self::hear). After a conflict, load and ask again.
    /// Sessions and the clock are the world's own and meet no conflict.
    ///
    /// # Examples
    ///
    /// ```
    /// use oob_mfa::{Account, Channel};
    /// use oob_mfa_testing::{ALICES, Answer, Command, World};
    ///
    /// let mut world = World::new();
    /// let command = Command::ImportPhone { phone: ALICES.parse()?, channel: Channel::Sms };
    ///
    /// // Your store would load this, and save below.
    /// let loaded = Account::new(world.subject().clone());
    /// let mut stored = None;
    /// let heard = world.ask(&command, loaded).commit(|next| {
    ///     stored = Some(next.account().clone());
    ///     Ok::<(), &str>(())
    /// })?;
    /// assert_eq!(world.hear(heard).reply.answer, Answer::Imported { device: 0 });
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

    /// The number of a session: a new one where it is not known yet.
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
