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

use common::Answer;
use common::patience::until;

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
