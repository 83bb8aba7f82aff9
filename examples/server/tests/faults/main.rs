//! Stores that fail, and processes that die: nothing unsaved is sent or granted, saved changes stay,
//! and the next request works.
//!
//!     .ci/with-services cargo test -p oob-mfa-server --test faults
#![cfg(unix)]

mod audit;
#[path = "../common/world.rs"]
mod common;
mod death;
mod network;
mod postgres;
mod proxy;
mod redis;

use std::thread;
use std::time::{Duration, Instant};

use common::Answer;

/// How long a test waits; nothing takes that long.
const PATIENCE: Duration = Duration::from_secs(30);
/// The text for a token whose login is complete.
const INVALID_TOKEN: &str = "The mfa_token provided is invalid. Try getting a new token.";

#[track_caller]
fn is_unavailable(answer: &Answer) {
    answer
        .is(
            503,
            "temporarily_unavailable",
            "The service is temporarily unavailable. Try again.",
        )
        .retry_after(1);
}

#[track_caller]
fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let patience = Instant::now() + PATIENCE;
    while !happened() {
        assert!(Instant::now() < patience, "it did not happen: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
