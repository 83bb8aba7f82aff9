//! The record, with numbers in the order of issue.

use oob_mfa::{DeviceId, Limit, PhoneNumber};

use super::World;
use crate::record::{
    Challenge, Code, Id, Issued, Phone, Record, Recovery, Status, Target, challenge_id, device,
    recovery_digest,
};
use crate::recorded::{
    Enrolled, Recorded, RecordedChallenge, RecordedCode, RecordedEnrollment, RecordedPhone,
    RecordedRecoveryCode,
};

impl World {
    /// The content of the record, to compare with a model's prediction.
    ///
    /// A new account if none is stored. Things not issued here have the number [`usize::MAX`].
    #[must_use]
    pub fn recorded(&self) -> Recorded {
        let (account, now) = (self.account(), self.now());
        let (record, _) = Record::of(&account);
        let time = record.as_of.max(self.clock.millis());
        let budgets = record.budgets;
        let full_at = [
            budgets.sends,
            budgets.binding_failures,
            budgets.recovery_failures,
        ];
        let recovery_code = record.recovery.as_ref();
        let enrolled = self.engine.phones(&account, now);
        Recorded {
            revision: record.revision,
            as_of: record.as_of,
            requirements: self.engine.requirements(&account),
            remaining: Limit::ALL.map(|limit| self.engine.remaining(&account, limit, now)),
            full_at: full_at.map(|full_at| full_at.max(time)),
            revoked_until: record.revoked_until,
            phones: record
                .phones
                .iter()
                .map(|phone| self.recorded_phone(phone))
                .collect(),
            recovery_code: recovery_code.map(|recovery| RecordedRecoveryCode {
                shown: self.number_of_recovery_code(recovery),
                failures: recovery.failures,
            }),
            challenges: record
                .challenges
                .iter()
                .map(|challenge| self.recorded_challenge(challenge))
                .collect(),
            spent: record
                .spent
                .iter()
                .map(|spent| (self.number_of_tag(&spent.session), spent.expires_at))
                .collect(),
            enrolled: enrolled
                .map(|phone| Enrolled {
                    device: self.number_of_device(phone.device),
                    number: phone.phone,
                    status: phone.status,
                    last_used: phone.last_used.map(crate::clock::millis),
                })
                .collect(),
        }
    }

    fn recorded_phone(&self, phone: &Phone) -> RecordedPhone {
        RecordedPhone {
            device: self.number_of_device(device(&phone.device)),
            number: number(phone.number),
            is_disabled: phone.status == Status::Disabled,
            last_used: phone.last_used,
            last_channel: phone.last_channel,
            failures: phone.failures,
        }
    }

    fn recorded_challenge(&self, challenge: &Challenge) -> RecordedChallenge {
        let is_it = |oob_code: &str| challenge_id(oob_code) == challenge.id;
        let code = self.codes.iter().rposition(|known| is_it(&known.oob_code));
        RecordedChallenge {
            code: code.unwrap_or(usize::MAX),
            session: self.number_of_tag(&challenge.session),
            issued_at: challenge.issued_at,
            state: match &challenge.code {
                Code::Issued(issued) => self.recorded_code(issued),
                Code::Expired => RecordedCode::Expired,
                Code::Discarded { expires_at } => RecordedCode::Discarded {
                    expires_at: *expires_at,
                },
            },
        }
    }

    fn recorded_code(&self, issued: &Issued) -> RecordedCode {
        let enrolls = match &issued.target {
            Target::Phone(_) => None,
            Target::Enrollment(enrollment) => Some(RecordedEnrollment {
                number: number(enrollment.number),
                begun_by: enrollment.begun_by,
                recovery_code: enrollment
                    .recovery
                    .as_ref()
                    .map(|recovery| self.number_of_recovery_code(recovery)),
            }),
        };
        RecordedCode::Issued {
            expires_at: issued.expires_at,
            attempts: issued.attempts,
            channel: issued.channel,
            device: self.number_of_device(device(issued.device())),
            enrolls,
        }
    }

    fn number_of_device(&self, device: DeviceId) -> usize {
        let number = self.devices.iter().position(|known| *known == device);
        number.unwrap_or(usize::MAX)
    }

    fn number_of_tag(&self, tag: &Id) -> usize {
        // A session of another user can have the same tag: an embedder's ids are per user.
        let is_it = |(known, session): (&Id, &oob_mfa::MfaSession)| {
            known == tag && *session.subject() == self.subject
        };
        let number = self.tags.iter().zip(&self.sessions).position(is_it);
        number.unwrap_or(usize::MAX)
    }

    fn number_of_recovery_code(&self, recovery: &Recovery) -> usize {
        let number = self.recovery_codes.iter().rposition(|known| {
            recovery_digest(&recovery.device, &known.characters) == recovery.digest
        });
        number.unwrap_or(usize::MAX)
    }
}

fn number(digits: u64) -> PhoneNumber {
    format!("+{digits}").parse().expect("a number of a record")
}
