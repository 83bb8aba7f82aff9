//! A budget, as the list of everything that ever happened to it.

use alloc::vec::Vec;

use crate::budget::RateLimit;

const DAY: i64 = 24 * 60 * 60 * 1_000;

/// Everything that ever happened to a budget.
#[derive(Clone, Debug, Default)]
pub(super) struct Ledger(Vec<(i64, Entry)>);

#[derive(Clone, Copy, Debug)]
enum Entry {
    Taken,
    /// The clock had gone back by more than a day: nothing is left, and not less than that.
    FoundOverdrawn,
}

impl Ledger {
    /// How much is left, in milliseconds of refilling; `period` of them are good for one.
    fn level(&self, limit: RateLimit, now: i64) -> i64 {
        let (full, period) = (full(limit), period(limit));
        let Some(&(first, _)) = self.0.first() else {
            return full;
        };
        let (mut level, mut last) = (full, first);
        for &(at, entry) in &self.0 {
            level = full.min(level.saturating_add(at.saturating_sub(last)));
            last = at;
            level = match entry {
                Entry::Taken => level.saturating_sub(period),
                Entry::FoundOverdrawn => 0,
            };
        }
        full.min(level.saturating_add(now.saturating_sub(last)))
    }

    /// When one can be taken, where that is not now.
    pub(super) fn check(&self, limit: RateLimit, now: i64) -> Result<(), i64> {
        let missing = period(limit).saturating_sub(self.level(limit, now));
        if missing <= 0 {
            Ok(())
        } else {
            Err(now.saturating_add(missing))
        }
    }

    /// How many are left.
    pub(super) fn remaining(&self, limit: RateLimit, now: i64) -> u32 {
        let left = self.level(limit, now).max(0).checked_div(period(limit));
        u32::try_from(left.unwrap_or_default()).unwrap_or(u32::MAX)
    }

    /// When it is full again: now, where it is.
    pub(super) fn full_at(&self, limit: RateLimit, now: i64) -> i64 {
        let missing = full(limit).saturating_sub(self.level(limit, now));
        now.saturating_add(missing)
    }

    pub(super) fn take(&mut self, now: i64) {
        self.0.push((now, Entry::Taken));
    }

    /// Whether there was so much less than nothing that a clock must have run ahead: it is nothing now.
    pub(super) fn settle(&mut self, limit: RateLimit, now: i64) -> bool {
        let overdrawn = self.level(limit, now) < -DAY;
        if overdrawn {
            self.0.push((now, Entry::FoundOverdrawn));
        }
        overdrawn
    }
}

fn period(limit: RateLimit) -> i64 {
    i64::try_from(limit.period().as_millis()).unwrap_or(i64::MAX)
}

fn full(limit: RateLimit) -> i64 {
    period(limit).saturating_mul(i64::from(limit.burst()))
}
