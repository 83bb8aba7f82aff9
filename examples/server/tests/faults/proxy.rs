//! A network between a server process and its store that the test controls.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

/// A fault of the network.
#[derive(Clone, Copy)]
pub enum Fault {
    None,
    /// The first answer of this kind is lost, and the connection with it.
    LoseAnswer(fn(&[u8]) -> bool),
    /// Requests of this kind wait until the fault is over.
    HoldRequest(fn(&[u8]) -> bool),
    /// Like a router that forgets connections: they stay open, and nothing passes.
    ForgetConnections,
    /// The same, except for the connection that was used last.
    ForgetIdleConnections,
}

pub struct Proxy {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    fault: Fault,
    struck: usize,
    released: usize,
    /// The number of connections, the one of the last request, how many are forgotten, and the
    /// exception.
    opened: usize,
    last: usize,
    forgotten: usize,
    kept: Option<usize>,
}

impl Proxy {
    pub fn to(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            state: Mutex::new(State {
                fault: Fault::None,
                struck: 0,
                released: 0,
                opened: 0,
                last: 0,
                forgotten: 0,
                kept: None,
            }),
            changed: Condvar::new(),
        });
        let proxy = Self {
            address,
            shared: Arc::clone(&shared),
        };
        // They end with the process.
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                // A store that is down closes the connection.
                let Ok(store) = TcpStream::connect(upstream) else {
                    continue;
                };
                let number = {
                    let mut state = shared.state.lock().unwrap();
                    state.opened += 1;
                    state.opened
                };
                let pipes = [
                    (
                        client.try_clone().unwrap(),
                        store.try_clone().unwrap(),
                        Shared::request as Pass,
                    ),
                    (store, client, Shared::answer as Pass),
                ];
                for (from, to, pass) in pipes {
                    let shared = Arc::clone(&shared);
                    thread::spawn(move || shared.pump(from, to, pass, number));
                }
            }
        });
        proxy
    }

    pub fn set(&self, fault: Fault) {
        let mut state = self.shared.state.lock().unwrap();
        (state.fault, state.struck, state.released) = (fault, 0, 0);
        state.forgotten = state.opened;
        state.kept = match fault {
            Fault::ForgetIdleConnections => Some(state.last),
            _ => None,
        };
        self.shared.changed.notify_all();
    }

    /// How many requests or answers the fault has hit.
    pub fn struck(&self) -> usize {
        self.shared.state.lock().unwrap().struck
    }

    /// How many held requests have arrived after the fault.
    pub fn released(&self) -> usize {
        self.shared.state.lock().unwrap().released
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verdict {
    On,
    OnAfterHold,
    Cut,
}

type Pass = fn(&Shared, &[u8], usize) -> Verdict;

impl Shared {
    fn pump(&self, mut from: TcpStream, mut to: TcpStream, pass: Pass, number: usize) {
        let mut bytes = [0; 16 * 1024];
        loop {
            let length = from.read(&mut bytes).unwrap_or(0);
            let bytes = &bytes[..length];
            let verdict = pass(self, bytes, number);
            if length == 0 || verdict == Verdict::Cut || to.write_all(bytes).is_err() {
                break;
            }
            if verdict == Verdict::OnAfterHold {
                self.state.lock().unwrap().released += 1;
            }
        }
        let _ = to.shutdown(Shutdown::Both);
        let _ = from.shutdown(Shutdown::Both);
    }

    fn answer(&self, bytes: &[u8], _: usize) -> Verdict {
        let mut state = self.state.lock().unwrap();
        match state.fault {
            Fault::LoseAnswer(kind) if kind(bytes) => {
                state.fault = Fault::None;
                state.struck += 1;
                Verdict::Cut
            }
            _ => Verdict::On,
        }
    }

    fn request(&self, bytes: &[u8], number: usize) -> Verdict {
        let mut state = self.state.lock().unwrap();
        let held = |state: &State| match state.fault {
            Fault::HoldRequest(kind) => kind(bytes),
            Fault::ForgetConnections | Fault::ForgetIdleConnections => {
                number <= state.forgotten && Some(number) != state.kept
            }
            _ => false,
        };
        if bytes.is_empty() {
            return Verdict::On;
        }
        state.last = number;
        if !held(&state) {
            return Verdict::On;
        }
        state.struck += 1;
        drop(self.changed.wait_while(state, |state| held(state)).unwrap());
        Verdict::OnAfterHold
    }
}
