//! Associate: issues the code that confirms a phone.

use alloc::boxed::Box;

use rand_core::CryptoRng;
use time::UtcDateTime;

use super::Engine;
use super::guard::{check_may_enroll, check_room_for_phone};
use super::issue::check_issue;
use crate::account::Account;
use crate::account::challenge::{CodeTarget, Enrollment};
use crate::authenticator::{AuthenticatorId, DeviceId};
use crate::channel::Channel;
use crate::code::{OobCode, RecoveryCode};
use crate::delivery::Delivery;
use crate::denied::Denied;
use crate::phone::PhoneNumber;
use crate::policy::RecoveryCodes;
use crate::recovery::Recovery;
use crate::session::MfaSession;
use crate::transition::Transition;

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

/// A pending enrollment: its code confirms it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Associated {
    /// The id of the phone, with the requested channel.
    pub authenticator: AuthenticatorId,
    /// The handle of the code, for the client.
    pub oob_code: OobCode,
    /// The recovery code, active once this enrollment is confirmed. If the session repeats the request, show
    /// only the new one: the old one never works. `None` once the account has a confirmed phone, or if the
    /// policy issues none.
    pub recovery_code: Option<RecoveryCode>,
    /// The message to send.
    pub delivery: Delivery,
}

impl Engine {
    /// Starts to enroll a phone and issues the code that confirms it.
    ///
    /// A first-factor session may enroll while no phone guards the account. After that, enrolling needs
    /// [`Assurance::Mfa`](crate::Assurance::Mfa) with the scope `enroll`
    /// ([rule 9](crate::rules#9-the-second-factor-guards-the-factors)). If a session repeats a number
    /// before its code expires, the phone keeps its device id.
    ///
    /// # Errors
    ///
    /// The outcome's result. Refused, in this order:
    ///
    /// * [`Denied::SubjectMismatch`], [`Denied::ClockBehind`], those of a [session](Self#sessions)
    /// * [`Denied::AlreadyEnrolled`], [`Denied::InsufficientScope`]
    /// * [`Denied::ChannelUnavailable`], [`Denied::PhoneAlreadyEnrolled`], [`Denied::TooManyPhones`]
    /// * [`Denied::TooManySends`]
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # let mut world = oob_mfa_testing::World::new();
    /// # let session = world.first_factor();
    /// # let (engine, account, now, mut rng) = (world.engine.clone(), world.account(), world.now(), world.rng.clone());
    /// # let replace = |_: Next| Ok::<(), &str>(());
    /// let request =
    ///     Associate { channel: Channel::Sms, phone: "+14155558730".parse()? };
    /// let outcome = engine
    ///     .associate(account, &session, &request, now, &mut rng)
    ///     .commit(replace)?;
    /// let associated = outcome.result?;
    /// // Send `associated.delivery`, then respond with `associated.oob_code`
    /// // and the recovery code.
    /// assert!(associated.recovery_code.is_some());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn associate(
        &self,
        account: Account,
        session: &MfaSession,
        request: &Associate,
        now: UtcDateTime,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Transition<Associated> {
        Transition::of(|| {
            let Associate { channel, phone } = *request;
            let draft = self.draft_for(account, session, now)?;
            check_may_enroll(&draft, session)?;
            if !self.policy.channels().contains(channel) {
                return Err(Denied::ChannelUnavailable);
            }
            check_room_for_phone(&draft, phone, &self.policy)?;
            let pending = draft
                .challenges
                .iter()
                .filter(|pending| pending.session == *session.tag())
                .filter_map(|pending| pending.enrollment_at(draft.now()))
                .find(|enrollment| enrollment.number == phone)
                .map(|enrollment| enrollment.device);
            check_issue(&draft, session, pending)?;

            let mut change = draft.change();
            let device = pending.unwrap_or_else(|| DeviceId::draw(rng));
            let brings_recovery_code =
                !change.is_enrolled() && self.policy.recovery_codes() == RecoveryCodes::Issued;
            let (recovery, recovery_code) =
                brings_recovery_code.then(|| Recovery::draw(rng)).unzip();
            let target = CodeTarget::Enrollment(Box::new(Enrollment {
                device,
                number: phone,
                begun_by: session.assurance(),
                recovery,
            }));
            let (oob_code, delivery) =
                self.issue(&mut change, session, channel, phone, target, rng);
            Ok(change.grant(Associated {
                authenticator: AuthenticatorId::Phone(channel, device),
                oob_code,
                recovery_code,
                delivery,
            }))
        })
    }
}
