//! One subject on the store, step by step.

use std::cell::RefCell;

use oob_mfa::{Account, Next, Subject, Unsaved};

use super::Store;
use super::history::{History, Write};
use super::report::{Breach, Duty, Report, What};
use super::saving::{Kind, Told};
use crate::record::{Record, VERSION};
use crate::rule::Rule;

/// How often a step is tried before the store counts as unable to do it.
pub(super) const MAX_TRIES: u32 = 64;

/// One subject on the store.
pub(super) struct Trial<'a> {
    pub(super) store: &'a dyn Store,
    pub(super) subject: Subject,
    history: RefCell<History>,
}

/// The result of a load.
#[derive(PartialEq, Eq)]
pub(super) enum Loaded {
    Record(Box<Account>),
    NoRecord,
    NoAnswer,
}

impl<'a> Trial<'a> {
    pub(super) fn new(store: &'a dyn Store, subject: Subject) -> Self {
        let history = RefCell::new(History::new(subject.clone()));
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

    /// As [`load`](Self::load), until it gets a response.
    pub(super) async fn load_answered(&self, who: &str) -> Result<Loaded, Breach> {
        for _ in 0..MAX_TRIES {
            let loaded = self.load(who).await?;
            if loaded != Loaded::NoAnswer {
                return Ok(loaded);
            }
        }
        Err(self.gave_up(who))
    }

    /// Creates the first record, with as many retries as needed.
    pub(super) async fn insert(&self, who: &str, account: Account) -> Result<(), Breach> {
        for _ in 0..MAX_TRIES {
            self.begins_here();
            if self.write(who, account.clone(), Kind::Honest).await? {
                return Ok(());
            }
            // The write may have happened anyway. Anything else is a breach.
            if let Loaded::Record(record) = self.load(who).await? {
                self.history.borrow_mut().is_there(&record);
                return Ok(());
            }
        }
        Err(self.gave_up(who))
    }

    /// Writes one revision after another, based on the last saved account.
    pub(super) async fn goes_on(&self, who: &str) -> Result<(), Breach> {
        for _ in 0..MAX_TRIES {
            self.begins_here();
            let Some(head) = self.head() else { break };
            let next = at(&head, head.revision() + 1);
            let write = self.begin(who, Some(head), next.clone());
            match self
                .store
                .replace(Next::without_outcome(next.clone(), Vec::new()))
                .await
            {
                Ok(()) => return self.reported(write, None),
                Err(unsaved) => self.unsaved(write, &unsaved),
            }
            // The write may have happened anyway.
            if let Loaded::Record(record) = self.load(who).await?
                && *record == next
            {
                return self.reported(write, None);
            }
        }
        Err(self.gave_up(who))
    }

    /// Writes to a record that was last saved as `account`.
    pub(super) async fn is_still(&self, account: Account) -> Result<(), Breach> {
        let who = "a later check";
        self.history.borrow_mut().knows(account);
        self.goes_on(who).await.map_err(|breach| Breach {
            duty: Duty::Keep,
            found: "the saved record of a subject is lost or undone after writes to others".into(),
            ..breach
        })
    }

    /// The latest account that was reported as saved.
    pub(super) fn head(&self) -> Option<Account> {
        self.history.borrow().head()
    }

    /// Writes an account that no request made; returns whether the store reported it as saved.
    async fn write(&self, who: &str, account: Account, kind: Kind) -> Result<bool, Breach> {
        let write = self.begin_as(kind, who, None, account.clone());
        match self
            .store
            .replace(Next::without_outcome(account, Vec::new()))
            .await
        {
            Ok(()) => self.reported(write, None).map(|()| true),
            Err(unsaved) => {
                self.unsaved(write, &unsaved);
                Ok(false)
            }
        }
    }

    /// Writes an account that the store must refuse, because another revision is stored, or none.
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
        self.history.borrow_mut().begin(kind, who, base, account)
    }

    pub(super) fn unsaved(&self, write: Write, unsaved: &Unsaved<String>) {
        self.history.borrow_mut().unsaved(write, unsaved);
    }

    /// The store reported the write, so the response was sent.
    pub(super) fn reported(&self, write: Write, told: Option<Told>) -> Result<(), Breach> {
        self.history.borrow_mut().reported_write(write, told)
    }

    pub(super) fn starts_with(&self, left: [u32; 3]) {
        self.history.borrow_mut().starts_with(left);
    }

    /// Drops the steps so far: later reports do not show them.
    pub(super) fn begins_here(&self) {
        self.history.borrow_mut().begins_here();
    }

    pub(super) async fn restart(&self) -> bool {
        if self.store.restart().await.is_none() {
            return false;
        }
        self.history.borrow_mut().restarted();
        true
    }

    /// Whether the last reported write follows from everything reported as saved.
    pub(super) fn check(&self) -> Result<(), Breach> {
        self.history.borrow().check()
    }

    /// Loads or saves that failed [`MAX_TRIES`] times.
    pub(super) fn gave_up(&self, who: &str) -> Breach {
        let history = self.history.borrow();
        let (duty, found) = match history.last_load(who) {
            Some(What::FailsToLoad(_)) if history.reported().is_none() => (
                Duty::Read,
                format!("{MAX_TRIES} loads failed; without a record, a load must return none"),
            ),
            Some(What::FailsToLoad(_)) => (
                Duty::Read,
                format!("{MAX_TRIES} loads of what was saved failed"),
            ),
            Some(What::Loads(loaded)) if *loaded < history.reported() => (
                Duty::Read,
                format!(
                    "{MAX_TRIES} loads were behind what was reported as saved; after a conflict, \
                     bypass the cache"
                ),
            ),
            _ if history.reported().is_none() => (
                Duty::Save,
                format!(
                    "a first record of {} was refused {MAX_TRIES} times",
                    history.size()
                ),
            ),
            _ => (
                Duty::Save,
                format!(
                    "{MAX_TRIES} saves were refused; compare the stored revision with \
                     account.replaces(), and store account.revision()"
                ),
            ),
        };
        history.breach(duty, None, found, &[who])
    }

    fn breach(&self, duty: Duty, rule: Option<Rule>, found: String, involved: &[&str]) -> Breach {
        self.history.borrow().breach(duty, rule, found, involved)
    }

    /// A breach that involves one of them.
    pub(super) fn breach_of(&self, who: &str, duty: Duty, found: &str) -> Breach {
        self.breach(duty, None, found.to_string(), &[who])
    }

    pub(super) fn count(&self, report: &mut Report) {
        self.history.borrow().count(report);
    }
}

/// This account with another revision.
pub(super) fn at(account: &Account, revision: u64) -> Account {
    let (record, _) = Record::of(account);
    let subject = account.subject().as_str().into();
    let version = VERSION;
    Record {
        version,
        subject,
        revision,
        ..record
    }
    .load()
}
