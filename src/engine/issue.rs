//! What associate and challenge share: one code, sent once, charged to the send budget.

use rand_core::CryptoRng;

use super::Engine;
use super::draft::{Change, Draft};
use super::guard::check_room_for_code;
use crate::account::challenge::{ChallengeId, Code, IssuedCode, PendingChallenge, Target};
use crate::authenticator::DeviceId;
use crate::budget::Limit;
use crate::channel::Channel;
use crate::code::{BindingCode, CallKeys, OobCode};
use crate::delivery::Delivery;
use crate::denied::Denied;
use crate::event::Event;
use crate::key::delivery_id;
use crate::phone::PhoneNumber;
use crate::session::MfaSession;

/// A code to be issued.
pub(super) struct Issue<'a> {
    pub(super) session: &'a MfaSession,
    pub(super) channel: Channel,
    pub(super) to: PhoneNumber,
    pub(super) target: Target,
}

/// Refuses a code where the send budget is empty, or where the record has no room for it.
///
/// `device` is the phone it goes to; none where that is not known to the account yet.
pub(super) fn check_issue(
    draft: &Draft<'_>,
    session: &MfaSession,
    device: Option<DeviceId>,
) -> Result<(), Denied> {
    draft
        .check_budget(Limit::Sends)
        .and_then(|()| check_room_for_code(draft, session, device))
        .map_err(|retry_at| Denied::TooManySends {
            retry_at: retry_at.to_utc(),
        })
}

impl Engine {
    /// Issues a code that [`check_issue`] has let pass.
    pub(super) fn issue(
        &self,
        change: &mut Change<'_>,
        issue: Issue<'_>,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> (OobCode, Delivery) {
        let Issue {
            session,
            channel,
            to,
            target,
        } = issue;
        let (tag, device) = (*session.tag(), target.device());
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        let code = BindingCode::draw(self.policy.code_digits(), rng);
        let keys = (channel == Channel::Voice).then(|| CallKeys::draw(rng));
        let issued_at = change.now();
        let expires_at = issued_at.after(self.policy.code_lifetime_millis());

        change.log(Event::CodeIssued {
            authenticator: target.authenticator(channel),
            phone: to,
        });
        change
            .challenges
            .retain(|pending| !pending.is_superseded_by(&tag, device));
        change.add_challenge(PendingChallenge {
            id: ChallengeId(id),
            session: tag,
            issued_at,
            code: Code::Issued(IssuedCode {
                digest: self.keys.code_digest(&id, &tag, &code),
                expires_at,
                attempts: 0,
                channel,
                target,
            }),
        });
        change.charge(Limit::Sends);

        let delivery = Delivery {
            channel,
            to,
            code,
            keys,
            expires_at: expires_at.to_utc(),
            id: delivery_id(&id),
        };
        (OobCode::of(id), delivery)
    }
}
