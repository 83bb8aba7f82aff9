//! The order of errors and of questions to the server.

use serde_json::json;

use super::http::{Http, JSON, MALFORMED_BODY, error, unauthorized};
use super::server::{CLIENT, Server, associate, challenge, list, password, remove, until, verify};

const ANOTHERS: &str = "mfa_token not issued to this client";

#[test]
fn at_associate_the_session_comes_before_the_body() {
    let mut server = Server::new();
    let malformed = unauthorized("invalid_grant", "Malformed mfa_token");
    let broken = |request: Http| request.body(JSON, "{");
    let encoded = |request: Http| request.body(JSON, "{}").header("Content-Encoding", "gzip");
    for (request, steps) in [
        (Http::post("/mfa/associate"), 0),
        (
            Http::post("/mfa/associate").header("Authorization", "Basic YTpi"),
            0,
        ),
        (Http::post("/mfa/associate").bearer("x"), 1),
    ] {
        for request in [broken(request.clone()), encoded(request)] {
            assert_eq!(server.respond(&request), malformed);
            assert_eq!(server.steps.len(), steps);
        }
    }
    let token = server.login();
    let mfa = server.access_token("mfa");
    for token in [token, mfa] {
        let request = Http::post("/mfa/associate").bearer(&token);
        let got = server.respond(&broken(request.clone()));
        assert_eq!(got, error(400, "invalid_request", MALFORMED_BODY));
        assert_eq!(server.respond(&encoded(request)).status, 415);
        assert!(!server.steps.contains(&"load"));
    }
}

#[test]
fn at_challenge_and_token_the_client_comes_before_the_token() {
    let mut server = Server::new();
    server.enroll();
    let asked = server.challenged();
    let failed = error(401, "invalid_client", "Client authentication failed");
    for token in ["x", &asked.token] {
        let request = challenge(token).with("client_id", "nobody");
        let got = server.respond(&request);
        assert_eq!(
            got,
            unauthorized("invalid_client", "Client authentication failed")
        );
        assert_eq!(server.steps, ["client"]);
        let request = verify(&asked)
            .with("client_id", "nobody")
            .with("mfa_token", token);
        assert_eq!(server.respond(&request), failed);
        assert_eq!(server.steps, ["client"]);
    }
}

#[test]
fn at_challenge_the_errors_of_parameters_come_after_those_of_the_session() {
    let mut server = Server::new();
    let token = server.login();
    let request = challenge("x")
        .with("challenge_type", "otp")
        .with("oob_channel", "x");
    let got = server.respond(&request);
    assert_eq!(got, unauthorized("invalid_grant", "Malformed mfa_token"));
    let got = server.respond(&request.clone().with("mfa_token", token.clone()));
    let text = "The user does not support the requested challenge type (otp). Supported type: oob.";
    assert_eq!(got, unauthorized("unsupported_challenge_type", text));
    assert_eq!(server.steps, ["client"]);
    let request = challenge(&token).with("oob_channel", "auth0");
    let text = "The oob_channel is not supported. Supported channels: sms, voice.";
    assert_eq!(
        server.respond(&request),
        error(400, "invalid_request", text)
    );
    let request = challenge("x").with("client_id", "").with("mfa_token", "");
    let text = "Missing required parameter: client_id";
    assert_eq!(
        server.respond(&request),
        error(400, "invalid_request", text)
    );
    let request = challenge("").with("challenge_type", "otp");
    let text = "Missing required parameter: mfa_token";
    assert_eq!(
        server.respond(&request),
        error(400, "invalid_request", text)
    );
}

#[test]
fn at_the_token_endpoint_the_parameters_of_a_grant_come_before_its_token() {
    let mut server = Server::new();
    let asked = server.associated("+14155558730");
    for name in ["oob_code", "binding_code", "mfa_token"] {
        for empty in [json!(null), json!("")] {
            let text = format!("Missing required parameter: {name}");
            let got = server.respond(&verify(&asked).with(name, empty));
            assert_eq!(got, error(400, "invalid_request", &text));
        }
        for other in [json!(1), json!(true), json!(["a"]), json!({})] {
            let text = format!("{name} must be a string");
            let got = server.respond(&verify(&asked).with(name, other));
            assert_eq!(got, error(400, "invalid_request", &text));
        }
        assert_eq!(server.steps, ["client"]);
    }
    for (name, text) in [
        ("grant_type", "Missing required parameter: grant_type"),
        ("client_id", "Missing required parameter: client_id"),
    ] {
        let got = server.respond(&verify(&asked).with(name, ""));
        assert_eq!(got, error(400, "invalid_request", text));
    }
    let mut twice = verify(&asked);
    twice.body.splice(..1, *br#"{"oob_code":"a","#);
    let text = "oob_code must occur only once";
    assert_eq!(server.respond(&twice), error(400, "invalid_request", text));
}

#[test]
fn the_token_of_the_body_comes_before_that_of_the_header() {
    let mut server = Server::new();
    let asked = server.associated("+14155558730");
    let right = verify(&asked).bearer("x");
    assert_eq!(server.respond(&right).status, 200);
    let token = server.login();
    let by_header = challenge("").bearer(&token);
    assert_eq!(server.respond(&by_header).status, 200);
    let got = server.respond(&challenge("x").bearer(&token));
    assert_eq!(got, unauthorized("invalid_grant", "Malformed mfa_token"));
}

#[test]
fn associate_authenticates_the_client_only_if_it_sends_a_secret() {
    let mut server = Server::new();
    let token = server.login();
    let request = associate(&token, "+14155558730");
    assert_eq!(server.respond(&request).status, 200);
    assert_eq!(server.steps, ["load", "admit", "replace", "send"]);
    let got = server.respond(&request.clone().with("client_id", CLIENT));
    assert_eq!((got.status, server.steps.contains(&"client")), (200, false));
    let got = server.respond(&request.clone().with("client_id", "other"));
    assert_eq!(got, error(400, "invalid_request", ANOTHERS));
    assert_eq!(server.steps.len(), 0);

    let secret = request.clone().with("client_secret", "s3cret");
    let text = "Missing required parameter: client_id";
    assert_eq!(server.respond(&secret), error(400, "invalid_request", text));
    // With the right secret, but of another client than the token's.
    let got = server.respond(&secret.clone().with("client_id", "web"));
    assert_eq!(got, error(400, "invalid_request", ANOTHERS));
    assert_eq!(server.steps, ["client"]);
    // A public client that sends a secret does not match.
    let failed = unauthorized("invalid_client", "Client authentication failed");
    assert_eq!(
        server.respond(&secret.clone().with("client_id", CLIENT)),
        failed
    );
    assert_eq!(server.respond(&secret.with("client_id", "nobody")), failed);
    assert_eq!(server.steps, ["client"]);
    let got = server.respond(&request.with("client_secret", json!(1)));
    assert_eq!(
        got,
        error(400, "invalid_request", "client_secret must be a string")
    );

    let login = password("auth0|bob")
        .with("client_id", "web")
        .with("client_secret", "s3cret");
    let token = server.respond(&login).text("mfa_token");
    let request = associate(&token, "+14155558730").with("client_secret", "s3cret");
    assert_eq!(
        server
            .respond(&request.clone().with("client_id", "web"))
            .status,
        200
    );
    assert_eq!(server.steps, ["client", "load", "admit", "replace", "send"]);
    let got = server.respond(&request.with("client_id", "web").with("phone_number", "1"));
    assert_eq!(
        got.text("error_description"),
        "The phone number is invalid."
    );
    assert_eq!(server.steps, ["client"]);
}

#[test]
fn a_credential_of_the_header_authenticates_the_client_at_challenge_and_token() {
    let mut server = Server::new();
    let web = "Basic d2ViOnMzY3JldA==";
    let login = password("auth0|alice").with("client_id", json!(null));
    let got = server.respond(&login.clone().header("Authorization", web));
    let token = got.text("mfa_token");
    let request = challenge(&token)
        .with("client_id", "web")
        .header("Authorization", web);
    let got = server.respond(&request);
    assert_eq!(got.text("error"), "association_required");

    let failed = error(401, "invalid_client", "Client authentication failed");
    let wrong = "basic d2ViOndyb25n";
    for header in [wrong, "Basic", "Basic ?", "Basic OnMzY3JldA=="] {
        let got = server.respond(&login.clone().header("Authorization", header));
        let by_basic = error(401, "invalid_client", "Client authentication failed")
            .with("WWW-Authenticate: Basic realm=\"oauth\"");
        assert_eq!(got, by_basic, "{header}");
        // Elsewhere every 401 has a bearer challenge.
        let request = challenge(&token)
            .with("client_id", json!(null))
            .header("Authorization", header);
        let got = server.respond(&request);
        assert_eq!(
            got,
            unauthorized("invalid_client", "Client authentication failed")
        );
    }
    for header in ["", "Digest a", "\u{e9}"] {
        let got = server.respond(&login.clone().header("Authorization", header));
        assert_eq!(got, failed, "{header}");
    }
    let several = "With HTTP Basic, the body must have no client_secret and no other client_id.";
    for request in [
        login
            .clone()
            .with("client_id", "web")
            .with("client_secret", "s3cret"),
        login.with("client_id", CLIENT),
    ] {
        let got = server.respond(&request.header("Authorization", web));
        assert_eq!(got, error(400, "invalid_request", several));
    }
}

#[test]
fn the_session_comes_before_the_authenticator_at_delete_and_an_id_is_decoded_once() {
    let mut server = Server::new();
    server.enroll();
    let token = server.access_token("mfa");
    let id = format!("sms|{}", server.device());
    for unknown in [
        "x",
        "%",
        "%ff",
        "recovery-code|dev_NU1Ofuw3Cw0XCt5x",
        &id.replace('|', "%257C"),
    ] {
        let got = server.respond(&remove("x", unknown));
        assert_eq!(got, unauthorized("invalid_grant", "Malformed mfa_token"));
        let got = server.respond(&remove(&token, unknown));
        assert_eq!(
            got,
            error(
                404,
                "invalid_authenticator",
                "No phone matches this id. List the authenticators."
            )
        );
        assert_eq!(server.steps, ["token", "load"]);
    }
    let got = server.respond(&remove(&token, &id.replace('|', "%7c")));
    assert_eq!((got.status, got.body.as_str()), (204, ""));
    assert_eq!(got.headers, ["Cache-Control: no-store", "Pragma: no-cache"]);
    assert_eq!(server.steps, ["token", "load", "replace"]);
    assert_eq!(server.respond(&list(&token)).body, "[]");
}

#[test]
fn the_time_of_the_request_judges_the_token_and_the_time_of_the_load_the_session() {
    use oob_mfa_testing::{MILLISECOND, MINUTE};

    let mut server = Server::new();
    let token = server.login();
    let expired = unauthorized("expired_token", "mfa_token is expired");
    server.wait(10 * MINUTE - MILLISECOND);
    assert_eq!(server.respond(&list(&token)).body, "[]");
    let request = server.begin(&list(&token));
    let load = until!(server, request, Load);
    server.wait(MILLISECOND);
    let reply = load.loaded(None, server.now(), &mut server.rng);
    assert_eq!(super::http::Got::from(&server.finish(reply)), expired);
    assert_eq!(server.respond(&list(&token)), expired);
    assert_eq!(server.steps.len(), 0);
}
