//! Every row of the table of errors: status, body and headers.

mod common;

use std::sync::atomic::Ordering::SeqCst;

use common::*;
use serde_json::json;

const INVALID_TOKEN: &str = "The mfa_token provided is invalid. Try getting a new token.";
const MALFORMED_TOKEN: &str = "Malformed mfa_token";

/// Headers, or the parameters of a form.
type Pairs<'a> = &'a [(&'a str, &'a str)];

/// A world with a phone, and a first-factor token begun after it.
fn enrolled() -> (World, String) {
    let world = World::new();
    world.enroll(&world.login(), PHONE);
    let token = world.login();
    (world, token)
}

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
fn a_wrong_password_and_an_unknown_user_hear_the_same() {
    let world = World::new();
    for (name, password) in [
        ("alice@example.com", "wrong"),
        ("nobody@example.com", PASSWORD),
    ] {
        world
            .password(name, password, "", "")
            .is(403, "invalid_grant", "Wrong email or password.");
    }
    assert_eq!(world.record(), None);
}

#[test]
fn associate_is_denied_to_a_first_factor_beside_an_active_phone() {
    let (world, token) = enrolled();
    world.associate(&token, "sms", OTHER_PHONE).is(
        403,
        "access_denied",
        "User is already enrolled.",
    );
}

#[test]
fn a_token_that_was_tampered_with_is_invalid_everywhere() {
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
            answer.is(401, "invalid_grant", INVALID_TOKEN);
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
        world
            .list(&tokens.text(name))
            .is(401, "invalid_grant", INVALID_TOKEN);
    }
}

#[test]
fn what_is_no_token_is_malformed() {
    let world = World::new();
    for token in ["x", "a.b", "a.b.c", "*", "..", &"A".repeat(5_000)] {
        world.list(token).is(401, "invalid_grant", MALFORMED_TOKEN);
    }
    for headers in [
        &[][..],
        &[("authorization", BASIC)],
        &[("authorization", "Bearer")],
    ] {
        world.send("GET", "/mfa/authenticators", headers, "").is(
            401,
            "invalid_grant",
            MALFORMED_TOKEN,
        );
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
        world
            .list(&token)
            .is(401, "expired_token", "mfa_token is expired");
        world
            .challenge(&token, &json!({}))
            .is(401, "expired_token", "mfa_token is expired");
        world
            .answer(&token, "x", "123456")
            .is(401, "expired_token", "mfa_token is expired");
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
        .is(401, "invalid_grant", INVALID_TOKEN);
    world
        .challenge(&token, &json!({}))
        .is(401, "invalid_grant", INVALID_TOKEN);
}

#[test]
fn a_session_from_before_the_last_phone_went_is_invalid() {
    let (world, token) = enrolled();
    let access_token = world.manage(MANAGE);
    world.advance(1);
    let id = world.ids(&access_token).pop().unwrap();
    assert_eq!(world.remove(&access_token, &id).status, 204);
    world
        .associate(&token, "sms", OTHER_PHONE)
        .is(401, "invalid_grant", INVALID_TOKEN);
}

/// The enrollment is gone by then, so that its handle is unknown before anybody asks who may confirm.
#[test]
fn an_enrollment_cannot_be_confirmed_once_another_was() {
    let world = World::new();
    let (attacker, owner) = (world.login(), world.login());
    let oob_code = world
        .associate(&attacker, "sms", OTHER_PHONE)
        .text("oob_code");
    let code = world.outbox.code();
    world.enroll(&owner, PHONE);
    world
        .answer(&attacker, &oob_code, &code)
        .is(403, "access_denied", "User is already enrolled.");
}

#[test]
fn a_token_of_another_client_is_refused() {
    let (world, token) = enrolled();
    let access_token = world.manage(MANAGE);
    for token in [token, access_token] {
        let body = [("client_id", "demo-public"), ("mfa_token", token.as_str())];
        let message = "mfa_token not issued to this client";
        world
            .form("/mfa/challenge", &[], &body)
            .is(400, "invalid_request", message);
        let grant = [("grant_type", MFA_RECOVERY_CODE), ("recovery_code", "x")];
        let body = [body, grant].concat();
        world
            .form("/oauth/token", &[], &body)
            .is(400, "invalid_request", message);
    }
}

#[test]
fn an_oob_code_is_malformed_or_expired_or_of_another_session() {
    let (world, token) = enrolled();
    let oob_code = world.challenge(&token, &json!({})).text("oob_code");
    let code = world.outbox.code();
    let malformed = (403, "invalid_grant", "Malformed oob_code");
    for unknown in ["x", "AAAAAAAAAAAAAAAAAAAAAA"] {
        world
            .answer(&token, unknown, &code)
            .is(malformed.0, malformed.1, malformed.2);
    }
    world.answer(&world.login(), &oob_code, &code).is(
        400,
        "invalid_request",
        "The oob_code doesn't match the mfa_token",
    );
    world.advance(299);
    world.answer(&token, &oob_code, &wrong(&code)).is(
        403,
        "invalid_grant",
        "Invalid binding_code.",
    );
    world.advance(1);
    world
        .answer(&token, &oob_code, &code)
        .is(403, "expired_token", "oob_code is expired");

    // Superseded by a newer one of the same session.
    let oob_code = world.challenge(&token, &json!({})).text("oob_code");
    let code = world.outbox.code();
    world.challenge(&token, &json!({})).ok();
    world
        .answer(&token, &oob_code, &code)
        .is(malformed.0, malformed.1, malformed.2);
}

#[test]
fn without_a_phone_there_is_nothing_to_challenge_or_to_recover() {
    let world = World::new();
    let token = world.login();
    world.challenge(&token, &json!({})).is(
        401,
        "association_required",
        "User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator.",
    );
    world.recover(&token, "23456789ABCDEFGHJKLMNPQR").is(
        403,
        "unsupported_challenge_type",
        "User does not have a recovery-code.",
    );
}

#[test]
fn a_challenge_type_without_oob_is_told_back() {
    let (world, token) = enrolled();
    world
        .challenge(&token, &json!({ "challenge_type": "otp" }))
        .is(
            401,
            "unsupported_challenge_type",
            "The user does not support the requested challenge type (otp). Supported type: oob.",
        );
    world
        .challenge(&token, &json!({ "challenge_type": "otp OOB" }))
        .ok();
}

#[test]
fn an_authenticator_that_cannot_be_challenged_is_invalid() {
    let (world, token) = enrolled();
    let access_token = world.manage(MANAGE);
    world.associate(&access_token, "sms", OTHER_PHONE).ok();
    let ids = world.ids(&access_token);
    let (recovery_code, unconfirmed) = (ids[0].as_str(), ids[3].as_str());
    assert!(recovery_code.starts_with("recovery-code|"));
    for id in [
        recovery_code,
        unconfirmed,
        "sms|dev_NU1Ofuw3Cw0XCt5x",
        "x",
        "push|dev_1",
    ] {
        world
            .challenge(&token, &json!({ "authenticator_id": id }))
            .is(
                400,
                "invalid_authenticator",
                "The authenticator cannot be challenged.",
            );
    }
}

#[test]
fn a_disabled_phone_cannot_be_challenged() {
    let world = World::with("policy = { failure_cap = 1 }");
    world.enroll(&world.login(), PHONE);
    let token = world.login();
    let oob_code = world.challenge(&token, &json!({})).text("oob_code");
    let code = world.outbox.code();
    world.answer(&token, &oob_code, &wrong(&code)).is(
        403,
        "invalid_grant",
        "Invalid binding_code.",
    );
    world
        .answer(&token, &oob_code, &code)
        .is(403, "invalid_grant", "Malformed oob_code");
    world.challenge(&token, &json!({})).is(
        400,
        "invalid_authenticator",
        "The authenticator cannot be challenged.",
    );
}

#[test]
fn an_unknown_authenticator_cannot_be_removed_and_neither_can_the_recovery_code() {
    let (world, _) = enrolled();
    let access_token = world.manage(MANAGE);
    let recovery_code = world.ids(&access_token).remove(0);
    for id in [
        recovery_code.as_str(),
        "sms|dev_NU1Ofuw3Cw0XCt5x",
        "x",
        "%ff",
        "%",
    ] {
        world.remove(&access_token, id).is(
            404,
            "invalid_authenticator",
            "The authenticator does not exist.",
        );
    }
}

#[test]
fn a_phone_number_is_e164_and_not_on_the_account_yet() {
    let (world, _) = enrolled();
    let access_token = world.manage(MANAGE);
    world.associate(&access_token, "sms", "4155558730").is(
        400,
        "invalid_request",
        "The phone number is invalid.",
    );
    world.associate(&access_token, "voice", PHONE).is(
        400,
        "invalid_request",
        "The phone number is already enrolled.",
    );
}

#[test]
fn an_account_has_as_many_phones_as_the_policy_allows() {
    let world = World::with("policy = { max_phones = 1 }");
    world.enroll(&world.login(), PHONE);
    world
        .associate(&world.manage(MANAGE), "sms", OTHER_PHONE)
        .is(
            400,
            "invalid_request",
            "The user has too many phones. Remove one first.",
        );
}

#[test]
fn a_channel_is_known_and_enabled() {
    let world = World::with("policy = { channels = [\"sms\"] }");
    let token = world.login();
    world.associate(&token, "push", PHONE).is(
        400,
        "invalid_request",
        "The channel is not supported. Supported channels: sms, voice.",
    );
    world.associate(&token, "voice", PHONE).is(
        400,
        "invalid_request",
        "The channel is not enabled.",
    );
    world.associate(&token, "sms", PHONE).ok();
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
fn a_message_that_the_provider_does_not_take_stays_charged() {
    let (world, token) = enrolled();
    world.outbox.fails.store(true, SeqCst);
    for _ in 0..9 {
        world
            .challenge(&token, &json!({}))
            .is(502, "bad_gateway", "Error sending SMS.");
    }
    world.outbox.fails.store(false, SeqCst);
    let refused = world.challenge(&token, &json!({}));
    assert_eq!(refused.status, 429, "{refused:?}");
    assert_eq!(world.outbox.messages().len(), 1);
}

#[test]
fn an_association_that_is_not_sent_answers_502() {
    let world = World::new();
    world.outbox.fails.store(true, SeqCst);
    let token = world.login();
    world
        .associate(&token, "voice", PHONE)
        .is(502, "bad_gateway", "Error sending SMS.");
    assert_eq!(world.list(&token).ok().as_array().unwrap().len(), 3);
}

#[test]
fn a_client_authenticates_before_anything_is_asked_of_its_grant() {
    let world = World::new();
    let invalid = (401, "invalid_client", "Client authentication failed");
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
            world
                .form(path, headers, body)
                .is(invalid.0, invalid.1, invalid.2);
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
            "The client must authenticate in one way only.",
        );
    world
        .form(
            "/oauth/token",
            &[basic],
            &[("grant_type", "client_credentials")],
        )
        .is(
            400,
            "unsupported_grant_type",
            "The grant type is not supported.",
        );
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
        let bearer = format!("Bearer {token}");
        world.json("/mfa/associate", &[("authorization", &bearer)], &body)
    };
    let wrong = [("client_id", "demo"), ("client_secret", "wrong")];
    ask(&wrong).is(401, "invalid_client", "Client authentication failed");
    let message = "mfa_token not issued to this client";
    ask(&[("client_id", "demo-public")]).is(400, "invalid_request", message);
    ask(&[("client_id", "demo"), ("client_secret", "demo-secret")]).ok();
}

#[test]
fn a_first_factor_removes_nothing_not_even_what_is_pending() {
    let world = World::new();
    let token = world.login();
    world.associate(&token, "sms", PHONE).ok();
    let others = ["sms|dev_NU1Ofuw3Cw0XCt5x", "x", "%FF"];
    for id in world.ids(&token).iter().map(String::as_str).chain(others) {
        world.remove(&token, id).is(
            403,
            "insufficient_scope",
            "Insufficient scope, expected: remove:authenticators",
        );
    }
}

#[test]
fn an_access_token_does_what_its_scope_says() {
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

#[test]
fn a_record_of_another_subject_is_the_servers_mistake() {
    let (world, token) = enrolled();
    world
        .store
        .redb
        .restore("auth0|bob", &world.record().unwrap())
        .unwrap();
    let bob = world
        .password("bob@example.com", PASSWORD, "", "")
        .text("mfa_token");
    world.list(&token).ok();
    world.list(&bob).is(
        500,
        "server_error",
        "The session and the account are of different subjects.",
    );
}

#[test]
fn a_store_that_is_down_answers_503_everywhere() {
    let (world, token) = enrolled();
    let before = world.record();
    world.store.unavailable.store(true, SeqCst);
    let answers = [
        world.password("alice@example.com", PASSWORD, "", ""),
        world.associate(&token, "sms", OTHER_PHONE),
        world.challenge(&token, &json!({})),
        world.answer(&token, "AAAAAAAAAAAAAAAAAAAAAA", "123456"),
        world.recover(&token, "x"),
        world.list(&token),
        world.remove(&token, "sms|dev_NU1Ofuw3Cw0XCt5x"),
    ];
    for answer in answers {
        answer
            .is(
                503,
                "temporarily_unavailable",
                "The service is temporarily unavailable. Try again.",
            )
            .retry_after(1);
    }
    assert_eq!(world.record(), before);
    assert_eq!(world.outbox.messages().len(), 1);
}

#[test]
fn conflicts_are_tried_again_and_not_forever() {
    let (world, token) = enrolled();
    let (before, writes) = (world.record(), world.store.writes.load(SeqCst));
    world.store.conflicts.store(15, SeqCst);
    world.challenge(&token, &json!({})).ok();
    assert_eq!(world.store.writes.load(SeqCst) - writes, 16);
    assert_eq!(world.outbox.messages().len(), 2);
    assert_ne!(world.record(), before);

    let (before, writes) = (world.record(), world.store.writes.load(SeqCst));
    world.store.conflicts.store(u64::MAX, SeqCst);
    world
        .challenge(&token, &json!({}))
        .is(
            503,
            "temporarily_unavailable",
            "The service is temporarily unavailable. Try again.",
        )
        .retry_after(1);
    assert_eq!(world.store.writes.load(SeqCst) - writes, 16);
    assert_eq!(world.outbox.messages().len(), 2);
    assert_eq!(world.record(), before);
}

#[test]
fn a_panic_ends_one_request_and_not_the_process() {
    let (world, token) = enrolled();
    world.store.panics.store(true, SeqCst);
    let message = "The server failed to answer the request.";
    world
        .challenge(&token, &json!({}))
        .is(500, "server_error", message);
    world.list(&token).is(500, "server_error", message);
    world.store.panics.store(false, SeqCst);
    world.challenge(&token, &json!({})).ok();
}

#[test]
fn what_the_router_refuses_is_json_too() {
    let world = World::new();
    for (method, path) in [
        ("GET", "/"),
        ("POST", "/mfa"),
        ("DELETE", "/mfa/authenticators/a/b"),
    ] {
        world
            .send(method, path, &[], "")
            .is(404, "not_found", "There is no such endpoint.");
    }
    for (method, path) in [
        ("GET", "/oauth/token"),
        ("POST", "/healthz"),
        ("DELETE", "/mfa/associate"),
    ] {
        world.send(method, path, &[], "").is(
            405,
            "method_not_allowed",
            "The endpoint does not take this method.",
        );
    }
    assert_eq!(
        world.send("GET", "/healthz", &[], "").ok(),
        json!({ "status": "ok" })
    );
}
