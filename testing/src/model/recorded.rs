//! The expected content of the record.

use oob_mfa::{Limit, Requirements};

use super::{Code, Fate, Model, Phone};
use crate::recorded::{
    Enrolled, Recorded, RecordedChallenge, RecordedCode, RecordedEnrollment, RecordedPhone,
    RecordedRecoveryCode,
};

impl Model {
    /// The expected content of the record.
    #[must_use]
    pub fn recorded(&self) -> Recorded {
        let time = self.time();
        let rates = Limit::ALL.map(|limit| self.policy.rate(limit));
        let [sends, binding_failures, recovery_failures] = &self.ledgers;
        let ledgers = [sends, binding_failures, recovery_failures];
        let budgets = [0, 1, 2].map(|index: usize| (ledgers[index], rates[index]));
        let kept = self.codes.iter().enumerate();
        let kept = kept.filter(|(_, code)| code.fate != Fate::Gone);
        Recorded {
            revision: self.revision,
            as_of: self.as_of,
            requirements: self.requirements(),
            remaining: budgets.map(|(ledger, rate)| ledger.remaining(rate, time)),
            full_at: ledgers.map(|ledger| ledger.full_at(time)),
            revoked_until: self.revoked_until,
            phones: self.phones.iter().map(phone).collect(),
            recovery_code: self.live_recovery_code.map(|shown| RecordedRecoveryCode {
                shown,
                failures: self.recovery_code_failures,
            }),
            challenges: kept.map(|(number, code)| challenge(number, code)).collect(),
            spent: self.spent.clone(),
            enrolled: self
                .enrolled()
                .map(|(device, number, status, last_used)| Enrolled {
                    device,
                    number,
                    status,
                    last_used,
                })
                .collect(),
        }
    }

    fn requirements(&self) -> Requirements {
        if self.phones.is_empty() {
            return Requirements::Enroll;
        }
        Requirements::Challenge {
            phone: self.phones.iter().any(|phone| !phone.disabled),
            recovery_code: self.accepted_recovery_code().is_some(),
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
    let enrollment = code.enrollment.as_ref();
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
                enrolls: enrollment.map(|enrollment| RecordedEnrollment {
                    number: code.to,
                    begun_by: enrollment.begun_by,
                    recovery_code: enrollment.recovery_code,
                }),
            },
            Fate::Discarded => RecordedCode::Discarded { expires_at },
            Fate::Lapsed | Fate::Gone => RecordedCode::Expired,
        },
    }
}
