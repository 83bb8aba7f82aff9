//! The audit log of operators, and the metrics of a process.

use serde_json::json;

use crate::common::*;
use crate::{program, start};

const ANN: &str = "0123456789abcdef0123456789abcdef";
const BOB: &str = "fedcba9876543210fedcba9876543210";

/// The client of the address that the log names.
fn admin(log: &str) -> Client {
    let (_, rest) = log.split_once("/metrics at=").unwrap();
    Client::of(rest.lines().next().unwrap().parse().unwrap())
}

#[test]
fn the_audit_log_names_the_operator_the_operation_and_how_it_ended() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = program(directory.path());
    command
        .env("OOB_MFA_ADMIN_TOKENS", format!("ann:{ANN},bob:{BOB}"))
        .env("OOB_MFA_METRICS_TOKEN", format!("{ANN}metrics"))
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
    let mut process = start(&mut command).process;
    let admin = admin(&process.started);
    let ask = |method: &str, path: &str, token: &str, body: &str| {
        let headers = [("authorization", &*bearer(token))];
        admin.send(method, path, &headers, body)
    };
    let account = "/accounts/auth0%7Calice";
    let body = json!({ "phone_number": PHONE, "channel": "sms" }).to_string();
    let phones = format!("{account}/phones");
    assert_eq!(ask("POST", &phones, ANN, &body).status, 200);
    assert_eq!(ask("POST", &phones, BOB, &body).status, 409);
    let path = format!("{account}/recovery-code");
    let answer = ask("POST", &path, ANN, "").ok();
    let code = answer["recovery_code"].as_str().unwrap();
    assert_eq!(ask("GET", account, BOB, "").status, 200);
    assert_eq!(ask("GET", account, "nobody", "").status, 401);
    assert_eq!(ask("POST", &phones, ANN, "{").status, 400);
    let phone = format!("{phones}/dev_x");
    assert_eq!(ask("DELETE", &phone, ANN, "").status, 404);
    assert_eq!(ask("GET", "/accounts/%FF", ANN, "").status, 400);
    assert_eq!(ask("PUT", account, ANN, "").status, 405);
    let no_device = format!("{phones}/%0a");
    assert_eq!(ask("DELETE", &no_device, BOB, "").status, 404);
    let no_subject = format!("/accounts/{}", "a".repeat(256));
    assert_eq!(ask("GET", &no_subject, BOB, "").status, 400);
    let long = "x".repeat(20_000);
    assert_eq!(ask("POST", &phones, ANN, &long).status, 413);
    let unprintable = "/accounts/a%0Ab%1B[31m";
    assert_eq!(ask("GET", unprintable, BOB, "").status, 200);
    let token = format!("{ANN}metrics");
    let metrics = ask("GET", "/metrics", &token, "");
    assert_eq!(metrics.status, 200);
    let counted = "oob_mfa_decisions_total{operation=\"import_phone\",decision=\"granted\"} 1\n";
    assert!(metrics.body.contains(counted), "{metrics:?}");
    let log = process.terminate();

    let audit: Vec<_> = log
        .lines()
        .filter_map(|line| line.split_once(" audit: "))
        .map(|(_, line)| line)
        .collect();
    let begins = |subject: &str, operator: &str, operation: &str| {
        format!(
            "administration begins subject={subject:?} operator={operator:?} operation={operation:?}"
        )
    };
    let ended = |subject: &str, operator: &str, operation: &str, outcome: &str| {
        let begins = begins(subject, operator, operation).replace("begins", "ended");
        format!("{begins} outcome={outcome:?}")
    };
    let refused = |operator: &str, method: &str, path: &str, status: u16| {
        format!(
            "administration refused operator={operator:?} method={method:?} path={path:?} status={status}"
        )
    };
    let alice = "auth0|alice";
    assert_eq!(audit.len(), 26, "{log}");
    // The events are logged shortly after their change.
    let (events, operators): (Vec<&str>, Vec<&str>) =
        audit.iter().partition(|line| line.starts_with("subject="));
    let [added, replaced] = events[..] else {
        panic!("{events:?}");
    };
    let without_time = |line: &str| {
        let (before, rest) = line.split_once(" at=").unwrap();
        let (at, rest) = rest.split_once(' ').unwrap();
        assert!(at.parse::<u64>().unwrap() > 1_700_000_000_000, "{line}");
        format!("{before} {rest}")
    };
    let added = without_time(added);
    let added_by = r#"subject="auth0|alice" revision=1 event="authenticator_added" notify=true authenticator="sms|dev_"#;
    assert!(added.starts_with(added_by), "{added}");
    assert!(added.ends_with(r#"" phone="XXXXXXXX8730""#), "{added}");
    assert_eq!(
        without_time(replaced),
        r#"subject="auth0|alice" revision=2 event="recovery_code_replaced" notify=true"#
    );
    assert_eq!(
        operators,
        [
            begins(alice, "ann", "import_phone"),
            ended(alice, "ann", "import_phone", "granted"),
            begins(alice, "bob", "import_phone"),
            ended(alice, "bob", "import_phone", "phone_already_enrolled"),
            refused("bob", "POST", &phones, 409),
            begins(alice, "ann", "regenerate_recovery_code"),
            ended(alice, "ann", "regenerate_recovery_code", "granted"),
            begins(alice, "bob", "show"),
            ended(alice, "bob", "show", "granted"),
            begins(alice, "ann", "import_phone"),
            ended(alice, "ann", "import_phone", "invalid"),
            refused("ann", "POST", &phones, 400),
            begins(alice, "ann", "remove_phone"),
            ended(alice, "ann", "remove_phone", "invalid"),
            refused("ann", "DELETE", &phone, 404),
            refused("ann", "GET", "/accounts/%FF", 400),
            refused("ann", "PUT", account, 405),
            begins(alice, "bob", "remove_phone"),
            ended(alice, "bob", "remove_phone", "invalid"),
            refused("bob", "DELETE", &no_device, 404),
            refused("bob", "GET", &no_subject, 400),
            refused("ann", "POST", &phones, 413),
            // A subject cannot start a line.
            begins("a\nb\u{1b}[31m", "bob", "show"),
            ended("a\nb\u{1b}[31m", "bob", "show", "granted"),
        ]
    );
    assert!(log.contains("administration without a token of an operator peer=127.0.0.1\n"));
    let (_, log) = log.split_once("listening").unwrap();
    for secret in [ANN, BOB, code, PHONE, PASSWORD] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}
