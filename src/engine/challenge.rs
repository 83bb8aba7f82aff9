//! Challenge: issues a code to a phone of the account.

use rand_core::CryptoRng;
use time::UtcDateTime;

use super::Engine;
use super::draft::Draft;
use super::guard::check_first_factor;
use super::issue::check_issue;
use crate::account::challenge::Target;
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
    /// What to challenge. `None`: the most recently used phone, by the channel it last used.
    pub authenticator: Option<AuthenticatorId>,
}

/// A challenge that was issued.
#[derive(Debug)]
#[non_exhaustive]
pub struct Challenged {
    /// What the code is sent to.
    pub authenticator: AuthenticatorId,
    /// The handle of the code, for the client.
    pub oob_code: OobCode,
    /// The message to send.
    pub delivery: Delivery,
}

impl Engine {
    /// Issues a code to an active phone, for a login.
    ///
    /// It supersedes the code of the same session for the same phone, by either channel. Codes of other
    /// sessions stay (rule 11).
    ///
    /// # Errors
    ///
    /// The outcome's result. Refused, in this order:
    ///
    /// * [`Denied::SubjectMismatch`], [`Denied::ClockBehind`], those of a [session](Self#sessions)
    /// * [`Denied::FirstFactorRequired`]
    /// * [`Denied::NotEnrolled`], [`Denied::InvalidAuthenticator`]
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
    /// // Send `challenged.delivery`, then answer `challenged.oob_code`.
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
            let chosen = match request.authenticator {
                Some(id) => self.named(&draft, id),
                None => self.last_used(&draft),
            };
            let (channel, phone) = chosen.ok_or(Denied::InvalidAuthenticator)?;
            check_issue(&draft, session, Some(phone.device))?;

            let mut change = draft.change();
            let target = Target::Phone(phone.device);
            let (oob_code, delivery) =
                self.issue(&mut change, session, channel, phone.number, target, rng);
            Ok(change.grant(Challenged {
                authenticator: AuthenticatorId::Phone(channel, phone.device),
                oob_code,
                delivery,
            }))
        })
    }

    fn named(&self, draft: &Draft<'_>, id: AuthenticatorId) -> Option<(Channel, Phone)> {
        match id {
            AuthenticatorId::Phone(channel, device) if self.policy.channels().contains(channel) => {
                Some((channel, *draft.active_phone(device)?))
            }
            _ => None,
        }
    }

    fn last_used(&self, draft: &Draft<'_>) -> Option<(Channel, Phone)> {
        let phone = draft.active_phones().max_by_key(|phone| phone.last_used)?;
        let channels = self.policy.channels();
        let channel = if channels.contains(phone.last_channel) {
            phone.last_channel
        } else {
            channels.iter().next()?
        };
        Some((channel, *phone))
    }
}
