//! The largest record there is.

use alloc::boxed::Box;

use rand_core::CryptoRng;

use crate::account::{
    Account, Budgets, MOST_CHALLENGES, MOST_SPENT, Phone, PhoneStatus, Recovery, SpentSession,
    ValidFrom,
};
use crate::authenticator::{Channel, DeviceId};
use crate::budget::Budget;
use crate::challenge::{ChallengeId, Code, Enrollment, IssuedCode, PendingChallenge, Target};
use crate::code::{BindingCode, RecoveryCode};
use crate::instant::Millis;
use crate::key::{Digest, Key, KeyRing, SessionTag};
use crate::phone::PhoneNumber;
use crate::policy::MOST_PHONES;
use crate::session::Assurance;
use crate::subject::Subject;

/// The greatest number of a phone.
const GREATEST_NUMBER: u64 = 999_999_999_999_999;

/// Every list full and every number at its longest; the revision is the first.
pub(super) fn largest(subject: Subject, rng: &mut impl CryptoRng) -> Account {
    let keys = KeyRing::new(Key::new(u32::MAX, &[7; 32]));
    let numbers = |from: usize| {
        let from = u64::try_from(from).unwrap_or_default();
        (from..).filter_map(|less| PhoneNumber::from_integer(GREATEST_NUMBER.saturating_sub(less)))
    };
    let last = Millis::LAST;
    Account {
        subject,
        revision: 1,
        budgets: Budgets {
            sends: Budget { full_at: last },
            binding_failures: Budget { full_at: last },
            recovery_failures: Budget { full_at: last },
        },
        valid_from: ValidFrom {
            first_factor: last,
            every: last,
        },
        pruned_through: last,
        doubted_until: Some(last),
        phones: numbers(0)
            .take(MOST_PHONES)
            .map(|number| phone(number, rng))
            .collect(),
        // The unconfirmed ones of the enrollments are longer, and exclude it.
        recovery: None,
        challenges: numbers(MOST_PHONES)
            .take(MOST_CHALLENGES)
            .map(|number| enrolling(number, &keys, rng))
            .collect(),
        spent: (0..MOST_SPENT)
            .map(|_| SpentSession {
                session: SessionTag::draw(rng),
                expires_at: last,
            })
            .collect(),
    }
}

fn phone(number: PhoneNumber, rng: &mut impl CryptoRng) -> Phone {
    Phone {
        device: DeviceId::draw(rng),
        number,
        status: PhoneStatus::Disabled,
        last_used: Millis::LAST,
        last_channel: Channel::Voice,
        failures: u32::MAX,
    }
}

fn enrolling(number: PhoneNumber, keys: &KeyRing, rng: &mut impl CryptoRng) -> PendingChallenge {
    let session = SessionTag::draw(rng);
    let mut id = [0; 16];
    rng.fill_bytes(&mut id);
    let code = BindingCode::from("000000");
    let salt = DeviceId::draw(rng);
    PendingChallenge {
        id: ChallengeId(id),
        session,
        issued_at: Millis::LAST.before(1),
        code: Code::Issued(IssuedCode {
            digest: keys.code_digest(&id, &session, &code),
            expires_at: Millis::LAST,
            attempts: u32::MAX,
            channel: Channel::Voice,
            target: Target::Enrollment(Box::new(Enrollment {
                device: DeviceId::draw(rng),
                number,
                begun_by: Assurance::Mfa,
                recovery: Some(Recovery {
                    device: salt,
                    digest: Digest::of_recovery_code(salt.as_bytes(), &RecoveryCode::draw(rng)),
                    failures: u32::MAX,
                }),
            })),
        }),
    }
}
