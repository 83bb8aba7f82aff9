//! The counts of a known walk.

use std::sync::atomic::Ordering::SeqCst;

use serde_json::json;

use super::*;

/// The samples that are not 0, sorted. For latencies, only their number.
fn samples(site: &Site) -> Vec<String> {
    let answer = site.admin.get("/metrics", SCRAPER);
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        Some("application/openmetrics-text; version=1.0.0; charset=utf-8")
    );
    assert!(answer.body.ends_with("\n# EOF\n"));
    let mut samples: Vec<_> = answer
        .body
        .lines()
        .filter(|line| !line.starts_with('#') && !line.ends_with(" 0"))
        .filter(|line| !line.contains("_seconds_bucket{") && !line.contains("_seconds_sum{"))
        .map(|line| line.strip_prefix("oob_mfa_").unwrap().to_owned())
        .collect();
    samples.sort();
    samples
}

#[test]
fn a_walk_is_counted_to_the_last_request() {
    let site = Site::new();
    assert_eq!(samples(&site), [""; 0]);

    site.world.enroll(&site.world.login(), PHONE);
    let token = site.world.login();
    site.world.list(&token).ok();
    let oob_code = site.world.challenge(&token, &json!({})).text("oob_code");
    let right = site.world.outbox.code();
    for _ in 0..10 {
        site.world.answer(&token, &oob_code, &wrong(&right));
    }
    assert_eq!(site.world.answer(&token, &oob_code, &right).status, 429);
    site.world.outbox.fails.store(true, SeqCst);
    assert_eq!(site.world.challenge(&token, &json!({})).status, 502);
    site.world.outbox.fails.store(false, SeqCst);
    site.world.store.conflicts.store(16, SeqCst);
    assert_eq!(site.world.challenge(&token, &json!({})).status, 503);
    site.world.store.conflicts.store(2, SeqCst);
    site.world.challenge(&token, &json!({})).ok();
    site.world.store.unavailable.store(true, SeqCst);
    assert_eq!(site.world.challenge(&token, &json!({})).status, 503);
    site.world.store.unavailable.store(false, SeqCst);
    let unknown = "sms|dev_NU1Ofuw3Cw0XCt5x".replace('|', "%7C");
    assert_eq!(site.world.remove("x", &unknown).status, 401);
    assert_eq!(site.world.send("GET", "/secret", &[], "").status, 404);
    site.post("/restore-budgets").ok();
    assert_eq!(site.post("/rewind").status, 409);

    assert_eq!(
        samples(&site),
        [
            r#"budgets_exhausted_total{limit="binding_failures"} 1"#,
            r#"decisions_total{operation="associate",decision="granted"} 1"#,
            r#"decisions_total{operation="authenticators",decision="granted"} 1"#,
            r#"decisions_total{operation="challenge",decision="granted"} 2"#,
            r#"decisions_total{operation="remove_authenticator",decision="token_malformed"} 1"#,
            r#"decisions_total{operation="restore_budgets",decision="granted"} 1"#,
            r#"decisions_total{operation="rewind",decision="clock_not_ahead"} 1"#,
            r#"decisions_total{operation="token",decision="granted"} 1"#,
            r#"decisions_total{operation="token",decision="invalid_binding_code"} 10"#,
            r#"decisions_total{operation="token",decision="too_many_failures"} 1"#,
            r#"events_total{event="authenticated"} 1"#,
            r#"events_total{event="authenticator_added"} 1"#,
            r#"events_total{event="budgets_restored"} 1"#,
            r#"events_total{event="code_dropped"} 2"#,
            r#"events_total{event="code_issued"} 4"#,
            r#"events_total{event="limit_reached"} 1"#,
            r#"events_total{event="recovery_code_replaced"} 1"#,
            r#"events_total{event="wrong_binding_code"} 10"#,
            r#"request_duration_seconds_count{endpoint="/mfa/associate",status="200"} 1"#,
            r#"request_duration_seconds_count{endpoint="/mfa/authenticators",status="200"} 1"#,
            r#"request_duration_seconds_count{endpoint="/mfa/authenticators/{id}",status="401"} 1"#,
            r#"request_duration_seconds_count{endpoint="/mfa/challenge",status="200"} 2"#,
            r#"request_duration_seconds_count{endpoint="/mfa/challenge",status="502"} 1"#,
            r#"request_duration_seconds_count{endpoint="/mfa/challenge",status="503"} 2"#,
            r#"request_duration_seconds_count{endpoint="/oauth/token",status="200"} 1"#,
            r#"request_duration_seconds_count{endpoint="/oauth/token",status="403"} 12"#,
            r#"request_duration_seconds_count{endpoint="/oauth/token",status="429"} 1"#,
            r#"request_duration_seconds_count{endpoint="other",status="404"} 1"#,
            r#"send_failures_total{channel="sms"} 1"#,
            r#"store_failures_total{kind="conflict"} 1"#,
            r#"store_failures_total{kind="unavailable"} 1"#,
            "write_conflicts_total 18",
        ]
    );
}
