//! Everything at once, while processes are killed and restarted.

use std::sync::atomic::Ordering::SeqCst;
use std::time::Instant;

use crate::common::long;
use crate::common::patience::until;
use crate::fleet::{Fleet, User};
use crate::left::{LONGEST, Sums, sums, use_up};
use crate::received::Received;
use crate::record::Record;
use crate::shots::{fire, prepare};

/// Kills a process after each share of the requests. Returns the number of kills, and the result.
pub fn mixed(fleet: &Fleet) -> (usize, Sums) {
    let began = Instant::now();
    // A process is killed for each account: some requests are still open at every kill.
    let rounds = long::or(12, 4);
    let mut shots = Vec::new();
    let accounts: Vec<_> = (0..rounds)
        .map(|account| prepare(fleet, account, &mut shots))
        .collect();
    let (seen, ()) = fire(fleet, &shots, |progress| {
        for kill in 1..=rounds {
            until("a share of the requests is sent", || {
                progress.taken.load(SeqCst) * (rounds + 1) > shots.len() * kill
            });
            fleet.replace(kill);
        }
    });

    let read =
        |users: &[User]| -> Vec<_> { fleet.accounts(users).iter().map(Record::of).collect() };
    let users: Vec<_> = accounts.iter().map(|attacked| attacked.user).collect();
    let accounts: Vec<_> = accounts.into_iter().zip(read(&users)).collect();
    let sums = sums(
        fleet,
        &seen,
        |seen| seen.received == Received::Cut,
        &accounts,
    );
    assert_eq!((sums.lost, sums.beyond, sums.unexplained), (0, 0, 0));
    use_up(fleet, &accounts, read);
    assert!(began.elapsed() < LONGEST, "too slow to count exactly");
    (rounds, sums)
}
