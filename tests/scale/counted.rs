//! A user of a store that counts.

use std::cell::{Cell, RefCell};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use oob_mfa::*;
use oob_mfa_testing::{ALICES, MemoryStore, MemoryStoreUnavailable, World};

/// A subject of 30 bytes, as Auth0's are.
const SUBJECT: &str = "auth0|507f1f77bcf86cd799439011";

pub struct Counted {
    pub world: World,
    store: MemoryStore,
    loads: Cell<u32>,
    writes: Cell<u32>,
    messages: Cell<u32>,
    rng: RefCell<ChaCha20Rng>,
}

/// The result of a request, with or without a code.
pub struct Asked {
    pub oob_code: String,
    pub code: String,
    pub recovery_code: Option<String>,
}

impl Counted {
    pub fn new() -> Self {
        Self {
            world: World::of(Policy::auth0(), SUBJECT),
            store: MemoryStore::new(),
            loads: Cell::new(0),
            writes: Cell::new(0),
            messages: Cell::new(0),
            rng: RefCell::new(ChaCha20Rng::from_seed([43; 32])),
        }
    }

    fn load(&self) -> Result<Option<Account>, MemoryStoreUnavailable> {
        self.loads.set(self.loads.get() + 1);
        self.store.load(&SUBJECT.parse().unwrap())
    }

    pub fn account(&self) -> Account {
        let subject: Subject = SUBJECT.parse().unwrap();
        let stored = self.store.load(&subject).unwrap();
        stored.unwrap_or_else(|| Account::new(subject))
    }

    /// The bytes of the stored record.
    pub fn bytes(&self) -> usize {
        postcard::to_allocvec(&self.account()).unwrap().len()
    }

    fn decide<T>(&self, ask: impl FnMut(Account) -> Transition<T>) -> Result<T, Denied> {
        let replace = |next| {
            self.writes.set(self.writes.get() + 1);
            self.store.replace(next)
        };
        let subject = SUBJECT.parse().unwrap();
        decide(&subject, || self.load(), ask, replace)
            .unwrap()
            .result
    }

    /// After a right password: reads the requirements, and issues a token.
    pub fn password(&mut self) -> (MfaSession, Requirements) {
        let account = self.load().unwrap();
        let account = account.unwrap_or_else(|| Account::new(SUBJECT.parse().unwrap()));
        (
            self.world.first_factor(),
            self.world.engine.requirements(&account),
        )
    }

    pub fn associate(&self, session: &MfaSession) -> Asked {
        let mut rng = self.rng.borrow_mut();
        let request = Associate {
            channel: Channel::Sms,
            phone: ALICES.parse().unwrap(),
        };
        let (engine, now) = (&self.world.engine, self.world.now());
        let associated = self
            .decide(|account| engine.associate(account, session, &request, now, &mut *rng))
            .unwrap();
        self.messages.set(self.messages.get() + 1);
        Asked {
            oob_code: associated.oob_code.expose_secret(),
            code: associated.delivery.code.expose_secret().into(),
            recovery_code: associated
                .recovery_code
                .map(|code| code.expose_secret().into()),
        }
    }

    pub fn challenge(&self, session: &MfaSession) -> Result<Asked, Denied> {
        let mut rng = self.rng.borrow_mut();
        let (engine, now) = (&self.world.engine, self.world.now());
        let challenged = self.decide(|account| {
            engine.challenge(account, session, &Challenge::default(), now, &mut *rng)
        });
        let challenged = challenged?;
        self.messages.set(self.messages.get() + 1);
        Ok(Asked {
            oob_code: challenged.oob_code.expose_secret(),
            code: challenged.delivery.code.expose_secret().into(),
            recovery_code: None,
        })
    }

    pub fn answer(&self, session: &MfaSession, oob_code: &str, code: &str) -> Result<(), Denied> {
        let request = VerifyOob {
            oob_code: oob_code.into(),
            binding_code: code.into(),
        };
        let (engine, now) = (&self.world.engine, self.world.now());
        self.decide(|account| engine.verify_oob(account, session, &request, now))
            .map(drop)
    }

    pub fn wrong(&self, session: &MfaSession, asked: &Asked) -> Result<(), Denied> {
        let wrong = if asked.code == "000000" {
            "000001"
        } else {
            "000000"
        };
        self.answer(session, &asked.oob_code, wrong)
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

    pub fn enroll(&mut self) -> Asked {
        let (session, _) = self.password();
        let asked = self.associate(&session);
        assert_eq!(self.answer(&session, &asked.oob_code, &asked.code), Ok(()));
        asked
    }

    /// The counts since the last call, as a row of the page.
    pub fn row(&self, request: &str) -> String {
        let (loads, writes) = (self.loads.take(), self.writes.take());
        let messages = self.messages.take();
        format!("| {request} | {loads} | {writes} | {messages} |")
    }
}
