//! The server's own access tokens.

use oob_mfa::Denied;
use oob_mfa::exchange::Exchange;
use oob_mfa_testing::{ALICES, HOUR, MALLORYS, MILLISECOND};

use super::http::{Got, INVALID_TOKEN, error, unauthorized};
use super::server::{
    Asked, Server, alice, associate, challenge, list, recover, remove, until, verify,
};

#[test]
fn an_access_token_lists_enrolls_confirms_and_removes() {
    let mut server = Server::new();
    server.enroll();
    let token = server.access_token("mfa");
    assert_eq!(server.respond(&list(&token)).status, 200);
    assert_eq!(server.steps, ["token", "load"]);
    let got = server.respond(&associate(&token, MALLORYS));
    assert_eq!(server.steps, ["token", "load", "admit", "replace", "send"]);
    let asked = server.asked(token.clone(), &got, MALLORYS);
    assert_eq!(server.respond(&verify(&asked)).status, 200);
    assert_eq!(server.steps, ["client", "token", "load", "replace", "mint"]);
    for phone in server
        .engine
        .phones(&server.account(), server.now())
        .collect::<Vec<_>>()
    {
        let reply = server.reply(&remove(&token, &format!("voice%7C{}", phone.device)));
        assert_eq!((reply.status(), reply.subject()), (204, Some(&alice())));
    }
    assert_eq!(server.respond(&list(&token)).body, "[]");
}

#[test]
fn an_access_token_where_an_mfa_token_is_wanted_gets_401() {
    let mut server = Server::new();
    let recovery_code = server.enroll();
    let asked = server.challenged();
    let token = server.access_token("mfa");
    let before = server.accounts.clone();
    let got = server.respond(&challenge(&token));
    assert_eq!(got, unauthorized("invalid_grant", INVALID_TOKEN));
    let invalid = error(401, "invalid_grant", INVALID_TOKEN);
    assert_eq!(server.respond(&recover(&token, &recovery_code)), invalid);
    assert_eq!(server.respond(&verify(&Asked { token, ..asked })), invalid);
    assert_eq!(server.accounts, before);
}

#[test]
fn a_scope_that_is_missing_is_named() {
    let mut server = Server::new();
    server.enroll();
    let first = server.login();
    let none = server.vouch("none", |claims| claims.scope = "openid");
    for (request, scope) in [
        (list(&none), "read:authenticators"),
        (associate(&none, MALLORYS), "enroll"),
        (remove(&none, "x"), "remove:authenticators"),
        (remove(&first, "x"), "remove:authenticators"),
    ] {
        let header =
            format!("WWW-Authenticate: Bearer error=\"insufficient_scope\", scope=\"{scope}\"");
        let text = format!("Insufficient scope, expected: {scope}");
        let got = server.respond(&request);
        assert_eq!(got, error(403, "insufficient_scope", &text).with(&header));
    }
}

#[test]
fn an_access_token_is_good_until_the_moment_of_its_expiry() {
    let mut server = Server::new();
    server.enroll();
    let token = server.access_token("mfa");
    let expired = unauthorized("expired_token", "mfa_token is expired");
    server.wait(HOUR - MILLISECOND);
    assert_eq!(server.respond(&list(&token)).status, 200);
    server.wait(MILLISECOND);
    for request in [
        list(&token),
        associate(&token, MALLORYS),
        remove(&token, "x"),
        challenge(&token),
    ] {
        assert_eq!(server.respond(&request), expired);
        assert!(!server.steps.contains(&"load"));
    }
    // The client is checked first.
    let token = server.vouch("old", |claims| {
        claims.client = "other";
        claims.expires_at = claims.issued_at;
    });
    let got = server.respond(&challenge(&token));
    assert_eq!(
        got,
        error(
            400,
            "invalid_request",
            "mfa_token not issued to this client"
        )
    );
}

#[test]
fn an_unknown_token_gets_the_error_of_the_engine() {
    let mut server = Server::new();
    let token = server.login();
    let other = oob_mfa::Engine::new(
        oob_mfa::Policy::auth0(),
        oob_mfa::KeyRing::new(oob_mfa::Key::new(2, &[7; 32])),
    );
    let session = server
        .engine
        .open_token(&token, None, server.now())
        .unwrap();
    let forged = other.issue_token(&session).expose_secret().to_owned();
    for (text, denied) in [
        ("x", Denied::TokenMalformed),
        (&*forged, Denied::TokenInvalid),
    ] {
        let exchange = server.begin(&list(text));
        let step = until!(server, exchange, Token);
        assert_eq!(step.text(), text);
        let Exchange::Done(reply) = step.unknown() else {
            panic!("it goes on");
        };
        assert_eq!((reply.denied(), reply.subject()), (Some(&denied), None));
        // The server's denial comes first.
        let exchange = server.begin(&list(text));
        let denied = Denied::SessionRevoked;
        let Exchange::Done(reply) = until!(server, exchange, Token).denied(denied) else {
            panic!("it goes on");
        };
        assert_eq!(reply.denied(), Some(&denied));
        assert_eq!(
            Got::from(&reply),
            unauthorized("invalid_grant", INVALID_TOKEN)
        );
    }
    // A missing token is not offered to the server.
    let request = super::http::Http::new("GET", "/mfa/authenticators");
    let reply = server.reply(&request);
    assert_eq!(
        (reply.denied(), server.steps.len()),
        (Some(&Denied::TokenMalformed), 0)
    );
}

#[test]
fn an_mfa_token_is_never_offered_to_the_server() {
    let mut server = Server::new();
    server.enroll();
    let token = server.login();
    for request in [
        list(&token),
        associate(&token, ALICES),
        remove(&token, "x"),
        challenge(&token),
        recover(&token, "x"),
    ] {
        server.respond(&request);
        assert!(!server.steps.contains(&"token"), "{request:?}");
    }
}
