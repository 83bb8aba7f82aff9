//! The users: all alike, each defined by a number, so any of them can be made again.

use std::convert::Infallible;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use oob_mfa::{
    Account, Associate, Challenge, Challenged, Channel, Denied, Engine, FirstFactor, KeyRing,
    MfaSession, Next, Policy, Subject, Transition, VerifyOob,
};
use time::{Duration, UtcDateTime};

pub const CLIENT: &str = "demo";

/// The users, and the time, which stands still.
pub struct Population {
    pub engine: Engine,
    pub now: UtcDateTime,
}

/// A login waiting for its code.
pub struct Waiting {
    pub token: String,
    pub oob_code: String,
    pub code: String,
}

impl Population {
    pub fn new(keys: KeyRing, now: UtcDateTime) -> Self {
        let engine = Engine::new(Policy::auth0(), keys);
        Self { engine, now }
    }

    /// In the form of Auth0's user ids: 30 bytes, not in the order of the numbers.
    pub fn subject(user: u64) -> Subject {
        let text = format!("auth0|{:016x}{user:08x}", scattered(user));
        text.parse().expect("30 bytes")
    }

    /// A user who enrolled a phone the day before and got a recovery code.
    pub fn enrolled(&self, user: u64) -> Account {
        let [_, next] = self.enrollment(user);
        next.account().clone()
    }

    /// The two writes of that enrollment.
    pub fn enrollment(&self, user: u64) -> [Next; 2] {
        let now = self.now - Duration::days(1);
        let rng = &mut random(Purpose::Enrollment, user);
        let session = self.begin(user, now, rng);
        let number = format!("+1{:010}", 2_000_000_000 + user);
        let phone = number.parse().expect("a number");
        let channel = Channel::Sms;
        let request = Associate { channel, phone };
        let account = Account::new(Self::subject(user));
        let asked = self.engine.associate(account, &session, &request, now, rng);
        let (begun, associated) = next(asked);
        let associated = associated.expect("a first enrollment");
        let code = associated.delivery.code.expose_secret();
        let confirm = answer(&associated.oob_code.expose_secret(), code);
        let account = begun.account().clone();
        let asked = self.engine.verify_oob(account, &session, &confirm, now);
        let (confirmed, verified) = next(asked);
        verified.expect("the right code");
        [begun, confirmed]
    }

    /// The same user with a login under way.
    pub fn waiting(&self, user: u64, account: Account) -> (Account, Waiting) {
        let rng = &mut random(Purpose::Login, user);
        let session = self.begin(user, self.now, rng);
        let request = Challenge::default();
        let asked = self
            .engine
            .challenge(account, &session, &request, self.now, rng);
        let (account, challenged) = saved(asked);
        let challenged = challenged.expect("an active phone");
        (account, Waiting::new(self.token(&session), &challenged))
    }

    /// The same user after 10 wrong codes.
    pub fn exhausted(&self, user: u64) -> (Account, Waiting) {
        let (mut account, waiting) = self.waiting(user, self.enrolled(user));
        let session = self.session(&waiting.token);
        for _ in 0..10 {
            let asked = self
                .engine
                .verify_oob(account, &session, &waiting.wrong(), self.now);
            let judged;
            (account, judged) = saved(asked);
            assert_eq!(judged.expect_err("wrong"), Denied::InvalidBindingCode);
        }
        (account, waiting)
    }

    /// The first factor passed a minute ago.
    pub fn begin(&self, user: u64, now: UtcDateTime, rng: &mut ChaCha20Rng) -> MfaSession {
        let now = now - Duration::minutes(1);
        let first_factor = FirstFactor {
            subject: Self::subject(user),
            client: CLIENT,
            scope: "openid profile",
            audience: "",
        };
        self.engine.begin(first_factor, now, rng).expect("short")
    }

    pub fn token(&self, session: &MfaSession) -> String {
        self.engine.issue_token(session).expose_secret().to_owned()
    }

    pub fn session(&self, token: &str) -> MfaSession {
        self.engine
            .open_token(token, Some(CLIENT), self.now)
            .expect("a token of this engine")
    }
}

impl Waiting {
    pub fn new(token: String, challenged: &Challenged) -> Self {
        Self {
            token,
            oob_code: challenged.oob_code.expose_secret().as_str().to_owned(),
            code: challenged.delivery.code.expose_secret().to_owned(),
        }
    }

    pub fn right(&self) -> VerifyOob {
        answer(&self.oob_code, &self.code)
    }

    pub fn wrong(&self) -> VerifyOob {
        answer(&self.oob_code, self.another_code())
    }

    pub fn another_code(&self) -> &'static str {
        if self.code == "000000" {
            "000001"
        } else {
            "000000"
        }
    }
}

fn answer(oob_code: &str, code: &str) -> VerifyOob {
    VerifyOob {
        oob_code: oob_code.into(),
        binding_code: code.into(),
    }
}

/// Saves to memory only: returns what to store and the decision.
pub fn next<T>(asked: Transition<T>) -> (Next, Result<T, Denied>) {
    let mut next = None;
    let Ok(outcome) = asked.commit(|made| {
        next = Some(made);
        Ok::<(), Infallible>(())
    });
    (next.expect("nothing is refused here"), outcome.result)
}

/// The same with the next account.
fn saved<T>(asked: Transition<T>) -> (Account, Result<T, Denied>) {
    let (next, result) = next(asked);
    (next.account().clone(), result)
}

/// The purposes of random bytes: each gets different ones.
#[derive(Clone, Copy)]
pub enum Purpose {
    Enrollment,
    Login,
    Draw,
    Traffic,
}

/// The same in every run.
pub fn random(purpose: Purpose, number: u64) -> ChaCha20Rng {
    let mut seed = [purpose as u8; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    ChaCha20Rng::from_seed(seed)
}

/// The finalizer of `SplitMix64`, which is one to one.
const fn scattered(user: u64) -> u64 {
    let mut bits = user.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
