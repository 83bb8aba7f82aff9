//! The stored record, byte for byte in both of its forms, and every record that is refused.
//!
//! If the form changes on purpose, `OOB_MFA_REWRITE_GOLDEN=1 cargo test --test golden` rewrites the files.
//! Read the diff. After a release every later version must load these files, and a new form needs a new
//! version of the record.

mod files;
mod hostile;
mod invariants;

use std::sync::LazyLock;

use oob_mfa::*;
use oob_mfa_testing::*;
use serde_json::{Value, json};

const WRONG: Result<(), Denied> = Err(Denied::InvalidBindingCode);

/// A first association, with a pending code.
fn pending() -> Account {
    let mut world = World::new();
    let session = world.first_factor();
    world.associate(&session, ALICES).unwrap();
    world.account()
}

/// One phone and a recovery code, and nothing else.
fn idle() -> Account {
    let mut world = World::new();
    world.enroll(ALICES);
    world.wait(DAY);
    world.restore_budgets();
    world.account()
}

/// A pending login: a live challenge, a spent session, and each budget charged.
fn signing_in() -> Account {
    let mut world = World::new();
    let (phone, _) = world.enroll(ALICES);
    world.wait(MINUTE);
    let session = world.first_factor();
    let AuthenticatorId::Phone(_, device) = phone else {
        panic!("{phone}")
    };
    let by_voice = AuthenticatorId::Phone(Channel::Voice, device);
    let sent = world.challenge(&session, Some(by_voice)).unwrap();
    assert_eq!(world.verify(&session, &sent.wrong()).map(drop), WRONG);
    assert_eq!(
        world.recover(&session, "wrong").map(drop),
        Err(Denied::InvalidRecoveryCode)
    );
    world.account()
}

/// Two phones, the first disabled by the failure cap.
fn one_of_two_disabled() -> Account {
    let mut world = World::of(Policy::nist_800_63b4(), "auth0|alice");
    let (first, _) = world.enroll(ALICES);
    world.add("+14155558731");
    for _ in 0..10 {
        world.wait(2 * HOUR);
        let session = world.first_factor();
        for _ in 0..2 {
            let sent = world.challenge(&session, Some(first)).unwrap();
            for _ in 0..5 {
                assert_eq!(world.verify(&session, &sent.wrong()).map(drop), WRONG);
            }
        }
    }
    world.account()
}

/// The fullest record that the engine makes: 10 phones, 16 challenges that are enrollments with
/// recovery codes, 16 spent sessions, the longest subject, and every time set.
fn largest() -> Account {
    // Cached: it takes many commands, and many tests use it.
    static LARGEST: LazyLock<Account> = LazyLock::new(grown);
    LARGEST.clone()
}

fn grown() -> Account {
    let sends = RateLimit::new(40, HOUR).unwrap();
    let mut world = World::of(Policy::auth0().with_sends(sends), &"s".repeat(255));
    let (phone, _) = world.enroll(ALICES);
    world.wait(11 * MINUTE);
    let session = world.first_factor();
    assert_eq!(
        world.recover(&session, "wrong").map(drop),
        Err(Denied::InvalidRecoveryCode)
    );
    for _ in 0..16 {
        world.sign_in().unwrap();
    }
    let session = world.second_factor();
    world.remove(&session, phone).unwrap();
    world.reset();
    world.wait(MINUTE + MILLISECOND);
    for number in 0..16 {
        let session = world.second_factor();
        let phone = format!("+9999999999999{number:02}");
        let sent = world.associate(&session, &phone).unwrap();
        assert!(sent.recovery_code.is_some());
        if number == 0 {
            assert_eq!(world.verify(&session, &sent.wrong()).map(drop), WRONG);
        }
    }
    for number in 0..10 {
        world.import(&format!("+8888888888888{number:02}")).unwrap();
    }
    world.account()
}

fn to_json(account: &Account) -> String {
    serde_json::to_string(account).unwrap()
}

fn to_postcard(account: &Account) -> Vec<u8> {
    postcard::to_allocvec(account).unwrap()
}

/// The fields of the record, without its version.
fn read(account: &Account) -> Value {
    serde_json::to_value(account).unwrap()["account"].take()
}

fn with_version(fields: &Value) -> Value {
    json!({ "version": 1, "account": fields })
}

fn load(fields: &Value) -> Result<Account, String> {
    serde_json::from_value(with_version(fields)).map_err(|error| error.to_string())
}

#[track_caller]
fn assert_refused(account: &Account, error: &str, damage: impl FnOnce(&mut Value)) {
    let mut record = read(account);
    assert!(load(&record).is_ok());
    damage(&mut record);
    assert_eq!(load(&record), Err(error.to_owned()));
    // The JSON error has the same text, with a position if there is one.
    let refused = serde_json::from_str::<Account>(&with_version(&record).to_string())
        .unwrap_err()
        .to_string();
    assert!(refused.starts_with(error), "{refused}");
}
