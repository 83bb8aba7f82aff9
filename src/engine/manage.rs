//! Listing the authenticators, and removing one.

use time::UtcDateTime;

use super::Engine;
use super::associate::check_scope;
use crate::account::Account;
use crate::authenticator::{AuthenticatorEntry, AuthenticatorId, DeviceId};
use crate::challenge::PendingChallenge;
use crate::denied::Denied;
use crate::instant::Millis;
use crate::phone::PhoneNumber;
use crate::session::{Assurance, MfaSession, Scope};
use crate::transition::{Event, Events, Transition};

/// A phone that was removed, both of its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removed {
    /// The device.
    pub device: DeviceId,
    /// Its number.
    pub phone: PhoneNumber,
}

impl Engine {
    /// The authenticators of an account as its list shows them: unconfirmed ones too, a phone once
    /// for each channel that the policy sends by.
    ///
    /// # Errors
    ///
    /// In this order: [`Denied::SubjectMismatch`], [`Denied::TokenExpired`],
    /// [`Denied::SessionTooLong`], [`Denied::SessionRevoked`], [`Denied::SessionSpent`];
    /// [`Denied::InsufficientScope`] for a session of [`Assurance::Mfa`] without
    /// `read:authenticators`.
    pub fn authenticators<'a>(
        &self,
        account: &'a Account,
        session: &MfaSession,
        now: UtcDateTime,
    ) -> Result<impl Iterator<Item = AuthenticatorEntry> + use<'a>, Denied> {
        if account.subject != *session.subject() {
            return Err(Denied::SubjectMismatch);
        }
        let now = Millis::at(now);
        account.check_session(session, &self.policy, now)?;
        if session.assurance() == Assurance::Mfa {
            check_scope(session, Scope::ReadAuthenticators)?;
        }
        Ok(account.entries(self.policy.channels(), now))
    }

    /// Removes a phone, active, disabled or unconfirmed, with both of its entries.
    ///
    /// The last confirmed phone takes the recovery code along, and sessions of a first factor that
    /// were issued before can enroll nothing.
    ///
    /// # Errors
    ///
    /// In this order, as the outcome's result, and without any change: [`Denied::SubjectMismatch`],
    /// [`Denied::TokenExpired`], [`Denied::SessionTooLong`], [`Denied::SessionRevoked`],
    /// [`Denied::SessionSpent`]; [`Denied::InsufficientScope`], for every session of a first factor
    /// too; [`Denied::UnknownAuthenticator`], for the recovery code too.
    pub fn remove_authenticator(
        &self,
        account: &Account,
        session: &MfaSession,
        id: &AuthenticatorId,
        now: UtcDateTime,
    ) -> Transition<Removed> {
        self.decide_for(account, session, now, |account, now| {
            check_scope(session, Scope::RemoveAuthenticators)?;
            match *id {
                AuthenticatorId::Phone(channel, device)
                    if self.policy.channels().contains(channel) =>
                {
                    judge_removal(account, device, now)
                }
                _ => Err(Denied::UnknownAuthenticator),
            }
        })
    }
}

/// The removal of a phone that is there, confirmed or not.
pub(super) fn judge_removal(
    account: &Account,
    device: DeviceId,
    now: Millis,
) -> Result<impl FnOnce(&mut Account, &mut Events) -> Result<Removed, Denied> + use<>, Denied> {
    let phone = account
        .number_of(device, now)
        .ok_or(Denied::UnknownAuthenticator)?;
    Ok(move |account: &mut Account, events: &mut Events| {
        let was_enrolled = account.is_enrolled();
        account.phones.retain(|phone| phone.device != device);
        account.drop_challenges_to(device);
        events.push(Event::AuthenticatorRemoved { device, phone });
        if was_enrolled && !account.is_enrolled() {
            account.valid_from.first_factor = account.valid_from.first_factor.max(now);
            if account.recovery.take().is_some() {
                events.push(Event::RecoveryCodeRemoved);
            }
        }
        Ok(Removed { device, phone })
    })
}

impl Account {
    /// The number of a phone, confirmed or not.
    fn number_of(&self, device: DeviceId, now: Millis) -> Option<PhoneNumber> {
        let confirmed = self.phones.iter().find(|phone| phone.device == device);
        let unconfirmed = || {
            self.challenges
                .iter()
                .filter(|pending| pending.live_at(now).is_some())
                .filter_map(PendingChallenge::enrollment)
                .find(|enrollment| enrollment.device == device)
        };
        confirmed
            .map(|phone| phone.number)
            .or_else(|| unconfirmed().map(|enrollment| enrollment.number))
    }
}
