//! The program as it is started: flags, exit codes, files, the demonstration, and its log.
#![cfg(unix)]

mod administration;
mod commands;
mod demonstration;
mod files;
mod flags;
mod start;
#[path = "../common/words.rs"]
mod words;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use words::PASSWORD;

fn program(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oob-mfa-server"));
    command.current_dir(directory).env_clear();
    command
}

fn run(directory: &Path, arguments: &[&str]) -> Output {
    program(directory).args(arguments).output().unwrap()
}

struct Running {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    log: String,
    url: String,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut log = String::new();
        let url = loop {
            let from = log.len();
            assert_ne!(stderr.read_line(&mut log).unwrap(), 0, "it ended: {log}");
            if let Some((_, rest)) = log[from..].split_once("address=") {
                break format!("http://{}", rest.split_whitespace().next().unwrap());
            }
        };
        Self {
            child,
            stderr,
            log,
            url,
        }
    }

    /// Sends SIGTERM. Returns the standard output and the log.
    fn stop(mut self) -> (String, String) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        let mut output = String::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut output)
            .unwrap();
        self.stderr.read_to_string(&mut self.log).unwrap();
        assert!(self.child.wait().unwrap().success(), "{}", self.log);
        (output, self.log)
    }

    fn post(&self, path: &str, bearer: &str, body: &Value) -> Value {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let mut answer = agent
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {bearer}"))
            .send(body.to_string())
            .unwrap();
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
    }

    fn login(&self) -> String {
        let body = json!({
            "grant_type": "password", "client_id": "demo", "client_secret": "demo-secret",
            "username": "alice@example.com", "password": PASSWORD,
        });
        self.post("/oauth/token", "", &body)["mfa_token"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}
