//! Associate: a phone is named, and a code sent to it.

use alloc::boxed::Box;

use rand_core::CryptoRng;
use time::UtcDateTime;

use super::Engine;
use super::issue::Issue;
use crate::account::{Account, Recovery};
use crate::authenticator::{AuthenticatorId, Channel, DeviceId};
use crate::challenge::{Enrollment, PendingChallenge, Target};
use crate::code::{OobCode, RecoveryCode};
use crate::denied::Denied;
use crate::key::Digest;
use crate::phone::PhoneNumber;
use crate::policy::RecoveryCodes;
use crate::session::{Assurance, MfaSession, Scope};
use crate::transition::{Delivery, Events, Transition};

/// A request to enroll a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the request of the API; an embedder writes it out"
)]
pub struct Associate {
    /// The channel of the first code.
    pub channel: Channel,
    /// The phone.
    pub phone: PhoneNumber,
}

/// An enrollment begun: unconfirmed until its code is answered.
#[derive(Debug)]
#[non_exhaustive]
pub struct Associated {
    /// The phone, by the channel asked for.
    pub authenticator: AuthenticatorId,
    /// The handle of the code, for the client.
    pub oob_code: OobCode,
    /// The recovery code, on a first association: it works once this enrollment is confirmed.
    pub recovery_code: Option<RecoveryCode>,
    /// The message to be sent.
    pub delivery: Delivery,
}

impl Engine {
    /// Begins to enroll a phone and issues the code that confirms it.
    ///
    /// A session of a first factor may as long as no phone guards the account; after that it takes
    /// [`Assurance::Mfa`] with the scope `enroll` (rule 9). The same session asking for the same
    /// number again gets a new code for the same device.
    ///
    /// # Errors
    ///
    /// In this order, as the outcome's result, and without any change: [`Denied::SubjectMismatch`],
    /// [`Denied::TokenExpired`], [`Denied::SessionTooLong`], [`Denied::SessionRevoked`],
    /// [`Denied::SessionSpent`]; [`Denied::AlreadyEnrolled`], [`Denied::InsufficientScope`];
    /// [`Denied::ChannelUnavailable`], [`Denied::PhoneAlreadyEnrolled`],
    /// [`Denied::TooManyPhones`]; [`Denied::TooManySends`].
    pub fn associate(
        &self,
        account: &Account,
        session: &MfaSession,
        request: &Associate,
        now: UtcDateTime,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Transition<Associated> {
        let Associate { channel, phone } = *request;
        self.decide_for(account, session, now, |account, now| {
            check_may_enroll(account, session)?;
            if !self.policy.channels().contains(channel) {
                return Err(Denied::ChannelUnavailable);
            }
            account.check_room_for(phone, &self.policy)?;
            let superseded = move |pending: &PendingChallenge| {
                pending.session == *session.tag()
                    && pending
                        .enrollment()
                        .is_some_and(|enrollment| enrollment.number == phone)
            };
            self.check_issue(account, superseded, now)?;
            Ok(move |account: &mut Account, events: &mut Events| {
                let pending = account
                    .challenges
                    .iter()
                    .find(|pending| superseded(pending));
                let device = pending
                    .and_then(PendingChallenge::enrollment)
                    .map_or_else(|| DeviceId::draw(rng), |enrollment| enrollment.device);
                let is_first = !account.is_enrolled();
                let recovery = (is_first && self.policy.recovery_codes() == RecoveryCodes::Issued)
                    .then(|| Recovery::draw(rng));
                let (recovery, recovery_code) = recovery.unzip();
                let enrollment = Enrollment {
                    device,
                    number: phone,
                    begun_by: session.assurance(),
                    recovery,
                };
                let issue = Issue {
                    session,
                    channel,
                    to: phone,
                    target: Target::Enrollment(Box::new(enrollment)),
                };
                let (oob_code, delivery) = self.issue(account, events, issue, superseded, now, rng);
                Ok(Associated {
                    authenticator: AuthenticatorId::Phone(channel, device),
                    oob_code,
                    recovery_code,
                    delivery,
                })
            })
        })
    }
}

/// Rule 9: as soon as a phone guards the account, it takes a second factor to add another.
pub(super) fn check_may_enroll(account: &Account, session: &MfaSession) -> Result<(), Denied> {
    match session.assurance() {
        Assurance::FirstFactor if account.is_enrolled() => Err(Denied::AlreadyEnrolled),
        Assurance::FirstFactor => Ok(()),
        Assurance::Mfa => check_scope(session, Scope::Enroll),
    }
}

pub(super) fn check_scope(session: &MfaSession, scope: Scope) -> Result<(), Denied> {
    if session.grants(scope) {
        Ok(())
    } else {
        Err(Denied::InsufficientScope(scope))
    }
}

impl Recovery {
    /// A new recovery code: what is stored of it, and what the owner is shown.
    pub(super) fn draw(rng: &mut (impl CryptoRng + ?Sized)) -> (Self, RecoveryCode) {
        let device = DeviceId::draw(rng);
        let code = RecoveryCode::draw(rng);
        let digest = Digest::of_recovery_code(device.as_bytes(), &code);
        (
            Self {
                device,
                digest,
                failures: 0,
            },
            code,
        )
    }
}
