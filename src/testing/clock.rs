//! A clock that stands still until it is moved.

use alloc::sync::Arc;
use core::fmt;
use core::sync::atomic::{AtomicI64, Ordering};

use time::{Duration, UtcDateTime};

/// A clock in the hands of a test. Clones show the same time.
#[derive(Clone)]
pub struct Clock(Arc<AtomicI64>);

impl Clock {
    /// The first moment of every world, in milliseconds since the Unix epoch: 15 January 2027, 08:00.
    pub(super) const START: i64 = 1_800_000_000_000;
    /// The last moment that the clock goes to: the end of the year 9999.
    pub(super) const END: i64 = 253_402_300_799_999;

    /// A clock at the first moment of every world, 15 January 2027, 08:00.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(AtomicI64::new(Self::START)))
    }

    /// The moment.
    #[must_use]
    pub fn now(&self) -> UtcDateTime {
        moment(self.millis())
    }

    /// Moves it, backwards where `by` is negative, by whole milliseconds.
    pub fn step(&self, by: Duration) {
        let millis = by
            .whole_milliseconds()
            .clamp(i64::MIN.into(), i64::MAX.into());
        self.step_millis(i64::try_from(millis).unwrap_or_default());
    }

    pub(super) fn millis(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    pub(super) fn step_millis(&self, by: i64) {
        let stepped = |now: i64| Some(now.saturating_add(by).clamp(0, Self::END));
        // Never an error: there is always a moment to go to.
        let _ = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, stepped);
    }

    /// A clock of its own that shows the same time.
    pub(super) fn fork(&self) -> Self {
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

/// The moment of these milliseconds since the Unix epoch, within what the clock can show.
pub(super) fn moment(millis: i64) -> UtcDateTime {
    let nanos = i128::from(millis.clamp(0, Clock::END)).saturating_mul(1_000_000);
    UtcDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(UtcDateTime::UNIX_EPOCH)
}
