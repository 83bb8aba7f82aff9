//! Challenge: issues a code to a phone of the account.

use rand_core::CryptoRng;
use time::UtcDateTime;

use super::Engine;
use super::draft::Draft;
use super::guard::check_first_factor;
use super::issue::check_issue;
use crate::account::challenge::CodeTarget;
use crate::account::{Account, Phone};
use crate::authenticator::AuthenticatorId;
use crate::channel::Channel;
use crate::code::OobCode;
use crate::delivery::Delivery;
use crate::denied::Denied;
use crate::session::MfaSession;
use crate::transition::Transition;

/// A request to send a code for a login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the request of the API; an embedder writes it out"
)]
pub struct Challenge {
    /// What to challenge. `None`: the most recently used active phone.
    pub authenticator: Option<AuthenticatorId>,
    /// The channel. `None`: the channel of the authenticator. Without an authenticator: the phone's last
    /// channel if the policy enables that, else the first enabled channel.
    pub channel: Option<Channel>,
}

/// An issued challenge.
#[derive(Debug)]
#[non_exhaustive]
pub struct Challenged {
    /// The id of the phone that gets the code, with the channel of the message.
    pub authenticator: AuthenticatorId,
    /// The handle of the code, for the client.
    pub oob_code: OobCode,
    /// The message to send.
    pub delivery: Delivery,
}

impl Engine {
    /// Issues a code to an active phone, for a login.
    ///
    /// The new code supersedes the session's earlier code for the same phone, on either channel. Codes of
    /// other sessions stay ([rule 11](crate::rules#11-one-live-code)).
    ///
    /// # Errors
    ///
    /// The outcome's result. Refused, in this order:
    ///
    /// * [`Denied::SubjectMismatch`], [`Denied::ClockBehind`], those of a [session](Self#sessions)
    /// * [`Denied::FirstFactorRequired`]
    /// * [`Denied::NotEnrolled`], [`Denied::ChannelUnavailable`], [`Denied::ChannelMismatch`],
    ///   [`Denied::InvalidAuthenticator`]
    /// * [`Denied::TooManySends`]
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # let mut world = oob_mfa_testing::World::new();
    /// # world.enroll("+14155558730");
    /// # let session = world.first_factor();
    /// # let (engine, account, now, mut rng) = (world.engine.clone(), world.account(), world.now(), world.rng.clone());
    /// # let replace = |_: Next| Ok::<(), &str>(());
    /// let outcome = engine
    ///     .challenge(account, &session, &Challenge::default(), now, &mut rng)
    ///     .commit(replace)?;
    /// let challenged = outcome.result?;
    /// // Send `challenged.delivery`, then respond with `challenged.oob_code`.
    /// assert_eq!(challenged.delivery.channel, Channel::Sms);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn challenge(
        &self,
        account: Account,
        session: &MfaSession,
        request: &Challenge,
        now: UtcDateTime,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Transition<Challenged> {
        Transition::of(|| {
            let draft = self.draft_for(account, session, now)?;
            check_first_factor(session)?;
            if !draft.is_enrolled() {
                return Err(Denied::NotEnrolled);
            }
            let (channel, phone) = self.chosen(&draft, request)?;
            check_issue(&draft, session, Some(phone.device))?;

            let mut change = draft.change();
            let target = CodeTarget::Phone(phone.device);
            let (oob_code, delivery) =
                self.issue(&mut change, session, channel, phone.number, target, rng);
            Ok(change.grant(Challenged {
                authenticator: AuthenticatorId::Phone(channel, phone.device),
                oob_code,
                delivery,
            }))
        })
    }

    /// The requested phone and channel, or else those that were last used.
    fn chosen(&self, draft: &Draft<'_>, request: &Challenge) -> Result<(Channel, Phone), Denied> {
        let enabled = self.policy.channels();
        if request
            .channel
            .is_some_and(|channel| !enabled.contains(channel))
        {
            return Err(Denied::ChannelUnavailable);
        }
        let (phone, channel) = match request.authenticator {
            None => {
                let last = draft.active_phones().max_by_key(|phone| phone.last_used);
                (last, last.map(|phone| phone.last_channel))
            }
            Some(AuthenticatorId::Phone(channel, _))
                if request.channel.is_some_and(|named| named != channel) =>
            {
                return Err(Denied::ChannelMismatch);
            }
            Some(AuthenticatorId::Phone(channel, device)) if enabled.contains(channel) => {
                (draft.active_phone(device), Some(channel))
            }
            Some(_) => (None, None),
        };
        let phone = *phone.ok_or(Denied::InvalidAuthenticator)?;
        let channel = request
            .channel
            .or(channel)
            .filter(|channel| enabled.contains(*channel))
            .or_else(|| enabled.iter().next())
            .ok_or(Denied::ChannelUnavailable)?;
        Ok((channel, phone))
    }
}
