//! What the demo page shows: the last messages and events, in memory.
//!
//! It shows codes to everyone who can reach it. It exists only in the demo, on a loopback address.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use oob_mfa::{Event, Events, Subject};
use serde::Serialize;
use time::UtcDateTime;
use time::format_description::well_known::Rfc3339;

use crate::outbox::{Message, Outbox, SendError};

const KEPT: usize = 20;

/// The messages of an outbox, and the events of every account.
pub struct Demo {
    outbox: Arc<dyn Outbox>,
    seen: Mutex<Seen>,
}

/// The latest number of both.
#[derive(Default, Serialize)]
pub struct Seen {
    messages: Last<Message>,
    events: Last<Happened>,
}

#[derive(Serialize)]
struct Happened {
    subject: Subject,
    notifies_owner: bool,
    #[serde(flatten)]
    event: Event,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Last<T> {
    entries: VecDeque<Entry<T>>,
}

#[derive(Serialize)]
struct Entry<T> {
    /// Counts from 1, in order of time.
    number: u64,
    at: String,
    #[serde(flatten)]
    what: T,
}

impl<T> Default for Last<T> {
    fn default() -> Self {
        Self {
            entries: VecDeque::with_capacity(KEPT),
        }
    }
}

impl<T> Last<T> {
    fn push(&mut self, what: T) {
        let number = self.entries.back().map_or(1, |last| last.number + 1);
        if self.entries.len() == KEPT {
            self.entries.pop_front();
        }
        let at = UtcDateTime::now().format(&Rfc3339).unwrap_or_default();
        self.entries.push_back(Entry { number, at, what });
    }
}

impl Demo {
    /// Remembers what goes to an outbox.
    #[must_use]
    pub fn around(outbox: Arc<dyn Outbox>) -> Self {
        Self {
            outbox,
            seen: Mutex::default(),
        }
    }

    /// Remembers what happened to an account. Call it after the save.
    pub fn record(&self, subject: &Subject, events: &Events) {
        let mut seen = self.seen();
        for event in events {
            seen.events.push(Happened {
                subject: subject.clone(),
                notifies_owner: event.notifies_owner(),
                event: *event,
            });
        }
    }

    /// What it remembers.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outbox for Demo {
    fn send(&self, message: &Message) -> Result<(), SendError> {
        self.outbox.send(message)?;
        self.seen().messages.push(message.clone());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_twenty_stay_and_keep_their_numbers() {
        let mut last = Last::default();
        for what in 1..=23 {
            last.push(
                [("what", what)]
                    .into_iter()
                    .collect::<std::collections::BTreeMap<_, _>>(),
            );
        }
        let numbers: Vec<u64> = last.entries.iter().map(|entry| entry.number).collect();
        assert_eq!(numbers, (4..=23).collect::<Vec<_>>());
        let entry = serde_json::to_value(&last).unwrap()[0].take();
        assert_eq!((&entry["number"], &entry["what"]), (&4.into(), &4.into()));
    }
}
