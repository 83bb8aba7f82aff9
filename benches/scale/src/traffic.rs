//! Logins of users drawn at random from all of them, on one thread and on two.
//!
//! A measured operation is a whole request except its parsing: open the token, find the account,
//! read it, decide, write it and put it back. A user comes again only after all others of the same
//! step, so with many users nothing of that user is still in a cache.

use std::collections::HashSet;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use chacha20::ChaCha20Rng;
use chacha20::rand_core::Rng;
use hdrhistogram::Histogram;
use oob_mfa::{Challenge, Denied};

use crate::population::{Population, Purpose, Waiting, random};
use crate::store::Store;

const OPERATIONS: [&str; 4] = ["challenge", "wrong code", "right code", "refused"];

/// The measurements of one thread for one operation.
struct Seen {
    nanoseconds: Histogram<u64>,
    busy: Duration,
}

impl Seen {
    fn new() -> Self {
        Self {
            nanoseconds: Histogram::new(3).expect("three digits"),
            busy: Duration::ZERO,
        }
    }

    fn time<T>(&mut self, operation: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let done = operation();
        let took = begun.elapsed();
        self.busy += took;
        let nanoseconds = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.record(nanoseconds).expect("it grows");
        done
    }

    fn per_second(&self) -> f64 {
        let done = u32::try_from(self.nanoseconds.len()).unwrap_or(u32::MAX);
        f64::from(done) / self.busy.as_secs_f64()
    }
}

/// Users, all different.
pub struct Draw {
    drawn: HashSet<u64>,
    rng: ChaCha20Rng,
    of: u64,
}

impl Draw {
    /// From so many, the same in every run.
    pub fn of(accounts: u64) -> Self {
        Self {
            drawn: HashSet::new(),
            rng: random(Purpose::Draw, accounts),
            of: accounts,
        }
    }

    fn users(&mut self, count: usize) -> Vec<u64> {
        let fresh = || loop {
            let user = self.rng.next_u64() % self.of;
            if self.drawn.insert(user) {
                return user;
            }
        };
        std::iter::repeat_with(fresh).take(count).collect()
    }
}

/// Prints a row for every operation, on one thread and on two, and returns the rate of each on one
/// thread.
pub fn measure(
    store: &impl Store,
    population: &Population,
    draw: &mut Draw,
    operations: usize,
    name: &str,
) -> [u64; 4] {
    let mut alone = [0; 4];
    for threads in [1, 2] {
        let parts: Vec<_> = (0..threads)
            .map(|_| (draw.users(operations), draw.users(operations)))
            .collect();
        let together = Barrier::new(threads);
        let seen: Vec<[Seen; 4]> = thread::scope(|scope| {
            let working: Vec<_> = parts
                .iter()
                .map(|(users, exhausted)| {
                    let together = &together;
                    scope.spawn(move || run(store, population, users, exhausted, together))
                })
                .collect();
            working
                .into_iter()
                .map(|one| one.join().expect("no panic"))
                .collect()
        });
        for (index, operation) in OPERATIONS.iter().enumerate() {
            let mut all = Histogram::<u64>::new(3).expect("three digits");
            let mut per_second = 0.0;
            for seen in seen.iter().map(|seen| &seen[index]) {
                all.add(&seen.nanoseconds).expect("it grows");
                per_second += seen.per_second();
            }
            if threads == 1 {
                alone[index] = per_second.round() as u64;
            }
            println!(
                "| {name} | {operation} | {threads} | {per_second:.0} | {} | {} | {} |",
                micros(all.value_at_quantile(0.5)),
                micros(all.value_at_quantile(0.99)),
                micros(all.value_at_quantile(0.999)),
            );
        }
    }
    alone
}

pub fn heading() {
    println!("| accounts | operation | threads | per second | p50 µs | p99 µs | p99.9 µs |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
}

fn micros(nanoseconds: u64) -> String {
    let tenths = (nanoseconds + 50) / 100;
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn run(
    store: &impl Store,
    population: &Population,
    users: &[u64],
    exhausted: &[u64],
    together: &Barrier,
) -> [Seen; 4] {
    let Population { engine, now } = population;
    let now = *now;
    let mut seen = [Seen::new(), Seen::new(), Seen::new(), Seen::new()];
    let [challenge, wrong, right, refused] = &mut seen;
    let rng = &mut random(Purpose::Traffic, users[0]);

    let (accounts, spent): (Vec<_>, Vec<_>) = exhausted
        .iter()
        .map(|user| population.exhausted(*user))
        .unzip();
    store.put(accounts);
    let tokens: Vec<String> = users
        .iter()
        .map(|user| population.token(&population.begin(*user, now, rng)))
        .collect();

    together.wait();
    let request = Challenge::default();
    let waiting: Vec<Waiting> = tokens
        .into_iter()
        .map(|token| {
            let challenged = challenge.time(|| {
                let session = population.session(&token);
                store.decide(&session, |account| {
                    engine.challenge(account, &session, &request, now, rng)
                })
            });
            Waiting::new(token, &challenged.expect("an active phone"))
        })
        .collect();

    let answer = |seen: &mut Seen, login: &Waiting, request| {
        seen.time(|| {
            let session = population.session(&login.token);
            store
                .decide(&session, |account| {
                    engine.verify_oob(account, &session, &request, now)
                })
                .map(drop)
        })
    };
    together.wait();
    for login in &waiting {
        let answered = answer(wrong, login, login.wrong());
        assert_eq!(answered, Err(Denied::InvalidBindingCode));
    }
    together.wait();
    for login in &waiting {
        assert_eq!(answer(right, login, login.right()), Ok(()));
    }
    together.wait();
    for login in &spent {
        let answered = answer(refused, login, login.right());
        assert!(matches!(answered, Err(Denied::TooManyFailures { .. })));
    }
    seen
}
