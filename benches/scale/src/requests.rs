//! Requests for a load generator, with their accounts.
//!
//! The operator sets the cost of a password, so logins start here with an `mfa_token`. This program
//! does not know the code that the server draws. So in a whole login, one session of the user asks
//! for a challenge, and another session, which was challenged in advance, answers: the same 3
//! requests and the same 3 writes.

use std::fs::File as Lines;
use std::io::{BufWriter, Write};
use std::ops::Range;
use std::path::Path;

use oob_mfa::Account;
use oob_mfa_server::keys::{self, SigningAlgorithm};
use time::UtcDateTime;

use crate::file::File;
use crate::population::{CLIENT, Population, Purpose, Waiting, random};
use crate::store::Store;

/// The server's configuration names it.
const SECRET: &str = "demo-secret";

/// The request that a connection repeats.
#[derive(Clone, Copy)]
enum Traffic {
    /// The right code with an empty budget.
    Refused,
    /// A wrong code: judged and charged.
    Wrong,
    /// A code is sent.
    Challenge,
    /// The right code: tokens are signed.
    Right,
    /// All three.
    Login,
}

/// The kinds of traffic: the name, the multiple of the users, and how often each user comes again,
/// as far as the budgets allow.
const TRAFFIC: [(Traffic, &str, u64, usize); 5] = [
    (Traffic::Refused, "refused", 1, 1),
    (Traffic::Wrong, "wrong", 1, 8),
    (Traffic::Challenge, "challenge", 1, 8),
    (Traffic::Right, "right", 3, 1),
    (Traffic::Login, "login", 2, 1),
];

/// The users that [`bare`](crate::bare) loads and replaces: those after all users of this module.
pub fn bare_users(users: u64) -> Range<u64> {
    let met = TRAFFIC.map(|(_, _, times, _)| times).iter().sum::<u64>() * users;
    met..met + users
}

pub fn population(key: &Path) -> Population {
    let algorithm = SigningAlgorithm::default();
    let keys = keys::read(key, algorithm)
        .expect("a key file")
        .unwrap_or_else(|| keys::make_and_read(key, algorithm).expect("a new key file"));
    Population::new(keys.engine, UtcDateTime::now())
}

/// Writes all of it.
pub fn prepare(
    accounts: &Path,
    key: &Path,
    folder: &Path,
    connections: usize,
    users: u64,
    all: u64,
) {
    let mut rows = Rows::create(accounts);
    let population_before = population(key);
    for user in bare_users(users).start..all.max(bare_users(users).end) {
        rows.add(population_before.enrolled(user));
    }
    // Codes live for 5 minutes from here.
    let population = population(key);
    let mut user = 0;
    for (traffic, name, times, rounds) in TRAFFIC {
        let mut files: Vec<_> = (0..connections)
            .map(|connection| {
                let file = Lines::create(folder.join(format!("{name}.{connection}")));
                BufWriter::new(file.expect("a folder"))
            })
            .collect();
        let mut asked = Vec::new();
        for _ in 0..times * users {
            let (account, requests) = met(&population, traffic, user);
            rows.add(account);
            asked.push(requests);
            user += 1;
        }
        for _ in 0..rounds {
            for (index, requests) in asked.iter().enumerate() {
                let file = &mut files[index % connections];
                file.write_all(requests.as_bytes()).expect("room");
            }
        }
        for mut file in files {
            file.flush().expect("room");
        }
    }
    rows.finish();
}

/// A user and their request.
fn met(population: &Population, traffic: Traffic, user: u64) -> (Account, String) {
    if matches!(traffic, Traffic::Refused) {
        let (account, waiting) = population.exhausted(user);
        return (account, answer(429, &waiting, &waiting.code));
    }
    let account = population.enrolled(user);
    let another_session = || {
        let rng = &mut random(Purpose::Traffic, user);
        population.token(&population.begin(user, population.now, rng))
    };
    if matches!(traffic, Traffic::Challenge) {
        return (account, challenge(&another_session()));
    }
    let (account, waiting) = population.waiting(user, account);
    let wrong = || answer(403, &waiting, waiting.another_code());
    let right = || answer(200, &waiting, &waiting.code);
    let requests = match traffic {
        Traffic::Wrong => wrong(),
        Traffic::Right => right(),
        _ => challenge(&another_session()) + &wrong() + &right(),
    };
    (account, requests)
}

// One line each: the expected status, path, content type, body.

fn challenge(token: &str) -> String {
    format!(
        "200\t/mfa/challenge\tapplication/json\t{{\"client_id\":\"{CLIENT}\",\"client_secret\":\"{SECRET}\",\
         \"challenge_type\":\"oob\",\"mfa_token\":\"{token}\"}}\n"
    )
}

fn answer(status: u16, login: &Waiting, code: &str) -> String {
    let Waiting {
        token, oob_code, ..
    } = login;
    format!(
        "{status}\t/oauth/token\tapplication/x-www-form-urlencoded\t\
         grant_type=http%3A%2F%2Fauth0.com%2Foauth%2Fgrant-type%2Fmfa-oob&client_id={CLIENT}\
         &client_secret={SECRET}&mfa_token={token}&oob_code={oob_code}&binding_code={code}\n"
    )
}

/// The accounts of a store, while they are written.
enum Rows {
    Redb(File, Vec<Account>),
    Copy(BufWriter<Lines>),
}

impl Rows {
    fn create(path: &Path) -> Self {
        if path
            .extension()
            .is_some_and(|extension| extension == "copy")
        {
            Self::Copy(BufWriter::new(Lines::create(path).expect("a folder")))
        } else {
            Self::Redb(File::create(path), Vec::new())
        }
    }

    fn add(&mut self, account: Account) {
        match self {
            Self::Redb(file, waiting) => {
                waiting.push(account);
                if waiting.len() == 20_000 {
                    file.put(std::mem::take(waiting));
                }
            }
            Self::Copy(lines) => {
                let record = postcard::to_allocvec(&account).expect("a binary form");
                let subject = hex(account.subject().as_str().as_bytes());
                let row = format!("{subject}\t{}\t{}\n", account.revision(), hex(&record));
                lines.write_all(row.as_bytes()).expect("room");
            }
        }
    }

    fn finish(self) {
        match self {
            Self::Redb(file, waiting) => file.put(waiting),
            Self::Copy(mut lines) => lines.flush().expect("room"),
        }
    }
}

/// The form in which COPY reads a `bytea`.
fn hex(bytes: &[u8]) -> String {
    let mut text = String::from("\\\\x");
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.extend(char::from_digit(digit.into(), 16));
        }
    }
    text
}
