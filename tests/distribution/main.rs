//! How random words become codes: exactly, evenly, and when the source fails.
//!
//! `words` tests the mapping word by word. `even` measures the final codes. `OOB_MFA_LONG=1` draws
//! 10× more codes for that; `OOB_MFA_DRAWS` sets their number.

mod calls;
mod even;
mod failing;
mod source;
mod words;

use std::convert::Infallible;

use oob_mfa::*;
use time::{Duration, UtcDateTime};

const PHONE: &str = "+14155558730";

/// An account with one phone, and a session of each kind.
///
/// Nothing is saved, so every draw starts from the same state.
struct Drawer {
    engine: Engine,
    account: Account,
    first_factor: MfaSession,
    mfa: MfaSession,
    now: UtcDateTime,
}

impl Drawer {
    fn new(digits: usize) -> Self {
        let policy = Policy::auth0().with_code_digits(digits).unwrap();
        let engine = Engine::new(policy, KeyRing::new(Key::new(1, &[7; 32])));
        let now = UtcDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let subject: Subject = "auth0|alice".parse().unwrap();
        let session = |assurance| {
            MfaSession::trusted(TrustedClaims {
                id: SessionId::from_jti("jti-1").unwrap(),
                subject: subject.clone(),
                client: "demo",
                assurance,
                scope: "enroll read:authenticators remove:authenticators",
                audience: "",
                issued_at: now,
                expires_at: now + Duration::MINUTE,
                authenticated_at: now,
            })
            .unwrap()
        };
        let mut drawer = Self {
            engine,
            first_factor: session(Assurance::FirstFactor),
            mfa: session(Assurance::Mfa),
            account: Account::new(subject.clone()),
            now,
        };
        let (imported, next) = both(drawer.import(&mut source::words(0..16)));
        imported.unwrap();
        drawer.account = next.unwrap();
        drawer
    }

    fn import(&self, rng: &mut impl source::CryptoRng) -> Transition<AuthenticatorId> {
        let phone = PHONE.parse().unwrap();
        let fresh = Account::new(self.account.subject().clone());
        self.engine
            .import_phone(fresh, phone, Channel::Sms, self.now, rng)
    }

    fn challenge(&self, rng: &mut impl source::CryptoRng) -> Challenged {
        let request = Challenge::default();
        let (account, session) = (self.account.clone(), &self.first_factor);
        granted(
            self.engine
                .challenge(account, session, &request, self.now, rng),
        )
    }

    fn recovery_code(&self, rng: &mut impl source::CryptoRng) -> RecoveryCode {
        let (account, session) = (self.account.clone(), &self.mfa);
        granted(
            self.engine
                .regenerate_recovery_code(account, session, self.now, rng),
        )
    }

    /// The 16 characters of a new device.
    fn device(&self, rng: &mut impl source::CryptoRng) -> String {
        let id = granted(self.import(rng)).to_string();
        id.strip_prefix("sms|dev_").unwrap().to_owned()
    }
}

/// The answer, and the account to save.
fn both<T>(transition: Transition<T>) -> (Result<T, Denied>, Option<Account>) {
    let mut saved = None;
    let outcome = transition.commit(|next| {
        saved = Some(next.account().clone());
        Ok::<_, Infallible>(())
    });
    (outcome.unwrap().result, saved)
}

fn granted<T>(transition: Transition<T>) -> T {
    both(transition).0.unwrap()
}
