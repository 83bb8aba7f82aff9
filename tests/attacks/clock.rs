//! Rule 13: for one account, recorded time never runs backwards.
//!
//! A world has one store. A server with a wrong clock is the same world with its clock moved.

mod edges;
mod fleet;
mod limits;
mod rewind;
mod set_back;

use super::*;

/// Runs `act` on a server whose clock is `by` ahead.
fn ahead<T>(world: &mut World, by: Duration, act: impl FnOnce(&mut World) -> T) -> T {
    world.wait(by);
    let result = act(world);
    world.set_back(by);
    result
}

/// Runs `act` on a server whose clock is `by` behind.
fn behind<T>(world: &mut World, by: Duration, act: impl FnOnce(&mut World) -> T) -> T {
    world.set_back(by);
    let result = act(world);
    world.wait(by);
    result
}

/// The time of the last change.
fn as_of(world: &World) -> i64 {
    record(world)["as_of"].as_i64().unwrap()
}

/// A trusted session with these times.
fn session_of(
    world: &World,
    assurance: Assurance,
    issued_at: UtcDateTime,
    expires_at: UtcDateTime,
) -> MfaSession {
    let id = format!("{} to {}", millis(issued_at), millis(expires_at));
    vouched(world, &id, |claims| {
        claims.assurance = assurance;
        claims.issued_at = issued_at;
        claims.expires_at = expires_at;
        claims.authenticated_at = issued_at;
    })
}

/// Guesses with a first-factor session until it is refused. Returns how many wrong codes were
/// judged.
fn guesses(world: &mut World) -> u32 {
    let session = world.first_factor();
    match world.challenge(&session, None) {
        Ok(sent) => wrong_codes(world, &session, &sent),
        Err(Denied::ClockBehind) => 0,
        Err(other) => panic!("{other:?}"),
    }
}

fn wrong_codes(world: &mut World, session: &MfaSession, sent: &Sent) -> u32 {
    for judged in 0..1_000 {
        match world.verify(session, &sent.wrong()).err() {
            Some(Denied::InvalidBindingCode) => {}
            Some(Denied::TooManyFailures { .. }) => return judged,
            other => panic!("{other:?}"),
        }
    }
    panic!("no end of failures")
}

type Write = (&'static str, fn(&mut World) -> Result<(), Denied>);

/// Every change of an administrator.
const ADMINISTRATORS: [Write; 5] = [
    ("reset", |world| {
        let transition = world.engine.reset(world.account(), world.now());
        world.commit(transition)
    }),
    ("erase", |world| {
        let transition = world.engine.erase(world.account(), world.now());
        world.commit(transition).map(drop)
    }),
    ("remove_phone", |world| {
        let device = record(world)["phones"][0]["device"]
            .as_str()
            .and_then(|device| format!("sms|{device}").parse().ok());
        match device {
            Some(AuthenticatorId::Phone(_, device)) => world.remove_phone(device).map(drop),
            _ => Err(Denied::UnknownAuthenticator),
        }
    }),
    ("import_phone", |world| {
        world.import("+14155558739").map(drop)
    }),
    ("restore_budgets", |world| {
        let transition = world.engine.restore_budgets(world.account(), world.now());
        world.commit(transition)
    }),
];

/// Every change of a session, each with a session issued now.
const SESSIONS: [Write; 6] = [
    ("associate", |world| {
        let session = world.second_factor();
        world.associate(&session, MALLORYS).map(drop)
    }),
    ("challenge", |world| {
        let session = world.first_factor();
        world.challenge(&session, None).map(drop)
    }),
    ("verify_oob", |world| {
        let session = world.first_factor();
        let answer = Sent {
            authenticator: NO_AUTHENTICATOR.parse().unwrap(),
            oob_code: "never issued".into(),
            code: "000000".into(),
            recovery_code: None,
        };
        world.verify(&session, &answer).map(drop)
    }),
    ("verify_recovery_code", |world| {
        let session = world.first_factor();
        world.recover(&session, "wrong").map(drop)
    }),
    ("remove_authenticator", |world| {
        let session = world.second_factor();
        let id = NO_AUTHENTICATOR.parse().unwrap();
        world.remove(&session, id).map(drop)
    }),
    ("regenerate_recovery_code", |world| {
        let session = world.second_factor();
        world.regenerate(&session).map(drop)
    }),
];

/// Tries each write on a copy of the world, and checks that none changes anything while the clock
/// is behind.
#[track_caller]
fn assert_clock_behind(world: &World, writes: &[Write], is_behind: bool) {
    for (name, write) in writes {
        let mut copy = world.clone();
        let result = write(&mut copy);
        assert_eq!(result == Err(Denied::ClockBehind), is_behind, "{name}");
        if is_behind {
            assert_eq!(copy.account(), world.account(), "{name}");
            assert_eq!(copy.saves, world.saves, "{name}");
        }
    }
}
