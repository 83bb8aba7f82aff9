//! Server processes on one store, with one key file, one issuer and one outbox.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use oob_mfa::Account;
use serde_json::Value;

use crate::common::Answer;
use crate::common::backend::{Backend, Kind};
use crate::common::process::Process;
use crate::common::request::{Connection, Request};
pub use crate::common::site::User;
use crate::common::site::{ISSUER, Site};

/// The number of users. Each attack takes a new one with full budgets.
const USERS: usize = 64;

/// A site of all these users.
pub fn site() -> Site {
    site_of(USERS, "")
}

/// A site of so many users, with more lines of the configuration.
pub fn site_of(users: usize, lines: &str) -> Site {
    // One address attacks like many.
    let settings = format!("issuer = \"{ISSUER}\"\nconnections_per_address = 1000\n{lines}\n");
    Site::with(&(settings + &User::lines(users)))
}

/// The target: the addresses of the processes, and the messages.
pub trait Target: Sync {
    /// The process of the next request.
    fn address(&self, turn: usize) -> SocketAddr;

    fn site(&self) -> &Site;

    /// An unused user.
    fn user(&self) -> User;

    /// One request, while nothing is killed.
    fn ask(&self, request: &Request) -> Answer {
        let mut connection = Connection::open(self.address(0)).unwrap();
        connection.send(request).unwrap()
    }

    /// The messages to a user, in order.
    fn messages(&self, user: User) -> Vec<Value> {
        let mut messages = self.site().messages();
        messages.retain(|message| message["to"] == user.phone());
        messages
    }
}

/// The processes.
pub struct Fleet {
    backend: Backend,
    site: Site,
    processes: Vec<Mutex<Process>>,
    // Separate from the processes, so that requests work while one of them starts.
    addresses: Vec<Mutex<SocketAddr>>,
    users: AtomicUsize,
    log: Mutex<String>,
}

impl Fleet {
    pub fn start(backend: Backend) -> Self {
        let mut fleet = Self {
            backend,
            site: site(),
            processes: Vec::new(),
            addresses: Vec::new(),
            users: AtomicUsize::new(0),
            log: Mutex::default(),
        };
        let processes = if fleet.is_of_one_process() { 1 } else { 3 };
        for _ in 0..processes {
            let process = fleet.process();
            fleet.addresses.push(Mutex::new(process.address));
            fleet.processes.push(Mutex::new(process));
        }
        fleet
    }

    /// The name of the store.
    pub fn store(&self) -> &'static str {
        match self.backend.kind {
            Kind::Redb { .. } => "redb",
            Kind::Postgres { .. } => "PostgreSQL",
            Kind::Redis { .. } => "Redis",
        }
    }

    /// A redb file belongs to one process.
    fn is_of_one_process(&self) -> bool {
        matches!(self.backend.kind, Kind::Redb { .. })
    }

    pub fn len(&self) -> usize {
        self.processes.len()
    }

    fn process(&self) -> Process {
        self.site.start(&self.backend.url).process
    }

    /// Sends SIGKILL, and starts another process in its place.
    pub fn replace(&self, turn: usize) {
        let turn = turn % self.len();
        let mut process = self.processes[turn].lock().unwrap();
        self.kill(&mut process);
        *process = self.process();
        *self.addresses[turn].lock().unwrap() = process.address;
    }

    fn kill(&self, process: &mut Process) {
        self.log.lock().unwrap().push_str(&process.kill());
    }

    /// The stored accounts, read directly.
    pub fn accounts(&self, users: &[User]) -> Vec<Account> {
        if self.is_of_one_process() {
            self.kill(&mut self.processes[0].lock().unwrap());
        }
        let records = users
            .iter()
            .map(|user| self.backend.record(&user.subject()).unwrap());
        let accounts = records.map(|record| postcard::from_bytes(&record).unwrap());
        let accounts = accounts.collect();
        if self.is_of_one_process() {
            let process = self.process();
            *self.addresses[0].lock().unwrap() = process.address;
            *self.processes[0].lock().unwrap() = process;
        }
        accounts
    }

    /// Ends the processes.
    pub fn end(self) -> Log {
        for process in &self.processes {
            self.kill(&mut process.lock().unwrap());
        }
        Log(self.log.into_inner().unwrap())
    }
}

impl Target for Fleet {
    fn address(&self, turn: usize) -> SocketAddr {
        *self.addresses[turn % self.len()].lock().unwrap()
    }

    fn site(&self) -> &Site {
        &self.site
    }

    fn user(&self) -> User {
        User::nth(self.users.fetch_add(1, SeqCst))
    }
}

/// The logs of all processes.
pub struct Log(String);

impl Log {
    /// How often a request of a user lost a race at the store and was judged again.
    pub fn conflicts(&self, user: User) -> usize {
        let subject = format!(" subject={:?} conflicts=", user.subject().as_str());
        let counts = self.0.lines().filter_map(|line| {
            let (_, conflicts) = line.split_once(&subject)?;
            conflicts.trim().parse::<usize>().ok()
        });
        counts.sum()
    }
    /// How many requests lost so many races that they got 503.
    pub fn retries_that_ran_out(&self) -> usize {
        self.0.matches("conflicts exhausted the retries").count()
    }
}
