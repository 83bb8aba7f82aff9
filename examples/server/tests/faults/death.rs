//! A process dies between the commit and the send.
//!
//! Its messages go to a full pipe that nobody reads. It therefore stays in the send, with the
//! decision saved, until SIGKILL.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use crate::common::backend::{Backend, of_every_shared_store};
use crate::common::request::{Connection, Request};
use crate::common::site::{Running, Site};
use crate::common::*;
use crate::until;

/// A pipe without room for a message.
struct FullPipe(File);

impl FullPipe {
    fn make(path: &Path) -> Self {
        let made = Command::new("mkfifo").arg(path).status().unwrap();
        assert!(made.success());
        // One handle for both ends, so that neither open waits.
        let both = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .unwrap();
        let reader = File::open(path).unwrap();
        drop(both);
        Self(reader)
    }

    fn fill(&self, path: &Path) {
        // Whole pages, until there is no room for another.
        let filled = Command::new("dd")
            .args(["if=/dev/zero", "bs=4096", "oflag=nonblock", "conv=notrunc"])
            .arg(format!("of={}", path.display()))
            .stderr(Stdio::null())
            .status()
            .unwrap();
        assert!(!filled.success(), "a pipe has an end");
    }

    /// The content of the pipe, once the other end is closed.
    fn read(mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.0.read_to_end(&mut bytes).unwrap();
        bytes
    }
}

/// Sends a request whose message blocks, and kills the process once its decision is saved.
fn killed_between_commit_and_send(backend: &Backend, site: &Site, request: &Request) {
    let pipe_path = site.path().join("pipe");
    let pipe = FullPipe::make(&pipe_path);
    let Running {
        mut process,
        client,
    } = site.start_sending_to(&backend.url, "pipe");
    pipe.fill(&pipe_path);

    let revision = || {
        let account = backend.account(ALICE);
        account.map_or(0, |account| account.revision())
    };
    let before = revision();
    let mut connection = Connection::open(client.address).unwrap();
    connection.begin(request).unwrap();
    connection.finish(request).unwrap();
    until("the decision is saved", || revision() == before + 1);
    let log = process.kill();
    assert!(!log.contains("message sent"), "{log}");
    assert!(!log.contains("message not sent"), "{log}");

    // Neither an answer nor a message has left.
    assert_eq!(String::from_utf8_lossy(&connection.rest()), "");
    assert!(pipe.read().iter().all(|byte| *byte == 0));
    std::fs::remove_file(pipe_path).unwrap();
    assert_eq!(revision(), before + 1);
}

of_every_shared_store! { a_challenge_that_was_saved_and_not_sent_stays_charged }

fn a_challenge_that_was_saved_and_not_sent_stays_charged(backend: &Backend) {
    let site = Site::new();
    let first = site.start(&backend.url);
    site.enroll(&first.client);
    let (token, oob_code, code) = site.challenged(&first.client);
    drop(first);

    killed_between_commit_and_send(backend, &site, &Request::challenge(&token));

    // Another process: the code that was never sent is used up, and so is the code that it
    // superseded.
    let next = site.start(&backend.url);
    next.client
        .answer(&token, &oob_code, &code)
        .refused(MALFORMED_OOB_CODE);
    // The user asks again: 3 of 10 are charged.
    for _ in 0..7 {
        next.client.challenge(&token, &json!({})).ok();
    }
    assert_eq!(next.client.challenge(&token, &json!({})).status, 429);
    assert_eq!(site.messages().len(), 9);
}

#[test]
fn an_association_that_was_saved_and_not_sent_can_be_repeated() {
    for backend in Backend::postgres().into_iter().chain(Backend::redis()) {
        let site = Site::new();
        let first = site.start(&backend.url);
        let token = first.client.login();
        drop(first);

        killed_between_commit_and_send(&backend, &site, &Request::associate(&token, PHONE));

        let next = site.start(&backend.url);
        // Unconfirmed, so it does not guard the account, and the same token can start again.
        assert!(!backend.account(ALICE).unwrap().is_enrolled());
        next.client.enroll_reading(&token, PHONE, || site.code());
        // 2 of 10 are charged.
        let token = next.client.login();
        for _ in 0..8 {
            next.client.challenge(&token, &json!({})).ok();
        }
        assert_eq!(next.client.challenge(&token, &json!({})).status, 429);
        assert_eq!(site.messages().len(), 9);
    }
}
