//! Both edges of both limits, to the second.

use serde_json::json;

use crate::common::*;

#[test]
fn the_eleventh_message_waits_for_an_hour_and_not_a_second_more() {
    let world = World::new();
    let token = world.login();
    world.enroll(&token, PHONE);
    let token = world.login();
    for sent in 1..10 {
        let channel = if sent % 2 == 0 { "sms" } else { "voice" };
        let id = world
            .ids(&token)
            .into_iter()
            .find(|id| id.starts_with(channel))
            .unwrap();
        world
            .challenge(&token, &json!({ "authenticator_id": id }))
            .ok();
    }
    assert_eq!(world.outbox.messages().len(), 10);
    let before = world.record();
    let refused = world.challenge(&token, &json!({}));
    refused.refused(TOO_MANY_SENDS).retry_after(3_600);

    // Associations and all other sessions use the same budget.
    world.advance(3_599);
    let refused = world.challenge(&world.login(), &json!({}));
    refused.refused(TOO_MANY_SENDS).retry_after(1);
    assert_eq!(world.record(), before);
    assert_eq!(world.outbox.messages().len(), 10);

    world.advance(1);
    let token = world.login();
    world.challenge(&token, &json!({})).ok();
    assert_eq!(world.outbox.messages().len(), 11);
    let refused = world.challenge(&token, &json!({}));
    refused.refused(TOO_MANY_SENDS).retry_after(3_600);
}

#[test]
fn associations_and_challenges_share_the_sends() {
    let world = World::new();
    world.enroll(&world.login(), PHONE);
    let access_token = world.manage(MANAGE);
    for phone in 0..8 {
        world
            .associate(&access_token, "sms", &format!("+1415555100{phone}"))
            .ok();
    }
    world
        .associate(&access_token, "sms", OTHER_PHONE)
        .refused(TOO_MANY_SENDS)
        .retry_after(3_600);
    world
        .challenge(&world.login(), &json!({}))
        .refused(TOO_MANY_SENDS)
        .retry_after(3_600);
    assert_eq!(world.outbox.messages().len(), 10);
}

/// A world with an empty failure budget and a pending challenge.
fn exhausted() -> (World, String, String) {
    let world = World::new();
    world.enroll(&world.login(), PHONE);
    let token = world.login();
    let oob_code = world.challenge(&token, &json!({})).text("oob_code");
    for _ in 0..10 {
        world
            .answer(&token, &oob_code, &wrong(&world.outbox.code()))
            .refused(WRONG_CODE);
    }
    (world, token, oob_code)
}

#[test]
fn with_an_empty_budget_right_and_wrong_codes_get_the_same_answer() {
    let (world, token, oob_code) = exhausted();
    let before = world.record();
    let right = world.outbox.code();
    let mut refused = world.answer(&token, &oob_code, &wrong(&right));
    refused.refused(TOO_MANY_FAILURES).retry_after(360);
    let mut refused_too = world.answer(&token, &oob_code, &right);
    assert_eq!(refused.body, refused_too.body);
    // The date is the system's.
    assert!(refused.headers.remove("date").is_some());
    refused_too.headers.remove("date");
    assert_eq!(refused, refused_too);
    assert_eq!(world.record(), before);
}

#[test]
fn after_six_minutes_one_more_code_is_judged_and_not_a_second_earlier() {
    let (world, token, _) = exhausted();
    world.advance(359);
    let oob_code = world.challenge(&token, &json!({})).text("oob_code");
    let right = world.outbox.code();
    let refused = world.answer(&token, &oob_code, &right);
    refused.refused(TOO_MANY_FAILURES).retry_after(1);

    world.advance(1);
    let judged = world.answer(&token, &oob_code, &wrong(&right));
    judged.refused(WRONG_CODE);
    let refused = world.answer(&token, &oob_code, &right);
    refused.refused(TOO_MANY_FAILURES).retry_after(360);
}

#[test]
fn after_six_minutes_the_right_code_passes() {
    let (world, token, _) = exhausted();
    world.advance(360);
    let oob_code = world.challenge(&token, &json!({})).text("oob_code");
    world.answer(&token, &oob_code, &world.outbox.code()).ok();
}

#[test]
fn wrong_recovery_codes_have_their_own_budget() {
    let world = World::new();
    let recovery_code = world.enroll(&world.login(), PHONE).unwrap();
    let token = world.login();
    for _ in 0..10 {
        world
            .recover(&token, "not a recovery code")
            .refused(WRONG_RECOVERY_CODE);
    }
    let refused = world.recover(&token, &recovery_code);
    refused.refused(TOO_MANY_FAILURES).retry_after(360);
    world.advance(359);
    world.recover(&token, &recovery_code).retry_after(1);
    // Binding codes are still judged.
    let oob_code = world.challenge(&token, &json!({})).text("oob_code");
    let judged = world.answer(&token, &oob_code, &wrong(&world.outbox.code()));
    judged.refused(WRONG_CODE);
    world.advance(1);
    world.recover(&token, &recovery_code).ok();
}
