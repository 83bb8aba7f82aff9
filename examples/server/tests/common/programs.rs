//! Programs that some tests need.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Whether a program is installed. If not, it says so, and fails where `CI` is set.
pub fn has(program: &str) -> bool {
    let found = Command::new(program)
        .arg("--version")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok();
    if !found {
        let ci = std::env::var("CI").unwrap_or_default();
        assert!(
            ci.is_empty(),
            "{program} is not installed, and CI skips nothing"
        );
        let line = format!("SKIPPED, the tests with {program}: it is not installed\n");
        // In one piece, because the harness writes meanwhile.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
    found
}
