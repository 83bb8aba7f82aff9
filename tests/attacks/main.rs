//! Attacks by someone who knows the password, and the effects of wrong clocks.
//!
//! One file per theme. Each test runs one attack against the public API and asserts the exact refusal.

mod budgets;
mod cap;
mod clock;
mod erasure;
mod expiry;
mod lists;
mod recovery;
mod sessions;
mod switches;
mod takeover;
mod typed;

use std::time::Duration;

use oob_mfa::*;
use oob_mfa_testing::*;
use time::UtcDateTime;

/// Servers with this policy, and the key of every world.
fn engine(policy: &Policy) -> Engine {
    Engine::new(policy.clone(), KeyRing::new(Key::new(1, &[7; 32])))
}

/// Restarts the servers with another policy. Returns the engine that they had.
fn restart(world: &mut World, policy: &Policy) -> Engine {
    std::mem::replace(&mut world.engine, engine(policy))
}

/// A new first-factor session, and a code sent to the phone used last.
fn challenged(world: &mut World) -> (MfaSession, Sent) {
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    (session, sent)
}

/// An MFA session that the embedder vouches for, issued now for 10 minutes, with every scope, unless
/// `change` says otherwise.
fn vouched(world: &World, id: &str, change: impl FnOnce(&mut TrustedClaims<'_>)) -> MfaSession {
    let now = world.now();
    let mut claims = TrustedClaims {
        id: SessionId::from_jti(id).unwrap(),
        subject: world.subject().clone(),
        client: "demo",
        assurance: Assurance::Mfa,
        scope: EVERY_SCOPE,
        audience: "",
        issued_at: now,
        expires_at: now + 10 * MINUTE,
        authenticated_at: now,
    };
    change(&mut claims);
    MfaSession::trusted(claims).unwrap()
}

fn device(phone: AuthenticatorId) -> DeviceId {
    match phone {
        AuthenticatorId::Phone(_, device) => device,
        other => panic!("{other}"),
    }
}

fn millis(moment: UtcDateTime) -> i64 {
    i64::try_from(moment.unix_timestamp_nanos() / 1_000_000).unwrap()
}

/// The refusal by a failure budget that was emptied now.
fn failures_spent(world: &World) -> Denied {
    Denied::TooManyFailures {
        retry_at: world.now() + 6 * MINUTE,
    }
}

#[track_caller]
fn assert_denied<T>(result: Result<T, Denied>, denied: Denied) {
    assert_eq!(result.err(), Some(denied));
}

/// Presents a wrong code, which must be judged.
#[track_caller]
fn assert_wrong(world: &mut World, session: &MfaSession, sent: &Sent) {
    let judged = world.verify(session, &sent.wrong());
    assert_denied(judged, Denied::InvalidBindingCode);
}

/// Runs an operation that must be refused, and checks that it changed nothing.
#[track_caller]
fn assert_refused<T>(
    world: &mut World,
    denied: Denied,
    act: impl FnOnce(&mut World) -> Result<T, Denied>,
) {
    let (account, saves) = (world.account(), world.saves);
    assert_eq!(act(world).err(), Some(denied));
    assert_eq!(world.account(), account, "a refusal changed the account");
    assert_eq!(world.saves, saves, "a refusal was saved");
}

/// The same of the answer to a code.
#[track_caller]
fn assert_unverified(world: &mut World, session: &MfaSession, sent: &Sent, denied: Denied) {
    assert_refused(world, denied, |world| world.verify(session, sent));
}

const NO_AUTHENTICATOR: &str = "sms|dev_AAAAAAAAAAAAAAAA";

/// The stored record, as JSON.
fn record(world: &World) -> serde_json::Value {
    serde_json::to_value(world.account()).unwrap()["account"].take()
}

/// How many challenges the record holds.
fn pending(world: &World) -> usize {
    record(world)["challenges"].as_array().unwrap().len()
}

fn is_listed(world: &mut World, sent: &Sent) -> bool {
    let id = sent.authenticator.to_string();
    world.list().into_iter().any(|(listed, _)| listed == id)
}
