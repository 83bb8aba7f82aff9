use oob_mfa::{Event, Limit, PhoneNumber};
use serde_json::json;
use time::UtcDateTime;

use super::*;
use crate::log::tests::Lines;

fn record(event: &Event) -> AuditRecord {
    let mut stored = serde_json::to_value(event).unwrap();
    stored["subject"] = json!("auth0|alice");
    stored["revision"] = json!(7);
    stored["at"] = json!(1_800_000_000_123_u64);
    stored["notify"] = json!(event.notifies_owner());
    serde_json::from_value(stored).unwrap()
}

/// The fields of an event's line, except the message, which it does not have.
fn logged(event: &Event) -> Value {
    fields(&record(event))
}

fn fields(record: &AuditRecord) -> Value {
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || log(record));
    let line: Value = serde_json::from_str(&lines.text()).unwrap();
    assert_eq!(line["target"], "audit");
    line["fields"].clone()
}

fn events() -> Vec<Event> {
    let phone: PhoneNumber = "+14155558730".parse().unwrap();
    let authenticator = "sms|dev_NU1Ofuw3Cw0XCt5x".parse().unwrap();
    let mut world = oob_mfa_testing::World::new();
    let session = world.first_factor();
    let sent = world.associate(&session, "+14155558730").unwrap();
    let delivery = world.delivery_of(&sent);
    let device = "dev_NU1Ofuw3Cw0XCt5x".parse().unwrap();
    vec![
        Event::CodeIssued {
            delivery,
            authenticator,
            phone,
        },
        Event::AuthenticatorAdded {
            delivery: None,
            authenticator,
            phone,
        },
        Event::AuthenticatorRemoved { device, phone },
        Event::AuthenticatorDisabled { device, phone },
        Event::Authenticated {
            delivery: Some(delivery),
            authenticator,
        },
        Event::WrongBindingCode {
            delivery,
            authenticator,
            failures: 3,
        },
        Event::WrongRecoveryCode { failures: 3 },
        Event::LimitReached {
            limit: Limit::BindingFailures,
            retry_at: UtcDateTime::from_unix_timestamp(1_800_000_000).unwrap(),
        },
        Event::AccountReset,
    ]
}

#[test]
fn an_event_is_logged_field_by_field() {
    for event in events() {
        let mut expected = serde_json::to_value(event).unwrap();
        // A field that an event does not have is omitted.
        let fields = expected.as_object_mut().unwrap();
        fields.retain(|_, value| !value.is_null());
        expected["subject"] = json!("auth0|alice");
        expected["revision"] = json!(7);
        expected["at"] = json!(1_800_000_000_123_u64);
        expected["notify"] = json!(event.notifies_owner());
        assert_eq!(logged(&event), expected);
    }
}

#[test]
fn a_phone_is_logged_masked() {
    assert_eq!(logged(&events()[0])["phone"], "XXXXXXXX8730");
}

/// An event that a newer server stored.
#[test]
fn a_field_that_is_not_known_is_logged_too() {
    let mut newer = record(&Event::WrongRecoveryCode { failures: 3 });
    newer.detail.insert("colour".to_owned(), json!("red"));
    newer.detail.insert("phone".to_owned(), json!(7));
    let fields = fields(&newer);
    assert_eq!(fields["failures"], 3);
    assert_eq!(fields["other"], r#"{"colour":"red","phone":7}"#);
}

/// A subject may hold any character.
#[test]
fn a_line_break_in_a_subject_does_not_start_a_line() {
    let mut forged = record(&Event::AccountReset);
    forged.subject = "alice\nINFO audit: subject=\"bob\"".parse().unwrap();
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .finish();
    tracing::subscriber::with_default(subscriber, || log(&forged));
    let text = lines.text();
    assert_eq!(text.lines().count(), 1, "{text}");
}
