//! Attacks by someone who knows the password, and the effects of wrong clocks.
//!
//! One file per theme. Each test runs one attack against the public API and asserts the exact refusal.

mod budgets;
mod cap;
mod clock;
mod erasure;
mod expiry;
mod lists;
mod recovery;
mod sessions;
mod switches;
mod takeover;
mod typed;

use std::time::Duration;

use oob_mfa::*;
use oob_mfa_testing::*;

#[track_caller]
fn assert_denied<T>(result: Result<T, Denied>, denied: Denied) {
    assert_eq!(result.err(), Some(denied));
}

/// Runs an operation that must be refused, and checks that it changed nothing.
#[track_caller]
fn assert_refused<T>(
    world: &mut World,
    denied: Denied,
    act: impl FnOnce(&mut World) -> Result<T, Denied>,
) {
    let (account, saves) = (world.account(), world.saves);
    assert_eq!(act(world).err(), Some(denied));
    assert_eq!(world.account(), account, "a refusal changed the account");
    assert_eq!(world.saves, saves, "a refusal was saved");
}

const NO_AUTHENTICATOR: &str = "sms|dev_AAAAAAAAAAAAAAAA";

/// The stored record, as JSON.
fn record(world: &World) -> serde_json::Value {
    serde_json::to_value(world.account()).unwrap()["account"].take()
}

/// How many challenges the record holds.
fn pending(world: &World) -> usize {
    record(world)["challenges"].as_array().unwrap().len()
}

fn is_listed(world: &mut World, sent: &Sent) -> bool {
    let id = sent.authenticator.to_string();
    world.list().into_iter().any(|(listed, _)| listed == id)
}
