//! The npm packages of a test, from its lock file, and its scripts.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

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

/// A folder with these files, below the packages, where Node finds them. Without the packages it prints that the
/// test did not run, uncaptured; if `CI` is set, that is a failure.
pub fn folder(
    installed: &Result<PathBuf, String>,
    files: &[(&str, &str)],
    test: &str,
    needs: &str,
) -> Option<TempDir> {
    let place = match installed {
        Ok(place) => place,
        Err(reason) => {
            let ci = std::env::var("CI").unwrap_or_default();
            assert!(ci.is_empty(), "{reason}");
            let _ = writeln!(
                std::io::stderr(),
                "skipped: {reason}. With {needs}: CI=true cargo test -p oob-mfa-server --test {test}"
            );
            return None;
        }
    };
    let folder = tempfile::tempdir_in(place).unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    Some(folder)
}

/// A running script, and its output: a line of JSON for each step.
pub struct Script {
    child: Child,
    printed: Lines<BufReader<ChildStdout>>,
}

impl Script {
    /// Starts a script of a folder.
    pub fn start(folder: &TempDir, name: &str, variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new("node")
            .arg(name)
            .current_dir(folder.path())
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let printed = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, printed }
    }

    pub fn tell(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().unwrap();
        writeln!(stdin, "{line}").unwrap();
    }

    /// The next step, which has this name.
    #[track_caller]
    pub fn next(&mut self, step: &str) -> Value {
        let line = self.printed.next().expect("the script has ended").unwrap();
        println!("{}", line.chars().take(400).collect::<String>());
        let line: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(line["step"], step, "{line}");
        line
    }

    #[track_caller]
    pub fn answer(&mut self, step: &str) -> Value {
        let mut line = self.next(step);
        assert!(line.get("answer").is_some(), "{line}");
        line["answer"].take()
    }

    #[track_caller]
    pub fn end(mut self) {
        assert_eq!(self.next("end"), json!({ "step": "end" }));
        assert!(self.printed.next().is_none());
        assert!(self.child.wait().unwrap().success());
    }
}

/// The script ends with its input, and a browser with the script, even if a test fails.
impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The list from an SDK. The one for Node reads `oob_channels`, a field that the API does not send.
pub fn entries(recovery: &Value, phones: &[(&str, &str)], active: bool) -> Value {
    let recovery = json!({
        "id": recovery, "authenticatorType": "recovery-code", "active": active,
        "type": "recovery-code",
    });
    let phones = phones.iter().flat_map(|(device, name)| {
        ["sms", "voice"].map(|channel| {
            json!({
                "id": format!("{channel}|{device}"), "authenticatorType": "oob",
                "active": active, "name": name, "type": "phone",
            })
        })
    });
    std::iter::once(recovery).chain(phones).collect()
}
