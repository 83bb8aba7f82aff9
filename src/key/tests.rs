use alloc::format;
use alloc::string::{String, ToString};
use core::fmt::Write;

use super::{
    BINDING_CODE, DELIVERY, Digest, DuplicateKeyId, Key, KeyRing, MFA_TOKEN, RECOVERY_CODE,
    SESSION, SessionTag, delivery_id,
};
use crate::code::{BindingCode, RecoveryCode};

const COUNTED: [u8; 16] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
const TAG: SessionTag = SessionTag([
    16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31,
]);

fn ring(id: u32, byte: u8) -> KeyRing {
    KeyRing::new(Key::new(id, &[byte; 32]))
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        write!(text, "{byte:02x}").unwrap();
    }
    text
}

fn accepts(keys: &KeyRing, stored: &super::CodeDigest, code: &str) -> Option<bool> {
    keys.judge_code(stored, &COUNTED, &TAG, &code.into())
        .map(bool::from)
}

// The expected digests were computed with the hmac and hashlib modules of Python.

#[test]
fn a_binding_code_is_stored_as_hmac_over_label_challenge_session_and_code() {
    let digest = ring(9, 7)
        .current()
        .code_digest(&COUNTED, &TAG, &"012345".into());
    assert_eq!(digest.key, 9);
    assert_eq!(
        hex(&digest.digest.0),
        "21b1f5512119bb4228b5238819e8cf2e1cc3eea850fb6e732fa187089066ff27"
    );
}

#[test]
fn a_token_is_sealed_with_hmac_over_label_and_token() {
    assert_eq!(
        hex(&ring(9, 7).current().seal(b"body")),
        "e0bba99a44bce86f3fde132033c9257900a0334308aad71bee5cb28a1512f3dd"
    );
}

#[test]
fn a_recovery_code_is_stored_as_a_salted_hash() {
    let code = RecoveryCode::from("2345 6789 ABCD EFGH JKLM NPQR");
    assert_eq!(
        hex(&Digest::of_recovery_code(b"AAAABBBBCCCCDDDD", &code).0),
        "eae0b4e00e0c6ed9db617f9a2fa9c41e24ecf2da525ac6ab0956d638df7213d4"
    );
}

#[test]
fn a_session_and_a_delivery_are_named_by_16_bytes_of_a_hash() {
    assert_eq!(
        hex(SessionTag::of_id("jti-1", 1).as_bytes()),
        "c72c0c490ae5bca9cf695aad8a336eac"
    );
    assert_eq!(
        hex(SessionTag::of_id("jti-1", 2).as_bytes()),
        "1501c59296e8086837e28109ffa563b8"
    );
    assert_eq!(
        hex(&delivery_id(&COUNTED)),
        "bd1ce54725ae3cb9d6c4d7cb19537369"
    );
}

#[test]
fn no_label_is_the_beginning_of_another() {
    let labels: [&[u8]; 5] = [BINDING_CODE, MFA_TOKEN, RECOVERY_CODE, SESSION, DELIVERY];
    for (index, label) in labels.iter().enumerate() {
        for other in labels.iter().skip(index + 1) {
            assert!(!label.starts_with(other) && !other.starts_with(label));
        }
    }
}

#[test]
fn the_longest_code_is_digested_in_one_block() {
    // A block of SHA-256 has 64 bytes, less 1 of padding and 8 of length.
    let longest = BindingCode::from("12345678");
    assert_eq!(longest.as_bytes().len(), 8);
    assert!(BINDING_CODE.len() + COUNTED.len() + TAG.0.len() + 8 <= 55);
}

#[test]
fn a_digest_is_of_one_code_one_challenge_one_session_and_one_key() {
    let keys = ring(1, 7);
    let stored = keys.current().code_digest(&COUNTED, &TAG, &"012345".into());
    assert_eq!(accepts(&keys, &stored, "012345"), Some(true));
    for wrong in ["012346", "12345", "0123450", "00012345", "", "999999"] {
        assert_eq!(accepts(&keys, &stored, wrong), Some(false), "{wrong}");
    }
    let code = BindingCode::from("012345");
    let other_tag = SessionTag([0; 16]);
    let judge = |challenge, tag| {
        keys.judge_code(&stored, challenge, tag, &code)
            .map(bool::from)
    };
    assert_eq!(judge(&COUNTED, &TAG), Some(true));
    assert_eq!(judge(&[0; 16], &TAG), Some(false));
    assert_eq!(judge(&COUNTED, &other_tag), Some(false));
    // The same id, another secret.
    assert_eq!(accepts(&ring(1, 8), &stored, "012345"), Some(false));
    // Another id, whatever the secret.
    assert_eq!(accepts(&ring(2, 7), &stored, "012345"), None);
}

#[test]
fn the_seal_of_one_use_is_not_that_of_another() {
    let keys = ring(1, 7);
    let code = keys.current().code_digest(&COUNTED, &TAG, &"012345".into());
    let mut message = COUNTED.to_vec();
    message.extend_from_slice(&TAG.0);
    message.extend_from_slice(b"012345");
    assert_ne!(keys.current().seal(&message), code.digest.0);
}

#[test]
fn a_previous_key_verifies_what_it_made_and_makes_nothing() {
    let old = ring(1, 7);
    let code = old.current().code_digest(&COUNTED, &TAG, &"012345".into());
    let seal = old.current().seal(b"body");
    let judged = |keys: &KeyRing| keys.judge_seal(1, b"body", &seal).map(bool::from);

    let rotated = ring(2, 8).with_previous(Key::new(1, &[7; 32])).unwrap();
    assert_eq!(accepts(&rotated, &code, "012345"), Some(true));
    assert_eq!(accepts(&rotated, &code, "012346"), Some(false));
    assert_eq!(judged(&rotated), Some(true));
    assert_eq!(rotated.current().id(), 2);
    assert_eq!(
        rotated
            .current()
            .code_digest(&COUNTED, &TAG, &"012345".into())
            .key,
        2
    );
    assert_eq!(
        rotated.current().seal(b"body"),
        ring(2, 8).current().seal(b"body")
    );

    let dropped = ring(2, 8);
    assert_eq!(accepts(&dropped, &code, "012345"), None);
    assert_eq!(judged(&dropped), None);
}

#[test]
fn a_key_has_the_given_id() {
    for id in [0, 1, 7, u32::MAX] {
        assert_eq!(Key::new(id, &[7; 32]).id(), id);
    }
}

#[test]
fn digests_are_equal_where_every_bit_is() {
    let digest = ring(1, 7)
        .current()
        .code_digest(&COUNTED, &TAG, &"012345".into());
    let copy = digest;
    assert_eq!(digest, copy);
    for bit in 0..256 {
        let mut other = digest;
        other.digest.0[bit / 8] ^= 1 << (bit % 8);
        assert_ne!(digest, other, "{bit}");
    }
    let other = super::CodeDigest { key: 2, ..digest };
    assert_ne!(digest, other);
}

#[test]
fn two_keys_of_a_ring_never_share_an_id() {
    let same = ring(1, 7).with_previous(Key::new(1, &[8; 32]));
    assert_eq!(same.unwrap_err(), DuplicateKeyId { id: 1 });
    let third = ring(1, 7).with_previous(Key::new(2, &[8; 32])).unwrap();
    assert_eq!(
        third
            .clone()
            .with_previous(Key::new(2, &[9; 32]))
            .unwrap_err(),
        DuplicateKeyId { id: 2 }
    );
    assert!(third.with_previous(Key::new(u32::MAX, &[9; 32])).is_ok());
    assert_eq!(
        DuplicateKeyId { id: 7 }.to_string(),
        "2 keys of the ring have the id 7: give each its own"
    );
}

#[test]
fn debug_of_a_key_shows_only_its_id() {
    let keys = ring(1, 7).with_previous(Key::new(2, &[8; 32])).unwrap();
    assert_eq!(
        format!("{keys:?}"),
        "KeyRing { current: Key { id: 1, .. }, previous: [Key { id: 2, .. }] }"
    );
    let stored = keys.current().code_digest(&COUNTED, &TAG, &"012345".into());
    assert_eq!(
        format!("{stored:?}"),
        "CodeDigest { key: 1, digest: Digest(redacted) }"
    );
    assert_eq!(format!("{TAG:?}"), "SessionTag(redacted)");
}

#[test]
fn a_stored_digest_is_exactly_as_long_as_it_should_be() {
    let stored = ring(1, 7)
        .current()
        .code_digest(&COUNTED, &TAG, &"012345".into());
    let json = serde_json::to_string(&stored).unwrap();
    assert_eq!(
        json,
        r#"{"key":1,"digest":"IbH1USEZu0IotSOIGejPLhzD7qhQ-25zL6GHCJBm_yc"}"#
    );
    assert_eq!(
        serde_json::from_str::<super::CodeDigest>(&json).unwrap(),
        stored
    );
    for broken in [
        r#"{"key":1,"digest":"IbH1USEZu0IotSOIGejPLhzD7qhQ-25zL6GHCJBm_y"}"#,
        r#"{"key":1,"digest":"IbH1USEZu0IotSOIGejPLhzD7qhQ-25zL6GHCJBm_ycA"}"#,
        r#"{"key":1,"digest":"IbH1USEZu0IotSOIGejPLhzD7qhQ-25zL6GHCJBm_yd"}"#,
        r#"{"key":1,"digest":"IbH1USEZu0IotSOIGejPLhzD7qhQ-25zL6GHCJBm_yc="}"#,
        r#"{"key":4294967296,"digest":"IbH1USEZu0IotSOIGejPLhzD7qhQ-25zL6GHCJBm_yc"}"#,
        r#"{"key":1,"digest":"IbH1USEZu0IotSOIGejPLhzD7qhQ-25zL6GHCJBm_yc","code":"1"}"#,
        r#"{"key":1}"#,
    ] {
        assert!(
            serde_json::from_str::<super::CodeDigest>(broken).is_err(),
            "{broken}"
        );
    }
    let bytes = postcard::to_allocvec(&stored).unwrap();
    assert_eq!(bytes.len(), 1 + 1 + 32);
    assert_eq!(
        postcard::from_bytes::<super::CodeDigest>(&bytes).unwrap(),
        stored
    );
    let mut short = bytes.clone();
    short[1] = 31;
    assert!(postcard::from_bytes::<super::CodeDigest>(&short).is_err());
}
