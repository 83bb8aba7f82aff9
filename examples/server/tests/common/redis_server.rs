//! A Redis of the test's own, which may be killed.

use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;

use tempfile::TempDir;

use super::backend::{Backend, redis_command, redis_record};
use super::patience::until;

pub struct RedisServer {
    directory: TempDir,
    arguments: Vec<String>,
    pub address: SocketAddr,
    process: Mutex<Child>,
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
        let process = Mutex::new(Self::spawn(&directory, address, &arguments));
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
    pub fn kill(&self) {
        let mut process = self.process.lock().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// On the same port, with the same files and arguments.
    pub fn start_again(&self) {
        let process = Self::spawn(&self.directory, self.address, &self.arguments);
        *self.process.lock().unwrap() = process;
    }

    pub fn url(&self) -> String {
        format!("redis://{}/0", self.address)
    }

    pub fn run(&self, words: &[&str]) {
        redis_command(&self.url(), words);
    }

    pub fn record(&self, subject: &str) -> Vec<u8> {
        redis_record(&self.url(), subject).unwrap()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
