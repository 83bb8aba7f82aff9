//! What the record ought to hold.

use super::{Code, Fate, Model, Phone};
use crate::account::Requirements;
use crate::engine::Remaining;
use crate::testing::recorded::{
    Recorded, RecordedChallenge, RecordedCode, RecordedEnrollment, RecordedPhone,
    RecordedRecoveryCode,
};

impl Model {
    /// What the record ought to hold.
    #[must_use]
    pub fn recorded(&self) -> Recorded {
        let budgets = [
            (&self.sends, self.policy.sends()),
            (&self.binding_failures, self.policy.binding_failures()),
            (&self.recovery_failures, self.policy.recovery_failures()),
        ];
        let [sends, binding_failures, recovery_failures] =
            budgets.map(|(ledger, limit)| ledger.remaining(limit, self.now));
        let kept = self.codes.iter().enumerate();
        let kept = kept.filter(|(_, code)| code.fate != Fate::Gone);
        Recorded {
            revision: self.revision,
            requirements: self.requirements(),
            remaining: Remaining {
                sends,
                binding_failures,
                recovery_failures,
            },
            full_at: budgets.map(|(ledger, limit)| ledger.full_at(limit, self.now)),
            phones: self.phones.iter().map(phone).collect(),
            recovery_code: self.live_recovery_code.map(|shown| RecordedRecoveryCode {
                shown,
                failures: self.recovery_code_failures,
            }),
            challenges: kept.map(|(number, code)| challenge(number, code)).collect(),
            spent: self.spent.clone(),
            pruned_through: self.pruned_through,
            first_factor_valid_from: self.first_factor_valid_from,
            valid_from: self.valid_from,
            doubted_until: self.doubted_until,
            entries: self.entries(),
        }
    }

    fn requirements(&self) -> Requirements {
        if self.phones.is_empty() {
            return Requirements::Enroll;
        }
        Requirements::Challenge {
            phone: self.phones.iter().any(|phone| !phone.disabled),
            recovery_code: self.live_recovery_code.is_some(),
        }
    }
}

const fn phone(phone: &Phone) -> RecordedPhone {
    RecordedPhone {
        device: phone.device,
        number: phone.number,
        is_disabled: phone.disabled,
        last_used: phone.used,
        last_channel: phone.channel,
        failures: phone.failures,
    }
}

fn challenge(number: usize, code: &Code) -> RecordedChallenge {
    let expires_at = code.expires;
    RecordedChallenge {
        code: number,
        session: code.session,
        issued_at: code.issued,
        state: match code.fate {
            Fate::Kept => RecordedCode::Issued {
                expires_at,
                attempts: code.attempts,
                channel: code.channel,
                device: code.device,
                enrolls: code
                    .enrollment
                    .as_ref()
                    .map(|enrollment| RecordedEnrollment {
                        number: code.to,
                        begun_by: enrollment.begun_by,
                        recovery_code: enrollment.recovery_code,
                    }),
            },
            Fate::Overtaken => RecordedCode::Overtaken { expires_at },
            Fate::Lapsed | Fate::Gone => RecordedCode::Expired,
        },
    }
}
