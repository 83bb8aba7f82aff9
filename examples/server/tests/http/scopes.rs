//! What a client may request, and what it is granted.

use serde_json::{Value, json};

use crate::common::*;
use crate::life::verified;

/// Signs in and confirms a phone. Returns the response with the tokens.
fn tokens(world: &World, scope: &str) -> Value {
    let required = world.password("alice@example.com", PASSWORD, scope, "");
    let token = required.text("mfa_token");
    let oob_code = world.associate(&token, "sms", PHONE).text("oob_code");
    world.answer(&token, &oob_code, &world.outbox.code()).ok()
}

#[test]
fn the_email_is_in_the_id_token_with_its_scope_and_not_without() {
    for (scope, email) in [
        ("openid email", json!("alice@example.com")),
        ("openid profile", Value::Null),
        ("", json!("alice@example.com")),
    ] {
        let world = World::new();
        let tokens = tokens(&world, scope);
        let (_, claims) = verified(&world, tokens["id_token"].as_str().unwrap());
        assert_eq!(claims["email"], email, "{scope}");
    }
}

#[test]
fn a_scope_that_is_not_allowed_is_dropped_from_the_answer() {
    let world = World::with_client("scopes = [\"openid\", \"read:mail\"]");
    let tokens = tokens(&world, "offline_access openid email enroll read:mail");
    assert_eq!(tokens["scope"], "openid read:mail");
    assert_eq!(tokens.get("refresh_token"), None);
    for token in ["access_token", "id_token"] {
        let (_, claims) = verified(&world, tokens[token].as_str().unwrap());
        assert_eq!(claims.get("email"), None);
    }
    let (_, claims) = verified(&world, tokens["access_token"].as_str().unwrap());
    assert_eq!(claims["scope"], "openid read:mail");
}

#[test]
fn an_audience_that_is_not_allowed_is_refused() {
    let world = World::with_client("audiences = [\"https://mail/\"]");
    let ask = |audience: &str| world.password("alice@example.com", PASSWORD, "", audience);
    for allowed in ["", "https://mail/", &format!("{}userinfo", world.issuer())] {
        assert_eq!(ask(allowed).text("error"), "mfa_required");
    }
    // Also that of the MFA API: by default a client does not manage factors.
    for refused in ["https://api/", &world.mfa_audience()] {
        ask(refused).refused(OTHER_AUDIENCE);
    }
    // A wrong password would get another error.
    world
        .password("alice@example.com", "wrong", "", "https://api/")
        .refused(OTHER_AUDIENCE);
}

#[test]
fn an_audience_that_differs_by_its_last_slash_is_reported() {
    let world = World::new();
    let mfa = world.mfa_audience();
    let short = mfa.trim_end_matches('/');
    for (audience, known) in [(short, mfa.as_str()), ("https://api", "https://api/")] {
        let answer = world.password("alice@example.com", PASSWORD, "", audience);
        let description = format!("The audience is unknown. Check the slash at the end: {known}");
        answer.is(400, "invalid_request", &description);
    }
}
