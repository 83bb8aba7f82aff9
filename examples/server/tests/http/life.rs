//! The messages and tokens of an account's life, whose answers the walk of all examples checks.

use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey,
};
use base64ct::{Base64UrlUnpadded, Encoding};
use serde_json::{Value, json};

use crate::common::*;

/// Header and claims of a token, after checking its signature with the published key.
pub fn verified(world: &World, token: &str) -> (Value, Value) {
    let discovery = world
        .send("GET", "/.well-known/openid-configuration", &[], "")
        .ok();
    assert_eq!(discovery["issuer"], world.issuer());
    assert_eq!(
        discovery["token_endpoint"],
        format!("{}oauth/token", world.issuer())
    );
    let keys = discovery["jwks_uri"]
        .as_str()
        .unwrap()
        .strip_prefix(&world.issuer())
        .unwrap();
    let keys = world.send("GET", &format!("/{keys}"), &[], "").ok();
    let decode = |text: &str| Base64UrlUnpadded::decode_vec(text).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let (header, claims) = signed.split_once('.').unwrap();
    let header: Value = serde_json::from_slice(&decode(header)).unwrap();
    // The key that signs is the first.
    let key = &keys["keys"][0];
    assert_eq!((&header["kid"], &header["alg"]), (&key["kid"], &key["alg"]));
    let part = |name: &str| decode(key[name].as_str().unwrap());
    let (message, signature) = (signed.as_bytes(), decode(signature));
    match header["alg"].as_str().unwrap() {
        "RS256" => RsaPublicKeyComponents {
            n: part("n"),
            e: part("e"),
        }
        .verify(&RSA_PKCS1_2048_8192_SHA256, message, &signature),
        "ES256" => {
            let point = [vec![4], part("x"), part("y")].concat();
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, &signature)
        }
        other => panic!("{other}"),
    }
    .unwrap();
    (header, serde_json::from_slice(&decode(claims)).unwrap())
}

#[test]
fn a_life_sends_these_messages_and_mints_these_tokens() {
    let world = World::new();
    let required = world.form(
        "/oauth/token",
        &[("authorization", BASIC)],
        &[
            ("grant_type", "password"),
            ("username", "Alice@Example.com"),
            ("password", PASSWORD),
            ("scope", "openid profile"),
        ],
    );
    assert_eq!(required.status, 403);
    let token = required.text("mfa_token");
    let associated = world.associate(&token, "sms", PHONE).ok();
    let oob_code = associated["oob_code"].as_str().unwrap();
    let recovery_code = associated["recovery_codes"][0].as_str().unwrap();
    assert_eq!(recovery_code.len(), 24);
    let message = world.outbox.messages().pop().unwrap();
    let code = world.outbox.code();
    assert_eq!(
        message,
        json!({
            "channel": "sms",
            "to": PHONE,
            "code": code,
            "text": format!("{code} is your oob-mfa code. Do not share it."),
            "id": message["id"],
            "expires_at": "2027-01-15T08:05:00Z",
        })
    );

    // The tokens have what an SDK verifies.
    let confirmed = world.answer(&token, oob_code, &code).ok();
    let now = world.now();
    let (header, claims) = verified(&world, confirmed["id_token"].as_str().unwrap());
    assert_eq!(header["typ"], "JWT");
    assert_eq!(
        claims,
        json!({
            "iss": world.issuer(), "aud": "demo", "sub": ALICE, "iat": now, "exp": now + 600,
            "auth_time": now, "amr": ["pwd", "mfa", "sms"],
        })
    );
    let (header, claims) = verified(&world, confirmed["access_token"].as_str().unwrap());
    assert_eq!(header["typ"], "at+jwt");
    assert_eq!(
        claims,
        json!({
            "iss": world.issuer(), "aud": format!("{}userinfo", world.issuer()), "sub": ALICE,
            "iat": now, "exp": now + 600, "auth_time": now, "jti": claims["jti"],
            "azp": "demo", "client_id": "demo", "scope": "openid profile",
            "amr": ["pwd", "mfa", "sms"],
        })
    );

    // A login by voice, for another API.
    world.advance(60);
    let token = world
        .password("alice@example.com", PASSWORD, "openid", "https://api/")
        .text("mfa_token");
    let ids = world.ids(&token);
    assert!(ids[2].starts_with("voice|"), "{ids:?}");
    let challenged = world.challenge(&token, &json!({ "authenticator_id": ids[2] }));
    let message = world.outbox.messages().pop().unwrap();
    assert_eq!(message["channel"], "voice");
    let digits = world
        .outbox
        .code()
        .chars()
        .map(String::from)
        .collect::<Vec<_>>()
        .join(", ");
    let text = message["text"].as_str().unwrap();
    assert!(!text.contains(&digits), "{text}");
    // The prompt asks for 3 keys.
    let keys: Vec<&str> = message["keys"].as_str().unwrap().split("").collect();
    let [_, a, b, c, _] = keys[..] else {
        panic!("{message}");
    };
    assert!(text.contains(&format!("press {a}, {b}, {c}.")), "{text}");
    let answered = message["answered"].as_str().unwrap();
    assert_eq!(answered.matches(&digits).count(), 2);
    let oob_code = challenged.text("oob_code");
    let signed_in = world.answer(&token, &oob_code, &world.outbox.code()).ok();
    let (_, claims) = verified(&world, signed_in["access_token"].as_str().unwrap());
    assert_eq!(claims["aud"], "https://api/");
    assert_eq!(claims["amr"], json!(["pwd", "mfa", "tel"]));

    let recovered = world.recover(&world.login(), recovery_code).ok();
    let (_, claims) = verified(&world, recovered["access_token"].as_str().unwrap());
    assert_eq!(claims["amr"], json!(["pwd", "mfa"]));
    let (_, claims) = verified(&world, &world.manage(MANAGE));
    assert_eq!(claims["aud"], world.mfa_audience());
}

#[test]
fn a_public_client_signs_in_without_a_secret() {
    let world = World::new();
    let login = |scope: &str| {
        let grant = "http://auth0.com/oauth/grant-type/password-realm";
        let body = json!({
            "grant_type": grant, "realm": "any", "client_id": "demo-public",
            "username": "alice@example.com", "password": PASSWORD, "scope": scope,
        });
        world.json("/oauth/token", &[], &body).text("mfa_token")
    };
    // There is no refresh token, and this client may not manage factors.
    let token = login("offline_access profile enroll");
    let oob_code = world.associate(&token, "tel", PHONE).text("oob_code");
    let body = json!({
        "grant_type": MFA_OOB, "client_id": "demo-public", "mfa_token": token,
        "oob_code": oob_code, "binding_code": world.outbox.code(),
    });
    let answer = world.json("/oauth/token", &[], &body).ok();
    // No `openid`, no ID token.
    assert_eq!(answer.get("id_token"), None);
    assert_eq!(answer["scope"], "profile");

    // The default scope, and a form for the challenge.
    let token = login("");
    let oob_code = world
        .form(
            "/mfa/challenge",
            &[("authorization", &bearer(&token))],
            &[("client_id", "demo-public")],
        )
        .text("oob_code");
    let body = json!({
        "grant_type": MFA_OOB, "client_id": "demo-public", "mfa_token": token,
        "oob_code": oob_code, "binding_code": world.outbox.code(),
    });
    let answer = world.json("/oauth/token", &[], &body).ok();
    assert_eq!(answer["scope"], "openid profile email");
    let (_, claims) = verified(&world, answer["id_token"].as_str().unwrap());
    assert_eq!(claims["aud"], "demo-public");
}

#[test]
fn two_servers_with_one_key_and_one_store_act_as_one() {
    let mut world = World::new();
    let token = world.login();
    let oob_code = world.associate(&token, "sms", PHONE).text("oob_code");
    let issuer = world.issuer();
    let (address, _served, _stop) = world.start(&format!("issuer = \"{issuer}\""), 2);
    let first = std::mem::replace(&mut world.address, address);
    world.answer(&token, &oob_code, &world.outbox.code()).ok();

    world.address = first;
    let access_token = world.manage(MANAGE);
    world.address = address;
    assert_eq!(world.list(&access_token).ok().as_array().unwrap().len(), 3);
}
