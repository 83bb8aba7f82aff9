//! The error table: every row that the machine can answer, byte for byte.

use oob_mfa::exchange::Exchange;
use oob_mfa::{Account, Channels, DeniedKind, Engine, Key, KeyRing, Policy};
use oob_mfa_testing::{ALICES, MALLORYS, MILLISECOND, MINUTE};

use super::http::{Got, Http, INVALID_TOKEN, UNAVAILABLE, error, unauthorized};
use super::server::{
    Asked, Server, alice, associate, challenge, list, password, recover, remove, until, verify,
};

/// Asserts that the request gets this, and that nothing changes.
pub fn refused(server: &mut Server, request: &Http, expected: &Got) {
    let before = server.accounts.clone();
    let sent = server.outbox.messages();
    let reply = server.reply(request);
    assert_eq!(Got::from(&reply), *expected, "{request:?}");
    if let Some(denied) = reply.denied() {
        assert_ne!(denied.kind(), DeniedKind::Rejected, "{request:?}");
    }
    assert_eq!(server.accounts, before, "{request:?}");
    assert!(server.outbox.messages() == sent, "{request:?}");
    assert!(!server.steps.contains(&"replace"), "{request:?}");
}

/// Every request that takes a token.
fn everywhere(token: &str) -> [Http; 6] {
    let asked = Asked {
        token: token.to_owned(),
        oob_code: "x".to_owned(),
        code: "x".to_owned(),
    };
    [
        associate(token, MALLORYS),
        list(token),
        challenge(token),
        remove(token, "x"),
        verify(&asked),
        recover(token, "x"),
    ]
}

fn everywhere_refused(server: &mut Server, token: &str, code: &str, text: &str) {
    for request in everywhere(token) {
        let expected = match request.target.as_str() {
            "/oauth/token" => error(401, code, text),
            _ => unauthorized(code, text),
        };
        refused(server, &request, &expected);
    }
}

#[test]
fn a_token_that_is_not_good_gets_401_everywhere() {
    let mut server = Server::new();
    server.enroll();
    let token = server.login();
    everywhere_refused(&mut server, "x", "invalid_grant", "Malformed mfa_token");
    let other = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[8; 32])));
    let session = server
        .engine
        .open_token(&token, None, server.now())
        .unwrap();
    let forged = other.issue_token(&session).expose_secret().to_owned();
    everywhere_refused(&mut server, &forged, "invalid_grant", INVALID_TOKEN);
    everywhere_refused(&mut server, "withdrawn", "invalid_grant", INVALID_TOKEN);

    server.wait(10 * MINUTE - MILLISECOND);
    assert_eq!(server.respond(&list(&token)).status, 200);
    server.wait(MILLISECOND);
    everywhere_refused(&mut server, &token, "expired_token", "mfa_token is expired");
}

#[test]
fn a_session_that_is_spent_revoked_or_not_yet_valid_gets_401_everywhere() {
    let mut server = Server::new();
    server.enroll();
    let asked = server.challenged();
    assert_eq!(server.respond(&verify(&asked)).status, 200);
    everywhere_refused(&mut server, &asked.token, "invalid_grant", INVALID_TOKEN);

    let token = server.login();
    let mfa = server.access_token("before the reset");
    let reset = server.engine.reset(server.account(), server.now());
    server.save(reset);
    everywhere_refused(&mut server, &token, "invalid_grant", INVALID_TOKEN);
    everywhere_refused(&mut server, &mfa, "invalid_grant", INVALID_TOKEN);

    // From a server whose clock is ahead, up to the skew and beyond.
    server.accounts.clear();
    server.wait(2 * MINUTE);
    let token = server.login();
    server.set_back(MINUTE);
    assert_eq!(server.respond(&list(&token)).status, 200);
    server.set_back(MILLISECOND);
    everywhere_refused(&mut server, &token, "invalid_grant", INVALID_TOKEN);
}

#[test]
fn a_token_of_another_client_gets_400_where_a_client_authenticates() {
    let mut server = Server::new();
    server.enroll();
    let token = server.login();
    let mfa = server.vouch("of another client", |claims| claims.client = "other");
    let anothers = error(
        400,
        "invalid_request",
        "mfa_token not issued to this client",
    );
    for request in everywhere(&token) {
        if request.target == "/oauth/token" || request.target == "/mfa/challenge" {
            refused(
                &mut server,
                &request.clone().with("client_id", "other"),
                &anothers,
            );
            refused(
                &mut server,
                &request.with("mfa_token", mfa.as_str()),
                &anothers,
            );
        }
    }
    refused(
        &mut server,
        &associate(&token, MALLORYS).with("client_id", "other"),
        &anothers,
    );
}

#[test]
fn a_clock_that_is_behind_gets_503_and_a_short_wait() {
    let mut server = Server::new();
    server.wait(2 * MINUTE);
    server.enroll();
    server.set_back(MINUTE);
    let token = server.login();
    assert_eq!(server.respond(&challenge(&token)).status, 200);
    server.set_back(MILLISECOND);
    let token = server.login();
    let mfa = server.access_token("mfa");
    let behind = error(503, "temporarily_unavailable", UNAVAILABLE).with("Retry-After: 5");
    refused(&mut server, &associate(&mfa, MALLORYS), &behind);
    refused(&mut server, &challenge(&token), &behind);
    refused(&mut server, &recover(&token, "x"), &behind);
    refused(&mut server, &remove(&mfa, "x"), &behind);
    // It only reads.
    assert_eq!(server.respond(&list(&token)).status, 200);
}

#[test]
fn an_account_of_another_subject_gets_500() {
    let mut server = Server::new();
    server.enroll();
    let token = server.login();
    let text = "The session and the account are of different subjects.";
    let mixed_up = error(500, "server_error", text);
    let bob = Account::new("auth0|bob".parse().unwrap());
    let requests = everywhere(&token);
    for request in requests.into_iter().chain([password("auth0|alice")]) {
        let exchange = server.begin(&request);
        let load = until!(server, exchange, Load);
        let exchange = load.loaded(Some(bob.clone()), server.now(), &mut server.rng);
        let Exchange::Done(reply) = exchange else {
            panic!("{exchange:?}");
        };
        assert_eq!(Got::from(&reply), mixed_up, "{request:?}");
        assert_eq!(reply.subject(), Some(&alice()));
        assert_eq!(
            reply.denied().map(oob_mfa::Denied::name),
            Some("subject_mismatch")
        );
    }
}

#[test]
fn associate_refuses_what_may_not_be_enrolled() {
    let mut server = Server::of(
        Policy::auth0()
            .with_channels(Channels::Sms)
            .with_max_phones(2)
            .unwrap(),
    );
    let token = server.login();
    let good = || associate(&token, ALICES);
    let bad = |text: &str| error(400, "invalid_request", text);
    for (request, text) in [
        (
            good().with("phone_number", "4155558730"),
            "The phone number is invalid.",
        ),
        (
            good().with("phone_number", "+4407911123456"),
            "The phone number is invalid. Drop the 0 after +44.",
        ),
        (
            good().with("phone_number", ()),
            "Missing required parameter: phone_number",
        ),
        (
            good().with("phone_number", 1),
            "phone_number must be a string",
        ),
        (
            good().with("authenticator_types", ()),
            "Missing required parameter: authenticator_types",
        ),
        (
            good().with("authenticator_types", vec![1]),
            "authenticator_types must be an array of strings",
        ),
        (
            good().with("authenticator_types", "otp"),
            "The authenticator type is not supported. Supported type: oob.",
        ),
        (
            good().with("oob_channels", ()),
            "Missing required parameter: oob_channels",
        ),
        (
            good().with("oob_channels", vec!["voice", "auth0"]),
            "None of the oob_channels is enabled. Enabled channels: sms.",
        ),
    ] {
        refused(&mut server, &request, &bad(text));
        assert_eq!(server.steps.len(), 0);
    }
    server.enroll();
    let token = server.login();
    let enrolled = error(403, "access_denied", "User is already enrolled.");
    refused(&mut server, &associate(&token, MALLORYS), &enrolled);
    let mfa = server.access_token("mfa");
    refused(
        &mut server,
        &associate(&mfa, ALICES),
        &bad("The phone number is already enrolled."),
    );
    let got = server.respond(&associate(&mfa, MALLORYS));
    let asked = server.asked(mfa.clone(), &got, MALLORYS);
    assert_eq!(server.respond(&verify(&asked)).status, 200);
    let text = "The user has as many phones as the policy allows, or more. Remove phones first.";
    refused(&mut server, &associate(&mfa, "+14155550103"), &bad(text));
}

#[test]
fn challenge_refuses_what_cannot_be_challenged() {
    let mut server = Server::new();
    let token = server.login();
    let text = "User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator.";
    refused(
        &mut server,
        &challenge(&token),
        &unauthorized("association_required", text),
    );
    server.enroll();
    let token = server.login();
    let id = server.device();
    let cannot = error(
        400,
        "invalid_authenticator",
        "No active phone matches the request. List the authenticators.",
    );
    for unknown in [
        "x",
        "sms|dev_NU1Ofuw3Cw0XCt5x",
        &format!("recovery-code|{id}"),
    ] {
        refused(
            &mut server,
            &challenge(&token).with("authenticator_id", unknown),
            &cannot,
        );
    }
    let both = challenge(&token).with("authenticator_id", format!("sms|{id}"));
    let text = "oob_channel is not the channel of the authenticator_id. Send only one of them.";
    refused(
        &mut server,
        &both.clone().with("oob_channel", "voice"),
        &error(400, "invalid_request", text),
    );
    assert_eq!(server.respond(&both.with("oob_channel", "sms")).status, 200);
    // With voice disabled.
    server.engine = super::server::engine(Policy::auth0().with_channels(Channels::Sms));
    let voice = challenge(&token).with("oob_channel", "voice");
    refused(
        &mut server,
        &voice,
        &error(
            400,
            "invalid_request",
            "The oob_channel is not enabled. Send another, or none.",
        ),
    );
}
