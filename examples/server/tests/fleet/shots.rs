//! The requests of an attack with everything at once, on many accounts.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};

use crate::attack::{Pending, challenge, enroll, login};
use crate::common::request::{Connection, Request};
use crate::fleet::{Target, User};
use crate::received::Received;

pub const CLIENTS: usize = 24;
/// Between looks at what other threads and processes do.
const POLL: Duration = Duration::from_millis(1);
/// Until a client that got 503 asks again.
const RETRY: Duration = Duration::from_millis(20);
/// How often one request may get 503.
const TRIES: usize = 1_500;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    WrongCode,
    RightCode,
    RecoveryCode,
    WrongRecoveryCode,
    Challenge,
}

/// An account, and a code of it that the test answers only with wrong digits, up to the end.
pub struct Attacked {
    pub user: User,
    pub pending: Pending,
}

pub struct Shot {
    pub account: usize,
    pub kind: Kind,
    pub request: Request,
}

/// The response to a shot, or a missing one.
pub struct Seen {
    pub account: usize,
    pub kind: Kind,
    pub received: Received,
    pub asked: Instant,
    pub answered: Instant,
}

/// How many shots were taken, and how many got 503.
#[derive(Default)]
pub struct Progress {
    pub taken: AtomicUsize,
    pub busy: AtomicUsize,
}

pub fn prepare(fleet: &impl Target, account: usize, shots: &mut Vec<Shot>) -> Attacked {
    let user = fleet.user();
    let recovery_code = enroll(fleet, user);
    let (answered, pending) = (challenge(fleet, user), challenge(fleet, user));
    let from = shots.len();
    let mut add = |kind, request| {
        shots.push(Shot {
            account,
            kind,
            request,
        });
    };
    for _ in 0..20 {
        add(Kind::WrongCode, answered.wrong());
        add(Kind::WrongCode, pending.wrong());
    }
    for _ in 0..10 {
        add(Kind::RightCode, answered.right());
        let token = login(fleet, user);
        add(Kind::RecoveryCode, Request::recover(&token, &recovery_code));
    }
    for _ in 0..5 {
        let token = login(fleet, user);
        for _ in 0..3 {
            add(Kind::Challenge, Request::challenge(&token));
            let request = Request::recover(&token, "not a recovery code");
            add(Kind::WrongRecoveryCode, request);
        }
    }
    // Account after account, so that there is something left to decide at every kill.
    shuffle(&mut shots[from..], account);
    Attacked { user, pending }
}

/// Shuffles into an order that is the same in every run.
pub fn shuffle(shots: &mut [Shot], account: usize) {
    let mut rng = ChaCha20Rng::seed_from_u64(account.try_into().unwrap());
    for last in (1..shots.len()).rev() {
        let other = rng.next_u64() % (u64::try_from(last).unwrap() + 1);
        shots.swap(last, other.try_into().unwrap());
    }
}

/// Sends everything from many clients while something happens. Clients repeat requests that get 503.
pub fn fire<T>(
    fleet: &impl Target,
    shots: &[Shot],
    happens: impl FnOnce(&Progress) -> T,
) -> (Vec<Seen>, T) {
    let progress = Progress::default();
    let client = || {
        let mut seen = Vec::new();
        loop {
            let turn = progress.taken.fetch_add(1, SeqCst);
            let Some(shot) = shots.get(turn) else {
                return seen;
            };
            for attempt in 0.. {
                assert!(attempt < TRIES, "the store does not come back");
                let asked = Instant::now();
                let received = send(fleet, turn + attempt, &shot.request);
                seen.push(Seen {
                    account: shot.account,
                    kind: shot.kind,
                    received,
                    asked,
                    answered: Instant::now(),
                });
                if received != Received::Busy {
                    break;
                }
                progress.busy.fetch_add(1, SeqCst);
                thread::sleep(RETRY);
            }
        }
    };
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS).map(|_| scope.spawn(client)).collect();
        let happened = happens(&progress);
        let seen = clients
            .into_iter()
            .flat_map(|client| client.join().unwrap());
        (seen.collect(), happened)
    })
}

/// Sends to the next process if one does not answer a health check, because it has taken nothing.
/// A request that was sent and not answered is not sent again.
fn send(fleet: &impl Target, mut turn: usize, request: &Request) -> Received {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        match Connection::warm(fleet.address(turn)) {
            Ok(mut connection) => {
                return connection
                    .send(request)
                    .map_or(Received::Cut, |answer| Received::of(&answer));
            }
            Err(error) => assert!(Instant::now() < deadline, "no process answers: {error}"),
        }
        turn += 1;
        thread::sleep(POLL);
    }
}
