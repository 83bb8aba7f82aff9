//! Phone numbers: one text, one value.

use oob_mfa::PhoneNumber;

/// A number parses exactly where E.164 has it, prints as it was read, and hides all but four digits.
pub fn phone(data: &[u8]) {
    if let Ok(text) = core::str::from_utf8(data) {
        let parsed = text.parse::<PhoneNumber>();
        assert_eq!(parsed.is_ok(), is_e164(text), "{text:?}");
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
    assert!(is_e164(&text), "{text}");
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
