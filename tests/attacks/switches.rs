//! A policy switch applies to what is stored: for each setting, what an account keeps and what it loses.

mod factors;
mod numbers;

use time::UtcDateTime;

use super::*;

/// The servers start again with another policy, and the same keys.
fn restart(world: &mut World, policy: &Policy) {
    world.engine = Engine::new(policy.clone(), KeyRing::new(Key::new(1, &[7; 32])));
}

/// A world of an imported phone, a first-factor session, and a code that was sent to it.
fn challenged(policy: Policy) -> (World, MfaSession, Sent) {
    let mut world = World::of(policy, "auth0|alice");
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    (world, session, sent)
}

/// What every server of this policy answers to a login: the purpose, or the refusal.
fn purpose(result: Result<Verified, Denied>) -> Result<Purpose, Denied> {
    result.map(|verified| verified.purpose())
}

fn millis(moment: UtcDateTime) -> i64 {
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).unwrap()
}
