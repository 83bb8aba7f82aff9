//! Pages of other origins: who may read a response, by the exact headers.

use std::sync::atomic::Ordering::SeqCst;

use serde_json::json;

use crate::common::request::{Connection, Request};
use crate::common::*;

const APP: &str = "https://app.example.com";
const OTHER_APP: &str = "http://localhost:3000";
/// Every route, and an unknown path.
const ROUTES: [&str; 9] = [
    "/oauth/token",
    "/mfa/associate",
    "/mfa/challenge",
    "/mfa/authenticators",
    "/mfa/authenticators/sms%7Cdev_1",
    "/.well-known/openid-configuration",
    "/.well-known/jwks.json",
    "/healthz",
    "/none",
];

/// Two clients have a page each.
fn world() -> World {
    World::of(config_of(
        &format!("[[clients]]\nid = \"spa\"\nallowed_origins = [\"{OTHER_APP}\"]"),
        &format!(
            "manages_factors = true\nallowed_origins = [\"{APP}\", \"https://b.example:8443\"]"
        ),
    ))
}

/// The CORS headers of a response.
fn cors(answer: &Answer) -> Vec<(&str, &str)> {
    let headers = answer.headers.iter();
    let headers = headers.map(|(name, value)| (name.as_str(), value.as_str()));
    headers
        .filter(|(name, _)| name.starts_with("access-control-") || *name == "vary")
        .collect()
}

#[track_caller]
fn is_shared_with(answer: &Answer, origin: &str) {
    assert_eq!(
        cors(answer),
        [
            ("access-control-allow-origin", origin),
            (
                "access-control-expose-headers",
                "retry-after,www-authenticate"
            ),
            ("vary", "origin"),
        ],
        "{answer:?}"
    );
}

fn preflight(world: &World, path: &str, origin: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "authorization,content-type,auth0-client",
        ),
    ];
    world.send("OPTIONS", path, &headers, "")
}

#[test]
fn a_preflight_of_any_route_is_granted_to_the_origins_of_every_client() {
    let world = world();
    for path in ROUTES {
        for origin in [APP, OTHER_APP, "https://b.example:8443"] {
            let answer = preflight(&world, path, origin);
            assert_eq!((answer.status, answer.body.as_str()), (204, ""), "{path}");
            assert_eq!(
                cors(&answer),
                [
                    (
                        "access-control-allow-headers",
                        "authorization,content-type,auth0-client"
                    ),
                    ("access-control-allow-methods", "GET,POST,DELETE"),
                    ("access-control-allow-origin", origin),
                    ("access-control-max-age", "7200"),
                    ("vary", "origin"),
                ],
                "{path}"
            );
        }
    }
    assert_eq!(world.record(), None);
}

#[test]
fn an_origin_that_is_not_allowed_gets_no_header_and_the_usual_answer() {
    let world = world();
    let none = World::new();
    for origin in [
        "null",
        "*",
        "",
        "https://app.example.com/",
        "https://app.example.com:443",
        "https://app.example.com:8443",
        "http://app.example.com",
        "https://APP.example.com",
        "https://app.example.com.evil.test",
        "https://app.example.co",
        "https://evil-app.example.com",
        "https://a.app.example.com",
        "https://example.com",
        "https://b.example",
        "http://localhost",
        "http://localhost:30000",
        "https://app.example.com, http://localhost:3000",
    ] {
        let answer = preflight(&world, "/oauth/token", origin);
        assert_eq!(cors(&answer), [], "{origin}");
        let same = world.send("OPTIONS", "/oauth/token", &[], "");
        assert_eq!(without_date(answer), without_date(same), "{origin}");
        let answer = world.send("GET", "/mfa/authenticators", &[("origin", origin)], "");
        assert_eq!((answer.status, cors(&answer)), (401, vec![]), "{origin}");
    }
    // Without an origin, and without a client that has one.
    assert_eq!(cors(&world.send("GET", "/healthz", &[], "")), []);
    assert_eq!(cors(&preflight(&none, "/oauth/token", APP)), []);
    assert_eq!(
        cors(&none.send("GET", "/healthz", &[("origin", APP)], "")),
        []
    );
}

fn without_date(mut answer: Answer) -> Answer {
    answer.headers.remove("date");
    answer
}

#[test]
fn a_page_can_read_answers_errors_and_retry_after() {
    let world = world();
    let origin = ("origin", APP);
    let ask = |method, path, headers: &[(&str, &str)], body: &str, status| {
        let answer = world.send(method, path, &[&[origin], headers].concat(), body);
        assert_eq!(answer.status, status, "{answer:?}");
        is_shared_with(&answer, APP);
        answer
    };
    let json_body = [("content-type", "application/json")];
    ask("GET", "/healthz", &[], "", 200);
    ask("GET", "/none", &[], "", 404);
    ask("GET", "/oauth/token", &[], "", 405);
    ask("DELETE", "/mfa/challenge", &[], "", 405);
    ask("POST", "/oauth/token", &json_body, "{", 400);
    ask(
        "POST",
        "/oauth/token",
        &json_body,
        &" ".repeat(100_000),
        413,
    );
    ask(
        "POST",
        "/oauth/token",
        &[("content-type", "text/plain")],
        "x",
        415,
    );
    let unauthorized = ask("GET", "/mfa/authenticators", &[], "", 401);
    assert_eq!(unauthorized.header("www-authenticate"), Some("Bearer"));
    let password = json!({
        "grant_type": "password", "client_id": "demo", "client_secret": "demo-secret",
        "username": "alice@example.com", "password": PASSWORD,
    });
    let required = ask(
        "POST",
        "/oauth/token",
        &json_body,
        &password.to_string(),
        403,
    );
    let bearer = bearer(&required.text("mfa_token"));
    let authorized = [json_body[0], ("authorization", bearer.as_str())];
    let phone = json!({
        "authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": PHONE,
    })
    .to_string();
    world.outbox.fails.store(true, SeqCst);
    ask("POST", "/mfa/associate", &authorized, &phone, 502);
    world.outbox.fails.store(false, SeqCst);
    for _ in 0..9 {
        ask("POST", "/mfa/associate", &authorized, &phone, 200);
    }
    let limited = ask("POST", "/mfa/associate", &authorized, &phone, 429);
    limited.retry_after(3_600);
    world.store.unavailable.store(true, SeqCst);
    let unavailable = ask("GET", "/mfa/authenticators", &authorized, "", 503);
    unavailable.retry_after(1);
    world.store.unavailable.store(false, SeqCst);
    world.store.panics.store(true, SeqCst);
    ask("GET", "/mfa/authenticators", &authorized, "", 500);
}

/// A page that has sent half of a request.
pub struct SlowPage(Connection, World);

impl SlowPage {
    pub fn begin() -> Self {
        let world = world();
        let request = Request::login("alice@example.com").with_header("origin", APP);
        let mut connection = Connection::open(world.address).unwrap();
        connection.begin(&request).unwrap();
        Self(connection, world)
    }

    pub fn reads_that_its_request_took_too_long(mut self) {
        let answer = self.0.answer().unwrap();
        assert_eq!(answer.status, 408);
        is_shared_with(&answer, APP);
        drop(self.1);
    }
}
