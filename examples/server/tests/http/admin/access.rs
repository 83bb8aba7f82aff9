//! Who may administer, and malformed requests.

use serde_json::{Value, json};

use super::*;

const MISSING: &str = "The token of an operator is missing or wrong.";

#[test]
fn without_the_token_of_an_operator_every_path_is_unauthorized_and_nothing_changes() {
    let site = Site::new();
    site.world.enroll(&site.world.login(), PHONE);
    let record = site.world.record();
    let access_token = site.world.manage(MANAGE);
    let tokens = [
        String::new(),
        bearer(&ANN[1..]),
        bearer(&format!("{ANN}0")),
        bearer(&ANN.to_uppercase()),
        bearer(SCRAPER),
        bearer(&format!("ann:{ANN}")),
        bearer(&access_token),
        format!("Basic {ANN}"),
        ANN.to_owned(),
    ];
    let before = site.world.record();
    assert_ne!(before, record);
    for token in &tokens {
        for (method, path) in [
            ("GET", ACCOUNT.to_owned()),
            ("POST", format!("{ACCOUNT}/reset")),
            ("POST", format!("{ACCOUNT}/erase")),
            ("POST", format!("{ACCOUNT}/recovery-code")),
            ("PUT", format!("{ACCOUNT}/reset")),
            ("GET", "/nothing".to_owned()),
        ] {
            let headers = [("authorization", token.as_str())];
            let answer = site.admin.send(method, &path, &headers, "");
            let answer = Answer {
                challenged: Challenged::WhoIsUnauthorized,
                ..answer
            };
            answer.is(401, "invalid_token", MISSING);
        }
    }
    assert_eq!(site.world.record(), before);
    // The server's main listener has none of it.
    for path in ["/metrics", ACCOUNT] {
        let answer = site.world.get(path, ANN);
        answer.refused(NO_ENDPOINT);
    }
}

#[test]
fn the_metrics_are_read_by_their_own_token_and_by_operators() {
    let site = Site::new();
    for token in [SCRAPER, ANN, BOB] {
        assert_eq!(site.admin.get("/metrics", token).status, 200);
    }
    let answer = site.admin.send("GET", "/metrics", &[], "");
    answer.is(401, "invalid_token", MISSING);
}

#[test]
fn an_unknown_path_is_404_and_another_method_405_with_allow() {
    let site = Site::new();
    for path in [
        "/",
        "/accounts",
        "/metrics/",
        "/accounts/a/b",
        "/oauth/token",
    ] {
        let answer = site.admin.get(path, ANN);
        answer.refused(NO_ENDPOINT);
    }
    for (method, path, allowed) in [
        ("DELETE", "", "GET,HEAD"),
        ("GET", "/reset", "POST"),
        ("DELETE", "/erase", "POST"),
        ("GET", "/phones", "POST"),
        ("GET", "/phones/dev_NU1Ofuw3Cw0XCt5x", "DELETE"),
    ] {
        let answer = site.ask(method, path, &Value::Null);
        answer.refused(NO_METHOD);
        assert_eq!(answer.header("allow"), Some(allowed), "{path}");
    }
}

#[test]
fn a_malformed_body_changes_nothing() {
    let site = Site::new();
    let phone = "a phone number has + and 7 to 15 digits, and the first is not 0";
    for (body, status, description) in [
        (
            json!({ "phone_number": "415", "channel": "sms" }),
            400,
            phone,
        ),
        (
            json!({ "phone_number": PHONE }),
            400,
            "missing field `channel`",
        ),
        (
            json!({ "phone_number": PHONE, "channel": "fax" }),
            400,
            "unknown variant `fax`, expected `sms` or `voice`",
        ),
        (
            json!({ "phone_number": PHONE, "channel": "sms", "verified": true }),
            400,
            "unknown field `verified`, expected `phone_number` or `channel`",
        ),
        (Value::Null, 400, "EOF while parsing a value"),
        (
            json!("a".repeat(20_000)),
            413,
            "The request body is too large. At most 16384 bytes are accepted.",
        ),
    ] {
        let answer = site.ask("POST", "/phones", &body);
        assert_eq!(answer.status, status, "{answer:?}");
        assert_eq!(answer.text("error"), "invalid_request");
        let said = answer.text("error_description");
        assert!(said.starts_with(description), "{said}");
    }
    assert_eq!(site.world.record(), None);
}

#[test]
fn a_subject_is_1_to_255_bytes_of_utf_8_as_the_path_escapes_it() {
    let site = Site::new();
    let show = |subject: &str| site.admin.get(&format!("/accounts/{subject}"), ANN);
    let longest = "a".repeat(255);
    for (subject, expected) in [
        ("auth0%7Calice", "auth0|alice"),
        ("a%2Fb%20c", "a/b c"),
        ("%C3%A4", "ä"),
        (&longest, &longest),
    ] {
        assert_eq!(show(subject).ok()["subject"], expected);
    }
    let refused = show(&"a".repeat(256));
    refused.is(400, "invalid_request", "A subject has 1 to 255 bytes.");
    for subject in ["%FF", "auth0%FFalice"] {
        show(subject).is(400, "invalid_request", "The path is not UTF-8.");
    }
}
