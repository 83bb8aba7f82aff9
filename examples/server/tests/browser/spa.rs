//! `@auth0/auth0-spa-js` in a page of another origin, over TLS on localhost.
//!
//! The SDK checks the claims and the algorithm of an ID token, but not the signature. The page
//! therefore verifies the signature with the browser's cryptography and the server's key set.

use std::fs;

use serde_json::{Value, json};

use crate::browser::folder;
use crate::npm::{Script, entries};
use crate::server::Server;

#[test]
fn auth0s_sdk_for_pages_enrolls_challenges_verifies_and_recovers() {
    let Some(folder) = folder() else { return };
    let mut walk = Script::start(&folder, "spa.mjs", &[]);
    let ports = walk.next("ports");
    let config = format!(
        r#"
        issuer = {}
        [[users]]
        email = "alice@example.com"
        sub = "auth0|alice"
        password = "correct horse battery staple"
        [[clients]]
        id = "spa"
        manages_factors = true
        allowed_origins = [{}]
        "#,
        ports["issuer"], ports["origin"]
    );
    fs::write(folder.path().join("config.toml"), config).unwrap();
    let server = Server::start(folder.path(), &["--config", "config.toml"]);
    walk.tell(&server.url);
    let version = walk.next("version")["version"].take();
    println!("@auth0/auth0-spa-js {version}");

    let issuer = ports["issuer"].as_str().unwrap();
    let recovery = first_login(&mut walk, issuer);
    second_login(&mut walk);
    third_login(&mut walk, &recovery);
    another_phone(&mut walk, issuer);

    let headers = walk.answer("headers");
    assert_eq!(headers["unauthorized"], json!([401, "Bearer"]));
    assert_eq!(headers["limited"][0], 429);
    let wait = headers["limited"][1].as_u64().unwrap();
    assert!((1..=3_600).contains(&wait), "{wait}");
    let mismatch = format!(
        "Issuer (iss) claim mismatch in the ID token; expected \"https://login.example.com/\", \
         found \"{issuer}\""
    );
    assert_eq!(walk.answer("another issuer"), mismatch);
    assert_eq!(walk.answer("not allowed"), "Failed to fetch");
    assert_eq!(walk.answer("not allowed to read"), "Failed to fetch");
    walk.end();
}

/// The recovery code.
fn first_login(walk: &mut Script, issuer: &str) -> String {
    let required = json!({
        "error": "mfa_required", "error_description": "Multifactor authentication required",
        "mfa_requirements": { "enroll": [{ "type": "phone" }] },
    });
    assert_eq!(walk.answer("login"), required);
    assert_eq!(
        walk.answer("enrollment factors"),
        json!([{ "type": "phone" }])
    );
    assert_eq!(walk.answer("list of none"), json!([]));
    let enrolled = walk.answer("enroll");
    let recovery = enrolled["recoveryCodes"][0].as_str().unwrap();
    assert_eq!(recovery.len(), 24);
    let expected = json!({
        "authenticatorType": "oob", "oobChannel": "sms", "bindingMethod": "prompt",
        "oobCode": enrolled["oobCode"], "recoveryCodes": [recovery],
    });
    assert_eq!(enrolled, expected);
    refused(
        walk,
        "enroll no number",
        "invalid_request",
        "The phone number is invalid.",
    );
    refused(
        walk,
        "wrong code of the enrollment",
        "invalid_grant",
        "Invalid binding_code.",
    );
    let claims = verified(walk, "confirm", &["pwd", "mfa", "sms"]);
    assert_eq!(
        walk.answer("user"),
        json!({ "sub": "auth0|alice", "email": "alice@example.com" })
    );
    let issued_at = claims["iat"].as_u64().unwrap();
    let expected = json!({
        "iss": issuer, "aud": "spa", "sub": "auth0|alice", "email": "alice@example.com",
        "iat": issued_at, "exp": issued_at + 600, "auth_time": issued_at, "amr": ["pwd", "mfa", "sms"],
    });
    assert_eq!(walk.answer("claims"), expected);
    assert_eq!(
        walk.answer("signature"),
        json!({ "alg": "RS256", "valid": true })
    );
    assert_eq!(
        walk.answer("altered signature"),
        json!({ "alg": "RS256", "valid": false })
    );
    // It keeps the access token, a JWT, for the app.
    assert_eq!(walk.answer("token"), 3);
    recovery.to_owned()
}

fn second_login(walk: &mut Script) {
    let listed = walk.answer("list");
    let device = device(&listed[1]);
    assert_eq!(
        listed,
        entries(&listed[0]["id"], &[(&device, "XXXXXXXX8730")], true)
    );
    challenged(walk, "challenge");
    refused(walk, "wrong code", "invalid_grant", "Invalid binding_code.");
    verified(walk, "right code", &["pwd", "mfa", "sms"]);
    let invalid = "The mfa_token provided is invalid. Try getting a new token.";
    refused(walk, "spent", "invalid_grant", invalid);
}

fn third_login(walk: &mut Script, recovery: &str) {
    refused(
        walk,
        "wrong recovery code",
        "invalid_grant",
        "MFA Authorization rejected.",
    );
    let answer = walk.answer("recovery");
    assert_eq!(
        answer["decodedToken"]["claims"]["amr"],
        json!(["pwd", "mfa"])
    );
    let replacement = answer["recovery_code"].as_str().unwrap();
    assert_eq!(replacement.len(), 24);
    assert_ne!(replacement, recovery);
}

fn another_phone(walk: &mut Script, issuer: &str) {
    challenged(walk, "challenge to manage");
    let answer = walk.answer("manage");
    let scope = "openid enroll read:authenticators remove:authenticators";
    assert_eq!(
        (&answer["scope"], &answer["token_type"]),
        (&json!(scope), &json!("Bearer"))
    );
    assert_eq!(answer["decodedToken"]["claims"]["iss"], issuer);
    let enrolled = walk.answer("enroll by voice");
    let expected = json!({
        "authenticatorType": "oob", "oobChannel": "voice", "bindingMethod": "prompt",
        "oobCode": enrolled["oobCode"],
    });
    assert_eq!(enrolled, expected);
    verified(walk, "confirm by voice", &["pwd", "mfa", "tel"]);
    let listed = walk.answer("list of both");
    let devices = [device(&listed[1]), device(&listed[3])];
    let phones = [
        (&*devices[0], "XXXXXXXX8730"),
        (&*devices[1], "XXXXXXXX0000"),
    ];
    assert_eq!(listed, entries(&listed[0]["id"], &phones, true));
    assert_eq!(walk.answer("remove"), 204);
}

/// A completed grant: the claims of the ID token as the SDK decoded them, once it had checked them.
#[track_caller]
fn verified(walk: &mut Script, step: &str, amr: &[&str]) -> Value {
    let mut answer = walk.answer(step);
    assert_eq!(answer["token_type"], "Bearer", "{answer}");
    let claims = answer["decodedToken"]["claims"].take();
    assert_eq!(claims["amr"], json!(amr));
    claims
}

#[track_caller]
fn refused(walk: &mut Script, step: &str, error: &str, description: &str) {
    let found = walk.next(step)["error"].take();
    let expected = json!({ "error": error, "error_description": description });
    assert_eq!(found, expected, "{step}");
}

#[track_caller]
fn challenged(walk: &mut Script, step: &str) {
    let challenged = walk.answer(step);
    let expected = json!({
        "challengeType": "oob", "oobCode": challenged["oobCode"], "bindingMethod": "prompt",
    });
    assert_eq!(challenged, expected);
    assert!(challenged["oobCode"].is_string());
}

fn device(entry: &Value) -> String {
    let id = entry["id"].as_str().unwrap();
    id.strip_prefix("sms|").unwrap().to_owned()
}
