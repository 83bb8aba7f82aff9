//! What must hold for every reply.

use std::collections::BTreeMap;

use oob_mfa::exchange::{Endpoint, Reply, Request};
use serde_json::Value;

const STATUSES: [u16; 14] = [
    200, 204, 400, 401, 403, 404, 405, 413, 415, 418, 429, 500, 502, 503,
];
const HEADERS: [&str; 7] = [
    "Content-Type",
    "Cache-Control",
    "Pragma",
    "Retry-After",
    "WWW-Authenticate",
    "Accept-Encoding",
    "Allow",
];

pub(super) fn check(request: &Request<'_>, reply: &Reply) {
    let status = reply.status();
    assert!(STATUSES.contains(&status), "{reply:?}");
    let mut headers = BTreeMap::new();
    for (name, value) in reply.headers() {
        assert!(HEADERS.contains(&name), "{name}");
        let is_text = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
        assert!(is_text && !value.is_empty(), "{name}: {value}");
        assert_eq!(headers.insert(name, value), None, "{name} twice");
    }
    let header = |name: &str| headers.get(name).copied();

    let is_options = request.method == "OPTIONS" && status == 204;
    let is_head = request.method == "HEAD";
    let allows = header("Allow").is_some();
    assert_eq!(allows, status == 405 || is_options, "{reply:?}");
    let no_store = [header("Cache-Control"), header("Pragma")];
    let expected = [
        (!is_options).then_some("no-store"),
        (!is_options).then_some("no-cache"),
    ];
    assert_eq!(no_store, expected);
    let is_json = header("Content-Type") == Some("application/json");
    assert_eq!(header("Content-Type").is_some(), is_json);
    assert_eq!(is_json, status != 204, "{reply:?}");
    assert_eq!(
        reply.body().is_empty(),
        status == 204 || is_head,
        "{reply:?}"
    );

    assert!(reply.endpoint().is_none() || !allows, "{reply:?}");
    if reply.endpoint().is_none() {
        assert!(matches!(status, 204 | 404 | 405), "{reply:?}");
        assert!(reply.subject().is_none() && reply.denied().is_none());
    }
    let waits = header("Retry-After").map(|seconds| seconds.parse::<u64>().expect("seconds"));
    assert_eq!(waits.is_some(), matches!(status, 429 | 503), "{reply:?}");
    let encodings = header("Accept-Encoding");
    assert!(encodings.is_none() || (encodings, status) == (Some("identity"), 415));
    match (reply.endpoint(), header("WWW-Authenticate")) {
        (Some(Endpoint::Token), challenge) => {
            let basic = "Basic realm=\"oauth\"";
            assert!(challenge.is_none() || (challenge, status) == (Some(basic), 401));
        }
        (_, challenge) => {
            let bearer = challenge.is_some_and(|challenge| challenge.starts_with("Bearer"));
            assert_eq!(challenge.is_some(), bearer);
            assert!(bearer || status != 401, "{reply:?}");
            assert!(!bearer || matches!(status, 401 | 403), "{reply:?}");
        }
    }
    if reply.body().is_empty() {
        return;
    }
    let body: Value = serde_json::from_slice(reply.body()).expect("JSON");
    let is_error = body["error"].is_string() && body["error_description"].is_string();
    assert_eq!(is_error, status >= 400, "{body}");
}
