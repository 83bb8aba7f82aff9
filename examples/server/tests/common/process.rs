//! The program as a process that can be killed.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// The time for a process to listen; none takes that long.
const START: Duration = Duration::from_secs(30);

pub struct Process {
    child: Child,
    /// The address that it listens on.
    pub address: SocketAddr,
    /// The log until then.
    pub started: String,
    log: Option<JoinHandle<String>>,
}

impl Process {
    /// The program, without a variable of this environment.
    pub fn command() -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oob-mfa-server"));
        command.env_clear();
        command
    }

    /// Starts it, and waits until it listens.
    pub fn start(command: &mut Command) -> Self {
        Self::start_printing_to(command, Stdio::null())
    }

    /// The same, with another standard output.
    pub fn start_printing_to(command: &mut Command, output: Stdio) -> Self {
        let mut child = command
            .stdout(output)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, listening) = mpsc::channel();
        let log = thread::spawn(move || read(stderr, &sender));
        match listening.recv_timeout(START) {
            Ok((address, started)) => Self {
                child,
                address,
                started,
                log: Some(log),
            },
            Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                panic!("it does not listen: {}", log.join().unwrap());
            }
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGKILL. Returns the log once it has ended.
    pub fn kill(&mut self) -> String {
        self.child.kill().unwrap();
        self.log()
    }

    /// Sends SIGTERM. Returns the log once it has ended normally.
    pub fn terminate(&mut self) -> String {
        let id = self.child.id().to_string();
        let told = Command::new("kill").args(["-TERM", &id]).status().unwrap();
        assert!(told.success());
        let log = self.log();
        assert!(self.child.wait().unwrap().success(), "{log}");
        log
    }

    fn log(&mut self) -> String {
        self.child.wait().unwrap();
        self.log
            .take()
            .map_or_else(String::new, |log| log.join().unwrap())
    }
}

/// Ends the process, even if the test fails.
impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The whole log. It is read while the process runs: otherwise the pipe fills and the process waits.
fn read(stderr: BufReader<ChildStderr>, listening: &Sender<(SocketAddr, String)>) -> String {
    let mut log = String::new();
    for line in stderr.lines() {
        let line = line.unwrap();
        let address = line
            .split_once("listening address=")
            .and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok());
        log.push_str(&line);
        log.push('\n');
        if let Some(address) = address {
            let _ = listening.send((address, log.clone()));
        }
    }
    log
}
