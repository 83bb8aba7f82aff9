//! Server processes that share a store, a configuration, a key file, and a file for their messages.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::process::Process;
use super::{ALICE, Client, PHONE, password_hash};

pub const ISSUER: &str = "https://login.example.com/";
pub const MFA_AUDIENCE: &str = "https://login.example.com/mfa/";

/// A user of a configuration with many.
#[derive(Clone, Copy, Debug)]
pub struct User(usize);

impl User {
    pub fn nth(number: usize) -> Self {
        Self(number)
    }

    pub fn email(self) -> String {
        format!("user{}@example.com", self.0)
    }

    pub fn subject(self) -> String {
        format!("auth0|{}", self.0)
    }

    pub fn phone(self) -> String {
        format!("+141555510{:02}", self.0)
    }

    /// The first users in a configuration.
    pub fn lines(users: usize) -> String {
        let hash = password_hash();
        let users = (0..users).map(Self).map(|user| {
            let (email, sub) = (user.email(), user.subject());
            format!("[[users]]\nemail = \"{email}\"\nsub = \"{sub}\"\npassword_hash = \"{hash}\"\n")
        });
        users.collect()
    }
}

pub struct Site {
    directory: TempDir,
}

/// One of the processes, and a client of it.
pub struct Running {
    pub process: Process,
    pub client: Client,
}

impl Running {
    pub fn of(process: Process) -> Self {
        let client = Client::of(process.address);
        Self { process, client }
    }
}

impl Site {
    pub fn new() -> Self {
        Self::with(&format!("issuer = \"{ISSUER}\""))
    }

    /// With these lines of the configuration instead of the issuer.
    pub fn with(lines: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let hash = password_hash();
        let config = format!(
            r#"
            {lines}
            [[users]]
            email = "alice@example.com"
            sub = "{ALICE}"
            password_hash = "{hash}"
            [[clients]]
            id = "demo"
            secret = "demo-secret"
            manages_factors = true
            "#
        );
        fs::write(directory.path().join("config.toml"), config).unwrap();
        Self { directory }
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// A process on a store.
    pub fn start(&self, store: &str) -> Running {
        self.start_sending_to(store, "outbox.jsonl")
    }

    pub fn start_sending_to(&self, store: &str, outbox: &str) -> Running {
        Running::of(Process::start(&mut self.command(store, outbox)))
    }

    /// What starts one.
    pub fn command(&self, store: &str, outbox: &str) -> Command {
        let mut command = Process::command();
        command
            .current_dir(self.path())
            .env("OOB_MFA_STORE", store)
            .args(["--listen", "127.0.0.1:0", "--config", "config.toml"])
            .args(["--outbox", outbox]);
        command
    }

    fn outbox(&self) -> PathBuf {
        self.path().join("outbox.jsonl")
    }

    /// The sent messages, in order.
    pub fn messages(&self) -> Vec<Value> {
        let lines = fs::read_to_string(self.outbox()).unwrap_or_default();
        let messages = lines.lines().map(serde_json::from_str);
        messages.collect::<Result<_, _>>().unwrap()
    }

    /// The code of the last message.
    pub fn code(&self) -> String {
        let messages = self.messages();
        messages.last().unwrap()["code"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Enrolls alice's phone. Returns the recovery code.
    pub fn enroll(&self, client: &Client) -> String {
        let token = client.login();
        let recovery_code = client.enroll_reading(&token, PHONE, || self.code());
        recovery_code.unwrap()
    }

    /// A pending login: `mfa_token`, `oob_code` and the code.
    pub fn challenged(&self, client: &Client) -> (String, String, String) {
        let token = client.login();
        let challenge = client.challenge(&token, &serde_json::json!({}));
        (token, challenge.text("oob_code"), self.code())
    }
}
