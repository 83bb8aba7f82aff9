//! Challenge: a code is sent to a phone of the account.

use rand_core::CryptoRng;
use time::UtcDateTime;

use super::Engine;
use super::issue::Issue;
use crate::account::{Account, Phone};
use crate::authenticator::{AuthenticatorId, Channel};
use crate::challenge::{PendingChallenge, Target};
use crate::code::OobCode;
use crate::denied::Denied;
use crate::instant::Millis;
use crate::session::MfaSession;
use crate::transition::{Delivery, Events, Transition};

/// A request to send a code for a login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "the request of the API; an embedder writes it out"
)]
pub struct Challenge {
    /// What to challenge; none for the most recently used phone, by the channel it last used.
    pub authenticator: Option<AuthenticatorId>,
}

/// A challenge issued.
#[derive(Debug)]
#[non_exhaustive]
pub struct Challenged {
    /// What the code is sent to.
    pub authenticator: AuthenticatorId,
    /// The handle of the code, for the client.
    pub oob_code: OobCode,
    /// The message to be sent.
    pub delivery: Delivery,
}

impl Engine {
    /// Issues a code to an active phone.
    ///
    /// A code that the same session had for the same phone is superseded, whichever channel it went
    /// by; codes of other sessions are untouched (rule 11).
    ///
    /// # Errors
    ///
    /// In this order, as the outcome's result, and without any change: [`Denied::SubjectMismatch`],
    /// [`Denied::TokenExpired`], [`Denied::SessionTooLong`], [`Denied::SessionRevoked`],
    /// [`Denied::SessionSpent`]; [`Denied::NotEnrolled`], [`Denied::InvalidAuthenticator`];
    /// [`Denied::TooManySends`].
    pub fn challenge(
        &self,
        account: &Account,
        session: &MfaSession,
        request: &Challenge,
        now: UtcDateTime,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Transition<Challenged> {
        self.decide_for(account, session, now, |account, now| {
            if !account.is_enrolled() {
                return Err(Denied::NotEnrolled);
            }
            let (channel, phone) = self
                .challenged(account, request, now)
                .ok_or(Denied::InvalidAuthenticator)?;
            let Phone { device, number, .. } = *phone;
            let superseded = move |pending: &PendingChallenge| {
                pending.session == *session.tag() && pending.targets(device)
            };
            self.check_issue(account, superseded, now)?;
            Ok(move |account: &mut Account, events: &mut Events| {
                let issue = Issue {
                    session,
                    channel,
                    to: number,
                    target: Target::Phone(device),
                };
                let (oob_code, delivery) = self.issue(account, events, issue, superseded, now, rng);
                Ok(Challenged {
                    authenticator: AuthenticatorId::Phone(channel, device),
                    oob_code,
                    delivery,
                })
            })
        })
    }

    fn challenged<'a>(
        &self,
        account: &'a Account,
        request: &Challenge,
        now: Millis,
    ) -> Option<(Channel, &'a Phone)> {
        let channels = self.policy.channels();
        match request.authenticator {
            Some(AuthenticatorId::Phone(channel, device)) => {
                let phone = account.active_phone(device)?;
                channels.contains(channel).then_some((channel, phone))
            }
            Some(AuthenticatorId::RecoveryCode(_)) => None,
            None => {
                let phone = account
                    .active_phones()
                    .max_by_key(|phone| phone.last_used.min(now))?;
                let last = Some(phone.last_channel).filter(|channel| channels.contains(*channel));
                Some((last.or_else(|| channels.iter().next())?, phone))
            }
        }
    }
}
