//! One write of a record: its sender, its content and its result.

use oob_mfa::Account;
use oob_mfa::wire::ErrorAnswer;

use super::report::{Breach, Duty, Report, Step, What};
use crate::reply::{Answer, Observation};

pub(super) struct Saving {
    pub(super) who: String,
    pub(super) base: Option<Account>,
    pub(super) account: Account,
    pub(super) kind: Kind,
    pub(super) began: u64,
    /// The result that the store has reported so far.
    pub(super) came_of: Came,
    /// Restarts before it was reported.
    pub(super) restarts: u64,
    pub(super) told: Option<Told>,
}

/// The result of a write, and its time.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Came {
    Unknown,
    Reported(u64),
    Conflict,
    Failure(String),
}

/// Whether a store may accept a write.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Only as the first.
    Honest,
    /// Never: it replaces a revision that is not stored.
    Wrong,
}

/// The response to a request, and the presented code.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) presented: Option<Presented>,
    pub(super) observation: Observation,
}

/// A code by its number.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Presented {
    Binding(usize),
    Recovery(usize),
}

impl Saving {
    pub(super) const fn is_reported(&self) -> bool {
        matches!(self.came_of, Came::Reported(_))
    }

    pub(super) fn count(&self, report: &mut Report) {
        *match self.came_of {
            Came::Reported(0) => return,
            Came::Reported(_) => &mut report.saves,
            Came::Conflict => &mut report.conflicts,
            Came::Failure(_) | Came::Unknown => &mut report.failures,
        } += 1;
        if self.kind == Kind::Wrong {
            self.count_wrong(report);
        }
    }

    /// Whether the store reported a conflict for a write that lost a race.
    fn count_wrong(&self, report: &mut Report) {
        let revision = self.account.revision();
        let second = if revision == 1 {
            &mut report.second_inserts
        } else {
            &mut report.second_replaces
        };
        match &self.came_of {
            Came::Conflict => second.conflicts += 1,
            Came::Failure(error) if second.failure.is_none() => {
                let found = format!(
                    "a write that lost a race failed with {error:?}, and no such write was reported as a \
                     conflict; decide asks again only after a conflict"
                );
                let what = What::FailsToSave(revision, error.clone());
                let who = self.who.clone();
                second.failure = Some(Breach {
                    duty: Duty::Conflict,
                    rule: None,
                    found,
                    schedule: [Step { who, what }].into(),
                });
            }
            _ => {}
        }
    }
}

impl Told {
    /// The response, in a word.
    pub(super) fn text(&self) -> String {
        match &self.observation.reply.answer {
            Answer::Verified { .. } => "granted".into(),
            Answer::Associated { .. } | Answer::Challenged { .. } => "sent".into(),
            Answer::Denied(denied) => {
                let answer = ErrorAnswer::denied(denied, self.observation.at);
                answer.error_description().to_string()
            }
            _ => "done".into(),
        }
    }
}
