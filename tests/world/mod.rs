//! One account, its engine, a clock and a seeded random source: what a test acts on.
#![allow(dead_code, reason = "each test takes what it needs")]

use std::convert::Infallible;
use std::time::Duration;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use oob_mfa::*;
use time::UtcDateTime;

pub const SECOND: Duration = Duration::from_secs(1);
pub const MINUTE: Duration = Duration::from_secs(60);
pub const HOUR: Duration = Duration::from_secs(60 * 60);
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);
pub const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
pub const MILLISECOND: Duration = Duration::from_millis(1);

pub const ALICES: &str = "+14155558730";
pub const MALLORYS: &str = "+447700900123";
pub const EVERY_SCOPE: &str = "enroll read:authenticators remove:authenticators";

pub struct World {
    pub engine: Engine,
    pub account: Account,
    pub rng: ChaCha20Rng,
    pub now: UtcDateTime,
    /// How often the store was written to.
    pub saves: u32,
    pub events: Vec<Event>,
    sessions: u32,
}

/// A code that was sent: what the client holds, and what the phone shows.
#[derive(Clone)]
pub struct Sent {
    pub authenticator: AuthenticatorId,
    pub oob_code: String,
    pub code: String,
    pub recovery_code: Option<String>,
}

impl Sent {
    pub fn device(&self) -> DeviceId {
        match self.authenticator {
            AuthenticatorId::Phone(_, device) => device,
            other => panic!("{other} is no phone"),
        }
    }

    pub fn with_code(&self, code: &str) -> Self {
        Self {
            code: code.into(),
            ..self.clone()
        }
    }

    /// The same, with a code that is wrong for sure.
    pub fn wrong(&self) -> Self {
        let code = (self.code.parse::<u32>().unwrap() + 1) % 1_000_000;
        self.with_code(&format!("{code:06}"))
    }
}

impl World {
    pub fn new() -> Self {
        Self::of(Policy::auth0(), "auth0|alice")
    }

    /// 2027-01-15T08:00:00Z, a fresh account.
    pub fn of(policy: Policy, subject: &str) -> Self {
        Self {
            engine: Engine::new(policy, KeyRing::new(Key::new(1, &[7; 32]))),
            account: Account::new(subject.parse().unwrap()),
            rng: ChaCha20Rng::from_seed([42; 32]),
            now: UtcDateTime::from_unix_timestamp(1_800_000_000).unwrap(),
            saves: 0,
            events: Vec::new(),
            sessions: 0,
        }
    }

    /// Lets time pass.
    pub fn wait(&mut self, span: Duration) {
        self.now += span;
    }

    /// Sets the clock back.
    pub fn set_back(&mut self, span: Duration) {
        self.now -= span;
    }

    /// Saves as a store must, to a record that is loaded again in both forms.
    pub fn commit<T>(&mut self, transition: Transition<T>) -> Result<T, Denied> {
        let stored = self.account.clone();
        let saves = self.saves;
        let outcome = transition
            .commit(|next| {
                let replaces = (stored.revision() > 0).then(|| stored.revision());
                assert_eq!(next.account.replaces(), replaces, "not the next revision");
                self.account = stored_and_loaded(&next.account);
                self.saves += 1;
                Ok::<_, Infallible>(())
            })
            .unwrap();
        let changed = self.saves > saves;
        let is_refused = outcome
            .result
            .as_ref()
            .is_err_and(|denied| !denied.is_rejected());
        assert!(changed || is_refused, "granted or charged without a save");
        assert!(
            !is_refused || outcome.events.is_empty(),
            "a refusal with events"
        );
        self.events = outcome.events.to_vec();
        outcome.result
    }

    /// The password has passed: a session of a first factor, through its token.
    pub fn first_factor(&mut self) -> MfaSession {
        let subject = self.account.subject().clone();
        let begun = self
            .engine
            .begin(subject, "demo", "openid", "", self.now, &mut self.rng)
            .unwrap();
        let token = self.engine.issue_token(&begun);
        let opened = self
            .engine
            .open_token(token.expose_secret(), Some("demo"), self.now)
            .unwrap();
        assert_eq!(opened, begun);
        opened
    }

    /// A full login has passed: an access token with the MFA audience.
    pub fn second_factor(&mut self) -> MfaSession {
        self.trusted(Assurance::Mfa, EVERY_SCOPE, 10 * MINUTE)
    }

    pub fn trusted(&mut self, assurance: Assurance, scope: &str, life: Duration) -> MfaSession {
        self.sessions += 1;
        MfaSession::trusted(TrustedClaims {
            id: &format!("jti-{}", self.sessions),
            subject: self.account.subject().clone(),
            client: "demo",
            assurance,
            scope,
            audience: "",
            issued_at: self.now,
            expires_at: self.now + life,
        })
        .unwrap()
    }

    pub fn associate(&mut self, session: &MfaSession, phone: &str) -> Result<Sent, Denied> {
        let request = Associate {
            channel: Channel::Sms,
            phone: phone.parse().unwrap(),
        };
        let transition =
            self.engine
                .associate(&self.account, session, &request, self.now, &mut self.rng);
        let associated = self.commit(transition)?;
        Ok(Sent {
            authenticator: associated.authenticator,
            oob_code: associated.oob_code.expose_secret(),
            code: associated.delivery.code.expose_secret().into(),
            recovery_code: associated
                .recovery_code
                .map(|code| code.expose_secret().into()),
        })
    }

    pub fn challenge(
        &mut self,
        session: &MfaSession,
        authenticator: Option<AuthenticatorId>,
    ) -> Result<Sent, Denied> {
        let request = Challenge { authenticator };
        let transition =
            self.engine
                .challenge(&self.account, session, &request, self.now, &mut self.rng);
        let challenged = self.commit(transition)?;
        Ok(Sent {
            authenticator: challenged.authenticator,
            oob_code: challenged.oob_code.expose_secret(),
            code: challenged.delivery.code.expose_secret().into(),
            recovery_code: None,
        })
    }

    pub fn verify(&mut self, session: &MfaSession, sent: &Sent) -> Result<Verified, Denied> {
        let request = VerifyOob {
            oob_code: sent.oob_code.as_str().into(),
            binding_code: sent.code.as_str().into(),
        };
        let transition = self
            .engine
            .verify_oob(&self.account, session, &request, self.now);
        self.commit(transition)
    }

    pub fn recover(&mut self, session: &MfaSession, code: &str) -> Result<Verified, Denied> {
        let transition = self.engine.verify_recovery_code(
            &self.account,
            session,
            &code.into(),
            self.now,
            &mut self.rng,
        );
        self.commit(transition)
    }

    pub fn remove(&mut self, session: &MfaSession, id: AuthenticatorId) -> Result<Removed, Denied> {
        let transition = self
            .engine
            .remove_authenticator(&self.account, session, &id, self.now);
        self.commit(transition)
    }

    pub fn regenerate(&mut self, session: &MfaSession) -> Result<RecoveryCode, Denied> {
        let transition =
            self.engine
                .regenerate_recovery_code(&self.account, session, self.now, &mut self.rng);
        self.commit(transition)
    }

    pub fn import(&mut self, phone: &str) -> Result<AuthenticatorId, Denied> {
        let transition = self.engine.import_phone(
            &self.account,
            phone.parse().unwrap(),
            Channel::Sms,
            self.now,
            &mut self.rng,
        );
        self.commit(transition)
    }

    pub fn reset(&mut self) {
        let transition = self.engine.reset(&self.account, self.now);
        self.commit(transition).unwrap();
    }

    pub fn restore_budgets(&mut self) {
        let transition = self.engine.restore_budgets(&self.account, self.now);
        self.commit(transition).unwrap();
    }

    /// Associates and confirms a first phone: its entry and the recovery code.
    pub fn enroll(&mut self, phone: &str) -> (AuthenticatorId, String) {
        let session = self.first_factor();
        let sent = self.associate(&session, phone).unwrap();
        assert_eq!(
            self.verify(&session, &sent).unwrap().purpose(),
            Purpose::Enrollment
        );
        (sent.authenticator, sent.recovery_code.unwrap())
    }

    /// Associates and confirms a further phone.
    pub fn add(&mut self, phone: &str) -> AuthenticatorId {
        let session = self.second_factor();
        let sent = self.associate(&session, phone).unwrap();
        self.verify(&session, &sent).unwrap();
        sent.authenticator
    }

    /// Completes a login with the phone that was used last.
    pub fn sign_in(&mut self) -> Result<Verified, Denied> {
        let session = self.first_factor();
        let sent = self.challenge(&session, None)?;
        self.verify(&session, &sent)
    }

    /// Judges wrong codes until the budget refuses, and says when it will not.
    pub fn use_up_failures(&mut self, session: &MfaSession, sent: &Sent) -> UtcDateTime {
        for _ in 0..100 {
            match self.verify(session, &sent.wrong()).map(drop) {
                Err(Denied::InvalidBindingCode) => {}
                Err(Denied::TooManyFailures { retry_at }) => return retry_at,
                other => panic!("{other:?}"),
            }
        }
        panic!("no end of failures")
    }

    /// What the list shows to a full login.
    pub fn list(&mut self) -> Vec<(String, AuthenticatorStatus)> {
        let session = self.second_factor();
        let entries = self
            .engine
            .authenticators(&self.account, &session, self.now)
            .unwrap();
        entries
            .map(|entry| (entry.id.to_string(), entry.status))
            .collect()
    }
}

/// The account as it comes back from the store, which must be as it went there.
pub fn stored_and_loaded(account: &Account) -> Account {
    let text = serde_json::to_string(account).unwrap();
    let loaded: Account = serde_json::from_str(&text).unwrap();
    assert_eq!(&loaded, account);
    let bytes = postcard::to_allocvec(account).unwrap();
    let loaded: Account = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(&loaded, account);
    loaded
}
