//! The scripts that drive Chromium.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

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
    let needs = "Chromium, Node 20, npm and its registry";
    npm::folder(place, &SCRIPTS, "browser", needs)
}
