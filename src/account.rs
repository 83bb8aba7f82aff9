//! The account: all the state of one user, and what keeps it consistent.

mod time;

use serde::{Deserialize, Serialize};

use crate::authenticator::{
    AuthenticatorEntry, AuthenticatorId, AuthenticatorStatus, Channel, Channels, DeviceId,
};
use crate::budget::Budget;
use crate::challenge::{ChallengeId, PendingChallenge};
use crate::denied::Denied;
use crate::few::Few;
use crate::instant::Millis;
use crate::key::{Digest, SessionTag};
use crate::phone::PhoneNumber;
use crate::policy::Policy;
use crate::session::{Assurance, MfaSession};
use crate::subject::Subject;

/// Most pending challenges, expired ones included. The budget of sends stays below it; only an
/// administrator who refills that, or a policy of more sends, can reach it.
pub(crate) const MOST_CHALLENGES: usize = 16;
/// Most completed sessions that are remembered until they would have expired.
pub(crate) const MOST_SPENT: usize = 16;

/// All the state of one user: phones, pending challenges, recovery code, budgets, spent sessions.
///
/// One small record in any store that can write conditionally; see
/// [`Transition`](crate::Transition). It is changed by the [`Engine`](crate::Engine) alone, which
/// takes it by reference and returns the next one.
///
/// # Stored form
///
/// Through serde: text for codes and ids in formats for people (JSON), bytes in binary ones
/// (postcard). Every record is checked when it is loaded, and the error names the invariant that is
/// broken. The record holds no binding code, no recovery code, no token and no key; an `oob_code` is
/// in it as the id of its challenge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    pub(crate) subject: Subject,
    /// Nought for an account that was never stored.
    pub(crate) revision: u64,
    pub(crate) budgets: Budgets,
    pub(crate) valid_from: ValidFrom,
    /// The latest expiry among the spent sessions that were forgotten.
    pub(crate) pruned_through: Millis,
    /// Set while the two above lie further ahead than a session can reach: see [`Self::clamped`].
    pub(crate) doubted_until: Option<Millis>,
    pub(crate) phones: Few<Phone>,
    pub(crate) recovery: Option<Recovery>,
    pub(crate) challenges: Few<PendingChallenge>,
    pub(crate) spent: Few<SpentSession>,
}

/// The three budgets of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Budgets {
    pub(crate) sends: Budget,
    pub(crate) binding_failures: Budget,
    pub(crate) recovery_failures: Budget,
}

/// Sessions issued before are refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ValidFrom {
    pub(crate) first_factor: Millis,
    pub(crate) every: Millis,
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

/// A recovery code as it is stored; the id of its entry is its salt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recovery {
    pub(crate) device: DeviceId,
    pub(crate) digest: Digest,
    /// Wrong codes since it was made.
    pub(crate) failures: u32,
}

/// A session that has completed its login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SpentSession {
    pub(crate) session: SessionTag,
    pub(crate) expires_at: Millis,
}

impl Phone {
    /// A phone that guards the account from now on.
    pub(crate) const fn confirmed(
        device: DeviceId,
        number: PhoneNumber,
        channel: Channel,
        now: Millis,
    ) -> Self {
        Self {
            device,
            number,
            status: PhoneStatus::Active,
            last_used: now,
            last_channel: channel,
            failures: 0,
        }
    }
}

/// Which factors an account can be challenged for, for `mfa_requirements`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Requirements {
    /// Nothing is enrolled: a phone has to be associated first.
    Enroll,
    /// A second factor guards the account.
    Challenge {
        /// Whether an active phone can be challenged.
        phone: bool,
        /// Whether there is a recovery code.
        recovery_code: bool,
    },
}

impl Account {
    /// The account of a user of whom the store has no record.
    ///
    /// It has none before the engine has changed it: serializing it is an error.
    ///
    /// # Security
    ///
    /// Only where the store is sure: a fresh account has full budgets.
    #[must_use]
    pub fn new(subject: Subject) -> Self {
        Self {
            subject,
            revision: 0,
            budgets: Budgets::default(),
            valid_from: ValidFrom::default(),
            pruned_through: Millis::EPOCH,
            doubted_until: None,
            phones: Few::None,
            recovery: None,
            challenges: Few::None,
            spent: Few::None,
        }
    }

    /// The user.
    #[must_use]
    pub const fn subject(&self) -> &Subject {
        &self.subject
    }

    /// The revision of this state: 0 if it was never stored, one more with every change.
    ///
    /// Up to 2⁵³ − 1, which a signed column of 64 bits and a JSON number hold.
    #[must_use]
    pub const fn revision(&self) -> u64 {
        self.revision
    }

    /// The stored revision that this account takes the place of; none where there is to be no record.
    #[doc(alias = "compare_and_swap")]
    #[doc(alias = "optimistic_locking")]
    #[must_use]
    pub const fn replaces(&self) -> Option<u64> {
        match self.revision {
            0 | 1 => None,
            revision => Some(revision.saturating_sub(1)),
        }
    }

    /// Whether a second factor guards the account: any phone, active or disabled.
    ///
    /// # Security
    ///
    /// Nothing is written by who asks this, so that no conflict shows that the record was stale. Whoever
    /// lets a user in without a second factor has to read where the writes go, not a replica or a cache.
    #[must_use]
    pub fn is_enrolled(&self) -> bool {
        !self.phones.is_empty()
    }

    /// What a login has to ask for.
    #[must_use]
    pub fn requirements(&self) -> Requirements {
        if !self.is_enrolled() {
            return Requirements::Enroll;
        }
        Requirements::Challenge {
            phone: self.active_phones().next().is_some(),
            recovery_code: self.recovery.is_some(),
        }
    }

    /// The entries of the list: recovery code, then phones, each confirmed before unconfirmed.
    pub(crate) fn entries(
        &self,
        channels: Channels,
        now: Millis,
    ) -> impl Iterator<Item = AuthenticatorEntry> {
        let unconfirmed = move || {
            self.challenges
                .iter()
                .filter(move |challenge| challenge.live_at(now).is_some())
                .filter_map(PendingChallenge::enrollment)
        };
        let recovery_codes = self
            .recovery
            .iter()
            .map(|recovery| (recovery.device, AuthenticatorStatus::Active))
            .chain(unconfirmed().filter_map(|enrollment| {
                let recovery = enrollment.recovery.as_ref()?;
                Some((recovery.device, AuthenticatorStatus::Unconfirmed))
            }))
            .map(|(device, status)| AuthenticatorEntry {
                id: AuthenticatorId::RecoveryCode(device),
                status,
                phone: None,
            });
        let phones = self
            .phones
            .iter()
            .map(|phone| {
                let status = match phone.status {
                    PhoneStatus::Active => AuthenticatorStatus::Active,
                    PhoneStatus::Disabled => AuthenticatorStatus::Disabled,
                };
                (phone.device, phone.number, status)
            })
            .chain(unconfirmed().map(|enrollment| {
                (
                    enrollment.device,
                    enrollment.number,
                    AuthenticatorStatus::Unconfirmed,
                )
            }))
            .flat_map(move |(device, number, status)| {
                channels.iter().map(move |channel| AuthenticatorEntry {
                    id: AuthenticatorId::Phone(channel, device),
                    status,
                    phone: Some(number),
                })
            });
        recovery_codes.chain(phones)
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

    /// Refuses a number that is confirmed on this account, and one phone more than the policy's most.
    pub(crate) fn check_room_for(
        &self,
        number: PhoneNumber,
        policy: &Policy,
    ) -> Result<(), Denied> {
        if self.phones.iter().any(|phone| phone.number == number) {
            return Err(Denied::PhoneAlreadyEnrolled);
        }
        if self.phones.len() >= policy.max_phones() {
            return Err(Denied::TooManyPhones);
        }
        Ok(())
    }

    /// Refuses a session that expired, was spent, or was issued before a reset.
    pub(crate) fn check_session(
        &self,
        session: &MfaSession,
        policy: &Policy,
        now: Millis,
    ) -> Result<(), Denied> {
        let is_first_factor = session.assurance() == Assurance::FirstFactor;
        if session.expires() <= now || (is_first_factor && session.expires() <= self.pruned_through)
        {
            return Err(Denied::TokenExpired);
        }
        if session.expires() > now.after(policy.longest_session_millis()) {
            return Err(Denied::SessionTooLong);
        }
        let ValidFrom {
            first_factor,
            every,
        } = self.valid_from;
        let valid_from = if is_first_factor {
            first_factor.max(every)
        } else {
            every
        };
        if session.issued() < valid_from {
            return Err(Denied::SessionRevoked);
        }
        if is_first_factor
            && self
                .spent
                .iter()
                .any(|spent| spent.session == *session.tag())
        {
            return Err(Denied::SessionSpent);
        }
        Ok(())
    }

    /// Refuses a login of which the record could not remember that it was completed.
    pub(crate) fn check_room_for_spent(
        &self,
        session: &MfaSession,
        now: Millis,
    ) -> Result<(), Denied> {
        let lasting = || {
            self.spent
                .iter()
                .map(|spent| spent.expires_at)
                .filter(|at| *at > now)
        };
        if session.assurance() == Assurance::Mfa || lasting().count() < MOST_SPENT {
            return Ok(());
        }
        let retry_at = lasting()
            .chain(self.doubted_until)
            .min()
            .unwrap_or(now)
            .to_utc();
        Err(Denied::TooManySessions { retry_at })
    }

    /// The moment at which a further challenge has room, where that is not now.
    ///
    /// Expired ones make room; `superseded` is about to.
    pub(crate) fn check_room_for_challenge(
        &self,
        superseded: impl Fn(&PendingChallenge) -> bool,
        now: Millis,
    ) -> Result<(), Millis> {
        let lasting = || {
            self.challenges
                .iter()
                .filter(|pending| pending.is_kept_at(now) && !superseded(pending))
                .filter_map(|pending| pending.code.issued())
                .map(|code| code.expires_at)
                .filter(|expires_at| *expires_at > now)
        };
        if lasting().count() < MOST_CHALLENGES {
            return Ok(());
        }
        Err(lasting().min().unwrap_or(now))
    }

    /// Adds a challenge in the place of those it supersedes; the oldest that has no code any more makes room.
    pub(crate) fn issue(
        &mut self,
        challenge: PendingChallenge,
        superseded: impl Fn(&PendingChallenge) -> bool,
    ) {
        self.challenges.retain(|pending| !superseded(pending));
        if self.challenges.len() >= MOST_CHALLENGES
            && let Some(oldest) = self
                .challenges
                .iter()
                .filter(|pending| pending.code.issued().is_none())
                // One that expired before one that came second: of two alike, the older.
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

    pub(crate) fn drop_challenges_to(&mut self, device: DeviceId) {
        self.challenges.retain(|pending| !pending.targets(device));
    }

    /// Remembers that a session of a first factor has completed its login, and drops what it asked for.
    pub(crate) fn spend(&mut self, session: &MfaSession) {
        if session.assurance() == Assurance::FirstFactor {
            self.challenges
                .retain(|pending| pending.session != *session.tag());
            self.spent.push(SpentSession {
                session: *session.tag(),
                expires_at: session.expires(),
            });
        }
    }
}
