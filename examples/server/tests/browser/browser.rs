//! A script that drives Chromium, and what it printed.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
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

/// A folder with the scripts, below the packages, where Node finds them; nothing without Node or Chromium.
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

/// The script of a folder, ready to run.
pub fn script(folder: &TempDir, name: &str) -> Command {
    let mut command = Command::new("node");
    command
        .arg(name)
        .current_dir(folder.path())
        .stdin(Stdio::null());
    command
}

/// What a script printed, step by step.
pub struct Steps(std::vec::IntoIter<Value>);

impl Steps {
    #[track_caller]
    pub fn of(mut command: Command) -> Self {
        let output = command.output().unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{printed}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let steps: Vec<_> = printed
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        Self(steps.into_iter())
    }

    #[track_caller]
    pub fn next(&mut self, step: &str) -> Value {
        let line = self.0.next().unwrap();
        assert_eq!(line["step"], step, "{line}");
        line
    }

    #[track_caller]
    pub fn end(mut self) {
        assert_eq!(self.0.next(), Some(json!({ "step": "end" })));
        assert_eq!(self.0.next(), None);
    }
}
