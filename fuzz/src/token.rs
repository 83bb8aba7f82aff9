//! `mfa_token`: no text opens but those that were issued, and each session has one text.

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use oob_mfa::{Denied, Engine, Policy};
use sha2::Sha256;
use time::{Duration, UtcDateTime};

use crate::world;

/// Presents the bytes as a token, and as the sealed part of one.
///
/// The second is what nobody without the key can do. It takes the mutations past the seal, where the
/// fields are read.
pub fn token(data: &[u8]) {
    let engine = world::engine(Policy::auth0());
    if let Ok(text) = core::str::from_utf8(data)
        && opens(&engine, text)
    {
        assert!(
            world::issued_tokens().iter().any(|issued| issued == text),
            "forged: {text}"
        );
    }
    opens(&engine, &seal(data));
}

/// The token of a body of anybody's making.
pub fn seal(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(&world::SECRET).expect("a key of any length");
    mac.update(b"oob-mfa token 1");
    mac.update(body);
    let mut token = body.to_vec();
    token.extend_from_slice(&mac.finalize().into_bytes());
    Base64UrlUnpadded::encode_string(&token)
}

fn opens(engine: &Engine, text: &str) -> bool {
    // The earliest moment there is, at which nothing has expired.
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
    // The key's holder could write an expiry that no clock gets to; the engine takes no such session.
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
