//! Requests with and without an endpoint.

use oob_mfa::exchange::Endpoint;

use super::http::{Got, Http, error, json, unauthorized};
use super::server::Server;

const POST: &str = "Allow: POST, OPTIONS";
const GET: &str = "Allow: GET, HEAD, OPTIONS";
const DELETE: &str = "Allow: DELETE, OPTIONS";

const RESOURCES: [(&str, &str); 6] = [
    ("/oauth/token", POST),
    ("/mfa/associate", POST),
    ("/mfa/challenge", POST),
    ("/mfa/authenticators", GET),
    ("/mfa/authenticators/sms%7Cdev_NU1Ofuw3Cw0XCt5x", DELETE),
    ("/mfa/authenticators/x", DELETE),
];

fn not_found() -> Got {
    error(404, "not_found", "There is no such endpoint.")
}

fn not_allowed() -> Got {
    let text = "The endpoint does not take this method.";
    error(405, "method_not_allowed", text)
}

fn no_content(allow: &str) -> Got {
    Got {
        status: 204,
        headers: vec![allow.to_owned()],
        body: String::new(),
    }
}

#[test]
fn an_unknown_path_is_not_found() {
    let mut server = Server::new();
    for path in [
        "",
        "/",
        "*",
        "/oauth",
        "/oauth/token/",
        "/oauth//token",
        "/OAuth/token",
        "oauth/token",
        "/oauth/token#fragment",
        "/oauth%2Ftoken",
        "http://localhost/oauth/token",
        "/mfa",
        "/mfa/associate/",
        "/mfa/Associate",
        "/mfa/challenge/x",
        "/mfa/authenticators/",
        "/mfa/authenticators/?id=x",
        "/mfa/authenticators/x/",
        "/mfa/authenticators/x/y",
        "/mfa/authenticators//x",
        "/MFA/authenticators",
        "/mfa/authenticators2",
    ] {
        for method in ["GET", "POST", "DELETE", "PUT"] {
            let reply = server.reply(&Http::new(method, path));
            assert_eq!(Got::from(&reply), not_found(), "{method} {path}");
            assert_eq!(
                (reply.endpoint(), reply.subject(), reply.denied()),
                (None, None, None)
            );
        }
        let got = server.respond(&Http::new("HEAD", path));
        assert_eq!(got, not_found().without_body(), "HEAD {path}");
        if path != "*" {
            assert_eq!(
                server.respond(&Http::new("OPTIONS", path)),
                not_found(),
                "{path}"
            );
        }
    }
    assert_eq!(server.steps.len(), 0);
}

#[test]
fn another_method_gets_405_and_the_allowed_ones() {
    let mut server = Server::new();
    for (path, allow) in RESOURCES {
        for path in [path.to_owned(), format!("{path}?a=b")] {
            for method in [
                "GET",
                "POST",
                "DELETE",
                "PUT",
                "PATCH",
                "TRACE",
                "get",
                "post",
                "",
                "POST, OPTIONS",
            ] {
                if allow["Allow: ".len()..]
                    .split(", ")
                    .any(|allowed| allowed == method)
                {
                    continue;
                }
                let reply = server.reply(&Http::new(method, &path));
                let got = Got::from(&reply);
                assert_eq!(got, not_allowed().with(allow), "{method} {path}");
                assert_eq!(reply.endpoint(), None);
            }
            if allow != GET {
                let got = server.respond(&Http::new("HEAD", &path));
                assert_eq!(got, not_allowed().with(allow).without_body(), "{path}");
            }
            let got = server.respond(&Http::new("OPTIONS", &path));
            assert_eq!(got, no_content(allow), "{path}");
        }
    }
    let all = "Allow: GET, HEAD, POST, DELETE, OPTIONS";
    assert_eq!(server.respond(&Http::new("OPTIONS", "*")), no_content(all));
    assert_eq!(server.steps.len(), 0);
}

#[test]
fn a_query_is_ignored_and_the_reply_names_the_endpoint() {
    let mut server = Server::new();
    for (method, path, endpoint, name) in [
        ("POST", "/oauth/token", Endpoint::Token, "token"),
        ("POST", "/mfa/associate", Endpoint::Associate, "associate"),
        ("POST", "/mfa/challenge", Endpoint::Challenge, "challenge"),
        (
            "GET",
            "/mfa/authenticators",
            Endpoint::Authenticators,
            "authenticators",
        ),
        (
            "HEAD",
            "/mfa/authenticators",
            Endpoint::Authenticators,
            "authenticators",
        ),
        (
            "DELETE",
            "/mfa/authenticators/x",
            Endpoint::RemoveAuthenticator,
            "remove_authenticator",
        ),
    ] {
        for query in ["", "?", "?mfa_token=x&client_id=y", "?/z?"] {
            let reply = server.reply(&Http::new(method, &format!("{path}{query}")));
            assert_eq!(reply.endpoint(), Some(endpoint), "{path}{query}");
            assert!(matches!(reply.status(), 400 | 401), "{}", reply.status());
        }
        assert_eq!(endpoint.name(), name);
    }
    assert_eq!(server.steps.len(), 0);
}

#[test]
fn head_gets_what_get_gets_without_the_body() {
    let mut server = Server::new();
    server.enroll();
    let token = server.login();
    let got = server.respond(&Http::new("GET", "/mfa/authenticators").bearer(&token));
    assert_eq!((got.status, got.body.is_empty()), (200, false));
    let head = server.respond(&Http::new("HEAD", "/mfa/authenticators").bearer(&token));
    assert_eq!(head, json(200, ""));
    assert_eq!(head, got.without_body());
    let head = server.respond(&Http::new("HEAD", "/mfa/authenticators"));
    let malformed = unauthorized("invalid_grant", "Malformed mfa_token");
    assert_eq!(head, malformed.without_body());
}
