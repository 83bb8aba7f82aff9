//! A policy switch applies to what is stored: what an account keeps and loses by each setting.

mod factors;
mod numbers;

use super::*;

/// A world with an imported phone, a first-factor session, and a code sent to the phone.
fn challenged_under(policy: Policy) -> (World, MfaSession, Sent) {
    let mut world = World::of(policy, "auth0|alice");
    world.import(ALICES).unwrap();
    let (session, sent) = challenged(&mut world);
    (world, session, sent)
}

/// The result of a login on servers with this policy: the purpose, or the refusal.
fn purpose(result: Result<Verified, Denied>) -> Result<Purpose, Denied> {
    result.map(|verified| verified.purpose())
}
