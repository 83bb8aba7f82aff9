use alloc::format;
use alloc::string::ToString;

use super::{AppName, InvalidAppName};
use crate::message::septets;

#[test]
fn a_name_is_unchanged() {
    for name in [
        "A",
        "7-Eleven",
        "A&B <Co>",
        "Müller & Söhne",
        "ΔΦΓΛΩΠΨΣΘΞ",
        "100% Bio",
        "Booking.com",
        "12345",
    ] {
        let app: AppName = name.parse().unwrap();
        assert_eq!(app.as_str(), name);
        assert_eq!(app.to_string(), name);
    }
}

#[test]
fn a_name_has_1_to_30_characters() {
    assert_eq!("".parse::<AppName>(), Err(InvalidAppName::Length));
    // Characters, not bytes: these are 60 bytes.
    assert_eq!(
        "é".repeat(30).parse::<AppName>().unwrap().as_str(),
        "é".repeat(30)
    );
    assert_eq!(
        "é".repeat(31).parse::<AppName>(),
        Err(InvalidAppName::Length)
    );
    assert_eq!(AppName::MAX_LEN, 30);
}

#[test]
fn a_name_has_only_printable_gsm_characters_except_those_of_the_bound_line() {
    for c in '\0'..='\u{ffff}' {
        let costs_one = septets(c.encode_utf8(&mut [0; 4])) == Some(1);
        let allowed = costs_one && !c.is_control() && c != '@' && c != '#';
        let name = format!("a{c}b");
        let expected = if allowed {
            Ok(())
        } else {
            Err(InvalidAppName::Character)
        };
        assert_eq!(name.parse::<AppName>().map(|_| ()), expected, "{c:?}");
    }
    for name in [
        "@example.com",
        "Example\n\n@evil.example",
        "Example #1",
        "a\r",
        "\u{1b}",
        "5 €",
    ] {
        assert_eq!(
            name.parse::<AppName>(),
            Err(InvalidAppName::Character),
            "{name:?}"
        );
    }
}

#[test]
fn a_name_has_single_spaces_within_and_none_at_its_ends() {
    assert!("a b c".parse::<AppName>().is_ok());
    for name in [" ", "  ", " a", "a ", "a  b"] {
        assert_eq!(
            name.parse::<AppName>(),
            Err(InvalidAppName::Spaces),
            "{name:?}"
        );
    }
}

#[test]
fn a_name_with_as_many_digits_as_a_code_is_refused() {
    assert!("1-2-3-4-5".parse::<AppName>().is_ok());
    for name in ["123456", "123-456", "a1b2c3d4e5f6"] {
        assert_eq!(
            name.parse::<AppName>(),
            Err(InvalidAppName::Digits),
            "{name:?}"
        );
    }
}

#[test]
fn each_refusal_of_a_name_names_its_reason() {
    for (refusal, words) in [
        (
            InvalidAppName::Length,
            "the name of an app has 1 to 30 characters",
        ),
        (
            InvalidAppName::Character,
            "the name of an app has only printable characters of GSM 7-bit, and no @ or #",
        ),
        (
            InvalidAppName::Spaces,
            "the name of an app has only single spaces, and none at its ends",
        ),
        (
            InvalidAppName::Digits,
            "the name of an app has at most 5 digits",
        ),
    ] {
        assert_eq!(refusal.to_string(), words);
    }
}
