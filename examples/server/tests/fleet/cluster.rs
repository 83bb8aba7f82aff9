//! A PostgreSQL and its standby, which the test starts itself.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;

use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::common::backend::{Backend, postgres_client};
use crate::common::patience::until;
use crate::common::postgres_server::{PostgresServer, as_postgres, done, give, initialize};
use crate::outage::Mortal;

/// What a commit waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standby {
    /// Until the standby has written it.
    Synchronous,
    /// A commit waits for nothing. The standby gets nothing after the accounts are prepared.
    Lagging,
}

/// How the primary fails.
#[derive(Clone, Copy, Debug)]
pub enum Primary {
    /// SIGKILL: connections are refused.
    Dies,
    /// SIGSTOP: connections are accepted, and nothing answers.
    Hangs,
}

pub struct Cluster {
    standby_is: Standby,
    primary_then: Primary,
    primary: PostgresServer,
    standby: PostgresServer,
    runtime: Runtime,
    _folder: TempDir,
}

impl Cluster {
    /// `None` if the environment names no PostgreSQL, or the program is not installed. If the environment
    /// names none, other code prints what was skipped.
    pub fn start(standby_is: Standby, primary_then: Primary) -> Option<Self> {
        Backend::postgres()?;
        let folder = tempfile::tempdir().unwrap();
        give(folder.path());
        let runtime = Runtime::new().unwrap();
        let data = folder.path().join("primary");
        initialize(&data, &[]);
        let waits_for = match standby_is {
            Standby::Synchronous => "standby",
            Standby::Lagging => "",
        };
        let setting = format!("synchronous_standby_names={waits_for}");
        let primary = PostgresServer::start(data, &["-c", &setting]);
        let data = folder.path().join("standby");
        let source = format!("host=127.0.0.1 port={} user=postgres", primary.port);
        done(
            as_postgres("pg_basebackup")
                .args(["--checkpoint=fast", "--no-sync", "--write-recovery-conf"])
                .args(["--dbname", &source])
                .arg("--pgdata")
                .arg(&data),
        );
        set_source(&data, &format!("{source} application_name=standby"));
        let standby = PostgresServer::start(data, &[]);
        let cluster = Self {
            standby_is,
            primary_then,
            primary,
            standby,
            runtime,
            _folder: folder,
        };
        let state = match standby_is {
            Standby::Synchronous => "sync",
            Standby::Lagging => "async",
        };
        until("the standby follows", || {
            let states = "SELECT coalesce(min(sync_state), '') FROM pg_stat_replication \
                          WHERE state = 'streaming'";
            cluster.text(&cluster.primary, states) == state
        });
        Some(cluster)
    }

    fn text(&self, node: &PostgresServer, query: &str) -> String {
        self.runtime.block_on(async {
            let client = postgres_client(&node.url()).await;
            client.query_one(query, &[]).await.unwrap().get(0)
        })
    }
}

impl Mortal for Cluster {
    /// As the server's README says.
    fn url(&self) -> String {
        format!(
            "postgres://postgres@127.0.0.1:{},127.0.0.1:{}/postgres\
             ?target_session_attrs=read-write&load_balance_hosts=random",
            self.primary.port, self.standby.port
        )
    }

    fn prepared(&self) {
        if self.standby_is == Standby::Synchronous {
            return;
        }
        let reached = self.text(&self.primary, "SELECT pg_current_wal_flush_lsn()::text");
        until("the standby has what was prepared", || {
            let query = format!("SELECT (pg_last_wal_replay_lsn() >= '{reached}')::text");
            self.text(&self.standby, &query) == "true"
        });
        set_source(&self.standby.data, "");
        self.standby.control("reload");
        until("the standby gets nothing more", || {
            let receivers = "SELECT count(*)::text FROM pg_stat_wal_receiver";
            self.text(&self.standby, receivers) == "0"
        });
    }

    fn kill(&self) {
        match self.primary_then {
            Primary::Dies => self.primary.kill(),
            Primary::Hangs => self.primary.signal("-STOP"),
        }
    }

    fn bring_back(&self) {
        self.standby.control("promote");
    }

    fn record(&self, subject: &str) -> Vec<u8> {
        self.runtime.block_on(async {
            let client = postgres_client(&self.standby.url()).await;
            let query = "SELECT record FROM oob_mfa_accounts WHERE subject = $1";
            let row = client.query_one(query, &[&subject.as_bytes()]).await;
            row.unwrap().get(0)
        })
    }
}

/// Where a standby gets what it repeats.
fn set_source(data: &Path, source: &str) {
    let settings = OpenOptions::new()
        .append(true)
        .open(data.join("postgresql.auto.conf"));
    writeln!(settings.unwrap(), "primary_conninfo = '{source}'").unwrap();
}
