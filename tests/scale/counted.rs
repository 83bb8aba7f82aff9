//! A user of a store that counts.

use std::cell::{Cell, RefCell};

use oob_mfa::*;
use oob_mfa_testing::{ALICES, MemoryStoreUnavailable, Sent, TestRng, World};

use super::SUBJECT;

pub struct Counted {
    pub world: World,
    loads: Cell<u32>,
    writes: Cell<u32>,
    messages: Cell<u32>,
    rng: RefCell<TestRng>,
}

impl Counted {
    pub fn new() -> Self {
        Self {
            world: World::of(Policy::auth0(), SUBJECT),
            loads: Cell::new(0),
            writes: Cell::new(0),
            messages: Cell::new(0),
            rng: RefCell::new(TestRng::new(43)),
        }
    }

    fn load(&self) -> Result<Option<Account>, MemoryStoreUnavailable> {
        self.loads.set(self.loads.get() + 1);
        self.world.store().load(self.world.subject())
    }

    fn decide<T>(&self, ask: impl FnMut(Account) -> Transition<T>) -> Result<T, Denied> {
        let replace = |next| {
            self.writes.set(self.writes.get() + 1);
            self.world.store().replace(next)
        };
        decide(self.world.subject(), || self.load(), ask, replace)
            .unwrap()
            .result
    }

    /// After a right password: reads the requirements, and issues a token.
    pub fn password(&mut self) -> (MfaSession, Requirements) {
        let account = self.load().unwrap();
        let account = account.unwrap_or_else(|| Account::new(self.world.subject().clone()));
        (
            self.world.first_factor(),
            self.world.engine.requirements(&account),
        )
    }

    fn sent(
        &self,
        authenticator: AuthenticatorId,
        oob_code: &OobCode,
        delivery: &Delivery,
        recovery_code: Option<RecoveryCode>,
    ) -> Sent {
        self.messages.set(self.messages.get() + 1);
        Sent {
            authenticator,
            oob_code: oob_code.expose_secret(),
            code: delivery.code.expose_secret().into(),
            recovery_code: recovery_code.map(|code| code.expose_secret().into()),
        }
    }

    pub fn associate(&self, session: &MfaSession) -> Sent {
        let mut rng = self.rng.borrow_mut();
        let request = Associate {
            channel: Channel::Sms,
            phone: ALICES.parse().unwrap(),
        };
        let (engine, now) = (&self.world.engine, self.world.now());
        let granted = self
            .decide(|account| engine.associate(account, session, &request, now, &mut *rng))
            .unwrap();
        let recovery_code = granted.recovery_code;
        self.sent(
            granted.authenticator,
            &granted.oob_code,
            &granted.delivery,
            recovery_code,
        )
    }

    pub fn challenge(&self, session: &MfaSession) -> Result<Sent, Denied> {
        let mut rng = self.rng.borrow_mut();
        let (engine, now) = (&self.world.engine, self.world.now());
        let granted = self.decide(|account| {
            engine.challenge(account, session, &Challenge::default(), now, &mut *rng)
        })?;
        Ok(self.sent(
            granted.authenticator,
            &granted.oob_code,
            &granted.delivery,
            None,
        ))
    }

    pub fn answer(&self, session: &MfaSession, sent: &Sent) -> Result<(), Denied> {
        let request = VerifyOob {
            oob_code: sent.oob_code.as_str().into(),
            binding_code: sent.code.as_str().into(),
        };
        let (engine, now) = (&self.world.engine, self.world.now());
        self.decide(|account| engine.verify_oob(account, session, &request, now))
            .map(drop)
    }

    pub fn recover(&self, session: &MfaSession, code: &str) -> Result<(), Denied> {
        let mut rng = self.rng.borrow_mut();
        let code = RecoveryCode::from(code);
        let (engine, now) = (&self.world.engine, self.world.now());
        let recovered = self
            .decide(|account| engine.verify_recovery_code(account, session, &code, now, &mut *rng));
        recovered.map(drop)
    }

    pub fn list(&self, session: &MfaSession) -> usize {
        let account = self.load().unwrap().unwrap();
        let (engine, now) = (&self.world.engine, self.world.now());
        let entries = engine.authenticators(&account, session, now);
        entries.unwrap().count()
    }

    /// The counts since the last call, as a row of the page.
    pub fn row(&self, request: &str) -> String {
        let (loads, writes) = (self.loads.take(), self.writes.take());
        let messages = self.messages.take();
        format!("| {request} | {loads} | {writes} | {messages} |")
    }
}
