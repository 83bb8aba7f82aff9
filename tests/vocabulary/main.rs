//! Every `Denied` and every `Event`: the engine produces each, and the test asserts its exact value.
//!
//! `NAMES` lists every variant: one that nothing here produces fails the test.

mod codes;
mod denials;
mod events;

use std::collections::BTreeSet;
use std::time::Duration;

use oob_mfa::*;
use oob_mfa_testing::*;

/// The smallest limits of a policy.
fn one(period: Duration) -> RateLimit {
    RateLimit::new(1, period).unwrap()
}

/// Every name once.
fn all(names: &[&'static str]) -> BTreeSet<&'static str> {
    let set: BTreeSet<_> = names.iter().copied().collect();
    assert_eq!(set.len(), names.len(), "a name is there twice");
    set
}

fn is_snake_case(name: &str) -> bool {
    name.split('_')
        .all(|word| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase()))
}
