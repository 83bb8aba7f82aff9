//! Tests of the crate `oob-mfa-testing`.

mod drawn;
mod scene;
mod store;
mod world;

use oob_mfa::{Channel, Engine, FirstFactor, Key, KeyRing, Limit, PhoneNumber, Policy, Subject};
use oob_mfa_testing::{ALICES, Command, Guess, World};

fn engine() -> Engine {
    Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])))
}

fn world() -> World {
    World::with_engine(engine(), "auth0|alice".parse().unwrap(), 1)
}

fn first_factor(subject: &Subject) -> FirstFactor<'static> {
    FirstFactor {
        subject: subject.clone(),
        client: "demo",
        scope: "",
        audience: "",
    }
}

fn phone() -> PhoneNumber {
    ALICES.parse().unwrap()
}

fn import() -> Command {
    Command::ImportPhone {
        phone: phone(),
        channel: Channel::Sms,
    }
}

/// A pending challenge.
fn challenged() -> World {
    let mut world = world();
    world.apply(&import());
    world.apply(&Command::Begin);
    world.apply(&challenge());
    world
}

fn challenge() -> Command {
    Command::Challenge {
        session: 0,
        authenticator: None,
        channel: None,
    }
}

fn answer(guess: Guess) -> Command {
    Command::VerifyOob {
        session: None,
        code: Some(0),
        guess,
    }
}

fn failures_left(world: &World) -> u32 {
    let account = world.account();
    world
        .engine
        .remaining(&account, Limit::BindingFailures, world.now())
}
