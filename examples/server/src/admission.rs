//! Which messages may be sent: by country, and while the provider works.
//!
//! The check comes before a message is saved or charged, so an outage costs no user their budget.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use oob_mfa::Target;
use oob_mfa::wire::ErrorAnswer;
use time::UtcDateTime;

/// Decides about the target of a message.
pub(crate) struct Admission {
    /// Calling codes with their plus; empty for every country.
    countries: Vec<String>,
    provider: Mutex<Provider>,
}

/// How many messages in a row failed, and when.
#[derive(Clone, Copy, Default)]
struct Provider {
    failures: u32,
    /// When the last one failed, or was let through as a test.
    tried: Option<UtcDateTime>,
}

/// This many failures in a row count as an outage.
const OUTAGE: u32 = 3;
/// How long no message is sent in an outage. Then one is sent as a test.
const PAUSE: Duration = Duration::from_secs(30);

/// Why a message is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAdmitted {
    /// The number is of a country that the configuration does not name.
    Country,
    /// The provider accepts no messages.
    Outage {
        /// When to try again.
        retry_after: Duration,
    },
}

impl From<NotAdmitted> for ErrorAnswer {
    fn from(refused: NotAdmitted) -> Self {
        match refused {
            NotAdmitted::Country => {
                let text = "No messages are sent to this country.";
                Self::new(403, "access_denied", text)
            }
            NotAdmitted::Outage { retry_after } => Self::temporarily_unavailable(retry_after),
        }
    }
}

impl Admission {
    /// Admits the countries of these calling codes, without plus; `None` for every country.
    pub(crate) fn new(calling_codes: &[String]) -> Self {
        Self {
            countries: calling_codes
                .iter()
                .map(|code| format!("+{code}"))
                .collect(),
            provider: Mutex::default(),
        }
    }

    /// Whether a message may be sent to a target now.
    ///
    /// # Errors
    ///
    /// [`NotAdmitted`]
    pub(crate) fn check(&self, target: Target, now: UtcDateTime) -> Result<(), NotAdmitted> {
        let number = target.phone.to_e164();
        let mut countries = self.countries.iter();
        if !self.countries.is_empty() && !countries.any(|code| number.starts_with(code)) {
            return Err(NotAdmitted::Country);
        }
        let mut provider = self.provider();
        if provider.failures < OUTAGE {
            return Ok(());
        }
        let elapsed = provider.tried.map_or(PAUSE, |tried| {
            // A clock that was set back ends the pause.
            Duration::try_from(now - tried).unwrap_or(PAUSE)
        });
        match PAUSE.checked_sub(elapsed) {
            Some(retry_after) if !retry_after.is_zero() => Err(NotAdmitted::Outage { retry_after }),
            _ => {
                provider.tried = Some(now);
                Ok(())
            }
        }
    }

    /// The provider accepted a message.
    pub(crate) fn sent(&self) {
        *self.provider() = Provider::default();
    }

    /// The provider did not accept a message.
    pub(crate) fn failed(&self, now: UtcDateTime) {
        let mut provider = self.provider();
        provider.failures = provider.failures.saturating_add(1);
        provider.tried = Some(now);
    }

    fn provider(&self) -> std::sync::MutexGuard<'_, Provider> {
        self.provider.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use oob_mfa::Channel;

    use super::*;

    fn target(number: &str) -> Target {
        Target {
            phone: number.parse().unwrap(),
            channel: Channel::Sms,
        }
    }

    fn at(seconds: i64) -> UtcDateTime {
        UtcDateTime::from_unix_timestamp(1_800_000_000 + seconds).unwrap()
    }

    fn outage(retry_after: u64) -> Result<(), NotAdmitted> {
        Err(NotAdmitted::Outage {
            retry_after: Duration::from_secs(retry_after),
        })
    }

    #[test]
    fn messages_go_to_the_countries_of_the_configuration() {
        let anywhere = Admission::new(&[]);
        assert_eq!(anywhere.check(target("+447911123456"), at(0)), Ok(()));
        let some = Admission::new(&["1".to_owned(), "49".to_owned()]);
        for number in ["+14155558730", "+4915112345678"] {
            assert_eq!(some.check(target(number), at(0)), Ok(()));
        }
        for number in ["+447911123456", "+41791234567"] {
            assert_eq!(some.check(target(number), at(0)), Err(NotAdmitted::Country));
        }
    }

    #[test]
    fn after_three_failures_in_a_row_one_message_in_thirty_seconds_is_tried() {
        let admission = Admission::new(&[]);
        let check = |seconds| admission.check(target("+14155558730"), at(seconds));
        admission.failed(at(0));
        admission.failed(at(0));
        assert_eq!(check(0), Ok(()));
        admission.sent();
        for _ in 0..2 {
            admission.failed(at(0));
        }
        assert_eq!(check(0), Ok(()), "a success ends the row");
        admission.failed(at(1));
        assert_eq!(check(1), outage(30));
        assert_eq!(check(30), outage(1));
        assert_eq!(check(31), Ok(()));
        assert_eq!(check(31), outage(30), "one at a time");
        admission.failed(at(32));
        assert_eq!(check(61), outage(1));
        assert_eq!(check(62), Ok(()));
        admission.sent();
        assert_eq!(check(62), Ok(()));
        assert_eq!(check(62), Ok(()));
    }

    #[test]
    fn a_clock_that_was_set_back_keeps_nobody_waiting() {
        let admission = Admission::new(&[]);
        for _ in 0..3 {
            admission.failed(at(3_600));
        }
        assert_eq!(admission.check(target("+14155558730"), at(0)), Ok(()));
    }
}
