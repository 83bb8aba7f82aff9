//! The account: all the state of one user, and what keeps it consistent.

pub(crate) mod challenge;
mod record;

use alloc::boxed::Box;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};
use time::UtcDateTime;

use self::challenge::{ChallengeId, PendingChallenge};
use crate::authenticator::{
    AuthenticatorEntry, AuthenticatorId, AuthenticatorStatus, DeviceId, EnrolledPhone,
};
use crate::budget::{Budget, Limit};
use crate::channel::Channel;
use crate::instant::Millis;
use crate::key::SessionTag;
use crate::phone::PhoneNumber;
use crate::policy::{Policy, RecoveryCodes};
use crate::recovery::Recovery;
use crate::subject::Subject;

/// Most pending challenges, expired ones included (rule 12). The send budget keeps an account below it,
/// unless an administrator refills that budget or the policy allows more sends.
pub(crate) const MAX_CHALLENGES: usize = 16;
/// Most spent sessions that a record remembers until they expire (rules 2 and 12).
pub(crate) const MAX_SPENT: usize = 16;
/// The largest revision, which a JSON number holds exactly.
pub(crate) const MAX_REVISION: u64 = (1 << 53) - 1;

/// All the state of one user: phones, pending challenges, recovery code, budgets, spent sessions.
///
/// It is one small record, for any store with a conditional write; see
/// [`Transition`](crate::Transition). Only the [`Engine`](crate::Engine) changes it: an operation
/// consumes the loaded account and returns the next one.
///
/// # Stored form
///
/// serde writes ids and digests as text in human-readable formats (JSON), as bytes in binary ones
/// (postcard). The record holds no binding code, recovery code, token or key, but it does hold the bytes
/// of each `oob_code` ([rule 14](crate::rules#14-secrets)).
///
/// Loading refuses a record that breaks one of these invariants, and the error names it
/// ([rule 17](crate::rules#17-hostile-input)):
///
/// * The version is 1, and the revision is 1 to 2⁵³ − 1.
/// * There are at most 10 phones, 16 challenges and 16 spent sessions.
/// * No 2 phones have the same id or number, no 2 challenges the same id, and no session is spent twice.
/// * No time is later than the last change allows.
/// * A live code expires within 10 minutes after its issue. It belongs to an active phone, or to a phone that
///   is not on the account yet.
/// * A session has at most 1 live code per phone, and an enrollment 1 of any session.
/// * A spent session has no challenge.
/// * A first factor's pending enrollment excludes every confirmed phone.
/// * A recovery code needs a phone, and excludes the recovery codes of pending enrollments.
///
/// Counts of failures are not compared with a policy, because a policy can change. The check cannot know
/// who wrote the record.
// Boxed: an account moves about 8 times between load and save.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub(crate) state: Box<State>,
}

/// The order of the fields is the binary form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct State {
    pub(crate) subject: Subject,
    /// 0 for an account that was never stored.
    pub(crate) revision: u64,
    /// The time of the last change. It never runs backwards, except by a rewind (rule 13).
    pub(crate) as_of: Millis,
    budgets: Budgets,
    pub(crate) revoked_until: RevokedUntil,
    pub(crate) phones: Vec<Phone>,
    pub(crate) recovery: Option<Recovery>,
    pub(crate) challenges: Vec<PendingChallenge>,
    pub(crate) spent: Vec<SpentSession>,
}

/// The budgets of an account. Rule 7: only a charge, `restore_budgets` and `rewind` write them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Budgets {
    sends: Budget,
    binding_failures: Budget,
    recovery_failures: Budget,
}

/// Sessions that were issued at this time or before are refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokedUntil {
    pub(crate) first_factor: Option<Millis>,
    pub(crate) every: Option<Millis>,
}

/// A confirmed phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Phone {
    pub(crate) device: DeviceId,
    pub(crate) number: PhoneNumber,
    pub(crate) status: PhoneStatus,
    pub(crate) last_used: Millis,
    pub(crate) last_channel: Channel,
    /// Wrong codes since the last right one.
    pub(crate) failures: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum PhoneStatus {
    Active,
    Disabled,
}

/// A session that has completed its login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpentSession {
    pub(crate) session: SessionTag,
    pub(crate) expires_at: Millis,
}

impl Account {
    /// The account of a user without a record in the store.
    ///
    /// Serializing it is an error until the engine has changed it.
    ///
    /// # Security
    ///
    /// Call it only if the store is certain that it has no record: a new account has full budgets.
    #[must_use]
    pub fn new(subject: Subject) -> Self {
        Self {
            state: Box::new(State {
                subject,
                revision: 0,
                as_of: Millis::EPOCH,
                budgets: Budgets::default(),
                revoked_until: RevokedUntil::default(),
                phones: Vec::new(),
                recovery: None,
                challenges: Vec::new(),
                spent: Vec::new(),
            }),
        }
    }

    /// The user.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.state.subject
    }

    /// The revision of this state: 0 if it was never stored, then 1 more with every change.
    ///
    /// Up to 2⁵³ − 1, which a signed column of 64 bits and a JSON number hold.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.state.revision
    }

    /// The stored revision that this account replaces; `None` if no record may exist.
    #[doc(alias = "compare_and_swap")]
    #[doc(alias = "optimistic_locking")]
    #[must_use]
    pub const fn replaces(&self) -> Option<u64> {
        match self.state.revision {
            0 | 1 => None,
            revision => Some(revision.saturating_sub(1)),
        }
    }

    /// The time of the last change; `None` for an account that was never stored.
    ///
    /// It is later than the clock if a server whose clock ran ahead has changed the account: see
    /// [`Engine::rewind`](crate::Engine::rewind).
    ///
    /// # Examples
    ///
    /// ```
    /// # let mut world = oob_mfa_testing::World::new();
    /// assert_eq!(world.account().last_change(), None);
    /// world.enroll("+14155558730");
    /// assert_eq!(world.account().last_change(), Some(world.now()));
    /// ```
    #[must_use]
    pub fn last_change(&self) -> Option<UtcDateTime> {
        (self.state.revision > 0).then(|| self.state.as_of.to_utc())
    }

    /// Whether a second factor guards the account: any phone, active or disabled.
    ///
    /// # Security
    ///
    /// This writes nothing, so a stale record causes no conflict. Before you let a user in without a
    /// second factor, read the primary store, not a replica or a cache.
    #[must_use]
    pub fn is_enrolled(&self) -> bool {
        self.state.is_enrolled()
    }
}

impl State {
    pub(crate) fn is_enrolled(&self) -> bool {
        !self.phones.is_empty()
    }

    pub(crate) const fn budget(&self, limit: Limit) -> Budget {
        match limit {
            Limit::Sends => self.budgets.sends,
            Limit::BindingFailures => self.budgets.binding_failures,
            Limit::RecoveryFailures => self.budgets.recovery_failures,
        }
    }

    pub(crate) const fn budget_mut(&mut self, limit: Limit) -> &mut Budget {
        match limit {
            Limit::Sends => &mut self.budgets.sends,
            Limit::BindingFailures => &mut self.budgets.binding_failures,
            Limit::RecoveryFailures => &mut self.budgets.recovery_failures,
        }
    }

    /// Drops everything that has expired (rule 10).
    pub(crate) fn settle(&mut self, now: Millis) {
        self.challenges.retain_mut(|pending| pending.settle(now));
        self.spent.retain(|spent| spent.expires_at > now);
    }

    pub(crate) fn active_phones(&self) -> impl Iterator<Item = &Phone> {
        self.phones
            .iter()
            .filter(|phone| phone.status == PhoneStatus::Active)
    }

    pub(crate) fn active_phone(&self, device: DeviceId) -> Option<&Phone> {
        self.active_phones().find(|phone| phone.device == device)
    }

    pub(crate) fn phone_mut(&mut self, device: DeviceId) -> Option<&mut Phone> {
        self.phones.iter_mut().find(|phone| phone.device == device)
    }

    /// Every phone, confirmed before unconfirmed.
    pub(crate) fn phones_at(&self, now: Millis) -> impl Iterator<Item = EnrolledPhone> {
        let confirmed = self.phones.iter().map(|phone| EnrolledPhone {
            device: phone.device,
            phone: phone.number,
            status: match phone.status {
                PhoneStatus::Active => AuthenticatorStatus::Active,
                PhoneStatus::Disabled => AuthenticatorStatus::Disabled,
            },
            last_used: Some(phone.last_used.to_utc()),
        });
        let pending = self.challenges.iter();
        let unconfirmed = pending.filter_map(move |pending| pending.enrollment_at(now));
        confirmed.chain(unconfirmed.map(|enrollment| EnrolledPhone {
            device: enrollment.device,
            phone: enrollment.number,
            status: AuthenticatorStatus::Unconfirmed,
            last_used: None,
        }))
    }

    /// The entries of the list: recovery code, then phones, each confirmed before unconfirmed.
    pub(crate) fn entries_at(
        &self,
        now: Millis,
        policy: &Policy,
    ) -> impl Iterator<Item = AuthenticatorEntry> + use<'_> {
        let (channels, recovery_codes) = (policy.channels(), policy.recovery_codes());
        let confirmed = self.recovery.iter();
        let pending = self.challenges.iter();
        let unconfirmed =
            pending.filter_map(move |pending| pending.enrollment_at(now)?.recovery.as_ref());
        let entries = confirmed
            .map(|recovery| (recovery, AuthenticatorStatus::Active))
            .chain(unconfirmed.map(|recovery| (recovery, AuthenticatorStatus::Unconfirmed)))
            .filter(move |_| recovery_codes == RecoveryCodes::Issued)
            .map(|(recovery, status)| AuthenticatorEntry {
                id: AuthenticatorId::RecoveryCode(recovery.device),
                status,
                phone: None,
            });
        let phones = self.phones_at(now).flat_map(move |phone| {
            channels.iter().map(move |channel| AuthenticatorEntry {
                id: AuthenticatorId::Phone(channel, phone.device),
                status: phone.status,
                phone: Some(phone.phone),
            })
        });
        entries.chain(phones)
    }

    /// Adds a challenge. If there is no room, drops the oldest that has no code left.
    pub(crate) fn add_challenge(&mut self, challenge: PendingChallenge) {
        if self.challenges.len() >= MAX_CHALLENGES
            && let Some(oldest) = self
                .challenges
                .iter()
                .filter(|pending| pending.code.issued().is_none())
                // An expired code has no expiry, which sorts first. Of equals, the older one goes.
                .min_by_key(|pending| pending.code.expires_at())
                .map(|pending| pending.id)
        {
            self.drop_challenge(oldest);
        }
        self.challenges.push(challenge);
    }

    pub(crate) fn challenge_mut(&mut self, id: ChallengeId) -> Option<&mut PendingChallenge> {
        self.challenges.iter_mut().find(|pending| pending.id == id)
    }

    pub(crate) fn drop_challenge(&mut self, id: ChallengeId) {
        self.challenges.retain(|pending| pending.id != id);
    }

    /// Sets the account's recovery code, and drops those of pending enrollments.
    pub(crate) fn set_recovery_code(&mut self, recovery: Recovery) {
        self.recovery = Some(recovery);
        for pending in &mut self.challenges {
            pending.drop_recovery_code();
        }
    }
}
