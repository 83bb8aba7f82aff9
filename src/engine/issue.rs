//! What associate and challenge share: one code, sent once, charged to the send budget.

use rand_core::CryptoRng;

use super::{Engine, charge};
use crate::account::Account;
use crate::authenticator::Channel;
use crate::challenge::{ChallengeId, Code, IssuedCode, PendingChallenge, Target};
use crate::code::{BindingCode, OobCode};
use crate::denied::Denied;
use crate::instant::Millis;
use crate::key::delivery_id;
use crate::phone::PhoneNumber;
use crate::session::MfaSession;
use crate::transition::{Delivery, Event, Events, Limit};

/// A code to be issued.
pub(super) struct Issue<'a> {
    pub(super) session: &'a MfaSession,
    pub(super) channel: Channel,
    pub(super) to: PhoneNumber,
    pub(super) target: Target,
}

impl Engine {
    /// Refuses a code where the send budget is empty or the record has no room for it.
    pub(super) fn check_issue(
        &self,
        account: &Account,
        superseded: impl Fn(&PendingChallenge) -> bool,
        now: Millis,
    ) -> Result<(), Denied> {
        account
            .budgets
            .sends
            .check(self.policy.sends(), now)
            .and_then(|()| account.check_room_for_challenge(superseded, now))
            .map_err(|retry_at| Denied::TooManySends {
                retry_at: retry_at.to_utc(),
            })
    }

    /// Issues a code on an account that [`check_issue`](Self::check_issue) has passed.
    pub(super) fn issue(
        &self,
        account: &mut Account,
        events: &mut Events,
        issue: Issue<'_>,
        superseded: impl Fn(&PendingChallenge) -> bool,
        now: Millis,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> (OobCode, Delivery) {
        let Issue {
            session,
            channel,
            to,
            target,
        } = issue;
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        let code = BindingCode::draw(self.policy.code_digits(), rng);
        let expires_at = now.after(self.policy.code_lifetime_millis());
        let issued = IssuedCode {
            digest: self.keys.code_digest(&id, session.tag(), &code),
            expires_at,
            attempts: 0,
            channel,
            target,
        };
        events.push(Event::CodeIssued {
            authenticator: issued.target.authenticator(channel),
            phone: to,
        });
        let pending = PendingChallenge {
            id: ChallengeId(id),
            session: *session.tag(),
            issued_at: now,
            code: Code::Issued(issued),
        };
        account.issue(pending, superseded);
        charge(
            &mut account.budgets.sends,
            (Limit::Sends, self.policy.sends()),
            now,
            events,
        );
        let delivery = Delivery::new(delivery_id(&id), channel, to, code, expires_at.to_utc());
        (OobCode::of(id), delivery)
    }
}
