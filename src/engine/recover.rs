//! Recovery codes: one is used up and the next takes its place.

use rand_core::CryptoRng;
use subtle::Choice;
use time::UtcDateTime;

use super::Engine;
use super::draft::{Change, Draft};
use super::guard::{check_first_factor, check_room_for_spent, check_scope};
use super::verified::Verified;
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
    /// It works with every phone disabled. It has a failure budget of its own, so that guessing binding
    /// codes cannot lock the owner out.
    ///
    /// # Errors
    ///
    /// As the outcome's result. Refused, in this order and without any change:
    /// [`Denied::SubjectMismatch`], [`Denied::ClockBehind`], those of a [session](Self#sessions);
    /// [`Denied::FirstFactorRequired`]; [`Denied::NoRecoveryCode`]; [`Denied::TooManySessions`],
    /// [`Denied::TooManyFailures`]. Rejected, charged and saved: [`Denied::InvalidRecoveryCode`].
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
        let judged = self.draft_for(account, session, now).and_then(|draft| {
            let judged = self.judge_recovery_code(&draft, session, code)?;
            Ok((draft.change(), judged))
        });
        let (mut change, (mut recovery, right)) = match judged {
            Ok(judged) => judged,
            Err(denied) => return Transition::refused(denied),
        };

        if !bool::from(right) {
            recovery.failures = recovery.failures.saturating_add(1);
            change.recovery = Some(recovery);
            change.log(Event::WrongRecoveryCode {
                failures: recovery.failures,
            });
            change.charge(Limit::RecoveryFailures);
            return change.reject(Denied::InvalidRecoveryCode);
        }
        let authenticator = AuthenticatorId::RecoveryCode(recovery.device);
        let now = change.now();
        change.recovery = None;
        change.spend(session);
        change.log(Event::RecoveryCodeUsed);
        let replacement = draw_recovery_code(&mut change, rng);
        change.log(Event::Authenticated { authenticator });
        change.grant(Verified::by_recovery_code(
            session,
            authenticator,
            replacement,
            now,
        ))
    }

    fn judge_recovery_code(
        &self,
        draft: &Draft<'_>,
        session: &MfaSession,
        code: &RecoveryCode,
    ) -> Result<(Recovery, Choice), Denied> {
        check_first_factor(session)?;
        let recovery = match self.policy.recovery_codes() {
            RecoveryCodes::Issued => draft.recovery,
            RecoveryCodes::Off => None,
        }
        .ok_or(Denied::NoRecoveryCode)?;
        check_room_for_spent(draft, session)?;
        draft
            .check_budget(Limit::RecoveryFailures)
            .map_err(|retry_at| Denied::TooManyFailures {
                retry_at: retry_at.to_utc(),
            })?;
        Ok((recovery, recovery.judge(code)))
    }

    /// Draws a recovery code, in place of the one there is, if any.
    ///
    /// # Errors
    ///
    /// In this order, as the outcome's result, and without any change: [`Denied::SubjectMismatch`],
    /// [`Denied::ClockBehind`], those of a [session](Self#sessions); [`Denied::InsufficientScope`],
    /// for every first-factor session too; [`Denied::NotEnrolled`]; [`Denied::NoRecoveryCode`] where
    /// the policy makes none.
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
        let judged = self.draft_for(account, session, now).and_then(|draft| {
            check_scope(session, Scope::Enroll)?;
            if !draft.is_enrolled() {
                return Err(Denied::NotEnrolled);
            }
            if self.policy.recovery_codes() == RecoveryCodes::Off {
                return Err(Denied::NoRecoveryCode);
            }
            Ok(draft.change())
        });
        let mut change = match judged {
            Ok(change) => change,
            Err(denied) => return Transition::refused(denied),
        };

        let code = draw_recovery_code(&mut change, rng);
        change.grant(code)
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
