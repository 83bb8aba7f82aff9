//! Three servers on one store, whose clocks are stepped under attack.

mod steps;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::SocketAddr;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::thread;

use self::steps::{BEHIND, DAY, HOUR, JUDGED, REFUSED, SERVERS, STEPS, Step};
use crate::attack::{challenge, enroll};
use crate::common::backend::Backend;
use crate::common::patience::until;
use crate::common::process::Process;
use crate::common::request::{Connection, Request};
use crate::common::site::Site;
use crate::common::{Answer, long, programs, wrong};
use crate::fleet::{Target, User, site};
use crate::record::{BURST, Record};
use crate::table::Table;
use crate::{PAGE, TURN};

const CLIENTS: usize = 6;
/// Answers of each server in each step.
const ANSWERS: usize = 30;

/// Server processes whose clocks the test sets.
struct Clocks {
    site: Site,
    processes: Vec<Process>,
    users: AtomicUsize,
}

impl Clocks {
    /// The library of faketime takes the place of the system's clock, and reads a file each time.
    fn start(backend: &Backend) -> Self {
        let site = site();
        let library = Command::new("faketime")
            .args(["-f", "+0", "sh", "-c", "printf %s \"$LD_PRELOAD\""])
            .output()
            .unwrap();
        let library = String::from_utf8(library.stdout).unwrap();
        // The library for programs with several threads.
        let library = library.replace("libfaketime.so", "libfaketimeMT.so");
        let processes = (0..SERVERS).map(|server| {
            let file = site.path().join(format!("clock.{server}"));
            fs::write(&file, "+0").unwrap();
            let mut command = site.command(&backend.url, "outbox.jsonl");
            command
                .env("LD_PRELOAD", &library)
                .env("FAKETIME_TIMESTAMP_FILE", &file)
                .env("FAKETIME_NO_CACHE", "1")
                // This test does not test deadlines.
                .env("DONT_FAKE_MONOTONIC", "1");
            Process::start(&mut command)
        });
        Self {
            processes: processes.collect(),
            site,
            users: AtomicUsize::new(0),
        }
    }

    fn set(&self, clocks: [i64; SERVERS]) {
        for (server, seconds) in clocks.into_iter().enumerate() {
            let file = self.site.path().join(format!("clock.{server}"));
            // A rename is atomic: a server never reads half a file.
            let new = file.with_extension("new");
            fs::write(&new, format!("{seconds:+}")).unwrap();
            fs::rename(new, file).unwrap();
        }
    }

    fn ask_at(&self, server: usize, request: &Request) -> Answer {
        let mut connection = Connection::open(self.address(server)).unwrap();
        connection.send(request).unwrap()
    }

    /// A wrong code for a new challenge.
    fn wrong_code(&self, server: usize, user: User) -> Request {
        let token = self
            .ask_at(server, &Request::login(&user.email()))
            .text("mfa_token");
        let challenge = Request::challenge(&token);
        let oob_code = self.ask_at(server, &challenge).text("oob_code");
        let code = self.messages(user).last().unwrap()["code"].clone();
        Request::answer(&token, &oob_code, &wrong(code.as_str().unwrap()))
    }
}

impl Target for Clocks {
    fn address(&self, turn: usize) -> SocketAddr {
        self.processes[turn % SERVERS].address
    }

    fn site(&self) -> &Site {
        &self.site
    }

    fn user(&self) -> User {
        User::nth(self.users.fetch_add(1, SeqCst))
    }
}

/// What is asked in a step, and what each server has answered.
struct Wave {
    request: Arc<Request>,
    received: [Mutex<BTreeMap<&'static str, usize>>; SERVERS],
}

impl Wave {
    fn of(request: Arc<Request>) -> Arc<Self> {
        Arc::new(Self {
            request,
            received: Default::default(),
        })
    }

    fn answers(&self) -> usize {
        let answers =
            |received: &Mutex<BTreeMap<_, usize>>| received.lock().unwrap().values().sum();
        self.received.iter().map(answers).min().unwrap()
    }

    fn judged(&self) -> usize {
        let judged =
            |received: &Mutex<BTreeMap<_, _>>| received.lock().unwrap().get(JUDGED).copied();
        self.received.iter().filter_map(judged).sum()
    }
}

/// A short form of an answer.
fn received(answer: &Answer) -> &'static str {
    let description = answer.text("error_description");
    match (answer.status, &*description, answer.header("retry-after")) {
        (403, "Invalid binding_code.", None) => JUDGED,
        (429, "Too many failed codes. Wait for some minutes before retrying.", Some(_)) => REFUSED,
        // If the store is unreachable, `Retry-After` is 1.
        (503, "The service is temporarily unavailable. Try again.", Some("5")) => BEHIND,
        // A token of the previous step, after a clock was set.
        (401, "mfa_token is expired", None) => "401 expired",
        (401, "The mfa_token provided is invalid. Try getting a new token.", None) => "401 invalid",
        _ => panic!("unexpected answer: {answer:?}"),
    }
}

fn clocks_under_attack(name: &str, backend: &Backend) {
    let clocks = Clocks::start(backend);
    let user = clocks.user();
    enroll(&clocks, user);
    let mut table = Table::new([
        "step",
        "clock of A",
        "clock of B",
        "clock of C",
        "clients of A",
        "clients of B",
        "clients of C",
        "judged",
    ]);
    let mut waves = vec![Wave::of(Arc::new(clocks.wrong_code(0, user)))];
    let current = Mutex::new(Some(Arc::clone(&waves[0])));
    let client = || {
        let open = |server| Connection::open(clocks.address(server)).unwrap();
        let mut connections: [Connection; SERVERS] = std::array::from_fn(open);
        loop {
            for (server, connection) in connections.iter_mut().enumerate() {
                let Some(wave) = current.lock().unwrap().clone() else {
                    return;
                };
                let answer = received(&connection.send(&wave.request).unwrap());
                *wave.received[server]
                    .lock()
                    .unwrap()
                    .entry(answer)
                    .or_default() += 1;
            }
        }
    };
    let mut rows = Vec::new();
    thread::scope(|scope| {
        let end = End(&current);
        for _ in 0..CLIENTS {
            scope.spawn(client);
        }
        let mut due = 0;
        for (number, step) in STEPS.iter().enumerate() {
            clocks.set(step.clocks);
            let before = waves.last().unwrap();
            let wave = match step.challenged_at {
                // The first wave has begun.
                Some(_) if number == 0 => Arc::clone(before),
                Some(server) => Wave::of(Arc::new(clocks.wrong_code(server, user))),
                None => Wave::of(Arc::clone(&before.request)),
            };
            *current.lock().unwrap() = Some(Arc::clone(&wave));
            if number > 0 {
                waves.push(Arc::clone(&wave));
            }
            due += step.judged;
            let judged = || waves.iter().map(|wave| wave.judged()).sum::<usize>();
            until("each server has answered", || {
                wave.answers() >= ANSWERS && judged() >= due
            });
            assert_eq!(judged(), due, "{name}: {}", step.what);
            others_are_served(&clocks, step);
            // The attack continues while the clocks are set. Those answers do not belong to a step.
            let between = Wave::of(Arc::clone(&wave.request));
            *current.lock().unwrap() = Some(Arc::clone(&between));
            waves.push(between);
            until("the step is over", || Arc::strong_count(&wave) == 2);
            rows.push((step, wave));
        }
        drop(end);
    });
    let rows: Vec<_> = rows
        .iter()
        .map(|(step, wave)| row(&mut table, step, wave))
        .collect();
    drop(table);
    for row in rows {
        assert!(PAGE.contains(&row), "not in docs/assurance.md: {row}");
    }
    // The enrollment, its message and the four challenges; the wrong codes that were judged.
    let record = backend.record(&user.subject()).unwrap();
    let record = Record::of(&postcard::from_bytes(&record).unwrap());
    assert_eq!(record.revision, 2 + 4 + 3 * BURST);
}

/// Adds a row with the expected answers. Fails if any of them is missing, or if others came.
fn row(table: &mut Table, step: &Step, wave: &Wave) -> String {
    let mut missing: BTreeSet<_> = step.answers.concat().into_iter().collect();
    for (received, expected) in wave.received.iter().zip(step.answers) {
        for answer in received.lock().unwrap().keys() {
            assert!(expected.contains(answer), "{}: {answer}", step.what);
            missing.remove(answer);
        }
    }
    assert!(missing.is_empty(), "{}: {missing:?}", step.what);
    assert_eq!(wave.judged(), step.judged, "{}", step.what);
    let [a, b, c] = step.clocks.map(clock);
    let [of_a, of_b, of_c] = step.answers.map(|answers| answers.join(", "));
    table.row(&[&step.what, &a, &b, &c, &of_a, &of_b, &of_c, &step.judged]);
    format!("\n{}\n", table.last())
}

/// Ends the clients, even if an assertion fails.
struct End<'a>(&'a Mutex<Option<Arc<Wave>>>);

impl Drop for End<'_> {
    fn drop(&mut self) {
        *self.0.lock().unwrap() = None;
    }
}

/// Each server serves users that no other server has changed. A token of a server that is far ahead is
/// invalid at the others.
fn others_are_served(clocks: &Clocks, step: &Step) {
    for server in 0..SERVERS {
        let user = clocks.user();
        let at = At { clocks, server };
        enroll(&at, user);
        at.ask(&challenge(&at, user).right()).ok();
    }
    let user = clocks.user();
    enroll(clocks, user);
    for server in 1..SERVERS {
        let token = clocks
            .ask_at(server, &Request::login(&user.email()))
            .text("mfa_token");
        let answer = clocks.ask_at(0, &Request::challenge(&token));
        match step.clocks[server] - step.clocks[0] {
            -30..=60 => drop(answer.ok()),
            61.. => assert_eq!(received(&answer), "401 invalid", "{}", step.what),
            _ => assert_eq!(received(&answer), "401 expired", "{}", step.what),
        }
    }
}

/// One of the servers.
struct At<'a> {
    clocks: &'a Clocks,
    server: usize,
}

impl Target for At<'_> {
    fn address(&self, _: usize) -> SocketAddr {
        self.clocks.address(self.server)
    }

    fn site(&self) -> &Site {
        self.clocks.site()
    }

    fn user(&self) -> User {
        self.clocks.user()
    }
}

fn clock(seconds: i64) -> String {
    let (days, rest) = (seconds / DAY, seconds % DAY);
    let (hours, rest) = (rest / HOUR, rest % HOUR);
    let (minutes, rest) = (rest / 60, rest % 60);
    let parts = [(days, "day"), (hours, "h"), (minutes, "min"), (rest, "s")];
    let parts: Vec<_> = parts
        .iter()
        .filter(|(count, _)| *count != 0)
        .map(|(count, unit)| format!("{count:+} {unit}"))
        .collect();
    if parts.is_empty() {
        "right".to_owned()
    } else {
        parts.join(" ")
    }
}

#[test]
fn a_clock_that_is_stepped_gives_an_attack_one_burst_for_each_jump_ahead_on_postgresql() {
    let _turn = TURN.lock();
    if programs::has("faketime")
        && let Some(backend) = Backend::postgres()
    {
        clocks_under_attack("PostgreSQL", &backend);
    }
}

#[test]
fn a_clock_that_is_stepped_gives_an_attack_one_burst_for_each_jump_ahead_on_redis() {
    let _turn = TURN.lock();
    if !long::leaves_out("clocks on Redis")
        && programs::has("faketime")
        && let Some(backend) = Backend::redis()
    {
        clocks_under_attack("Redis", &backend);
    }
}
