//! Small worlds, explored completely: few codes, budgets of 2, 2 sessions, a clock that moves by a
//! code's lifetime and stops a millisecond before. The search visits every reachable state, asks every
//! question there, and checks each answer against the rules and the model.
//!
//! It explores 2 worlds by default, all with `OOB_MFA_LONG=1`, and one with
//! `OOB_MFA_SMALL_WORLD="signing in"`.

mod explore;
mod normal;
mod rules;
mod small;
mod state;

use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use explore::{Explored, Found, Search};
use small::{Small, engine, limit};

#[test]
fn every_state_of_every_small_world_keeps_the_rules() {
    let only = std::env::var("OOB_MFA_SMALL_WORLD").ok();
    let mut worlds = small::worlds();
    let is_long = std::env::var("OOB_MFA_LONG").is_ok_and(|long| long == "1");
    worlds.retain(|small| {
        only.as_deref()
            .map_or(is_long || small.by_default, |only| only == small.name)
    });
    assert!(!worlds.is_empty(), "no such world");
    let queue = Mutex::new(worlds.iter().enumerate());
    let rows = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some((index, small)) = next else { return };
                    let begun = Instant::now();
                    let explored = Search::run(small, &engine(&small.policy));
                    rows.lock()
                        .unwrap()
                        .push((index, explored, begun.elapsed()));
                }
            });
        }
    });
    let mut rows = rows.into_inner().unwrap();
    rows.sort_by_key(|(index, ..)| *index);
    println!(
        "| world | states | transitions | questions | asked twice | furthest | largest record | took |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    let mut wrong = Vec::new();
    for (index, explored, took) in &rows {
        let Small { name, expected, .. } = &worlds[*index];
        match explored {
            Ok(explored) => {
                let Explored {
                    states,
                    transitions,
                    questions,
                    twice,
                    depth,
                    largest,
                } = explored;
                println!(
                    "| {name} | {states} | {transitions} | {questions} | {twice} | {depth} | {largest} | {took:.1?} |"
                );
                let counted = [*states, *transitions, *questions];
                if counted != *expected {
                    wrong.push(format!("{name}: {counted:?}, expected {expected:?}"));
                }
            }
            Err(found) => wrong.push(format!("{name}: {}", found.tell())),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The finding for an engine that does not follow the world's policy.
fn found(name: &str, engine: &oob_mfa::Engine) -> Box<Found> {
    let worlds = small::worlds();
    let small = worlds.iter().find(|small| small.name == name).unwrap();
    match Search::run(small, engine) {
        Err(found) => found,
        Ok(_) => panic!("nothing was found"),
    }
}

#[test]
fn an_engine_that_judges_one_code_too_many_is_found() {
    let policy = small::worlds()[1].policy.clone();
    let policy = policy.with_binding_failures(limit(3, 10)).unwrap();
    let found = found("signing in", &engine(&policy));
    assert_eq!(found.breach.check, "model", "{}", found.tell());
    // The shortest way: a phone, a session, a challenge and 2 wrong codes. The second does not log that it
    // was the last.
    assert_eq!(found.trace.len(), 5, "{}", found.tell());
}

#[test]
fn an_engine_that_sends_one_message_too_many_is_found() {
    let policy = small::worlds()[1].policy.clone().with_sends(limit(3, 10));
    let found = found("signing in", &engine(&policy));
    assert_eq!(found.breach.check, "model", "{}", found.tell());
    assert_eq!(found.trace.len(), 4, "{}", found.tell());
}

#[test]
fn an_engine_whose_codes_live_a_millisecond_longer_is_found() {
    let policy = small::worlds()[1].policy.clone();
    let longer = std::time::Duration::from_millis(300_001);
    let policy = policy.with_code_lifetime(longer).unwrap();
    let found = found("signing in", &engine(&policy));
    assert_eq!(found.breach.check, "model", "{}", found.tell());
    assert_eq!(found.trace.len(), 3, "{}", found.tell());
}

#[test]
fn an_engine_that_refuses_a_clock_within_the_skew_is_found() {
    let worlds = small::worlds();
    let set_back = worlds.iter().find(|small| small.backwards > 0).unwrap();
    let shorter = std::time::Duration::from_millis(299_999);
    let policy = set_back.policy.clone().with_skew(shorter).unwrap();
    let found = found(set_back.name, &engine(&policy));
    assert_eq!(found.breach.check, "rule 13 (clock)", "{}", found.tell());
    // The phone, a session, a clock that goes back by the skew, and a challenge.
    assert_eq!(found.trace.len(), 4, "{}", found.tell());
}
