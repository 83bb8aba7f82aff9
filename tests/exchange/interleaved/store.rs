//! A store with a conditional write, and a log of all writes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use oob_mfa::{Account, DeliveryId, Event, Limit, Next, Policy, Subject};
use oob_mfa_testing::record::Record;

#[derive(Default)]
pub struct Store {
    accounts: BTreeMap<Subject, Account>,
    /// The events of each user, with the account's time in milliseconds.
    log: BTreeMap<Subject, Vec<(i64, Event)>>,
    granted: BTreeSet<DeliveryId>,
}

impl Store {
    pub fn load(&self, subject: &Subject) -> Option<Account> {
        self.accounts.get(subject).cloned()
    }

    /// Whether it was written.
    pub fn replace(&mut self, next: &Next) -> bool {
        let account = next.account();
        let subject = account.subject();
        if self.accounts.get(subject).map(Account::revision) != account.replaces() {
            return false;
        }
        let at = Record::of(account).0.as_of;
        let log = self.log.entry(subject.clone()).or_default();
        for event in next.events() {
            log.push((at, *event));
            if let Some(code) = grants(event) {
                assert!(self.granted.insert(code), "a code is granted twice");
            }
        }
        self.accounts.insert(subject.clone(), account.clone());
        true
    }

    /// Checks the limits in every window of time.
    pub fn check_limits(&self, policy: &Policy) {
        for log in self.log.values() {
            for limit in Limit::ALL {
                let charged = log
                    .iter()
                    .filter(|(_, event)| charges(event) == Some(limit));
                let times: Vec<i64> = charged.map(|(at, _)| *at).collect();
                let rate = policy.rate(limit);
                for (first, from) in times.iter().enumerate() {
                    for (count, to) in (1..).zip(&times[first..]) {
                        let window = Duration::from_millis(u64::try_from(to - from).unwrap());
                        assert!(count <= rate.most_within(window), "{limit:?}: {times:?}");
                    }
                }
            }
        }
    }
}

/// The code that a success used up.
fn grants(event: &Event) -> Option<DeliveryId> {
    match event {
        Event::Authenticated { delivery, .. } => *delivery,
        _ => None,
    }
}

fn charges(event: &Event) -> Option<Limit> {
    match event {
        Event::CodeIssued { .. } => Some(Limit::Sends),
        Event::WrongBindingCode { .. } => Some(Limit::BindingFailures),
        Event::WrongRecoveryCode { .. } => Some(Limit::RecoveryFailures),
        _ => None,
    }
}
