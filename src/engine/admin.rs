//! The administrator's operations. Who may call them is the embedder's to decide.

use rand_core::CryptoRng;
use time::UtcDateTime;

use super::manage::judge_removal;
use super::{Engine, Removed};
use crate::account::{Account, Budgets, Phone};
use crate::authenticator::{AuthenticatorId, Channel, DeviceId};
use crate::denied::Denied;
use crate::phone::PhoneNumber;
use crate::transition::{Event, Events, Transition};

/// What is left of the budgets of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Remaining {
    /// Messages that can be sent at once.
    pub sends: u32,
    /// Wrong binding codes that would be judged.
    pub binding_failures: u32,
    /// Wrong recovery codes that would be judged.
    pub recovery_failures: u32,
}

impl Engine {
    /// What is left of the budgets, for those who help the owner.
    #[must_use]
    pub fn remaining(&self, account: &Account, now: UtcDateTime) -> Remaining {
        let Budgets {
            sends,
            binding_failures,
            recovery_failures,
        } = account.budgets;
        Remaining {
            sends: sends.remaining(self.policy.sends(), now),
            binding_failures: binding_failures.remaining(self.policy.binding_failures(), now),
            recovery_failures: recovery_failures.remaining(self.policy.recovery_failures(), now),
        }
    }

    /// Removes every phone, enrollment, challenge and the recovery code.
    ///
    /// Budgets and spent sessions stay, and no session that was issued before can do anything.
    /// "Before" is by the clocks of your servers, to the millisecond: a session from one that runs
    /// ahead is as much younger. So change the password first where somebody else knows it.
    pub fn reset(&self, account: &Account, now: UtcDateTime) -> Transition<()> {
        self.decide(account, now, |_, now| {
            Ok(move |account: &mut Account, events: &mut Events| {
                account.phones.clear();
                account.challenges.clear();
                account.recovery = None;
                account.valid_from.every = account.valid_from.every.max(now);
                events.push(Event::AccountReset);
                Ok(())
            })
        })
    }

    /// Removes a phone as [`remove_authenticator`](Self::remove_authenticator) does.
    ///
    /// # Errors
    ///
    /// [`Denied::UnknownAuthenticator`] as the outcome's result, without any change.
    pub fn remove_phone(
        &self,
        account: &Account,
        device: DeviceId,
        now: UtcDateTime,
    ) -> Transition<Removed> {
        self.decide(account, now, |account, now| {
            judge_removal(account, device, now)
        })
    }

    /// Adds a phone that another system has verified, for migration.
    ///
    /// It comes without a recovery code. What a first factor alone has begun to enroll goes.
    ///
    /// # Errors
    ///
    /// As the outcome's result, in this order and without any change:
    /// [`Denied::ChannelUnavailable`], [`Denied::PhoneAlreadyEnrolled`],
    /// [`Denied::TooManyPhones`].
    pub fn import_phone(
        &self,
        account: &Account,
        phone: PhoneNumber,
        channel: Channel,
        now: UtcDateTime,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Transition<AuthenticatorId> {
        self.decide(account, now, |account, now| {
            if !self.policy.channels().contains(channel) {
                return Err(Denied::ChannelUnavailable);
            }
            account.check_room_for(phone, &self.policy)?;
            Ok(move |account: &mut Account, events: &mut Events| {
                account.drop_unguarded_enrollments();
                let device = DeviceId::draw(rng);
                let confirmed = Phone::confirmed(device, phone, channel, now);
                account.phones.push(confirmed);
                let authenticator = AuthenticatorId::Phone(channel, device);
                events.push(Event::AuthenticatorAdded {
                    authenticator,
                    phone,
                });
                Ok(authenticator)
            })
        })
    }

    /// Refills every budget: the one exception to the rule that nothing does.
    ///
    /// # Security
    ///
    /// It hands an attacker who knows the password ten more guesses. Find out first who spent them.
    pub fn restore_budgets(&self, account: &Account, now: UtcDateTime) -> Transition<()> {
        self.decide(account, now, |_, _| {
            Ok(|account: &mut Account, events: &mut Events| {
                account.budgets = Budgets::default();
                events.push(Event::BudgetsRestored);
                Ok(())
            })
        })
    }
}
