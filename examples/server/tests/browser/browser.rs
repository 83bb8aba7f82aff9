//! A script that drives Chromium, and its output.

use std::fs;
use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::npm::{self, Packages};

const PACKAGES: Packages = Packages {
    manifest: include_str!("package.json"),
    lock: include_str!("package-lock.json"),
};
const SCRIPTS: [(&str, &str); 5] = [
    ("browser.mjs", include_str!("browser.mjs")),
    ("audit.mjs", include_str!("audit.mjs")),
    ("page.mjs", include_str!("page.mjs")),
    ("spa.mjs", include_str!("spa.mjs")),
    ("tls.mjs", include_str!("tls.mjs")),
];

/// A folder with the scripts, below the packages, where Node finds them; `None` without Node or Chromium.
pub fn folder() -> Option<TempDir> {
    static PLACE: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let place = PLACE.get_or_init(|| {
        let chromium = Command::new("chromium").arg("--version").output();
        chromium.map_err(|error| format!("chromium: {error}"))?;
        npm::install(&PACKAGES)
    });
    let place = match place {
        Ok(place) => place,
        Err(reason) => {
            npm::skip("browser", "Chromium, Node 20, npm and its registry", reason);
            return None;
        }
    };
    let folder = tempfile::tempdir_in(place).unwrap();
    for (name, content) in SCRIPTS {
        fs::write(folder.path().join(name), content).unwrap();
    }
    Some(folder)
}

/// A running script, and its output.
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

/// The script ends with its input and the browser with the script, even if a test fails.
impl Drop for Script {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
