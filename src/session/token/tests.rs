use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use base64ct::{Base64UrlUnpadded, Encoding};
use time::UtcDateTime;

use super::MfaToken;
use crate::code::tests::Words;
use crate::denied::Denied;
use crate::engine::Engine;
use crate::key::{Key, KeyRing};
use crate::policy::Policy;
use crate::session::tests::{LIFETIME, START, at, claims, engine, keys, session, subject};
use crate::session::{Assurance, FirstFactor, MfaSession};
use crate::subject::Subject;

/// Where the fields of a token begin, and the length of its seal.
const TAG: usize = 5;
const ASSURANCE: usize = 21;
const ISSUED: usize = 22;
const EXPIRES: usize = 30;
const AUTHENTICATED: usize = 38;
const SUBJECT: usize = 46;
const SEAL: usize = 32;

fn raw(token: &MfaToken) -> Vec<u8> {
    Base64UrlUnpadded::decode_vec(token.expose_secret()).unwrap()
}

fn text(raw: &[u8]) -> String {
    Base64UrlUnpadded::encode_string(raw)
}

/// Seals any body with the genuine key.
fn sealed(body: &[u8]) -> String {
    let mut token = body.to_vec();
    token.extend_from_slice(&keys().current().seal(body));
    text(&token)
}

fn body() -> Vec<u8> {
    let mut token = raw(&engine().issue_token(&session()));
    token.truncate(token.len() - SEAL);
    token
}

fn open(token: &str) -> Result<MfaSession, Denied> {
    engine().open_token(token, None, at(0))
}

#[test]
fn a_token_opens_to_its_session() {
    let begun = session();
    let opened = open(engine().issue_token(&begun).expose_secret()).unwrap();
    assert_eq!(opened, begun);
    assert_eq!(opened.subject(), &subject());
    assert_eq!(opened.client(), "demo");
    assert_eq!(opened.scope(), "openid");
    assert_eq!(opened.audience(), "api");
    assert_eq!(opened.assurance(), Assurance::FirstFactor);
    assert_eq!(opened.issued_at(), at(0));
    assert_eq!(opened.expires_at(), at(LIFETIME));
    assert_eq!(opened.authenticated_at(), at(0));

    let trusted = MfaSession::trusted(claims()).unwrap();
    let opened = open(engine().issue_token(&trusted).expose_secret()).unwrap();
    assert_eq!(opened, trusted);
    assert_eq!(opened.authenticated_at(), claims().authenticated_at);
}

#[test]
fn a_token_is_laid_out_as_documented() {
    let mut expected = Vec::new();
    expected.extend_from_slice(&[1, 1, 2, 3, 4]);
    expected.extend(0..16_u8);
    expected.push(1);
    expected.extend_from_slice(&START.to_be_bytes());
    expected.extend_from_slice(&(START + LIFETIME).to_be_bytes());
    expected.extend_from_slice(&START.to_be_bytes());
    expected.extend_from_slice(b"\0\x07auth0|a\0\x04demo\0\x06openid\0\x03api");
    assert_eq!(body(), expected);
    assert_eq!(body()[ASSURANCE], 1);
    let trusted = MfaToken::seal(&MfaSession::trusted(claims()).unwrap(), &keys());
    assert_eq!(raw(&trusted)[ASSURANCE], 2);
    let authenticated = START + 1 - 3_600_000;
    assert_eq!(
        raw(&trusted)[AUTHENTICATED..SUBJECT],
        authenticated.to_be_bytes()
    );
}

#[test]
fn no_flipped_bit_of_a_token_passes() {
    let token = raw(&engine().issue_token(&session()));
    for index in 0..token.len() {
        for bit in 0..8 {
            let mut flipped = token.clone();
            flipped[index] ^= 1 << bit;
            // Only the version is checked before the seal.
            let denied = if index == 0 {
                Denied::TokenMalformed
            } else {
                Denied::TokenInvalid
            };
            assert_eq!(
                open(&text(&flipped)),
                Err(denied),
                "byte {index}, bit {bit}"
            );
        }
    }
}

#[test]
fn no_flipped_bit_of_its_text_passes() {
    let token = String::from(engine().issue_token(&session()).expose_secret());
    for index in 0..token.len() {
        // The eighth bit makes it invalid UTF-8.
        for bit in 0..7 {
            let mut flipped = token.clone().into_bytes();
            flipped[index] ^= 1 << bit;
            let flipped = String::from_utf8(flipped).unwrap();
            let denied = open(&flipped).unwrap_err();
            assert!(
                matches!(denied, Denied::TokenMalformed | Denied::TokenInvalid),
                "{denied:?}"
            );
        }
    }
}

#[test]
fn a_token_cut_short_or_made_longer_does_not_pass() {
    let token = raw(&engine().issue_token(&session()));
    for len in 0..token.len() {
        // Before the seal is checked, the token needs 32 bytes of seal, 1 of version and 4 of key
        // id.
        let denied = if len < SEAL + 5 {
            Denied::TokenMalformed
        } else {
            Denied::TokenInvalid
        };
        assert_eq!(open(&text(&token[..len])), Err(denied), "{len} bytes");
    }
    for extra in [0, 1, 0xff] {
        let mut longer = token.clone();
        longer.push(extra);
        assert_eq!(open(&text(&longer)), Err(Denied::TokenInvalid));
    }
    let whole = String::from(engine().issue_token(&session()).expose_secret());
    for len in 0..whole.len() {
        let denied = open(&whole[..len]).unwrap_err();
        assert!(
            matches!(denied, Denied::TokenMalformed | Denied::TokenInvalid),
            "{denied:?}"
        );
    }
}

#[test]
fn a_text_that_is_not_canonical_base64url_is_malformed() {
    let token = engine().issue_token(&session());
    let token = token.expose_secret();
    // With 106 bytes, the last character has 4 unused bits.
    assert_eq!((token.len() * 6) % 8, 4);
    let last = token.as_bytes()[token.len() - 1];
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let place = alphabet.iter().position(|byte| *byte == last).unwrap();
    for twin in 1..16 {
        let twin = char::from(alphabet[place + twin]);
        let text = format!("{}{twin}", &token[..token.len() - 1]);
        assert_eq!(open(&text), Err(Denied::TokenMalformed));
    }
    for text in [
        format!("{token}="),
        format!("{token}=="),
        format!(" {token}"),
        format!("{token} "),
        format!("{token}\n"),
        format!("{token}."),
        token.replacen('A', "+", 1),
        token.replacen('A', "/", 1),
        token.replacen('A', "\0", 1),
        token.replacen('A', "é", 1),
    ] {
        assert_eq!(open(&text), Err(Denied::TokenMalformed), "{text:?}");
    }
}

#[test]
fn a_sealed_body_that_is_not_a_session_is_malformed() {
    let replaced = |from: usize, bytes: &[u8]| {
        let mut body = body();
        body[from..from + bytes.len()].copy_from_slice(bytes);
        open(&sealed(&body))
    };
    assert_eq!(open(&sealed(&body())), Ok(session()));
    assert_eq!(replaced(0, &[0]), Err(Denied::TokenMalformed));
    assert_eq!(replaced(0, &[2]), Err(Denied::TokenMalformed));
    assert_eq!(replaced(1, &[1, 2, 3, 5]), Err(Denied::TokenInvalid));
    assert_ne!(replaced(TAG, &[9]), Ok(session()));
    for assurance in [0, 3, 255] {
        assert_eq!(
            replaced(ASSURANCE, &[assurance]),
            Err(Denied::TokenMalformed)
        );
    }
    let greatest = (1_u64 << 53) - 1;
    for field in [ISSUED, EXPIRES, AUTHENTICATED] {
        assert!(replaced(field, &greatest.to_be_bytes()).is_ok());
        let beyond = replaced(field, &(greatest + 1).to_be_bytes());
        assert_eq!(beyond, Err(Denied::TokenMalformed));
    }
    // No subject, one that is not a text, and a length past the end.
    assert_eq!(
        replaced(SUBJECT, &[0xff, 0xff]),
        Err(Denied::TokenMalformed)
    );
    assert_eq!(replaced(SUBJECT + 2, &[0xff]), Err(Denied::TokenMalformed));
    let empty = [&body()[..SUBJECT], &[0; 8]].concat();
    assert_eq!(open(&sealed(&empty)), Err(Denied::TokenMalformed));
    // Bytes after the last field, and every truncated body.
    for extra in [0, 1] {
        assert_eq!(
            open(&sealed(&[&body()[..], &[extra]].concat())),
            Err(Denied::TokenMalformed)
        );
    }
    for len in 5..body().len() {
        assert_eq!(
            open(&sealed(&body()[..len])),
            Err(Denied::TokenMalformed),
            "{len}"
        );
    }
}

#[test]
fn a_sealed_body_with_a_field_too_long_is_malformed() {
    let fields = |lens: [usize; 4]| {
        let mut body = body();
        body.truncate(SUBJECT);
        for len in lens {
            body.extend_from_slice(&u16::try_from(len).unwrap().to_be_bytes());
            body.resize(body.len() + len, b'x');
        }
        open(&sealed(&body)).map(drop)
    };
    assert_eq!(fields([255, 255, 1_024, 1_024]), Ok(()));
    assert_eq!(
        fields([256, 255, 1_024, 1_024]),
        Err(Denied::TokenMalformed)
    );
    assert_eq!(
        fields([255, 256, 1_024, 1_024]),
        Err(Denied::TokenMalformed)
    );
    assert_eq!(
        fields([255, 255, 1_025, 1_024]),
        Err(Denied::TokenMalformed)
    );
    assert_eq!(
        fields([255, 255, 1_024, 1_025]),
        Err(Denied::TokenMalformed)
    );
}

#[test]
fn a_token_with_every_field_at_its_longest_opens() {
    let subject: Subject = "s".repeat(255).parse().unwrap();
    let (client, text) = ("c".repeat(255), "t".repeat(1_024));
    let mut rng = Words::new([0; 4]);
    let first_factor = FirstFactor {
        subject,
        client: &client,
        scope: &text,
        audience: &text,
    };
    let longest = engine().begin(first_factor, at(0), &mut rng).unwrap();
    let token = engine().issue_token(&longest);
    let texts = 255 + 255 + 1_024 + 1_024;
    assert_eq!(raw(&token).len(), SUBJECT + 4 * 2 + texts + SEAL);
    assert_eq!(raw(&token).len(), 2_644);
    assert_eq!(token.expose_secret().len(), 3_526);
    assert_eq!(open(token.expose_secret()), Ok(longest));
}

#[test]
fn a_text_longer_than_any_token_is_malformed() {
    assert_eq!(open(""), Err(Denied::TokenMalformed));
    assert_eq!(open("a"), Err(Denied::TokenMalformed));
    let version = |len: usize| format!("AQ{}", "A".repeat(len - 2));
    assert_eq!(open(&version(4_096)), Err(Denied::TokenInvalid));
    assert_eq!(open(&version(4_098)), Err(Denied::TokenMalformed));
    assert_eq!(open(&version(1 << 20)), Err(Denied::TokenMalformed));
}

#[test]
fn a_token_of_another_key_does_not_pass() {
    let opened = |id, secret| {
        let other = KeyRing::new(Key::new(id, &[secret; 32]));
        let token = Engine::new(Policy::auth0(), other).issue_token(&session());
        open(token.expose_secret()).map(drop)
    };
    assert_eq!(opened(0x0102_0304, 7), Ok(()));
    assert_eq!(opened(0x0102_0304, 8), Err(Denied::TokenInvalid));
    assert_eq!(opened(1, 7), Err(Denied::TokenInvalid));
}

#[test]
fn a_token_outlives_a_change_of_keys_as_long_as_its_key_is_in_the_ring() {
    let token = engine().issue_token(&session());
    let current = || Key::new(2, &[8; 32]);
    let previous = Key::new(0x0102_0304, &[7; 32]);
    let rotated = KeyRing::new(current()).with_previous(previous).unwrap();
    let rotated = Engine::new(Policy::auth0(), rotated);
    assert_eq!(
        rotated.open_token(token.expose_secret(), None, at(0)),
        Ok(session())
    );
    let renewed = rotated.issue_token(&session());
    assert_eq!(raw(&renewed)[1..5], [0, 0, 0, 2]);
    assert_eq!(open(renewed.expose_secret()), Err(Denied::TokenInvalid));
    let dropped = Engine::new(Policy::auth0(), KeyRing::new(current()));
    let refused = dropped.open_token(token.expose_secret(), None, at(0));
    assert_eq!(refused, Err(Denied::TokenInvalid));
}

#[test]
fn a_token_is_good_until_the_millisecond_of_its_expiry() {
    let token = engine().issue_token(&session());
    let open_at = |millis| {
        engine()
            .open_token(token.expose_secret(), None, at(millis))
            .map(drop)
    };
    assert_eq!(open_at(0), Ok(()));
    assert_eq!(open_at(LIFETIME - 1), Ok(()));
    assert_eq!(open_at(LIFETIME), Err(Denied::TokenExpired));
    assert_eq!(open_at(LIFETIME + 1), Err(Denied::TokenExpired));
    let first = UtcDateTime::UNIX_EPOCH;
    assert_eq!(
        engine().open_token(token.expose_secret(), None, first),
        Ok(session())
    );
    let last = UtcDateTime::MAX;
    let expired = engine().open_token(token.expose_secret(), None, last);
    assert_eq!(expired, Err(Denied::TokenExpired));
}

#[test]
fn a_token_is_the_clients_that_it_was_issued_to() {
    let token = engine().issue_token(&session());
    let open_as = |client, millis| {
        engine()
            .open_token(token.expose_secret(), client, at(millis))
            .map(drop)
    };
    assert_eq!(open_as(None, 0), Ok(()));
    assert_eq!(open_as(Some("demo"), 0), Ok(()));
    for other in ["", "Demo", "demo ", "dem", "demo2"] {
        assert_eq!(open_as(Some(other), 0), Err(Denied::TokenOfAnotherClient));
        assert_eq!(
            session().check_client(Some(other)),
            Err(Denied::TokenOfAnotherClient)
        );
    }
    // The client is checked before the clock.
    assert_eq!(
        open_as(Some("other"), LIFETIME),
        Err(Denied::TokenOfAnotherClient)
    );
    assert_eq!(session().check_client(Some("demo")), Ok(()));
    assert_eq!(session().check_client(None), Ok(()));
}

#[test]
fn debug_shows_nothing_of_the_token() {
    assert_eq!(
        format!("{:?}", engine().issue_token(&session())),
        "MfaToken(redacted)"
    );
}
