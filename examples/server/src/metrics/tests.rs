use oob_mfa::Events;
use time::UtcDateTime;

use super::*;

/// Every line of the text, sorted: the order within a family is not defined.
fn lines(metrics: &Metrics) -> Vec<String> {
    let mut lines: Vec<_> = metrics.text().unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// The new samples.
fn counted(before: &[String], after: &Metrics) -> Vec<String> {
    let mut after = lines(after);
    after.retain(|line| !line.starts_with('#') && !before.contains(line));
    after
}

#[test]
fn before_the_first_request_every_series_with_known_labels_is_zero() {
    let lines = lines(&Metrics::default());
    for expected in [
        "# EOF",
        "# TYPE oob_mfa_write_conflicts counter",
        "# HELP oob_mfa_write_conflicts Writes that lost to another request.",
        "oob_mfa_write_conflicts_total 0",
        "oob_mfa_store_failures_total{kind=\"unavailable\"} 0",
        "oob_mfa_store_failures_total{kind=\"broken\"} 0",
        "oob_mfa_store_failures_total{kind=\"conflict\"} 0",
        "oob_mfa_send_failures_total{channel=\"sms\"} 0",
        "oob_mfa_send_failures_total{channel=\"voice\"} 0",
        "oob_mfa_refusals_total{reason=\"invalid_client\"} 0",
        "oob_mfa_refusals_total{reason=\"number\"} 0",
        "oob_mfa_refusals_total{reason=\"outage\"} 0",
        "oob_mfa_provider_outages_total{change=\"began\"} 0",
        "oob_mfa_provider_outages_total{change=\"ended\"} 0",
        "oob_mfa_budgets_exhausted_total{limit=\"sends\"} 0",
        "oob_mfa_budgets_exhausted_total{limit=\"binding_failures\"} 0",
        "oob_mfa_budgets_exhausted_total{limit=\"recovery_failures\"} 0",
    ] {
        assert!(lines.iter().any(|line| line == expected), "{lines:#?}");
    }
    for name in Event::NAMES {
        let expected = format!("oob_mfa_events_total{{event=\"{name}\"}} 0");
        assert!(lines.contains(&expected), "{expected}");
    }
    assert!(!lines.iter().any(|line| line.contains("limit=\"other\"")));
}

#[test]
fn each_call_counts_in_one_series() {
    let metrics = Metrics::default();
    let before = lines(&metrics);
    metrics.decided("challenge", None);
    metrics.decided("challenge", None);
    metrics.decided("verify_oob", Some(&Denied::InvalidBindingCode));
    metrics.write_failed(&StoreError::Conflict);
    // Counted when the response is made.
    metrics.write_failed(&StoreError::Unavailable("down".into()));
    metrics.store_failed(&StoreError::Conflict);
    metrics.store_failed(&StoreError::Broken("torn".into()));
    metrics.send_failed(Channel::Voice);
    metrics.events(&Events::from(vec![
        Event::WrongRecoveryCode { failures: 10 },
        Event::LimitReached {
            limit: Limit::RecoveryFailures,
            retry_at: UtcDateTime::UNIX_EPOCH,
        },
    ]));
    assert_eq!(
        counted(&before, &metrics),
        [
            "oob_mfa_budgets_exhausted_total{limit=\"recovery_failures\"} 1",
            "oob_mfa_decisions_total{operation=\"challenge\",decision=\"granted\"} 2",
            "oob_mfa_decisions_total{operation=\"verify_oob\",decision=\"invalid_binding_code\"} 1",
            "oob_mfa_events_total{event=\"limit_reached\"} 1",
            "oob_mfa_events_total{event=\"wrong_recovery_code\"} 1",
            "oob_mfa_send_failures_total{channel=\"voice\"} 1",
            "oob_mfa_store_failures_total{kind=\"broken\"} 1",
            "oob_mfa_store_failures_total{kind=\"conflict\"} 1",
            "oob_mfa_write_conflicts_total 1",
        ]
    );
}

#[test]
fn a_latency_counts_in_its_bucket_and_in_every_larger_one() {
    let metrics = Metrics::default();
    let before = lines(&metrics);
    for millis in [250, 251, 11_000] {
        metrics.answered("/oauth/token", 200, Duration::from_millis(millis));
    }
    let counted = counted(&before, &metrics);
    let series = "endpoint=\"/oauth/token\",status=\"200\"";
    let bucket = |le: &str, count: u32| {
        format!("oob_mfa_request_duration_seconds_bucket{{le=\"{le}\",{series}}} {count}")
    };
    let mut expected = vec![
        format!("oob_mfa_request_duration_seconds_count{{{series}}} 3"),
        format!("oob_mfa_request_duration_seconds_sum{{{series}}} 11.501"),
        bucket("+Inf", 3),
    ];
    let small = ["0.005", "0.01", "0.025", "0.05", "0.1"];
    expected.extend(small.map(|le| bucket(le, 0)));
    expected.push(bucket("0.25", 1));
    expected.extend(["0.5", "1.0", "2.5", "5.0", "10.0"].map(|le| bucket(le, 2)));
    expected.sort();
    assert_eq!(counted, expected);
    let kind = "# TYPE oob_mfa_request_duration_seconds histogram".to_owned();
    assert!(lines(&metrics).contains(&kind));
}

#[test]
fn an_endpoint_is_named_without_what_the_client_wrote() {
    for (path, expected) in [
        ("/oauth/token", "/oauth/token"),
        ("/mfa/authenticators", "/mfa/authenticators"),
        ("/mfa/authenticators/sms|dev_1", "/mfa/authenticators/{id}"),
        ("/mfa/authenticators/a/b", "/mfa/authenticators/{id}"),
        ("/oauth/token/", "other"),
        ("/wp-login.php", "other"),
        ("", "other"),
    ] {
        assert_eq!(endpoint(path), expected, "{path}");
    }
}
