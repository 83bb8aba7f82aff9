//! A budget, computed from everything that ever happened to it.

use oob_mfa::RateLimit;

use super::millis;

/// Everything that ever happened to a budget.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger(Vec<(i64, Entry)>);

/// The missing part is counted in milliseconds of refilling: a policy with another rate can
/// continue with it.
#[derive(Clone, Copy, Debug)]
enum Entry {
    /// One was taken; the budget needs this long to refill it.
    Taken(i64),
    /// A rewind to before the refill: exactly a full burst is missing.
    Rewound(i64),
}

impl Ledger {
    /// How much is missing, in milliseconds of refilling.
    fn missing(&self, time: i64) -> i64 {
        let Some(&(first, _)) = self.0.first() else {
            return 0;
        };
        let (mut missing, mut last) = (0, first);
        for &(at, entry) in &self.0 {
            missing = 0.max(missing - (at - last));
            last = at;
            missing = match entry {
                Entry::Taken(period) => missing + period,
                Entry::Rewound(all) => all,
            };
        }
        0.max(missing - (time - last))
    }

    /// How much is left; one `period` gives one back.
    fn level(&self, limit: RateLimit, time: i64) -> i64 {
        full(limit) - self.missing(time)
    }

    /// When one can be taken, if not now.
    pub(super) fn check(&self, limit: RateLimit, time: i64) -> Result<(), i64> {
        let wait = millis(limit.period()) - self.level(limit, time);
        if wait <= 0 { Ok(()) } else { Err(time + wait) }
    }

    /// How many are left.
    pub(super) fn remaining(&self, limit: RateLimit, time: i64) -> u32 {
        let left = self.level(limit, time).max(0) / millis(limit.period());
        u32::try_from(left).expect("at most a burst")
    }

    /// When it is full again: now, if it is full.
    pub(super) fn full_at(&self, time: i64) -> i64 {
        time + self.missing(time)
    }

    pub(super) fn take(&mut self, limit: RateLimit, time: i64) {
        self.0.push((time, Entry::Taken(millis(limit.period()))));
    }

    pub(super) fn rewind(&mut self, limit: RateLimit, to: i64) {
        if self.level(limit, to) < 0 {
            self.0.push((to, Entry::Rewound(full(limit))));
        }
    }
}

fn full(limit: RateLimit) -> i64 {
    millis(limit.period()) * i64::from(limit.burst())
}
