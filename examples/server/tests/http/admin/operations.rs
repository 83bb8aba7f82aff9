//! Each operation: its response, its effect, and its refusals.

use std::sync::atomic::Ordering::SeqCst;

use serde_json::{Value, json};

use super::*;

const UNKNOWN: &str = "no phone of the account has this id, or the channel of the id is not enabled: list the authenticators";
const BEHIND: &str = "the clock of this server is behind the account's last change by more than the skew: check the clocks";

#[test]
fn an_account_is_shown_with_its_phones_masked() {
    let site = Site::new();
    let never_changed = json!({
        "subject": ALICE, "revision": 0, "last_change": null, "phones": [], "recovery_code": false,
        "remaining": { "sends": 10, "binding_failures": 10, "recovery_failures": 10 },
    });
    assert_eq!(site.show(), never_changed);
    assert_eq!(site.world.record(), None);

    site.world.enroll(&site.world.login(), PHONE);
    site.world.advance(60);
    let token = site.world.login();
    let oob_code = site.world.challenge(&token, &json!({})).text("oob_code");
    site.world
        .answer(&token, &oob_code, &wrong(&site.world.outbox.code()));
    site.world.recover(&token, "not a recovery code");
    site.world.advance(5);
    let access_token = site.world.manage(MANAGE);
    site.world
        .associate(&access_token, "voice", OTHER_PHONE)
        .ok();
    let before = site.world.record();
    let shown = site.show();
    let ids = [0, 1].map(|phone| shown["phones"][phone]["id"].clone());
    assert_eq!(
        shown,
        json!({
            "subject": ALICE, "revision": 8, "last_change": "2027-01-15T08:01:05Z",
            "phones": [
                {
                    "id": ids[0], "phone_number": "XXXXXXXX8730", "status": "active",
                    "last_used": "2027-01-15T08:01:05Z",
                },
                {
                    "id": ids[1], "phone_number": "XXXXXXXX0000", "status": "unconfirmed",
                    "last_used": null,
                },
            ],
            "recovery_code": true,
            "remaining": { "sends": 6, "binding_failures": 9, "recovery_failures": 9 },
        })
    );
    for id in ids {
        assert!(id.as_str().unwrap().starts_with("dev_"));
    }
    assert_eq!(site.world.record(), before);
}

#[test]
fn a_reset_takes_every_phone_and_session_and_leaves_the_budgets() {
    let site = Site::new();
    site.world.enroll(&site.world.login(), PHONE);
    let token = site.world.login();
    assert_eq!(site.post("/reset").ok(), json!({ "revision": 3 }));
    let shown = site.show();
    assert_eq!(shown["revision"], 3);
    assert_eq!(shown["phones"], json!([]));
    assert_eq!(shown["recovery_code"], false);
    assert_eq!(shown["remaining"]["sends"], 9);
    let refused = site.world.associate(&token, "sms", PHONE);
    refused.refused(INVALID_TOKEN);
    site.world.advance(61);
    site.world.enroll(&site.world.login(), PHONE);
}

#[test]
fn a_phone_is_removed_once() {
    let site = Site::new();
    site.world.enroll(&site.world.login(), PHONE);
    let device = site.device();
    let remove = |device: &str| site.ask("DELETE", &format!("/phones/{device}"), &Value::Null);
    for unknown in ["dev_NU1Ofuw3Cw0XCt5x", "sms%7Cdev_NU1Ofuw3Cw0XCt5x", "x"] {
        site.denied(|| remove(unknown), 404, "unknown_authenticator", UNKNOWN);
    }
    assert_eq!(remove(&device).ok(), json!({ "revision": 3 }));
    assert_eq!(site.show()["phones"], json!([]));
    site.denied(|| remove(&device), 404, "unknown_authenticator", UNKNOWN);
}

#[test]
fn an_imported_phone_completes_a_login() {
    let site = Site::new();
    let imported = site.import(PHONE).ok();
    let id = imported["id"].as_str().unwrap();
    let device = site.device();
    assert_eq!(id, format!("sms|{device}"));
    assert_eq!(imported["revision"], 1);
    assert_eq!(site.world.outbox.messages().len(), 0);

    let token = site.world.login();
    let oob_code = site.world.challenge(&token, &json!({})).text("oob_code");
    assert_eq!(site.world.outbox.messages()[0]["to"], PHONE);
    site.world
        .answer(&token, &oob_code, &site.world.outbox.code())
        .ok();
    let description = "the phone number is on this account already";
    site.denied(
        || site.import(PHONE),
        409,
        "phone_already_enrolled",
        description,
    );
}

#[test]
fn restored_budgets_are_full() {
    let site = Site::new();
    site.world.enroll(&site.world.login(), PHONE);
    let token = site.world.login();
    for _ in 1..10 {
        site.world.challenge(&token, &json!({})).ok();
    }
    assert_eq!(site.world.challenge(&token, &json!({})).status, 429);
    assert_eq!(site.show()["remaining"]["sends"], 0);
    assert_eq!(
        site.post("/restore-budgets").ok(),
        json!({ "revision": 12 })
    );
    assert_eq!(site.show()["remaining"]["sends"], 10);
    site.world.challenge(&token, &json!({})).ok();
}

#[test]
fn a_rewind_recovers_from_a_clock_that_ran_ahead() {
    let site = Site::new();
    let description = "the account's last change is not later than the clock plus the skew: there is nothing to rewind";
    site.world.enroll(&site.world.login(), PHONE);
    site.denied(|| site.post("/rewind"), 409, "clock_not_ahead", description);
    // A server whose clock is ahead by the skew plus a second.
    site.world.advance(-60);
    site.denied(|| site.post("/rewind"), 409, "clock_not_ahead", description);
    site.world.advance(-1);
    let device = site.device();
    let remove = || site.ask("DELETE", &format!("/phones/{device}"), &Value::Null);
    site.denied(|| site.post("/reset"), 503, "clock_behind", BEHIND);
    site.denied(|| site.import(OTHER_PHONE), 503, "clock_behind", BEHIND);
    site.denied(
        || site.post("/restore-budgets"),
        503,
        "clock_behind",
        BEHIND,
    );
    site.denied(|| site.post("/recovery-code"), 503, "clock_behind", BEHIND);
    site.denied(|| site.post("/erase"), 503, "clock_behind", BEHIND);
    site.denied(remove, 503, "clock_behind", BEHIND);
    site.post("/reset").retry_after(5);

    assert_eq!(site.post("/rewind").ok(), json!({ "revision": 3 }));
    assert_eq!(site.show()["last_change"], "2027-01-15T07:58:59Z");
    assert_eq!(remove().ok(), json!({ "revision": 4 }));
}

#[test]
fn an_erasure_returns_the_revision_and_until_when_it_must_stay() {
    let site = Site::new();
    site.world.enroll(&site.world.login(), PHONE);
    let token = site.world.login();
    // 24 hours for the longest session, and twice a minute of skew.
    let erased = json!({ "revision": 3, "delete_after": "2027-01-16T08:02:00Z" });
    assert_eq!(site.post("/erase").ok(), erased);
    let shown = site.show();
    assert_eq!(
        (&shown["revision"], &shown["phones"]),
        (&json!(3), &json!([]))
    );
    let refused = site.world.associate(&token, "sms", PHONE);
    refused.refused(INVALID_TOKEN);
}

#[test]
fn a_store_that_fails_is_answered_with_503() {
    const UNAVAILABLE: &str = "The service is temporarily unavailable. Try again.";
    let site = Site::new();
    site.world.enroll(&site.world.login(), PHONE);
    // Another request wins the race 15 times, then once more.
    site.world.store.conflicts.store(15, SeqCst);
    assert_eq!(site.post("/restore-budgets").ok(), json!({ "revision": 3 }));
    site.world.store.conflicts.store(16, SeqCst);
    let conflict = || site.post("/reset");
    site.denied(conflict, 503, "temporarily_unavailable", UNAVAILABLE);
    site.world.store.unavailable.store(true, SeqCst);
    let down = || site.post("/reset");
    site.denied(down, 503, "temporarily_unavailable", UNAVAILABLE);
    let down = || site.ask("GET", "", &Value::Null);
    site.denied(down, 503, "temporarily_unavailable", UNAVAILABLE);
}
