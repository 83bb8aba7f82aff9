//! `mfa_token`: only issued texts open, and each session has one text.

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use oob_mfa::{Denied, Engine, FirstFactor, Subject};
use oob_mfa_testing::World;
use sha2::Sha256;
use time::{Duration, UtcDateTime};

/// The secret of the only key of a [`World`].
const SECRET: [u8; 32] = [7; 32];

/// Presents the bytes as a token, and as the sealed part of one.
///
/// Only the owner of the key could do the second. It lets mutations pass the seal and reach the
/// fields.
pub fn token(data: &[u8]) {
    let engine = World::new().engine;
    if let Ok(text) = core::str::from_utf8(data)
        && opens(&engine, text)
    {
        assert!(
            issued_tokens().iter().any(|issued| issued == text),
            "forged: {text}"
        );
    }
    opens(&engine, &seal(data));
}

/// The texts of every `mfa_token` that was ever issued.
pub fn issued_tokens() -> Vec<String> {
    let mut world = World::new();
    let now = world.now();
    let alice = world.subject().clone();
    let longest: Subject = "s".repeat(Subject::MAX_LEN).parse().expect("a subject");
    let long = "x".repeat(1_024);
    let long = long.as_str();
    let mut sessions = vec![
        world.first_factor(),
        world.first_factor(),
        world.second_factor(),
    ];
    for (subject, client, scope, audience) in [
        (alice, "", "", ""),
        (
            "ユーザー".parse().expect("a subject"),
            "demo",
            "",
            "オーディエンス",
        ),
        (longest, &long[..255], long, long),
    ] {
        let first_factor = FirstFactor {
            subject,
            client,
            scope,
            audience,
        };
        let session = world.engine.begin(first_factor, now, &mut world.rng);
        sessions.push(session.expect("fields of a token"));
    }
    sessions
        .iter()
        .map(|session| world.engine.issue_token(session))
        .map(|token| token.expose_secret().to_owned())
        .collect()
}

/// The token of any body.
pub fn seal(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&SECRET).expect("a key of any length");
    mac.update(b"oob-mfa token 1");
    mac.update(body);
    let mut token = body.to_vec();
    token.extend_from_slice(&mac.finalize().into_bytes());
    Base64UrlUnpadded::encode_string(&token)
}

fn opens(engine: &Engine, text: &str) -> bool {
    // The earliest possible time: nothing has expired.
    let first = UtcDateTime::UNIX_EPOCH;
    let session = match engine.open_token(text, None, first) {
        Ok(session) => session,
        Err(denied) => {
            let known = [
                Denied::TokenMalformed,
                Denied::TokenInvalid,
                Denied::TokenExpired,
            ];
            assert!(known.contains(&denied), "{denied:?}");
            return false;
        }
    };
    assert_eq!(
        engine.issue_token(&session).expose_secret(),
        text,
        "a second text of one session"
    );

    let client = session.client();
    assert_eq!(
        engine.open_token(text, Some(client), first).as_ref(),
        Ok(&session)
    );
    let stranger = format!("{client}'");
    assert_eq!(
        engine.open_token(text, Some(&stranger), first),
        Err(Denied::TokenOfAnotherClient)
    );
    // The holder of the key could write an expiry that no clock reaches. The engine accepts no such
    // session.
    if session.expires_at().year() < 9999 {
        let last = session.expires_at() - Duration::MILLISECOND;
        assert_eq!(engine.open_token(text, None, last).as_ref(), Ok(&session));
        let first = session.expires_at();
        assert_eq!(
            engine.open_token(text, None, first),
            Err(Denied::TokenExpired)
        );
    }
    true
}
