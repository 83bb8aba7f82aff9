//! The statements that read and write accounts, each for many at once.

use std::collections::{HashMap, HashSet};
use std::error::Error as StdError;
use std::slice;
use std::sync::Arc;

use deadpool_postgres::Pool;
use oob_mfa::{Next, Subject};
use tokio_postgres::types::ToSql;
use tokio_postgres_rustls::MakeRustlsConnect;

use super::super::StoreError;
use super::super::audit::encode_events;
use super::super::record::encode;
use super::batches::{Answer, Asked};
use super::statement::{Unanswered, ask, client};

const LOAD: &str = "SELECT subject, revision, record FROM oob_mfa_accounts WHERE subject = ANY($1)";
pub(super) const INSERT: &str = "\
    WITH asked AS (\
        SELECT * FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[], $5::text[]) \
        WITH ORDINALITY AS asked (subject, record, revision, replaced, events, place)), \
    inserted AS (\
        INSERT INTO oob_mfa_accounts (subject, record, revision) \
        SELECT subject, record, revision FROM asked ON CONFLICT DO NOTHING RETURNING subject), \
    written AS (SELECT place, events FROM asked JOIN inserted USING (subject)), \
    events AS (\
        INSERT INTO oob_mfa_events (event) \
        SELECT unnest(string_to_array(events, E'\\n')) FROM written) \
    SELECT place FROM written";
pub(super) const REPLACE: &str = "\
    WITH written AS (\
        UPDATE oob_mfa_accounts AS stored SET record = asked.record, revision = asked.revision \
        FROM unnest($1::bytea[], $2::bytea[], $3::bigint[], $4::bigint[], $5::text[]) \
        WITH ORDINALITY AS asked (subject, record, revision, replaced, events, place) \
        WHERE stored.subject = asked.subject AND stored.subject = ANY($1) \
            AND stored.revision = asked.replaced \
        RETURNING place, events), \
    events AS (\
        INSERT INTO oob_mfa_events (event) \
        SELECT unnest(string_to_array(events, E'\\n')) FROM written) \
    SELECT place FROM written";

/// Where accounts are read and written.
#[derive(Clone)]
pub(super) struct Accounts {
    pub(super) pool: Pool,
    pub(super) tls: MakeRustlsConnect,
}

/// The revision and the record of an account.
pub(super) type Row = (i64, Vec<u8>);

impl Accounts {
    pub(super) async fn load(self, waiting: Vec<Asked<Subject, Option<Row>>>) {
        let loaded = match self.select(&waiting).await {
            Err(failed) if failed.may_concern_one() => {
                for asked in waiting {
                    if !asked.answer.is_closed() {
                        let loaded = self.select(slice::from_ref(&asked)).await;
                        answer_loads(vec![asked], loaded);
                    }
                }
                return;
            }
            Err(failed) if !failed.is_reported() => {
                // If one connection was cut, usually all of them were.
                drop(self.pool.retain(|_, _| false));
                self.select(&waiting).await
            }
            loaded => loaded,
        };
        answer_loads(waiting, loaded);
    }

    async fn select(
        &self,
        waiting: &[Asked<Subject, Option<Row>>],
    ) -> Result<HashMap<Vec<u8>, Row>, Unanswered> {
        let mut keys: Vec<_> = waiting.iter().map(|asked| key(&asked.what)).collect();
        keys.sort_unstable();
        keys.dedup();
        let client = client(&self.pool).await?;
        ask(&self.tls, client, async |client| {
            let statement = client.prepare_cached(LOAD).await?;
            let rows = client.query(&statement, &[&keys]).await?;
            rows.iter()
                .map(|row| Ok((row.try_get(0)?, (row.try_get(1)?, row.try_get(2)?))))
                .collect()
        })
        .await
    }

    /// Only one write of an account can succeed: the first one that replaces the latest revision. The
    /// statement gets that one, and the others are conflicts.
    pub(super) async fn write(self, statement: &'static str, mut waiting: Vec<Asked<Write, ()>>) {
        // Every process locks its rows in this order, so none waits for another in a circle.
        waiting.sort_by(|a, b| {
            let (a, b) = (&a.what, &b.what);
            let latest = b.replaced.cmp(&a.replaced);
            a.subject.cmp(&b.subject).then(latest)
        });
        let mut turns: Vec<Turn> = Vec::with_capacity(waiting.len());
        for Asked { what, answer } in waiting {
            match turns.last_mut() {
                Some(turn) if turn.write.subject == what.subject => turn.others.push(answer),
                _ => turns.push(Turn {
                    write: what,
                    answer,
                    others: Vec::new(),
                }),
            }
        }
        let written = self.change(statement, &turns).await;
        match written {
            // Nothing is written. One of them may be the cause.
            Err(failed) if failed.may_concern_one() && turns.len() > 1 => {
                for turn in turns {
                    if turn.is_waited_for() {
                        let written = self.change(statement, slice::from_ref(&turn)).await;
                        answer_writes(vec![turn], written);
                    }
                }
            }
            written => answer_writes(turns, written),
        }
    }

    /// The places of the turns that were written, from 1.
    async fn change(
        &self,
        statement: &'static str,
        turns: &[Turn],
    ) -> Result<HashSet<i64>, Unanswered> {
        fn each<'a, T>(turns: &'a [Turn], value: impl Fn(&'a Write) -> T) -> Vec<T> {
            turns.iter().map(|turn| value(&turn.write)).collect()
        }
        let subjects = each(turns, |write| key(&write.subject));
        let records = each(turns, |write| &write.record[..]);
        let revisions = each(turns, |write| write.revision);
        let replaced = each(turns, |write| write.replaced);
        let events = each(turns, |write| &write.events[..]);
        let values: [&(dyn ToSql + Sync); 5] =
            [&subjects, &records, &revisions, &replaced, &events];
        let client = client(&self.pool).await?;
        ask(&self.tls, client, async |client| {
            let statement = client.prepare_cached(statement).await?;
            let rows = client.query(&statement, &values).await?;
            rows.iter().map(|row| row.try_get(0)).collect()
        })
        .await
    }
}

/// The write of one account that the statement gets, and those that lose to it.
struct Turn {
    write: Write,
    answer: Answer<()>,
    others: Vec<Answer<()>>,
}

impl Turn {
    fn is_waited_for(&self) -> bool {
        let others = self.others.iter();
        !others.chain([&self.answer]).all(Answer::is_closed)
    }
}

fn answer_loads(
    waiting: Vec<Asked<Subject, Option<Row>>>,
    loaded: Result<HashMap<Vec<u8>, Row>, Unanswered>,
) {
    match loaded {
        Ok(rows) => {
            for asked in waiting {
                let row = rows.get(key(&asked.what)).cloned();
                let _ = asked.answer.send(Ok(row));
            }
        }
        Err(failed) => fail(waiting.into_iter().map(|asked| asked.answer), failed),
    }
}

/// Answers only after the commit. Otherwise a write that lost the race would load the old record.
fn answer_writes(turns: Vec<Turn>, written: Result<HashSet<i64>, Unanswered>) {
    let written = match written {
        // Rolled back because of another writer.
        Err(failed) if failed.lost_a_race() => Ok(HashSet::new()),
        written => written,
    };
    match written {
        Ok(written) => {
            for (place, turn) in (1..).zip(turns) {
                let won = written.contains(&place).then_some(());
                let _ = turn.answer.send(won.ok_or(StoreError::Conflict));
                for other in turn.others {
                    let _ = other.send(Err(StoreError::Conflict));
                }
            }
        }
        Err(failed) => fail(
            turns.into_iter().flat_map(|turn| {
                let others = turn.others;
                [turn.answer].into_iter().chain(others)
            }),
            failed,
        ),
    }
}

fn fail<A>(waiting: impl Iterator<Item = Answer<A>>, failed: Unanswered) {
    let error: Arc<dyn StdError + Send + Sync> = failed.into_reason().into();
    for answer in waiting {
        let _ = answer.send(Err(StoreError::Unavailable(Arc::clone(&error).into())));
    }
}

fn key(subject: &Subject) -> &[u8] {
    subject.as_str().as_bytes()
}

/// The parts of a write that a statement needs.
pub(super) struct Write {
    subject: Subject,
    record: Vec<u8>,
    revision: i64,
    replaced: Option<i64>,
    /// One per line: JSON has no line break of its own.
    events: String,
}

impl Write {
    pub(super) fn of(next: &Next) -> Result<Self, StoreError> {
        let account = next.account();
        Ok(Self {
            subject: account.subject().clone(),
            record: encode(account)?,
            revision: stored(account.revision())?,
            replaced: account.replaces().map(stored).transpose()?,
            events: encode_events(next)?.join("\n"),
        })
    }

    pub(super) fn inserts(&self) -> bool {
        self.replaced.is_none()
    }
}

/// A revision in the type of PostgreSQL.
pub(super) fn stored(revision: u64) -> Result<i64, StoreError> {
    i64::try_from(revision).map_err(|error| StoreError::Broken(error.into()))
}
