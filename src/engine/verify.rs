//! Verify: a binding code is judged, once, and its failure charged before it is told.

use subtle::Choice;
use time::UtcDateTime;

use super::associate::check_may_enroll;
use super::verified::Purpose;
use super::{Engine, Verified, charge};
use crate::account::{Account, Phone, PhoneStatus};
use crate::authenticator::Channel;
use crate::challenge::{ChallengeId, Code, Enrollment, IssuedCode, PendingChallenge, Target};
use crate::code::{BindingCode, OobCode};
use crate::denied::Denied;
use crate::instant::Millis;
use crate::session::MfaSession;
use crate::transition::{Event, Events, Limit, Transition};

/// An answer to a challenge, or to the code of an enrollment.
#[derive(Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the request of the API; an embedder writes it out"
)]
pub struct VerifyOob {
    /// The handle that came with the challenge.
    pub oob_code: OobCode,
    /// What the owner typed.
    pub binding_code: BindingCode,
}

impl Engine {
    /// Judges a binding code: completes a login, or confirms an enrollment and completes it.
    ///
    /// A code of any wrong shape is judged and charged like any wrong one.
    ///
    /// # Errors
    ///
    /// As the outcome's result. Refused, in this order and without any change:
    /// [`Denied::SubjectMismatch`], [`Denied::TokenExpired`], [`Denied::SessionTooLong`],
    /// [`Denied::SessionRevoked`], [`Denied::SessionSpent`]; [`Denied::OobCodeUnknown`],
    /// [`Denied::OobCodeOfAnotherSession`], [`Denied::OobCodeExpired`], [`Denied::OobCodeUnknown`] once
    /// its attempts are spent or its phone is disabled; for an enrollment
    /// [`Denied::AlreadyEnrolled`], [`Denied::InsufficientScope`],
    /// [`Denied::PhoneAlreadyEnrolled`], [`Denied::TooManyPhones`]; [`Denied::TooManySessions`],
    /// [`Denied::TooManyFailures`]; [`Denied::OobCodeExpired`] where its key has left the ring. Rejected, charged and saved: [`Denied::InvalidBindingCode`].
    ///
    /// # Security
    ///
    /// With an empty budget the right code hears what a wrong one hears, and neither is compared.
    pub fn verify_oob(
        &self,
        account: &Account,
        session: &MfaSession,
        request: &VerifyOob,
        now: UtcDateTime,
    ) -> Transition<Verified> {
        self.decide_for(account, session, now, |account, now| {
            let answered = self.judge_binding_code(account, session, request, now)?;
            Ok(move |account: &mut Account, events: &mut Events| {
                if bool::from(answered.right) {
                    Ok(self.accept(account, events, session, &answered, now))
                } else {
                    Err(self.reject(account, events, &answered, now))
                }
            })
        })
    }

    fn judge_binding_code(
        &self,
        account: &Account,
        session: &MfaSession,
        request: &VerifyOob,
        now: Millis,
    ) -> Result<Answered, Denied> {
        let pending = account
            .challenges
            .iter()
            .find(|pending| pending.is_kept_at(now) && pending.is(&request.oob_code))
            .ok_or(Denied::OobCodeUnknown)?;
        if pending.session != *session.tag() {
            return Err(Denied::OobCodeOfAnotherSession);
        }
        if let Code::Overtaken { expires_at } = pending.code
            && now < expires_at
        {
            check_may_enroll(account, session)?;
            return Err(Denied::OobCodeUnknown);
        }
        let code = pending.live_at(now).ok_or(Denied::OobCodeExpired)?;
        if self
            .policy
            .attempts_per_challenge()
            .is_some_and(|most| code.attempts >= most)
        {
            return Err(Denied::OobCodeUnknown);
        }
        match &code.target {
            Target::Phone(device) => {
                account
                    .active_phone(*device)
                    .ok_or(Denied::OobCodeUnknown)?;
            }
            Target::Enrollment(enrollment) => {
                check_may_enroll(account, session)?;
                account.check_room_for(enrollment.number, &self.policy)?;
            }
        }
        account.check_room_for_spent(session, now)?;
        account
            .budgets
            .binding_failures
            .check(self.policy.binding_failures(), now)
            .map_err(|retry_at| Denied::TooManyFailures {
                retry_at: retry_at.to_utc(),
            })?;

        let binding_code = &request.binding_code;
        let right = self
            .keys
            .judge_code(&code.digest, &pending.id.0, session.tag(), binding_code)
            // The key was dropped from the ring while the code was in flight.
            .ok_or(Denied::OobCodeExpired)?;
        Ok(Answered {
            challenge: pending.id,
            target: code.target.clone(),
            channel: code.channel,
            attempts: code.attempts,
            right,
        })
    }

    fn accept(
        &self,
        account: &mut Account,
        events: &mut Events,
        session: &MfaSession,
        Answered {
            challenge,
            target,
            channel,
            ..
        }: &Answered,
        now: Millis,
    ) -> Verified {
        let authenticator = target.authenticator(*channel);
        account.drop_challenge(*challenge);
        let purpose = match target {
            Target::Phone(device) => {
                if let Some(phone) = account.phone_mut(*device) {
                    phone.failures = 0;
                    phone.last_used = now;
                    phone.last_channel = *channel;
                }
                Purpose::Login
            }
            Target::Enrollment(enrollment) => {
                events.push(Event::AuthenticatorAdded {
                    authenticator,
                    phone: enrollment.number,
                });
                account.confirm(enrollment, *channel, now, events);
                Purpose::Enrollment
            }
        };
        account.spend(session);
        events.push(Event::Authenticated { authenticator });
        let restricted = self.policy.is_restricted(*channel);
        Verified::by_phone(session, authenticator, purpose, restricted, now)
    }

    fn reject(
        &self,
        account: &mut Account,
        events: &mut Events,
        Answered {
            challenge,
            target,
            channel,
            attempts,
            ..
        }: &Answered,
        now: Millis,
    ) -> Denied {
        let device = target.device();
        let attempts = attempts.saturating_add(1);
        let mut failures = attempts;
        if let Some(IssuedCode {
            attempts: stored, ..
        }) = account
            .challenge_mut(*challenge)
            .and_then(|pending| pending.code.issued_mut())
        {
            *stored = attempts;
        }
        let mut disabled = None;
        if let Some(phone) = account.phone_mut(device) {
            phone.failures = phone.failures.saturating_add(1);
            failures = phone.failures;
            if self
                .policy
                .failure_cap()
                .is_some_and(|most| failures >= most)
            {
                phone.status = PhoneStatus::Disabled;
                disabled = Some(phone.number);
            }
        }
        events.push(Event::WrongBindingCode {
            authenticator: target.authenticator(*channel),
            failures,
        });
        if self
            .policy
            .attempts_per_challenge()
            .is_some_and(|most| attempts >= most)
        {
            account.drop_challenge(*challenge);
        }
        if let Some(phone) = disabled {
            account.drop_challenges_to(device);
            events.push(Event::AuthenticatorDisabled { device, phone });
        }
        let limit = (Limit::BindingFailures, self.policy.binding_failures());
        charge(&mut account.budgets.binding_failures, limit, now, events);
        Denied::InvalidBindingCode
    }
}

/// A binding code that was compared with that of a live challenge.
struct Answered {
    challenge: ChallengeId,
    target: Target,
    channel: Channel,
    /// Wrong answers before this one.
    attempts: u32,
    right: Choice,
}

impl Account {
    /// Makes an enrollment a phone of the account, and its recovery code the account's.
    ///
    /// Every other enrollment of a first factor goes: from here on the phone guards the account. One
    /// of a second factor stays, without a recovery code of its own.
    fn confirm(
        &mut self,
        enrollment: &Enrollment,
        channel: Channel,
        now: Millis,
        events: &mut Events,
    ) {
        self.phones.push(Phone::confirmed(
            enrollment.device,
            enrollment.number,
            channel,
            now,
        ));
        self.drop_unguarded_enrollments();
        if let Some(recovery) = &enrollment.recovery {
            self.recovery = Some(*recovery);
            self.drop_unconfirmed_recovery_codes();
            events.push(Event::RecoveryCodeReplaced);
        }
    }

    /// Drops what a first factor alone has begun; who answers it late is told that he came second.
    pub(super) fn drop_unguarded_enrollments(&mut self) {
        self.challenges
            .iter_mut()
            .for_each(PendingChallenge::overtake);
    }

    /// Drops the recovery codes of enrollments that are not confirmed, now that there is one.
    pub(super) fn drop_unconfirmed_recovery_codes(&mut self) {
        let codes = self
            .challenges
            .iter_mut()
            .filter_map(|pending| pending.code.issued_mut());
        for code in codes {
            if let Target::Enrollment(enrollment) = &mut code.target {
                enrollment.recovery = None;
            }
        }
    }
}
