//! The page `scale` is correct: the costs of requests, the sizes of records, and the sums.

mod counted;
mod sums;

use std::collections::BTreeSet;
use std::path::Path;

use oob_mfa::*;
use oob_mfa_testing::{ALICES, DAY, MINUTE, Scene, Sent, World};

use counted::Counted;

/// A subject of 30 bytes, as Auth0's are.
const SUBJECT: &str = "auth0|507f1f77bcf86cd799439011";

const PAGE: &str = include_str!("../../src/docs/scale.md");

/// The rows of the table below a heading of the page.
fn rows(heading: &str) -> BTreeSet<&'static str> {
    let (_, section) = PAGE.split_once(&format!("\n# {heading}\n")).unwrap();
    let section = section.split("\n# ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| "));
    // The heading of the table and the line below it.
    rows.skip(2).collect()
}

#[test]
fn every_request_costs_the_store_what_the_page_states() {
    let mut user = Counted::new();
    let mut counted = Vec::new();

    let (session, requirements) = user.password();
    assert_eq!(requirements, Requirements::Enroll);
    counted.push(user.row("the password was right"));
    let asked = user.associate(&session);
    counted.push(user.row("a phone is associated"));
    assert_eq!(user.answer(&session, &asked), Ok(()));
    counted.push(user.row("its code confirms it"));

    user.world.wait(DAY);
    let (session, requirements) = user.password();
    assert_ne!(requirements, Requirements::Enroll);
    // A later login costs the same.
    assert_eq!(user.row("the password was right"), counted[0]);
    assert_eq!(user.list(&session), 3);
    counted.push(user.row("the authenticators are listed"));
    let challenged = user.challenge(&session).unwrap();
    counted.push(user.row("a phone is challenged"));
    let wrong = user.answer(&session, &challenged.wrong());
    assert_eq!(wrong, Err(Denied::InvalidBindingCode));
    counted.push(user.row("a wrong code"));
    let right = user.answer(&session, &challenged);
    assert_eq!(right, Ok(()));
    counted.push(user.row("the right code"));

    user.world.wait(DAY);
    let (session, _) = user.password();
    user.row("");
    let code = asked.recovery_code.unwrap();
    assert_eq!(user.recover(&session, &code), Ok(()));
    counted.push(user.row("a recovery code"));

    user.world.wait(DAY);
    let (session, _) = user.password();
    let challenged = user.challenge(&session).unwrap();
    for _ in 0..10 {
        let wrong = user.answer(&session, &challenged.wrong());
        assert_eq!(wrong, Err(Denied::InvalidBindingCode));
    }
    user.row("");
    let refused = user.answer(&session, &challenged);
    assert!(matches!(refused, Err(Denied::TooManyFailures { .. })));
    counted.push(user.row("a code with an empty budget"));
    let unknown = Sent {
        oob_code: "AAECAwQFBgcICQoLDA0ODw".into(),
        ..challenged
    };
    let unknown = user.answer(&session, &unknown);
    assert_eq!(unknown, Err(Denied::OobCodeUnknown));
    counted.push(user.row("an unknown `oob_code`"));
    for _ in 0..9 {
        user.challenge(&session).unwrap();
    }
    user.row("");
    let refused = user.challenge(&session).map(drop);
    assert!(matches!(refused, Err(Denied::TooManySends { .. })));
    counted.push(user.row("a challenge with an empty budget"));
    user.world.set_back(2 * MINUTE);
    let behind = user.challenge(&session).map(drop);
    assert_eq!(behind, Err(Denied::ClockBehind));
    counted.push(user.row("a change by a server whose clock is behind"));
    user.world.wait(2 * MINUTE);

    let (engine, now) = (&user.world.engine, user.world.now());
    let token = engine.issue_token(&session);
    let late = now + 11 * MINUTE;
    let expired = engine.open_token(token.expose_secret(), Some("demo"), late);
    assert_eq!(expired, Err(Denied::TokenExpired));
    counted.push(user.row("a token that is forged or has expired"));

    let counted: BTreeSet<&str> = counted.iter().map(String::as_str).collect();
    assert_eq!(rows("What a request asks of the store"), counted);
}

/// The bytes of the stored record.
fn bytes(world: &World) -> usize {
    postcard::to_allocvec(&world.account()).unwrap().len()
}

/// Record bytes while the user enrolls, signs in and is idle.
fn sizes() -> [(&'static str, usize); 5] {
    let mut world = World::of(Policy::auth0(), SUBJECT);
    let session = world.first_factor();
    let sent = world.associate(&session, ALICES).unwrap();
    let enrolling = bytes(&world);
    world.verify(&session, &sent).unwrap();
    let enrolled = bytes(&world);
    world.wait(DAY);
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    let signing_in = bytes(&world);
    world.verify(&session, &sent).unwrap();
    let signed_in = bytes(&world);

    let longest = "s".repeat(Subject::MAX_LEN).parse().unwrap();
    let largest = Scene::largest(longest, 1).world.account();
    // Its revision is 1, with 1 byte instead of 8.
    let largest = postcard::to_allocvec(&largest).unwrap().len() + 7;
    [
        ("a first phone is associated", enrolling),
        ("a phone and a recovery code", enrolled),
        ("the same, challenged", signing_in),
        ("the same, signed in", signed_in),
        ("every list full, the subject of 255 bytes", largest),
    ]
}

#[test]
fn records_have_the_sizes_of_the_page() {
    let sizes = sizes();
    let counted: Vec<String> = sizes
        .iter()
        .map(|(state, bytes)| format!("| {state} | {} |", grouped(*bytes)))
        .collect();
    let counted: BTreeSet<&str> = counted.iter().map(String::as_str).collect();
    assert_eq!(rows("What a user takes"), counted);
}

/// Each login leaves a record of the same size.
#[test]
fn logins_do_not_grow_the_record() {
    let mut world = World::of(Policy::auth0(), SUBJECT);
    world.enroll(ALICES);
    let mut after_each = BTreeSet::new();
    for _ in 0..100 {
        world.wait(DAY);
        world.sign_in().unwrap();
        after_each.insert(bytes(&world));
    }
    assert_eq!(world.account().revision(), 202);
    // From 128 on, the revision takes a second byte.
    let after_each: Vec<usize> = after_each.into_iter().collect();
    assert_eq!(after_each.len(), 2, "{after_each:?}");
    assert_eq!(after_each[0] + 1, after_each[1]);
}

fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap())
        .collect();
    groups.join(",")
}

/// The programs that print the tables exist. They are not part of the published crate.
#[test]
fn every_command_is_there() {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches");
    if !benches.is_dir() {
        return;
    }
    let script = std::fs::read_to_string(benches.join("scale.sh")).unwrap();
    let commands: Vec<&str> = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("benches/scale.sh "))
        .collect();
    assert_eq!(commands, ["memory", "redb", "server"]);
    for part in commands {
        assert!(script.contains(&format!("\n{part}() {{\n")), "{part}");
    }
}
