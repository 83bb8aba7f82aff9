//! Tokens from confirming a phone with an access token, and what an access token cannot do.

use serde_json::{Value, json};

use crate::common::*;
use crate::life::verified;

const THIRD_PHONE: &str = "+14155550001";

/// Enrolls a phone with an access token. Returns the response of the confirmation.
fn enroll_another(world: &World, access_token: &str, phone: &str) -> Answer {
    let oob_code = world.associate(access_token, "sms", phone).text("oob_code");
    world.answer(access_token, &oob_code, &world.outbox.code())
}

#[test]
fn the_tokens_that_confirming_mints_end_with_the_access_token_and_keep_its_auth_time() {
    let world = World::new();
    world.enroll(&world.login(), PHONE);
    let first = world.manage(&format!("openid {MANAGE}"));
    let signed_in = world.now();
    let (_, claims) = verified(&world, &first);
    assert_eq!(claims["auth_time"], signed_in);
    assert_eq!(claims["exp"], signed_in + 600);

    let mut access_token = first;
    for (phone, left) in [(OTHER_PHONE, 5), (THIRD_PHONE, 1)] {
        world.advance(signed_in + 600 - left - world.now());
        let confirmed = enroll_another(&world, &access_token, phone).ok();
        assert_eq!(confirmed["expires_in"], left);
        for name in ["access_token", "id_token"] {
            let (_, claims) = verified(&world, confirmed[name].as_str().unwrap());
            assert_eq!(claims["iat"], world.now());
            assert_eq!(claims["exp"], signed_in + 600);
            assert_eq!(claims["auth_time"], signed_in);
        }
        // Confirming with the minted token does not extend anything.
        access_token = confirmed["access_token"].as_str().unwrap().to_owned();
        world.list(&access_token).ok();
    }
    assert_eq!(world.ids(&access_token).len(), 7);

    world.advance(1);
    world.list(&access_token).refused(EXPIRED_TOKEN);
    world
        .associate(&access_token, "sms", "+14155550002")
        .refused(EXPIRED_TOKEN);
}

#[test]
fn an_access_token_that_outlives_a_login_by_far_mints_no_longer_than_a_login() {
    let world = World::with("token_lifetime_seconds = 3600");
    world.enroll(&world.login(), PHONE);
    let access_token = world.manage(MANAGE);
    let signed_in = world.now();
    world.advance(60);
    let confirmed = enroll_another(&world, &access_token, OTHER_PHONE).ok();
    assert_eq!(confirmed["expires_in"], 3_540);
    let (_, claims) = verified(&world, confirmed["access_token"].as_str().unwrap());
    assert_eq!(claims["exp"], signed_in + 3_600);
    assert_eq!(claims["auth_time"], signed_in);
}

#[test]
fn a_login_has_the_auth_time_of_its_code_and_not_of_its_password() {
    let world = World::new();
    world.enroll(&world.login(), PHONE);
    let token = world.login();
    let oob_code = world.challenge(&token, &json!({})).text("oob_code");
    world.advance(200);
    let signed_in = world.answer(&token, &oob_code, &world.outbox.code()).ok();
    let (_, claims) = verified(&world, signed_in["access_token"].as_str().unwrap());
    assert_eq!(claims["auth_time"], world.now());
    assert_eq!(claims["exp"], world.now() + 600);
}

#[test]
fn an_access_token_cannot_complete_a_login() {
    let world = World::new();
    let recovery_code = world.enroll(&world.login(), PHONE).unwrap();
    let access_token = world.manage(MANAGE);
    let token = world.login();
    let oob_code = world.challenge(&token, &json!({})).text("oob_code");
    let code = world.outbox.code();
    let (before, sent) = (world.record(), world.outbox.messages().len());
    let id: Value = world.ids(&access_token)[1].clone().into();
    for answer in [
        world.challenge(&access_token, &json!({})),
        world.challenge(&access_token, &json!({ "authenticator_id": id })),
        // The right code of another session, and a wrong one: both are refused, and not judged.
        world.answer(&access_token, &oob_code, &code),
        world.answer(&access_token, &oob_code, &wrong(&code)),
        world.recover(&access_token, &recovery_code),
        world.recover(&access_token, "not a recovery code"),
    ] {
        answer.refused(INVALID_TOKEN);
    }
    assert_eq!(world.record(), before);
    assert_eq!(world.outbox.messages().len(), sent);
    // Neither code was used up.
    world.answer(&token, &oob_code, &code).ok();
    world.recover(&world.login(), &recovery_code).ok();
}

/// A thief with an access token in its last seconds, without the password and the phone.
#[test]
fn a_stolen_access_token_dies_with_its_expiry() {
    let world = World::new();
    let recovery_code = world.enroll(&world.login(), PHONE).unwrap();
    let stolen = world.manage(MANAGE);
    world.advance(595);
    // The first step of the chain: a login by a recovery code, renewed by the next one.
    world
        .recover(&stolen, &recovery_code)
        .refused(INVALID_TOKEN);
    let confirmed = enroll_another(&world, &stolen, OTHER_PHONE).ok();
    assert_eq!(confirmed["expires_in"], 5);
    world.advance(5);
    for token in [&stolen, confirmed["access_token"].as_str().unwrap()] {
        world.list(token).refused(EXPIRED_TOKEN);
    }
}

#[test]
fn tokens_are_signed_by_rs256_or_the_configured_algorithm() {
    for (lines, alg) in [
        ("", "RS256"),
        ("signing_algorithm = \"RS256\"", "RS256"),
        ("signing_algorithm = \"ES256\"", "ES256"),
    ] {
        let world = World::with(lines);
        let token = world.login();
        let oob_code = world.associate(&token, "sms", PHONE).text("oob_code");
        let confirmed = world.answer(&token, &oob_code, &world.outbox.code()).ok();
        for name in ["access_token", "id_token"] {
            let (header, _) = verified(&world, confirmed[name].as_str().unwrap());
            assert_eq!(header["alg"], alg);
        }
        let discovery = world.send("GET", "/.well-known/openid-configuration", &[], "");
        let supported = &discovery.ok()["id_token_signing_alg_values_supported"];
        assert_eq!(supported, &json!([alg]));
        let published = world.send("GET", "/.well-known/jwks.json", &[], "").ok();
        assert_eq!(published["keys"].as_array().unwrap().len(), 2);
    }
}
