use alloc::format;
use alloc::string::ToString;
use alloc::vec;

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
        "+1000000",
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
            Err(InvalidPhoneNumber),
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
            Err(InvalidPhoneNumber),
            "{text:?}"
        );
    }
    assert_eq!(
        InvalidPhoneNumber.to_string(),
        "not a phone number in E.164: write + and 7 to 15 digits of which the first is not 0"
    );
}

#[test]
fn the_mask_hides_every_character_but_the_last_four_and_keeps_the_length() {
    assert_eq!(phone("+14155558730").to_string(), "XXXXXXXX8730");
    assert_eq!(phone("+1234567").to_string(), "XXXX4567");
    assert_eq!(phone("+123456789012345").to_string(), "XXXXXXXXXXXX2345");
    assert_eq!(phone("+1000000").to_string(), "XXXX0000");
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
        "14155558730",
        "null",
    ] {
        assert!(serde_json::from_str::<PhoneNumber>(text).is_err(), "{text}");
    }
    for (value, text) in [
        (1_000_000_u64, "+1000000"),
        (999_999_999_999_999, "+999999999999999"),
    ] {
        let bytes = postcard::to_allocvec(&value).unwrap();
        assert_eq!(
            postcard::from_bytes::<PhoneNumber>(&bytes).unwrap(),
            phone(text)
        );
    }
    for value in [0_u64, 999_999, 1_000_000_000_000_000, u64::MAX] {
        let bytes = postcard::to_allocvec(&value).unwrap();
        assert!(
            postcard::from_bytes::<PhoneNumber>(&bytes).is_err(),
            "{value}"
        );
    }
}

#[test]
fn a_number_and_the_lack_of_one_take_eight_bytes() {
    assert_eq!(size_of::<PhoneNumber>(), 8);
    assert_eq!(size_of::<Option<PhoneNumber>>(), 8);
}
