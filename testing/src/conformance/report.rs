//! The result of a store test.

use std::fmt;

use crate::rule::Rule;

/// A part of the store's duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Duty {
    /// Insert only if there is no record.
    Insert,
    /// Replace only the revision that the account replaces.
    Replace,
    /// Report success only once it is durable.
    Keep,
    /// Load what was saved, complete, and only of this subject.
    Read,
    /// Save writes that do not conflict.
    Save,
    /// Report a conflict if another revision is stored, and never for a write that was stored.
    Conflict,
}

impl Duty {
    const fn text(self) -> &'static str {
        match self {
            Self::Insert => "insert only if there is no record",
            Self::Replace => "replace only the revision that the account replaces",
            Self::Keep => "report success only once it is durable",
            Self::Read => "load exactly what was saved for the subject",
            Self::Save => "save writes that do not conflict",
            Self::Conflict => {
                "report a conflict if another revision is stored, never for a stored write"
            }
        }
    }
}

impl fmt::Display for Duty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

/// What was run, and what broke.
#[derive(Clone, Debug)]
pub struct Report {
    pub(super) seed: u64,
    pub(super) subjects: u64,
    pub(super) schedules: u64,
    pub(super) loads: u64,
    pub(super) stale_loads: u64,
    pub(super) saves: u64,
    pub(super) conflicts: u64,
    pub(super) failures: u64,
    pub(super) restarts: u64,
    /// The largest number of concurrent saves.
    pub(super) at_once: u64,
    pub(super) second_inserts: Second,
    pub(super) second_replaces: Second,
    breaches: Vec<Breach>,
}

/// What the store reported for writes that lost a race.
#[derive(Clone, Debug, Default)]
pub(super) struct Second {
    pub(super) conflicts: u64,
    /// The first of them that the store reported as a failure.
    pub(super) failure: Option<Breach>,
}

impl Report {
    pub(super) const fn new(seed: u64) -> Self {
        Self {
            seed,
            subjects: 0,
            schedules: 0,
            loads: 0,
            stale_loads: 0,
            saves: 0,
            conflicts: 0,
            failures: 0,
            restarts: 0,
            at_once: 0,
            second_inserts: Second {
                conflicts: 0,
                failure: None,
            },
            second_replaces: Second {
                conflicts: 0,
                failure: None,
            },
            breaches: Vec::new(),
        }
    }

    /// Whether nothing broke, and saves overlapped.
    ///
    /// If saves never overlap, a store that compares in one step and writes in another would pass:
    /// see [`StoreTest::blocking`](super::StoreTest::blocking).
    #[must_use]
    pub const fn is_conformant(&self) -> bool {
        self.breaches.is_empty() && self.at_once > 1
    }

    /// What broke: each duty and rule once, with the shortest schedule that shows it.
    #[must_use]
    pub fn breaches(&self) -> &[Breach] {
        &self.breaches
    }

    /// How many schedules ran: orders of the steps of two or three requests, and concurrent
    /// requests.
    #[must_use]
    pub const fn schedules(&self) -> u64 {
        self.schedules
    }

    /// How many loads were stale: allowed, as from a cache.
    #[must_use]
    pub const fn stale_loads(&self) -> u64 {
        self.stale_loads
    }

    /// Looks back: whether any write that lost a race was called a conflict.
    pub(super) fn conclude(&mut self) {
        for second in [&self.second_inserts, &self.second_replaces] {
            if let Second {
                conflicts: 0,
                failure: Some(breach),
            } = second
            {
                self.breaches.push(breach.clone());
            }
        }
    }

    /// Whether single requests work. If not, running them in different orders shows nothing.
    pub(super) fn is_usable(&self) -> bool {
        let useless = |breach: &Breach| matches!(breach.duty, Duty::Read | Duty::Save);
        !self.breaches.iter().any(useless)
    }

    pub(super) fn add(&mut self, found: Result<(), Breach>) {
        let Err(breach) = found else { return };
        let alike = |known: &&mut Breach| known.duty == breach.duty && known.rule == breach.rule;
        match self.breaches.iter_mut().find(alike) {
            Some(known) if known.schedule.len() <= breach.schedule.len() => {}
            Some(known) => *known = breach,
            None => self.breaches.push(breach),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            seed,
            schedules,
            loads,
            stale_loads,
            saves,
            conflicts,
            failures,
            restarts,
            ..
        } = self;
        writeln!(
            f,
            "seed {seed}: {schedules} schedules, {loads} loads ({stale_loads} stale), {saves} saves, \
             {conflicts} conflicts, {failures} failures, {restarts} restarts"
        )?;
        for breach in &self.breaches {
            write!(f, "{breach}")?;
        }
        if self.breaches.is_empty() {
            f.write_str("no breach was found\n")?;
        }
        if self.at_once < 2 {
            f.write_str(
                "not tested: no two saves were ever under way at once. A store that compares in one step \
                 and writes in another would pass. For a store that blocks, use StoreTest::blocking\n",
            )?;
        }
        if *restarts == 0 {
            f.write_str(
                "not tested: whether reported writes survive a crash; use \
                 StoreTest::restarting\n",
            )?;
        }
        Ok(())
    }
}

/// A schedule that shows that a store does not keep its duty.
#[derive(Clone, Debug)]
pub struct Breach {
    pub(super) duty: Duty,
    pub(super) rule: Option<Rule>,
    pub(super) found: String,
    pub(super) schedule: Vec<Step>,
}

impl Breach {
    /// The duty that the store breaks.
    #[must_use]
    pub const fn duty(&self) -> Duty {
        self.duty
    }

    /// The rule of the crate that it breaks, if the schedule shows one.
    #[must_use]
    pub const fn rule(&self) -> Option<Rule> {
        self.rule
    }

    /// The steps that lead there.
    #[must_use]
    pub fn schedule(&self) -> &[Step] {
        &self.schedule
    }
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the store must {}; it ", self.duty)?;
        match self.rule {
            Some(rule) => write!(f, "broke {rule}: ")?,
            None => f.write_str("did not: ")?,
        }
        writeln!(f, "{}", self.found)?;
        let steps = (1_usize..).zip(&self.schedule);
        steps
            .into_iter()
            .try_for_each(|(number, step)| writeln!(f, "{number:3}. {step}"))
    }
}

/// A step of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub(super) who: String,
    pub(super) what: What,
}

impl Step {
    pub(super) const fn is_a_load(&self) -> bool {
        matches!(self.what, What::Loads(_) | What::FailsToLoad(_))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    Loads(Option<u64>),
    FailsToLoad(String),
    /// It ends later, after steps of others.
    BeginsToSave(u64),
    /// With the response that followed, if a request made it.
    Saves(u64, Option<String>),
    Conflict(u64),
    FailsToSave(u64, String),
    Restarts,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { who, what } = self;
        match what {
            What::Loads(Some(revision)) => write!(f, "{who} loads revision {revision}"),
            What::Loads(None) => write!(f, "{who} loads no record"),
            What::FailsToLoad(error) => write!(f, "{who} cannot load: {error}"),
            What::BeginsToSave(revision) => write!(f, "{who} begins to save revision {revision}"),
            What::Saves(revision, None) => write!(f, "{who} saves revision {revision}"),
            What::Saves(revision, Some(told)) => {
                write!(f, "{who} saves revision {revision}, and gets: {told}")
            }
            What::Conflict(revision) => write!(f, "{who} gets a conflict with revision {revision}"),
            What::FailsToSave(revision, error) => {
                write!(f, "{who} cannot save revision {revision}: {error}")
            }
            What::Restarts => f.write_str("the store is restarted"),
        }
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    fn breach(found: &str, loads: u64) -> Breach {
        let step = |revision| Step {
            who: "A".into(),
            what: What::Loads(Some(revision)),
        };
        Breach {
            duty: Duty::Replace,
            rule: Some(Rule::Once),
            found: found.into(),
            schedule: (0..loads).map(step).collect(),
        }
    }

    #[test]
    fn the_first_shortest_of_similar_breaches_is_kept() {
        let mut report = Report::new(1);
        for (found, loads) in [("first", 3), ("longer", 4), ("shorter", 2), ("as short", 2)] {
            report.add(Err(breach(found, loads)));
        }
        report.add(Ok(()));
        let known: Vec<&str> = report
            .breaches
            .iter()
            .map(|breach| &*breach.found)
            .collect();
        assert_eq!(known, ["shorter"]);

        let other = Breach {
            rule: None,
            ..breach("of no rule", 9)
        };
        report.add(Err(other));
        assert_eq!(report.breaches.len(), 2);
    }

    #[test]
    fn too_few_parallel_saves_or_restarts_are_reported_as_not_tested() {
        let text = |at_once, restarts| {
            let report = Report {
                restarts,
                at_once,
                ..Report::new(1)
            };
            let untested = report.to_string().matches("not tested: ").count();
            (report.is_conformant(), untested)
        };
        assert_eq!(text(0, 0), (false, 2));
        assert_eq!(text(1, 1), (false, 1));
        assert_eq!(text(2, 0), (true, 1));
        assert_eq!(text(2, 1), (true, 0));
    }
}
