//! The provider, the store, the record and the router.

use std::sync::atomic::Ordering::SeqCst;

use serde_json::json;

use super::enrolled;
use crate::common::*;

#[test]
fn a_message_that_the_provider_does_not_take_stays_charged() {
    let (world, token) = enrolled();
    world.outbox.fails.store(true, SeqCst);
    for _ in 0..9 {
        world.challenge(&token, &json!({})).refused(NOT_SENT);
    }
    world.outbox.fails.store(false, SeqCst);
    let refused = world.challenge(&token, &json!({}));
    assert_eq!(refused.status, 429, "{refused:?}");
    assert_eq!(world.outbox.messages().len(), 1);
}

#[test]
fn in_an_outage_nothing_is_sent_saved_or_charged() {
    let (world, token) = enrolled();
    world.outbox.fails.store(true, SeqCst);
    let bob = world
        .password("bob@example.com", PASSWORD, "", "")
        .text("mfa_token");
    let sms = |token: &str| world.associate(token, "sms", OTHER_PHONE);
    for answer in [
        world.challenge(&token, &json!({})),
        world.challenge(&token, &json!({})),
        sms(&bob),
    ] {
        answer.refused(NOT_SENT);
    }
    for left in [30, 1] {
        let before = world.record();
        let refused = world.challenge(&token, &json!({}));
        refused.refused(UNAVAILABLE);
        assert_eq!(
            refused.header("retry-after"),
            Some(left.to_string().as_str())
        );
        assert_eq!(world.record(), before);
        world.advance(left - 1);
    }
    world.outbox.fails.store(false, SeqCst);
    world.advance(1);
    world.challenge(&token, &json!({})).ok();
}

#[test]
fn failing_messages_of_one_user_do_not_stop_others() {
    let (world, token) = enrolled();
    let bob = world
        .password("bob@example.com", PASSWORD, "", "")
        .text("mfa_token");
    for last in 0..5 {
        world
            .associate(&bob, "sms", &format!("{REFUSED}{last}"))
            .refused(NOT_SENT);
    }
    // The same for a number that the provider cannot reach.
    world.outbox.fails.store(true, SeqCst);
    for _ in 0..4 {
        world.associate(&bob, "sms", OTHER_PHONE).refused(NOT_SENT);
    }
    world.outbox.fails.store(false, SeqCst);
    world.challenge(&token, &json!({})).ok();
    assert_eq!(world.outbox.messages().len(), 2);
}

#[test]
fn after_an_outage_a_trial_that_is_refused_or_not_saved_passes_to_the_next_request() {
    let (world, token) = enrolled();
    let bob = world
        .password("bob@example.com", PASSWORD, "", "")
        .text("mfa_token");
    world.outbox.fails.store(true, SeqCst);
    for _ in 0..2 {
        assert_eq!(world.challenge(&token, &json!({})).status, 502);
    }
    assert_eq!(world.associate(&bob, "sms", OTHER_PHONE).status, 502);
    world.outbox.fails.store(false, SeqCst);
    world.challenge(&token, &json!({})).retry_after(30);
    world.advance(30);
    world.store.conflicts.store(16, SeqCst);
    world.challenge(&token, &json!({})).retry_after(1);
    let refused = format!("{REFUSED}0");
    assert_eq!(world.associate(&bob, "sms", &refused).status, 502);
    world.challenge(&token, &json!({})).ok();
    world.challenge(&token, &json!({})).ok();
}

#[test]
fn a_number_that_is_not_allowed_is_refused_before_anything_is_saved_or_sent() {
    let world = World::with("allowed_prefixes = [\"1\"]\ndenied_prefixes = [\"1876\", \"1809\"]");
    let token = world.login();
    let before = world.record();
    for phone in ["+18765551234", "+18095551234", "+447911123456"] {
        world.associate(&token, "sms", phone).is(
            403,
            "access_denied",
            "No messages are sent to this number.",
        );
    }
    assert_eq!(world.record(), before);
    assert_eq!(world.outbox.messages().len(), 0);
    world.associate(&token, "sms", PHONE).ok();
}

#[test]
fn an_association_that_is_not_sent_answers_502() {
    let world = World::new();
    world.outbox.fails.store(true, SeqCst);
    let token = world.login();
    world.associate(&token, "voice", PHONE).refused(NOT_SENT);
    assert_eq!(world.list(&token).ok().as_array().unwrap().len(), 3);
}

#[test]
fn a_record_of_another_subject_is_the_servers_mistake() {
    let (world, token) = enrolled();
    let password = || world.password("bob@example.com", PASSWORD, "", "");
    let bob = password().text("mfa_token");
    world
        .store
        .redb
        .restore("auth0|bob", &world.record().unwrap())
        .unwrap();
    world.list(&token).ok();
    for answer in [world.list(&bob), password()] {
        answer.is(
            500,
            "server_error",
            "The session and the account are of different subjects.",
        );
    }
}

#[test]
fn a_store_that_is_down_answers_503_everywhere() {
    let (world, token) = enrolled();
    let before = world.record();
    world.store.unavailable.store(true, SeqCst);
    let answers = [
        world.password("alice@example.com", PASSWORD, "", ""),
        world.associate(&token, "sms", OTHER_PHONE),
        world.challenge(&token, &json!({})),
        world.answer(&token, "AAAAAAAAAAAAAAAAAAAAAA", "123456"),
        world.recover(&token, "x"),
        world.list(&token),
        world.remove(&token, "sms|dev_NU1Ofuw3Cw0XCt5x"),
    ];
    for answer in answers {
        answer.refused(UNAVAILABLE).retry_after(1);
    }
    assert_eq!(world.record(), before);
    assert_eq!(world.outbox.messages().len(), 1);
}

#[test]
fn conflicts_are_retried_but_not_forever() {
    let (world, token) = enrolled();
    let (before, writes) = (world.record(), world.store.writes.load(SeqCst));
    world.store.conflicts.store(15, SeqCst);
    world.challenge(&token, &json!({})).ok();
    assert_eq!(world.store.writes.load(SeqCst) - writes, 16);
    assert_eq!(world.outbox.messages().len(), 2);
    assert_ne!(world.record(), before);

    let (before, writes) = (world.record(), world.store.writes.load(SeqCst));
    world.store.conflicts.store(u64::MAX, SeqCst);
    world
        .challenge(&token, &json!({}))
        .refused(UNAVAILABLE)
        .retry_after(1);
    assert_eq!(world.store.writes.load(SeqCst) - writes, 16);
    assert_eq!(world.outbox.messages().len(), 2);
    assert_eq!(world.record(), before);
}

#[test]
fn a_panic_ends_one_request_and_not_the_process() {
    let (world, token) = enrolled();
    world.store.panics.store(true, SeqCst);
    world.challenge(&token, &json!({})).refused(SERVER_ERROR);
    world.list(&token).refused(SERVER_ERROR);
    world.store.panics.store(false, SeqCst);
    world.challenge(&token, &json!({})).ok();
}

#[test]
fn errors_of_the_router_are_json_too() {
    let world = World::new();
    for (method, path) in [
        ("GET", "/"),
        ("POST", "/mfa"),
        ("DELETE", "/mfa/authenticators/a/b"),
    ] {
        world.send(method, path, &[], "").refused(NO_ENDPOINT);
    }
    for (method, path) in [
        ("GET", "/oauth/token"),
        ("POST", "/healthz"),
        ("DELETE", "/mfa/associate"),
    ] {
        world.send(method, path, &[], "").refused(NO_METHOD);
    }
    assert_eq!(
        world.send("GET", "/healthz", &[], "").ok(),
        json!({ "status": "ok" })
    );
}
