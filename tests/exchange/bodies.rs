//! Headers and bodies, as clients and proxies write them.

use oob_mfa::wire::MAX_BODY;
use oob_mfa::{Policy, RateLimit};
use oob_mfa_testing::{ALICES, HOUR};

use super::http::{FORM, Got, Http, JSON, MALFORMED_BODY, error, unauthorized};
use super::server::{CLIENT, Server, associate, challenge, engine, list, password};

fn bad(description: &str) -> Got {
    error(400, "invalid_request", description)
}

fn unsupported_encoding() -> Got {
    error(
        415,
        "invalid_request",
        "The content encoding must be identity.",
    )
    .with("Accept-Encoding: identity")
}

fn too_large() -> Got {
    error(
        413,
        "invalid_request",
        "The request body is too large. At most 16384 bytes are accepted.",
    )
}

fn unsupported_type() -> Got {
    let text = "The content type must be application/json or application/x-www-form-urlencoded.";
    error(415, "invalid_request", text)
}

/// A valid request to each endpoint with a body, which a test then changes.
fn requests(server: &mut Server) -> [Http; 3] {
    let many = RateLimit::new(100, HOUR).unwrap();
    server.engine = engine(Policy::auth0().with_sends(many));
    server.enroll();
    let token = server.login();
    let mfa = server.access_token("of a full login");
    [
        password("auth0|alice"),
        associate(&mfa, "+14155550100"),
        challenge(&token),
    ]
}

#[test]
fn a_header_is_known_by_its_name_in_any_case() {
    let mut server = Server::new();
    for request in requests(&mut server) {
        let status = server.respond(&request).status;
        for change in [str::to_ascii_lowercase, str::to_ascii_uppercase] {
            let mut request = request.clone();
            for (name, _) in &mut request.headers {
                *name = change(name);
            }
            assert_eq!(server.respond(&request).status, status, "{request:?}");
            let encoded = request.header(&change("Content-Encoding"), "gzip");
            assert_eq!(server.respond(&encoded), unsupported_encoding());
        }
    }
}

#[test]
fn a_repeated_header_is_refused_even_with_the_same_value() {
    let mut server = Server::new();
    for request in requests(&mut server) {
        for again in [JSON, FORM] {
            let got = server.respond(&request.clone().header("content-type", again));
            assert_eq!(got, bad("Content-Type must occur only once"), "{request:?}");
        }
        let twice = request
            .clone()
            .bearer("a")
            .header("AUTHORIZATION", "Bearer a");
        let got = server.respond(&twice);
        assert_eq!(
            got,
            bad("Authorization must occur only once"),
            "{request:?}"
        );
        assert_eq!(server.steps.len(), 0);
    }
    let token = server.login();
    let got = server.respond(&list(&token).bearer(&token));
    assert_eq!(got, bad("Authorization must occur only once"));
}

#[test]
fn a_header_value_that_is_not_ascii_is_ignored() {
    let mut server = Server::new();
    let malformed = unauthorized("invalid_grant", "Malformed mfa_token");
    for value in ["Bearer \u{e9}".as_bytes(), b"Bearer \xff", b"\xff\xfe", b""] {
        let got =
            server.respond(&Http::new("GET", "/mfa/authenticators").header("Authorization", value));
        assert_eq!(got, malformed);
        let delete = Http::new("DELETE", "/mfa/authenticators/x").header("Authorization", value);
        assert_eq!(server.respond(&delete), malformed);
    }
    for request in requests(&mut server) {
        for value in [
            "application/json\u{e9}".as_bytes(),
            b"application/json\xff",
            b"\xff",
        ] {
            let mut other = request.clone();
            other.headers.retain(|(name, _)| name != "Content-Type");
            let other = other.header("Content-Type", value);
            assert_eq!(server.respond(&other), unsupported_type(), "{other:?}");
        }
        let other = request.clone().header("Content-Encoding", b"\xff");
        assert_eq!(server.respond(&other), unsupported_encoding());
        // Headers without a meaning here.
        let other = request.clone().header("X-\u{e9}", b"\xff").header("", "");
        assert!(server.respond(&other).status <= 403, "{other:?}");
    }
}

#[test]
fn a_body_may_be_as_long_as_the_longest_and_no_longer() {
    let mut server = Server::new();
    for request in requests(&mut server) {
        let status = server.respond(&request).status;
        let mut longest = request;
        longest.body.resize(MAX_BODY, b' ');
        assert_eq!(server.respond(&longest).status, status);
        longest.body.push(b' ');
        assert_eq!(server.respond(&longest), too_large());
        // The body is not read.
        let any = longest.header("Content-Encoding", "gzip");
        assert_eq!(server.respond(&any), too_large());
    }
}

#[test]
fn an_encoded_body_is_refused_and_identity_is_accepted() {
    let mut server = Server::new();
    for request in requests(&mut server) {
        let status = server.respond(&request).status;
        for encoding in ["gzip", "GZIP", "br", "identity, gzip", "x", "identity;q=1"] {
            let request = request.clone().header("Content-Encoding", encoding);
            assert_eq!(
                server.respond(&request),
                unsupported_encoding(),
                "{encoding}"
            );
            let after = request.header("Content-Encoding", "identity");
            assert_eq!(server.respond(&after), unsupported_encoding());
        }
        for encoding in ["identity", "Identity", "", " identity , identity"] {
            let request = request.clone().header("Content-Encoding", encoding);
            assert_eq!(server.respond(&request).status, status, "{encoding}");
        }
    }
}

#[test]
fn a_byte_order_mark_is_skipped_once() {
    let mut server = Server::new();
    for mut request in requests(&mut server) {
        let status = server.respond(&request).status;
        request.body.splice(..0, *b"\xef\xbb\xbf");
        assert_eq!(server.respond(&request).status, status);
        request.body.splice(..0, *b"\xef\xbb\xbf");
        assert_eq!(server.respond(&request), bad(MALFORMED_BODY));
    }
    let form =
        Http::post("/oauth/token").body(FORM, "\u{feff}grant_type=password&client_id=my-app");
    assert_eq!(
        server.respond(&form).text("error_description"),
        "Wrong email or password."
    );
}

#[test]
fn a_body_that_is_not_an_object_of_its_content_type_is_malformed() {
    let mut server = Server::new();
    for request in requests(&mut server) {
        for body in [
            &b""[..],
            b"{",
            b"[]",
            b"null",
            b"\"a\"",
            b"{}{}",
            b"{\"a\":\"\xff\"}",
            b"\xff",
            b"{\"a\":\"\\ud800\"}",
            b"a=b",
        ] {
            let mut request = request.clone();
            request.body = body.to_vec();
            assert_eq!(server.respond(&request), bad(MALFORMED_BODY), "{request:?}");
        }
        let parameters = |count| {
            let parameters = (0..count).map(|number| format!("\"{number}\":1"));
            format!("{{{}}}", parameters.collect::<Vec<_>>().join(","))
        };
        let mut many = request.clone();
        many.body = parameters(65).into_bytes();
        assert_eq!(server.respond(&many), bad(MALFORMED_BODY));
        many.body = parameters(64).into_bytes();
        assert!(
            server
                .respond(&many)
                .body
                .contains("Missing required parameter")
        );
        // Invalid UTF-8 in a form is not read as U+FFFD.
        for body in [
            &b"client_id=\xff"[..],
            b"client_id=\xf0\x9f&a",
            b"client_id=a%FF",
            b"%ff=a",
        ] {
            let mut form = request.clone();
            form.headers.retain(|(name, _)| name != "Content-Type");
            let form = form.body(FORM, body);
            assert_eq!(server.respond(&form), bad(MALFORMED_BODY));
        }
        // A form has as many parameters as an object.
        let form_of = |count: u32| {
            let mut form = request.clone();
            form.headers.retain(|(name, _)| name != "Content-Type");
            let parameters: Vec<String> = (0..count).map(|number| format!("{number}=1")).collect();
            form.body(FORM, parameters.join("&").as_bytes())
        };
        assert_eq!(server.respond(&form_of(65)), bad(MALFORMED_BODY));
        let answer = server.respond(&form_of(64));
        assert!(answer.body.contains("Missing required parameter"));
    }
}

#[test]
fn without_a_content_type_the_token_endpoint_reads_a_form_and_the_others_json() {
    let mut server = Server::new();
    let [_, associate, challenge] = requests(&mut server);
    for mut request in [associate, challenge] {
        request.headers.retain(|(name, _)| name != "Content-Type");
        assert_eq!(server.respond(&request).status, 200);
    }
    let mut form = Http::post("/oauth/token");
    form.body =
        b"grant_type=password&client_id=my-app&username=auth0%7Calice&password=correct+horse"
            .to_vec();
    assert_eq!(server.respond(&form).text("error"), "mfa_required");
    form.body = password("auth0|alice").body;
    assert_eq!(
        server.respond(&form),
        bad("Missing required parameter: client_id")
    );
}

#[test]
fn forms_are_read_everywhere() {
    let mut server = Server::new();
    let [..] = requests(&mut server);
    let token = server.login();
    let mfa = server.access_token("another");
    let number = ALICES.replace("8730", "0101").replace('+', "%2B");
    for (path, token, body) in [
        (
            "/mfa/challenge",
            None,
            format!("mfa_token={token}&client_id={CLIENT}"),
        ),
        (
            "/mfa/challenge",
            Some(&token),
            format!("client_id={CLIENT}&challenge_type=OOB+otp"),
        ),
        (
            "/mfa/associate",
            Some(&mfa),
            format!("authenticator_types=oob&oob_channels=tel&phone_number={number}"),
        ),
    ] {
        let mut request = Http::post(path).body(FORM, body);
        if let Some(token) = token {
            request = request.bearer(token);
        }
        let got = server.respond(&request);
        assert_eq!(got.status, 200, "{request:?} {got:?}");
    }
}
