//! Which messages may be sent at all: by country, and while the provider takes any.
//!
//! It is asked before a message is saved or charged, so that an outage costs no user their budget.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oob_mfa::wire::ErrorAnswer;
use oob_mfa::{Channel, PhoneNumber, Target};
use time::UtcDateTime;

/// Decides about the target of a message.
pub(crate) struct Admission {
    prefixes: Prefixes,
    providers: Mutex<HashMap<Channel, Provider>>,
}

/// The first digits of the numbers that get messages, without the plus. The longest that matches decides.
#[derive(Clone, Debug, Default)]
pub struct Prefixes {
    /// None for every number.
    pub allowed: Vec<String>,
    /// Exceptions.
    pub denied: Vec<String>,
}

/// How many messages in a row the provider of a channel has not taken, and when.
#[derive(Clone, Copy, Default)]
struct Provider {
    failures: u32,
    numbers: Numbers,
    /// When it was tried last.
    tried: Option<UtcDateTime>,
}

/// Whose messages they were. One number that fails again and again is not an outage.
#[derive(Clone, Copy, Default)]
enum Numbers {
    #[default]
    None,
    One(PhoneNumber),
    Several,
}

/// So many failures in a row, of several numbers, are an outage.
const OUTAGE: u32 = 3;
/// How long no message is sent in an outage. Then one is, to find out.
const PAUSE: Duration = Duration::from_secs(30);

/// Why a message is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAdmitted {
    /// The number has a prefix that the configuration does not allow.
    Prefix,
    /// The provider takes no messages.
    Outage {
        /// When to try again.
        retry_after: Duration,
    },
}

impl NotAdmitted {
    /// For logs and metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Prefix => "prefix_not_admitted",
            Self::Outage { .. } => "provider_outage",
        }
    }
}

impl From<NotAdmitted> for ErrorAnswer {
    fn from(refused: NotAdmitted) -> Self {
        match refused {
            NotAdmitted::Prefix => {
                let text = "No messages are sent to this country.";
                Self::new(403, "access_denied", text)
            }
            NotAdmitted::Outage { retry_after } => Self::temporarily_unavailable(retry_after),
        }
    }
}

impl Prefixes {
    fn allow(&self, number: &str) -> bool {
        let digits = number.trim_start_matches('+');
        let longest = |prefixes: &[String]| {
            let matching = prefixes.iter().filter(|prefix| digits.starts_with(*prefix));
            matching.map(String::len).max()
        };
        let allowed = if self.allowed.is_empty() {
            Some(0)
        } else {
            longest(&self.allowed)
        };
        allowed.is_some() && allowed > longest(&self.denied)
    }
}

impl Provider {
    /// How long it is left alone.
    fn pause(&self, now: UtcDateTime) -> Option<Duration> {
        if self.failures < OUTAGE || !matches!(self.numbers, Numbers::Several) {
            return None;
        }
        // A clock that was set back ends the pause.
        let elapsed = Duration::try_from(now - self.tried?).ok()?;
        PAUSE.checked_sub(elapsed).filter(|left| !left.is_zero())
    }
}

impl Admission {
    pub(crate) fn new(prefixes: Prefixes) -> Self {
        Self {
            prefixes,
            providers: Mutex::default(),
        }
    }

    /// Whether a message may be sent to a target now.
    ///
    /// # Errors
    ///
    /// [`NotAdmitted`]
    pub(crate) fn check(&self, target: Target, now: UtcDateTime) -> Result<(), NotAdmitted> {
        if !self.prefixes.allow(&target.phone.to_e164()) {
            return Err(NotAdmitted::Prefix);
        }
        let providers = self.providers();
        let provider = providers.get(&target.channel);
        match provider.and_then(|provider| provider.pause(now)) {
            Some(retry_after) => Err(NotAdmitted::Outage { retry_after }),
            None => Ok(()),
        }
    }

    /// A message is about to be sent. In an outage it is the one that finds out.
    pub(crate) fn tries(&self, channel: Channel, now: UtcDateTime) {
        if let Some(provider) = self.providers().get_mut(&channel) {
            provider.tried = Some(now);
        }
    }

    /// The provider took a message.
    pub(crate) fn sent(&self, channel: Channel) {
        self.providers().remove(&channel);
    }

    /// The provider took no message. One that it refuses for what it is does not count.
    pub(crate) fn failed(&self, target: Target, now: UtcDateTime) {
        let mut providers = self.providers();
        let provider = providers.entry(target.channel).or_default();
        provider.failures = provider.failures.saturating_add(1);
        provider.tried = Some(now);
        provider.numbers = match provider.numbers {
            Numbers::None => Numbers::One(target.phone),
            Numbers::One(number) if number == target.phone => Numbers::One(number),
            _ => Numbers::Several,
        };
    }

    fn providers(&self) -> MutexGuard<'_, HashMap<Channel, Provider>> {
        self.providers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
