//! The start of every case, which does not change it: a typical user with a login under way.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use hmac::{Hmac, KeyInit};
use oob_mfa::{
    Account, Associate, Channel, Denied, Engine, Limit, MfaSession, Policy, RateLimit,
    RecoveryCode, VerifyOob,
};
use oob_mfa_testing::{ALICES, DAY, SECOND};
use sha2::Sha256;
use time::UtcDateTime;

use crate::peers::Peers;

/// One phone, a recovery code, and the requested number of logins under way, each of its own
/// session. The measured login began last, so a search for it passes all others.
pub struct World {
    pub(crate) engine: Engine,
    pub(crate) now: UtcDateTime,
    pub(crate) rng: ChaCha20Rng,
    pub(crate) session: MfaSession,
    pub(crate) token: String,
    pub(crate) account: Account,
    /// The same after 10 wrong codes.
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
    /// The record of `idle`.
    pub(crate) idle_record: Record,
    /// The record of `account`.
    pub(crate) typical: Record,
    /// The record of `exhausted`.
    pub(crate) refused: Record,
    pub(crate) largest: Record,
    /// The caller's buffer for records.
    pub(crate) buffer: Vec<u8>,
    /// The accounts of `handed_over`, until the next are prepared.
    pub(crate) handed_over: Vec<Account>,
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

/// The state of the failure budget.
#[derive(Clone, Copy, Debug)]
pub enum Budget {
    /// Empty: no code is judged.
    Empty,
    /// Enough.
    Full,
}

pub(crate) const SECRET: [u8; 32] = [7; 32];
pub(crate) const SUBJECT: &str = "auth0|507f1f77bcf86cd799439011";

impl World {
    /// Enrolls the phone, and a day later begins this many logins, 1 to 10.
    ///
    /// # Panics
    ///
    /// If a case would not measure what its name says.
    #[must_use]
    pub fn new(pending: usize) -> Self {
        let mut user = oob_mfa_testing::World::of(Policy::auth0(), SUBJECT);
        let fresh = user.account();
        let (_, recovery_code) = user.enroll(ALICES);
        user.wait(DAY);
        // The next change drops what expired during the day.
        user.restore_budgets();
        let idle = user.account();
        for _ in 1..pending {
            let session = user.first_factor();
            user.challenge(&session, None).expect("an active phone");
        }
        let session = user.first_factor();
        let sent = user.challenge(&session, None).expect("an active phone");
        let account = user.account();
        user.use_up_failures(&session, &sent);
        let exhausted = user.account();
        user.wait(20 * SECOND);

        let engine = user.engine.clone();
        let mut world = Self {
            now: user.now(),
            rng: ChaCha20Rng::from_seed([1; 32]),
            token: engine.issue_token(&session).expose_secret().to_owned(),
            right: answer(&sent.oob_code, &sent.code),
            wrong: answer(&sent.oob_code, &sent.wrong().code),
            unknown: answer("AAECAwQFBgcICQoLDA0ODw", &sent.code),
            recovery_right: recovery_code.as_str().into(),
            recovery_wrong: "ABCDEFGHJKLMNPQRSTUVWXYZ".into(),
            phone: Associate {
                channel: Channel::Sms,
                phone: ALICES.parse().expect("a number"),
            },
            budget: oob_mfa::Budget::default(),
            limit: engine.policy().rate(Limit::Sends),
            idle_record: Record::of(idle.clone()),
            typical: Record::of(account.clone()),
            refused: Record::of(exhausted.clone()),
            largest: Record::largest(),
            buffer: vec![0; 4_096],
            handed_over: Vec::with_capacity(16),
            prepared: Hmac::new_from_slice(&SECRET).expect("a key of any length"),
            peers: Peers::new(),
            engine,
            session,
            account,
            exhausted,
            idle,
            fresh,
        };
        world.check();
        world
    }

    /// A benchmark that does not measure what its name says is worse than none.
    fn check(&mut self) {
        let account = self.account(Budget::Full);
        let with = || account.clone();
        assert_eq!(self.verify_right(with()), Ok(()));
        let rejected = Err(Denied::InvalidBindingCode);
        assert_eq!(self.verify_wrong(with()), rejected);
        let exhausted = self.account(Budget::Empty);
        let refused = self.verify_refused(exhausted.clone());
        assert!(matches!(refused, Err(Denied::TooManyFailures { .. })));
        assert_eq!(self.verify_wrong(exhausted), refused);
        assert_eq!(self.verify_unknown(with()), Err(Denied::OobCodeUnknown));
        assert_eq!(self.recovery_right(with()), Ok(()));
        let recovery_rejected = Err(Denied::InvalidRecoveryCode);
        assert_eq!(self.recovery_wrong(with()), recovery_rejected);
        assert_eq!(self.challenge(self.idle.clone()), Ok(()));
        assert_eq!(self.associate(self.fresh.clone()), Ok(()));
        assert_eq!(self.recovery_system(with()), Ok(()));
        assert_eq!(self.challenge_system(self.idle.clone()), Ok(()));
        assert_eq!(self.associate_system(self.fresh.clone()), Ok(()));
        assert_eq!(self.open_token().as_ref(), Ok(&self.session));
        // A recovery code, and a phone once for each of two channels.
        assert_eq!(self.authenticators(), 3);
        assert_eq!(self.budget_take(), Ok(()));
        assert_eq!(self.load_postcard(), self.account);
        assert_eq!(self.load_json(), self.account);
        assert_eq!(self.save_postcard(), self.typical.postcard.len());
        assert_eq!(self.save_json(), self.typical.json);
        assert_eq!(self.load_largest_postcard(), self.largest.account);
        assert_eq!(self.save_largest_postcard(), self.largest.postcard.len());
        assert_eq!(self.request_postcard(), Ok(()));
        assert_eq!(self.request_postcard_wrong(), rejected);
        assert_eq!(self.request_postcard_refused(), refused);
        assert_eq!(self.request_json(), Ok(()));
        self.check_peers();
    }

    /// The stored forms by their names.
    #[must_use]
    pub fn records(&self) -> [(&'static str, &[u8]); 6] {
        [
            ("idle_postcard", &self.idle_record.postcard),
            ("idle_json", &self.idle_record.json),
            ("typical_postcard", &self.typical.postcard),
            ("typical_json", &self.typical.json),
            ("largest_postcard", &self.largest.postcard),
            ("largest_json", &self.largest.json),
        ]
    }

    /// The record in postcard of a user who has nothing under way.
    #[must_use]
    pub fn idle(&self) -> &[u8] {
        &self.idle_record.postcard
    }

    /// Moves the random source to the start of a block, which no case uses up.
    pub(crate) fn rewind(&mut self) {
        self.rng = ChaCha20Rng::from_seed([1; 32]);
        self.rng.next_u32();
    }

    /// The account of the measured login.
    #[must_use]
    pub fn account(&self, budget: Budget) -> Account {
        match budget {
            Budget::Empty => self.exhausted.clone(),
            Budget::Full => self.account.clone(),
        }
    }

    /// An answer with the right code.
    #[must_use]
    pub fn right(&self) -> VerifyOob {
        answer(
            &self.right.oob_code.expose_secret(),
            self.right.binding_code.expose_secret(),
        )
    }

    /// An answer with the right code except for one digit, counted from 0.
    #[must_use]
    pub fn wrong_at(&self, place: usize) -> VerifyOob {
        let mut code = self.right.binding_code.expose_secret().to_owned();
        let other = if code[place..].starts_with('3') {
            "4"
        } else {
            "3"
        };
        code.replace_range(place..=place, other);
        answer(&self.right.oob_code.expose_secret(), &code)
    }
}

pub(crate) fn answer(oob_code: &str, code: &str) -> VerifyOob {
    VerifyOob {
        oob_code: oob_code.into(),
        binding_code: code.into(),
    }
}
