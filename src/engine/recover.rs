//! Recovery codes: judges one, and draws its replacement.

use rand_core::CryptoRng;
use time::UtcDateTime;

use super::Engine;
use super::draft::Change;
use super::guard::{check_first_factor, check_room_for_spent, check_scope};
use super::verified::{Purpose, Verified};
use crate::account::Account;
use crate::authenticator::AuthenticatorId;
use crate::budget::Limit;
use crate::code::RecoveryCode;
use crate::denied::Denied;
use crate::event::Event;
use crate::policy::RecoveryCodes;
use crate::recovery::Recovery;
use crate::scope::Scope;
use crate::session::MfaSession;
use crate::transition::Transition;

impl Engine {
    /// Judges a recovery code: completes a login, uses the code up, and draws its replacement.
    ///
    /// It works even if every phone is disabled. It has its own failure budget, so guesses at binding codes
    /// cannot lock the owner out.
    ///
    /// # Errors
    ///
    /// The outcome's result. Refused, in this order:
    ///
    /// * [`Denied::SubjectMismatch`], [`Denied::ClockBehind`], those of a [session](Self#sessions)
    /// * [`Denied::FirstFactorRequired`]
    /// * [`Denied::NoRecoveryCode`]
    /// * [`Denied::TooManySessions`], [`Denied::TooManyFailures`]
    ///
    /// Rejected, charged and saved: [`Denied::InvalidRecoveryCode`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # let mut world = oob_mfa_testing::World::new();
    /// # let (_, kept) = world.enroll("+14155558730");
    /// # let session = world.first_factor();
    /// # let (engine, account, now, mut rng) = (world.engine.clone(), world.account(), world.now(), world.rng.clone());
    /// # let replace = |_: Next| Ok::<(), &str>(());
    /// let code = RecoveryCode::from(kept.as_str());
    /// let outcome = engine
    ///     .verify_recovery_code(account, &session, &code, now, &mut rng)
    ///     .commit(replace)?;
    /// let verified = outcome.result?;
    /// assert!(verified.recovery_code().is_some()); // the replacement, shown once
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify_recovery_code(
        &self,
        account: Account,
        session: &MfaSession,
        code: &RecoveryCode,
        now: UtcDateTime,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Transition<Verified> {
        Transition::of(|| {
            let draft = self.draft_for(account, session, now)?;
            check_first_factor(session)?;
            // A policy without recovery codes also disables those that are stored.
            if self.policy.recovery_codes() == RecoveryCodes::Off {
                return Err(Denied::NoRecoveryCode);
            }
            let mut recovery = draft.recovery.ok_or(Denied::NoRecoveryCode)?;
            check_room_for_spent(&draft, session)?;
            draft.check_budget(Limit::RecoveryFailures)?;
            let right = recovery.judge(code);

            let mut change = draft.change();
            if !bool::from(right) {
                recovery.failures = recovery.failures.saturating_add(1);
                change.recovery = Some(recovery);
                change.log(Event::WrongRecoveryCode {
                    failures: recovery.failures,
                });
                change.charge(Limit::RecoveryFailures);
                return Ok(change.reject(Denied::InvalidRecoveryCode));
            }
            let authenticator = AuthenticatorId::RecoveryCode(recovery.device);
            let now = change.now();
            change.log(Event::RecoveryCodeUsed);
            let replacement = draw_recovery_code(&mut change, rng);
            change.complete_login(session, authenticator, None);
            Ok(change.grant(Verified {
                session: session.clone(),
                authenticator,
                purpose: Purpose::Login,
                restricted: false,
                recovery_code: Some(replacement),
                at: now,
            }))
        })
    }

    /// Draws a recovery code, which replaces the existing one.
    ///
    /// # Errors
    ///
    /// The outcome's result. Refused, in this order:
    ///
    /// * [`Denied::SubjectMismatch`], [`Denied::ClockBehind`], those of a [session](Self#sessions)
    /// * [`Denied::InsufficientScope`], also for every first-factor session
    /// * [`Denied::NotEnrolled`]
    /// * [`Denied::NoRecoveryCode`] if the policy issues none
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # let mut world = oob_mfa_testing::World::new();
    /// # world.enroll("+14155558730");
    /// # let session = world.second_factor();
    /// # let (engine, account, now, mut rng) = (world.engine.clone(), world.account(), world.now(), world.rng.clone());
    /// # let replace = |_: Next| Ok::<(), &str>(());
    /// let outcome = engine
    ///     .regenerate_recovery_code(account, &session, now, &mut rng)
    ///     .commit(replace)?;
    /// assert_eq!(outcome.result?.expose_secret().len(), 24); // shown once
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn regenerate_recovery_code(
        &self,
        account: Account,
        session: &MfaSession,
        now: UtcDateTime,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Transition<RecoveryCode> {
        Transition::of(|| {
            let draft = self.draft_for(account, session, now)?;
            check_scope(session, Scope::Enroll)?;
            if !draft.is_enrolled() {
                return Err(Denied::NotEnrolled);
            }
            if self.policy.recovery_codes() == RecoveryCodes::Off {
                return Err(Denied::NoRecoveryCode);
            }

            let mut change = draft.change();
            let code = draw_recovery_code(&mut change, rng);
            Ok(change.grant(code))
        })
    }
}

fn draw_recovery_code(
    change: &mut Change<'_>,
    rng: &mut (impl CryptoRng + ?Sized),
) -> RecoveryCode {
    let (recovery, code) = Recovery::draw(rng);
    change.set_recovery_code(recovery);
    change.log(Event::RecoveryCodeReplaced);
    code
}
