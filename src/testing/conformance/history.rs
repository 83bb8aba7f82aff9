//! The life of one record: everything that was loaded and saved of it, and whether it fits together.

use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::cell::RefCell;

use super::Store;
use super::report::{Breach, Duty, Report, Step, What};
use crate::account::Account;
use crate::denied::Denied;
use crate::engine::Remaining;
use crate::subject::Subject;
use crate::testing::reply::{Answer, Observation};
use crate::testing::rule::Rule;
use crate::transition::{Events, Next};

/// How often something is tried before the store counts as one that does not do it.
pub(super) const MOST_TRIES: u32 = 64;

/// One subject on the store.
pub(super) struct Trial<'a, S> {
    pub(super) store: &'a S,
    pub(super) subject: Subject,
    history: RefCell<History>,
}

#[derive(Default)]
struct History {
    savings: Vec<Saving>,
    steps: Vec<Step>,
    /// What the budgets hold at the first step.
    left: Option<Remaining>,
    loads: u64,
    stale_loads: u64,
    restarts: u64,
}

struct Saving {
    who: String,
    base: Option<Account>,
    account: Account,
    is_reported: bool,
    kind: Kind,
    /// Restarts before it was reported.
    restarts: u64,
    told: Option<Told>,
}

/// Whether a store may take a write at all.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// If nobody else was first.
    Honest,
    /// Never: it replaces a revision that is not there.
    Wrong,
}

/// What somebody was told, and which code was presented for it.
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

/// What a load has led to.
#[derive(PartialEq, Eq)]
pub(super) enum Loaded {
    Record(Box<Account>),
    NoRecord,
    NoAnswer,
}

/// Which of the writes it is.
#[derive(Clone, Copy)]
pub(super) struct Write(usize);

impl<'a, S: Store> Trial<'a, S> {
    pub(super) fn new(store: &'a S, subject: Subject) -> Self {
        let history = RefCell::default();
        Self {
            store,
            subject,
            history,
        }
    }

    pub(super) async fn load(&self, who: &str) -> Result<Loaded, Breach> {
        let known = self.history.borrow().reported();
        let loaded = self.store.load(self.subject.clone()).await;
        self.history.borrow_mut().loaded(who, known, loaded)
    }

    /// As [`load`](Self::load), as often as it takes to be answered.
    pub(super) async fn load_answered(&self, who: &str) -> Result<Loaded, Breach> {
        for _ in 0..MOST_TRIES {
            let loaded = self.load(who).await?;
            if loaded != Loaded::NoAnswer {
                return Ok(loaded);
            }
        }
        let found = format!("{who} tried to load {MOST_TRIES} times");
        Err(self.breach(Duty::Save, None, found, &[who]))
    }

    /// Makes the first record, as often as it takes.
    pub(super) async fn insert(&self, who: &str, account: Account) -> Result<(), Breach> {
        for _ in 0..MOST_TRIES {
            self.begins_here();
            if self.write(who, account.clone(), Kind::Honest).await? {
                return Ok(());
            }
            // It may have been done all the same. Whatever else is there is a breach.
            if let Loaded::Record(_) = self.load(who).await? {
                return Ok(());
            }
        }
        let found = format!("{who} tried to make a first record {MOST_TRIES} times");
        Err(self.breach(Duty::Save, None, found, &[who]))
    }

    /// The latest account that was reported as saved.
    pub(super) fn head(&self) -> Option<Account> {
        let history = self.history.borrow();
        let reported = history.savings.iter().filter(|saving| saving.is_reported);
        let latest = reported.max_by_key(|saving| saving.account.revision);
        latest.map(|saving| saving.account.clone())
    }

    /// Writes an account that no request has made; whether the store has reported it as saved.
    async fn write(&self, who: &str, account: Account, kind: Kind) -> Result<bool, Breach> {
        let write = self.begin_as(kind, who, None, account.clone());
        let next = Next {
            account,
            events: Events::NONE,
        };
        match self.store.replace(next).await {
            Ok(()) => self.reported(write, None).map(|()| true),
            Err(error) => {
                self.failed(write, &error);
                Ok(false)
            }
        }
    }

    /// Writes what the store must not take, because another revision is there, or none.
    pub(super) async fn write_wrong(
        &self,
        who: &str,
        account: Account,
        duty: Duty,
        found: &str,
    ) -> Result<(), Breach> {
        if self.write(who, account, Kind::Wrong).await? {
            return Err(self.breach(duty, None, found.into(), &[who]));
        }
        Ok(())
    }

    pub(super) fn begin(&self, who: &str, base: Option<Account>, account: Account) -> Write {
        self.begin_as(Kind::Honest, who, base, account)
    }

    fn begin_as(&self, kind: Kind, who: &str, base: Option<Account>, account: Account) -> Write {
        let mut history = self.history.borrow_mut();
        history.note(who, What::BeginsToSave(account.revision));
        history.savings.push(Saving {
            who: who.into(),
            base,
            account,
            is_reported: false,
            kind,
            restarts: 0,
            told: None,
        });
        Write(history.savings.len().saturating_sub(1))
    }

    pub(super) fn failed(&self, write: Write, error: &str) {
        let mut history = self.history.borrow_mut();
        if let Some(Saving { who, account, .. }) = history.savings.get(write.0) {
            let (who, revision) = (who.clone(), account.revision);
            history.end(&who, What::FailsToSave(revision, error.into()));
        }
    }

    /// The store has said that it is saved, and so somebody was told.
    pub(super) fn reported(&self, write: Write, told: Option<Told>) -> Result<(), Breach> {
        self.history.borrow_mut().reported_write(write, told)
    }

    /// Nothing was to be saved: somebody was told no.
    pub(super) fn refused(&self, who: &str, told: &Told) {
        let text = text(&told.observation.reply.answer);
        self.history.borrow_mut().note(who, What::Hears(text));
    }

    pub(super) fn starts_with(&self, left: Remaining) {
        self.history.borrow_mut().left = Some(left);
    }

    /// Forgets the steps so far: what follows is shown without them.
    pub(super) fn begins_here(&self) {
        self.history.borrow_mut().steps.clear();
    }

    pub(super) async fn restart(&self) -> bool {
        if self.store.restart().await.is_none() {
            return false;
        }
        let mut history = self.history.borrow_mut();
        history.note("", What::Restarts);
        history.restarts = history.restarts.saturating_add(1);
        true
    }

    /// Whether everything that was reported as saved is what the last write reported follows from.
    pub(super) fn check(&self) -> Result<(), Breach> {
        self.history.borrow().check()
    }

    pub(super) fn breach(
        &self,
        duty: Duty,
        rule: Option<Rule>,
        found: String,
        involved: &[&str],
    ) -> Breach {
        self.history.borrow().breach(duty, rule, found, involved)
    }

    pub(super) fn count(&self, report: &mut Report) {
        let history = self.history.borrow();
        let reported = history.savings.iter().filter(|saving| saving.is_reported);
        let (reported, all) = (count(reported.count()), count(history.savings.len()));
        for (total, more) in [
            (&mut report.loads, history.loads),
            (&mut report.stale_loads, history.stale_loads),
            (&mut report.restarts, history.restarts),
            (&mut report.saves, reported),
            (&mut report.refused_saves, all.saturating_sub(reported)),
        ] {
            *total = total.saturating_add(more);
        }
    }
}

fn count(of: usize) -> u64 {
    u64::try_from(of).unwrap_or(u64::MAX)
}

impl History {
    /// The latest revision that was reported as saved.
    fn reported(&self) -> Option<u64> {
        let reported = self.savings.iter().filter(|saving| saving.is_reported);
        reported.map(|saving| saving.account.revision).max()
    }

    fn loaded(
        &mut self,
        who: &str,
        known: Option<u64>,
        loaded: Result<Option<Account>, String>,
    ) -> Result<Loaded, Breach> {
        self.loads = self.loads.saturating_add(1);
        let record = match loaded {
            Ok(record) => record,
            Err(error) => {
                self.note(who, What::FailsToLoad(error));
                return Ok(Loaded::NoAnswer);
            }
        };
        let revision = record.as_ref().map(Account::revision);
        self.note(who, What::Loads(revision));
        if let Some(record) = &record {
            let is_it = |saving: &&Saving| saving.account == *record;
            let found = match self.savings.iter().find(is_it).map(|saving| saving.kind) {
                Some(Kind::Honest) => None,
                Some(Kind::Wrong) => Some((Duty::Replace, "a write was done that was refused")),
                None => Some((
                    Duty::Read,
                    "nobody has saved what was loaded; after an earlier run, give another seed",
                )),
            };
            if let Some((duty, found)) = found {
                return Err(self.breach(duty, None, found.into(), &[who]));
            }
            let overwritten = self.savings.iter().find(|saving| {
                saving.is_reported && Some(saving.account.revision) == revision && !is_it(saving)
            });
            if let Some(overwritten) = overwritten {
                let (rule, _) = self.lost(overwritten, overwritten);
                let found = format!(
                    "what {} saved as revision {} is another's now",
                    overwritten.who, overwritten.account.revision
                );
                return Err(self.breach(Duty::Keep, rule, found, &[who, &overwritten.who]));
            }
        }
        if revision < known {
            self.stale_loads = self.stale_loads.saturating_add(1);
        }
        Ok(record.map_or(Loaded::NoRecord, |record| Loaded::Record(Box::new(record))))
    }

    fn reported_write(&mut self, Write(index): Write, told: Option<Told>) -> Result<(), Breach> {
        let restarts = self.restarts;
        let Some(saving) = self.savings.get_mut(index) else {
            return Ok(());
        };
        saving.is_reported = true;
        saving.restarts = restarts;
        saving.told.clone_from(&told);
        let (who, revision) = (saving.who.clone(), saving.account.revision);
        let told = told.map_or_else(
            || "reported".to_string(),
            |told| text(&told.observation.reply.answer),
        );
        self.end(&who, What::Saves(revision, told));
        let twin = self.savings.iter().enumerate().find(|(other, saving)| {
            *other != index && saving.is_reported && saving.account.revision == revision
        });
        let (Some((_, twin)), Some(saving)) = (twin, self.savings.get(index)) else {
            return Ok(());
        };
        if twin.restarts != saving.restarts {
            // A restart has undone the first; what that means is seen at the end.
            return Ok(());
        }
        let duty = if revision == 1 {
            Duty::Insert
        } else {
            Duty::Replace
        };
        let (rule, found) = self.lost(twin, saving);
        Err(self.breach(duty, rule, found, &[&twin.who, &who]))
    }

    /// What it means that of two writes only one is there, although both were reported.
    fn lost(&self, one: &Saving, two: &Saving) -> (Option<Rule>, String) {
        let told = |saving: &Saving| Some(saving.told.as_ref()?.observation.reply.answer.clone());
        let granted = |saving: &Saving| matches!(told(saving), Some(Answer::Verified { .. }));
        let code = |saving: &Saving| saving.told.as_ref().and_then(|told| told.presented);
        if granted(one) && granted(two) && code(one) == code(two) {
            return (Some(Rule::Once), "one code was granted twice".into());
        }
        for (denied, left) in [
            (
                Denied::InvalidBindingCode,
                self.left.map(|left| left.binding_failures),
            ),
            (
                Denied::InvalidRecoveryCode,
                self.left.map(|left| left.recovery_failures),
            ),
        ] {
            let wrong = |saving: &&Saving| told(saving) == Some(Answer::Denied(denied));
            let judged = count(self.savings.iter().filter(wrong).count());
            if let Some(left) = left
                && judged > u64::from(left)
            {
                let found = format!("{judged} wrong codes were judged, and the budget had {left}");
                return (Some(Rule::FailureLimit), found);
            }
            if wrong(&one) || wrong(&two) {
                let found = "a wrong code was told, and its charge is lost".into();
                return (Some(Rule::ChargeBeforeReveal), found);
            }
        }
        let is_sent = |saving: &&Saving| {
            let told = saving.told.as_ref();
            told.is_some_and(|told| told.observation.reply.sent.is_some())
        };
        let sent = count(self.savings.iter().filter(is_sent).count());
        if let Some(left) = self.left
            && sent > u64::from(left.sends)
        {
            let found = format!(
                "{sent} messages went out, and the budget had {}",
                left.sends
            );
            return (Some(Rule::SendLimit), found);
        }
        if granted(one) || granted(two) {
            let found = "a login was completed, and the record does not know it".into();
            return (Some(Rule::Once), found);
        }
        (None, "one of two reported writes is lost".into())
    }

    fn check(&self) -> Result<(), Breach> {
        let latest = self.savings.iter().rev().find(|saving| saving.is_reported);
        let Some(latest) = latest else { return Ok(()) };
        // Back from the last write, from each to the one that it was made from.
        let mut followed = Vec::from([latest]);
        let mut base = latest.base.as_ref();
        while let Some(account) = base {
            let made = self
                .savings
                .iter()
                .filter(|saving| saving.account == *account);
            let Some(from) = made.max_by_key(|saving| saving.is_reported) else {
                break;
            };
            followed.push(from);
            base = from.base.as_ref();
        }
        let mut lost = self.savings.iter().filter(|saving| {
            saving.is_reported && !followed.iter().any(|known| core::ptr::eq(*known, *saving))
        });
        // Best one that shows what it means.
        let shown = lost.clone().find(|saving| saving.told.is_some());
        let Some(lost) = shown.or_else(|| lost.next()) else {
            return Ok(());
        };
        let (rule, _) = self.lost(lost, lost);
        let found = format!(
            "revision {} of {} was reported as saved, and is not there",
            lost.account.revision, lost.who
        );
        Err(self.breach(Duty::Keep, rule, found, &[&lost.who, &latest.who]))
    }

    fn note(&mut self, who: &str, what: What) {
        let who = who.into();
        self.steps.push(Step { who, what });
    }

    /// Ends a write: in the place of its begin, where nothing came between.
    fn end(&mut self, who: &str, what: What) {
        let begun = self.steps.last();
        if begun.is_some_and(|step| step.who == who && matches!(step.what, What::BeginsToSave(_))) {
            self.steps.pop();
        }
        self.note(who, what);
    }

    fn breach(&self, duty: Duty, rule: Option<Rule>, found: String, involved: &[&str]) -> Breach {
        let shown = |step: &&Step| step.who.is_empty() || involved.contains(&step.who.as_str());
        let mut schedule: Vec<Step> = self.steps.iter().filter(shown).cloned().collect();
        if duty == Duty::Save {
            // The last try of many that are alike.
            let before = schedule.len().saturating_sub(2);
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

/// What somebody was told, in a word.
fn text(answer: &Answer) -> String {
    match answer {
        Answer::Verified { .. } => "granted".into(),
        Answer::Associated { .. } | Answer::Challenged { .. } => "sent".into(),
        Answer::Denied(denied) => denied.to_string(),
        _ => "done".into(),
    }
}
