//! Rate limits: a burst at once, then one per period.

use core::time::Duration;

use serde::{Deserialize, Serialize};
use time::UtcDateTime;

use crate::instant::{Millis, whole_millis};
use crate::names::error_text;

/// Which budget of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Limit {
    /// Messages sent, SMS and voice together.
    Sends,
    /// Wrong binding codes.
    BindingFailures,
    /// Wrong recovery codes.
    RecoveryFailures,
}

impl Limit {
    /// Every budget of an account.
    pub const ALL: [Self; 3] = [Self::Sends, Self::BindingFailures, Self::RecoveryFailures];
}

/// A rate limit: a burst at once, then one more per period.
///
/// In any window of time `t`, at most `burst + ⌊t / period⌋` are taken: z3 proves it for every limit (`tests/proof`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    burst: u32,
    period: u64,
}

impl RateLimit {
    /// Largest burst.
    pub const MAX_BURST: u32 = 10_000;
    /// Longest time from an empty budget to a full one: 10 years.
    pub const MAX_WINDOW: Duration = Duration::from_millis(Self::MAX_WINDOW_MILLIS);

    pub(crate) const MAX_WINDOW_MILLIS: u64 = 3_653 * 24 * 60 * 60 * 1_000;

    /// A limit of `burst` at once, one back every `period`.
    ///
    /// # Errors
    ///
    /// [`InvalidRateLimit`] if `burst` is not 1 to [`MAX_BURST`](Self::MAX_BURST), `period` is 0 or
    /// has a fraction of a millisecond, or their product exceeds [`MAX_WINDOW`](Self::MAX_WINDOW).
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

    /// The most that a full budget gives within `horizon`.
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

    /// How long after now a budget may become full and still give one now.
    const fn slack(self) -> u64 {
        self.window().saturating_sub(self.period)
    }
}

/// A budget that a [`RateLimit`] refills, stored as the time at which it is full again.
///
/// Use it for your own limits too: per phone number against toll fraud, per address, per tenant.
///
/// Give it a clock that never runs backwards: [`std::time::Instant`] mapped to a date at start, or the
/// latest time of the record that holds it. A clock that jumps ahead refills at most one burst. If it
/// then jumps back, an empty budget stays empty until the clock reaches that time again.
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
///
/// [`std::time::Instant`]: https://doc.rust-lang.org/std/time/struct.Instant.html
// The generic cell rate algorithm (ITU-T I.371): one timestamp instead of a count and a timestamp,
// so there is no refill to run and nothing to round.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Budget {
    full_at: Millis,
}

impl Budget {
    /// Takes one.
    ///
    /// # Errors
    ///
    /// [`BudgetEmpty`]; the budget does not change.
    pub fn take(&mut self, limit: RateLimit, now: UtcDateTime) -> Result<(), BudgetEmpty> {
        let now = Millis::at(now);
        self.check(limit, now).map_err(|at| BudgetEmpty {
            retry_at: at.to_utc(),
        })?;
        self.charge(limit, now);
        Ok(())
    }

    /// How many can be taken at once.
    #[must_use]
    pub fn remaining(&self, limit: RateLimit, now: UtcDateTime) -> u32 {
        self.remaining_at(limit, Millis::at(now))
    }

    pub(crate) fn remaining_at(self, limit: RateLimit, now: Millis) -> u32 {
        let missing = self.full_at.since(now).div_ceil(limit.period.max(1));
        limit
            .burst
            .saturating_sub(u32::try_from(missing).unwrap_or(u32::MAX))
    }

    /// Refuses an empty budget, with the time at which one can be taken.
    pub(crate) fn check(self, limit: RateLimit, now: Millis) -> Result<(), Millis> {
        let retry_at = self.full_at.before(limit.slack());
        if retry_at <= now {
            Ok(())
        } else {
            Err(retry_at)
        }
    }

    /// Takes one without a check. The caller has checked.
    pub(crate) fn charge(&mut self, limit: RateLimit, now: Millis) {
        self.full_at = self.full_at.max(now).after(limit.period);
    }

    /// When it is full again.
    pub(crate) const fn full_at(self) -> Millis {
        self.full_at
    }

    /// This budget, but at least as full as an empty one is at `now`.
    pub(crate) fn rewound(self, limit: RateLimit, now: Millis) -> Self {
        Self {
            full_at: self.full_at.min(now.after(limit.window())),
        }
    }
}

/// The budget has nothing left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetEmpty {
    /// When the budget gives one again.
    pub retry_at: UtcDateTime,
}

error_text!(BudgetEmpty, "the budget is empty: wait until {}", retry_at);

/// The numbers are out of bounds for a rate limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidRateLimit;

error_text!(
    InvalidRateLimit,
    "a rate limit needs a burst of 1 to 10,000, a period of 1 or more whole milliseconds, and at most 10 years to refill"
);

#[cfg(test)]
mod tests;
