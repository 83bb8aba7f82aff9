//! The history of one record: all its loads and saves, and whether they are consistent.

use oob_mfa::{Account, Subject, Unsaved};

use super::report::{Breach, Duty, Report, Step, What};
use super::saving::{Came, Kind, Saving, Told};
use super::trial::Loaded;
use crate::record::Record;
use crate::rule::Rule;

/// The history of one record.
pub(super) struct History {
    subject: Subject,
    pub(super) savings: Vec<Saving>,
    steps: Vec<Step>,
    /// What the budgets hold at the first step, in the order of `Limit::ALL`.
    pub(super) left: Option<[u32; 3]>,
    /// Begins and ends of writes, in order.
    moments: u64,
    loads: u64,
    stale_loads: u64,
    restarts: u64,
}

/// The index of the write.
#[derive(Clone, Copy)]
pub(super) struct Write(usize);

impl History {
    pub(super) const fn new(subject: Subject) -> Self {
        Self {
            subject,
            savings: Vec::new(),
            steps: Vec::new(),
            left: None,
            moments: 0,
            loads: 0,
            stale_loads: 0,
            restarts: 0,
        }
    }

    pub(super) const fn starts_with(&mut self, left: [u32; 3]) {
        self.left = Some(left);
    }

    /// A loaded write counts as reported: it was saved, and only the response was lost.
    pub(super) fn is_there(&mut self, record: &Account) {
        let (now, restarts) = (self.moment(), self.restarts);
        let mut savings = self.savings.iter_mut();
        if let Some(saving) = savings.find(|saving| saving.account == *record) {
            saving.came_of = Came::Reported(now);
            saving.restarts = restarts;
        }
    }

    /// An account that was saved earlier.
    pub(super) fn knows(&mut self, account: Account) {
        let write = self.begin(Kind::Honest, "", None, account);
        self.savings[write.0].came_of = Came::Reported(0);
        self.begins_here();
    }

    pub(super) fn begins_here(&mut self) {
        self.steps.clear();
    }

    /// The latest revision that was reported as saved.
    pub(super) fn reported(&self) -> Option<u64> {
        self.head().map(|account| account.revision())
    }

    /// The latest account that was reported as saved.
    pub(super) fn head(&self) -> Option<Account> {
        let reported = self.savings.iter().filter(|saving| saving.is_reported());
        let latest = reported.max_by_key(|saving| saving.account.revision());
        latest.map(|saving| saving.account.clone())
    }

    /// The result of their latest load.
    pub(super) fn last_load(&self, who: &str) -> Option<&What> {
        let mut latest = self.steps.iter().rev();
        let last = latest.find(|step| step.who == who && step.is_a_load());
        last.map(|step| &step.what)
    }

    /// The first record, in words.
    pub(super) fn size(&self) -> String {
        let subject = self.subject.as_str().len();
        let of = |account: &Account| {
            let (record, _) = Record::of(account);
            let phones = record.phones.len();
            let (challenges, spent) = (record.challenges.len(), record.spent.len());
            format!(
                "a subject of {subject} bytes, {phones} phones, {challenges} challenges and {spent} \
                 spent sessions"
            )
        };
        let first = self.savings.first().map(|saving| of(&saving.account));
        first.unwrap_or_default()
    }

    pub(super) fn begin(
        &mut self,
        kind: Kind,
        who: &str,
        base: Option<Account>,
        account: Account,
    ) -> Write {
        self.note(who, What::BeginsToSave(account.revision()));
        let began = self.moment();
        self.savings.push(Saving {
            who: who.into(),
            base,
            account,
            kind,
            began,
            came_of: Came::Unknown,
            restarts: 0,
            told: None,
        });
        Write(self.savings.len() - 1)
    }

    pub(super) fn unsaved(&mut self, Write(index): Write, unsaved: &Unsaved<String>) {
        let saving = &mut self.savings[index];
        let (who, revision) = (saving.who.clone(), saving.account.revision());
        let what = match unsaved {
            Unsaved::Conflict => {
                saving.came_of = Came::Conflict;
                What::Conflict(revision)
            }
            Unsaved::Failed(error) => {
                saving.came_of = Came::Failure(error.clone());
                What::FailsToSave(revision, error.clone())
            }
        };
        self.end(&who, what);
    }

    pub(super) fn restarted(&mut self) {
        self.restarts += 1;
        if self
            .steps
            .last()
            .is_none_or(|step| step.what != What::Restarts)
        {
            self.note("", What::Restarts);
        }
    }

    pub(super) fn loaded(
        &mut self,
        who: &str,
        known: Option<u64>,
        loaded: Result<Option<Account>, String>,
    ) -> Result<Loaded, Breach> {
        self.loads += 1;
        let record = match loaded {
            Ok(record) => record,
            Err(error) => {
                self.note(who, What::FailsToLoad(error));
                return Ok(Loaded::NoAnswer);
            }
        };
        let revision = record.as_ref().map(Account::revision);
        self.note(who, What::Loads(revision));
        if revision < known {
            self.stale_loads += 1;
        }
        let Some(record) = record else {
            return Ok(Loaded::NoRecord);
        };
        if let Some((duty, found)) = self.misread(&record) {
            return Err(self.breach(duty, None, found, &[who]));
        }
        let overwritten = self.savings.iter().find(|saving| {
            saving.is_reported()
                && Some(saving.account.revision()) == revision
                && saving.account != record
        });
        let by = self.savings.iter().find(|saving| saving.account == record);
        match (overwritten, by) {
            // A later write may have followed the loss of the first: then the store did compare.
            (Some(first), Some(second))
                if first.restarts == self.restarts && met(first, second) =>
            {
                Err(self.overwritten(first, second))
            }
            (Some(lost), _) => {
                let (rule, _) = self.lost(lost, lost);
                let found = format!(
                    "what {} saved as revision {} was replaced by another write",
                    lost.who,
                    lost.account.revision()
                );
                Err(self.breach(Duty::Keep, rule, found, &[who, &lost.who]))
            }
            (None, _) => Ok(Loaded::Record(Box::new(record))),
        }
    }

    /// What is wrong with a record on its own.
    fn misread(&self, record: &Account) -> Option<(Duty, String)> {
        let (asked, given) = (self.subject.as_str(), record.subject().as_str());
        if asked != given {
            let found = format!(
                "asked for {asked:?}, it gave the record of {given:?}; a key must be compared byte \
                 by byte: nothing folded, trimmed, normalized or cut"
            );
            return Some((Duty::Read, found));
        }
        let mut made = self.savings.iter().filter(|it| it.account == *record);
        match made.clone().next().map(|saving| saving.kind) {
            Some(Kind::Honest) if made.all(|it| it.came_of == Came::Conflict) => {
                let found = "the store reported a conflict, but it stored the write; if the store \
                             or its pool retries a write, let it fail instead";
                Some((Duty::Conflict, found.into()))
            }
            Some(Kind::Honest) => None,
            Some(Kind::Wrong) => {
                let found = "the store reported a write as refused, but it stored the write";
                Some((Duty::Replace, found.into()))
            }
            None => {
                let found = "nobody has saved what was loaded; if it is of an earlier run, give \
                             another seed";
                Some((Duty::Read, found.into()))
            }
        }
    }

    pub(super) fn reported_write(
        &mut self,
        Write(index): Write,
        told: Option<Told>,
    ) -> Result<(), Breach> {
        let (restarts, now) = (self.restarts, self.moment());
        let saving = &mut self.savings[index];
        saving.came_of = Came::Reported(now);
        saving.restarts = restarts;
        let (who, revision) = (saving.who.clone(), saving.account.revision());
        let text = told.as_ref().map(Told::text);
        saving.told = told;
        self.end(&who, What::Saves(revision, text));
        let twin = self.savings.iter().enumerate().find(|(other, saving)| {
            *other != index && saving.is_reported() && saving.account.revision() == revision
        });
        let Some((_, twin)) = twin else {
            return Ok(());
        };
        let saving = &self.savings[index];
        if twin.restarts != saving.restarts {
            // A restart has undone the first; the effect shows at the end.
            return Ok(());
        }
        Err(self.overwritten(twin, saving))
    }

    /// Two writes of one revision were accepted, without a restart in between.
    fn overwritten(&self, first: &Saving, second: &Saving) -> Breach {
        let duty = if second.account.revision() == 1 {
            Duty::Insert
        } else {
            Duty::Replace
        };
        let (rule, found) = self.lost(first, second);
        let hint = match duty {
            Duty::Insert => "insert, and report a conflict if a record exists",
            _ if met(first, second) => {
                "both were under way at once: compare and write in one statement, or lock the row"
            }
            _ => "name the replaced revision in the write, and check whether it changed a row",
        };
        let found = format!("{found}; {hint}");
        self.breach(duty, rule, found, &[&first.who, &second.who])
    }

    pub(super) fn check(&self) -> Result<(), Breach> {
        let latest = self
            .savings
            .iter()
            .rev()
            .find(|saving| saving.is_reported());
        let Some(latest) = latest else { return Ok(()) };
        // Back from the last write, from each to the one it was based on.
        let mut followed = Vec::from([latest]);
        let mut base = latest.base.as_ref();
        while let Some(account) = base {
            let made = self
                .savings
                .iter()
                .filter(|saving| saving.kind == Kind::Honest && saving.account == *account);
            let Some(from) = made.max_by_key(|saving| saving.is_reported()) else {
                break;
            };
            followed.push(from);
            base = from.base.as_ref();
        }
        let mut lost = self.savings.iter().filter(|saving| {
            saving.is_reported() && !followed.iter().any(|known| std::ptr::eq(*known, *saving))
        });
        // Prefer one that shows the consequence.
        let shown = lost.clone().find(|saving| saving.told.is_some());
        let Some(lost) = shown.or_else(|| lost.next()) else {
            return Ok(());
        };
        let (rule, _) = self.lost(lost, lost);
        let found = format!(
            "revision {} of {} was reported as saved, but is not stored",
            lost.account.revision(),
            lost.who
        );
        Err(self.breach(Duty::Keep, rule, found, &[&lost.who, &latest.who]))
    }

    pub(super) fn count(&self, report: &mut Report) {
        report.loads += self.loads;
        report.stale_loads += self.stale_loads;
        report.restarts += self.restarts;
        for saving in &self.savings {
            saving.count(report);
        }
    }

    fn moment(&mut self) -> u64 {
        self.moments += 1;
        self.moments
    }

    pub(super) fn note(&mut self, who: &str, what: What) {
        let who = who.into();
        self.steps.push(Step { who, what });
    }

    /// Ends a write. Replaces its begin if nothing came between.
    fn end(&mut self, who: &str, what: What) {
        let begun = self.steps.last();
        if begun.is_some_and(|step| step.who == who && matches!(step.what, What::BeginsToSave(_))) {
            self.steps.pop();
        }
        self.note(who, what);
    }

    pub(super) fn breach(
        &self,
        duty: Duty,
        rule: Option<Rule>,
        found: String,
        involved: &[&str],
    ) -> Breach {
        let shown = |step: &&Step| step.who.is_empty() || involved.contains(&step.who.as_str());
        let mut schedule: Vec<Step> = self.steps.iter().filter(shown).cloned().collect();
        if schedule.iter().filter(|step| step.is_a_load()).count() > MAX_SHOWN {
            // The last of several equal tries.
            let before = schedule.len() - 2;
            schedule.drain(..before);
        }
        Breach {
            duty,
            rule,
            found,
            schedule,
        }
    }
}

/// Whether the second write began before the first was reported.
fn met(first: &Saving, second: &Saving) -> bool {
    matches!(first.came_of, Came::Reported(ended) if ended > second.began)
}

/// The largest number of loads shown for one schedule.
const MAX_SHOWN: usize = 32;
