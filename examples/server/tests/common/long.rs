//! The size of a run: small by default, full with `OOB_MFA_LONG=1`, as in `.ci/run`.
//!
//! A small run has every kind of check, with fewer repetitions.

use std::io::Write as _;

/// Whether to run tests in full.
pub fn is_asked_for() -> bool {
    std::env::var("OOB_MFA_LONG").is_ok_and(|value| value == "1")
}

/// The first number in a full run, the second in a small one.
pub fn or<T>(whole: T, small: T) -> T {
    if is_asked_for() { whole } else { small }
}

/// Whether to skip a test that repeats another. A line says so, which the harness does not capture.
pub fn leaves_out(test: &str) -> bool {
    if is_asked_for() {
        return false;
    }
    let line = format!("LEFT OUT of the small run: {test}. To run it: OOB_MFA_LONG=1\n");
    // In one write, because the harness writes too.
    let _ = std::io::stderr().write_all(line.as_bytes());
    true
}
