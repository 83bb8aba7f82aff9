//! The page of scale says what is so: what a request asks of a store, how long a record is, and sums.

mod world;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::Path;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use oob_mfa::testing::{MemoryStore, MemoryStoreUnavailable, Scene};
use oob_mfa::*;
use world::{ALICES, DAY, MINUTE, World};

const PAGE: &str = include_str!("../src/docs/scale.md");

/// A subject of 30 bytes, as Auth0's are.
const SUBJECT: &str = "auth0|507f1f77bcf86cd799439011";

/// A user on a store that counts.
struct Counted {
    world: World,
    store: MemoryStore,
    loads: Cell<u32>,
    writes: Cell<u32>,
    messages: Cell<u32>,
    rng: RefCell<ChaCha20Rng>,
}

/// Something that was asked for, with a code or without.
struct Asked {
    oob_code: String,
    code: String,
    recovery_code: Option<String>,
}

impl Counted {
    fn new() -> Self {
        Self {
            world: World::of(Policy::auth0(), SUBJECT),
            store: MemoryStore::new(),
            loads: Cell::new(0),
            writes: Cell::new(0),
            messages: Cell::new(0),
            rng: RefCell::new(ChaCha20Rng::from_seed([43; 32])),
        }
    }

    fn load(&self) -> Result<Option<Account>, MemoryStoreUnavailable> {
        self.loads.set(self.loads.get() + 1);
        self.store.load(&SUBJECT.parse().unwrap())
    }

    fn account(&self) -> Account {
        let subject: Subject = SUBJECT.parse().unwrap();
        let stored = self.store.load(&subject).unwrap();
        stored.unwrap_or_else(|| Account::new(subject))
    }

    /// Bytes of the record as it is stored.
    fn bytes(&self) -> usize {
        postcard::to_allocvec(&self.account()).unwrap().len()
    }

    fn decide<T>(&self, ask: impl FnMut(&Account) -> Transition<T>) -> Result<T, Denied> {
        let replace = |next| {
            self.writes.set(self.writes.get() + 1);
            self.store.replace(next)
        };
        let subject = SUBJECT.parse().unwrap();
        decide(&subject, || self.load(), ask, replace)
            .unwrap()
            .result
    }

    /// The password was right: what is needed is asked for, and a token is given out.
    fn password(&mut self) -> (MfaSession, Requirements) {
        let account = self.load().unwrap();
        let account = account.unwrap_or_else(|| Account::new(SUBJECT.parse().unwrap()));
        (self.world.first_factor(), account.requirements())
    }

    fn associate(&self, session: &MfaSession) -> Asked {
        let mut rng = self.rng.borrow_mut();
        let request = Associate {
            channel: Channel::Sms,
            phone: ALICES.parse().unwrap(),
        };
        let World { engine, now, .. } = &self.world;
        let associated = self
            .decide(|account| engine.associate(account, session, &request, *now, &mut *rng))
            .unwrap();
        self.messages.set(self.messages.get() + 1);
        Asked {
            oob_code: associated.oob_code.expose_secret(),
            code: associated.delivery.code.expose_secret().into(),
            recovery_code: associated
                .recovery_code
                .map(|code| code.expose_secret().into()),
        }
    }

    fn challenge(&self, session: &MfaSession) -> Result<Asked, Denied> {
        let mut rng = self.rng.borrow_mut();
        let World { engine, now, .. } = &self.world;
        let challenged = self.decide(|account| {
            engine.challenge(account, session, &Challenge::default(), *now, &mut *rng)
        });
        let challenged = challenged?;
        self.messages.set(self.messages.get() + 1);
        Ok(Asked {
            oob_code: challenged.oob_code.expose_secret(),
            code: challenged.delivery.code.expose_secret().into(),
            recovery_code: None,
        })
    }

    fn answer(&self, session: &MfaSession, oob_code: &str, code: &str) -> Result<(), Denied> {
        let request = VerifyOob {
            oob_code: oob_code.into(),
            binding_code: code.into(),
        };
        let World { engine, now, .. } = &self.world;
        self.decide(|account| engine.verify_oob(account, session, &request, *now))
            .map(drop)
    }

    fn wrong(&self, session: &MfaSession, asked: &Asked) -> Result<(), Denied> {
        let wrong = if asked.code == "000000" {
            "000001"
        } else {
            "000000"
        };
        self.answer(session, &asked.oob_code, wrong)
    }

    fn recover(&self, session: &MfaSession, code: &str) -> Result<(), Denied> {
        let mut rng = self.rng.borrow_mut();
        let code = RecoveryCode::from(code);
        let World { engine, now, .. } = &self.world;
        let recovered = self.decide(|account| {
            engine.verify_recovery_code(account, session, &code, *now, &mut *rng)
        });
        recovered.map(drop)
    }

    fn list(&self, session: &MfaSession) -> usize {
        let account = self.load().unwrap().unwrap();
        let World { engine, now, .. } = &self.world;
        let entries = engine.authenticators(&account, session, *now);
        entries.unwrap().count()
    }

    fn enroll(&mut self) -> Asked {
        let (session, _) = self.password();
        let asked = self.associate(&session);
        assert_eq!(self.answer(&session, &asked.oob_code, &asked.code), Ok(()));
        asked
    }

    /// Since this was asked the last time, as the page has it in a row.
    fn row(&self, request: &str) -> String {
        let (loads, writes) = (self.loads.take(), self.writes.take());
        let messages = self.messages.take();
        format!("| {request} | {loads} | {writes} | {messages} |")
    }
}

/// The rows of the table below a heading of the page.
fn rows(heading: &str) -> BTreeSet<&'static str> {
    let (_, section) = PAGE.split_once(&format!("\n# {heading}\n")).unwrap();
    let section = section.split("\n# ").next().unwrap();
    let rows = section.lines().filter(|line| line.starts_with("| "));
    // The heading of the table and the line below it.
    rows.skip(2).collect()
}

#[test]
fn every_request_asks_of_the_store_what_the_page_says() {
    let mut user = Counted::new();
    let mut counted = Vec::new();

    let (session, requirements) = user.password();
    assert_eq!(requirements, Requirements::Enroll);
    counted.push(user.row("the password was right"));
    let asked = user.associate(&session);
    counted.push(user.row("a phone is associated"));
    assert_eq!(user.answer(&session, &asked.oob_code, &asked.code), Ok(()));
    counted.push(user.row("its code confirms it"));

    user.world.wait(DAY);
    let (session, requirements) = user.password();
    assert_ne!(requirements, Requirements::Enroll);
    // The same row again.
    assert_eq!(user.row("the password was right"), counted[0]);
    assert_eq!(user.list(&session), 3);
    counted.push(user.row("the authenticators are listed"));
    let challenged = user.challenge(&session).unwrap();
    counted.push(user.row("a phone is challenged"));
    let wrong = user.wrong(&session, &challenged);
    assert_eq!(wrong, Err(Denied::InvalidBindingCode));
    counted.push(user.row("a wrong code"));
    let right = user.answer(&session, &challenged.oob_code, &challenged.code);
    assert_eq!(right, Ok(()));
    counted.push(user.row("the right code"));

    user.world.wait(DAY);
    let (session, _) = user.password();
    user.row("");
    let code = asked.recovery_code.unwrap();
    assert_eq!(user.recover(&session, &code), Ok(()));
    counted.push(user.row("a recovery code"));

    user.world.wait(DAY);
    let (session, _) = user.password();
    let challenged = user.challenge(&session).unwrap();
    for _ in 0..10 {
        let wrong = user.wrong(&session, &challenged);
        assert_eq!(wrong, Err(Denied::InvalidBindingCode));
    }
    user.row("");
    let refused = user.answer(&session, &challenged.oob_code, &challenged.code);
    assert!(matches!(refused, Err(Denied::TooManyFailures { .. })));
    counted.push(user.row("a code with an empty budget"));
    let unknown = user.answer(&session, "AAECAwQFBgcICQoLDA0ODw", "000000");
    assert_eq!(unknown, Err(Denied::OobCodeUnknown));
    counted.push(user.row("an `oob_code` of nobody"));
    for _ in 0..9 {
        user.challenge(&session).unwrap();
    }
    user.row("");
    let refused = user.challenge(&session).map(drop);
    assert!(matches!(refused, Err(Denied::TooManySends { .. })));
    counted.push(user.row("a challenge with an empty budget"));

    let World { engine, now, .. } = &user.world;
    let token = engine.issue_token(&session);
    let late = *now + 11 * MINUTE;
    let expired = engine.open_token(token.expose_secret(), Some("demo"), late);
    assert_eq!(expired, Err(Denied::TokenExpired));
    counted.push(user.row("a token that is forged or has expired"));

    let counted: BTreeSet<&str> = counted.iter().map(String::as_str).collect();
    assert_eq!(rows("What a request asks of the store"), counted);
}

/// Record bytes while the user enrolls, signs in and is idle.
fn sizes() -> [(&'static str, usize); 5] {
    let mut user = Counted::new();
    let (session, _) = user.password();
    let asked = user.associate(&session);
    let enrolling = user.bytes();
    assert_eq!(user.answer(&session, &asked.oob_code, &asked.code), Ok(()));
    let enrolled = user.bytes();
    user.world.wait(DAY);
    let (session, _) = user.password();
    let challenged = user.challenge(&session).unwrap();
    let signing_in = user.bytes();
    let right = user.answer(&session, &challenged.oob_code, &challenged.code);
    assert_eq!(right, Ok(()));
    let signed_in = user.bytes();

    let longest = "s".repeat(Subject::MAX_LEN).parse().unwrap();
    let largest = Scene::largest(longest, 1).world.account();
    // Its revision is the first, of one byte in the place of eight.
    let largest = postcard::to_allocvec(&largest).unwrap().len() + 7;
    [
        ("a first phone is associated", enrolling),
        ("a phone and a recovery code", enrolled),
        ("the same, challenged", signing_in),
        ("the same, signed in", signed_in),
        ("every list full, the subject of 255 bytes", largest),
    ]
}

#[test]
fn records_are_as_long_as_the_page_says() {
    let sizes = sizes();
    let counted: Vec<String> = sizes
        .iter()
        .map(|(state, bytes)| format!("| {state} | {} |", grouped(*bytes)))
        .collect();
    let counted: BTreeSet<&str> = counted.iter().map(String::as_str).collect();
    assert_eq!(rows("What a user takes"), counted);
}

/// A login leaves as much in the record as the one before left.
#[test]
fn a_record_does_not_grow_with_the_logins() {
    let mut user = Counted::new();
    user.enroll();
    let mut after_each = BTreeSet::new();
    for _ in 0..100 {
        user.world.wait(DAY);
        let (session, _) = user.password();
        let asked = user.challenge(&session).unwrap();
        assert_eq!(user.answer(&session, &asked.oob_code, &asked.code), Ok(()));
        after_each.insert(user.bytes());
    }
    assert_eq!(user.account().revision(), 202);
    // The revision takes a second byte from 128 on.
    let after_each: Vec<usize> = after_each.into_iter().collect();
    assert_eq!(after_each.len(), 2, "{after_each:?}");
    assert_eq!(after_each[0] + 1, after_each[1]);
}

fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap())
        .collect();
    groups.join(",")
}

/// The sums of the page: `A × B ÷ C + D = E`, with words after each.
fn sums() -> Vec<&'static str> {
    PAGE.lines()
        .filter(|line| line.contains(" = ") && line.starts_with(|c: char| c.is_ascii_digit()))
        .collect()
}

/// The number that a piece of a sum begins with.
fn number(text: &str) -> f64 {
    let word = text.split_whitespace().next().unwrap();
    word.replace(',', "")
        .parse()
        .unwrap_or_else(|_| panic!("{text}"))
}

fn product(text: &str) -> f64 {
    let mut value = None;
    let mut rest = text;
    loop {
        let end = rest.find(['×', '÷']).unwrap_or(rest.len());
        let factor = number(&rest[..end]);
        let before = text[..text.len() - rest.len()].chars().next_back();
        value = Some(match (value, before) {
            (Some(value), Some('×')) => value * factor,
            (Some(value), Some('÷')) => value / factor,
            _ => factor,
        });
        let Some((_, after)) = rest[end..].split_at_checked('×'.len_utf8()) else {
            return value.unwrap();
        };
        rest = after;
    }
}

/// Whether what stands right of the `=` is the left side, rounded to as many digits as it has.
fn is_right(sum: &str) -> bool {
    let (left, right) = sum.split_once(" = ").unwrap();
    let left: f64 = left.split(" + ").map(product).sum();
    let written = right.split_whitespace().next().unwrap();
    let digits = written
        .split_once('.')
        .map_or(0, |(_, digits)| digits.len());
    let unit = 10_f64.powi(-i32::try_from(digits).unwrap());
    // Half a unit, and what a float makes of it.
    (number(right) - left).abs() <= unit * 0.500_001
}

#[test]
fn every_sum_is_right() {
    let sums = sums();
    assert!(sums.len() >= 12, "{}", sums.len());
    let wrong: Vec<&&str> = sums.iter().filter(|sum| !is_right(sum)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_sum_that_is_wrong_would_be_seen() {
    assert!(is_right("2 × 3 + 1,000 ÷ 8 things = 131 in all"));
    assert!(is_right("100,000,000 ÷ 86,400 = 1,157 a second"));
    assert!(!is_right("100,000,000 ÷ 86,400 = 1,158 a second"));
    assert!(is_right("2 ÷ 3 = 0.67"));
    assert!(!is_right("2 ÷ 3 = 0.66"));
    assert!(!is_right("2 + 3 = 6"));
}

/// What the sums begin with is what is counted above.
#[test]
fn the_sums_are_made_of_what_is_counted() {
    let [.., (_, signing_in), (_, signed_in), (_, largest)] = sizes();
    let beginnings = [
        // A login is a password, a challenge and a right code; one in ten has a wrong code too.
        "1 + 1 + 1 + 0.1 × 1 = 3.1 loads a login".to_owned(),
        "0 + 1 + 1 + 0.1 × 1 = 2.1 writes a login".to_owned(),
        format!("100,000,000 × {signed_in} ÷ 1,000,000,000 = "),
        format!("5,093 × {signing_in} + 4,630 × {signed_in} = "),
        format!("100,000 × {} ÷ 1,000,000 = ", grouped(largest)),
    ];
    for beginning in beginnings {
        let found = sums().iter().any(|sum| sum.starts_with(&beginning));
        assert!(found, "{beginning}");
    }
}

/// The tables of a run come from programs that are there. They are not part of the published crate.
#[test]
fn every_command_is_there() {
    let benches = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches");
    if !benches.is_dir() {
        return;
    }
    let script = std::fs::read_to_string(benches.join("scale.sh")).unwrap();
    let commands: Vec<&str> = PAGE
        .lines()
        .filter_map(|line| line.strip_prefix("benches/scale.sh "))
        .collect();
    assert_eq!(commands, ["memory", "redb", "server"]);
    for part in commands {
        assert!(script.contains(&format!("\n{part}() {{\n")), "{part}");
    }
}

/// The last of these rows of a table that begins with these cells.
fn row<'a>(rows: &'a [Vec<&'a str>], beginning: &[&str]) -> &'a [&'a str] {
    let found = rows.iter().rfind(|row| row.starts_with(beginning));
    found.unwrap_or_else(|| panic!("no row {beginning:?}"))
}

/// How many of an operation one thread did in a second, in the last table in memory.
fn alone(rows: &[Vec<&str>], operation: &str) -> String {
    let found = rows.iter().rfind(|row| row[1..3] == [operation, "1"]);
    grouped(found.unwrap()[3].parse().unwrap())
}

/// What stands before the name of a store where a sum is about a server on it.
const SERVED_ON: &str = "µs of the server for a login on ";

/// The left side that a sum of the run has to have, by the rows and the sums above it: `what` is its right side.
fn left_side(what: &str, rows: &[Vec<&str>], above: &[&str]) -> String {
    if what.contains("GB allocated, all of them as") {
        let form = format!("as {}", what.rsplit_once("as ").unwrap().1);
        let [.., allocated, _resident] = row(rows, &[&form]) else {
            panic!("{form}")
        };
        format!("100,000,000 × {allocated} ÷ 1,000,000,000")
    } else if what.contains("GB of redb files") {
        let [.., file, _compacted] = row(rows, &["on disk"]) else {
            panic!("no file")
        };
        format!("100,000,000 × {file} ÷ 1,000,000,000")
    } else if what.ends_with("µs for a login") {
        let [challenge, right, wrong] =
            ["challenge", "right code", "wrong code"].map(|operation| alone(rows, operation));
        format!("1,000,000 ÷ {challenge} + 1,000,000 ÷ {right} + 0.1 × 1,000,000 ÷ {wrong}")
    } else if let Some((_, on)) = what.split_once(SERVED_ON) {
        let [challenge, right, wrong] =
            ["challenge", "right", "wrong"].map(|traffic| row(rows, &[on, traffic])[7]);
        format!("{challenge} + {right} + 0.1 × {wrong}")
    } else if what.contains(" processors for the ") {
        let login = above.last().unwrap().split(" ").next().unwrap();
        format!("4,630 × {login} ÷ 1,000,000")
    } else if what.ends_with("stores as fast as this one") {
        let served = above.iter().rev().find_map(|sum| sum.split_once(SERVED_ON));
        let (_, on) = served.unwrap();
        let written = row(rows, &[on, "store alone: load and write"])[2];
        format!("9,723 ÷ {written}")
    } else {
        panic!("a sum of nothing known: {what}")
    }
}

/// What a sum of the run is made of are the rows that it is about.
#[test]
fn the_sums_of_the_run_are_made_of_its_tables() {
    let (_, run) = PAGE.split_once("\n## What it printed\n").unwrap();
    let mut rows: Vec<Vec<&str>> = Vec::new();
    let mut sums: Vec<&str> = Vec::new();
    for line in run.lines() {
        if let Some(cells) = line.strip_prefix("| ") {
            rows.push(cells.trim_end_matches(" |").split(" | ").collect());
        } else if let Some((left, right)) = line.split_once(" = ") {
            assert_eq!(left, left_side(right, &rows, &sums), "{line}");
            sums.push(right);
        }
    }
    assert_eq!(sums.len(), 16);
}
