//! The program in its own folder, and its messages.
#![allow(dead_code, reason = "each test binary uses a part of it")]

#[path = "process.rs"]
mod process;

use std::fs;
use std::path::{Path, PathBuf};

use process::Process;
use serde_json::Value;

pub struct Server {
    _process: Process,
    pub url: String,
    /// The file for its messages.
    pub outbox: PathBuf,
}

impl Server {
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let process = Process::start(
            Process::command()
                .current_dir(folder)
                // Arguments have precedence.
                .env("OOB_MFA_LISTEN", "127.0.0.1:0")
                .args(["--outbox", "outbox.jsonl"])
                .args(arguments),
        );
        Self {
            url: format!("http://{}", process.address),
            outbox: folder.join("outbox.jsonl"),
            _process: process,
        }
    }

    /// The code of the last message.
    pub fn sent_code(&self) -> String {
        let messages = fs::read_to_string(&self.outbox).unwrap();
        let last: Value = serde_json::from_str(messages.lines().last().unwrap()).unwrap();
        last["code"].as_str().unwrap().to_owned()
    }
}
