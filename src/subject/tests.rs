use alloc::format;
use alloc::string::ToString;

use super::{InvalidSubject, Subject};

#[test]
fn one_to_255_bytes_are_a_subject() {
    assert_eq!("".parse::<Subject>(), Err(InvalidSubject));
    assert_eq!("a".parse::<Subject>().unwrap().as_str(), "a");
    let longest = "s".repeat(255);
    assert_eq!(longest.parse::<Subject>().unwrap().as_str(), longest);
    assert_eq!("s".repeat(256).parse::<Subject>(), Err(InvalidSubject));
    assert_eq!(Subject::MAX_LEN, 255);
    assert_eq!(InvalidSubject.to_string(), "a subject has 1 to 255 bytes");
}

#[test]
fn bytes_are_counted_and_not_characters() {
    let fits = format!("{}a", "é".repeat(127));
    assert_eq!((fits.len(), fits.chars().count()), (255, 128));
    assert!(fits.parse::<Subject>().is_ok());
    assert_eq!("é".repeat(128).parse::<Subject>(), Err(InvalidSubject));
}

#[test]
fn a_subject_is_opaque() {
    for text in [" ", "\0", "auth0|a", "A", "a", "ａ", "\u{202e}x", "\"}"] {
        let subject: Subject = text.parse().unwrap();
        assert_eq!(subject.as_str(), text);
        assert_eq!(subject.to_string(), text);
    }
    assert_ne!("A".parse::<Subject>(), "a".parse::<Subject>());
    assert_ne!("a ".parse::<Subject>(), "a".parse::<Subject>());
}

#[test]
fn a_stored_subject_is_checked_as_a_given_one() {
    let subject: Subject = "auth0|a".parse().unwrap();
    assert_eq!(serde_json::to_string(&subject).unwrap(), "\"auth0|a\"");
    assert_eq!(
        serde_json::from_str::<Subject>("\"auth0|a\"").unwrap(),
        subject
    );
    let bytes = postcard::to_allocvec(&subject).unwrap();
    assert_eq!(bytes, b"\x07auth0|a");
    assert_eq!(postcard::from_bytes::<Subject>(&bytes).unwrap(), subject);
    let too_long = format!("\"{}\"", "s".repeat(256));
    for text in ["\"\"", "null", "1", too_long.as_str()] {
        assert!(serde_json::from_str::<Subject>(text).is_err(), "{text}");
    }
    let refused = serde_json::from_str::<Subject>("null").unwrap_err();
    assert_eq!(
        refused.to_string(),
        "invalid type: null, expected a string at line 1 column 4"
    );
    assert!(postcard::from_bytes::<Subject>(b"\x00").is_err());
    assert!(postcard::from_bytes::<Subject>(b"\x01\xff").is_err());
}
