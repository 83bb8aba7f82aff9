//! Invalid requests: each gets a clear response with the API's text.

use serde_json::json;

use crate::answer::Answer;
use crate::client::{Client, FORM, JSON, MFA_OOB, bearer};
use crate::refusal::*;
use crate::server::Server;

const ENDPOINTS: [&str; 3] = ["/oauth/token", "/mfa/associate", "/mfa/challenge"];
/// The longest body that is read.
const LONGEST: usize = 16 * 1024;

/// Sends invalid requests, and checks that no message was sent.
pub(crate) fn bad_requests(server: &Server) {
    let client = Client::of(server.address);
    let token = client.login();
    let authorization = ("authorization", &*bearer(&token));
    let post = |path: &str, kind: (&str, &str), body: &[u8]| {
        client.send("POST", path, &[kind, authorization], body)
    };

    for path in ENDPOINTS {
        for (kind, body) in [
            (JSON, b"".as_slice()),
            (JSON, b"{"),
            (JSON, b"[]"),
            (JSON, b"{\"a\":\"\xFF\"}"),
            (FORM, b"client_id=\xFF"),
        ] {
            invalid(
                400,
                "Malformed request body: send a JSON object or a form, with at most 64 parameters",
                &post(path, kind, body),
            );
        }
        for kind in ["text/plain", "application/xml", ""] {
            invalid(
                415,
                "The content type must be application/json or \
                 application/x-www-form-urlencoded.",
                &post(path, ("content-type", kind), b"{}"),
            );
        }
        for length in [LONGEST + 1, 64 * LONGEST] {
            let answer = post(path, FORM, &vec![b'a'; length]);
            invalid(
                413,
                "The request body is too large. At most 16384 bytes are accepted.",
                &answer,
            );
        }
    }
    encoded_bodies(server, &client, &token);
    // At the limit the body is read, and lacks a client.
    let missing = |name: &str, answer: &Answer| {
        invalid(400, &format!("Missing required parameter: {name}"), answer);
    };
    let answer = post("/oauth/token", FORM, &vec![b'a'; LONGEST]);
    missing("client_id", &answer);

    let body = json!({ "authenticator_types": ["oob"], "oob_channels": ["sms"] });
    let associate = |body| client.associate_by(body, &token);
    missing("phone_number", &associate(&body));
    let body = json!({
        "authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": 14_155_558_730_u64,
    });
    invalid(400, "phone_number must be a string", &associate(&body));
    let body = json!({
        "client_id": "another", "authenticator_types": ["oob"], "oob_channels": ["sms"],
        "phone_number": "+14155558730",
    });
    let answer = associate(&body);
    invalid(400, "mfa_token not issued to this client", &answer);

    let body = json!({
        "grant_type": MFA_OOB, "client_id": "demo", "client_secret": "demo-secret",
        "mfa_token": token, "oob_code": "x",
    });
    missing("binding_code", &client.json("/oauth/token", &[], &body));
    let body =
        json!({ "grant_type": "implicit", "client_id": "demo", "client_secret": "demo-secret" });
    client
        .json("/oauth/token", &[], &body)
        .refused(UNSUPPORTED_GRANT);
    let body = json!({ "client_id": "demo", "client_secret": "guessed", "mfa_token": token });
    for path in ["/oauth/token", "/mfa/challenge"] {
        client.json(path, &[], &body).refused(INVALID_CLIENT);
    }
    // A browser that gets an unexpected `Basic` opens a password dialog.
    let wrong = ("authorization", "Basic ZGVtbzpndWVzc2Vk");
    let body = json!({ "grant_type": "password" });
    client
        .json("/oauth/token", &[wrong], &body)
        .refused(INVALID_CLIENT);
    client.list("x").refused(MALFORMED_TOKEN);
    client
        .send("GET", "/mfa/authenticators", &[], "")
        .refused(MALFORMED_TOKEN);

    for (method, path) in [
        ("GET", "/nothing"),
        ("POST", "/mfa"),
        ("DELETE", "/mfa/nothing/x"),
    ] {
        client
            .send(method, path, &[authorization], "")
            .refused(NO_ENDPOINT);
    }
    assert_eq!(client.list(&token).ok(), json!([]));
    assert_eq!(server.unread(), 0);
}

/// An encoded body is not read, even if it parses; a byte order mark is skipped.
fn encoded_bodies(server: &Server, client: &Client, token: &str) {
    let authorization = ("authorization", &*bearer(token));
    let gzip = b"\x1F\x8B\x08\x00\x00\x00\x00\x00".as_slice();
    for path in ENDPOINTS {
        for (kind, body) in [
            (FORM, b"client_id=demo".as_slice()),
            (JSON, b"{}"),
            (JSON, gzip),
        ] {
            for encoding in ["gzip", "br", "identity, gzip"] {
                let headers = [kind, authorization, ("content-encoding", encoding)];
                let answer = client.send("POST", path, &headers, body);
                invalid(415, "The content encoding must be identity.", &answer);
                let accepted = server.tells_encoding.then_some("identity");
                assert_eq!(answer.header("accept-encoding"), accepted);
            }
        }
    }
    let lacks = |name: &str, answer: &Answer| {
        invalid(400, &format!("Missing required parameter: {name}"), answer);
    };
    let identity = ("content-encoding", "Identity");
    let form = "\u{FEFF}client_id=demo&client_secret=demo-secret";
    let answer = client.send("POST", "/oauth/token", &[FORM, identity], form);
    lacks("grant_type", &answer);
    let json = "\u{FEFF}{\"client_id\":\"demo\",\"client_secret\":\"demo-secret\"}";
    let answer = client.send("POST", "/oauth/token", &[JSON], json);
    lacks("grant_type", &answer);
}

#[track_caller]
fn invalid(status: u16, description: &str, answer: &Answer) {
    answer.is(status, "invalid_request", description);
}
