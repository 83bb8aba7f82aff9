//! PostgreSQL, with crashes.

use std::cell::RefCell;
use std::process::Command;
use std::rc::Rc;

use oob_mfa::{Account, Next, Subject};
use oob_mfa_server::store::StoreError;
use oob_mfa_testing::{Duty, Report, Rule, StoreTest};
use tokio_postgres::{Client, NoTls};

use crate::common::backend::Backend;
use crate::common::long;
use crate::{breaks, decode, keeps_its_duty, open, saved};

#[test]
fn postgresql_fulfills_its_duty_across_crashes() {
    let Some(backend) = Backend::postgres_alone() else {
        return;
    };
    let store = open(&backend, &backend.url).unwrap();
    let test = StoreTest::new(
        async |subject| store.load(subject).await,
        async |next| store.replace(&next).await.map_err(StoreError::unsaved),
    )
    .restarting(async || crash_postgresql());
    keeps_its_duty("PostgreSQL", &backend.runtime.block_on(test.run()));
}

/// Restarts at once, with `pg_ctl` in the mode `immediate`: what was not on the disk is lost.
fn crash_postgresql() {
    let control = std::env::var("OOB_MFA_TEST_POSTGRES_CTL").unwrap();
    let restarted = Command::new(control).arg("restart").status().unwrap();
    assert!(restarted.success());
}

/// PostgreSQL by hand: one table, and the statements of a test for a write.
struct ByHand<'a> {
    backend: &'a Backend,
    settings: &'static str,
    /// Shared while open: statements of several requests alternate on it.
    client: RefCell<Option<Rc<Client>>>,
}

impl<'a> ByHand<'a> {
    fn new(backend: &'a Backend, settings: &'static str) -> Self {
        backend.sql(
            "CREATE TABLE accounts (subject bytea PRIMARY KEY, revision bigint, record bytea)",
        );
        Self {
            backend,
            settings,
            client: RefCell::default(),
        }
    }

    async fn client(&self) -> Result<Rc<Client>, tokio_postgres::Error> {
        let open = self
            .client
            .borrow()
            .clone()
            .filter(|client| !client.is_closed());
        if let Some(client) = open {
            return Ok(client);
        }
        let (client, connection) = tokio_postgres::connect(&self.backend.url, NoTls).await?;
        tokio::spawn(connection);
        client.batch_execute(self.settings).await?;
        let client = Rc::new(client);
        self.client.replace(Some(Rc::clone(&client)));
        Ok(client)
    }

    async fn load(&self, subject: Subject) -> Result<Option<Account>, tokio_postgres::Error> {
        let key = subject.as_str().as_bytes();
        let select = "SELECT record FROM accounts WHERE subject = $1";
        let row = self.client().await?.query_opt(select, &[&key]).await?;
        Ok(row.map(|row| decode(row.get(0))))
    }
}

const UPSERT: &str = "INSERT INTO accounts VALUES ($1, $2, $3) \
                      ON CONFLICT (subject) DO UPDATE SET revision = $2, record = $3";

fn row(account: &Account) -> (Vec<u8>, i64, Vec<u8>) {
    (
        account.subject().as_str().into(),
        i64::try_from(account.revision()).unwrap_or(i64::MAX),
        postcard::to_allocvec(account).unwrap(),
    )
}

#[test]
fn postgresql_where_the_last_write_wins_is_found() {
    if long::leaves_out("postgresql_where_the_last_write_wins_is_found") {
        return;
    }
    let Some(backend) = Backend::postgres_alone() else {
        return;
    };
    let table = ByHand::new(&backend, "");
    let report = run(&backend, &table, async |next: Next| {
        let (subject, revision, record) = row(next.account());
        let client = table.client().await?;
        client
            .execute(UPSERT, &[&subject, &revision, &record])
            .await?;
        Ok(true)
    });
    let rules = [Rule::Once, Rule::FailureLimit, Rule::SendLimit];
    breaks(
        "PostgreSQL, last write wins",
        &report,
        Duty::Replace,
        &rules,
    );
}

/// Reads the revision, compares it, and then writes: the usual first version.
#[test]
fn postgresql_compared_outside_of_the_transaction_is_found() {
    if long::leaves_out("postgresql_compared_outside_of_the_transaction_is_found") {
        return;
    }
    let Some(backend) = Backend::postgres_alone() else {
        return;
    };
    let table = ByHand::new(&backend, "");
    let report = run(&backend, &table, async |next: Next| {
        let (subject, revision, record) = row(next.account());
        let client = table.client().await?;
        let select = "SELECT revision FROM accounts WHERE subject = $1";
        let there = client.query_opt(select, &[&subject]).await?;
        let there = there.map(|row| row.get::<_, i64>(0));
        if there
            != next
                .account()
                .replaces()
                .and_then(|replaced| replaced.try_into().ok())
        {
            return Ok(false);
        }
        client
            .execute(UPSERT, &[&subject, &revision, &record])
            .await?;
        Ok(true)
    });
    breaks(
        "PostgreSQL, compared outside",
        &report,
        Duty::Replace,
        &[Rule::Once],
    );
}

fn run(
    backend: &Backend,
    table: &ByHand<'_>,
    replace: impl AsyncFn(Next) -> Result<bool, tokio_postgres::Error>,
) -> Report {
    let test = StoreTest::new(
        async |subject: Subject| table.load(subject).await,
        async |next: Next| saved(replace(next).await),
    );
    backend.runtime.block_on(test.run())
}

/// `synchronous_commit = off`: the answer does not wait for the disk.
#[test]
fn postgresql_that_does_not_wait_for_the_disk_is_found() {
    if long::leaves_out("postgresql_that_does_not_wait_for_the_disk_is_found") {
        return;
    }
    let Some(backend) = Backend::postgres_alone() else {
        return;
    };
    let table = ByHand::new(&backend, "SET synchronous_commit = off");
    let replace = async |account: &Account| {
        let (subject, revision, record) = row(account);
        let client = table.client().await?;
        let changed = match account.replaces() {
            None => {
                let insert = "INSERT INTO accounts VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
                client
                    .execute(insert, &[&subject, &revision, &record])
                    .await?
            }
            Some(replaced) => {
                let replaced = i64::try_from(replaced).unwrap_or(i64::MAX);
                let update = "UPDATE accounts SET revision = $2, record = $3 \
                              WHERE subject = $1 AND revision = $4";
                let values: [&(dyn tokio_postgres::types::ToSql + Sync); 4] =
                    [&subject, &revision, &record, &replaced];
                client.execute(update, &values).await?
            }
        };
        Ok::<_, tokio_postgres::Error>(changed == 1)
    };
    let test = StoreTest::new(
        async |subject: Subject| table.load(subject).await,
        async |next: Next| saved(replace(next.account()).await),
    )
    .restarting(async || crash_postgresql());
    let report = backend.runtime.block_on(test.run());
    breaks(
        "PostgreSQL without durability",
        &report,
        Duty::Keep,
        &[Rule::Once],
    );
}
