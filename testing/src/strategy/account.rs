//! Accounts, made by commands.

use oob_mfa::{Account, Engine, Key, KeyRing, Policy, Subject};
use proptest::prelude::*;

use super::commands;
use crate::world::World;

/// Accounts of a policy, after a sequence of commands.
///
/// For an account with known codes, let a [`World`] execute the [`commands`].
pub fn accounts(policy: Policy) -> impl Strategy<Value = Account> {
    let engine = Engine::new(policy, KeyRing::new(Key::new(1, &[7; 32])));
    (subjects(), any::<u64>(), commands(0..40)).prop_map(move |(subject, seed, commands)| {
        let mut world = World::with_engine(engine.clone(), subject, seed);
        for command in &commands {
            world.apply(command);
        }
        world.account()
    })
}

/// Subjects of every length, mostly short ones.
fn subjects() -> impl Strategy<Value = Subject> {
    let texts = prop_oneof![3 => "[a-z0-9|]{1,20}", 1 => "\\PC{1,63}", 1 => "[ -~]{255}"];
    texts.prop_filter_map("a subject", |text| text.parse().ok())
}
