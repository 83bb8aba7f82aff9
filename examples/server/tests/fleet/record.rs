//! The counts of a stored record, over its whole life.

use oob_mfa::{Account, Budget, Limit, Policy, RateLimit};
use serde_json::Value;
use time::UtcDateTime;

/// What each budget holds.
pub const BURST: usize = 10;

/// Counts since the account was new. They are exact for 6 minutes, until the first refill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    pub sends: usize,
    pub binding_failures: usize,
    pub recovery_failures: usize,
    /// Logins completed.
    pub spent: usize,
    /// Writes.
    pub revision: usize,
}

impl Record {
    pub fn of(account: &Account) -> Self {
        let stored = serde_json::to_value(account).unwrap();
        let record = &stored["account"];
        let policy = Policy::auth0();
        let budget = |name: &str, limit| charged(&record["budgets"][name], policy.rate(limit));
        Self {
            sends: budget("sends", Limit::Sends),
            binding_failures: budget("binding_failures", Limit::BindingFailures),
            recovery_failures: budget("recovery_failures", Limit::RecoveryFailures),
            spent: record["spent"].as_array().unwrap().len(),
            revision: account.revision().try_into().unwrap(),
        }
    }

    /// Every write charged a budget or completed a login, and none overwrote another.
    #[track_caller]
    pub fn adds_up(&self) {
        let sum = self.sends + self.binding_failures + self.recovery_failures + self.spent;
        assert_eq!(self.revision, sum, "{self:?}");
    }
}

fn charged(budget: &Value, limit: RateLimit) -> usize {
    let budget: Budget = serde_json::from_value(budget.clone()).unwrap();
    let left = budget.remaining(limit, UtcDateTime::now());
    (limit.burst() - left).try_into().unwrap()
}
