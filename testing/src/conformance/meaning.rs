//! The consequence of a lost write for the account's owner: the rule that it breaks.

use oob_mfa::Denied;

use super::history::History;
use super::saving::Saving;
use crate::reply::Answer;
use crate::rule::Rule;

impl History {
    /// The consequence if two writes were reported and only one is stored.
    pub(super) fn lost(&self, one: &Saving, two: &Saving) -> (Option<Rule>, String) {
        let told = |saving: &Saving| Some(saving.told.as_ref()?.observation.reply.answer.clone());
        let granted = |saving: &Saving| matches!(told(saving), Some(Answer::Verified { .. }));
        let code = |saving: &Saving| saving.told.as_ref().and_then(|told| told.presented);
        if granted(one) && granted(two) && code(one) == code(two) {
            return (Some(Rule::Once), "one code was granted twice".into());
        }
        let left = |limit: usize| Some(usize::try_from(self.left?[limit]).expect("a burst"));
        for (denied, left) in [
            (Denied::InvalidBindingCode, left(1)),
            (Denied::InvalidRecoveryCode, left(2)),
        ] {
            let wrong = |saving: &&Saving| told(saving) == Some(Answer::Denied(denied));
            let judged = self.savings.iter().filter(wrong).count();
            if let Some(left) = left
                && judged > left
            {
                let found = format!("{judged} wrong codes were judged, and the budget had {left}");
                return (Some(Rule::FailureLimit), found);
            }
            if wrong(&one) || wrong(&two) {
                let found = "a wrong code was reported, but its charge is lost".into();
                return (Some(Rule::ChargeBeforeReveal), found);
            }
        }
        let is_sent = |saving: &&Saving| {
            let told = saving.told.as_ref();
            told.is_some_and(|told| told.observation.reply.sent.is_some())
        };
        let sent = self.savings.iter().filter(is_sent).count();
        if let Some(left) = left(0)
            && sent > left
        {
            let found = format!("{sent} messages went out, and the budget had {left}");
            return (Some(Rule::SendLimit), found);
        }
        if granted(one) || granted(two) {
            let found = "a login was completed, but the record does not hold it".into();
            return (Some(Rule::Once), found);
        }
        (None, "one of two reported writes is lost".into())
    }
}
