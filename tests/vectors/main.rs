//! The published vectors: the crate's output for given bytes, for programs in other languages.
//! `README.md` beside the files describes them.
//!
//! The tests generate each file and compare it. If one changes on purpose,
//! `OOB_MFA_REWRITE_VECTORS=1 cargo test --test vectors` rewrites them. `check.py` shows that the
//! page is sufficient: it was written from the page, and computes the files again without the crate.

mod budgets;
mod ceremonies;
mod ceremony;
mod codes;
mod digests;
mod json;
mod phones;
mod stream;
mod tokens;

use std::path::{Path, PathBuf};
use std::process::Command;

use oob_mfa::{
    Assurance, Engine, Key, KeyRing, MfaSession, Policy, SessionId, Subject, TrustedClaims,
};
use time::UtcDateTime;

use crate::json::{Json, json, object};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors")
}

/// 2027-01-15T08:00:00Z, in milliseconds.
const START: i64 = 1_800_000_000_000;

fn moment(millis: i64) -> UtcDateTime {
    UtcDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000).unwrap()
}

fn millis(at: UtcDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap()
}

fn hex(bytes: &[u8]) -> Json {
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    json(&text)
}

fn alice() -> Subject {
    "auth0|alice".parse().unwrap()
}

/// A key in the form of the vectors: its id, and 32 bytes.
#[derive(Clone, Copy)]
struct Secret(u32, [u8; 32]);

const KEY: Secret = Secret(1, [7; 32]);

impl Secret {
    /// Bytes that count up from `first`.
    fn counted(id: u32, first: u8) -> Self {
        Self(id, std::array::from_fn(|index| first + index as u8))
    }

    fn key(&self) -> Key {
        Key::new(self.0, &self.1)
    }

    fn engine(&self, policy: Policy) -> Engine {
        Engine::new(policy, KeyRing::new(self.key()))
    }

    fn json(&self) -> Json {
        object([("id", json(&self.0)), ("secret", hex(&self.1))])
    }
}

/// A session that the embedder vouches for, of one minute.
fn trusted(id: &str, assurance: Assurance) -> MfaSession {
    MfaSession::trusted(TrustedClaims {
        id: SessionId::from_jti(id).unwrap(),
        subject: alice(),
        client: "demo",
        assurance,
        scope: "enroll",
        audience: "",
        issued_at: moment(START),
        expires_at: moment(START + 60_000),
        authenticated_at: moment(START),
    })
    .unwrap()
}

#[track_caller]
fn compare(name: &str, made: Json) {
    let path = folder().join(name);
    let made = made.laid_out();
    if std::env::var_os("OOB_MFA_REWRITE_VECTORS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    for (number, (made, committed)) in made.lines().zip(committed.lines()).enumerate() {
        assert_eq!(made, committed, "{name}, line {}", number + 1);
    }
    assert_eq!(made.len(), committed.len(), "{name}");
}

#[test]
fn codes_are_as_published() {
    compare("codes.json", codes::vectors());
}

#[test]
fn digests_are_as_published() {
    compare("digests.json", digests::vectors());
}

#[test]
fn tokens_are_as_published() {
    compare("tokens.json", tokens::vectors());
}

#[test]
fn budgets_are_as_published() {
    compare("budgets.json", budgets::vectors());
}

#[test]
fn phones_are_as_published() {
    compare("phones.json", phones::vectors());
}

#[test]
fn ceremonies_are_as_published() {
    compare("ceremonies.json", ceremonies::vectors());
}

#[test]
fn the_files_can_be_computed_from_their_description() {
    let mut check = Command::new("python3");
    check.arg("-I").arg(folder().join("check.py"));
    let output = match check.output() {
        Ok(output) => output,
        Err(error) => {
            let ci = std::env::var("CI").unwrap_or_default();
            assert!(ci.is_empty(), "python3: {error}");
            eprintln!(
                "skipped: without python3 the vectors are not computed a second time ({error})"
            );
            return;
        }
    };
    let said = String::from_utf8_lossy(&output.stdout);
    let complained = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}{complained}");
    println!("{said}");
}
