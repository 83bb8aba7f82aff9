//! A policy switch applies to what is stored: what an account keeps and loses by each setting.

mod factors;
mod numbers;

use time::UtcDateTime;

use super::*;

/// Restarts the servers with another policy and the same keys.
fn restart(world: &mut World, policy: &Policy) {
    world.engine = Engine::new(policy.clone(), KeyRing::new(Key::new(1, &[7; 32])));
}

/// A world with an imported phone, a first-factor session, and a code sent to the phone.
fn challenged(policy: Policy) -> (World, MfaSession, Sent) {
    let mut world = World::of(policy, "auth0|alice");
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    (world, session, sent)
}

/// The result of a login on servers with this policy: the purpose, or the refusal.
fn purpose(result: Result<Verified, Denied>) -> Result<Purpose, Denied> {
    result.map(|verified| verified.purpose())
}

fn millis(moment: UtcDateTime) -> i64 {
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).unwrap()
}
