//! The record, in terms of what was issued first, second, third.

use super::World;
use crate::account::{Account, Phone, PhoneStatus, Recovery};
use crate::authenticator::{AuthenticatorEntry, AuthenticatorId, DeviceId};
use crate::challenge::{Code, Enrollment, IssuedCode, PendingChallenge};
use crate::code::{OobCode, RecoveryCode};
use crate::instant::Millis;
use crate::key::{Digest, SessionTag};
use crate::testing::recorded::{
    Recorded, RecordedChallenge, RecordedCode, RecordedEnrollment, RecordedPhone,
    RecordedRecoveryCode,
};
use crate::testing::reply::Listed;

impl World {
    /// What the record holds, for comparison with what a model says that it does.
    ///
    /// A new account where none is stored. What was not issued here has a number that nothing has.
    #[must_use]
    pub fn recorded(&self) -> Recorded {
        let account = self.account();
        let now = self.clock.millis();
        let entries = account.entries(self.engine.policy().channels(), Millis::at(self.now()));
        let budgets = account.budgets;
        let full_at = [
            budgets.sends,
            budgets.binding_failures,
            budgets.recovery_failures,
        ];
        Recorded {
            revision: account.revision,
            requirements: account.requirements(),
            remaining: self.engine.remaining(&account, self.now()),
            full_at: full_at.map(|budget| millis(budget.full_at).max(now)),
            phones: account
                .phones
                .iter()
                .map(|phone| self.phone(phone))
                .collect(),
            recovery_code: account
                .recovery
                .as_ref()
                .map(|recovery| RecordedRecoveryCode {
                    shown: self.number_of_recovery_code(recovery),
                    failures: recovery.failures,
                }),
            challenges: self.challenges(&account),
            spent: account
                .spent
                .iter()
                .map(|spent| {
                    (
                        self.number_of_session(&spent.session),
                        millis(spent.expires_at),
                    )
                })
                .collect(),
            pruned_through: millis(account.pruned_through),
            first_factor_valid_from: millis(account.valid_from.first_factor),
            valid_from: millis(account.valid_from.every),
            doubted_until: account.doubted_until.map(millis),
            entries: entries.map(|entry| self.listed(&entry)).collect(),
        }
    }

    pub(super) fn listed(&self, entry: &AuthenticatorEntry) -> Listed {
        let phone = match entry.id {
            AuthenticatorId::Phone(channel, device) => {
                Some((channel, self.number_of_device(device)))
            }
            AuthenticatorId::RecoveryCode(_) => None,
        };
        Listed {
            phone,
            number: entry.phone,
            status: entry.status,
        }
    }

    fn phone(&self, phone: &Phone) -> RecordedPhone {
        RecordedPhone {
            device: self.number_of_device(phone.device),
            number: phone.number,
            is_disabled: phone.status == PhoneStatus::Disabled,
            last_used: millis(phone.last_used),
            last_channel: phone.last_channel,
            failures: phone.failures,
        }
    }

    fn challenges(&self, account: &Account) -> alloc::vec::Vec<RecordedChallenge> {
        let challenges = account.challenges.iter();
        let recorded = challenges.map(|pending: &PendingChallenge| RecordedChallenge {
            code: self.number_of_code(pending),
            session: self.number_of_session(&pending.session),
            issued_at: millis(pending.issued_at),
            state: match &pending.code {
                Code::Issued(code) => self.issued(code),
                Code::Expired => RecordedCode::Expired,
                Code::Overtaken { expires_at } => RecordedCode::Overtaken {
                    expires_at: millis(*expires_at),
                },
            },
        });
        recorded.collect()
    }

    fn issued(&self, code: &IssuedCode) -> RecordedCode {
        let enrolls = |enrollment: &Enrollment| RecordedEnrollment {
            number: enrollment.number,
            begun_by: enrollment.begun_by,
            recovery_code: enrollment
                .recovery
                .as_ref()
                .map(|recovery| self.number_of_recovery_code(recovery)),
        };
        RecordedCode::Issued {
            expires_at: millis(code.expires_at),
            attempts: code.attempts,
            channel: code.channel,
            device: self.number_of_device(code.device()),
            enrolls: code.enrollment().map(enrolls),
        }
    }

    fn number_of_device(&self, device: DeviceId) -> usize {
        let number = self.devices.iter().position(|known| *known == device);
        number.unwrap_or(usize::MAX)
    }

    fn number_of_session(&self, tag: &SessionTag) -> usize {
        // A session of somebody else can have the same tag: an embedder's ids are of each user alone.
        let number = self
            .sessions
            .iter()
            .position(|known| known.tag() == tag && known.subject() == self.subject());
        number.unwrap_or(usize::MAX)
    }

    fn number_of_code(&self, pending: &PendingChallenge) -> usize {
        let text = OobCode::of(pending.id.0).expose_secret();
        let number = self.codes.iter().rposition(|known| known.oob_code == text);
        number.unwrap_or(usize::MAX)
    }

    fn number_of_recovery_code(&self, recovery: &Recovery) -> usize {
        let number = self.recovery_codes.iter().rposition(|known| {
            let code = RecoveryCode::from(known.characters.as_str());
            Digest::of_recovery_code(recovery.device.as_bytes(), &code) == recovery.digest
        });
        number.unwrap_or(usize::MAX)
    }
}

fn millis(at: Millis) -> i64 {
    i64::try_from(at.get()).unwrap_or(i64::MAX)
}
