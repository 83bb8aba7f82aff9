use alloc::vec;
use alloc::vec::Vec;

use time::UtcDateTime;

use super::{Event, Events};
use crate::authenticator::{AuthenticatorId, DeviceId};
use crate::budget::Limit;
use crate::channel::Channel;
use crate::delivery::DeliveryId;

/// An event, whether it notifies the owner, and its text in a log.
type Row = (Event, bool, &'static str);

/// Every event.
fn table() -> Vec<Row> {
    [&of_codes_and_phones()[..], &of_the_account()].concat()
}

fn of_codes_and_phones() -> [Row; 9] {
    let device: DeviceId = "dev_NU1Ofuw3Cw0XCt5x".parse().unwrap();
    let phone = "+14155558730".parse().unwrap();
    let authenticator = AuthenticatorId::Phone(Channel::Sms, device);
    let delivery = DeliveryId::of([7; 16]);
    [
        (
            Event::CodeIssued {
                authenticator,
                phone,
                delivery,
            },
            false,
            r#"{"event":"code_issued","authenticator":"sms|dev_NU1Ofuw3Cw0XCt5x","phone":"XXXXXXXX8730","delivery":"jnPPctUCNxFHtHEvOq220Q"}"#,
        ),
        (
            Event::CodeDropped {
                authenticator,
                delivery,
            },
            false,
            r#"{"event":"code_dropped","authenticator":"sms|dev_NU1Ofuw3Cw0XCt5x","delivery":"jnPPctUCNxFHtHEvOq220Q"}"#,
        ),
        (
            Event::AuthenticatorAdded {
                authenticator,
                phone,
                delivery: Some(delivery),
            },
            true,
            r#"{"event":"authenticator_added","authenticator":"sms|dev_NU1Ofuw3Cw0XCt5x","phone":"XXXXXXXX8730","delivery":"jnPPctUCNxFHtHEvOq220Q"}"#,
        ),
        (
            Event::AuthenticatorAdded {
                authenticator,
                phone,
                delivery: None,
            },
            true,
            r#"{"event":"authenticator_added","authenticator":"sms|dev_NU1Ofuw3Cw0XCt5x","phone":"XXXXXXXX8730","delivery":null}"#,
        ),
        (
            Event::AuthenticatorRemoved { device, phone },
            true,
            r#"{"event":"authenticator_removed","device":"dev_NU1Ofuw3Cw0XCt5x","phone":"XXXXXXXX8730"}"#,
        ),
        (
            Event::AuthenticatorDisabled { device, phone },
            true,
            r#"{"event":"authenticator_disabled","device":"dev_NU1Ofuw3Cw0XCt5x","phone":"XXXXXXXX8730"}"#,
        ),
        (
            Event::Authenticated {
                authenticator,
                delivery: Some(delivery),
            },
            false,
            r#"{"event":"authenticated","authenticator":"sms|dev_NU1Ofuw3Cw0XCt5x","delivery":"jnPPctUCNxFHtHEvOq220Q"}"#,
        ),
        (
            Event::Authenticated {
                authenticator: AuthenticatorId::RecoveryCode(device),
                delivery: None,
            },
            false,
            r#"{"event":"authenticated","authenticator":"recovery-code|dev_NU1Ofuw3Cw0XCt5x","delivery":null}"#,
        ),
        (
            Event::WrongBindingCode {
                authenticator,
                failures: 3,
                delivery,
            },
            false,
            r#"{"event":"wrong_binding_code","authenticator":"sms|dev_NU1Ofuw3Cw0XCt5x","failures":3,"delivery":"jnPPctUCNxFHtHEvOq220Q"}"#,
        ),
    ]
}

fn of_the_account() -> [Row; 11] {
    let limit_reached = |limit| Event::LimitReached {
        limit,
        retry_at: UtcDateTime::UNIX_EPOCH,
    };
    [
        (
            Event::WrongRecoveryCode { failures: 1 },
            false,
            r#"{"event":"wrong_recovery_code","failures":1}"#,
        ),
        (
            Event::RecoveryCodeUsed,
            true,
            r#"{"event":"recovery_code_used"}"#,
        ),
        (
            Event::RecoveryCodeReplaced,
            true,
            r#"{"event":"recovery_code_replaced"}"#,
        ),
        (
            Event::RecoveryCodeRemoved,
            true,
            r#"{"event":"recovery_code_removed"}"#,
        ),
        (
            limit_reached(Limit::Sends),
            false,
            r#"{"event":"limit_reached","limit":"sends","retry_at":0}"#,
        ),
        (
            limit_reached(Limit::BindingFailures),
            true,
            r#"{"event":"limit_reached","limit":"binding_failures","retry_at":0}"#,
        ),
        (
            limit_reached(Limit::RecoveryFailures),
            true,
            r#"{"event":"limit_reached","limit":"recovery_failures","retry_at":0}"#,
        ),
        (Event::AccountReset, true, r#"{"event":"account_reset"}"#),
        (Event::AccountErased, true, r#"{"event":"account_erased"}"#),
        (
            Event::BudgetsRestored,
            false,
            r#"{"event":"budgets_restored"}"#,
        ),
        (Event::ClockRewound, false, r#"{"event":"clock_rewound"}"#),
    ]
}

#[test]
fn an_event_is_logged_with_its_number_masked() {
    for (event, notifies, text) in table() {
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
        assert_eq!(event.notifies_owner(), notifies, "{text}");
    }
}

#[test]
fn the_name_of_an_event_is_its_serde_tag_and_each_variant_has_one() {
    let mut names = Vec::new();
    for (event, _, text) in table() {
        let logged: serde_json::Value = serde_json::from_str(text).unwrap();
        assert_eq!(logged["event"], event.name());
        names.push(event.name());
    }
    // Three limits share a name, and so do events with and without a delivery.
    names.dedup();
    assert_eq!(names, Event::NAMES);
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(sorted.len(), names.len());
}

#[test]
fn events_keep_their_order() {
    let events = Events::from(vec![Event::RecoveryCodeUsed, Event::RecoveryCodeReplaced]);
    assert_eq!(
        *events,
        [Event::RecoveryCodeUsed, Event::RecoveryCodeReplaced]
    );
    assert_eq!((&events).into_iter().count(), 2);
    assert_eq!(
        serde_json::to_string(&events).unwrap(),
        r#"[{"event":"recovery_code_used"},{"event":"recovery_code_replaced"}]"#
    );
}

#[test]
fn events_are_the_same_as_their_clones_and_as_no_others() {
    for list in [vec![], vec![Event::AccountReset]] {
        let events = Events::from(list.clone());
        assert!(events.are_the_same(&events.clone()));
        let alike = Events::from(list);
        assert_eq!(events, alike);
        assert!(!events.are_the_same(&alike), "{events:?}");
    }
    assert!(Events::default().is_empty());
}
