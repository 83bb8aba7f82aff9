//! Complete logins at the rate that one server bears: its memory stays as it is.
//!
//!     .ci/with-services cargo test --release -p oob-mfa-server --test fleet -- load --ignored --nocapture

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::Command;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::common::backend::Backend;
use crate::common::process::Process;
use crate::common::request::{Connection, Request};
use crate::fleet::{User, site_of};
use crate::table::Table;

/// So many that a record never has more logins than it has room for.
const USERS: usize = 8_000;
/// A proxy tells each user's address. They sign in for hours, with tokens that soon make room in the record.
const SETTINGS: &str = "\
    trusted_proxies = [\"127.0.0.1\"]\n\
    [policy]\n\
    sends = { burst = 10000, refill_seconds = 1 }\n\
    mfa_token_lifetime_seconds = 60\n";
/// Clients at once: the steps to the knee.
const STEPS: [usize; 7] = [1, 2, 4, 8, 16, 32, 64];
const STEP: Duration = Duration::from_secs(3);
const MINUTE: Duration = Duration::from_secs(60);
const MINUTES: usize = 10;
/// The knee is the first step that reaches so many percent of the best rate.
const KNEE: usize = 90;
/// KiB by which memory may grow from the second minute to the last.
const GROWTH: u64 = 4 * 1024;

/// A user, their address, and the codes that were sent to their phone.
struct Person {
    user: User,
    address: String,
    codes: Receiver<String>,
}

impl Person {
    fn first_factor(&self) -> Request {
        Request::login(&self.user.email()).with_header("x-forwarded-for", &self.address)
    }

    /// Whether it was done, and not ended by 503.
    fn sign_in(&self, connection: &mut Connection) -> bool {
        let mut ask = |request: &Request| {
            let answer = connection.send(request).unwrap();
            (answer.status != 503).then_some(answer)
        };
        let mut login = || {
            let token = ask(&self.first_factor())?.text("mfa_token");
            let oob_code = ask(&Request::challenge(&token))?.text("oob_code");
            let code = self.codes.recv().unwrap();
            ask(&Request::answer(&token, &oob_code, &code)).map(|answer| answer.ok())
        };
        login().is_some()
    }

    fn enroll(&self, connection: &mut Connection) {
        let mut ask = |request: &Request| connection.send(request).unwrap();
        let token = ask(&self.first_factor()).text("mfa_token");
        let oob_code = ask(&Request::associate(&token, &self.user.phone())).text("oob_code");
        let code = self.codes.recv().unwrap();
        ask(&Request::answer(&token, &oob_code, &code)).ok();
    }
}

/// Hands each code to the user whose phone it was sent to.
fn deliver(messages: File, phones: &[Sender<String>]) {
    let first = User::nth(0).phone();
    let common = &first[..first.len() - 2];
    for line in BufReader::new(messages).lines() {
        let message: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let number = message["to"].as_str().unwrap().strip_prefix(common);
        let number: usize = number.unwrap().parse().unwrap();
        let code = message["code"].as_str().unwrap().to_owned();
        if phones[number].send(code).is_err() {
            return;
        }
    }
}

/// What a time of load came to.
struct Load {
    per_second: usize,
    /// Logins that got 503.
    failed: usize,
    p50: Duration,
    p99: Duration,
}

/// Clients that sign in one user after the other, for a while.
fn load(address: SocketAddr, people: &mut [Person], clients: usize, lasts: Duration) -> Load {
    let began = Instant::now();
    let took: Vec<(bool, Duration)> = thread::scope(|scope| {
        let clients = people.chunks_mut(USERS.div_ceil(clients)).map(|people| {
            scope.spawn(move || {
                let mut connection = Connection::open(address).unwrap();
                let mut took = Vec::new();
                for person in people.iter().cycle() {
                    let asked = Instant::now();
                    if asked - began >= lasts {
                        break;
                    }
                    let done = person.sign_in(&mut connection);
                    took.push((done, asked.elapsed()));
                }
                // The next begins where this one has ended: users take turns.
                let turn = took.len() % people.len();
                people.rotate_left(turn);
                took
            })
        });
        let clients: Vec<_> = clients.collect();
        clients
            .into_iter()
            .flat_map(|client| client.join().unwrap())
            .collect()
    });
    let elapsed = usize::try_from(began.elapsed().as_millis()).unwrap();
    let failed = took.iter().filter(|(done, _)| !done).count();
    let done = took
        .into_iter()
        .filter_map(|(done, took)| done.then_some(took));
    let mut took: Vec<_> = done.collect();
    took.sort_unstable();
    Load {
        failed,
        per_second: took.len() * 1_000 / elapsed,
        p50: took[took.len() / 2],
        p99: took[took.len() * 99 / 100],
    }
}

/// Of `/proc`, in KiB.
fn memory(process: &Process, name: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let size = line.unwrap().trim_start_matches(':').trim();
    size.trim_end_matches(" kB").parse().unwrap()
}

#[test]
#[ignore = "11 minutes of load; docs/assurance.md has the command"]
fn memory_is_flat_under_load() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let store = "PostgreSQL";
    let site = site_of(USERS, SETTINGS);
    let pipe = site.path().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    // Neither end waits for the other while one handle is both.
    let both = OpenOptions::new().read(true).write(true).open(&pipe);
    let both = both.unwrap();
    let server = site.start_sending_to(&backend.url, "pipe");
    let (phones, mut people): (Vec<_>, Vec<_>) = (0..USERS)
        .map(|number| {
            let (phone, codes) = mpsc::channel();
            let person = Person {
                user: User::nth(number),
                address: format!("10.0.{}.{}", number / 256, number % 256),
                codes,
            };
            (phone, person)
        })
        .unzip();
    // It ends with the process: a test binary has nothing to wait for.
    thread::spawn(move || deliver(both, &phones));
    let address = server.process.address;
    thread::scope(|scope| {
        for people in people.chunks_mut(USERS / 16) {
            scope.spawn(move || {
                let mut connection = Connection::open(address).unwrap();
                people
                    .iter()
                    .for_each(|person| person.enroll(&mut connection));
            });
        }
    });

    let milliseconds = |time: Duration| format!("{:.1} ms", time.as_secs_f64() * 1e3);
    let mut table = Table::new(["store", "clients", "logins/s", "p50", "p99"]);
    let rates = STEPS.map(|clients| {
        let load = load(address, &mut people, clients, STEP);
        table.row(&[
            &store,
            &clients,
            &load.per_second,
            &milliseconds(load.p50),
            &milliseconds(load.p99),
        ]);
        load.per_second
    });
    drop(table);
    let best = rates.iter().max().unwrap();
    let knee = rates.iter().position(|rate| rate * 100 >= best * KNEE);
    let clients = STEPS[knee.unwrap()];

    // Each minute as it passes.
    println!("| store | clients | minute | logins/s | 503 | p50 | p99 | memory |");
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    let sizes: Vec<_> = (1..=MINUTES)
        .map(|minute| {
            let load = load(address, &mut people, clients, MINUTE);
            let size = memory(&server.process, "VmRSS");
            let (p50, p99) = (milliseconds(load.p50), milliseconds(load.p99));
            let (rate, failed) = (load.per_second, load.failed);
            println!("| {store} | {clients} | {minute} | {rate} | {failed} | {p50} | {p99} | {size} KiB |");
            size
        })
        .collect();
    let (second, last) = (sizes[1], *sizes.last().unwrap());
    assert!(last <= second + GROWTH, "{sizes:?}");
}
