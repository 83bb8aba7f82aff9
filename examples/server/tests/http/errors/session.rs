//! Tokens, sessions, clients and scopes.

use serde_json::json;

use super::{INVALID_TOKEN, enrolled};
use crate::common::*;

/// Headers, or the parameters of a form.
type Pairs<'a> = &'a [(&'a str, &'a str)];

/// Flips a character in the middle of a token.
fn tampered(token: &str) -> String {
    let middle = token.len() / 2;
    let other = if &token[middle..=middle] == "A" {
        "B"
    } else {
        "A"
    };
    format!("{}{other}{}", &token[..middle], &token[middle + 1..])
}

#[test]
fn an_altered_token_is_invalid_everywhere() {
    let (world, token) = enrolled();
    let access_token = world.manage(MANAGE);
    for token in [tampered(&token), tampered(&access_token)] {
        let answers = [
            world.associate(&token, "sms", OTHER_PHONE),
            world.list(&token),
            world.remove(&token, "sms|dev_NU1Ofuw3Cw0XCt5x"),
            world.challenge(&token, &json!({})),
            world.answer(&token, "x", "123456"),
            world.recover(&token, "x"),
        ];
        for answer in answers {
            answer.refused(INVALID_TOKEN);
        }
    }
}

#[test]
fn an_id_token_and_an_access_token_of_another_audience_manage_nothing() {
    let world = World::new();
    let token = world.login();
    let oob_code = world.associate(&token, "sms", PHONE).text("oob_code");
    let tokens = world.answer(&token, &oob_code, &world.outbox.code());
    for name in ["id_token", "access_token"] {
        world.list(&tokens.text(name)).refused(INVALID_TOKEN);
    }
}

#[test]
fn a_text_that_is_not_a_token_is_malformed() {
    let world = World::new();
    for token in ["x", "a.b", "a.b.c", "*", "..", &"A".repeat(5_000)] {
        world.list(token).refused(MALFORMED_TOKEN);
    }
    for headers in [
        &[][..],
        &[("authorization", BASIC)],
        &[("authorization", "Bearer")],
    ] {
        world
            .send("GET", "/mfa/authenticators", headers, "")
            .refused(MALFORMED_TOKEN);
    }
}

#[test]
fn tokens_expire_to_the_second() {
    let (world, token) = enrolled();
    let access_token = world.manage(MANAGE);
    world.advance(599);
    world.list(&token).ok();
    world.list(&access_token).ok();
    world.advance(1);
    for token in [token, access_token] {
        world.list(&token).refused(EXPIRED_TOKEN);
        world.challenge(&token, &json!({})).refused(EXPIRED_TOKEN);
        world.answer(&token, "x", "123456").refused(EXPIRED_TOKEN);
    }
}

#[test]
fn a_session_that_is_spent_is_invalid() {
    let (world, token) = enrolled();
    let oob_code = world.challenge(&token, &json!({})).text("oob_code");
    let code = world.outbox.code();
    world.answer(&token, &oob_code, &code).ok();
    world
        .answer(&token, &oob_code, &code)
        .refused(INVALID_TOKEN);
    world.challenge(&token, &json!({})).refused(INVALID_TOKEN);
}

#[test]
fn a_session_older_than_the_removal_of_the_last_phone_is_invalid() {
    let (world, token) = enrolled();
    let access_token = world.manage(MANAGE);
    world.advance(1);
    let id = world.ids(&access_token).pop().unwrap();
    assert_eq!(world.remove(&access_token, &id).status, 204);
    world
        .associate(&token, "sms", OTHER_PHONE)
        .refused(INVALID_TOKEN);
}

#[test]
fn a_token_of_another_client_is_refused() {
    let (world, token) = enrolled();
    let access_token = world.manage(MANAGE);
    for token in [token, access_token] {
        let body = [("client_id", "demo-public"), ("mfa_token", token.as_str())];
        world
            .form("/mfa/challenge", &[], &body)
            .refused(OTHER_CLIENT);
        let grant = [("grant_type", MFA_RECOVERY_CODE), ("recovery_code", "x")];
        let body = [body, grant].concat();
        world.form("/oauth/token", &[], &body).refused(OTHER_CLIENT);
    }
}

#[test]
fn logins_that_the_record_cannot_remember_wait_for_the_oldest() {
    let world = World::new();
    let mut recovery_code = world.enroll(&world.login(), PHONE).unwrap();
    for _ in 1..16 {
        recovery_code = world
            .recover(&world.login(), &recovery_code)
            .text("recovery_code");
    }
    world.advance(1);
    world
        .recover(&world.login(), &recovery_code)
        .is(
            429,
            "too_many_attempts",
            "Too many logins completed by the user. Wait for some minutes before retrying.",
        )
        .retry_after(599);
    world.advance(599);
    world.recover(&world.login(), &recovery_code).ok();
}

#[test]
fn a_client_authenticates_before_anything_is_asked_of_its_grant() {
    let world = World::new();
    let cases: [(Pairs<'_>, Pairs<'_>); 8] = [
        (&[], &[("client_id", "nobody")]),
        (&[], &[("client_id", "demo")]),
        (&[], &[("client_id", "demo"), ("client_secret", "wrong")]),
        (
            &[],
            &[
                ("client_id", "demo-public"),
                ("client_secret", "demo-secret"),
            ],
        ),
        (&[("authorization", "Basic ZGVtbzp3cm9uZw==")], &[]),
        (&[("authorization", "Basic ZGVtbzo=")], &[]),
        (&[("authorization", "Basic *")], &[]),
        (
            &[("authorization", "Digest x")],
            &[("client_id", "demo-public")],
        ),
    ];
    for (headers, body) in cases {
        for path in ["/oauth/token", "/mfa/challenge"] {
            world.form(path, headers, body).refused(INVALID_CLIENT);
        }
    }
    let basic = ("authorization", BASIC);
    world
        .form(
            "/oauth/token",
            &[basic],
            &[("client_secret", "demo-secret")],
        )
        .is(
            400,
            "invalid_request",
            "With HTTP Basic, the body must have no client_secret and no other client_id.",
        );
    world
        .form(
            "/oauth/token",
            &[basic],
            &[("grant_type", "client_credentials")],
        )
        .refused(UNSUPPORTED_GRANT);
}

#[test]
fn an_association_that_names_a_client_is_of_that_client() {
    let world = World::new();
    let token = world.login();
    let ask = |extra: &[(&str, &str)]| {
        let mut body = json!({
            "authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": PHONE,
        });
        for (name, value) in extra {
            body[*name] = (*value).into();
        }
        world.associate_by(&body, &token)
    };
    let wrong = [("client_id", "demo"), ("client_secret", "wrong")];
    ask(&wrong).refused(INVALID_CLIENT);
    ask(&[("client_id", "demo-public")]).refused(OTHER_CLIENT);
    ask(&[("client_id", "demo"), ("client_secret", "demo-secret")]).ok();
}

#[test]
fn a_first_factor_removes_nothing_not_even_what_is_pending() {
    let world = World::new();
    let token = world.login();
    world.associate(&token, "sms", PHONE).ok();
    let others = ["sms|dev_NU1Ofuw3Cw0XCt5x", "x", "%FF"];
    for id in world.ids(&token).iter().map(String::as_str).chain(others) {
        world.remove(&token, id).refused(MAY_NOT_REMOVE);
    }
}

#[test]
fn an_access_token_allows_what_its_scope_names() {
    let (world, _) = enrolled();
    let denied = |answer: Answer, scope: &str| {
        let description = format!("Insufficient scope, expected: {scope}");
        answer.is(403, "insufficient_scope", &description);
    };
    let id = "sms|dev_NU1Ofuw3Cw0XCt5x";
    let reads = world.manage("read:authenticators");
    world.list(&reads).ok();
    denied(world.associate(&reads, "sms", OTHER_PHONE), "enroll");
    denied(world.remove(&reads, id), "remove:authenticators");
    denied(
        world.list(&world.manage("enroll openid")),
        "read:authenticators",
    );
    assert_eq!(
        world
            .remove(&world.manage("remove:authenticators"), id)
            .status,
        404
    );
}
