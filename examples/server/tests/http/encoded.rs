//! Encoded bodies, and byte order marks.

use serde_json::json;

use crate::bad_input::{ENDPOINTS, FORM, JSON, unchanged};
use crate::common::*;

#[test]
fn an_encoded_body_is_refused_even_if_its_bytes_parse() {
    unchanged(|world, token| {
        let authorization = ("authorization", &*bearer(token));
        let gzip = b"\x1F\x8B\x08\x00\x00\x00\x00\x00".as_slice();
        for path in ENDPOINTS {
            for (kind, body) in [
                (JSON, gzip),
                (JSON, b"{}".as_slice()),
                (FORM, b"client_id=demo&client_secret=demo-secret"),
            ] {
                for encodings in [
                    &["gzip"][..],
                    &["br"],
                    &["x, identity"],
                    &["identity", "br"],
                ] {
                    let encodings = encodings.iter().map(|value| ("content-encoding", *value));
                    let headers: Vec<_> =
                        [kind, authorization].into_iter().chain(encodings).collect();
                    let answer = world.send("POST", path, &headers, body);
                    answer.is(
                        415,
                        "invalid_request",
                        "The content encoding must be identity.",
                    );
                    assert_eq!(answer.header("accept-encoding"), Some("identity"));
                }
            }
        }
    });
}

#[test]
fn a_byte_order_mark_hides_no_parameter() {
    let world = World::new();
    let form = "\u{FEFF}client_id=demo&client_secret=demo-secret&grant_type=password";
    let answer = world.send("POST", "/oauth/token", &[FORM], form);
    answer.is(
        400,
        "invalid_request",
        "Missing required parameter: username",
    );
    let body = json!({
        "authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": PHONE,
    });
    let headers = [
        JSON,
        ("authorization", &*bearer(&world.login())),
        ("content-encoding", "identity"),
    ];
    let body = format!("\u{FEFF}{body}");
    world.send("POST", "/mfa/associate", &headers, body).ok();
}
