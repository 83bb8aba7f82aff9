//! The walk of all example servers, on this one.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use oob_mfa_walk::{Server, walk};
use serde_json::Value;

fn program(directory: &Path, address: SocketAddr) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oob-mfa-server"));
    command.current_dir(directory).env_clear();
    command.args(["--listen", &address.to_string()]);
    // Another test checks the log.
    command.stderr(Stdio::null());
    command
}

fn code(line: &str) -> Option<String> {
    let message: Value = serde_json::from_str(line).ok()?;
    Some(message["code"].as_str()?.to_owned())
}

#[test]
fn the_server_passes_the_walk_of_all_examples() {
    let directory = tempfile::tempdir().unwrap();
    walk(|| {
        // Deleted with its parent folder.
        let own = tempfile::tempdir_in(&directory).unwrap().keep();
        Server::start(|address| program(&own, address), code)
    });
}
