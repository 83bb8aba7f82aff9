mod forged;

use std::sync::LazyLock;
use std::time::Instant;

use oob_mfa_testing::World;
use rand_core::UnwrapErr;

use super::*;
use crate::keys::{self, Keys, SigningAlgorithm};

const ALGORITHMS: [SigningAlgorithm; 2] = [SigningAlgorithm::Rs256, SigningAlgorithm::Es256];

/// A key file of two keys of each kind.
static KEYS: LazyLock<String> = LazyLock::new(|| {
    let files = [(); 2].map(|()| keys::fresh().unwrap());
    let list = |name: &str| {
        let both = files.each_ref().map(|file| secret(file, name));
        format!("{name} = {both:?}")
    };
    ["engine", "rs256", "es256"].map(list).join("\n")
});

/// The first secret in a list of a key file.
fn secret<'a>(file: &'a str, list: &str) -> &'a str {
    let line = file
        .lines()
        .find_map(|line| line.strip_prefix(list))
        .unwrap();
    line.split('"').nth(1).unwrap()
}

const SIGNED_IN: i64 = 1_800_000_000;

fn at(seconds: i64, millis: i64) -> UtcDateTime {
    UtcDateTime::from_unix_timestamp(seconds).unwrap() + time::Duration::milliseconds(millis)
}

fn tokens() -> Tokens {
    tokens_of(&KEYS, SigningAlgorithm::default())
}

fn tokens_of(keys: &str, algorithm: SigningAlgorithm) -> Tokens {
    Tokens::new(
        "https://example.com/".into(),
        Duration::from_secs(600),
        Keys::parse(keys, algorithm).unwrap().signing,
    )
}

/// The proof of a phone confirmed at `now`, for an MFA session that expires at `expires_at`.
fn confirmed(now: UtcDateTime, expires_at: UtcDateTime) -> Verified {
    let mut world = World::new();
    let life = (expires_at - world.now()).unsigned_abs();
    let session = world.trusted(Assurance::Mfa, "openid enroll", life);
    world.wait((now - world.now()).unsigned_abs());
    let sent = world.associate(&session, "+14155558730").unwrap();
    world.verify(&session, &sent).unwrap()
}

fn mint(tokens: &Tokens, verified: &Verified) -> Result<Value, Unsigned> {
    let answer = tokens.mint(verified, None, &mut UnwrapErr(getrandom::SysRng))?;
    Ok(serde_json::to_value(&answer).unwrap())
}

/// The claims of a token, read without checking its signature.
fn claims(token: &Value) -> Value {
    let claims = token.as_str().unwrap().split('.').nth(1).unwrap();
    serde_json::from_slice(&Base64UrlUnpadded::decode_vec(claims).unwrap()).unwrap()
}

#[test]
fn the_tokens_of_a_confirmed_phone_end_with_its_session_and_keep_its_auth_time() {
    let tokens = tokens();
    let expires_at = at(SIGNED_IN + 600, 0);
    for (now, expires_in) in [
        (at(SIGNED_IN + 599, 999), 1),
        (at(SIGNED_IN + 599, 0), 1),
        (at(SIGNED_IN + 590, 1), 10),
        (at(SIGNED_IN, 0), 600),
    ] {
        let verified = confirmed(now, expires_at);
        let minted = mint(&tokens, &verified).unwrap();
        assert_eq!(minted["expires_in"], expires_in);
        for token in [&minted["access_token"], &minted["id_token"]] {
            let claims = claims(token);
            assert_eq!(claims["exp"], SIGNED_IN + 600);
            assert_eq!(claims["auth_time"], SIGNED_IN);
            assert_eq!(claims["iat"], now.unix_timestamp());
        }
        let token = minted["access_token"].as_str().unwrap();
        let session = tokens.open(token).unwrap();
        assert_eq!(session.expires_at(), expires_at);
        assert_eq!(session.authenticated_at(), at(SIGNED_IN, 0));
    }
}

#[test]
fn a_longer_session_does_not_give_longer_tokens_than_a_login() {
    let tokens = tokens();
    let verified = confirmed(at(SIGNED_IN + 7, 0), at(SIGNED_IN + 3_600, 0));
    let minted = mint(&tokens, &verified).unwrap();
    assert_eq!(minted["expires_in"], 600);
    assert_eq!(claims(&minted["access_token"])["exp"], SIGNED_IN + 607);
}

#[test]
fn a_token_of_any_key_of_the_file_opens_until_that_key_is_dropped() {
    let session = at(SIGNED_IN + 600, 0);
    let mut ids = Vec::new();
    for algorithm in ALGORITHMS {
        let old = keys::fresh().unwrap();
        let new = keys::fresh().unwrap();
        let of = |lists: &[&str]| {
            let list = |name: &str| {
                let secrets: Vec<_> = lists.iter().map(|file| secret(file, name)).collect();
                format!("{name} = {secrets:?}")
            };
            tokens_of(
                &["engine", "rs256", "es256"].map(list).join("\n"),
                algorithm,
            )
        };
        let before = of(&[&old]);
        let verified = confirmed(at(SIGNED_IN, 0), session);
        let token = mint(&before, &verified).unwrap()["access_token"].take();
        let token = token.as_str().unwrap();
        let opens = |tokens: &Tokens| tokens.open(token).map(drop);
        assert_eq!(opens(&before), Ok(()));
        // Added after the old key, then before it: tokens of either key open at both.
        let (added, promoted) = (of(&[&old, &new]), of(&[&new, &old]));
        let signed = [&added, &promoted].map(|tokens| {
            assert_eq!(opens(tokens), Ok(()));
            let token = mint(tokens, &verified).unwrap()["access_token"].take();
            let token = token.as_str().unwrap().to_owned();
            for tokens in [&added, &promoted] {
                tokens.open(&token).unwrap();
            }
            jsonwebtoken::decode_header(token).unwrap().kid.unwrap()
        });
        assert_eq!(signed[0], before.keys.current().id());
        assert_eq!(signed[1], promoted.keys.current().id());
        assert_ne!(signed[0], signed[1]);
        let published = promoted.key_set();
        assert_eq!(published["keys"].as_array().unwrap().len(), 4);
        assert_eq!(published["keys"][0]["kid"], signed[1]);
        assert_eq!(published["keys"][1]["kid"], signed[0]);
        assert_eq!(opens(&of(&[&new])), Err(Denied::TokenInvalid));
        ids.extend(signed);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 4);
}

#[test]
fn the_setting_chooses_the_algorithm_and_what_the_other_signed_still_opens() {
    let session = at(SIGNED_IN + 600, 0);
    for (algorithm, name) in ALGORITHMS.into_iter().zip(["RS256", "ES256"]) {
        let tokens = tokens_of(&KEYS, algorithm);
        let discovery = tokens.discovery();
        let supported = &discovery["id_token_signing_alg_values_supported"];
        assert_eq!(supported, &json!([name]));
        let verified = confirmed(at(SIGNED_IN, 0), session);
        let minted = mint(&tokens, &verified).unwrap();
        for (kind, typ) in [("access_token", "at+jwt"), ("id_token", "JWT")] {
            let header = minted[kind].as_str().unwrap().split('.').next().unwrap();
            let header: Value =
                serde_json::from_slice(&Base64UrlUnpadded::decode_vec(header).unwrap()).unwrap();
            let kid = &tokens.key_set()["keys"][0]["kid"];
            assert_eq!(header, json!({ "typ": typ, "alg": name, "kid": kid }));
        }
        let token = minted["access_token"].as_str().unwrap();
        for opener in ALGORITHMS.map(|algorithm| tokens_of(&KEYS, algorithm)) {
            opener.open(token).unwrap();
        }
    }
}

/// The fastest of many rounds: `cargo test --release -p oob-mfa-server --lib a_login_signs -- --ignored --nocapture`
#[test]
#[ignore = "prints times, and judges none"]
fn a_login_signs_two_tokens_in_this_time() {
    let session = at(SIGNED_IN + 600, 0);
    for algorithm in ALGORITHMS {
        let tokens = tokens_of(&KEYS, algorithm);
        let verified = confirmed(at(SIGNED_IN, 0), session);
        let minted = mint(&tokens, &verified).unwrap();
        let token = minted["access_token"].as_str().unwrap();
        let key = tokens.keys.current();
        let timed = |what: &str, work: &dyn Fn()| {
            let round = |_| {
                let begun = Instant::now();
                (0..5).for_each(|_| work());
                begun.elapsed() / 5
            };
            println!(
                "{algorithm:?}, {what}: {:?}",
                (0..500).map(round).min().unwrap()
            );
        };
        timed("a signature", &|| drop(key.sign(&[7; 500])));
        timed("a login's tokens", &|| drop(mint(&tokens, &verified)));
        timed("a token opened", &|| drop(tokens.open(token)));
    }
}
