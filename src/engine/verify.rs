//! Judges a binding code, and charges a wrong one before the answer rejects it (rule 3).

use subtle::Choice;
use time::UtcDateTime;

use super::Engine;
use super::draft::{Change, Draft};
use super::guard::{
    check_first_factor, check_may_enroll, check_room_for_phone, check_room_for_spent,
};
use super::verified::{Purpose, Verified};
use crate::account::challenge::{ChallengeId, Code, CodeTarget, IssuedCode};
use crate::account::{Account, PhoneStatus};
use crate::budget::Limit;
use crate::channel::Channel;
use crate::code::{BindingCode, OobCode};
use crate::denied::Denied;
use crate::event::Event;
use crate::session::{Assurance, MfaSession};
use crate::transition::Transition;

/// The code that a user typed, for a challenge or an enrollment.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the request of the API; an embedder writes it out"
)]
pub struct VerifyOob {
    /// The handle that came with the challenge or the enrollment.
    pub oob_code: OobCode,
    /// The text that the user typed.
    pub binding_code: BindingCode,
}

/// The result of comparing a binding code with that of a live challenge.
struct Judged {
    challenge: ChallengeId,
    target: CodeTarget,
    channel: Channel,
    right: Choice,
}

impl Engine {
    /// Judges a binding code: completes a login, or confirms an enrollment.
    ///
    /// A first-factor session that confirms its enrollment completes its login too. A code of a wrong
    /// shape is judged and charged like any wrong code.
    ///
    /// # Errors
    ///
    /// The outcome's result. Refused, in this order:
    ///
    /// * [`Denied::SubjectMismatch`], [`Denied::ClockBehind`], those of a [session](Self#sessions)
    /// * [`Denied::OobCodeUnknown`]; for a login [`Denied::FirstFactorRequired`]
    /// * [`Denied::OobCodeOfAnotherSession`], [`Denied::OobCodeExpired`]
    /// * [`Denied::OobCodeUnknown`] after its last attempt
    /// * for an enrollment [`Denied::AlreadyEnrolled`], [`Denied::InsufficientScope`],
    ///   [`Denied::PhoneAlreadyEnrolled`], [`Denied::TooManyPhones`]
    /// * [`Denied::TooManySessions`], [`Denied::TooManyFailures`]
    /// * [`Denied::OobCodeExpired`] if its key is not in the ring
    ///
    /// Rejected, charged and saved: [`Denied::InvalidBindingCode`].
    ///
    /// # Security
    ///
    /// With an empty budget the engine compares no code: right and wrong get the same answer
    /// ([rule 6](crate::rules#6-no-oracle)).
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # let mut world = oob_mfa_testing::World::new();
    /// # world.enroll("+14155558730");
    /// # let session = world.first_factor();
    /// # let sent = world.challenge(&session, None)?;
    /// # let (engine, account, now) = (world.engine.clone(), world.account(), world.now());
    /// # let (oob_code, typed) = (sent.oob_code.as_str(), sent.code.as_str());
    /// # let replace = |_: Next| Ok::<(), &str>(());
    /// let request =
    ///     VerifyOob { oob_code: oob_code.into(), binding_code: typed.into() };
    /// let outcome =
    ///     engine.verify_oob(account, &session, &request, now).commit(replace)?;
    /// let verified = outcome.result?; // mint tokens from this
    /// assert_eq!(verified.amr(), ["mfa", "sms"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn verify_oob(
        &self,
        account: Account,
        session: &MfaSession,
        request: &VerifyOob,
        now: UtcDateTime,
    ) -> Transition<Verified> {
        Transition::of(|| {
            let draft = self.draft_for(account, session, now)?;
            let judged = self.judge_binding_code(&draft, session, request)?;
            let change = draft.change();
            if judged.right.into() {
                Ok(self.right_code(change, session, judged))
            } else {
                Ok(self.wrong_code(change, &judged))
            }
        })
    }

    fn judge_binding_code(
        &self,
        draft: &Draft<'_>,
        session: &MfaSession,
        request: &VerifyOob,
    ) -> Result<Judged, Denied> {
        let pending = draft
            .challenges
            .iter()
            .find(|pending| pending.is(&request.oob_code))
            .ok_or(Denied::OobCodeUnknown)?;
        if let Some(CodeTarget::Phone(_)) = pending.code.issued().map(|code| &code.target) {
            check_first_factor(session)?;
        }
        if pending.session != *session.tag() {
            return Err(Denied::OobCodeOfAnotherSession);
        }
        let code = match &pending.code {
            Code::Issued(code) => code,
            Code::Expired => return Err(Denied::OobCodeExpired),
            Code::Discarded { .. } => {
                check_may_enroll(draft, session)?;
                return Err(Denied::OobCodeUnknown);
            }
        };
        if self
            .policy
            .attempts_per_challenge()
            .is_some_and(|max| code.attempts >= max)
        {
            return Err(Denied::OobCodeUnknown);
        }
        match &code.target {
            CodeTarget::Phone(device) => {
                draft.active_phone(*device).ok_or(Denied::OobCodeUnknown)?;
            }
            CodeTarget::Enrollment(enrollment) => {
                check_may_enroll(draft, session)?;
                check_room_for_phone(draft, enrollment.number, &self.policy)?;
            }
        }
        check_room_for_spent(draft, session)?;
        draft.check_budget(Limit::BindingFailures)?;
        let right = self
            .keys
            .judge_code(
                &code.digest,
                &pending.id.0,
                session.tag(),
                &request.binding_code,
            )
            // The key left the ring after the code was issued, or is not yet in this server's ring.
            .ok_or(Denied::OobCodeExpired)?;
        Ok(Judged {
            challenge: pending.id,
            target: code.target.clone(),
            channel: code.channel,
            right,
        })
    }

    fn right_code(
        &self,
        mut change: Change<'_>,
        session: &MfaSession,
        judged: Judged,
    ) -> Transition<Verified> {
        let (channel, now) = (judged.channel, change.now());
        let authenticator = judged.target.authenticator(channel);
        let delivery = Some(judged.challenge.delivery());
        change.drop_challenge(judged.challenge);
        let purpose = match judged.target {
            CodeTarget::Phone(device) => {
                if let Some(phone) = change.phone_mut(device) {
                    phone.failures = 0;
                    phone.last_used = now;
                    phone.last_channel = channel;
                }
                Purpose::Login
            }
            CodeTarget::Enrollment(enrollment) => {
                change.add_phone(enrollment.device, enrollment.number, channel, delivery);
                if let Some(recovery) = enrollment.recovery {
                    change.set_recovery_code(recovery);
                    change.log(Event::RecoveryCodeReplaced);
                }
                Purpose::Enrollment
            }
        };
        if session.assurance() == Assurance::FirstFactor {
            change.complete_login(session, authenticator, delivery);
        }
        change.grant(Verified {
            session: session.clone(),
            authenticator,
            purpose,
            restricted: self.policy.is_restricted(channel),
            recovery_code: None,
            at: now,
        })
    }

    /// Rule 3: charges the wrong code in the same change that reports it.
    fn wrong_code(&self, mut change: Change<'_>, judged: &Judged) -> Transition<Verified> {
        let device = judged.target.device();
        let pending = change.challenge_mut(judged.challenge);
        let attempts = pending
            .and_then(|pending| pending.code.issued_mut())
            .map_or(1, IssuedCode::count_attempt);
        let phone = change.phone_mut(device).map(|phone| {
            phone.failures = phone.failures.saturating_add(1);
            let cap = self.policy.failure_cap();
            if cap.is_some_and(|max| phone.failures >= max) {
                phone.status = PhoneStatus::Disabled;
            }
            *phone
        });
        change.log(Event::WrongBindingCode {
            authenticator: judged.target.authenticator(judged.channel),
            // The engine counts no failures for an unconfirmed phone.
            failures: phone.map_or(attempts, |phone| phone.failures),
            delivery: judged.challenge.delivery(),
        });
        let max = self.policy.attempts_per_challenge();
        if max.is_some_and(|max| attempts >= max) {
            change.drop_codes(|pending| pending.id == judged.challenge);
        }
        if let Some(phone) = phone.filter(|phone| phone.status == PhoneStatus::Disabled) {
            let phone = phone.number;
            change.log(Event::AuthenticatorDisabled { device, phone });
            change.drop_codes_to(device);
        }
        change.charge(Limit::BindingFailures);
        change.reject(Denied::InvalidBindingCode)
    }
}
