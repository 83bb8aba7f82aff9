//! The largest record, and larger ones that are refused.

use oob_mfa::Account;
use serde_json::{Value, json as value};

use super::{LARGEST_JSON, LARGEST_POSTCARD, binary};
use crate::harness::json;

const LAST: u64 = (1 << 53) - 1;

fn device(number: usize) -> String {
    format!("dev_{number:016}")
}

fn text_of(len: usize, number: usize) -> String {
    // The last character has unused bits, which must be 0.
    format!("{number:0>width$}A", width = len - 1)
}

fn recovery(number: usize) -> Value {
    value!({"device": device(900 + number), "digest": text_of(43, 0), "failures": u32::MAX})
}

fn pending(number: usize, target: &Value) -> Value {
    value!({
        "id": text_of(22, number),
        "session": text_of(22, number),
        "issued_at": LAST - 1,
        "code": {"issued": {
            "digest": {"key": u32::MAX, "digest": text_of(43, 0)},
            "expires_at": LAST,
            "attempts": u32::MAX,
            "channel": "voice",
            "target": target,
        }},
    })
}

/// A record in which everything has its maximum length.
fn largest(phones: usize, challenges: impl Fn(usize) -> Value, recovery: &Value) -> Value {
    let phone = |number: usize| {
        value!({
            "device": device(number),
            "number": format!("+{}", 999_999_999_999_999 - number),
            "status": "disabled",
            "last_used": LAST,
            "last_channel": "voice",
            "failures": u32::MAX,
        })
    };
    let spent = |number: usize| value!({"session": text_of(22, 100 + number), "expires_at": LAST});
    value!({
        "version": 1,
        "account": {
            "subject": "\u{1}".repeat(255),
            "revision": LAST,
            "as_of": LAST,
            "budgets": {"sends": LAST, "binding_failures": LAST, "recovery_failures": LAST},
            "revoked_until": {"first_factor": LAST, "every": LAST},
            "phones": (0..phones).map(phone).collect::<Vec<_>>(),
            "recovery": recovery,
            "challenges": (0..16).map(|number| pending(number, &challenges(number))).collect::<Vec<_>>(),
            "spent": (0..16).map(spent).collect::<Vec<_>>(),
        },
    })
}

fn enrollment(number: usize, recovery: &Value) -> Value {
    value!({"enrollment": {
        "device": device(100 + number),
        "number": format!("+{}", 888_888_888_888_888 - number),
        "begun_by": "first_factor",
        "recovery": recovery,
    }})
}

fn by_mfa(number: usize, recovery: &Value) -> Value {
    let mut target = enrollment(number, recovery);
    target["enrollment"]["begun_by"] = "mfa".into();
    target
}

#[test]
fn r12_the_largest_record_has_this_many_bytes() {
    // Unconfirmed recovery codes and the live one exclude each other, and so do phones and
    // enrollments of a first factor.
    let phones_and_codes = largest(10, |n| by_mfa(n, &recovery(n)), &Value::Null);
    let phones_and_one_code = largest(10, |n| by_mfa(n, &Value::Null), &recovery(0));
    let enrollments = largest(0, |n| enrollment(n, &recovery(n)), &Value::Null);
    let sizes = [phones_and_codes, phones_and_one_code, enrollments].map(|record| {
        let account: Account = serde_json::from_value(record).unwrap();
        (binary(&account).len(), json(&account).len())
    });
    assert_eq!(sizes[0], (LARGEST_POSTCARD, LARGEST_JSON));
    assert!(sizes[1].0 < sizes[0].0 && sizes[1].1 < sizes[0].1);
    assert!(sizes[2].0 < sizes[0].0 && sizes[2].1 < sizes[0].1);
}

#[test]
fn r12_one_more_of_anything_is_refused() {
    let load = |record: Value| {
        serde_json::from_value::<Account>(record)
            .unwrap_err()
            .to_string()
    };
    let full = || largest(10, |n| by_mfa(n, &recovery(n)), &Value::Null);
    let mut record = full();
    record["account"]["challenges"]
        .as_array_mut()
        .unwrap()
        .push(pending(16, &by_mfa(16, &recovery(16))));
    assert_eq!(load(record), "more than 16 challenges");
    let mut record = full();
    record["account"]["spent"]
        .as_array_mut()
        .unwrap()
        .push(value!({"session": text_of(22, 16), "expires_at": 0}));
    assert_eq!(load(record), "more than 16 spent sessions");
    assert_eq!(
        load(largest(11, |n| by_mfa(n, &recovery(n)), &Value::Null)),
        "more than 10 phones"
    );
    let mut record = full();
    record["account"]["subject"] = "x".repeat(256).into();
    assert_eq!(load(record), "a subject has 1 to 255 bytes");
}
