//! The operations that are measured, on a typical user: one phone, a recovery code, a login under way.
//!
//! Each case is a function from the same [`World`], so that times (`benches/verify.rs`) and
//! instructions (`instructions.sh`) are those of the same work.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use hmac::{Hmac, KeyInit, Mac};
use oob_mfa::{
    Account, Associate, Challenge, Channel, Denied, Engine, Key, KeyRing, MfaSession, Next,
    OobCode, Policy, Transition, VerifyOob,
};
use sha2::Sha256;
use time::{Duration, UtcDateTime};

/// What every case starts from. No case changes it.
pub struct World {
    engine: Engine,
    now: UtcDateTime,
    session: MfaSession,
    token: String,
    account: Account,
    record: Vec<u8>,
    /// The same account after ten wrong codes.
    exhausted: Account,
    right: VerifyOob,
    wrong: VerifyOob,
    unknown: VerifyOob,
    prepared: Hmac<Sha256>,
}

/// What is left of the failure budget.
#[derive(Clone, Copy, Debug)]
pub enum Budget {
    /// Nothing: no code is judged.
    Empty,
    /// Enough.
    Full,
}

const SECRET: [u8; 32] = [7; 32];

impl World {
    /// Enrolls the phone, signs in, and asks for a further code.
    ///
    /// # Panics
    ///
    /// Where a case would measure something else than its name says.
    #[must_use]
    pub fn new() -> Self {
        let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &SECRET)));
        let now = UtcDateTime::from_unix_timestamp(1_800_000_000).expect("a moment of 2027");
        let rng = &mut ChaCha20Rng::from_seed([1; 32]);
        let subject: oob_mfa::Subject = "auth0|507f1f77bcf86cd799439011".parse().expect("short");
        let begin = |rng: &mut ChaCha20Rng| {
            engine
                .begin(subject.clone(), "demo", "openid profile", "", now, rng)
                .expect("short")
        };

        let mut account = Account::new(subject.clone());
        let enrollment = begin(rng);
        let phone = "+14155558730".parse().expect("a number");
        let request = Associate {
            channel: Channel::Sms,
            phone,
        };
        let transition = engine.associate(&account, &enrollment, &request, now, rng);
        let associated = saved(&mut account, transition).expect("a first enrollment");
        let code = associated.delivery.code.expose_secret();
        let confirm = answer(&associated.oob_code, code);
        let transition = engine.verify_oob(&account, &enrollment, &confirm, now);
        saved(&mut account, transition).expect("the right code");

        let session = begin(rng);
        let now = now + Duration::minutes(1);
        let transition = engine.challenge(&account, &session, &Challenge::default(), now, rng);
        let challenged = saved(&mut account, transition).expect("an active phone");
        let code = challenged.delivery.code.expose_secret();
        let other = if code == "000000" { "000001" } else { "000000" };
        let wrong = answer(&challenged.oob_code, other);
        let mut exhausted = account.clone();
        for _ in 0..10 {
            let transition = engine.verify_oob(&exhausted, &session, &wrong, now);
            saved(&mut exhausted, transition).expect_err("a wrong code");
        }

        let world = Self {
            now: now + Duration::seconds(20),
            token: engine.issue_token(&session).expose_secret().to_owned(),
            record: postcard::to_allocvec(&account).expect("an account has a binary form"),
            right: answer(&challenged.oob_code, code),
            wrong,
            unknown: answer(&OobCode::from("AAECAwQFBgcICQoLDA0ODw"), code),
            prepared: Hmac::new_from_slice(&SECRET).expect("a key of any length"),
            engine,
            session,
            account,
            exhausted,
        };
        world.check();
        world
    }

    /// A benchmark of something else than its name says is worse than none.
    fn check(&self) {
        assert_eq!(self.verify_right(), Ok(()));
        assert_eq!(self.verify_wrong(), Err(Denied::InvalidBindingCode));
        assert!(matches!(
            self.verify_refused(),
            Err(Denied::TooManyFailures { .. })
        ));
        assert_eq!(self.verify_refused_wrong(), self.verify_refused());
        assert_eq!(self.verify_unknown(), Err(Denied::OobCodeUnknown));
        assert_eq!(self.challenge(), Ok(()));
        assert_eq!(self.open_token().as_ref(), Ok(&self.session));
        assert_eq!(self.load().as_ref(), Some(&self.account));
        assert_eq!(self.load_and_save().as_ref(), Some(&self.record));
    }

    /// The floor of `verify_right` and `verify_wrong`: HMAC-SHA-256 from a prepared key over a
    /// message of their length, and nothing else.
    #[must_use]
    pub fn hmac(&self) -> [u8; 32] {
        let mut mac = self.prepared.clone();
        // In the same four pieces: label, challenge, session, code.
        mac.update(b"oob-mfa code 1");
        mac.update(&[1; 16]);
        mac.update(&[2; 16]);
        mac.update(b"012345");
        mac.finalize().into_bytes().into()
    }

    /// The right code: a login completed.
    ///
    /// # Errors
    ///
    /// None, or the measure is off.
    pub fn verify_right(&self) -> Result<(), Denied> {
        self.verify(&self.account, &self.right)
    }

    /// A wrong code: judged and charged.
    ///
    /// # Errors
    ///
    /// [`Denied::InvalidBindingCode`]
    pub fn verify_wrong(&self) -> Result<(), Denied> {
        self.verify(&self.account, &self.wrong)
    }

    /// The right code with an empty budget: not judged.
    ///
    /// # Errors
    ///
    /// [`Denied::TooManyFailures`]
    pub fn verify_refused(&self) -> Result<(), Denied> {
        self.verify(&self.exhausted, &self.right)
    }

    /// A wrong code with an empty budget: not judged either.
    ///
    /// # Errors
    ///
    /// [`Denied::TooManyFailures`]
    pub fn verify_refused_wrong(&self) -> Result<(), Denied> {
        self.verify(&self.exhausted, &self.wrong)
    }

    /// Any code, with an empty budget or with a full one.
    ///
    /// # Errors
    ///
    /// As of the cases above.
    pub fn verify_code(&self, budget: Budget, code: &VerifyOob) -> Result<(), Denied> {
        match budget {
            Budget::Empty => self.verify(&self.exhausted, code),
            Budget::Full => self.verify(&self.account, code),
        }
    }

    /// An answer with the right code.
    #[must_use]
    pub fn right(&self) -> VerifyOob {
        answer(
            &self.right.oob_code,
            self.right.binding_code.expose_secret(),
        )
    }

    /// An answer with the right code but for one digit, counted from 0.
    #[must_use]
    pub fn wrong_at(&self, place: usize) -> VerifyOob {
        let mut code = self.right.binding_code.expose_secret().to_owned();
        let other = if code[place..].starts_with('3') {
            "4"
        } else {
            "3"
        };
        code.replace_range(place..=place, other);
        answer(&self.right.oob_code, &code)
    }

    /// An `oob_code` that nobody knows.
    ///
    /// # Errors
    ///
    /// [`Denied::OobCodeUnknown`]
    pub fn verify_unknown(&self) -> Result<(), Denied> {
        self.verify(&self.account, &self.unknown)
    }

    fn verify(&self, account: &Account, request: &VerifyOob) -> Result<(), Denied> {
        kept(
            self.engine
                .verify_oob(account, &self.session, request, self.now),
        )
    }

    /// A code drawn and issued, in the place of the one before. The random source is `ChaCha20`, of
    /// which one fresh block is counted in.
    ///
    /// # Errors
    ///
    /// None, or the measure is off.
    pub fn challenge(&self) -> Result<(), Denied> {
        let rng = &mut ChaCha20Rng::from_seed([2; 32]);
        let request = Challenge::default();
        kept(
            self.engine
                .challenge(&self.account, &self.session, &request, self.now, rng),
        )
    }

    /// A valid `mfa_token`.
    ///
    /// # Errors
    ///
    /// None, or the measure is off.
    pub fn open_token(&self) -> Result<MfaSession, Denied> {
        self.engine.open_token(&self.token, Some("demo"), self.now)
    }

    /// The record, read from postcard and checked.
    #[must_use]
    pub fn load(&self) -> Option<Account> {
        postcard::from_bytes(&self.record).ok()
    }

    /// The record, read and written.
    #[must_use]
    pub fn load_and_save(&self) -> Option<Vec<u8>> {
        postcard::to_allocvec(&self.load()?).ok()
    }

    /// Bytes of the record.
    #[must_use]
    pub fn record_len(&self) -> usize {
        self.record.len()
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

/// Commits to a store that costs nothing: the next account is made and dropped.
fn kept<T>(transition: Transition<T>) -> Result<(), Denied> {
    let save = |next: Next| {
        core::hint::black_box(&next.account);
        Ok(())
    };
    transition
        .commit(save)
        .and_then(|outcome| outcome.result.map(drop))
}

fn saved<T>(account: &mut Account, transition: Transition<T>) -> Result<T, Denied> {
    let save = |next: Next| {
        *account = next.account;
        Ok(())
    };
    transition.commit(save).and_then(|outcome| outcome.result)
}

fn answer(oob_code: &OobCode, code: &str) -> VerifyOob {
    VerifyOob {
        oob_code: oob_code.expose_secret().as_str().into(),
        binding_code: code.into(),
    }
}
