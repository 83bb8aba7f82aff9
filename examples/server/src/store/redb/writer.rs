//! The tables of the file, and the thread that writes accounts.
//!
//! A commit waits for the disk. Writes that arrive meanwhile form the next transaction: many writers
//! share one wait, and a single one does not wait for others.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};

use oob_mfa::{Account, Next, Subject};
use redb::{Database, ReadableTable, Table, TableDefinition};
use tokio::sync::oneshot;

use super::super::StoreError;
use super::super::audit::encode_events;
use super::super::record::{decode, encode};

/// Subject to record. The record contains its version.
pub(super) const ACCOUNTS: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("accounts");
/// Position to event.
pub(super) const EVENTS: TableDefinition<'_, u64, &str> = TableDefinition::new("events");
/// The next position. None is used twice: a late deletion, after a stalled disk, removes only
/// events that were read.
pub(super) const NEXT_POSITION: TableDefinition<'_, (), u64> = TableDefinition::new("next_event");

type Answer = Result<(), StoreError>;

/// The writing thread. When this is dropped, it finishes its queue and ends.
pub(super) struct Writer {
    /// `None` once this is dropped.
    queue: Option<Sender<Asked>>,
    thread: Option<JoinHandle<()>>,
}

struct Asked {
    write: Write,
    answer: oneshot::Sender<Answer>,
}

impl Writer {
    pub(super) fn start(database: Arc<Database>) -> std::io::Result<Self> {
        let (queue, asked) = mpsc::channel();
        let thread = thread::Builder::new().name("redb writer".to_owned());
        Ok(Self {
            queue: Some(queue),
            thread: Some(thread.spawn(move || run(&database, &asked))?),
        })
    }

    /// If the caller stops waiting, the write still happens.
    pub(super) async fn write(&self, write: Write) -> Answer {
        let (answer, answered) = oneshot::channel();
        if let Some(queue) = &self.queue {
            // If the thread has ended, there is no answer.
            let _ = queue.send(Asked { write, answer });
        }
        let ended = |error: oneshot::error::RecvError| StoreError::Unavailable(error.into());
        answered.await.map_err(ended)?
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        drop(self.queue.take());
        if self
            .thread
            .take()
            .is_some_and(|thread| thread.join().is_err())
        {
            tracing::error!("the thread that writes accounts has panicked");
        }
    }
}

fn run(database: &Database, queue: &Receiver<Asked>) {
    while let Ok(first) = queue.recv() {
        let mut group = vec![first];
        group.extend(queue.try_iter());
        let (writes, waiting): (Vec<_>, Vec<_>) = group
            .into_iter()
            .map(|asked| (asked.write, asked.answer))
            .unzip();
        // Even conflicts are answered after the commit: before it, the loser of a race would load the
        // old record.
        match commit(database, &writes) {
            Ok(answers) => {
                for (waiting, answer) in waiting.into_iter().zip(answers) {
                    let _ = waiting.send(answer);
                }
            }
            Err(error) => {
                let error = Arc::new(error);
                for waiting in waiting {
                    let error = Arc::clone(&error);
                    let _ = waiting.send(Err(StoreError::Unavailable(error.into())));
                }
            }
        }
    }
}

/// One transaction for all writes, in their order. It is on the disk when this returns (redb's default
/// durability).
fn commit(database: &Database, writes: &[Write]) -> Result<Vec<Answer>, redb::Error> {
    let transaction = database.begin_write()?;
    let mut answers = Vec::with_capacity(writes.len());
    {
        let mut accounts = transaction.open_table(ACCOUNTS)?;
        let mut events = transaction.open_table(EVENTS)?;
        let mut next_position = transaction.open_table(NEXT_POSITION)?;
        // An older file has events and no counter.
        let after_last = events.last()?.map_or(0, |(last, _)| last.value() + 1);
        let mut next = next_position
            .get(())?
            .map_or(after_last, |next| next.value());
        for write in writes {
            let judged = judge(&accounts, write)?;
            if judged.is_ok() {
                accounts.insert(write.subject.as_str(), &write.record[..])?;
                for event in &write.events {
                    events.insert(next, &**event)?;
                    next += 1;
                }
            }
            answers.push(judged);
        }
        next_position.insert((), next)?;
    }
    if answers.iter().any(Result::is_ok) {
        transaction.commit()?;
    }
    Ok(answers)
}

/// Whether it replaces the stored revision, or that of an earlier write in the same transaction.
fn judge(accounts: &Table<'_, &str, &[u8]>, write: &Write) -> Result<Answer, redb::Error> {
    let stored = accounts.get(write.subject.as_str())?;
    let stored = stored.map(|record| decode(record.value())).transpose();
    Ok(match stored {
        Ok(stored) if stored.as_ref().map(Account::revision) == write.replaces => Ok(()),
        Ok(_) => Err(StoreError::Conflict),
        Err(broken) => Err(broken),
    })
}

/// A write, for another thread.
pub(super) struct Write {
    subject: Subject,
    replaces: Option<u64>,
    record: Vec<u8>,
    events: Vec<String>,
}

impl Write {
    pub(super) fn of(next: &Next) -> Result<Self, StoreError> {
        let account = next.account();
        Ok(Self {
            subject: account.subject().clone(),
            replaces: account.replaces(),
            record: encode(account)?,
            events: encode_events(next)?,
        })
    }
}
