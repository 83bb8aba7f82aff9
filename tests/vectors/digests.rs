//! The digests of codes and sessions, from records.

use oob_mfa::*;

use crate::codes::{Enrolled, both};
use crate::json::{Json, json, list, object};
use crate::stream::{Given, Recorded};
use crate::{KEY, START, Secret, alice, hex, moment, trusted};

/// A first phone of this session, and the record.
fn associated(
    engine: &Engine,
    session: &MfaSession,
    rng: &mut impl rand_core::CryptoRng,
) -> (Associated, serde_json::Value) {
    let request = Associate {
        channel: Channel::Sms,
        phone: "+14155558730".parse().unwrap(),
    };
    let account = Account::new(alice());
    let (grant, next) = both(engine.associate(account, session, &request, moment(START), rng));
    (grant, serde_json::to_value(next).unwrap())
}

/// A code of the given session, and its digest in the record.
fn binding(secret: Secret, digits: usize, tag: [u8; 16], id: [u8; 16], word: u32) -> Json {
    let policy = Policy::auth0()
        .with_code_digits(digits)
        .unwrap()
        .with_recovery_codes(RecoveryCodes::Off);
    let engine = secret.engine(policy);
    let first_factor = FirstFactor {
        subject: alice(),
        client: "demo",
        scope: "",
        audience: "",
    };
    let session = engine
        .begin(first_factor, moment(START), &mut Given::new(tag))
        .unwrap();
    let random = [&[0; 64][..], &id, &word.to_le_bytes()].concat();
    let (grant, record) = associated(&engine, &session, &mut Given::new(random));
    let stored = &record["account"]["challenges"][0];
    object([
        ("key", secret.json()),
        ("challenge", hex(&id)),
        ("session", hex(&tag)),
        ("binding_code", json(grant.delivery.code.expose_secret())),
        (
            "digest",
            json(&stored["code"]["issued"]["digest"]["digest"]),
        ),
        ("stored_challenge", json(&stored["id"])),
        ("stored_session", json(&stored["session"])),
        ("delivery", json(&grant.delivery.id())),
    ])
}

/// The tag of a trusted session, from the record of its code.
fn tag(id: &str, assurance: Assurance) -> Json {
    let engine = KEY.engine(Policy::auth0());
    let mut rng = Recorded::new(1);
    let (_, record) = associated(&engine, &trusted(id, assurance), &mut rng);
    object([
        ("id", json(id)),
        ("assurance", json(&assurance)),
        (
            "session",
            json(&record["account"]["challenges"][0]["session"]),
        ),
    ])
}

pub fn vectors() -> Json {
    let counted = |first: u8| std::array::from_fn(|index| first + index as u8);
    let other = Secret::counted(u32::MAX, 0xa0);
    let bindings = [
        binding(KEY, 6, counted(16), counted(0), 12_345),
        binding(KEY, 6, counted(16), counted(0), 12_346),
        binding(KEY, 6, counted(17), counted(0), 12_345),
        binding(KEY, 6, counted(16), counted(1), 12_345),
        binding(Secret(2, KEY.1), 6, counted(16), counted(0), 12_345),
        binding(other, 6, counted(16), counted(0), 12_345),
        binding(other, 6, [0; 16], [0; 16], 0),
        binding(other, 7, [0xff; 16], [0xff; 16], 9_999_999),
        binding(other, 8, counted(0x40), counted(0x60), 1),
        binding(other, 8, counted(0x40), counted(0x60), 99_999_999),
    ];
    let enrolled = Enrolled::new();
    let mut rng = Recorded::new(2);
    let recovery = (0..4).map(|_| {
        let (code, account) = enrolled.regenerate(&mut rng);
        let record = serde_json::to_value(account).unwrap();
        object([
            ("device", json(&record["account"]["recovery"]["device"])),
            ("recovery_code", json(code.expose_secret())),
            ("digest", json(&record["account"]["recovery"]["digest"])),
        ])
    });
    let sessions = [
        "jti-1",
        "x",
        "é",
        "a longer id than one block of SHA-256 holds, which is sixty-four bytes of it",
    ];
    let sessions = sessions.into_iter().flat_map(|id| {
        [Assurance::FirstFactor, Assurance::Mfa].map(|assurance| tag(id, assurance))
    });
    object([
        ("binding_codes", list(bindings)),
        ("recovery_codes", list(recovery.collect::<Vec<_>>())),
        ("sessions", list(sessions)),
    ])
}
