//! The SDK and what it needs, as npm installs them from the lock file.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use sha2::{Digest, Sha256};

const LOCK: &str = include_str!("package-lock.json");

/// The folder it is in, or what is missing.
pub fn sdk() -> &'static Result<PathBuf, String> {
    static SDK: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    SDK.get_or_init(install)
}

/// Below the target directory, once per content of the lock file.
fn install() -> Result<PathBuf, String> {
    let version = run(Command::new("node").arg("--version"))?;
    let major = version.trim().trim_start_matches('v').split('.').next();
    if !major.is_some_and(|major| major.parse().is_ok_and(|major: u32| major >= 20)) {
        return Err(format!("Node 20 is needed, and here is {version}"));
    }
    let digest = Sha256::digest(LOCK);
    let name: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let sdk = target.join(format!("sdk-{name}"));
    if sdk.exists() {
        return Ok(sdk);
    }
    let folder = tempfile::tempdir_in(target).unwrap();
    for (name, content) in [
        ("package.json", include_str!("package.json")),
        ("package-lock.json", LOCK),
        (".npmrc", include_str!(".npmrc")),
    ] {
        fs::write(folder.path().join(name), content).unwrap();
    }
    let options = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    run(Command::new("npm").args(options).current_dir(folder.path()))?;
    // Whole or not there; where another process was faster, its own is as good.
    match fs::rename(folder.path(), &sdk) {
        Err(error) if !sdk.exists() => panic!("{}: {error}", sdk.display()),
        _ => Ok(sdk),
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

/// Says that a test did not run, past the capture of its output. Where `CI` is set, that is a failure.
pub fn skip(reason: &str) {
    assert!(
        std::env::var("CI").unwrap_or_default().is_empty(),
        "{reason}"
    );
    let _ = writeln!(
        std::io::stderr(),
        "skipped: {reason}. With Node 20, npm and its registry: \
         CI=true cargo test -p oob-mfa-server --test sdk"
    );
}
