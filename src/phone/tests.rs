use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

use super::{InvalidPhoneNumber, PhoneNumber};

fn phone(text: &str) -> PhoneNumber {
    text.parse().unwrap()
}

#[test]
fn seven_to_fifteen_digits_are_a_number_and_no_others() {
    for text in [
        "+1234567",
        "+123456789012345",
        "+999999999999999",
        "+1100000",
    ] {
        assert_eq!(phone(text).to_e164(), text);
    }
    for text in [
        "+123456",
        "+999999",
        "+1234567890123456",
        "+1000000000000000",
        "+",
        "",
    ] {
        assert_eq!(
            text.parse::<PhoneNumber>(),
            Err(InvalidPhoneNumber::NotE164),
            "{text}"
        );
    }
}

#[test]
fn nothing_but_a_plus_and_ascii_digits_is_forgiven() {
    for text in [
        "14155558730",
        "004155558730",
        "+04155558730",
        "++14155558730",
        "+14155558730+",
        "+1415555-8730",
        "+1 4155558730",
        " +14155558730",
        "+14155558730 ",
        "+14155558730\n",
        "+14155558730\0",
        "+1415\u{0}5558730",
        "\0+14155558730",
        "+1(415)5558730",
        "+-14155558730",
        "+1415555873a",
        "\u{ff0b}14155558730",
        "+\u{ff11}\u{ff14}\u{ff11}\u{ff15}\u{ff15}\u{ff15}\u{ff15}",
        "+\u{ff11}4155558730",
        "+\u{661}\u{664}\u{661}\u{665}\u{665}\u{665}\u{665}",
        "+\u{661}4155558730",
        "+1415555\u{200b}8730",
        "\u{202a}+14155558730",
        "tel:+14155558730",
        "+1.4155558730",
        "+1e9999999",
    ] {
        assert_eq!(
            text.parse::<PhoneNumber>(),
            Err(InvalidPhoneNumber::NotE164),
            "{text:?}"
        );
    }
    assert_eq!(
        InvalidPhoneNumber::NotE164.to_string(),
        "a phone number has + and 7 to 15 digits, and the first is not 0"
    );
}

/// Every country code of 1 or 2 digits that ITU-T E.164 assigns.
const SHORT_CODES: [u16; 46] = [
    1, 7, 20, 27, 30, 31, 32, 33, 34, 36, 39, 40, 41, 43, 44, 45, 46, 47, 48, 49, 51, 52, 53, 54,
    55, 56, 57, 58, 60, 61, 62, 63, 64, 65, 66, 81, 82, 84, 86, 90, 91, 92, 93, 94, 95, 98,
];

/// In Italy the 0 is part of the number.
const ITALY: u16 = 39;

fn zero_after(country_code: u16) -> Result<PhoneNumber, InvalidPhoneNumber> {
    Err(InvalidPhoneNumber::ZeroAfter { country_code })
}

#[test]
fn no_zero_follows_a_country_code_of_one_or_two_digits_except_that_of_italy() {
    for code in SHORT_CODES {
        for rest in ["0112345", "0000000", "0123456789"] {
            let text = format!("+{code}{rest}");
            let expected = if code == ITALY {
                Ok(phone(&text))
            } else {
                zero_after(code)
            };
            assert_eq!(text.parse(), expected, "{text}");
        }
        // Without the 0, and with a later one.
        for next in 1..=9 {
            let text = format!("+{code}{next}012345");
            assert_eq!(phone(&text).to_e164(), text);
        }
    }
    assert_eq!(phone("+390612345678").to_e164(), "+390612345678");
}

#[test]
fn a_zero_after_a_country_code_of_three_digits_is_accepted() {
    // The plan is prefix-free: 3 digits that do not begin with a shorter code are a code.
    let is_short = |code: u16| {
        SHORT_CODES.contains(&code)
            || SHORT_CODES.contains(&(code / 10))
            || SHORT_CODES.contains(&(code / 100))
    };
    let long: Vec<u16> = (200..=999).filter(|code| !is_short(*code)).collect();
    for code in [
        210, 225, 241, 242, 268, 298, 350, 379, 385, 420, 423, 500, 599, 670, 850, 880, 960, 999,
    ] {
        assert!(long.contains(&code), "{code}");
    }
    for code in long {
        for rest in ["0112", "0123456", "0000"] {
            let text = format!("+{code}{rest}");
            assert_eq!(phone(&text).to_e164(), text);
        }
    }
}

#[test]
fn the_error_names_the_zero_to_drop() {
    // The shortest number of all.
    assert_eq!("+1000000".parse(), zero_after(1));
    let dropped = InvalidPhoneNumber::ZeroAfter { country_code: 44 };
    assert_eq!(
        dropped.to_string(),
        "a phone number has no 0 after +44: drop it"
    );
}

#[test]
fn the_mask_hides_every_character_but_the_last_four_and_keeps_the_length() {
    assert_eq!(phone("+14155558730").to_string(), "XXXXXXXX8730");
    assert_eq!(phone("+1234567").to_string(), "XXXX4567");
    assert_eq!(phone("+123456789012345").to_string(), "XXXXXXXXXXXX2345");
    assert_eq!(phone("+1100000").to_string(), "XXXX0000");
    assert_eq!(
        format!("{:?}", phone("+14155558730")),
        "PhoneNumber(XXXXXXXX8730)"
    );
}

#[test]
fn people_read_text_and_machines_an_integer() {
    let number = phone("+14155558730");
    assert_eq!(serde_json::to_string(&number).unwrap(), "\"+14155558730\"");
    assert_eq!(
        serde_json::from_str::<PhoneNumber>("\"+14155558730\"").unwrap(),
        number
    );
    // 14,155,558,730 in groups of seven bits, the least significant first.
    let bytes = vec![0xca, 0xde, 0xf2, 0xdd, 0x34];
    assert_eq!(postcard::to_allocvec(&number).unwrap(), bytes);
    assert_eq!(postcard::from_bytes::<PhoneNumber>(&bytes).unwrap(), number);
}

#[test]
fn a_stored_number_is_checked_as_a_typed_one() {
    for text in [
        "\"14155558730\"",
        "\"+123456\"",
        "\"+04155558730\"",
        "\"+4407911123456\"",
        "14155558730",
        "null",
    ] {
        assert!(serde_json::from_str::<PhoneNumber>(text).is_err(), "{text}");
    }
    for (value, text) in [
        (1_100_000_u64, "+1100000"),
        (999_999_999_999_999, "+999999999999999"),
    ] {
        let bytes = postcard::to_allocvec(&value).unwrap();
        assert_eq!(
            postcard::from_bytes::<PhoneNumber>(&bytes).unwrap(),
            phone(text)
        );
    }
    for value in [
        0_u64,
        999_999,
        1_000_000,
        1_099_999,
        4_407_911_123_456,
        1_000_000_000_000_000,
        u64::MAX,
    ] {
        let bytes = postcard::to_allocvec(&value).unwrap();
        assert!(
            postcard::from_bytes::<PhoneNumber>(&bytes).is_err(),
            "{value}"
        );
    }
}

#[test]
fn a_number_and_an_absent_one_take_eight_bytes() {
    assert_eq!(size_of::<PhoneNumber>(), 8);
    assert_eq!(size_of::<Option<PhoneNumber>>(), 8);
}
