//! Phone numbers: one text, one value.

use oob_mfa::{InvalidPhoneNumber, PhoneNumber};

/// A number parses exactly if it is E.164 without a 0 that is dialed within the country. It prints
/// as it was read, and its mask shows only 4 digits.
pub fn phone(data: &[u8]) {
    if let Ok(text) = core::str::from_utf8(data) {
        let parsed = text.parse::<PhoneNumber>();
        let expected = match zero_after(text) {
            _ if !is_e164(text) => Some(InvalidPhoneNumber::NotE164),
            Some(country_code) => Some(InvalidPhoneNumber::ZeroAfter { country_code }),
            None => None,
        };
        assert_eq!(parsed.err(), expected, "{text:?}");
        if let Ok(number) = parsed {
            assert_eq!(number.to_e164(), text);
            check(number);
        }
        let quoted = serde_json::to_vec(text).expect("a text has a JSON form");
        assert_eq!(
            serde_json::from_slice::<PhoneNumber>(&quoted).ok(),
            parsed.ok()
        );
    }
    if let Ok(number) = postcard::from_bytes(data) {
        check(number);
    }
}

fn check(number: PhoneNumber) {
    let text = number.to_e164();
    assert!(is_e164(&text) && zero_after(&text).is_none(), "{text}");
    assert_eq!(text.parse(), Ok(number));

    let masked = number.to_string();
    assert_eq!(masked.len(), text.len());
    let (hidden, shown) = masked.split_at(masked.len() - 4);
    assert!(hidden.bytes().all(|byte| byte == b'X'), "{masked}");
    assert!(text.ends_with(shown), "{masked}");
    assert_eq!(format!("{number:?}"), format!("PhoneNumber({masked})"));

    let json = serde_json::to_string(&number).expect("a number has a JSON form");
    assert_eq!(json, format!("\"{text}\""));
    assert_eq!(
        serde_json::from_str::<PhoneNumber>(&json).ok(),
        Some(number)
    );
    let binary = postcard::to_allocvec(&number).expect("a number has a binary form");
    assert_eq!(
        postcard::from_bytes::<PhoneNumber>(&binary).ok(),
        Some(number)
    );
}

/// The shape of E.164, written without the crate's parser.
fn is_e164(text: &str) -> bool {
    match text.as_bytes() {
        [b'+', b'1'..=b'9', rest @ ..] => {
            (6..=14).contains(&rest.len()) && rest.iter().all(u8::is_ascii_digit)
        }
        _ => false,
    }
}

/// The country codes of 1 and 2 digits, from the plan that ITU publishes with E.164. Italy is not
/// among them: a 0 is part of its numbers.
const COUNTRY_CODES: &str = "1 7 20 27 30 31 32 33 34 36 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 \
    60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98";

/// The country code that a 0 follows.
fn zero_after(text: &str) -> Option<u16> {
    let code = COUNTRY_CODES
        .split_whitespace()
        .find(|code| text.starts_with(&format!("+{code}0")))?;
    Some(code.parse().expect("a number"))
}
