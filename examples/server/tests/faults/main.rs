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
use common::{Answer, UNAVAILABLE};

#[track_caller]
fn is_unavailable(answer: &Answer) {
    answer.refused(UNAVAILABLE).retry_after(1);
}
