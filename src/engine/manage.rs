//! Lists the authenticators, and removes one.

use time::UtcDateTime;

use super::Engine;
use super::draft::{Draft, account_time};
use super::guard::{check_scope, check_session, check_subject};
use crate::account::Account;
use crate::authenticator::{AuthenticatorEntry, AuthenticatorId, DeviceId};
use crate::denied::Denied;
use crate::event::Event;
use crate::instant::Millis;
use crate::phone::PhoneNumber;
use crate::policy::RecoveryCodes;
use crate::scope::Scope;
use crate::session::{Assurance, MfaSession};
use crate::transition::Transition;

/// A phone that was removed, with all of its entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Removed {
    /// The device.
    pub device: DeviceId,
    /// Its number.
    pub phone: PhoneNumber,
}

/// What a login needs next: an enrollment, or a challenge of one of these factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Requirements {
    /// Nothing is enrolled: the user must associate a phone first.
    Enroll,
    /// A second factor guards the account.
    Challenge {
        /// Whether an active phone can be challenged.
        phone: bool,
        /// Whether there is a recovery code.
        recovery_code: bool,
    },
}

impl Engine {
    /// What a login of this account needs next: the field `mfa_requirements`.
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # let mut world = oob_mfa_testing::World::new();
    /// # let (engine, account) = (world.engine.clone(), world.account());
    /// assert_eq!(engine.requirements(&account), Requirements::Enroll);
    /// ```
    #[must_use]
    pub fn requirements(&self, account: &Account) -> Requirements {
        if !account.is_enrolled() {
            return Requirements::Enroll;
        }
        let issued = self.policy.recovery_codes() == RecoveryCodes::Issued;
        Requirements::Challenge {
            phone: account.state.active_phones().next().is_some(),
            recovery_code: issued && account.state.recovery.is_some(),
        }
    }

    /// Lists the authenticators of an account, unconfirmed ones included.
    ///
    /// A phone has an entry for each channel of the policy. A read never returns
    /// [`Denied::ClockBehind`].
    ///
    /// # Errors
    ///
    /// In this order:
    ///
    /// * [`Denied::SubjectMismatch`], those of a [session](Self#sessions)
    /// * [`Denied::InsufficientScope`] for an MFA session without `read:authenticators`
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # let mut world = oob_mfa_testing::World::new();
    /// # world.enroll("+14155558730");
    /// # let session = world.first_factor();
    /// # let (engine, account, now) = (world.engine.clone(), world.account(), world.now());
    /// let entries: Vec<_> = engine.authenticators(&account, &session, now)?.collect();
    /// // The recovery code, and one phone by SMS and by voice.
    /// assert_eq!(entries.len(), 3);
    /// # Ok::<(), Denied>(())
    /// ```
    pub fn authenticators<'a>(
        &self,
        account: &'a Account,
        session: &MfaSession,
        now: UtcDateTime,
    ) -> Result<impl Iterator<Item = AuthenticatorEntry> + use<'a>, Denied> {
        let state = &*account.state;
        let now = account_time(state, Millis::at(now));
        check_subject(account, session)?;
        check_session(state, session, &self.policy, now)?;
        if session.assurance() == Assurance::Mfa {
            check_scope(session, Scope::ReadAuthenticators)?;
        }
        Ok(state.entries_at(now, &self.policy))
    }

    /// Removes a phone with all of its entries, whether it is active, disabled or unconfirmed.
    ///
    /// Removing the last confirmed phone also removes the recovery code, and revokes the first-factor
    /// sessions issued until then.
    ///
    /// # Errors
    ///
    /// The outcome's result. Refused, in this order:
    ///
    /// * [`Denied::SubjectMismatch`], [`Denied::ClockBehind`], those of a [session](Self#sessions)
    /// * [`Denied::InsufficientScope`], also for every first-factor session
    /// * [`Denied::UnknownAuthenticator`], also for the recovery code and for an id with a channel that the
    ///   policy does not enable
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # let mut world = oob_mfa_testing::World::new();
    /// # let (id, _) = world.enroll("+14155558730");
    /// # let session = world.second_factor();
    /// # let (engine, account, now) = (world.engine.clone(), world.account(), world.now());
    /// # let replace = |_: Next| Ok::<(), &str>(());
    /// let outcome = engine
    ///     .remove_authenticator(account, &session, &id, now)
    ///     .commit(replace)?;
    /// assert_eq!(outcome.result?.phone, "+14155558730".parse()?);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove_authenticator(
        &self,
        account: Account,
        session: &MfaSession,
        id: &AuthenticatorId,
        now: UtcDateTime,
    ) -> Transition<Removed> {
        Transition::of(|| {
            let draft = self.draft_for(account, session, now)?;
            check_scope(session, Scope::RemoveAuthenticators)?;
            match *id {
                AuthenticatorId::Phone(channel, device)
                    if self.policy.channels().contains(channel) =>
                {
                    remove(draft, device)
                }
                _ => Err(Denied::UnknownAuthenticator),
            }
        })
    }
}

/// Removes the phone of this device, confirmed or not.
pub(super) fn remove(draft: Draft<'_>, device: DeviceId) -> Result<Transition<Removed>, Denied> {
    let known = draft
        .phones_at(draft.now())
        .find(|phone| phone.device == device);
    let phone = known.ok_or(Denied::UnknownAuthenticator)?.phone;

    let mut change = draft.change();
    let was_enrolled = change.is_enrolled();
    change.phones.retain(|phone| phone.device != device);
    change.log(Event::AuthenticatorRemoved { device, phone });
    change.drop_codes_to(device);
    if was_enrolled && !change.is_enrolled() {
        change.revoked_until.first_factor = Some(change.now());
        if change.recovery.take().is_some() {
            change.log(Event::RecoveryCodeRemoved);
        }
    }
    Ok(change.grant(Removed { device, phone }))
}
