//! Runs z3. The tests of `src/budget.rs` use this file too.

use std::io::{ErrorKind, Write};
// The crate itself is `no_std`.
use std::prelude::rust_2024::*;
use std::process::{Command, Stdio};
use std::sync::Once;
use std::thread;

/// The arithmetic of `src/budget.rs` in SMT-LIB.
pub(super) const BUDGET: &str = include_str!("budget.smt2");

/// The lines that z3 prints for a program. `None` if z3 is not installed; a line says so, which the test
/// harness does not capture.
///
/// # Panics
///
/// If z3 reports an error, or if z3 is not installed and `CI` is set.
pub(super) fn answers(program: String) -> Option<Vec<String>> {
    static SKIPPED: Once = Once::new();
    let started = Command::new("z3")
        .args(["-in", "-T:900"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut z3 = match started {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            assert!(std::env::var_os("CI").is_none(), "z3 is not installed");
            SKIPPED.call_once(|| {
                let _ = writeln!(
                    std::io::stderr(),
                    "SKIPPED, the proof of the budgets: z3 is not installed"
                );
            });
            return None;
        }
        started => started.unwrap(),
    };
    let mut stdin = z3.stdin.take().unwrap();
    // z3 answers while it reads: a single thread that writes everything first would deadlock.
    let writer = thread::spawn(move || stdin.write_all(program.as_bytes()));
    let output = z3.wait_with_output().unwrap();
    writer.join().unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "z3 reports an error:\n{text}");
    Some(text.lines().map(str::to_owned).collect())
}

/// `text` with the only occurrence of `good` replaced: a deliberate error.
pub(super) fn broken(text: &str, good: &str, bad: &str) -> String {
    assert_eq!(text.matches(good).count(), 1, "{good} stands there once");
    text.replace(good, bad)
}
