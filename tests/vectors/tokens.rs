//! `mfa_token`s: made, opened, and refused.

use base64ct::{Base64UrlUnpadded, Encoding};
use hmac::{Hmac, KeyInit, Mac};
use oob_mfa::*;
use sha2::Sha256;

use crate::json::{Json, json, list, null, object};
use crate::stream::Given;
use crate::{KEY, START, Secret, alice, hex, millis, moment};

const MINUTE: i64 = 60_000;

pub fn denied_name(denied: &Denied) -> String {
    let text = format!("{denied:?}");
    text.split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap()
        .to_owned()
}

pub fn session_fields(session: &MfaSession) -> [(&'static str, Json); 8] {
    [
        ("assurance", json(&session.assurance())),
        ("issued_at", json(&millis(session.issued_at()))),
        ("expires_at", json(&millis(session.expires_at()))),
        (
            "authenticated_at",
            json(&millis(session.authenticated_at())),
        ),
        ("subject", json(session.subject())),
        ("client", json(session.client())),
        ("scope", json(session.scope())),
        ("audience", json(session.audience())),
    ]
}

fn begun(tag: [u8; 16], [client, scope, audience]: [&str; 3]) -> MfaSession {
    let engine = KEY.engine(Policy::auth0());
    let first_factor = FirstFactor {
        subject: alice(),
        client,
        scope,
        audience,
    };
    engine
        .begin(first_factor, moment(START), &mut Given::new(tag))
        .unwrap()
}

fn issued(secret: Secret, tag: [u8; 16], session: &MfaSession) -> Json {
    let token = secret.engine(Policy::auth0()).issue_token(session);
    let mut fields = vec![("key", secret.json()), ("session", hex(&tag))];
    fields.extend(session_fields(session));
    fields.push(("mfa_token", json(token.expose_secret())));
    object(fields)
}

fn opened(keys: &[Secret], token: &str, client: Option<&str>, now: i64) -> Json {
    let ring = keys[1..]
        .iter()
        .fold(KeyRing::new(keys[0].key()), |ring, key| {
            ring.with_previous(key.key()).unwrap()
        });
    let engine = Engine::new(Policy::auth0(), ring);
    let result = engine.open_token(token, client, moment(now));
    object([
        ("keys", list(keys.iter().map(Secret::json))),
        ("mfa_token", json(token)),
        ("client", client.map_or_else(null, json)),
        ("now", json(&now)),
        match result {
            Ok(session) => ("session", object(session_fields(&session))),
            Err(denied) => ("denied", json(&denied_name(&denied))),
        },
    ])
}

/// A token's bytes before its seal.
struct Body(Vec<u8>);

impl Body {
    fn of(token: &str) -> Self {
        let mut bytes = Base64UrlUnpadded::decode_vec(token).unwrap();
        bytes.truncate(bytes.len() - 32);
        Self(bytes)
    }

    fn with(mut self, at: usize, bytes: &[u8]) -> Self {
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
        self
    }

    fn followed_by(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn until(mut self, len: usize) -> Self {
        self.0.truncate(len);
        self
    }

    /// Seals any content with the genuine key. Only a server with a bug would make it.
    fn sealed(self) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(&KEY.1).unwrap();
        mac.update(b"oob-mfa token 1");
        mac.update(&self.0);
        let seal = mac.finalize().into_bytes();
        Base64UrlUnpadded::encode_string(&[&self.0[..], &seal[..]].concat())
    }
}

fn with_spare_bits(token: &str) -> String {
    const ALPHABET: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    assert_eq!(token.len() % 4, 2);
    let (start, last) = token.split_at(token.len() - 1);
    let value = ALPHABET.find(last).unwrap();
    assert_eq!(value % 16, 0);
    format!("{start}{}", &ALPHABET[value + 1..value + 2])
}

pub fn vectors() -> Json {
    let tag = std::array::from_fn(|index| index as u8);
    let plain = begun(tag, ["demo", "openid profile", ""]);
    let longest = "s".repeat(1_024);
    let client = "c".repeat(255);
    let full = MfaSession::trusted(TrustedClaims {
        id: SessionId::from_jti("jti-1").unwrap(),
        subject: "é|ユーザー".parse().unwrap(),
        client: "demo",
        assurance: Assurance::Mfa,
        scope: "enroll",
        audience: "https://example.com/mfa/",
        issued_at: moment(START + 1),
        expires_at: moment(START + 2),
        authenticated_at: moment(START - MINUTE),
    })
    .unwrap();
    // The first 16 bytes of SHA-256("oob-mfa sess 1\x02jti-1"), as `digests.json` has it.
    let full_tag = [
        0x15, 0x01, 0xc5, 0x92, 0x96, 0xe8, 0x08, 0x68, 0x37, 0xe2, 0x81, 0x09, 0xff, 0xa5, 0x63,
        0xb8,
    ];
    let other = Secret::counted(0x0102_0304, 0xa0);
    let made = [
        issued(KEY, tag, &plain),
        issued(other, tag, &plain),
        issued(KEY, [0xff; 16], &begun([0xff; 16], ["", "", ""])),
        issued(KEY, tag, &begun(tag, [&client, &longest, "x"])),
        issued(other, full_tag, &full),
    ];

    let token = KEY.engine(Policy::auth0()).issue_token(&plain);
    let token = token.expose_secret();
    let keys = [KEY];
    let open = |text: &str| opened(&keys, text, None, START);
    let body = || Body::of(token);
    let end = body().0.len();
    let mut changed = token.to_owned();
    changed.replace_range(40..41, if &token[40..41] == "A" { "B" } else { "A" });
    let genuine = [
        open(token),
        opened(&keys, token, Some("demo"), START),
        opened(&keys, token, None, START + 10 * MINUTE - 1),
        opened(&keys, token, None, START - 60 * MINUTE),
        opened(&[other, KEY], token, None, START),
        open(&body().sealed()),
        open(&body().with(21, &[2]).sealed()),
    ];
    let refused = [
        opened(&keys, token, Some("another"), START),
        opened(&keys, token, None, START + 10 * MINUTE),
        // The client is checked before the time.
        opened(&keys, token, Some("another"), START + 10 * MINUTE),
        opened(&[other], token, None, START),
        opened(&[Secret(1, other.1)], token, None, START),
        open(&changed),
        open(&format!("{token}=")),
        open(&format!(" {token}")),
        open(&token[..token.len() - 1]),
        // The last character holds 4 bits more than the bytes need. They are 0 in a genuine token.
        open(&with_spare_bits(token)),
        open(""),
        open("not a token"),
        // 31 bytes and 32: too short for a seal, and for a version before it.
        open(&"A".repeat(42)),
        open(&"A".repeat(43)),
        open(&"A".repeat(4_096)),
        open(&"A".repeat(4_097)),
        open(&body().with(0, &[0]).sealed()),
        open(&body().with(0, &[2]).sealed()),
        open(&body().with(1, &[0, 0, 0, 2]).sealed()),
        open(&body().with(21, &[0]).sealed()),
        open(&body().with(21, &[3]).sealed()),
        // A moment past 2⁵³ − 1, in each place.
        open(&body().with(22, &(1_u64 << 53).to_be_bytes()).sealed()),
        open(&body().with(30, &(1_u64 << 53).to_be_bytes()).sealed()),
        open(&body().with(38, &(1_u64 << 53).to_be_bytes()).sealed()),
        // A subject of no bytes, and one that is not UTF-8.
        open(&body().until(46).followed_by(&[0; 8]).sealed()),
        open(&body().with(48, &[0xff]).sealed()),
        open(&body().followed_by(&[0]).sealed()),
        open(&body().until(end - 1).sealed()),
        open(&body().until(5).sealed()),
        // A client of 256 bytes.
        open(
            &body()
                .until(46)
                .followed_by(&[0, 1, b's', 1, 0])
                .followed_by(&[b'c'; 256])
                .followed_by(&[0; 4])
                .sealed(),
        ),
        open(
            &body()
                .until(46)
                .followed_by(&[0, 1, b's', 0, 0, 4, 1])
                .followed_by(&[b'c'; 1_025])
                .followed_by(&[0; 2])
                .sealed(),
        ),
    ];
    object([
        ("issued", list(made)),
        ("opened", list(genuine.into_iter().chain(refused))),
    ])
}
