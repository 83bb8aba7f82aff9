//! What the tests of the rules share: a world, and its story.

use oob_mfa::testing::{Command, Observation, World};
use oob_mfa::{Account, Engine, Key, KeyRing, Policy};
use time::UtcDateTime;

pub fn engine(policy: &Policy) -> Engine {
    Engine::new(policy.clone(), KeyRing::new(Key::new(1, &[7; 32])))
}

pub fn world(policy: &Policy, seed: u64) -> World {
    World::new(engine(policy), "auth0|alice".parse().unwrap(), seed)
}

pub fn json(account: &Account) -> String {
    serde_json::to_string(account).unwrap()
}

pub fn through_json(account: &Account) -> Account {
    serde_json::from_str(&json(account)).unwrap()
}

pub fn through_postcard(account: &Account) -> Account {
    postcard::from_bytes(&postcard::to_allocvec(account).unwrap()).unwrap()
}

/// The milliseconds of a moment since the Unix epoch.
pub fn millis(at: UtcDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap()
}

/// Plays the commands, each on a record that was just loaded from its stored form, and shows what
/// was before, what was done, what was observed and what is after.
pub fn play(
    world: &mut World,
    commands: &[Command],
    mut look: impl FnMut(&World, &Command, &Observation, &World),
) {
    for (index, command) in commands.iter().enumerate() {
        world.reload(if index % 2 == 0 { through_json } else { through_postcard });
        let before = world.clone();
        let observation = world.apply(command);
        look(&before, command, &observation, world);
    }
}
