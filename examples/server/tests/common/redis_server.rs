//! A Redis of the test's own, which may be killed.

use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use super::backend::Backend;
use super::patience::until;

pub struct RedisServer {
    directory: TempDir,
    arguments: Vec<String>,
    pub address: SocketAddr,
    process: Child,
}

pub const DURABLE: [&str; 6] = [
    "--appendonly",
    "yes",
    "--appendfsync",
    "always",
    "--save",
    "",
];

impl RedisServer {
    /// None, where the program is not installed: where the environment names no Redis, the line that
    /// says what was skipped is printed elsewhere.
    pub fn start(arguments: &[&str]) -> Option<Self> {
        Backend::redis()?;
        // The port was free a moment ago; nothing else on the machine is asked to take it.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let directory = tempfile::tempdir().unwrap();
        let arguments: Vec<_> = arguments.iter().map(|&word| word.to_owned()).collect();
        let process = Self::spawn(&directory, address, &arguments);
        Some(Self {
            directory,
            arguments,
            address,
            process,
        })
    }

    fn spawn(directory: &TempDir, address: SocketAddr, arguments: &[String]) -> Child {
        let process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &address.port().to_string()])
            .args(["--dir", &directory.path().display().to_string()])
            .args(arguments)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed where a Redis to test on is");
        let client = redis::Client::open(format!("redis://{address}")).unwrap();
        until("Redis answers", || {
            let asked = client.get_connection();
            asked.is_ok_and(|mut redis| redis::cmd("PING").exec(&mut redis).is_ok())
        });
        process
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// On the same port, with the same files and arguments.
    pub fn start_again(&mut self) {
        self.process = Self::spawn(&self.directory, self.address, &self.arguments);
    }

    pub fn url(&self) -> String {
        format!("redis://{}/0", self.address)
    }

    pub fn run(&self, words: &[&str]) {
        let client = redis::Client::open(self.url()).unwrap();
        let mut command = redis::cmd(words[0]);
        command.arg(&words[1..]);
        command.exec(&mut client.get_connection().unwrap()).unwrap();
    }

    pub fn record(&self, subject: &str) -> Vec<u8> {
        let client = redis::Client::open(self.url()).unwrap();
        redis::cmd("HGET")
            .arg(format!("oob-mfa:account:{subject}"))
            .arg("record")
            .query(&mut client.get_connection().unwrap())
            .unwrap()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
