//! Everything at once, while the store dies and comes back.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use oob_mfa::Account;

use crate::common::patience::until;
use crate::common::process::Process;
use crate::common::site::Site;
use crate::fleet::{Target, User, site};
use crate::heard::{Heard, Tally};
use crate::left::{messages, what_is_left};
use crate::record::{BURST, Record};
use crate::shots::{Attacked, CLIENTS, Kind, POLL, Shot, prepare, send, shuffle, take};

/// In this time no code expires and no budget refills, so every count is exact.
const LONGEST: Duration = Duration::from_secs(5 * 60);
/// Until a client that got 503 asks again.
const RETRY: Duration = Duration::from_millis(20);
/// How often one request may get 503.
const TRIES: usize = 1_500;

/// A store that can be killed.
pub trait Mortal: Sync {
    fn url(&self) -> String;

    /// Every account is prepared. A store of the control loses all later writes.
    fn prepared(&self) {}

    /// SIGKILL.
    fn kill(&self);

    /// Returns once requests can be served again.
    fn bring_back(&self);

    fn record(&self, subject: &str) -> Vec<u8>;
}

/// Server processes on one store.
pub struct Servers {
    site: Site,
    processes: Vec<Process>,
    users: AtomicUsize,
}

impl Servers {
    pub fn start(url: &str, processes: usize) -> Self {
        let site = site();
        Self {
            processes: (0..processes).map(|_| site.start(url).process).collect(),
            site,
            users: AtomicUsize::new(0),
        }
    }
}

impl Target for Servers {
    fn address(&self, turn: usize) -> SocketAddr {
        self.processes[turn % self.processes.len()].address
    }

    fn site(&self) -> &Site {
        &self.site
    }

    fn user(&self) -> User {
        User::nth(self.users.fetch_add(1, SeqCst))
    }
}

struct Seen {
    account: usize,
    kind: Kind,
    heard: Heard,
    asked: Instant,
    answered: Instant,
}

/// When the store was killed: alive before `begun`, dead after `done`.
struct Kill {
    begun: Instant,
    done: Instant,
}

impl Kill {
    /// Whether the client got 503 and cannot know if the change was written.
    fn met(&self, seen: &Seen) -> bool {
        seen.heard == Heard::Busy && seen.asked <= self.done && seen.answered >= self.begun
    }
}

/// The totals over all accounts.
#[derive(Default)]
pub struct Outage {
    pub heard: Tally,
    /// 503 to requests that were under way at the kill.
    pub under_way: usize,
    pub codes_granted: usize,
    pub wrong_heard: usize,
    pub wrong_charged: usize,
    pub messages: usize,
    pub sends_charged: usize,
    /// From the kill to the first answer other than 503, among requests sent after the kill.
    pub lasted: Duration,
    /// Results that clients got and the store does not have.
    pub lost: usize,
    /// Results that clients got beyond the limits.
    pub beyond: usize,
    /// Changes that are stored and that no client knows of: those clients got 503.
    pub untold: usize,
    /// The part of `untold` that was not under way at the kill.
    pub unexplained: usize,
}

/// Kills the store after a fifth of the requests. Clients repeat requests that get 503.
pub fn outage(servers: &Servers, store: &impl Mortal, accounts: usize) -> Outage {
    let began = Instant::now();
    let mut shots = Vec::new();
    let accounts: Vec<_> = (0..accounts)
        .map(|account| prepare(servers, account, &mut shots))
        .collect();
    // Every account has something left to decide at the kill.
    shuffle(&mut shots, 0);
    store.prepared();
    let (seen, kill) = fire(servers, store, &shots);

    let after = seen
        .iter()
        .filter(|seen| seen.heard != Heard::Busy && seen.asked > kill.done);
    let mut outage = Outage {
        heard: seen.iter().map(|seen| seen.heard).collect(),
        under_way: seen.iter().filter(|seen| kill.met(seen)).count(),
        lasted: after.map(|seen| seen.answered).min().unwrap() - kill.begun,
        ..Outage::default()
    };
    let mut records = Vec::new();
    for (account, Attacked { user, .. }) in accounts.iter().enumerate() {
        let record = record(store, *user);
        record.adds_up();
        let of_it = |kind| {
            let seen = seen.iter();
            seen.filter(move |seen| (seen.account, seen.kind) == (account, kind))
        };
        let told = |kinds: &[Kind], heard| {
            let of_them = kinds.iter().flat_map(|&kind| of_it(kind));
            of_them.filter(|seen| seen.heard == heard).count()
        };
        let open = |kinds: &[Kind]| {
            let of_them = kinds.iter().flat_map(|&kind| of_it(kind));
            of_them.filter(|seen| kill.met(seen)).count()
        };
        let codes = &[Kind::WrongCode][..];
        let recovery_codes = &[Kind::WrongRecoveryCode, Kind::RecoveryCode][..];
        let logins = &[Kind::RightCode, Kind::RecoveryCode][..];
        let challenges = &[Kind::Challenge][..];

        let wrong = told(codes, Heard::Wrong);
        let wrong_recovery = told(recovery_codes, Heard::Wrong);
        // The preparation sent 3 messages and completed 1 login.
        let sent = 3 + told(challenges, Heard::Granted);
        let granted = 1 + told(logins, Heard::Granted);
        for (told, stored, limit, open) in [
            (wrong, record.binding_failures, BURST, open(codes)),
            (
                wrong_recovery,
                record.recovery_failures,
                BURST,
                open(recovery_codes),
            ),
            (sent, record.sends, BURST, open(challenges)),
            // The enrollment, one code and one recovery code.
            (granted, record.spent, 3, open(logins)),
        ] {
            outage.untold += stored.saturating_sub(told);
            outage.lost += told.saturating_sub(stored);
            outage.beyond += told.saturating_sub(limit);
            outage.unexplained += stored.saturating_sub(told + open);
        }
        for one in [Kind::RightCode, Kind::RecoveryCode] {
            outage.beyond += told(&[one], Heard::Granted).saturating_sub(1);
        }
        assert_eq!(told(&[Kind::RightCode], Heard::Wrong), 0);
        // A message leaves after its charge is stored, and then the answer is not 503.
        assert_eq!(messages(servers, *user), sent);

        outage.codes_granted += granted - 1;
        outage.wrong_heard += wrong + wrong_recovery;
        outage.wrong_charged += record.binding_failures + record.recovery_failures;
        outage.messages += sent;
        outage.sends_charged += record.sends;
        records.push(record);
    }
    if outage.lost + outage.beyond == 0 {
        use_up(servers, store, &accounts, &records);
    }
    assert!(began.elapsed() < LONGEST, "too slow to count exactly");
    outage
}

/// The next requests find exactly what the records say is left.
fn use_up(servers: &Servers, store: &impl Mortal, accounts: &[Attacked], records: &[Record]) {
    for (attacked, before) in accounts.iter().zip(records) {
        what_is_left(servers, attacked, before);
        let all = Record {
            sends: BURST,
            binding_failures: BURST,
            recovery_failures: BURST,
            spent: before.spent,
            revision: 3 * BURST + before.spent,
        };
        assert_eq!(record(store, attacked.user), all);
    }
}

fn record(store: &impl Mortal, user: User) -> Record {
    let account: Account = postcard::from_bytes(&store.record(&user.subject())).unwrap();
    Record::of(&account)
}

fn fire(servers: &Servers, store: &impl Mortal, shots: &[Shot]) -> (Vec<Seen>, Kill) {
    let (next, busy) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let client = || {
        let mut seen = Vec::new();
        while let Some((turn, shot)) = take(&next, shots) {
            for attempt in 0.. {
                assert!(attempt < TRIES, "the store does not come back");
                let asked = Instant::now();
                let heard = send(servers, turn + attempt, &shot.request);
                seen.push(Seen {
                    account: shot.account,
                    kind: shot.kind,
                    heard,
                    asked,
                    answered: Instant::now(),
                });
                if heard != Heard::Busy {
                    break;
                }
                busy.fetch_add(1, SeqCst);
                thread::sleep(RETRY);
            }
        }
        seen
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        // About half of what the limits allow is used up.
        while next.load(SeqCst) < shots.len() / 5 {
            thread::sleep(POLL);
        }
        let begun = Instant::now();
        store.kill();
        let done = Instant::now();
        let before = busy.load(SeqCst);
        until("every client gets 503", || {
            busy.load(SeqCst) >= before + 2 * CLIENTS
        });
        store.bring_back();
        let seen = clients
            .into_iter()
            .flat_map(|client| client.join().unwrap());
        (seen.collect(), Kill { begun, done })
    })
}
