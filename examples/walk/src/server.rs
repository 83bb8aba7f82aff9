//! The process under test.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than any step here.
const DEADLINE: Duration = Duration::from_secs(30);

/// A server that prints its messages to standard output. It ends when this value is dropped.
pub struct Server {
    process: Child,
    /// The address that it listens on.
    pub address: SocketAddr,
    lines: Mutex<Receiver<String>>,
    code: fn(&str) -> Option<String>,
    /// Whether its transport sends `Accept-Encoding`.
    pub(crate) tells_encoding: bool,
}

impl Server {
    /// Starts one of the small examples.
    ///
    /// # Panics
    ///
    /// As [`start`](Self::start).
    #[must_use]
    pub fn of(program: &str) -> Self {
        let command = |address: SocketAddr| {
            let mut command = Command::new(program);
            command.arg(address.to_string());
            command
        };
        Self::start(command, printed_code)
    }

    /// Starts the program that `command` makes for an address, and waits until it listens there.
    ///
    /// `code` finds the binding code in a printed line, if the line is a message.
    ///
    /// # Panics
    ///
    /// If the program ends each time, or does not listen in time.
    pub fn start(
        command: impl Fn(SocketAddr) -> Command,
        code: fn(&str) -> Option<String>,
    ) -> Self {
        // Another process may take the free port before it is used.
        (0..3)
            .find_map(|_| Self::try_to_start(&command, code))
            .expect("the server ended 3 times")
    }

    fn try_to_start(
        command: impl Fn(SocketAddr) -> Command,
        code: fn(&str) -> Option<String>,
    ) -> Option<Self> {
        let address = free_address();
        let mut command = command(address);
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut server = Self {
            process,
            address,
            lines: Mutex::new(lines),
            code,
            tells_encoding: true,
        };
        let begun = Instant::now();
        while TcpStream::connect(address).is_err() {
            if server.process.try_wait().unwrap().is_some() {
                return None;
            }
            assert!(begun.elapsed() < DEADLINE, "the server does not listen");
            thread::sleep(Duration::from_millis(10));
        }
        Some(server)
    }

    /// The same, for a transport that omits `Accept-Encoding` from its responses.
    #[must_use]
    pub const fn without_accept_encoding(mut self) -> Self {
        self.tells_encoding = false;
        self
    }

    /// The code of the next message.
    pub(crate) fn code(&self) -> String {
        let lines = self.lines.lock().unwrap();
        loop {
            let line = lines.recv_timeout(DEADLINE).expect("a message");
            if let Some(code) = (self.code)(&line) {
                return code;
            }
        }
    }

    /// How many printed messages were not read yet.
    pub(crate) fn unread(&self) -> usize {
        let lines = self.lines.lock().unwrap();
        lines
            .try_iter()
            .filter_map(|line| (self.code)(&line))
            .count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A free address.
fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap()
}

/// The code in a line of the small examples, `sms to +1…: 123456 is …` or `call to +1…: … 1, 2, 3, …`.
fn printed_code(line: &str) -> Option<String> {
    let (_, words) = line.split_once(" to +")?.1.split_once(": ")?;
    let digits = words.chars().filter(char::is_ascii_digit);
    Some(digits.take(6).collect())
}
