//! The audit log of operators, and the metrics of a process.

use serde_json::{Value, json};

use crate::words::{PASSWORD, PHONE};
use crate::{Running, program};

const ANN: &str = "0123456789abcdef0123456789abcdef";
const BOB: &str = "fedcba9876543210fedcba9876543210";

struct Admin(String);

impl Admin {
    /// The first log line that names it.
    fn of(log: &str) -> Self {
        let (_, rest) = log.split_once("/metrics at=").unwrap();
        Self(format!("http://{}", rest.lines().next().unwrap()))
    }

    fn ask(&self, method: &str, path: &str, token: &str, body: &str) -> (u16, String) {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.0))
            .header("authorization", format!("Bearer {token}"));
        let mut answer = agent.run(request.body(body.to_owned()).unwrap()).unwrap();
        let body = answer.body_mut().read_to_string().unwrap();
        (answer.status().as_u16(), body)
    }
}

#[test]
fn the_audit_log_names_the_operator_the_operation_and_how_it_ended() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = program(directory.path());
    command
        .env("OOB_MFA_ADMIN_TOKENS", format!("ann:{ANN},bob:{BOB}"))
        .env("OOB_MFA_METRICS_TOKEN", format!("{ANN}metrics"))
        .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]);
    let running = Running::start(command);
    let admin = Admin::of(&running.log);
    let account = "/accounts/auth0%7Calice";
    let body = json!({ "phone_number": PHONE, "channel": "sms" }).to_string();
    let phones = format!("{account}/phones");
    assert_eq!(admin.ask("POST", &phones, ANN, &body).0, 200);
    assert_eq!(admin.ask("POST", &phones, BOB, &body).0, 409);
    let path = format!("{account}/recovery-code");
    let (status, answer) = admin.ask("POST", &path, ANN, "");
    assert_eq!(status, 200);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let code = answer["recovery_code"].as_str().unwrap();
    assert_eq!(admin.ask("GET", account, BOB, "").0, 200);
    assert_eq!(admin.ask("GET", account, "nobody", "").0, 401);
    assert_eq!(admin.ask("POST", &phones, ANN, "{").0, 400);
    let phone = format!("{phones}/dev_x");
    assert_eq!(admin.ask("DELETE", &phone, ANN, "").0, 404);
    assert_eq!(admin.ask("GET", "/accounts/%FF", ANN, "").0, 400);
    assert_eq!(admin.ask("PUT", account, ANN, "").0, 405);
    let no_device = format!("{phones}/%0a");
    assert_eq!(admin.ask("DELETE", &no_device, BOB, "").0, 404);
    let no_subject = format!("/accounts/{}", "a".repeat(256));
    assert_eq!(admin.ask("GET", &no_subject, BOB, "").0, 400);
    let long = "x".repeat(20_000);
    assert_eq!(admin.ask("POST", &phones, ANN, &long).0, 413);
    let unprintable = "/accounts/a%0Ab%1B[31m";
    assert_eq!(admin.ask("GET", unprintable, BOB, "").0, 200);
    let token = format!("{ANN}metrics");
    let (status, metrics) = admin.ask("GET", "/metrics", &token, "");
    assert_eq!(status, 200);
    let counted = "oob_mfa_decisions_total{operation=\"import_phone\",decision=\"granted\"} 1\n";
    assert!(metrics.contains(counted), "{metrics}");
    let (_, log) = running.stop();

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
