//! The life of an account, from a client's view.

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
fn from_the_first_password_to_the_last_phone_removed() {
    let world = World::new();

    // The first factor passes, but is not enough.
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
    assert_eq!(required.header("cache-control"), Some("no-store"));
    let token = required.text("mfa_token");
    assert_eq!(
        required.value(),
        json!({
            "error": "mfa_required",
            "error_description": "Multifactor authentication required",
            "mfa_token": token,
            "mfa_requirements": { "enroll": [{ "type": "phone" }] },
        })
    );
    assert_eq!(world.list(&token).ok(), json!([]));

    // Associate, with the guide's request.
    let associated = world.associate(&token, "sms", PHONE).ok();
    let oob_code = associated["oob_code"].as_str().unwrap();
    let recovery_code = associated["recovery_codes"][0].as_str().unwrap();
    assert_eq!(
        associated,
        json!({
            "authenticator_type": "oob",
            "binding_method": "prompt",
            "recovery_codes": [recovery_code],
            "oob_channel": "sms",
            "oob_code": oob_code,
        })
    );
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
    let active = |answer: &Value| -> Vec<bool> {
        let entries = answer.as_array().unwrap().iter();
        entries
            .map(|entry| entry["active"].as_bool().unwrap())
            .collect()
    };
    assert_eq!(active(&world.list(&token).ok()), [false; 3]);

    // Confirm, with the guide's extra bearer header.
    let confirmed = world.form(
        "/oauth/token",
        &[("authorization", &bearer(&token))],
        &[
            ("grant_type", MFA_OOB),
            ("client_id", "demo"),
            ("client_secret", "demo-secret"),
            ("mfa_token", &token),
            ("oob_code", oob_code),
            ("binding_code", &code),
        ],
    );
    let confirmed = confirmed.ok();
    assert_eq!(confirmed["token_type"], "Bearer");
    assert_eq!(confirmed["expires_in"], 600);
    assert_eq!(confirmed["scope"], "openid profile");
    assert_eq!(confirmed.get("recovery_code"), None);

    // The tokens have what an SDK verifies.
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

    // A new login: the recovery code and both twins are listed.
    world.advance(60);
    let required = world.password("alice@example.com", PASSWORD, "openid", "https://api/");
    assert_eq!(
        required.value()["mfa_requirements"],
        json!({ "challenge": [{ "type": "phone" }, { "type": "recovery-code" }] })
    );
    let token = required.text("mfa_token");
    let list = world.list(&token).ok();
    let device = list[1]["id"]
        .as_str()
        .unwrap()
        .strip_prefix("sms|")
        .unwrap()
        .to_owned();
    assert_eq!(
        list,
        json!([
            { "id": list[0]["id"], "authenticator_type": "recovery-code", "active": true,
              "type": "recovery-code" },
            { "id": format!("sms|{device}"), "authenticator_type": "oob", "active": true,
              "oob_channel": "sms", "name": "XXXXXXXX8730", "type": "phone" },
            { "id": format!("voice|{device}"), "authenticator_type": "oob", "active": true,
              "oob_channel": "voice", "name": "XXXXXXXX8730", "type": "phone" },
        ])
    );

    // Challenge by voice; a wrong code, then the right one.
    let id = format!("voice|{device}");
    let challenged = world.challenge(
        &token,
        &json!({ "challenge_type": "oob", "authenticator_id": id }),
    );
    let oob_code = challenged.text("oob_code");
    assert_eq!(
        challenged.ok(),
        json!({ "challenge_type": "oob", "oob_code": oob_code, "binding_method": "prompt" })
    );
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
    assert_eq!(
        message["answered"]
            .as_str()
            .unwrap()
            .matches(&digits)
            .count(),
        2
    );
    let code = world.outbox.code();
    world.answer(&token, &oob_code, &wrong(&code)).is(
        403,
        "invalid_grant",
        "Invalid binding_code.",
    );
    let signed_in = world.answer(&token, &oob_code, &code).ok();
    let (_, claims) = verified(&world, signed_in["access_token"].as_str().unwrap());
    assert_eq!(claims["aud"], "https://api/");
    assert_eq!(claims["amr"], json!(["pwd", "mfa", "tel"]));

    // The recovery code: its replacement works, and the old one does not.
    let recovered = world
        .recover(&world.login(), &recovery_code.to_lowercase())
        .ok();
    let replacement = recovered["recovery_code"].as_str().unwrap();
    assert_ne!(replacement, recovery_code);
    let (_, claims) = verified(&world, recovered["access_token"].as_str().unwrap());
    assert_eq!(claims["amr"], json!(["pwd", "mfa"]));
    let token = world.login();
    world
        .recover(&token, recovery_code)
        .is(403, "invalid_grant", "MFA Authorization rejected.");
    world.recover(&token, replacement).ok();

    // A login for the MFA API adds a second phone, which its access token confirms.
    let access_token = world.manage(MANAGE);
    let (_, claims) = verified(&world, &access_token);
    assert_eq!(claims["aud"], world.mfa_audience());
    let associated = world.associate(&access_token, "voice", OTHER_PHONE).ok();
    assert_eq!(associated.get("recovery_codes"), None);
    assert_eq!(
        active(&world.list(&access_token).ok()),
        [true, true, true, false, false]
    );
    let oob_code = associated["oob_code"].as_str().unwrap();
    world
        .answer(&access_token, oob_code, &world.outbox.code())
        .ok();
    assert_eq!(active(&world.list(&access_token).ok()), [true; 5]);

    // Removing one twin, raw in the path, removes both.
    let removed = world.remove(&access_token, &format!("sms|{device}"));
    assert_eq!((removed.status, removed.body.as_str()), (204, ""));
    assert_eq!(removed.header("cache-control"), Some("no-store"));
    let ids = world.ids(&access_token);
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| !id.contains(&device)), "{ids:?}");

    // The last phone, percent-encoded: the recovery code is removed with it.
    assert_eq!(
        world
            .remove(&access_token, &ids[2].replace('|', "%7C"))
            .status,
        204
    );
    assert_eq!(world.list(&access_token).ok(), json!([]));
    // A first-factor session of the same time was revoked with the last phone.
    world.advance(1);
    world.recover(&world.login(), replacement).is(
        403,
        "unsupported_challenge_type",
        "User does not have a recovery-code.",
    );
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
