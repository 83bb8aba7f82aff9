//! Waiting for what has to happen.

use std::thread;
use std::time::{Duration, Instant};

/// How long a test waits for what has to happen; nothing takes as long.
pub const PATIENCE: Duration = Duration::from_secs(30);

#[track_caller]
pub fn until(what: &str, mut happened: impl FnMut() -> bool) {
    let patience = Instant::now() + PATIENCE;
    while !happened() {
        assert!(Instant::now() < patience, "it did not happen: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
