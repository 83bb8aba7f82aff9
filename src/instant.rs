//! Points in time as the crate computes and stores them.

use core::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, de};
use time::UtcDateTime;

/// A time in whole milliseconds since the Unix epoch.
///
/// Integers cannot fail and are 10× faster than calendar types. A time before 1970 counts as 1970.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub(crate) struct Millis(u64);

impl Millis {
    /// The last millisecond of the year 9999.
    const MAX_CLOCK: u64 = 253_402_300_799_999;

    /// The largest stored time: what a JSON number holds exactly. It is 30× the largest clock
    /// value, so no sum of a clock and a duration of a policy reaches it.
    const MAX_STORED: u64 = (1 << 53) - 1;

    pub(crate) const EPOCH: Self = Self(0);

    /// Rounds down: nothing happens a fraction of a millisecond early.
    pub(crate) fn at(time: UtcDateTime) -> Self {
        let seconds = time.unix_timestamp().saturating_mul(1_000);
        let millis = seconds.saturating_add(i64::from(time.millisecond()));
        let millis = u64::try_from(millis).unwrap_or_default();
        Self(millis.min(Self::MAX_CLOCK))
    }

    pub(crate) fn to_utc(self) -> UtcDateTime {
        let millis = self.0.min(Self::MAX_CLOCK);
        let second = i64::try_from(millis / 1_000).unwrap_or(i64::MAX);
        let rest = u16::try_from(millis % 1_000).unwrap_or_default();
        UtcDateTime::from_unix_timestamp(second)
            .and_then(|second| second.replace_millisecond(rest))
            .unwrap_or(UtcDateTime::MAX)
    }

    pub(crate) const fn after(self, span: u64) -> Self {
        Self(self.0.saturating_add(span))
    }

    pub(crate) const fn before(self, span: u64) -> Self {
        Self(self.0.saturating_sub(span))
    }

    /// Milliseconds from `earlier` to this time; 0 if that is not earlier.
    pub(crate) const fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    pub(crate) const fn get(self) -> u64 {
        self.0
    }

    pub(crate) fn from_stored(millis: u64) -> Option<Self> {
        (millis <= Self::MAX_STORED).then_some(Self(millis))
    }
}

impl<'de> Deserialize<'de> for Millis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let millis = u64::deserialize(deserializer)?;
        Self::from_stored(millis).ok_or_else(|| {
            de::Error::custom("a moment is out of range: at most 2^53 - 1 milliseconds")
        })
    }
}

/// Whole milliseconds of a duration; `None` if it has a fraction or does not fit.
pub(crate) fn whole_millis(duration: Duration) -> Option<u64> {
    let millis = u64::try_from(duration.as_millis()).ok()?;
    (Duration::from_millis(millis) == duration).then_some(millis)
}

#[cfg(test)]
mod tests;
