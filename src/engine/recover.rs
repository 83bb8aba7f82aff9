//! Recovery codes: one is used up and the next takes its place.

use rand_core::CryptoRng;
use subtle::{Choice, ConstantTimeEq};
use time::UtcDateTime;

use super::associate::check_scope;
use super::{Engine, Verified, charge};
use crate::account::{Account, Recovery};
use crate::authenticator::AuthenticatorId;
use crate::code::RecoveryCode;
use crate::denied::Denied;
use crate::instant::Millis;
use crate::key::Digest;
use crate::policy::RecoveryCodes;
use crate::session::{MfaSession, Scope};
use crate::transition::{Event, Events, Limit, Transition};

impl Engine {
    /// Judges a recovery code: completes a login, uses the code up, and draws its replacement.
    ///
    /// It works with every phone disabled, and has a failure budget of its own, so that guessing
    /// binding codes cannot lock the owner out.
    ///
    /// # Errors
    ///
    /// As the outcome's result. Refused, in this order and without any change:
    /// [`Denied::SubjectMismatch`], [`Denied::TokenExpired`], [`Denied::SessionTooLong`],
    /// [`Denied::SessionRevoked`], [`Denied::SessionSpent`]; [`Denied::NoRecoveryCode`];
    /// [`Denied::TooManySessions`], [`Denied::TooManyFailures`]. Rejected, charged and saved:
    /// [`Denied::InvalidRecoveryCode`].
    pub fn verify_recovery_code(
        &self,
        account: &Account,
        session: &MfaSession,
        code: &RecoveryCode,
        now: UtcDateTime,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Transition<Verified> {
        self.decide_for(account, session, now, |account, now| {
            let (recovery, right) = self.judge_recovery_code(account, session, code, now)?;
            Ok(move |account: &mut Account, events: &mut Events| {
                if !bool::from(right) {
                    return Err(self.reject_recovery_code(account, events, recovery, now));
                }
                Ok(self.accept_recovery_code(account, events, session, recovery, now, rng))
            })
        })
    }

    fn judge_recovery_code(
        &self,
        account: &Account,
        session: &MfaSession,
        code: &RecoveryCode,
        now: Millis,
    ) -> Result<(Recovery, Choice), Denied> {
        let recovery = account.recovery.ok_or(Denied::NoRecoveryCode)?;
        account.check_room_for_spent(session, now)?;
        account
            .budgets
            .recovery_failures
            .check(self.policy.recovery_failures(), now)
            .map_err(|retry_at| Denied::TooManyFailures {
                retry_at: retry_at.to_utc(),
            })?;
        let presented = Digest::of_recovery_code(recovery.device.as_bytes(), code);
        Ok((recovery, recovery.digest.ct_eq(&presented)))
    }

    fn reject_recovery_code(
        &self,
        account: &mut Account,
        events: &mut Events,
        recovery: Recovery,
        now: Millis,
    ) -> Denied {
        let failures = recovery.failures.saturating_add(1);
        account.recovery = Some(Recovery {
            failures,
            ..recovery
        });
        events.push(Event::WrongRecoveryCode { failures });
        let limit = (Limit::RecoveryFailures, self.policy.recovery_failures());
        charge(&mut account.budgets.recovery_failures, limit, now, events);
        Denied::InvalidRecoveryCode
    }

    fn accept_recovery_code(
        &self,
        account: &mut Account,
        events: &mut Events,
        session: &MfaSession,
        recovery: Recovery,
        now: Millis,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Verified {
        let authenticator = AuthenticatorId::RecoveryCode(recovery.device);
        account.recovery = None;
        account.spend(session);
        events.push(Event::RecoveryCodeUsed);
        let replacement = (self.policy.recovery_codes() == RecoveryCodes::Issued)
            .then(|| account.replace_recovery_code(rng, events));
        events.push(Event::Authenticated { authenticator });
        Verified::by_recovery_code(session, authenticator, replacement, now)
    }

    /// Draws a recovery code in the place of the one there is, if any.
    ///
    /// # Errors
    ///
    /// In this order, as the outcome's result, and without any change: [`Denied::SubjectMismatch`],
    /// [`Denied::TokenExpired`], [`Denied::SessionTooLong`], [`Denied::SessionRevoked`],
    /// [`Denied::SessionSpent`]; [`Denied::InsufficientScope`], for every session of a first factor
    /// too; [`Denied::NotEnrolled`]; [`Denied::NoRecoveryCode`] where the policy makes none.
    pub fn regenerate_recovery_code(
        &self,
        account: &Account,
        session: &MfaSession,
        now: UtcDateTime,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Transition<RecoveryCode> {
        self.decide_for(account, session, now, |account, _| {
            check_scope(session, Scope::Enroll)?;
            if !account.is_enrolled() {
                return Err(Denied::NotEnrolled);
            }
            if self.policy.recovery_codes() == RecoveryCodes::Off {
                return Err(Denied::NoRecoveryCode);
            }
            Ok(|account: &mut Account, events: &mut Events| {
                Ok(account.replace_recovery_code(rng, events))
            })
        })
    }
}

impl Account {
    fn replace_recovery_code(
        &mut self,
        rng: &mut (impl CryptoRng + ?Sized),
        events: &mut Events,
    ) -> RecoveryCode {
        let (recovery, code) = Recovery::draw(rng);
        self.recovery = Some(recovery);
        self.drop_unconfirmed_recovery_codes();
        events.push(Event::RecoveryCodeReplaced);
        code
    }
}
