//! Everything at once, while processes are killed and restarted.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::long;
use crate::fleet::{Fleet, User};
use crate::heard::{Heard, Tally};
use crate::left::{messages, what_is_left};
use crate::record::{BURST, Record};
use crate::shots::{CLIENTS, Kind, POLL, Shot, prepare, send, take};

/// Within this time no code expires and no budget refills: every count is exact.
const LONGEST: Duration = Duration::from_secs(5 * 60);

struct Seen {
    account: usize,
    kind: Kind,
    heard: Heard,
}

/// The result over all accounts.
pub struct Mixed {
    pub killed: usize,
    pub heard: Tally,
    pub codes_granted: usize,
    pub wrong_heard: usize,
    pub wrong_charged: usize,
    pub messages: usize,
    pub sends_charged: usize,
}

pub fn mixed(fleet: &Fleet) -> Mixed {
    let began = Instant::now();
    // A process is killed for each account: some requests are still open at every kill.
    let rounds = long::or(12, 4);
    let mut shots = Vec::new();
    let accounts: Vec<_> = (0..rounds)
        .map(|account| prepare(fleet, account, &mut shots))
        .collect();
    let (seen, killed) = fire(fleet, &shots, rounds);
    assert_eq!(seen.len(), shots.len());

    let users: Vec<_> = accounts.iter().map(|attacked| attacked.user).collect();
    let records = records(fleet, &users);
    let mut mixed = Mixed {
        killed,
        heard: seen.iter().map(|seen| seen.heard).collect(),
        codes_granted: 0,
        wrong_heard: 0,
        wrong_charged: 0,
        messages: 0,
        sends_charged: 0,
    };
    for (account, (attacked, record)) in accounts.iter().zip(&records).enumerate() {
        let heard = |kind| -> Tally {
            let of_it = seen
                .iter()
                .filter(|seen| (seen.account, seen.kind) == (account, kind));
            of_it.map(|seen| seen.heard).collect()
        };
        let (wrong, wrong_recovery) = (heard(Kind::WrongCode), heard(Kind::WrongRecoveryCode));
        let (right, recovery) = (heard(Kind::RightCode), heard(Kind::RecoveryCode));
        let challenges = heard(Kind::Challenge);
        let messages = messages(fleet, attacked.user);

        assert_eq!(right.count(Heard::Wrong), 0);
        between(wrong.count(Heard::Wrong), record.binding_failures, &wrong);
        // The recovery code is wrong only after its first use.
        let used = recovery.count(Heard::Granted) + recovery.count(Heard::Cut);
        assert!(recovery.count(Heard::Wrong) == 0 || used > 0);
        let both = wrong_recovery.with(&recovery);
        between(both.count(Heard::Wrong), record.recovery_failures, &both);
        // 3 messages left before the attack. A granted code was sent, and a sent one was charged.
        let granted = 3 + challenges.count(Heard::Granted);
        between(granted, record.sends, &challenges);
        assert!((granted..=record.sends).contains(&messages));

        // Each code once, and that of the enrollment before.
        let (by_phone, by_recovery) = (right.count(Heard::Granted), recovery.count(Heard::Granted));
        assert!(by_phone <= 1 && by_recovery <= 1);
        let granted = 1 + by_phone + by_recovery;
        let most = 1
            + (by_phone + right.count(Heard::Cut)).min(1)
            + (by_recovery + recovery.count(Heard::Cut)).min(1);
        assert!((granted..=most).contains(&record.spent));
        record.adds_up();

        mixed.codes_granted += record.spent - 1;
        mixed.wrong_heard += wrong.count(Heard::Wrong) + both.count(Heard::Wrong);
        mixed.wrong_charged += record.binding_failures + record.recovery_failures;
        mixed.messages += messages;
        mixed.sends_charged += record.sends;
        what_is_left(fleet, attacked, record);
    }

    // The rest is used up: the limits held over the attack and everything after it.
    for (before, after) in records.iter().zip(self::records(fleet, &users)) {
        let spent = before.spent;
        let all = Record {
            sends: BURST,
            binding_failures: BURST,
            recovery_failures: BURST,
            spent,
            revision: 3 * BURST + spent,
        };
        assert_eq!(after, all);
    }
    assert!(began.elapsed() < LONGEST, "too slow to count exactly");
    mixed
}

fn records(fleet: &Fleet, users: &[User]) -> Vec<Record> {
    fleet.accounts(users).iter().map(Record::of).collect()
}

/// Every received verdict was charged, every charge was received or cut off, and no charge exceeded
/// the limit.
#[track_caller]
fn between(heard: usize, charged: usize, answers: &Tally) {
    let most = BURST.min(heard + answers.count(Heard::Cut));
    assert!(
        (heard..=most).contains(&charged),
        "heard {heard}, charged {charged}: {answers:?}"
    );
}

/// Sends everything from many clients, and kills a process after each share of it. Returns the
/// responses, and the number of kills.
fn fire(fleet: &Fleet, shots: &[Shot], kills: usize) -> (Vec<Seen>, usize) {
    let next = AtomicUsize::new(0);
    let client = || {
        let mut seen = Vec::new();
        while let Some((turn, shot)) = take(&next, shots) {
            seen.push(Seen {
                account: shot.account,
                kind: shot.kind,
                heard: send(fleet, turn, &shot.request),
            });
        }
        seen
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        let mut killed = 0;
        while killed < kills && !clients.iter().all(|client| client.is_finished()) {
            if next.load(SeqCst) * (kills + 1) > shots.len() * (killed + 1) {
                fleet.replace(killed);
                killed += 1;
            } else {
                thread::sleep(POLL);
            }
        }
        let seen = clients
            .into_iter()
            .flat_map(|client| client.join().unwrap());
        (seen.collect(), killed)
    })
}
