//! The numbers an embedder may choose, and the bounds within which no choice breaks a rule.

mod bound;

use core::fmt;
use core::time::Duration;

use crate::authenticator::{Channel, Channels};
use crate::budget::RateLimit;
use crate::code::{FEWEST_BINDING_DIGITS, MOST_BINDING_DIGITS};
use crate::instant::whole_millis;

/// Most phones that an account can hold, whatever the policy.
pub(crate) const MOST_PHONES: usize = 10;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// Longest life of a binding code: NIST SP 800-63B-4 section 3.1.3.2 says ten minutes.
pub(crate) const LONGEST_CODE_LIFETIME: u64 = 10 * MINUTE;
/// NIST SP 800-63B-4 section 3.2.2: no more than 100 consecutive failures on one account.
const GREATEST_FAILURE_CAP: u32 = 100;
const GREATEST_FAILURE_BURST: u32 = 100;

/// The numbers by which an [`Engine`](crate::Engine) decides.
///
/// A preset, then setters: each checks its number, so that a policy that could break one of the
/// engine's rules cannot be built.
///
/// # Examples
///
/// ```
/// use core::time::Duration;
/// use oob_mfa::{Channels, Policy};
///
/// let policy = Policy::auth0()
///     .with_channels(Channels::Sms)
///     .with_code_lifetime(Duration::from_secs(3 * 60))?
///     .with_attempts_per_challenge(Some(5))?;
/// assert!(Policy::auth0().with_code_lifetime(Duration::from_secs(11 * 60)).is_err());
/// # Ok::<(), oob_mfa::InvalidPolicy>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    code_digits: usize,
    code_lifetime: u64,
    token_lifetime: u64,
    longest_session: u64,
    sends: RateLimit,
    binding_failures: RateLimit,
    recovery_failures: RateLimit,
    attempts_per_challenge: Option<u32>,
    failure_cap: Option<u32>,
    channels: Channels,
    restricted: Restricted,
    max_phones: usize,
    recovery_codes: RecoveryCodes,
}

/// Whether a first association comes with a recovery code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecoveryCodes {
    /// A first association brings one, and using it brings the next.
    Issued,
    /// None is made. Those that exist still work, once.
    Off,
}

/// Whether `Verified` reports the telephone network as a restricted channel.
///
/// NIST SP 800-63B-4 section 3.1.3.3 restricts it: the verifier must offer another authenticator,
/// tell the owner of the risk and have a plan for the day it is no longer acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Restricted {
    Yes,
    No,
}

/// The numbers of the API that the crate follows: [`Policy::auth0`].
impl Default for Policy {
    fn default() -> Self {
        Self::auth0()
    }
}

impl Policy {
    /// The numbers of Auth0's MFA API: six digits for 5 minutes, `mfa_token` for 10 minutes, 10 SMS
    /// and one back per hour, 10 wrong codes and one back per 6 minutes.
    #[must_use]
    pub const fn auth0() -> Self {
        Self {
            code_digits: 6,
            code_lifetime: 5 * MINUTE,
            token_lifetime: 10 * MINUTE,
            longest_session: 24 * HOUR,
            sends: RateLimit::per_minutes(10, 60),
            binding_failures: RateLimit::per_minutes(10, 6),
            recovery_failures: RateLimit::per_minutes(10, 6),
            attempts_per_challenge: None,
            failure_cap: None,
            channels: Channels::SmsAndVoice,
            restricted: Restricted::No,
            max_phones: MOST_PHONES,
            recovery_codes: RecoveryCodes::Issued,
        }
    }

    /// The same with the caps of NIST SP 800-63B-4 switched on: 5 tries per challenge, 100
    /// consecutive failures before a phone is disabled (section 3.2.2), and SMS and voice reported
    /// as restricted (section 3.1.3.3).
    #[must_use]
    pub const fn nist_800_63b4() -> Self {
        Self {
            attempts_per_challenge: Some(5),
            failure_cap: Some(GREATEST_FAILURE_CAP),
            restricted: Restricted::Yes,
            ..Self::auth0()
        }
    }

    /// Digits of a binding code: 6 to 8.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy::CodeDigits`]
    pub fn with_code_digits(mut self, digits: usize) -> Result<Self, InvalidPolicy> {
        if !(FEWEST_BINDING_DIGITS..=MOST_BINDING_DIGITS).contains(&digits) {
            return Err(InvalidPolicy::CodeDigits);
        }
        self.code_digits = digits;
        Ok(self)
    }

    /// How long a binding code lives: 1 second to 10 minutes (NIST SP 800-63B-4 section 3.1.3.2).
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy::CodeLifetime`]
    pub fn with_code_lifetime(mut self, lifetime: Duration) -> Result<Self, InvalidPolicy> {
        self.code_lifetime =
            within(lifetime, SECOND, LONGEST_CODE_LIFETIME).ok_or(InvalidPolicy::CodeLifetime)?;
        Ok(self)
    }

    /// How long an `mfa_token` lives: 1 second to an hour, and no longer than the longest session.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy::TokenLifetime`]
    pub fn with_token_lifetime(mut self, lifetime: Duration) -> Result<Self, InvalidPolicy> {
        self.token_lifetime = within(lifetime, SECOND, HOUR.min(self.longest_session))
            .ok_or(InvalidPolicy::TokenLifetime)?;
        Ok(self)
    }

    /// How far ahead the expiry of any session may lie, those included that an embedder vouches
    /// for: the lifetime of an `mfa_token` to 30 days.
    ///
    /// Leave room for servers whose clocks differ: a token that was issued by one that runs ahead
    /// expires further ahead. After a clock that ran ahead has come back, sessions of a first factor
    /// can stay refused for as long after the first request, and once more after one that comes then. Engines on one store have to agree on it, as on the budgets: what
    /// one of them takes for impossible, another may have stored.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy::LongestSession`]
    pub fn with_longest_session(mut self, lifetime: Duration) -> Result<Self, InvalidPolicy> {
        self.longest_session = within(lifetime, self.token_lifetime, 30 * 24 * HOUR)
            .ok_or(InvalidPolicy::LongestSession)?;
        Ok(self)
    }

    /// Messages sent to an account, SMS and voice together.
    #[must_use]
    pub const fn with_sends(mut self, limit: RateLimit) -> Self {
        self.sends = limit;
        self
    }

    /// Wrong binding codes judged for an account: 100 at once at the most, and no faster back than one
    /// per second.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy::Failures`]
    pub fn with_binding_failures(mut self, limit: RateLimit) -> Result<Self, InvalidPolicy> {
        self.binding_failures = failures(limit)?;
        Ok(self)
    }

    /// Wrong recovery codes judged for an account: 100 at once at the most, and no faster back than one
    /// per second.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy::Failures`]
    pub fn with_recovery_failures(mut self, limit: RateLimit) -> Result<Self, InvalidPolicy> {
        self.recovery_failures = failures(limit)?;
        Ok(self)
    }

    /// Wrong codes after which a challenge is gone, or no such cap: 1 to 100.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy::AttemptsPerChallenge`]
    pub fn with_attempts_per_challenge(
        mut self,
        attempts: Option<u32>,
    ) -> Result<Self, InvalidPolicy> {
        if attempts.is_some_and(|most| !(1..=100).contains(&most)) {
            return Err(InvalidPolicy::AttemptsPerChallenge);
        }
        self.attempts_per_challenge = attempts;
        Ok(self)
    }

    /// Consecutive wrong codes after which a phone is disabled until it is bound anew, or no such
    /// cap: 1 to 100 (NIST SP 800-63B-4 section 3.2.2).
    ///
    /// # Security
    ///
    /// With the cap, whoever knows the password can disable a phone.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy::FailureCap`]
    pub fn with_failure_cap(mut self, failures: Option<u32>) -> Result<Self, InvalidPolicy> {
        if failures.is_some_and(|most| !(1..=GREATEST_FAILURE_CAP).contains(&most)) {
            return Err(InvalidPolicy::FailureCap);
        }
        self.failure_cap = failures;
        Ok(self)
    }

    /// The channels that codes are sent by.
    #[must_use]
    pub const fn with_channels(mut self, channels: Channels) -> Self {
        self.channels = channels;
        self
    }

    /// Phones of an account, disabled ones included: 1 to 10.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy::MaxPhones`]
    pub fn with_max_phones(mut self, phones: usize) -> Result<Self, InvalidPolicy> {
        if !(1..=MOST_PHONES).contains(&phones) {
            return Err(InvalidPolicy::MaxPhones);
        }
        self.max_phones = phones;
        Ok(self)
    }

    /// Whether recovery codes are made.
    #[must_use]
    pub const fn with_recovery_codes(mut self, recovery_codes: RecoveryCodes) -> Self {
        self.recovery_codes = recovery_codes;
        self
    }

    /// Digits of a binding code.
    #[must_use]
    pub const fn code_digits(&self) -> usize {
        self.code_digits
    }

    /// How long a binding code lives.
    #[must_use]
    pub const fn code_lifetime(&self) -> Duration {
        Duration::from_millis(self.code_lifetime)
    }

    /// How long an `mfa_token` lives.
    #[must_use]
    pub const fn token_lifetime(&self) -> Duration {
        Duration::from_millis(self.token_lifetime)
    }

    /// How far ahead the expiry of any session may lie.
    #[must_use]
    pub const fn longest_session(&self) -> Duration {
        Duration::from_millis(self.longest_session)
    }

    /// Messages sent to an account.
    #[must_use]
    pub const fn sends(&self) -> RateLimit {
        self.sends
    }

    /// Wrong binding codes judged for an account.
    #[must_use]
    pub const fn binding_failures(&self) -> RateLimit {
        self.binding_failures
    }

    /// Wrong recovery codes judged for an account.
    #[must_use]
    pub const fn recovery_failures(&self) -> RateLimit {
        self.recovery_failures
    }

    /// Wrong codes after which a challenge is gone.
    #[must_use]
    pub const fn attempts_per_challenge(&self) -> Option<u32> {
        self.attempts_per_challenge
    }

    /// Consecutive wrong codes after which a phone is disabled.
    #[must_use]
    pub const fn failure_cap(&self) -> Option<u32> {
        self.failure_cap
    }

    /// The channels that codes are sent by.
    #[must_use]
    pub const fn channels(&self) -> Channels {
        self.channels
    }

    /// Phones of an account.
    #[must_use]
    pub const fn max_phones(&self) -> usize {
        self.max_phones
    }

    /// Whether recovery codes are made.
    #[must_use]
    pub const fn recovery_codes(&self) -> RecoveryCodes {
        self.recovery_codes
    }

    /// Whether a channel is one that the policy holds for restricted.
    #[must_use]
    pub const fn is_restricted(&self, channel: Channel) -> bool {
        match (self.restricted, channel) {
            (Restricted::Yes, Channel::Sms | Channel::Voice) => true,
            (Restricted::No, _) => false,
        }
    }

    pub(crate) const fn code_lifetime_millis(&self) -> u64 {
        self.code_lifetime
    }

    pub(crate) const fn token_lifetime_millis(&self) -> u64 {
        self.token_lifetime
    }

    pub(crate) const fn longest_session_millis(&self) -> u64 {
        self.longest_session
    }
}

/// A limit that still limits: guessing at the rate of a machine would need no luck.
fn failures(limit: RateLimit) -> Result<RateLimit, InvalidPolicy> {
    let slow = limit.period() >= Duration::from_millis(SECOND);
    (slow && limit.burst() <= GREATEST_FAILURE_BURST)
        .then_some(limit)
        .ok_or(InvalidPolicy::Failures)
}

fn within(duration: Duration, least: u64, most: u64) -> Option<u64> {
    whole_millis(duration).filter(|millis| (least..=most).contains(millis))
}

/// A number with which a policy could break a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidPolicy {
    /// A binding code has 6 to 8 digits.
    CodeDigits,
    /// A binding code lives 1 second to 10 minutes, in whole milliseconds.
    CodeLifetime,
    /// An `mfa_token` lives 1 second to 1 hour, and no longer than the longest session.
    TokenLifetime,
    /// The longest session is no shorter than an `mfa_token`, and no longer than 30 days.
    LongestSession,
    /// A challenge allows 1 to 100 attempts.
    AttemptsPerChallenge,
    /// A phone is disabled after 1 to 100 consecutive failures.
    FailureCap,
    /// Wrong codes are limited to 100 at once and one per second.
    Failures,
    /// An account holds 1 to 10 phones.
    MaxPhones,
}

impl fmt::Display for InvalidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CodeDigits => "a binding code has 6 to 8 digits",
            Self::CodeLifetime => "a binding code lives 1 second to 10 minutes",
            Self::TokenLifetime => {
                "an mfa_token lives 1 second to 1 hour, and no longer than the longest session"
            }
            Self::LongestSession => {
                "the longest session is no shorter than an mfa_token and no longer than 30 days"
            }
            Self::AttemptsPerChallenge => "a challenge allows 1 to 100 attempts",
            Self::FailureCap => "a phone is disabled after 1 to 100 consecutive failures",
            Self::Failures => "wrong codes are limited to 100 at once and one per second at most",
            Self::MaxPhones => "an account holds 1 to 10 phones",
        })
    }
}

impl core::error::Error for InvalidPolicy {}

#[cfg(test)]
mod tests;
