//! What every case starts from, and leaves as it was: a typical user, with a login under way.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use hmac::{Hmac, KeyInit};
use oob_mfa::{
    Account, Associate, Challenge, Channel, Denied, Engine, Key, KeyRing, MfaSession, Next,
    OobCode, Policy, RateLimit, RecoveryCode, Transition, VerifyOob,
};
use sha2::Sha256;
use time::{Duration, UtcDateTime};

use crate::peers::Peers;

/// One phone, a recovery code, and as many logins under way as is asked for, each of a session of its
/// own. The login that is measured began last, so that whoever looks for it comes past all others.
pub struct World {
    pub(crate) engine: Engine,
    pub(crate) now: UtcDateTime,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) session: MfaSession,
    pub(crate) token: String,
    pub(crate) account: Account,
    /// The same after ten wrong codes.
    pub(crate) exhausted: Account,
    /// One phone and a recovery code, and nothing under way.
    pub(crate) idle: Account,
    /// A user who has nothing yet.
    pub(crate) fresh: Account,
    pub(crate) right: VerifyOob,
    pub(crate) wrong: VerifyOob,
    pub(crate) unknown: VerifyOob,
    pub(crate) recovery_right: RecoveryCode,
    pub(crate) recovery_wrong: RecoveryCode,
    pub(crate) phone: Associate,
    pub(crate) budget: oob_mfa::Budget,
    pub(crate) limit: RateLimit,
    pub(crate) typical: Record,
    pub(crate) largest: Record,
    /// Where a caller has records written to.
    pub(crate) buffer: Vec<u8>,
    pub(crate) prepared: Hmac<Sha256>,
    pub(crate) peers: Peers,
}

/// An account and its two stored forms.
pub(crate) struct Record {
    pub(crate) account: Account,
    pub(crate) postcard: Vec<u8>,
    pub(crate) json: Vec<u8>,
}

impl Record {
    fn of(account: Account) -> Self {
        Self {
            postcard: postcard::to_allocvec(&account).expect("an account has a binary form"),
            json: serde_json::to_vec(&account).expect("an account has a text form"),
            account,
        }
    }

    /// Every list full.
    fn largest() -> Self {
        let hex = include_str!("../../tests/golden/largest.postcard.hex");
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let bytes: Vec<u8> = digits
            .chunks(2)
            .map(|pair| u8::from_str_radix(core::str::from_utf8(pair).expect("ASCII"), 16))
            .collect::<Result<_, _>>()
            .expect("hexadecimal digits");
        Self::of(postcard::from_bytes(&bytes).expect("a record"))
    }
}

/// What is left of the failure budget.
#[derive(Clone, Copy, Debug)]
pub enum Budget {
    /// Nothing: no code is judged.
    Empty,
    /// Enough.
    Full,
}

pub(crate) const SECRET: [u8; 32] = [7; 32];
pub(crate) const SUBJECT: &str = "auth0|507f1f77bcf86cd799439011";

impl World {
    /// Enrolls the phone, and a day later begins so many logins, which takes 1 to 10.
    ///
    /// # Panics
    ///
    /// Where a case would measure something else than its name says.
    #[must_use]
    pub fn new(pending: usize) -> Self {
        let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &SECRET)));
        let enrolled = UtcDateTime::from_unix_timestamp(1_800_000_000).expect("a moment of 2027");
        let mut rng = ChaCha20Rng::from_seed([1; 32]);
        let subject: oob_mfa::Subject = SUBJECT.parse().expect("short");
        let begin = |now: UtcDateTime, rng: &mut ChaCha20Rng| {
            engine
                .begin(subject.clone(), "demo", "openid profile", "", now, rng)
                .expect("short")
        };

        let fresh = Account::new(subject.clone());
        let mut account = fresh.clone();
        let session = begin(enrolled, &mut rng);
        let phone = Associate {
            channel: Channel::Sms,
            phone: "+14155558730".parse().expect("a number"),
        };
        let transition = engine.associate(&account, &session, &phone, enrolled, &mut rng);
        let associated = saved(&mut account, transition).expect("a first enrollment");
        let code = associated.delivery.code.expose_secret();
        let confirm = answer(&associated.oob_code, code);
        let transition = engine.verify_oob(&account, &session, &confirm, enrolled);
        saved(&mut account, transition).expect("the right code");
        let recovery_code = associated.recovery_code.expect("a first enrollment");

        let began = enrolled + Duration::days(1);
        let mut idle = account.clone();
        // What a day has ended leaves the record with the next change of it.
        saved(&mut idle, engine.restore_budgets(&account, began)).expect("an administrator");
        account = idle.clone();
        let mut login = |account: &mut Account| {
            let session = begin(began, &mut rng);
            let transition =
                engine.challenge(account, &session, &Challenge::default(), began, &mut rng);
            let challenged = saved(account, transition).expect("an active phone");
            (session, challenged)
        };
        for _ in 1..pending {
            login(&mut account);
        }
        let (session, challenged) = login(&mut account);

        let code = challenged.delivery.code.expose_secret();
        let other = if code == "000000" { "000001" } else { "000000" };
        let wrong = answer(&challenged.oob_code, other);
        let mut exhausted = account.clone();
        for _ in 0..10 {
            let transition = engine.verify_oob(&exhausted, &session, &wrong, began);
            saved(&mut exhausted, transition).expect_err("a wrong code");
        }

        let mut world = Self {
            now: began + Duration::seconds(20),
            token: engine.issue_token(&session).expose_secret().to_owned(),
            right: answer(&challenged.oob_code, code),
            wrong,
            unknown: answer(&OobCode::from("AAECAwQFBgcICQoLDA0ODw"), code),
            recovery_right: recovery_code.expose_secret().into(),
            recovery_wrong: "ABCDEFGHJKLMNPQRSTUVWXYZ".into(),
            budget: oob_mfa::Budget::default(),
            limit: engine.policy().sends(),
            typical: Record::of(account.clone()),
            largest: Record::largest(),
            buffer: vec![0; 4_096],
            prepared: Hmac::new_from_slice(&SECRET).expect("a key of any length"),
            peers: Peers::new(),
            phone,
            engine,
            rng,
            session,
            account,
            exhausted,
            idle,
            fresh,
        };
        world.check();
        world
    }

    /// A benchmark of something else than its name says is worse than none.
    fn check(&mut self) {
        assert_eq!(self.verify_right(), Ok(()));
        assert_eq!(self.verify_wrong(), Err(Denied::InvalidBindingCode));
        let refused = self.verify_refused();
        assert!(matches!(refused, Err(Denied::TooManyFailures { .. })));
        assert_eq!(self.verify_code(Budget::Empty, &self.wrong), refused);
        assert_eq!(self.verify_unknown(), Err(Denied::OobCodeUnknown));
        assert_eq!(self.recovery_right(), Ok(()));
        assert_eq!(self.recovery_wrong(), Err(Denied::InvalidRecoveryCode));
        assert_eq!(self.challenge(), Ok(()));
        assert_eq!(self.associate(), Ok(()));
        assert_eq!(self.open_token().as_ref(), Ok(&self.session));
        // A recovery code, and a phone once for each of two channels.
        assert_eq!(self.authenticators(), 3);
        assert_eq!(self.budget_take(), Ok(()));
        assert_eq!(self.load_postcard(), self.account);
        assert_eq!(self.load_json(), self.account);
        assert_eq!(self.save_postcard(), self.typical.postcard);
        assert_eq!(self.save_json(), self.typical.json);
        assert_eq!(self.save_postcard_slice(), self.typical.postcard.len());
        assert_eq!(self.load_largest_postcard(), self.largest.account);
        assert_eq!(self.load_largest_json(), self.largest.account);
        assert_eq!(self.save_largest_postcard(), self.largest.postcard);
        assert_eq!(self.save_largest_json(), self.largest.json);
        assert_eq!(
            self.save_largest_postcard_slice(),
            self.largest.postcard.len()
        );
        assert_eq!(self.request_postcard(), Ok(()));
        assert_eq!(self.request_json(), Ok(()));
        self.check_peers();
    }

    /// The stored forms by their names.
    #[must_use]
    pub fn records(&self) -> [(&'static str, &[u8]); 4] {
        [
            ("typical_postcard", &self.typical.postcard),
            ("typical_json", &self.typical.json),
            ("largest_postcard", &self.largest.postcard),
            ("largest_json", &self.largest.json),
        ]
    }

    /// The record in postcard of a user who has nothing under way.
    #[must_use]
    pub fn idle(&self) -> Vec<u8> {
        Record::of(self.idle.clone()).postcard
    }

    /// Puts the random source at the beginning of a block, of which no case takes all.
    pub(crate) fn rewind(&mut self) {
        self.rng = ChaCha20Rng::from_seed([1; 32]);
        self.rng.next_u32();
    }

    /// Any code, with an empty budget or with a full one.
    ///
    /// # Errors
    ///
    /// As of the cases.
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
}

pub(crate) fn saved<T>(account: &mut Account, transition: Transition<T>) -> Result<T, Denied> {
    let save = |next: Next| {
        *account = next.account;
        Ok(())
    };
    transition.commit(save).and_then(|outcome| outcome.result)
}

pub(crate) fn answer(oob_code: &OobCode, code: &str) -> VerifyOob {
    VerifyOob {
        oob_code: oob_code.expose_secret().as_str().into(),
        binding_code: code.into(),
    }
}
