//! Everything at once, while the store dies and comes back.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

use oob_mfa::Account;

use crate::common::patience::until;
use crate::common::process::Process;
use crate::common::site::Site;
use crate::fleet::{Target, User, site};
use crate::left::{LONGEST, Sums, sums, use_up};
use crate::received::Received;
use crate::record::Record;
use crate::shots::{CLIENTS, Seen, fire, prepare, shuffle};

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

/// When the store was killed: alive before `begun`, dead after `done`.
struct Kill {
    begun: Instant,
    done: Instant,
}

impl Kill {
    /// Whether the client got 503 and cannot know if the change was written.
    fn met(&self, seen: &Seen) -> bool {
        seen.received == Received::Busy && seen.asked <= self.done && seen.answered >= self.begun
    }
}

/// The result of an attack, and of the outage in it.
pub struct Outage {
    pub sums: Sums,
    /// 503 to requests that were under way at the kill.
    pub under_way: usize,
    /// From the kill to the first answer other than 503, among requests sent after the kill.
    pub lasted: Duration,
}

/// Kills the store after a fifth of the requests.
pub fn outage(servers: &Servers, store: &impl Mortal, accounts: usize) -> Outage {
    let began = Instant::now();
    let mut shots = Vec::new();
    let accounts: Vec<_> = (0..accounts)
        .map(|account| prepare(servers, account, &mut shots))
        .collect();
    // Every account has something left to decide at the kill.
    shuffle(&mut shots, 0);
    store.prepared();
    let (seen, kill) = fire(servers, &shots, |progress| {
        // About half of what the limits allow is used up.
        until("a fifth of the requests is sent", || {
            progress.taken.load(SeqCst) >= shots.len() / 5
        });
        let begun = Instant::now();
        store.kill();
        let done = Instant::now();
        let before = progress.busy.load(SeqCst);
        until("every client gets 503", || {
            progress.busy.load(SeqCst) >= before + 2 * CLIENTS
        });
        store.bring_back();
        Kill { begun, done }
    });

    let after = seen
        .iter()
        .filter(|seen| seen.received != Received::Busy && seen.asked > kill.done);
    let lasted = after.map(|seen| seen.answered).min().unwrap() - kill.begun;
    let read =
        |users: &[User]| -> Vec<_> { users.iter().map(|user| record(store, *user)).collect() };
    let users: Vec<_> = accounts.iter().map(|attacked| attacked.user).collect();
    let accounts: Vec<_> = accounts.into_iter().zip(read(&users)).collect();
    let sums = sums(servers, &seen, |seen| kill.met(seen), &accounts);
    // A message leaves after its charge is stored, and then the answer is not 503.
    assert_eq!(sums.messages, sums.sends_granted);
    if sums.lost + sums.beyond == 0 {
        use_up(servers, &accounts, read);
    }
    assert!(began.elapsed() < LONGEST, "too slow to count exactly");
    Outage {
        under_way: seen.iter().filter(|seen| kill.met(seen)).count(),
        sums,
        lasted,
    }
}

fn record(store: &impl Mortal, user: User) -> Record {
    let account: Account = postcard::from_bytes(&store.record(&user.subject())).unwrap();
    Record::of(&account)
}
