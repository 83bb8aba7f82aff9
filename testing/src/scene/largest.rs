//! The largest possible record.

use oob_mfa::{Account, Assurance, Channel, Subject};
use rand_core::Rng;

use crate::record::{
    Budgets, Challenge, Code, Enrollment, Id, Issued, Phone, Record, Recovery, RevokedUntil, Spent,
    Status, Target, VERSION,
};
use crate::rng::TestRng;

/// The latest time that a record can hold.
const LAST: i64 = (1 << 53) - 1;
/// The largest phone number.
const GREATEST_NUMBER: u64 = 999_999_999_999_999;
const PHONES: u64 = 10;
const CHALLENGES: u64 = 16;
const SPENT: u64 = 16;

/// Every list full and every number at its maximum, except the revision, which is the first.
pub(super) fn largest(subject: &Subject, rng: &mut TestRng) -> Account {
    let record = Record {
        version: VERSION,
        subject: subject.as_str().into(),
        revision: 1,
        as_of: LAST,
        budgets: Budgets {
            sends: LAST,
            binding_failures: LAST,
            recovery_failures: LAST,
        },
        revoked_until: RevokedUntil {
            first_factor: Some(LAST),
            every: Some(LAST),
        },
        phones: (0..PHONES)
            .map(|less| phone(GREATEST_NUMBER - less, rng))
            .collect(),
        // The unconfirmed ones of the enrollments are longer, and exclude it.
        recovery: None,
        challenges: (PHONES..PHONES + CHALLENGES)
            .map(|less| enrolling(GREATEST_NUMBER - less, rng))
            .collect(),
        spent: (0..SPENT)
            .map(|_| Spent {
                session: bytes(rng),
                expires_at: LAST,
            })
            .collect(),
    };
    record.load()
}

fn phone(number: u64, rng: &mut TestRng) -> Phone {
    Phone {
        device: characters(rng),
        number,
        status: Status::Disabled,
        last_used: LAST,
        last_channel: Channel::Voice,
        failures: u32::MAX,
    }
}

fn enrolling(number: u64, rng: &mut TestRng) -> Challenge {
    Challenge {
        id: bytes(rng),
        session: bytes(rng),
        issued_at: LAST - 1,
        code: Code::Issued(Issued {
            key: u32::MAX,
            digest: bytes(rng),
            expires_at: LAST,
            attempts: u32::MAX,
            channel: Channel::Voice,
            target: Target::Enrollment(Enrollment {
                device: characters(rng),
                number,
                begun_by: Assurance::Mfa,
                recovery: Some(Recovery {
                    device: characters(rng),
                    digest: bytes(rng),
                    failures: u32::MAX,
                }),
            }),
        }),
    }
}

fn bytes<const N: usize>(rng: &mut TestRng) -> [u8; N] {
    let mut bytes = [0; N];
    rng.fill_bytes(&mut bytes);
    bytes
}

/// The characters of an id.
fn characters(rng: &mut TestRng) -> Id {
    bytes(rng).map(|byte| b'a' + byte % 26)
}
