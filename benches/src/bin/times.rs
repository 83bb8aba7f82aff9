//! How long each case takes, in HMACs of this run: `cargo run --release --bin times`.
//!
//! A machine changes its speed, for milliseconds at a time. So each case is timed for microseconds
//! right after an HMAC, and all cases many times. The output is the median of the quotients, with
//! the quartiles.

use std::time::Instant;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};
use oob_mfa_benches::scale::{Accounts, Records, Service, filled, sign_in};
use oob_mfa_benches::{Case, Effort, cases};

/// The target duration of one measurement.
const NANOSECONDS: f64 = 20_000.0;

fn main() {
    let effort = Effort::of_environment();
    let rounds = effort.rounds();
    let mut hmac = Timed::new(
        cases()
            .into_iter()
            .find(|case| case.label == "hmac")
            .expect("a case"),
    );
    let mut timed: Vec<(Timed, Vec<f64>)> = cases()
        .into_iter()
        .map(|case| (Timed::new(case), Vec::with_capacity(rounds)))
        .collect();
    let mut floors = Vec::new();
    for _ in 0..rounds {
        for (case, quotients) in &mut timed {
            let floor = hmac.nanoseconds();
            quotients.push(case.nanoseconds() / floor);
            floors.push(floor);
        }
    }
    floors.sort_by(f64::total_cmp);
    println!("nanoseconds\thmac\t{:.1}", floors[floors.len() / 2]);
    for (Timed { case, .. }, quotients) in timed {
        print(&case.label, quotients);
    }

    for users in effort.users().iter().copied() {
        let mut accounts = Among::<Accounts>::new("accounts", users);
        let mut records = Among::<Records>::new("records", users);
        let rng = &mut ChaCha20Rng::from_seed([3; 32]);
        for _ in 0..effort.turns() {
            accounts.turn(rng, &mut hmac);
            records.turn(rng, &mut hmac);
        }
        accounts.print();
        records.print();
    }
}

/// A service with this many users, and the time of a login in HMACs.
struct Among<S> {
    label: String,
    users: u64,
    service: S,
    quotients: Vec<f64>,
}

impl<S: Service> Among<S> {
    fn new(name: &str, users: u64) -> Self {
        Self {
            label: format!("{name}/{users}"),
            users,
            service: filled(users),
            quotients: Vec::new(),
        }
    }

    /// 100 users sign in 20 times; the first 10 rounds fill the caches, as far as there is room.
    fn turn(&mut self, rng: &mut ChaCha20Rng, hmac: &mut Timed) {
        for time in 0..20 {
            let before = hmac.nanoseconds();
            let picked = picked(self.users, rng);
            let taken = sign_in(&mut self.service, &picked, |all| {
                let begun = Instant::now();
                all();
                begun.elapsed().as_nanos() as f64
            });
            let floor = f64::midpoint(before, hmac.nanoseconds());
            if time >= 10 {
                self.quotients.push(taken / picked.len() as f64 / floor);
            }
        }
    }

    fn print(self) {
        print(&self.label, self.quotients);
    }
}

/// A case, and how often it runs in one measurement.
struct Timed {
    case: Case,
    times: u32,
}

impl Timed {
    fn new(case: Case) -> Self {
        let mut timed = Self { case, times: 1 };
        timed.nanoseconds();
        while timed.times < 1 << 14 && timed.nanoseconds() * f64::from(timed.times) < NANOSECONDS {
            timed.times *= 2;
        }
        timed
    }

    /// Of one.
    fn nanoseconds(&mut self) -> f64 {
        // Reloads what other cases have evicted from the caches.
        self.measure(self.times.div_ceil(8));
        self.measure(self.times) / f64::from(self.times)
    }

    /// For this many, without the time for reading the clock.
    fn measure(&mut self, times: u32) -> f64 {
        let mut taken = 0.0;
        let mut left = times;
        while left > 0 {
            let now = self.case.at_once(left);
            self.case.prepare(now);
            let [before, begun] = [Instant::now(), Instant::now()];
            self.case.run(now);
            taken += begun.elapsed().as_nanos() as f64;
            taken -= (begun - before).as_nanos() as f64;
            left -= now;
        }
        taken
    }
}

/// 100 users, all different.
fn picked(users: u64, rng: &mut ChaCha20Rng) -> Vec<u64> {
    let first = rng.next_u64() % users;
    // Numbers of users are powers of 10: a step coprime to them visits nobody twice.
    let step = loop {
        let step = rng.next_u64() % users;
        if !step.is_multiple_of(2) && !step.is_multiple_of(5) {
            break step;
        }
    };
    (0..100)
        .map(|number| (first + number * step) % users)
        .collect()
}

fn print(label: &str, mut quotients: Vec<f64>) {
    quotients.sort_by(f64::total_cmp);
    let at = |quarters: usize| quotients[(quotients.len() - 1) * quarters / 4];
    for (measure, quarters) in [("time", 2), ("time_low", 1), ("time_high", 3)] {
        println!("{measure}\t{label}\t{:.4}", at(quarters));
    }
}
