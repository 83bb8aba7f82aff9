//! Which messages may be sent: by number, and while the provider works.
//!
//! The check comes before a message is saved or charged, so an outage charges nobody.

mod prefixes;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use oob_mfa::wire::ErrorAnswer;
use oob_mfa::{Channel, PhoneNumber, Target};
use time::UtcDateTime;

pub(crate) use self::prefixes::{Prefix, Prefixes};
use crate::metrics::Refusal;

/// Decides about the target of a message.
pub(crate) struct Admission {
    prefixes: Prefixes,
    text_messages: Mutex<Provider>,
    calls: Mutex<Provider>,
}

/// Consecutive failures of a provider, and their times.
#[derive(Clone, Copy, Default)]
struct Provider {
    failures: u32,
    /// The number of the first failed message.
    first: Option<PhoneNumber>,
    /// Failures for other numbers: one number can fail for its own reasons.
    of_others: u32,
    /// When the last message failed, or was sent as a trial.
    tried: Option<UtcDateTime>,
}

impl Provider {
    const fn is_down(&self) -> bool {
        self.failures >= OUTAGE && self.of_others > 0
    }
}

/// Permission to send one message.
///
/// In an outage it is the only trial. If it is dropped before the provider responds, another
/// request may try.
pub(crate) struct Pass<'a> {
    provider: &'a Mutex<Provider>,
    number: PhoneNumber,
    tries: Option<Try>,
}

/// When a trial in an outage began, and the time of the trial before.
#[derive(Clone, Copy)]
struct Try {
    at: UtcDateTime,
    before: Option<UtcDateTime>,
}

/// What a message has shown about its provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The provider is down from now on.
    OutageBegan,
    /// The provider works again.
    OutageEnded,
}

/// This many consecutive failures, for more than one number, are an outage.
const OUTAGE: u32 = 3;
/// How long no message is sent in an outage. Then one is sent as a trial.
const PAUSE: Duration = Duration::from_secs(30);

/// Why a message is not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotAdmitted {
    /// The configuration does not allow messages to this prefix.
    Number,
    /// The provider is down.
    Outage {
        /// When to try again.
        retry_after: Duration,
    },
}

impl From<NotAdmitted> for Refusal {
    fn from(refused: NotAdmitted) -> Self {
        match refused {
            NotAdmitted::Number => Self::Number,
            NotAdmitted::Outage { .. } => Self::Outage,
        }
    }
}

impl From<NotAdmitted> for ErrorAnswer {
    fn from(refused: NotAdmitted) -> Self {
        match refused {
            NotAdmitted::Number => {
                let text = "No messages are sent to this number.";
                Self::new(403, "access_denied", text)
            }
            NotAdmitted::Outage { retry_after } => Self::temporarily_unavailable(retry_after),
        }
    }
}

impl Admission {
    /// An admission for numbers with these prefixes.
    pub(crate) fn new(prefixes: Prefixes) -> Self {
        Self {
            prefixes,
            text_messages: Mutex::default(),
            calls: Mutex::default(),
        }
    }

    /// Whether a message may be sent to a target now.
    ///
    /// # Errors
    ///
    /// [`NotAdmitted`]
    pub(crate) fn check(&self, target: Target, now: UtcDateTime) -> Result<Pass<'_>, NotAdmitted> {
        if !self.prefixes.allow(target.phone) {
            return Err(NotAdmitted::Number);
        }
        let provider = match target.channel {
            Channel::Voice => &self.calls,
            _ => &self.text_messages,
        };
        let mut state = locked(provider);
        let mut pass = Pass {
            provider,
            number: target.phone,
            tries: None,
        };
        if !state.is_down() {
            return Ok(pass);
        }
        let before = state.tried;
        let elapsed = before.map_or(PAUSE, |tried| {
            // A clock that was set back ends the pause.
            Duration::try_from(now - tried).unwrap_or(PAUSE)
        });
        match PAUSE.checked_sub(elapsed) {
            Some(retry_after) if !retry_after.is_zero() => Err(NotAdmitted::Outage { retry_after }),
            _ => {
                state.tried = Some(now);
                pass.tries = Some(Try { at: now, before });
                Ok(pass)
            }
        }
    }
}

impl Pass<'_> {
    /// The provider accepted the message.
    pub(crate) fn sent(mut self) -> Option<Change> {
        self.tries = None;
        let was = std::mem::take(&mut *locked(self.provider));
        was.is_down().then_some(Change::OutageEnded)
    }

    /// The provider is down: it would reject any message.
    pub(crate) fn failed(mut self, now: UtcDateTime) -> Option<Change> {
        self.tries = None;
        let mut provider = locked(self.provider);
        let was_down = provider.is_down();
        provider.failures = provider.failures.saturating_add(1);
        provider.tried = Some(now);
        if *provider.first.get_or_insert(self.number) != self.number {
            provider.of_others = provider.of_others.saturating_add(1);
        }
        (provider.is_down() && !was_down).then_some(Change::OutageBegan)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        let Some(Try { at, before }) = self.tries else {
            return;
        };
        let mut provider = locked(self.provider);
        if provider.tried == Some(at) {
            provider.tried = before;
        }
    }
}

fn locked(provider: &Mutex<Provider>) -> MutexGuard<'_, Provider> {
    provider.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALICE: &str = "+14155558730";
    const BOB: &str = "+14155558731";

    fn target(number: &str) -> Target {
        Target {
            phone: number.parse().unwrap(),
            channel: Channel::Sms,
        }
    }

    fn at(seconds: i64) -> UtcDateTime {
        UtcDateTime::from_unix_timestamp(1_800_000_000 + seconds).unwrap()
    }

    fn admits(admission: &Admission, number: &str, seconds: i64) -> Result<(), NotAdmitted> {
        admission.check(target(number), at(seconds)).map(drop)
    }

    fn fail(admission: &Admission, number: &str, seconds: i64) -> Option<Change> {
        pass(admission, number, seconds).failed(at(seconds))
    }

    fn pass<'a>(admission: &'a Admission, number: &str, seconds: i64) -> Pass<'a> {
        let Ok(pass) = admission.check(target(number), at(seconds)) else {
            panic!("not admitted");
        };
        pass
    }

    fn in_an_outage() -> Admission {
        let admission = Admission::new(Prefixes::default());
        assert_eq!(fail(&admission, ALICE, 0), None);
        assert_eq!(fail(&admission, ALICE, 0), None);
        assert_eq!(fail(&admission, BOB, 0), Some(Change::OutageBegan));
        admission
    }

    fn outage(retry_after: u64) -> Result<(), NotAdmitted> {
        Err(NotAdmitted::Outage {
            retry_after: Duration::from_secs(retry_after),
        })
    }

    #[test]
    fn after_three_failures_in_a_row_one_message_in_thirty_seconds_is_tried() {
        let admission = Admission::new(Prefixes::default());
        let check = |seconds| admits(&admission, ALICE, seconds);
        fail(&admission, ALICE, 0);
        fail(&admission, BOB, 0);
        assert_eq!(check(0), Ok(()));
        assert_eq!(pass(&admission, ALICE, 0).sent(), None);
        fail(&admission, ALICE, 0);
        fail(&admission, BOB, 0);
        assert_eq!(check(0), Ok(()), "a success ends the row");
        assert_eq!(fail(&admission, ALICE, 1), Some(Change::OutageBegan));
        assert_eq!(check(1), outage(30));
        assert_eq!(check(30), outage(1));
        let tried = pass(&admission, ALICE, 31);
        assert_eq!(check(31), outage(30), "one at a time");
        assert_eq!(tried.failed(at(32)), None);
        assert_eq!(check(61), outage(1));
        assert_eq!(pass(&admission, BOB, 62).sent(), Some(Change::OutageEnded));
        let both = [pass(&admission, ALICE, 62), pass(&admission, BOB, 62)];
        assert_eq!(both.map(Pass::sent), [None, None]);
    }

    #[test]
    fn one_failing_number_does_not_stop_others() {
        let admission = Admission::new(Prefixes::default());
        for _ in 0..100 {
            assert_eq!(fail(&admission, ALICE, 0), None);
        }
        assert_eq!(admits(&admission, BOB, 0), Ok(()));
        assert_eq!(fail(&admission, BOB, 0), Some(Change::OutageBegan));
        assert_eq!(admits(&admission, BOB, 0), outage(30));
    }

    #[test]
    fn an_outage_of_text_messages_stops_no_call() {
        let admission = in_an_outage();
        let call = Target {
            channel: Channel::Voice,
            ..target(ALICE)
        };
        for _ in 0..2 {
            assert!(admission.check(call, at(0)).is_ok());
        }
        assert_eq!(admits(&admission, ALICE, 0), outage(30));
    }

    #[test]
    fn a_trial_that_sends_nothing_leaves_the_next_request_as_the_trial() {
        let admission = in_an_outage();
        // The write was lost, or the number was refused.
        drop(pass(&admission, ALICE, 30));
        assert_eq!(fail(&admission, BOB, 31), None);
        assert_eq!(admits(&admission, ALICE, 32), outage(29));
        // A trial that is dropped late does not affect the next one.
        let late = pass(&admission, ALICE, 61);
        let next = pass(&admission, BOB, 91);
        drop(late);
        assert_eq!(admits(&admission, ALICE, 92), outage(29));
        drop(next);
    }

    #[test]
    fn a_clock_set_back_makes_no_client_wait() {
        let admission = Admission::new(Prefixes::default());
        for number in [ALICE, BOB, ALICE] {
            fail(&admission, number, 3_600);
        }
        assert_eq!(admits(&admission, ALICE, 3_600), outage(30));
        assert_eq!(admits(&admission, ALICE, 0), Ok(()));
    }
}
