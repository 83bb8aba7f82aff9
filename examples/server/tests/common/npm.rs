//! The npm packages of a test, from its lock file.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use sha2::{Digest, Sha256};

const OPTIONS: &str = "omit-lockfile-registry-resolved=true\n";

/// The packages: `package.json` and its lock file.
pub struct Packages {
    pub manifest: &'static str,
    pub lock: &'static str,
}

/// Their folder below the target directory, one per content of the lock file; or the missing program.
pub fn install(packages: &Packages) -> Result<PathBuf, String> {
    let version = run(Command::new("node").arg("--version"))?;
    let major = version.trim().trim_start_matches('v').split('.').next();
    if !major.is_some_and(|major| major.parse().is_ok_and(|major: u32| major >= 20)) {
        return Err(format!("Node 20 is needed, and here is {version}"));
    }
    let digest = Sha256::digest(packages.lock);
    let name: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let installed = target.join(format!("npm-{name}"));
    if installed.exists() {
        return Ok(installed);
    }
    let folder = tempfile::tempdir_in(target).unwrap();
    for (name, content) in [
        ("package.json", packages.manifest),
        ("package-lock.json", packages.lock),
        (".npmrc", OPTIONS),
    ] {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    run(Command::new("npm").args(options).current_dir(folder.path()))?;
    // Complete or absent. If another process was faster, use its folder.
    match fs::rename(folder.path(), &installed) {
        Err(error) if !installed.exists() => panic!("{}: {error}", installed.display()),
        _ => Ok(installed),
    }
}

fn run(command: &mut Command) -> Result<String, String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let error = String::from_utf8_lossy(&output.stderr);
        Err(format!("{command:?} failed: {}", error.trim_end()))
    }
}

/// Prints that a test did not run, uncaptured. If `CI` is set, that is a failure.
pub fn skip(test: &str, needs: &str, reason: &str) {
    assert!(
        std::env::var("CI").unwrap_or_default().is_empty(),
        "{reason}"
    );
    let _ = writeln!(
        std::io::stderr(),
        "skipped: {reason}. With {needs}: CI=true cargo test -p oob-mfa-server --test {test}"
    );
}
