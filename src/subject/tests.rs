use alloc::format;
use alloc::string::ToString;
use core::hash::{Hash, Hasher};
use std::hash::DefaultHasher;

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

#[test]
fn a_subject_is_shown_compared_and_hashed_as_its_text() {
    let texts = [
        "s".repeat(255),
        "s".repeat(254),
        // Characters of two bytes.
        "é".repeat(127),
        // With zeros at the end.
        "a".into(),
        "a\0".into(),
        format!("{}\0", "s".repeat(254)),
        "s".repeat(253),
        // Later than one that is longer.
        "aa".into(),
        "b".into(),
    ];
    let hash_of = |hashed: &dyn Fn(&mut DefaultHasher)| {
        let mut hasher = DefaultHasher::new();
        hashed(&mut hasher);
        hasher.finish()
    };
    for (one, a) in texts.iter().enumerate() {
        let subject: Subject = a.parse().unwrap();
        assert_eq!(subject.as_str(), a);
        assert_eq!(format!("{subject:?}"), format!("Subject({a:?})"));
        assert_eq!(
            hash_of(&|hasher| subject.hash(hasher)),
            hash_of(&|hasher| a.hash(hasher))
        );
        for (other, b) in texts.iter().enumerate() {
            let second: Subject = b.parse().unwrap();
            assert_eq!(subject == second, one == other, "{a:?} {b:?}");
            assert_eq!(subject.cmp(&second), a.cmp(b), "{a:?} {b:?}");
            assert_eq!(subject.partial_cmp(&second), a.partial_cmp(b));
        }
    }
}

#[test]
fn a_clone_of_a_subject_shares_its_text() {
    let subject: Subject = "auth0|a".parse().unwrap();
    assert!(core::ptr::eq(subject.as_str(), subject.clone().as_str()));
}
