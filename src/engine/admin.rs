//! The administrator's operations. The embedder decides who may call them.

use rand_core::CryptoRng;
use time::UtcDateTime;

use super::Engine;
use super::draft::{Change, account_time};
use super::guard::check_room_for_phone;
use super::manage::{Removed, judge_removal, remove};
use crate::account::Account;
use crate::authenticator::{AuthenticatorId, AuthenticatorStatus, DeviceId};
use crate::budget::{Budget, Limit};
use crate::channel::Channel;
use crate::denied::Denied;
use crate::event::Event;
use crate::instant::Millis;
use crate::phone::PhoneNumber;
use crate::transition::Transition;

/// A phone as an administrator sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnrolledPhone {
    /// The device.
    pub device: DeviceId,
    /// Its number, which shows masked.
    pub phone: PhoneNumber,
    /// Whether it can be used.
    pub status: AuthenticatorStatus,
    /// When it last completed a login or was confirmed; none for an unconfirmed one.
    pub last_used: Option<UtcDateTime>,
}

/// An account that holds nothing of its owner any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Erased {
    /// When the record may be deleted: every session of the account has expired, and every budget is full.
    pub delete_after: UtcDateTime,
}

impl Engine {
    /// The phones of an account for those who help its owner, unconfirmed ones too. It needs no session.
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
        let phones = account.state.phones_at(now);
        phones.map(|(device, phone, status, last_used)| EnrolledPhone {
            device,
            phone,
            status,
            last_used: last_used.map(Millis::to_utc),
        })
    }

    /// How many a budget has left, for those who help the owner.
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

    /// Removes every phone, enrollment, challenge and the recovery code, and revokes every session.
    ///
    /// Budgets and spent sessions stay. A server that is ahead by the [skew](crate::Policy::skew) may have
    /// issued sessions just now, so those issued until account time and the skew are revoked: for 60
    /// seconds by default, the user cannot sign in.
    ///
    /// # Errors
    ///
    /// [`Denied::ClockBehind`] as the outcome's result, without any change.
    ///
    /// # Security
    ///
    /// Change the password first where somebody else knows it.
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
        let mut change = match self.draft(account, now) {
            Ok(draft) => draft.change(),
            Err(denied) => return Transition::refused(denied),
        };
        self.remove_everything(&mut change);
        change.log(Event::AccountReset);
        change.grant(())
    }

    /// Removes everything that is about the owner, and says when the record may be deleted.
    ///
    /// What is left refuses every session that exists now. A record that is deleted before would let an
    /// older session enroll a phone on a fresh account, and would refill the budgets.
    ///
    /// The recipe: delete the user where passwords are checked, so that no session begins; erase; keep the
    /// record until [`Erased::delete_after`], for 24 hours and 2 minutes by default; then delete it, if its
    /// revision is still the one that was stored here.
    ///
    /// A session that you vouch for and that lives longer than the
    /// [longest session](crate::Policy::longest_session) can come alive after that: vouch for none, or keep
    /// the record until it has expired.
    ///
    /// # Errors
    ///
    /// [`Denied::ClockBehind`] as the outcome's result, without any change.
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
        let mut change = match self.draft(account, now) {
            Ok(draft) => draft.change(),
            Err(denied) => return Transition::refused(denied),
        };
        let revoked_until = self.remove_everything(&mut change);
        // They are revoked.
        change.spent.clear();
        change.log(Event::AccountErased);

        // A server that is behind by the skew accepts a session for that much longer.
        let last_session = revoked_until
            .after(self.policy.longest_session_millis())
            .after(self.policy.skew_millis());
        let budgets_full = Limit::ALL.map(|limit| change.budget(limit).full_at());
        let delete_after = budgets_full.into_iter().fold(last_session, Ord::max);
        change.grant(Erased {
            delete_after: delete_after.to_utc(),
        })
    }

    /// Says until when sessions are revoked then.
    fn remove_everything(&self, change: &mut Change<'_>) -> Millis {
        change.phones.clear();
        change.challenges.clear();
        change.recovery = None;
        let until = change.now().after(self.policy.skew_millis());
        // A policy of another skew may have revoked more.
        let until = change
            .revoked_until
            .every
            .map_or(until, |every| every.max(until));
        change.revoked_until.every = Some(until);
        until
    }

    /// Removes a phone as [`remove_authenticator`](Self::remove_authenticator) does.
    ///
    /// # Errors
    ///
    /// As the outcome's result, in this order and without any change: [`Denied::ClockBehind`],
    /// [`Denied::UnknownAuthenticator`].
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
        let judged = self.draft(account, now).and_then(|draft| {
            let phone = judge_removal(&draft, device)?;
            Ok((draft.change(), phone))
        });
        match judged {
            Ok((change, phone)) => remove(change, phone),
            Err(denied) => Transition::refused(denied),
        }
    }

    /// Adds a phone that another system has verified, for migration.
    ///
    /// It comes without a recovery code, and discards pending enrollments started with a first factor.
    ///
    /// # Errors
    ///
    /// As the outcome's result, in this order and without any change: [`Denied::ClockBehind`],
    /// [`Denied::ChannelUnavailable`], [`Denied::PhoneAlreadyEnrolled`], [`Denied::TooManyPhones`].
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
        let judged = self.draft(account, now).and_then(|draft| {
            if !self.policy.channels().contains(channel) {
                return Err(Denied::ChannelUnavailable);
            }
            check_room_for_phone(&draft, phone, &self.policy)?;
            Ok(draft.change())
        });
        let mut change = match judged {
            Ok(change) => change,
            Err(denied) => return Transition::refused(denied),
        };

        let device = DeviceId::draw(rng);
        let authenticator = AuthenticatorId::Phone(channel, device);
        let now = change.now();
        change.add_phone(device, phone, channel, now);
        change.log(Event::AuthenticatorAdded {
            authenticator,
            phone,
        });
        change.grant(authenticator)
    }

    /// Refills every budget: with [`rewind`](Self::rewind), the exception to the rule that nothing does.
    ///
    /// # Errors
    ///
    /// [`Denied::ClockBehind`] as the outcome's result, without any change.
    ///
    /// # Security
    ///
    /// It gives an attacker who knows the password a full budget of guesses. Find out first who spent
    /// the last one.
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
        let mut change = match self.draft(account, now) {
            Ok(draft) => draft.change(),
            Err(denied) => return Transition::refused(denied),
        };
        for limit in Limit::ALL {
            *change.budget_mut(limit) = Budget::default();
        }
        change.log(Event::BudgetsRestored);
        change.grant(())
    }

    /// Brings the time of an account back to `now`, after a server whose clock ran ahead changed it.
    ///
    /// The way out of [`Denied::ClockBehind`], in this order: stop the wrong clock; drop the keys that its
    /// tokens were sealed and signed with, because a token from that future would come alive later; rewind
    /// each account. A bulk run is idempotent: an account whose time is not ahead refuses.
    ///
    /// It drops every code and every spent session, and revokes all sessions issued until `now` and the
    /// [skew](crate::Policy::skew). Each budget is at least as full as an empty one at `now`.
    ///
    /// # Errors
    ///
    /// [`Denied::ClockNotAhead`] as the outcome's result, without any change, where the last change is not
    /// later than `now` and the skew.
    ///
    /// # Security
    ///
    /// `now` has to be right. With a clock that is behind, it refills budgets, as
    /// [`restore_budgets`](Self::restore_budgets) does.
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
        let ahead = now.after(self.policy.skew_millis());
        if account.state.as_of <= ahead {
            return Transition::refused(Denied::ClockNotAhead);
        }

        let mut change = Change::at(account, &self.policy, now);
        change.challenges.clear();
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
        change.log(Event::ClockRewound);
        change.grant(())
    }
}
