//! Stores that fail, and processes that die: nothing unsaved is sent or granted, saved changes stay,
//! and the next request works.
//!
//!     .ci/with-services cargo test -p oob-mfa-server --test faults
#![cfg(unix)]

mod audit;
#[path = "../common/world.rs"]
mod common;
mod death;
mod disk;
mod network;
mod postgres;
mod proxy;
mod redis;

use common::patience::until;
use common::site::{Running, Site};
use common::{Answer, PASSWORD, UNAVAILABLE};
use serde_json::json;

#[track_caller]
fn is_unavailable(answer: &Answer) {
    answer.refused(UNAVAILABLE).retry_after(1);
}

/// Two processes while their store is away, and after it. Returns them.
fn outage(
    store: &str,
    record: impl Fn() -> Option<Vec<u8>>,
    stop: impl Fn(),
    start: impl Fn(),
) -> [Running; 2] {
    let site = Site::new();
    let servers = [site.start(store), site.start(store)];
    let [one, other] = servers.each_ref().map(|running| &running.client);
    site.enroll(one);
    let (token, oob_code, code) = site.challenged(other);
    let before = record();

    stop();
    for client in [one, other] {
        is_unavailable(&client.challenge(&token, &json!({})));
        is_unavailable(&client.answer(&token, &oob_code, &code));
        is_unavailable(&client.list(&token));
        is_unavailable(&client.password("alice@example.com", PASSWORD, "", ""));
    }
    assert_eq!(site.messages().len(), 2);

    start();
    // What was acknowledged before is there.
    assert_eq!(record(), before);
    // The first request after it.
    one.answer(&token, &oob_code, &code).ok();
    let (token, oob_code, code) = site.challenged(other);
    // Also while idle.
    stop();
    start();
    other.answer(&token, &oob_code, &code).ok();
    site.challenged(one);
    assert_eq!(site.messages().len(), 4);
    servers
}
