//! A server whose clock is behind or ahead of an account.

use std::sync::atomic::Ordering::SeqCst;

use oob_mfa::{Account, Engine, Event, Key, KeyRing, Policy};
use oob_mfa_server::store::Store as _;
use serde_json::json;
use time::UtcDateTime;

use crate::common::*;

/// The policy's skew.
const SKEW: i64 = 60;

/// A world whose account was changed by a server `ahead` seconds ahead, and a first-factor session of now.
fn changed_ahead(ahead: i64) -> (World, String) {
    let world = World::new();
    world.enroll(&world.login(), PHONE);
    world.advance(ahead);
    world.challenge(&world.login(), &json!({})).ok();
    world.advance(-ahead);
    let token = world.login();
    (world, token)
}

#[test]
fn a_server_that_is_further_behind_than_the_skew_changes_nothing_and_answers_503() {
    let (world, token) = changed_ahead(SKEW + 1);
    let (before, sent) = (world.record(), world.outbox.messages().len());
    let writes = world.store.writes.load(SeqCst);
    for answer in [
        world.associate(&token, "sms", OTHER_PHONE),
        world.challenge(&token, &json!({})),
        world.answer(&token, "AAAAAAAAAAAAAAAAAAAAAA", "123456"),
        world.recover(&token, "not a recovery code"),
        world.remove(&token, "sms|dev_NU1Ofuw3Cw0XCt5x"),
    ] {
        answer.refused(UNAVAILABLE).retry_after(5);
    }
    assert_eq!(world.record(), before);
    assert_eq!(world.store.writes.load(SeqCst), writes);
    assert_eq!(world.outbox.messages().len(), sent);
    // A list changes nothing, and succeeds.
    assert_eq!(world.list(&token).ok().as_array().unwrap().len(), 3);
    // A second later the clocks are within the skew.
    world.advance(1);
    world.challenge(&token, &json!({})).ok();
}

#[test]
fn a_server_that_is_behind_by_the_skew_signs_users_in() {
    let (world, token) = changed_ahead(SKEW);
    let oob_code = world.challenge(&token, &json!({})).text("oob_code");
    world.answer(&token, &oob_code, &world.outbox.code()).ok();
}

#[test]
fn a_first_factor_that_is_further_ahead_than_the_skew_is_invalid() {
    let world = World::new();
    world.enroll(&world.login(), PHONE);
    world.advance(SKEW + 1);
    let token = world.login();
    world.advance(-(SKEW + 1));
    let before = world.record();
    world.challenge(&token, &json!({})).refused(INVALID_TOKEN);
    assert_eq!(world.record(), before);
    world.advance(1);
    world.challenge(&token, &json!({})).ok();
}

#[test]
fn after_a_year_ahead_only_a_rewind_lets_users_in() {
    let year = 365 * 24 * 3_600;
    let (world, old) = changed_ahead(year);
    world.advance(24 * 3_600);
    let behind = world.challenge(&world.login(), &json!({}));
    behind.refused(UNAVAILABLE).retry_after(5);

    rewind(&world);
    // A first-factor session that expired meanwhile is expired; one issued within the skew after the
    // rewind is revoked.
    world.challenge(&old, &json!({})).refused(EXPIRED_TOKEN);
    world.advance(SKEW);
    world
        .challenge(&world.login(), &json!({}))
        .refused(INVALID_TOKEN);
    // A rewind refills nothing: the budget starts empty.
    world.advance(1);
    world
        .challenge(&world.login(), &json!({}))
        .refused(TOO_MANY_SENDS)
        .retry_after(3_600 - u64::try_from(SKEW + 1).unwrap());
    world.advance(3_600 - SKEW - 1);
    let token = world.login();
    let oob_code = world.challenge(&token, &json!({})).text("oob_code");
    world.answer(&token, &oob_code, &world.outbox.code()).ok();
}

/// Rewinds like an operator, directly in the store.
fn rewind(world: &World) {
    let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
    let now = UtcDateTime::from_unix_timestamp(world.now()).unwrap();
    let rewound = world.runtime.block_on(async {
        let account: Option<Account> = world.store.load(ALICE.parse().unwrap()).await.unwrap();
        let transition = engine.rewind(account.unwrap(), now);
        let saved = transition.commit_async(async |next| world.store.replace(&next).await);
        saved.await.unwrap()
    });
    rewound.result.unwrap();
    let names: Vec<_> = rewound.events.iter().map(Event::name).collect();
    // The code from the wrong year was dropped.
    assert_eq!(names, ["clock_rewound", "code_dropped"]);
}
