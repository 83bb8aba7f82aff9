//! Processes are killed while they write: a log has the events of each committed change.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

use serde_json::json;

use crate::common::backend::{Backend, Kind, of_every_store};
use crate::common::long;
use crate::common::process::Process;
use crate::common::request::{Connection, Request};
use crate::common::site::{ISSUER, Site};
use crate::common::*;
use crate::until;

/// A site without effective limits.
pub fn site() -> Site {
    site_of("")
}

/// The same with more users.
pub fn site_of(users: &str) -> Site {
    Site::with(&format!(
        "issuer = \"{ISSUER}\"\n[policy]\nsends = {{ burst = 10000, refill_seconds = 1 }}\n{users}"
    ))
}

/// Revision and event of each line, in order.
fn lines(log: &str) -> Vec<(u64, String)> {
    let lines = log.lines().filter_map(|line| {
        let (_, line) = line.split_once(" audit: subject=\"auth0|alice\" revision=")?;
        let (revision, line) = line.split_once(' ')?;
        let (_, line) = line.split_once(" event=\"")?;
        let (event, _) = line.split_once('"')?;
        Some((revision.parse().unwrap(), event.to_owned()))
    });
    lines.collect()
}

/// Requests challenges until the process ends, and ignores the answers.
fn challenge_until_it_dies(address: SocketAddr, token: &str, answered: &AtomicU64) {
    let request = Request::challenge(token);
    let ask = || Connection::open(address)?.send(&request);
    while ask().is_ok() {
        answered.fetch_add(1, SeqCst);
    }
}

/// Kills after this many answers, at any point of the other requests.
fn killed_after(process: &mut Process, token: &str, answers: u64) -> String {
    const CLIENTS: usize = 4;
    let answered = AtomicU64::new(0);
    let address = process.address;
    thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| challenge_until_it_dies(address, token, &answered));
        }
        until("it answers", || answered.load(SeqCst) >= answers);
        process.kill()
    })
}

fn no_committed_event_is_lost_by_a_process_that_is_killed(backend: &Backend) {
    let site = site();
    let mut running = site.start(&backend.url);
    site.enroll(&running.client);
    let token = running.client.login();
    let mut logs = Vec::new();
    for kill in 0..long::or(25, 5) {
        logs.push(killed_after(
            &mut running.process,
            &token,
            3 + 7 * kill % 20,
        ));
        running = site.start(&backend.url);
    }
    // The remaining events are logged before a normal end.
    running.client.challenge(&token, &json!({})).ok();
    logs.push(running.process.terminate());

    let lines: Vec<_> = logs.iter().flat_map(|log| lines(log)).collect();
    let last = backend.account(ALICE).unwrap().revision();
    let mut seen = 0;
    for (revision, _) in &lines {
        // A new change is the next one: none was skipped or reordered.
        assert!(*revision <= seen + 1, "{revision} after {seen}: {lines:?}");
        seen = seen.max(*revision);
    }
    assert_eq!(seen, last);
    // All events of the enrollment, and of each challenge, the only other changes.
    let enrolled = [(2, "authenticator_added"), (2, "recovery_code_replaced")];
    let challenged = (3..=last).map(|revision| (revision, "code_issued"));
    for (revision, event) in [(1, "code_issued")]
        .into_iter()
        .chain(enrolled)
        .chain(challenged)
    {
        assert!(lines.contains(&(revision, event.to_owned())), "{lines:?}");
    }
    // Nothing is logged twice without a kill.
    let again = site.start(&backend.url).process.terminate();
    assert_eq!(self::lines(&again), []);
}

of_every_store! { no_committed_event_is_lost_by_a_process_that_is_killed }

/// Blocks processes from reading events, but not from writing them, during `act`.
fn while_events_cannot_be_read<T>(backend: &Backend, done: impl FnOnce() -> T) -> T {
    match &backend.kind {
        Kind::Redb { .. } => unreachable!(),
        Kind::Postgres { .. } => {
            // The oldest event is locked: readers wait for it.
            backend.sql(
                r#"INSERT INTO oob_mfa_events (event) VALUES
                ('{"subject":"x","revision":1,"at":0,"event":"account_reset","notify":true}')"#,
            );
            let lock = async {
                let client = backend.client().await;
                let lock = "BEGIN; SELECT FROM oob_mfa_events FOR UPDATE";
                client.batch_execute(lock).await.unwrap();
                client
            };
            let client = backend.runtime.block_on(lock);
            let value = done();
            drop(client);
            value
        }
        Kind::Redis { .. } => {
            let lease = "oob-mfa:events:reader";
            backend.redis_command(&["SET", lease, "another"]);
            let value = done();
            backend.redis_command(&["DEL", lease]);
            value
        }
    }
}

/// A certain version of what the kills above reach by chance.
#[test]
fn a_process_that_is_killed_between_commit_and_log_leaves_the_line_to_the_next() {
    for backend in Backend::postgres().into_iter().chain(Backend::redis()) {
        let site = site();
        let mut first = site.start(&backend.url);
        site.enroll(&first.client);
        let token = first.client.login();
        first.process.terminate();

        let killed = while_events_cannot_be_read(&backend, || {
            let mut second = site.start(&backend.url);
            for _ in 0..3 {
                second.client.challenge(&token, &json!({})).ok();
            }
            second.process.kill()
        });
        assert_eq!(lines(&killed), []);
        assert_eq!(backend.account(ALICE).unwrap().revision(), 5);
        let mut third = site.start(&backend.url);
        until("they are logged", || backend.events() == 0);
        let log = third.process.kill();
        let mut issued = lines(&log);
        issued.retain(|(_, event)| event == "code_issued");
        let code_issued = |revision| (revision, "code_issued".to_owned());
        assert_eq!(issued, [3, 4, 5].map(code_issued), "{log}");
    }
}
