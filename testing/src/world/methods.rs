//! One method per operation, for tests written by hand.

use std::time::Duration;

use oob_mfa::{
    Account, Associate, Assurance, AuthenticatorId, AuthenticatorStatus, Challenge, Channel,
    Denied, DeniedKind, DeviceId, Erased, FirstFactor, MfaSession, Purpose, RecoveryCode, Removed,
    SessionId, Subject, Transition, TrustedClaims, Unsaved, Verified, VerifyOob,
};
use time::UtcDateTime;

use super::World;
use super::sent::{EVERY_SCOPE, Sent, stored_and_loaded};
use crate::clock::MINUTE;

impl World {
    /// Saves a transition in the world's own store and opens the outcome.
    ///
    /// It asserts the contract: the next account replaces the stored revision and survives both stored
    /// forms, a grant and a rejection are saved, a refusal saves nothing and logs nothing.
    ///
    /// # Errors
    ///
    /// What the engine decided.
    pub fn commit<T>(&mut self, transition: Transition<T>) -> Result<T, Denied> {
        let (stored, saves) = (self.record(), self.saves);
        let outcome = transition.commit(|next| {
            let revision = stored.as_ref().map(Account::revision);
            assert_eq!(next.account().replaces(), revision, "not the next revision");
            let loaded = stored_and_loaded(next.account());
            self.replace(next)?;
            self.put(loaded);
            Ok::<_, Unsaved<_>>(())
        });
        let outcome = outcome.expect("a store without faults");
        self.events = outcome.events.to_vec();
        let is_rejection = |denied: &Denied| denied.kind() == DeniedKind::Rejected;
        let is_refused = !outcome.result.as_ref().err().is_none_or(is_rejection);
        if is_refused {
            assert_eq!(self.saves, saves, "a refusal with a save");
            assert!(self.events.is_empty(), "a refusal with events");
        } else {
            assert_eq!(self.saves, saves + 1, "granted or charged without a save");
        }
        outcome.result
    }

    /// A session after the first factor passed, through its token and back.
    pub fn first_factor(&mut self) -> MfaSession {
        let first_factor = FirstFactor {
            subject: self.subject.clone(),
            client: "demo",
            scope: "openid profile",
            audience: "",
        };
        let now = self.now();
        let begun = self.engine.begin(first_factor, now, &mut self.rng);
        let begun = begun.expect("short fields");
        let token = self.engine.issue_token(&begun);
        let opened = self
            .engine
            .open_token(token.expose_secret(), Some("demo"), now);
        assert_eq!(opened.as_ref(), Ok(&begun), "another session in the token");
        self.add_session(begun.clone());
        begun
    }

    /// A session after a login with a second factor: an access token with the MFA audience and
    /// every scope.
    pub fn second_factor(&mut self) -> MfaSession {
        self.trusted(Assurance::Mfa, EVERY_SCOPE, 10 * MINUTE)
    }

    /// A session that the embedder vouches for, issued now.
    pub fn trusted(&mut self, assurance: Assurance, scope: &str, life: Duration) -> MfaSession {
        let (subject, now) = (self.subject.clone(), self.now());
        self.vouched(subject, assurance, scope, [now, now + life])
    }

    /// Its id is the number of the session, so each is different.
    pub(super) fn vouched(
        &mut self,
        subject: Subject,
        assurance: Assurance,
        scope: &str,
        [issued_at, expires_at]: [UtcDateTime; 2],
    ) -> MfaSession {
        let jti = format!("vouched for {}", self.sessions.len());
        let session = MfaSession::trusted(TrustedClaims {
            id: SessionId::from_jti(&jti).expect("short"),
            subject,
            client: "demo",
            assurance,
            scope,
            audience: "https://example.com/mfa/",
            issued_at,
            expires_at,
            authenticated_at: issued_at,
        });
        let session = session.expect("short fields");
        self.add_session(session.clone());
        session
    }

    /// Associates a phone by SMS.
    ///
    /// # Errors
    ///
    /// What the engine decided.
    pub fn associate(&mut self, session: &MfaSession, phone: &str) -> Result<Sent, Denied> {
        let request = Associate {
            channel: Channel::Sms,
            phone: phone.parse().expect("a number"),
        };
        let (account, now) = (self.account(), self.now());
        let transition = self
            .engine
            .associate(account, session, &request, now, &mut self.rng);
        let granted = self.commit(transition)?;
        let session = self.number_of(session);
        self.associated(session, &granted);
        Ok(Sent {
            authenticator: granted.authenticator,
            oob_code: granted.oob_code.expose_secret(),
            code: granted.delivery.code.expose_secret().into(),
            recovery_code: granted
                .recovery_code
                .map(|code| code.expose_secret().into()),
        })
    }

    /// Asks for a code to this phone, or to the one used last.
    ///
    /// # Errors
    ///
    /// What the engine decided.
    pub fn challenge(
        &mut self,
        session: &MfaSession,
        authenticator: Option<AuthenticatorId>,
    ) -> Result<Sent, Denied> {
        self.challenge_by(session, authenticator, None)
    }

    /// Asks for a code by a channel, or by the channel that the phone last used.
    ///
    /// # Errors
    ///
    /// What the engine decided.
    pub fn challenge_by(
        &mut self,
        session: &MfaSession,
        authenticator: Option<AuthenticatorId>,
        channel: Option<Channel>,
    ) -> Result<Sent, Denied> {
        let request = Challenge {
            authenticator,
            channel,
        };
        let (account, now) = (self.account(), self.now());
        let transition = self
            .engine
            .challenge(account, session, &request, now, &mut self.rng);
        let granted = self.commit(transition)?;
        let session = self.number_of(session);
        self.challenged(session, &granted);
        Ok(Sent {
            authenticator: granted.authenticator,
            oob_code: granted.oob_code.expose_secret(),
            code: granted.delivery.code.expose_secret().into(),
            recovery_code: None,
        })
    }

    /// Answers a challenge.
    ///
    /// # Errors
    ///
    /// What the engine decided.
    pub fn verify(&mut self, session: &MfaSession, sent: &Sent) -> Result<Verified, Denied> {
        let request = VerifyOob {
            oob_code: sent.oob_code.as_str().into(),
            binding_code: sent.code.as_str().into(),
        };
        let transition = self
            .engine
            .verify_oob(self.account(), session, &request, self.now());
        let verified = self.commit(transition)?;
        self.verified(&verified);
        Ok(verified)
    }

    /// Presents a recovery code.
    ///
    /// # Errors
    ///
    /// What the engine decided.
    pub fn recover(&mut self, session: &MfaSession, code: &str) -> Result<Verified, Denied> {
        let (account, now) = (self.account(), self.now());
        let transition =
            self.engine
                .verify_recovery_code(account, session, &code.into(), now, &mut self.rng);
        let verified = self.commit(transition)?;
        self.verified(&verified);
        Ok(verified)
    }

    /// Removes an authenticator.
    ///
    /// # Errors
    ///
    /// What the engine decided.
    pub fn remove(&mut self, session: &MfaSession, id: AuthenticatorId) -> Result<Removed, Denied> {
        let transition = self
            .engine
            .remove_authenticator(self.account(), session, &id, self.now());
        self.commit(transition)
    }

    /// Draws a new recovery code.
    ///
    /// # Errors
    ///
    /// What the engine decided.
    pub fn regenerate(&mut self, session: &MfaSession) -> Result<RecoveryCode, Denied> {
        let (account, now) = (self.account(), self.now());
        let transition = self
            .engine
            .regenerate_recovery_code(account, session, now, &mut self.rng);
        let code = self.commit(transition)?;
        self.shown(&code, None);
        Ok(code)
    }

    /// An administrator imports a phone, for SMS.
    ///
    /// # Errors
    ///
    /// What the engine decided.
    pub fn import(&mut self, phone: &str) -> Result<AuthenticatorId, Denied> {
        let (account, now) = (self.account(), self.now());
        let phone = phone.parse().expect("a number");
        let transition = self
            .engine
            .import_phone(account, phone, Channel::Sms, now, &mut self.rng);
        let id = self.commit(transition)?;
        self.entry(id);
        Ok(id)
    }

    /// An administrator removes a phone.
    ///
    /// # Errors
    ///
    /// What the engine decided.
    pub fn remove_phone(&mut self, device: DeviceId) -> Result<Removed, Denied> {
        let transition = self.engine.remove_phone(self.account(), device, self.now());
        self.commit(transition)
    }

    /// An administrator removes everything.
    pub fn reset(&mut self) {
        let transition = self.engine.reset(self.account(), self.now());
        self.commit(transition).expect("a clock that is not behind");
    }

    /// An administrator removes everything for good.
    pub fn erase(&mut self) -> Erased {
        let transition = self.engine.erase(self.account(), self.now());
        self.commit(transition).expect("a clock that is not behind")
    }

    /// An administrator refills the budgets.
    pub fn restore_budgets(&mut self) {
        let transition = self.engine.restore_budgets(self.account(), self.now());
        self.commit(transition).expect("a clock that is not behind");
    }

    /// An administrator rewinds the account after a clock ran ahead.
    ///
    /// # Errors
    ///
    /// [`Denied::ClockNotAhead`] if no clock ran ahead.
    pub fn rewind(&mut self) -> Result<(), Denied> {
        let transition = self.engine.rewind(self.account(), self.now());
        self.commit(transition)
    }

    /// Associates and confirms a first phone: its entry and the recovery code.
    pub fn enroll(&mut self, phone: &str) -> (AuthenticatorId, String) {
        let session = self.first_factor();
        let sent = self.associate(&session, phone).unwrap();
        let verified = self.verify(&session, &sent).unwrap();
        assert_eq!(verified.purpose(), Purpose::Enrollment);
        let recovery_code = sent.recovery_code.expect("a policy with recovery codes");
        (sent.authenticator, recovery_code)
    }

    /// Associates and confirms a further phone.
    pub fn add(&mut self, phone: &str) -> AuthenticatorId {
        let session = self.second_factor();
        let sent = self.associate(&session, phone).unwrap();
        self.verify(&session, &sent).unwrap();
        sent.authenticator
    }

    /// Completes a login with the phone used last.
    ///
    /// # Errors
    ///
    /// The engine's decision on the challenge or the code.
    pub fn sign_in(&mut self) -> Result<Verified, Denied> {
        let session = self.first_factor();
        let sent = self.challenge(&session, None)?;
        self.verify(&session, &sent)
    }

    /// Presents wrong codes until the budget refuses; returns when it gives one back.
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

    /// What the list shows to a session with every scope.
    pub fn list(&mut self) -> Vec<(String, AuthenticatorStatus)> {
        let session = self.second_factor();
        let account = self.account();
        let entries = self.engine.authenticators(&account, &session, self.now());
        let entry = |entry: oob_mfa::AuthenticatorEntry| (entry.id.to_string(), entry.status);
        entries.unwrap().map(entry).collect()
    }
}
