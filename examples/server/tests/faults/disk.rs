//! The disk is full.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

use oob_mfa::Account;
use oob_mfa_server::store::RedbStore;
use serde_json::json;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::audit::{site, site_of};
use crate::common::backend::{Backend, postgres_client};
use crate::common::postgres_server::{PostgresServer, give, initialize, is_root};
use crate::common::site::{Site, User};
use crate::common::*;
use crate::{is_unavailable, until};

const CLIENTS: usize = 4;
/// A client stops after this number of 503 in a row.
const ENOUGH: usize = 10;
/// The number of challenges that are granted before the test fills the disk.
const BEFORE: usize = 50;
/// The most that are granted, even if the store first has to write a few megabytes.
const MOST: usize = 5_000;

/// A file system of a few megabytes in memory.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None` if this process may not mount one. Prints that the test is skipped.
    fn mount(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = is_root()
            && Command::new("mount")
                .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
                .arg(folder.path())
                .status()
                .is_ok_and(|status| status.success());
        if !mounted {
            let line = "SKIPPED, a full disk: only root may mount a small one\n";
            // One write, because the harness prints at the same time.
            let _ = std::io::stderr().write_all(line.as_bytes());
            return None;
        }
        Some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn filler(&self) -> PathBuf {
        self.path().join("filler")
    }

    /// Fills the disk to the last byte.
    fn fill(&self) {
        let mut filler = File::create(self.filler()).unwrap();
        for size in [1 << 16, 1] {
            let zeros = vec![0; size];
            while filler.write_all(&zeros).is_ok() {}
        }
    }

    fn free(&self) {
        fs::remove_file(self.filler()).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a test that failed may have files open.
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

/// Several clients send requests while the test fills the disk, until each gets only 503. `send` gets the number
/// of the client and that of the request. Returns how many were granted.
fn send_until_it_is_full(disk: &SmallDisk, send: impl Fn(usize, usize) -> Answer + Sync) -> usize {
    let (sent, granted) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for client in 0..CLIENTS {
            let (send, sent, granted) = (&send, &sent, &granted);
            scope.spawn(move || {
                let mut refused = 0;
                while refused < ENOUGH {
                    let number = sent.fetch_add(1, SeqCst);
                    assert!(number < MOST, "the disk does not get full");
                    let answer = send(client, number);
                    if answer.status == 200 {
                        refused = 0;
                        granted.fetch_add(1, SeqCst);
                    } else {
                        is_unavailable(&answer);
                        refused += 1;
                    }
                }
            });
        }
        until("some are granted", || granted.load(SeqCst) >= BEFORE);
        disk.fill();
    });
    granted.into_inner()
}

fn tokens(client: &Client) -> Vec<String> {
    (0..CLIENTS).map(|_| client.login()).collect()
}

/// A whole login works.
fn signs_in(site: &Site, client: &Client) {
    let (token, oob_code, code) = site.challenged(client);
    client.answer(&token, &oob_code, &code).ok();
}

#[test]
fn redb_on_a_full_disk_grants_nothing_that_is_not_stored() {
    let Some(disk) = SmallDisk::mount("8m") else {
        return;
    };
    let path = disk.path().join("accounts.redb");
    let store = format!("redb:{}", path.display());
    let stored = || {
        let store = RedbStore::open(&path).unwrap();
        let record = store.record(ALICE).unwrap();
        let account: Account = postcard::from_bytes(&record.unwrap()).unwrap();
        let others = (0..MOST).filter(|&number| {
            let subject = User::nth(number).subject();
            store.record(&subject).unwrap().is_some()
        });
        (account.revision(), others.count())
    };
    // More users than a few megabytes have room for.
    let site = site_of(&User::lines(MOST));
    let mut server = site.start(&store);
    let client = &server.client;
    site.enroll(client);
    let (token, oob_code, code) = site.challenged(client);

    // A new record each: redb reuses its pages, so the same record would need no new ones.
    let granted = send_until_it_is_full(&disk, |_, number| {
        let token = client.password(&User::nth(number).email(), PASSWORD, "", "");
        client.associate(&token.text("mfa_token"), "sms", PHONE)
    });
    // Right and wrong codes get 503. Requests that only read succeed.
    is_unavailable(&client.answer(&token, &oob_code, &wrong(&code)));
    is_unavailable(&client.answer(&token, &oob_code, &code));
    client.list(&token).ok();
    // One message for each granted challenge, and 2 from before.
    assert_eq!(site.messages().len(), 2 + granted);

    // Only a new process opens the file again, as the README says.
    disk.free();
    is_unavailable(&client.answer(&token, &oob_code, &code));
    let log = server.process.terminate();
    assert!(log.contains("No space left on device"), "{log}");
    // The enrollment has 2 revisions, and the code that was not judged has 1.
    assert_eq!(stored(), (3, granted));
    println!("redb: {granted} associations granted and stored");
    let server = site.start(&store);
    server.client.answer(&token, &oob_code, &code).ok();
    signs_in(&site, &server.client);
}

/// A PostgreSQL of which a part is on a small disk.
struct Full {
    postgres: PostgresServer,
    runtime: Runtime,
    disk: SmallDisk,
    _rest: TempDir,
}

impl Full {
    fn start(part: Part) -> Option<Self> {
        Backend::postgres()?;
        let disk = SmallDisk::mount(match part {
            Part::Tables => "48m",
            Part::Log => "8m",
        })?;
        let rest = tempfile::tempdir().unwrap();
        let (data, log) = match part {
            Part::Tables => (disk.path(), rest.path()),
            Part::Log => (rest.path(), disk.path()),
        };
        give(disk.path());
        give(rest.path());
        let log = format!("--waldir={}", log.join("log").display());
        let data = data.join("data");
        initialize(&data, &["--wal-segsize=1", &log]);
        Some(Self {
            postgres: PostgresServer::start(
                data,
                &["-c", "min_wal_size=2MB", "-c", "max_wal_size=1GB"],
            ),
            runtime: Runtime::new().unwrap(),
            disk,
            _rest: rest,
        })
    }

    fn revision(&self) -> u64 {
        let record: Vec<u8> = self.runtime.block_on(async {
            let client = postgres_client(&self.postgres.url()).await;
            let query = "SELECT record FROM oob_mfa_accounts";
            client.query_one(query, &[]).await.unwrap().get(0)
        });
        let account: Account = postcard::from_bytes(&record).unwrap();
        account.revision()
    }
}

/// The part that has no room to grow.
#[derive(Clone, Copy, Debug)]
enum Part {
    Tables,
    Log,
}

fn postgresql_on_a_full_disk_grants_nothing_that_is_not_stored(part: Part) {
    let Some(full) = Full::start(part) else {
        return;
    };
    let site = site();
    let mut server = site.start(&full.postgres.url());
    let client = &server.client;
    site.enroll(client);
    let (token, oob_code, code) = site.challenged(client);
    let tokens = tokens(client);

    let granted = send_until_it_is_full(&full.disk, |number, _| {
        client.challenge(&tokens[number], &json!({}))
    });
    is_unavailable(&client.answer(&token, &oob_code, &wrong(&code)));
    is_unavailable(&client.answer(&token, &oob_code, &code));
    assert_eq!(site.messages().len(), 2 + granted);

    full.disk.free();
    // Without room for its log, PostgreSQL ends and an operator has to start it. The server recovers by itself.
    let ended = full.postgres.bring_back();
    assert_eq!(ended, matches!(part, Part::Log));
    // The enrollment has 2 revisions, and the code that was not judged has 1. For each client, one more write may
    // have reached the log in the moment when it became full.
    let untold = full
        .revision()
        .checked_sub(3 + u64::try_from(granted).unwrap());
    let untold = untold.expect("every granted challenge is stored");
    assert!(untold <= if ended { tokens.len() as u64 } else { 0 });
    println!(
        "PostgreSQL, {part:?}: {granted} challenges granted and stored, {untold} stored and not told"
    );
    client.answer(&token, &oob_code, &code).ok();
    signs_in(&site, client);
    let log = server.process.terminate();
    assert!(log.contains("No space left on device"), "{log}");
}

#[test]
fn postgresql_without_room_for_its_tables_grants_nothing_that_is_not_stored() {
    postgresql_on_a_full_disk_grants_nothing_that_is_not_stored(Part::Tables);
}

#[test]
fn postgresql_without_room_for_its_log_grants_nothing_that_is_not_stored() {
    // It has to write a few megabytes first.
    if long::leaves_out(
        "disk::postgresql_without_room_for_its_log_grants_nothing_that_is_not_stored",
    ) {
        return;
    }
    postgresql_on_a_full_disk_grants_nothing_that_is_not_stored(Part::Log);
}
