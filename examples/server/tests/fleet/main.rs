//! The limits under attack: several server processes on one store, and more clients at once than they
//! can serve. The responses, the outbox and the record are counted.
//!
//!     .ci/with-services cargo test -p oob-mfa-server --test fleet -- --nocapture
#![cfg(unix)]

mod attack;
mod broken;
mod clocks;
mod cluster;
#[path = "../common/world.rs"]
mod common;
mod failover;
mod fleet;
mod left;
mod load;
mod mixed;
mod outage;
mod received;
mod record;
mod shots;
mod table;

use std::fmt::Display;
use std::sync::Mutex;

use crate::attack::Count;
use crate::broken::{BrokenFleet, Fault};
use crate::common::backend::Backend;
use crate::common::long;
use crate::fleet::{Fleet, Target};
use crate::received::Received::{Busy, Cut, Granted, Spent, TooManyFailures, TooManySends, Wrong};
use crate::received::{Received, Tally};
use crate::table::Table;

/// One attack at a time.
static TURN: Mutex<()> = Mutex::new(());

const COUNTS: [&str; 12] = [
    "store",
    "processes",
    "attack",
    "accounts",
    "requests",
    "granted",
    "judged wrong",
    "429",
    "session spent",
    "503",
    "messages",
    "conflicts",
];

/// The page has the same rows, except the last cell, which differs from run to run.
const PAGE: &str = include_str!("../../../../docs/assurance.md");

/// A row of an attack, over all its accounts.
fn add(
    table: &mut Table,
    store: &str,
    processes: usize,
    counts: &[Count],
    conflicts: &dyn Display,
) {
    let all = counts
        .iter()
        .fold(Tally::default(), |all, count| all.with(&count.received));
    table.row(&[
        &store,
        &processes,
        &counts[0].attack,
        &counts.len(),
        &all.total(),
        &all.count(Granted),
        &all.count(Wrong),
        &(all.count(TooManyFailures) + all.count(TooManySends)),
        &all.count(Spent),
        &all.count(Busy),
        &counts.iter().map(|count| count.messages).sum::<usize>(),
        conflicts,
    ]);
}

/// Every available store, empty.
fn backends() -> impl Iterator<Item = Backend> {
    [|| Some(Backend::redb()), Backend::postgres, Backend::redis]
        .into_iter()
        .filter_map(|backend| backend())
}

#[test]
fn no_store_gives_an_attack_more_than_the_limits() {
    let _turn = TURN.lock();
    let mut table = Table::new(COUNTS);
    let mut rows = Vec::new();
    for backend in backends() {
        let fleet = Fleet::start(backend);
        let (name, processes) = (fleet.store(), fleet.len());
        let (wrong_codes, pending) = attack::wrong_codes(&fleet);
        // The right code comes too late, and gets the answer of the wrong ones.
        let late = Received::of(&fleet.ask(&pending.right()));
        // The result of each account.
        let attacks = [
            // 10 writes succeed, so no request loses 16 times: there is no 503.
            (
                vec![wrong_codes],
                &[(Wrong, 10), (TooManyFailures, 190)][..],
                2,
            ),
            (attack::right_codes(&fleet), &[(Granted, 1), (Spent, 99)], 2),
            // A used recovery code is wrong, like any other.
            (
                vec![attack::recovery_code(&fleet)],
                &[(Granted, 1), (Wrong, 10), (TooManyFailures, 89)],
                1,
            ),
            // The enrollment's message is one of the 10.
            (
                vec![attack::challenges(&fleet)],
                &[(Granted, 9), (TooManySends, 91)],
                10,
            ),
            (
                vec![attack::associations(&fleet)],
                &[(Granted, 10), (TooManySends, 90)],
                10,
            ),
        ];
        let log = fleet.end();
        let conflicts = |counts: &[Count]| -> usize {
            counts.iter().map(|count| log.conflicts(count.user)).sum()
        };
        for (counts, ..) in &attacks {
            add(&mut table, name, processes, counts, &conflicts(counts));
            // A small run repeats less than the page.
            if counts.len() == 1 || long::is_asked_for() {
                let (row, _) = table.last().rsplit_once(" | ").unwrap();
                rows.push(format!("\n{row} | "));
            }
        }
        for (counts, received, messages) in &attacks {
            let expected: Tally = received.iter().copied().collect();
            for count in counts {
                let attack = count.attack;
                assert_eq!(
                    (&count.received, count.messages),
                    (&expected, *messages),
                    "{name}: {attack}"
                );
            }
            // Otherwise nothing happened at once.
            assert_ne!(conflicts(counts), 0, "{name}: {}", counts[0].attack);
        }
        assert_eq!(late, TooManyFailures, "{name}");
    }
    for row in rows {
        assert!(PAGE.contains(&row), "not in docs/assurance.md: {row}");
    }
}

#[test]
fn no_kill_loses_or_repeats_a_charge() {
    let _turn = TURN.lock();
    let mut table = Table::new([
        "store",
        "processes",
        "killed",
        "requests",
        "cut by a kill",
        "429",
        "503",
        "codes granted",
        "wrong: received",
        "wrong: charged",
        "messages: left",
        "messages: charged",
    ]);
    for backend in backends() {
        let fleet = Fleet::start(backend);
        let name = fleet.store();
        let (killed, mixed) = mixed::mixed(&fleet);
        let received = |received| mixed.received.count(received);
        table.row(&[
            &name,
            &fleet.len(),
            &killed,
            &mixed.received.total(),
            &received(Cut),
            &(received(TooManyFailures) + received(TooManySends)),
            &received(Busy),
            &mixed.codes_used,
            &mixed.wrong_received,
            &mixed.wrong_charged,
            &mixed.messages,
            &mixed.sends_charged,
        ]);
        // Otherwise it was not an attack.
        assert!(killed > 0 && received(Cut) > 0, "{name}");
        // An account can get more writes at once than a request has tries: only that gets 503.
        assert!(
            received(Busy) <= fleet.end().retries_that_ran_out(),
            "{name}"
        );
    }
}

/// The control: each part of the attack finds a broken store.
#[test]
fn a_broken_store_is_caught() {
    let _turn = TURN.lock();
    let mut table = Table::new(COUNTS);
    for (fault, name) in [
        (Fault::LastWriteWins, "last write wins"),
        (Fault::CompareThenWrite, "compares, then writes"),
    ] {
        let fleet = BrokenFleet::start(fault);
        let mut most = |counts: Vec<Count>, of: fn(&Count) -> usize| {
            add(&mut table, name, 3, &counts, &"");
            counts.iter().map(of).max().unwrap()
        };
        let judged = |count: &Count| count.received.count(Wrong);
        let granted = |count: &Count| count.received.count(Granted);
        let messages = |count: &Count| count.messages;

        assert!(most(vec![attack::wrong_codes(&fleet).0], judged) > 10);
        assert!(most(attack::right_codes(&fleet), granted) > 1);
        assert!(most(vec![attack::recovery_code(&fleet)], granted) > 1);
        assert!(most(vec![attack::challenges(&fleet)], messages) > 10);
        assert!(most(vec![attack::associations(&fleet)], messages) > 10);
    }
}
