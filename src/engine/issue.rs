//! What associate and challenge share: one code, sent once, charged to the send budget.

use rand_core::CryptoRng;

use super::Engine;
use super::draft::{Change, Draft};
use crate::account::MAX_CHALLENGES;
use crate::account::challenge::{ChallengeId, Code, CodeTarget, IssuedCode, PendingChallenge};
use crate::authenticator::DeviceId;
use crate::budget::Limit;
use crate::channel::Channel;
use crate::code::{BindingCode, CallKeys, OobCode};
use crate::delivery::{Delivery, Target};
use crate::denied::Denied;
use crate::event::Event;
use crate::phone::PhoneNumber;
use crate::session::MfaSession;

/// Refuses to issue a code if the send budget is empty, or if the record has no room for the code.
///
/// Expired codes do not count. Neither do codes that this one supersedes (rule 12). `device` is `None`
/// if the account does not know the phone yet.
pub(super) fn check_issue(
    draft: &Draft<'_>,
    session: &MfaSession,
    device: Option<DeviceId>,
) -> Result<(), Denied> {
    draft.check_budget(Limit::Sends)?;
    let is_superseded = |pending: &PendingChallenge| {
        device.is_some_and(|device| pending.is_superseded_by(session.tag(), device))
    };
    let lasting = draft
        .challenges
        .iter()
        .filter(|pending| !is_superseded(pending));
    let expiries = lasting.filter_map(|pending| Some(pending.code.issued()?.expires_at));
    if expiries.clone().count() < MAX_CHALLENGES {
        return Ok(());
    }
    let retry_at = expiries.min().unwrap_or(session.expires()).to_utc();
    Err(Denied::TooManySends { retry_at })
}

impl Engine {
    /// Issues a code, after [`check_issue`].
    pub(super) fn issue(
        &self,
        change: &mut Change<'_>,
        session: &MfaSession,
        channel: Channel,
        to: PhoneNumber,
        target: CodeTarget,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> (OobCode, Delivery) {
        let (tag, device) = (*session.tag(), target.device());
        let mut id = [0; 16];
        rng.fill_bytes(&mut id);
        let delivery = ChallengeId(id).delivery();
        let code = BindingCode::draw(self.policy.code_digits(), rng);
        let keys = (channel == Channel::Voice).then(|| CallKeys::draw(rng));
        let issued_at = change.now();
        let expires_at = issued_at.after(self.policy.code_lifetime);

        change.log(Event::CodeIssued {
            authenticator: target.authenticator(channel),
            phone: to,
            delivery,
        });
        change.drop_codes(|pending| pending.is_superseded_by(&tag, device));
        change.add_challenge(PendingChallenge {
            id: ChallengeId(id),
            session: tag,
            issued_at,
            code: Code::Issued(IssuedCode {
                digest: self.keys.current().code_digest(&id, &tag, &code),
                expires_at,
                attempts: 0,
                channel,
                target,
            }),
        });
        change.charge(Limit::Sends);
        change.send_to(Target { phone: to, channel });

        let delivery = Delivery {
            channel,
            to,
            code,
            keys,
            expires_at: expires_at.to_utc(),
            id: delivery,
        };
        (OobCode::of(id), delivery)
    }
}
