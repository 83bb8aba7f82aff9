//! The refillable bucket: so many at once, then one back per period.

use core::fmt;
use core::time::Duration;

use serde::{Deserialize, Serialize};
use time::UtcDateTime;

use crate::instant::{Millis, whole_millis};

/// How far clocks may differ before a budget believes that one of them ran ahead: a day.
const TOLERANCE: u64 = 24 * 60 * 60 * 1_000;

/// How many at once, and how often one comes back.
///
/// In any stretch of time `t` at most `burst + ⌊t / period⌋` are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    burst: u32,
    period: u64,
}

impl RateLimit {
    /// Most at once.
    pub const MAX_BURST: u32 = 10_000;
    /// Longest time from an empty budget to a full one: ten years.
    pub const MAX_WINDOW: Duration = Duration::from_secs(3_653 * 24 * 60 * 60);

    /// A limit of `burst` at once, one back every `period`.
    ///
    /// # Errors
    ///
    /// [`InvalidRateLimit`] where `burst` is not 1 to [`MAX_BURST`](Self::MAX_BURST), `period` is
    /// nought or has a fraction of a millisecond, or the two multiply to more than
    /// [`MAX_WINDOW`](Self::MAX_WINDOW).
    pub fn new(burst: u32, period: Duration) -> Result<Self, InvalidRateLimit> {
        let period = whole_millis(period)
            .filter(|millis| *millis > 0)
            .ok_or(InvalidRateLimit)?;
        let limit = Self { burst, period };
        let fits = u128::from(limit.window()) <= Self::MAX_WINDOW.as_millis();
        ((1..=Self::MAX_BURST).contains(&burst) && fits)
            .then_some(limit)
            .ok_or(InvalidRateLimit)
    }

    pub(crate) const fn per_minutes(burst: u32, minutes: u64) -> Self {
        Self {
            burst,
            period: minutes.saturating_mul(60_000),
        }
    }

    /// How many a full budget holds.
    #[must_use]
    pub const fn burst(self) -> u32 {
        self.burst
    }

    /// The time after which one comes back.
    #[must_use]
    pub const fn period(self) -> Duration {
        Duration::from_millis(self.period)
    }

    /// Most that can be taken within `horizon`, from a full budget.
    #[must_use]
    pub fn most_within(self, horizon: Duration) -> u64 {
        let refilled = horizon
            .as_millis()
            .checked_div(u128::from(self.period))
            .unwrap_or_default();
        u64::try_from(refilled)
            .unwrap_or(u64::MAX)
            .saturating_add(u64::from(self.burst))
    }

    /// Milliseconds from empty to full.
    const fn window(self) -> u64 {
        self.period.saturating_mul(self.burst as u64)
    }

    /// How far ahead of the clock a budget may lie that can still give one.
    const fn slack(self) -> u64 {
        self.window().saturating_sub(self.period)
    }
}

/// What is left of a [`RateLimit`], as the one moment at which it will be full again.
///
/// Public so that an embedder can hold budgets of its own: per phone number against toll fraud,
/// per address, per tenant.
///
/// A clock that ran backwards leaves that moment further ahead than an empty budget could. Up to a
/// day it is waited for, because clocks that differ must refill nothing; beyond that the budget counts
/// as empty now, and one is back after a period.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use oob_mfa::{Budget, RateLimit};
/// use time::UtcDateTime;
///
/// let limit = RateLimit::new(2, Duration::from_secs(60))?;
/// let now = UtcDateTime::UNIX_EPOCH;
/// let mut budget = Budget::default();
/// assert_eq!(budget.remaining(limit, now), 2);
/// assert!(budget.take(limit, now).is_ok());
/// assert!(budget.take(limit, now).is_ok());
/// let refused = budget.take(limit, now).unwrap_err();
/// assert_eq!(refused.retry_at, now + Duration::from_secs(60));
/// # Ok::<(), oob_mfa::InvalidRateLimit>(())
/// ```
// The generic cell rate algorithm (ITU-T I.371): one timestamp instead of a count and a timestamp,
// so there is no refill to run and nothing to round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Budget {
    pub(crate) full_at: Millis,
}

impl Budget {
    /// Takes one.
    ///
    /// # Errors
    ///
    /// [`BudgetEmpty`], and the budget is as it was.
    pub fn take(&mut self, limit: RateLimit, now: UtcDateTime) -> Result<(), BudgetEmpty> {
        let now = Millis::at(now);
        *self = self.clamped(limit, now);
        self.check(limit, now).map_err(|at| BudgetEmpty {
            retry_at: at.to_utc(),
        })?;
        self.charge(limit, now);
        Ok(())
    }

    /// How many can be taken at once.
    #[must_use]
    pub fn remaining(&self, limit: RateLimit, now: UtcDateTime) -> u32 {
        let missing = self
            .full_at
            .since(Millis::at(now))
            .div_ceil(limit.period.max(1));
        limit
            .burst
            .saturating_sub(u32::try_from(missing).unwrap_or(u32::MAX))
    }

    /// The moment at which one can be taken, where that is not now.
    pub(crate) fn check(self, limit: RateLimit, now: Millis) -> Result<(), Millis> {
        let retry_at = self.full_at.before(limit.slack());
        if retry_at <= now {
            Ok(())
        } else {
            Err(retry_at)
        }
    }

    /// Takes one without asking; for a caller that has checked.
    pub(crate) fn charge(&mut self, limit: RateLimit, now: Millis) {
        self.full_at = self.full_at.max(now).after(limit.period);
    }

    /// Empty, where the moment lies so far ahead that only a clock which ran ahead can have left it.
    ///
    /// Within the tolerance it stands: to lower it would refill by what two servers' clocks differ,
    /// or by what two policies on one store do, with every request to the one that is behind.
    pub(crate) fn clamped(self, limit: RateLimit, now: Millis) -> Self {
        let empty = now.after(limit.window());
        if self.full_at > empty.after(TOLERANCE) {
            Self { full_at: empty }
        } else {
            self
        }
    }
}

/// The budget has nothing left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetEmpty {
    /// When one will be back.
    pub retry_at: UtcDateTime,
}

impl fmt::Display for BudgetEmpty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the budget is empty")
    }
}

impl core::error::Error for BudgetEmpty {}

/// The numbers make no rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidRateLimit;

impl fmt::Display for InvalidRateLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a rate limit needs a burst of 1 to 10,000, a period of whole milliseconds, and ten years at most from empty to full")
    }
}

impl core::error::Error for InvalidRateLimit {}

#[cfg(test)]
mod tests;
