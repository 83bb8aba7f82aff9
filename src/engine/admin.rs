//! The administrator's operations. The embedder decides who may call them.

use rand_core::CryptoRng;
use time::UtcDateTime;

use super::Engine;
use super::draft::{Change, account_time};
use super::guard::check_room_for_phone;
use super::manage::{Removed, remove};
use crate::account::Account;
use crate::authenticator::{AuthenticatorId, DeviceId, EnrolledPhone};
use crate::budget::{Budget, Limit};
use crate::channel::Channel;
use crate::denied::Denied;
use crate::event::Event;
use crate::instant::Millis;
use crate::phone::PhoneNumber;
use crate::transition::Transition;

/// The result of erasing an account: when its record may be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Erased {
    /// When the record may be deleted: every session of the account has expired, and every budget is full.
    pub delete_after: UtcDateTime,
}

impl Engine {
    /// Lists the phones of an account for support staff, unconfirmed ones included. It needs no session.
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # let mut world = oob_mfa_testing::World::new();
    /// # world.enroll("+14155558730");
    /// # let (engine, account, now) = (world.engine.clone(), world.account(), world.now());
    /// for enrolled in engine.phones(&account, now) {
    ///     assert_eq!(enrolled.phone.to_string(), "XXXXXXXX8730");
    ///     assert_eq!(enrolled.status, AuthenticatorStatus::Active);
    /// }
    /// ```
    pub fn phones<'a>(
        &self,
        account: &'a Account,
        now: UtcDateTime,
    ) -> impl Iterator<Item = EnrolledPhone> + use<'a> {
        let now = account_time(&account.state, Millis::at(now));
        account.state.phones_at(now)
    }

    /// How many messages, wrong binding codes or wrong recovery codes a budget still allows. For support
    /// staff.
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # let world = oob_mfa_testing::World::new();
    /// # let (engine, account, now) = (world.engine.clone(), world.account(), world.now());
    /// for limit in Limit::ALL {
    ///     assert_eq!(engine.remaining(&account, limit, now), 10);
    /// }
    /// ```
    #[must_use]
    pub fn remaining(&self, account: &Account, limit: Limit, now: UtcDateTime) -> u32 {
        let state = &account.state;
        let now = account_time(state, Millis::at(now));
        state
            .budget(limit)
            .remaining_at(self.policy.rate(limit), now)
    }

    /// Removes every phone, enrollment, challenge and recovery code, and revokes every session.
    ///
    /// Budgets and spent sessions stay. The reset revokes sessions issued until account time plus the
    /// [skew](crate::Policy::skew): a server whose clock is ahead may have issued them. By default the user
    /// cannot sign in for the next 60 seconds of account time.
    ///
    /// # Errors
    ///
    /// The outcome's result: refused with [`Denied::ClockBehind`].
    ///
    /// # Security
    ///
    /// If someone else knows the password, change it first. The threat model says what a reset
    /// [leaves](crate::threat_model#outlive-a-reset).
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # let mut world = oob_mfa_testing::World::new();
    /// # world.enroll("+14155558730");
    /// # let (engine, account, now) = (world.engine.clone(), world.account(), world.now());
    /// # let replace = |_: Next| Ok::<(), &str>(());
    /// let outcome = engine.reset(account, now).commit(replace)?;
    /// assert_eq!(*outcome.events, [Event::AccountReset]);
    /// # Ok::<(), &str>(())
    /// ```
    pub fn reset(&self, account: Account, now: UtcDateTime) -> Transition<()> {
        Transition::of(|| {
            let mut change = self.draft(account, now)?.change();
            self.remove_everything(&mut change, Event::AccountReset);
            Ok(change.grant(()))
        })
    }

    /// Removes the owner's phones, codes and sessions, and returns the earliest time to delete the record.
    ///
    /// The remaining record keeps the subject and the budgets, and refuses every session that exists now.
    /// If the server's clock is behind by more than the skew, [newer
    /// sessions](crate::threat_model#outlive-a-reset) stay valid: check it first. Deleting the record too
    /// early would let an older session enroll a phone on a fresh account, and would refill the budgets.
    ///
    /// 1. Delete the user where you check passwords. Then no new session can begin.
    /// 2. Erase.
    /// 3. Keep the record until [`Erased::delete_after`], by default for 24 hours and 2 minutes.
    /// 4. Delete the record, if its revision is still the one that step 2 stored.
    ///
    /// If you vouch for a session that outlives [`longest_session`](crate::Policy::longest_session), it can
    /// become valid after the deletion. Avoid such a session, or keep the record until the session has expired.
    ///
    /// # Errors
    ///
    /// The outcome's result: refused with [`Denied::ClockBehind`].
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # let mut world = oob_mfa_testing::World::new();
    /// # world.enroll("+14155558730");
    /// # let (engine, account, now) = (world.engine.clone(), world.account(), world.now());
    /// # let replace = |_: Next| Ok::<(), &str>(());
    /// let erased = engine.erase(account, now).commit(replace)?.result?;
    /// assert_eq!(erased.delete_after, now + time::Duration::minutes(24 * 60 + 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn erase(&self, account: Account, now: UtcDateTime) -> Transition<Erased> {
        Transition::of(|| {
            let mut change = self.draft(account, now)?.change();
            let revoked_until = self.remove_everything(&mut change, Event::AccountErased);
            // Every spent session is revoked too.
            change.spent.clear();

            // A server whose clock is behind by the skew accepts a session for that much longer.
            let longest = self.policy.longest_session;
            let last_session = revoked_until.after(longest).after(self.policy.skew);
            let full = Limit::ALL.map(|limit| change.budget(limit).full_at());
            let delete_after = full.into_iter().fold(last_session, Ord::max).to_utc();
            Ok(change.grant(Erased { delete_after }))
        })
    }

    /// Drops phones, codes and the recovery code. Returns the time until which sessions are revoked.
    fn remove_everything(&self, change: &mut Change<'_>, event: Event) -> Millis {
        change.log(event);
        change.phones.clear();
        change.drop_codes(|_| true);
        change.recovery = None;
        let until = change.now().after(self.policy.skew);
        // A policy with a larger skew may have revoked more.
        let every = change.revoked_until.every;
        let until = every.map_or(until, |every| every.max(until));
        change.revoked_until.every = Some(until);
        until
    }

    /// Removes a phone as [`remove_authenticator`](Self::remove_authenticator) does.
    ///
    /// # Errors
    ///
    /// The outcome's result. Refused, in this order:
    ///
    /// * [`Denied::ClockBehind`]
    /// * [`Denied::UnknownAuthenticator`]
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # let mut world = oob_mfa_testing::World::new();
    /// # world.enroll("+14155558730");
    /// # let (engine, account, now) = (world.engine.clone(), world.account(), world.now());
    /// # let replace = |_: Next| Ok::<(), &str>(());
    /// let lost = engine.phones(&account, now).next().ok_or("no phone")?.device;
    /// let outcome = engine.remove_phone(account, lost, now).commit(replace)?;
    /// assert_eq!(outcome.result?.device, lost);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn remove_phone(
        &self,
        account: Account,
        device: DeviceId,
        now: UtcDateTime,
    ) -> Transition<Removed> {
        Transition::of(|| remove(self.draft(account, now)?, device))
    }

    /// Adds a phone that another system has verified, for migration.
    ///
    /// The account gets no recovery code. The import discards pending enrollments started with a first
    /// factor.
    ///
    /// # Errors
    ///
    /// The outcome's result. Refused, in this order:
    ///
    /// * [`Denied::ClockBehind`]
    /// * [`Denied::ChannelUnavailable`], [`Denied::PhoneAlreadyEnrolled`], [`Denied::TooManyPhones`]
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # let world = oob_mfa_testing::World::new();
    /// # let (engine, account, now, mut rng) = (world.engine.clone(), world.account(), world.now(), world.rng.clone());
    /// # let replace = |_: Next| Ok::<(), &str>(());
    /// let phone = "+14155558730".parse()?;
    /// let outcome = engine
    ///     .import_phone(account, phone, Channel::Sms, now, &mut rng)
    ///     .commit(replace)?;
    /// assert!(matches!(outcome.result?, AuthenticatorId::Phone(Channel::Sms, _)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn import_phone(
        &self,
        account: Account,
        phone: PhoneNumber,
        channel: Channel,
        now: UtcDateTime,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Transition<AuthenticatorId> {
        Transition::of(|| {
            let draft = self.draft(account, now)?;
            if !self.policy.channels().contains(channel) {
                return Err(Denied::ChannelUnavailable);
            }
            check_room_for_phone(&draft, phone, &self.policy)?;

            let mut change = draft.change();
            let device = DeviceId::draw(rng);
            change.add_phone(device, phone, channel, None);
            Ok(change.grant(AuthenticatorId::Phone(channel, device)))
        })
    }

    /// Refills every budget.
    ///
    /// Besides this operation, only time, a change of the policy and [`rewind`](Self::rewind) refill a budget
    /// ([rule 7](crate::rules#7-budgets-survive)).
    ///
    /// # Errors
    ///
    /// The outcome's result: refused with [`Denied::ClockBehind`].
    ///
    /// # Security
    ///
    /// A refill gives an attacker who knows the password a full budget of guesses. First find out who used
    /// up the previous budget.
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # let world = oob_mfa_testing::World::new();
    /// # let (engine, account, now) = (world.engine.clone(), world.account(), world.now());
    /// # let replace = |_: Next| Ok::<(), &str>(());
    /// let outcome = engine.restore_budgets(account, now).commit(replace)?;
    /// assert_eq!(*outcome.events, [Event::BudgetsRestored]);
    /// # Ok::<(), &str>(())
    /// ```
    pub fn restore_budgets(&self, account: Account, now: UtcDateTime) -> Transition<()> {
        Transition::of(|| {
            let mut change = self.draft(account, now)?.change();
            for limit in Limit::ALL {
                *change.budget_mut(limit) = Budget::default();
            }
            change.log(Event::BudgetsRestored);
            Ok(change.grant(()))
        })
    }

    /// Sets an account back to the time `now`, after a server whose clock ran ahead has changed the account.
    ///
    /// It ends [`Denied::ClockBehind`] for the account. Take these steps in order:
    ///
    /// 1. Stop the server whose clock is wrong.
    /// 2. Drop the keys of the tokens that this server issued. Otherwise the tokens become valid later.
    /// 3. Rewind each account. A bulk run is idempotent: the engine refuses an account whose time is not
    ///    ahead.
    ///
    /// The rewind drops every challenge and every spent session, and revokes all sessions issued until `now`
    /// plus the [skew](crate::Policy::skew). After it, no budget takes longer to refill than an empty one.
    ///
    /// # Errors
    ///
    /// The outcome's result: refused with [`Denied::ClockNotAhead`] if the last change is not later than
    /// `now` plus the skew.
    ///
    /// # Security
    ///
    /// `now` must be right. If it is too early by more than the skew, the rewind refills budgets, like
    /// [`restore_budgets`](Self::restore_budgets). Spent and revoked sessions that were issued later than
    /// `now` plus the skew are then valid again. Use the policy that your servers use: a smaller burst,
    /// period or skew has the same effects.
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # let mut world = oob_mfa_testing::World::new();
    /// # world.wait(oob_mfa_testing::YEAR);
    /// # world.enroll("+14155558730");
    /// # world.set_back(oob_mfa_testing::YEAR);
    /// # let (engine, account, now) = (world.engine.clone(), world.account(), world.now());
    /// # let replace = |_: Next| Ok::<(), &str>(());
    /// let refused = engine.reset(account.clone(), now).commit(replace)?;
    /// assert_eq!(refused.result, Err(Denied::ClockBehind));
    /// let outcome = engine.rewind(account, now).commit(replace)?;
    /// assert_eq!(*outcome.events, [Event::ClockRewound]);
    /// # Ok::<(), &str>(())
    /// ```
    pub fn rewind(&self, account: Account, now: UtcDateTime) -> Transition<()> {
        let now = Millis::at(now);
        let ahead = now.after(self.policy.skew);
        if account.state.as_of <= ahead {
            return Transition::refused(Denied::ClockNotAhead);
        }

        let mut change = self.draft_at(account, now).change();
        change.log(Event::ClockRewound);
        change.drop_codes(|_| true);
        change.spent.clear();
        change.revoked_until.first_factor = None;
        change.revoked_until.every = Some(ahead);
        for limit in Limit::ALL {
            let rewound = change.budget(limit).rewound(self.policy.rate(limit), now);
            *change.budget_mut(limit) = rewound;
        }
        for phone in &mut change.phones {
            phone.last_used = phone.last_used.min(now);
        }
        change.grant(())
    }
}
