//! The account that an operation works on, at account time: first checked, then changed.

use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

use time::UtcDateTime;

use super::Engine;
use super::guard::{check_session, check_subject};
use crate::account::challenge::PendingChallenge;
use crate::account::{Account, MAX_REVISION, Phone, PhoneStatus, SpentSession, State};
use crate::authenticator::{AuthenticatorId, DeviceId};
use crate::budget::Limit;
use crate::channel::Channel;
use crate::delivery::{DeliveryId, Target};
use crate::denied::Denied;
use crate::event::Event;
use crate::instant::Millis;
use crate::phone::PhoneNumber;
use crate::policy::Policy;
use crate::session::MfaSession;
use crate::transition::Transition;

/// An account at account time, without the codes and spent sessions that have expired. It cannot change,
/// and dropping it writes nothing.
pub(super) struct Draft<'a> {
    account: Account,
    policy: &'a Policy,
    now: Millis,
}

/// An account during its change, and the events of that change.
///
/// Only [`Draft::change`] makes one, after every check. [`grant`](Self::grant) and
/// [`reject`](Self::reject) end it.
pub(super) struct Change<'a> {
    draft: Draft<'a>,
    events: Vec<Event>,
    target: Option<Target>,
}

impl Engine {
    /// The draft of an administrator's operation, which needs no session.
    pub(super) fn draft(&self, account: Account, now: UtcDateTime) -> Result<Draft<'_>, Denied> {
        let clock = Millis::at(now);
        if account.state.as_of > clock.after(self.policy.skew) {
            return Err(Denied::ClockBehind);
        }
        let now = account_time(&account.state, clock);
        Ok(self.draft_at(account, now))
    }

    /// The draft of an operation with a session. Checks subject, clock and session, in this order.
    pub(super) fn draft_for(
        &self,
        account: Account,
        session: &MfaSession,
        now: UtcDateTime,
    ) -> Result<Draft<'_>, Denied> {
        check_subject(&account, session)?;
        let draft = self.draft(account, now)?;
        check_session(&draft, session, &self.policy, draft.now)?;
        Ok(draft)
    }

    /// The draft at `now`, without a check of the clock. Only [`draft`](Self::draft) and a rewind call it.
    pub(super) fn draft_at(&self, mut account: Account, now: Millis) -> Draft<'_> {
        account.state.settle(now);
        Draft {
            account,
            policy: &self.policy,
            now,
        }
    }
}

/// Account time: the later of the clock and the account's last change (rule 13).
pub(super) fn account_time(state: &State, clock: Millis) -> Millis {
    clock.max(state.as_of)
}

impl<'a> Draft<'a> {
    /// Account time.
    pub(super) const fn now(&self) -> Millis {
        self.now
    }

    /// Refuses an empty budget (rules 4 to 6).
    pub(super) fn check_budget(&self, limit: Limit) -> Result<(), Denied> {
        let rate = self.policy.rate(limit);
        let checked = self.budget(limit).check(rate, self.now);
        checked.map_err(|retry_at| {
            let retry_at = retry_at.to_utc();
            match limit {
                Limit::Sends => Denied::TooManySends { retry_at },
                Limit::BindingFailures | Limit::RecoveryFailures => {
                    Denied::TooManyFailures { retry_at }
                }
            }
        })
    }

    /// Begins the change, after every check.
    pub(super) fn change(self) -> Change<'a> {
        Change {
            draft: self,
            // Reserves in one call what the first push would reserve.
            events: Vec::with_capacity(4),
            target: None,
        }
    }
}

impl Change<'_> {
    /// Account time.
    pub(super) const fn now(&self) -> Millis {
        self.draft.now
    }

    /// Adds an event.
    pub(super) fn log(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Sets the target of the message of this change.
    pub(super) const fn send_to(&mut self, target: Target) {
        self.target = Some(target);
    }

    /// Drops challenges, and logs each unused code.
    pub(super) fn drop_codes(&mut self, is_dropped: impl Fn(&PendingChallenge) -> bool) {
        let Self { draft, events, .. } = self;
        draft.account.state.challenges.retain(|pending| {
            let dropped = is_dropped(pending);
            if dropped {
                events.extend(code_dropped(pending));
            }
            !dropped
        });
    }

    /// Drops the challenges of a phone.
    pub(super) fn drop_codes_to(&mut self, device: DeviceId) {
        self.drop_codes(|pending| pending.targets(device));
    }

    /// Adds a phone that guards the account from now on.
    ///
    /// It discards pending enrollments started with a first factor.
    pub(super) fn add_phone(
        &mut self,
        device: DeviceId,
        phone: PhoneNumber,
        channel: Channel,
        delivery: Option<DeliveryId>,
    ) {
        self.log(Event::AuthenticatorAdded {
            authenticator: AuthenticatorId::Phone(channel, device),
            phone,
            delivery,
        });
        let now = self.now();
        let Self { draft, events, .. } = self;
        let state = &mut *draft.account.state;
        for pending in &mut state.challenges {
            if pending.is_unguarded() {
                events.extend(code_dropped(pending));
                pending.discard();
            }
        }
        state.phones.push(Phone {
            device,
            number: phone,
            status: PhoneStatus::Active,
            last_used: now,
            last_channel: channel,
            failures: 0,
        });
    }

    /// Completes the login of a first-factor session: it is spent (rule 2), and its challenges are
    /// dropped.
    pub(super) fn complete_login(
        &mut self,
        session: &MfaSession,
        authenticator: AuthenticatorId,
        delivery: Option<DeliveryId>,
    ) {
        self.log(Event::Authenticated {
            authenticator,
            delivery,
        });
        self.drop_codes(|pending| pending.session == *session.tag());
        self.spent.push(SpentSession {
            session: *session.tag(),
            expires_at: session.expires(),
        });
    }

    /// Charges a budget that was checked, and adds an event if it is then empty.
    pub(super) fn charge(&mut self, limit: Limit) {
        let (rate, now) = (self.draft.policy.rate(limit), self.now());
        let budget = self.budget_mut(limit);
        budget.charge(rate, now);
        if let Err(retry_at) = budget.check(rate, now) {
            let retry_at = retry_at.to_utc();
            self.log(Event::LimitReached { limit, retry_at });
        }
    }

    /// Ends the change and grants the request.
    pub(super) fn grant<T>(self, granted: T) -> Transition<T> {
        self.end(Ok(granted))
    }

    /// Ends the change and rejects a wrong code that was charged (rule 3).
    pub(super) fn reject<T>(self, denied: Denied) -> Transition<T> {
        self.end(Err(denied))
    }

    /// Only this function increments the revision and advances the time of an account.
    fn end<T>(self, result: Result<T, Denied>) -> Transition<T> {
        let Draft {
            mut account, now, ..
        } = self.draft;
        let revision = account.state.revision.saturating_add(1);
        account.state.revision = revision.min(MAX_REVISION);
        account.state.as_of = now;
        Transition::changed(account, self.events, self.target, result)
    }
}

/// The event of a dropped code; none if it has expired or was discarded before.
fn code_dropped(pending: &PendingChallenge) -> Option<Event> {
    let code = pending.code.issued()?;
    Some(Event::CodeDropped {
        authenticator: code.authenticator(),
        delivery: pending.id.delivery(),
    })
}

impl Deref for Draft<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.account.state
    }
}

impl Deref for Change<'_> {
    type Target = State;

    fn deref(&self) -> &State {
        &self.draft.account.state
    }
}

impl DerefMut for Change<'_> {
    fn deref_mut(&mut self) -> &mut State {
        &mut self.draft.account.state
    }
}
