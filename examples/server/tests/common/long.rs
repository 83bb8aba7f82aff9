//! The size of a run: small by default, whole with `OOB_MFA_LONG=1`, as `.ci/run` sets it.
//!
//! A small run keeps every kind of check and cuts repetition.

use std::io::Write as _;

/// Whether the whole of a test is asked for.
pub fn is_asked_for() -> bool {
    std::env::var("OOB_MFA_LONG").is_ok_and(|value| value == "1")
}

/// The first number in a whole run, the second in a small one.
pub fn or<T>(whole: T, small: T) -> T {
    if is_asked_for() { whole } else { small }
}

/// Whether a test that repeats another is left out of this run. It says so past the harness, which
/// swallows what a test prints.
pub fn leaves_out(test: &str) -> bool {
    if is_asked_for() {
        return false;
    }
    let line = format!("LEFT OUT of the small run: {test}. To run it: OOB_MFA_LONG=1\n");
    // In one piece, because the harness writes meanwhile.
    let _ = std::io::stderr().write_all(line.as_bytes());
    true
}
