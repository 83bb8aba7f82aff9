//! PostgreSQL restarts, closes connections, and cancels statements.

use std::process::{Command, Stdio};
use std::thread;

use serde_json::json;

use crate::common::backend::{Backend, Kind};
use crate::common::long;
use crate::common::site::Site;
use crate::common::*;
use crate::{is_unavailable, outage, until};

fn control(action: &str) {
    let program = std::env::var("OOB_MFA_TEST_POSTGRES_CTL")
        .expect("OOB_MFA_TEST_POSTGRES_CTL goes with OOB_MFA_TEST_POSTGRES");
    let status = Command::new(program)
        .arg(action)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{action}");
}

/// The result of a `SELECT` of one text about the sessions of the test's server processes.
fn sessions(backend: &Backend, columns: &str, condition: &str) -> i64 {
    let Kind::Postgres { schema, .. } = &backend.kind else {
        unreachable!();
    };
    let query = format!(
        "SELECT count({columns}) FROM pg_stat_activity \
         WHERE application_name = '{schema}' AND pid <> pg_backend_pid() AND {condition}"
    );
    backend.runtime.block_on(async {
        let row = backend.client().await.query_one(&query, &[]).await;
        row.unwrap().get(0)
    })
}

#[test]
fn requests_during_an_outage_get_retry_after_and_later_work() {
    let Some(backend) = Backend::postgres_alone() else {
        return;
    };
    let record = || backend.record(ALICE);
    outage(
        &backend.url,
        record,
        || control("stop"),
        || control("start"),
    );
}

#[test]
fn connections_that_were_cut_between_requests_are_not_noticed() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let site = Site::new();
    let server = site.start(&backend.url);
    site.enroll(&server.client);
    let token = server.client.login();
    // More than one of them.
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| server.client.list(&token).ok());
        }
    });
    let cut = sessions(&backend, "pg_terminate_backend(pid, 10000)", "true");
    assert!(cut > 0);
    let (token, oob_code, code) = site.challenged(&server.client);
    server.client.answer(&token, &oob_code, &code).ok();
}

/// The servers of `.ci/with-services` do not wait for the disk; other servers may.
#[test]
fn a_database_that_does_not_wait_for_the_disk_causes_a_warning() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let fsync: String = backend.runtime.block_on(async {
        let row = backend.client().await.query_one("SHOW fsync", &[]).await;
        row.unwrap().get(0)
    });
    let log = Site::new().start(&backend.url).process.kill();
    let warned = log.lines().any(|line| {
        line.contains("WARN") && line.contains(r#"can lose what it has committed setting="fsync""#)
    });
    assert_eq!(warned, fsync == "off", "{log}");
    assert!(!log.contains(r#"setting="full_page_writes""#), "{log}");
}

/// A session that locks alice's row during `act`.
fn while_the_row_is_locked<T>(backend: &Backend, done: impl FnOnce() -> T) -> T {
    let lock = async {
        let client = backend.client().await;
        let lock = "BEGIN; SELECT FROM oob_mfa_accounts FOR UPDATE";
        client.batch_execute(lock).await.unwrap();
        client
    };
    let client = backend.runtime.block_on(lock);
    let value = done();
    backend
        .runtime
        .block_on(client.batch_execute("ROLLBACK"))
        .unwrap();
    value
}

/// For a server whose statements wait for a locked row until they time out.
fn patient(backend: &Backend) -> String {
    let options = "options=-c%20lock_timeout%3D1min%20";
    backend.url.replace("options=", options)
}

const WAITING: &str = "wait_event_type = 'Lock'";

#[test]
fn a_statement_that_timed_out_has_written_nothing() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let site = Site::new();
    let server = site.start(&patient(&backend));
    site.enroll(&server.client);
    let (token, oob_code, code) = site.challenged(&server.client);
    let before = backend.record(ALICE);
    while_the_row_is_locked(&backend, || {
        // Both wait equally long, so run them together.
        thread::scope(|scope| {
            let asked = scope.spawn(|| server.client.challenge(&token, &json!({})));
            is_unavailable(&server.client.answer(&token, &oob_code, &code));
            is_unavailable(&asked.join().unwrap());
        });
        assert_eq!(sessions(&backend, "*", WAITING), 0);
    });
    assert_eq!(backend.record(ALICE), before);
    assert_eq!(site.messages().len(), 2);
    server.client.answer(&token, &oob_code, &code).ok();
}

#[test]
fn a_connection_cut_during_a_write_only_costs_a_503() {
    let Some(backend) = Backend::postgres() else {
        return;
    };
    let site = Site::new();
    let server = site.start(&patient(&backend));
    site.enroll(&server.client);
    let (token, oob_code, code) = site.challenged(&server.client);
    let before = backend.record(ALICE);
    while_the_row_is_locked(&backend, || {
        thread::scope(|scope| {
            let asked = scope.spawn(|| server.client.answer(&token, &oob_code, &code));
            until("the write waits", || sessions(&backend, "*", WAITING) == 1);
            assert_eq!(sessions(&backend, "pg_terminate_backend(pid)", WAITING), 1);
            is_unavailable(&asked.join().unwrap());
        });
    });
    assert_eq!(backend.record(ALICE), before);
    server.client.answer(&token, &oob_code, &code).ok();
}

/// Makes the server wait for a standby that does not exist, until this is dropped.
struct AbsentStandby<'a>(&'a Backend);

impl<'a> AbsentStandby<'a> {
    fn waited_for(backend: &'a Backend) -> Self {
        let standby = Self(backend);
        backend.sql("ALTER SYSTEM SET synchronous_standby_names = 'absent'");
        standby.reload("absent");
        standby
    }

    /// Waits until new sessions have the setting.
    fn reload(&self, expected: &str) {
        self.0.sql("SELECT pg_reload_conf()");
        until("the setting is read", || {
            self.0.runtime.block_on(async {
                let show = "SHOW synchronous_standby_names";
                let row = self.0.client().await.query_one(show, &[]).await;
                row.unwrap().get::<_, String>(0) == expected
            })
        });
    }
}

impl Drop for AbsentStandby<'_> {
    fn drop(&mut self) {
        self.0.sql("ALTER SYSTEM RESET synchronous_standby_names");
        self.reload("");
    }
}

#[test]
fn a_commit_that_waits_for_its_standby_times_out_and_leaves_no_session() {
    // The setting applies to the whole server.
    let Some(backend) = Backend::postgres_alone() else {
        return;
    };
    let site = Site::new();
    let server = site.start(&backend.url);
    let client = &server.client;
    site.enroll(client);
    let (token, oob_code, code) = site.challenged(client);
    let standby = AbsentStandby::waited_for(&backend);
    for _ in 0..long::or(3, 1) {
        is_unavailable(&client.answer(&token, &oob_code, &wrong(&code)));
    }
    assert!(sessions(&backend, "*", "wait_event = 'SyncRep'") <= 1);
    until("no session waits", || {
        sessions(&backend, "*", "wait_event = 'SyncRep'") == 0
    });
    until("no session is left", || {
        sessions(&backend, "*", "true") <= 1
    });
    // Each place in the pool is free again: more reads than places succeed.
    for _ in 0..17 {
        client.list(&token).ok();
    }
    drop(standby);
    client.answer(&token, &oob_code, &code).ok();
    // No client saw a wrong code judged, and each is charged: at most 3.
    assert_eq!(site.messages().len(), 2);
}
