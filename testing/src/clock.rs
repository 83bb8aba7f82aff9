//! A clock that moves only when a test moves it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use time::UtcDateTime;

/// A millisecond.
pub const MILLISECOND: Duration = Duration::from_millis(1);
/// A second.
pub const SECOND: Duration = Duration::from_secs(1);
/// A minute.
pub const MINUTE: Duration = Duration::from_secs(60);
/// An hour.
pub const HOUR: Duration = Duration::from_secs(60 * 60);
/// A day.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A year of 365 days.
pub const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A clock that a test moves. Clones show the same time.
#[derive(Clone)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// The start of every world, in milliseconds since the Unix epoch: 15 January 2027, 08:00.
    pub(crate) const START: i64 = 1_800_000_000_000;
    /// The last time of the clock: the end of the year 9999.
    pub(crate) const END: i64 = 253_402_300_799_999;

    /// A clock at the start of every world, 15 January 2027, 08:00.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(AtomicI64::new(Self::START)))
    }

    /// The current time.
    #[must_use]
    pub fn now(&self) -> UtcDateTime {
        moment(self.millis())
    }

    /// Sets the clock, rounded down to a millisecond.
    pub fn set(&self, to: UtcDateTime) {
        self.step(to - self.now());
    }

    /// Moves the clock by whole milliseconds, backwards if `by` is negative.
    pub fn step(&self, by: time::Duration) {
        let (least, most) = (i64::MIN.into(), i64::MAX.into());
        let millis = by.whole_milliseconds().clamp(least, most);
        self.step_millis(i64::try_from(millis).expect("within its range"));
    }

    pub(crate) fn millis(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(crate) fn step_millis(&self, by: i64) {
        let stepped = |now: i64| Some(now.saturating_add(by).clamp(0, Self::END));
        let (set, fetch) = (Ordering::SeqCst, Ordering::SeqCst);
        self.0.fetch_update(set, fetch, stepped).expect("a moment");
    }

    /// A separate clock that shows the same time.
    pub(crate) fn fork(&self) -> Self {
        Self(Arc::new(AtomicI64::new(self.millis())))
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clock").field(&self.now()).finish()
    }
}

/// The time at these milliseconds since the Unix epoch, within the range of the clock.
pub(crate) fn moment(millis: i64) -> UtcDateTime {
    let nanos = i128::from(millis.clamp(0, Clock::END)) * 1_000_000;
    UtcDateTime::from_unix_timestamp_nanos(nanos).expect("a moment of the clock")
}

/// The milliseconds of a time since the Unix epoch.
pub(crate) fn millis(at: UtcDateTime) -> i64 {
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).expect("a moment of the clock")
}
