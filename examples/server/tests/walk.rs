//! The walk that every server of the examples is driven through.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use oob_mfa_walk::{Server, walk};
use serde_json::Value;

fn program(directory: &Path, address: SocketAddr) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oob-mfa-server"));
    command.current_dir(directory).env_clear();
    command.args(["--listen", &address.to_string()]);
    // Its log is the business of another test.
    command.stderr(Stdio::null());
    command
}

fn code(line: &str) -> Option<String> {
    let message: Value = serde_json::from_str(line).ok()?;
    Some(message["code"].as_str()?.to_owned())
}

#[test]
fn it_answers_as_every_server_of_the_examples_does() {
    let directory = tempfile::tempdir().unwrap();
    walk(|| {
        // It goes with the one that it is in.
        let own = tempfile::tempdir_in(&directory).unwrap().keep();
        Server::start(|address| program(&own, address), code)
    });
}
