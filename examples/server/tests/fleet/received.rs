//! The responses to clients, counted.

use std::collections::BTreeMap;

use crate::common::Answer;

/// A response by its meaning, or a missing one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Received {
    /// Tokens, or a sent message.
    Granted,
    /// The code was judged wrong.
    Wrong,
    /// The budget of wrong codes is empty: nothing was judged.
    TooManyFailures,
    /// The budget of messages is empty.
    TooManySends,
    /// The session has completed its login.
    Spent,
    /// 503: the conflicts exhausted the retries, or the store was unreachable.
    Busy,
    /// The process was killed before it answered: unknown.
    Cut,
}

impl Received {
    /// # Panics
    ///
    /// If no attack here may get this response.
    pub fn of(answer: &Answer) -> Self {
        if answer.status == 200 {
            return Self::Granted;
        }
        let description = answer.text("error_description");
        match (answer.status, description.as_str()) {
            (403, "Invalid binding_code." | "MFA Authorization rejected.") => Self::Wrong,
            (429, "Too many failed codes. Wait for some minutes before retrying.") => {
                Self::TooManyFailures
            }
            (429, "Too many SMS sent by the user. Wait for some minutes before retrying.") => {
                Self::TooManySends
            }
            (401, "The mfa_token provided is invalid. Try getting a new token.") => Self::Spent,
            (503, _) if answer.header("retry-after") == Some("1") => Self::Busy,
            _ => panic!("an unexpected response: {answer:?}"),
        }
    }
}

/// The count of each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally(BTreeMap<Received, usize>);

impl Tally {
    pub fn count(&self, received: Received) -> usize {
        self.0.get(&received).copied().unwrap_or_default()
    }

    pub fn total(&self) -> usize {
        self.0.values().sum()
    }

    pub fn with(&self, other: &Self) -> Self {
        let mut sum = self.clone();
        for (&received, &times) in &other.0 {
            *sum.0.entry(received).or_default() += times;
        }
        sum
    }
}

impl FromIterator<Received> for Tally {
    fn from_iter<T: IntoIterator<Item = Received>>(all: T) -> Self {
        all.into_iter().map(|received| (received, 1)).collect()
    }
}

impl FromIterator<(Received, usize)> for Tally {
    fn from_iter<T: IntoIterator<Item = (Received, usize)>>(all: T) -> Self {
        let mut tally = Self::default();
        for (received, times) in all {
            *tally.0.entry(received).or_default() += times;
        }
        tally
    }
}
