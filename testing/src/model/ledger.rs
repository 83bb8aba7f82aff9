//! A budget, as the list of everything that ever happened to it.

use oob_mfa::RateLimit;

use super::millis;

/// Everything that ever happened to a budget.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger(Vec<(i64, Entry)>);

#[derive(Clone, Copy, Debug)]
enum Entry {
    Taken,
    /// The time went back to before what was taken had refilled: nothing is left, and not less than that.
    Rewound,
}

impl Ledger {
    /// How much is left, in milliseconds of refilling: `period` of them are good for one.
    fn level(&self, limit: RateLimit, time: i64) -> i64 {
        let (full, period) = (full(limit), millis(limit.period()));
        let Some(&(first, _)) = self.0.first() else {
            return full;
        };
        let (mut level, mut last) = (full, first);
        for &(at, entry) in &self.0 {
            level = full.min(level + at - last);
            last = at;
            level = match entry {
                Entry::Taken => level - period,
                Entry::Rewound => 0,
            };
        }
        full.min(level + time - last)
    }

    /// When one can be taken, where that is not now.
    pub(super) fn check(&self, limit: RateLimit, time: i64) -> Result<(), i64> {
        let missing = millis(limit.period()) - self.level(limit, time);
        if missing <= 0 {
            Ok(())
        } else {
            Err(time + missing)
        }
    }

    /// How many are left.
    pub(super) fn remaining(&self, limit: RateLimit, time: i64) -> u32 {
        let left = self.level(limit, time).max(0) / millis(limit.period());
        u32::try_from(left).expect("at most a burst")
    }

    /// When it is full again: now, where it is.
    pub(super) fn full_at(&self, limit: RateLimit, time: i64) -> i64 {
        time + full(limit) - self.level(limit, time)
    }

    pub(super) fn take(&mut self, time: i64) {
        self.0.push((time, Entry::Taken));
    }

    pub(super) fn rewind(&mut self, limit: RateLimit, to: i64) {
        if self.level(limit, to) < 0 {
            self.0.push((to, Entry::Rewound));
        }
    }
}

fn full(limit: RateLimit) -> i64 {
    millis(limit.period()) * i64::from(limit.burst())
}
