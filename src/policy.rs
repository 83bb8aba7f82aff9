//! The settings of an engine, and the bounds that keep them within the rules.

mod bound;
pub(crate) mod invalid;

use core::time::Duration;

use self::invalid::InvalidPolicy;
use crate::budget::{Limit, RateLimit};
use crate::channel::{Channel, Channels};
use crate::code::{MAX_BINDING_DIGITS, MIN_BINDING_DIGITS};
use crate::instant::whole_millis;

/// Most phones that an account can hold, whatever the policy.
pub(crate) const MAX_PHONES: usize = 10;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;
const HOUR: u64 = 60 * MINUTE;

/// Longest life of a binding code in real time, if clocks differ by at most the skew. NIST SP 800-63B-4
/// section 3.1.3.2 says 10 minutes.
pub(crate) const MAX_CODE_AGE: u64 = 10 * MINUTE;
/// Shortest lifetime of a code or a token.
const MIN_LIFETIME: u64 = SECOND;
/// Longest lifetime of an `mfa_token`.
const MAX_TOKEN_LIFETIME: u64 = HOUR;
/// Most that the longest session can be.
pub(crate) const MAX_SESSION: u64 = 30 * 24 * HOUR;
/// Most wrong codes that a challenge can allow.
const MAX_ATTEMPTS: u32 = 100;
/// NIST SP 800-63B-4 section 3.2.2: no more than 100 consecutive failures on one account.
const MAX_FAILURE_CAP: u32 = 100;
const MAX_FAILURE_BURST: u32 = 100;

/// The settings of an [`Engine`](crate::Engine): lifetimes, limits, channels, caps.
///
/// Start from a preset, then call setters. Each setter checks its number: no policy can break a rule. A
/// duration must be whole milliseconds.
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
/// assert!(
///     Policy::auth0().with_code_lifetime(Duration::from_secs(11 * 60)).is_err()
/// );
/// # Ok::<(), oob_mfa::InvalidPolicy>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    code_digits: usize,
    // Milliseconds. Only the setters write them.
    pub(crate) code_lifetime: u64,
    pub(crate) token_lifetime: u64,
    pub(crate) longest_session: u64,
    pub(crate) skew: u64,
    sends: RateLimit,
    binding_failures: RateLimit,
    recovery_failures: RateLimit,
    attempts_per_challenge: Option<u32>,
    failure_cap: Option<u32>,
    channels: Channels,
    /// NIST SP 800-63B-4 section 3.1.3.3 restricts the telephone network. The verifier must offer another
    /// authenticator, inform the owner of the risk, and plan for the end of its acceptance.
    reports_restricted: bool,
    max_phones: usize,
    recovery_codes: RecoveryCodes,
}

/// Whether there are recovery codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecoveryCodes {
    /// An association issues one while the account has no confirmed phone. Its use, or
    /// [`regenerate_recovery_code`](crate::Engine::regenerate_recovery_code), replaces it.
    Issued,
    /// None is issued. Stored ones are neither listed nor accepted, and do not change.
    Off,
}

/// [`Policy::auth0`].
impl Default for Policy {
    fn default() -> Self {
        Self::auth0()
    }
}

impl Policy {
    /// The numbers of Auth0's MFA API. Codes have 6 digits and live 5 minutes, `mfa_token`s 10
    /// minutes. Budgets are 10 messages, then 1 per hour; 10 wrong binding codes, then 1 per 6 minutes; and
    /// the same for wrong recovery codes.
    ///
    /// Users may have 10 phones, by SMS and by voice, and a recovery code. If your sender makes no calls,
    /// restrict the [channels](Self::with_channels).
    #[must_use]
    pub const fn auth0() -> Self {
        Self {
            code_digits: 6,
            code_lifetime: 5 * MINUTE,
            token_lifetime: 10 * MINUTE,
            longest_session: 24 * HOUR,
            skew: MINUTE,
            sends: RateLimit::per_minutes(10, 60),
            binding_failures: RateLimit::per_minutes(10, 6),
            recovery_failures: RateLimit::per_minutes(10, 6),
            attempts_per_challenge: None,
            failure_cap: None,
            channels: Channels::SmsAndVoice,
            reports_restricted: false,
            max_phones: MAX_PHONES,
            recovery_codes: RecoveryCodes::Issued,
        }
    }

    /// [`auth0`](Self::auth0) with the caps of NIST SP 800-63B-4: 5 attempts per challenge, and 100
    /// consecutive failures before a phone is disabled (section 3.2.2). SMS and voice are reported
    /// as restricted (section 3.1.3.3).
    #[must_use]
    pub const fn nist_800_63b4() -> Self {
        Self {
            attempts_per_challenge: Some(5),
            failure_cap: Some(MAX_FAILURE_CAP),
            reports_restricted: true,
            ..Self::auth0()
        }
    }

    /// Digits of a binding code: 6 to 8.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy::CodeDigits`]
    pub fn with_code_digits(mut self, digits: usize) -> Result<Self, InvalidPolicy> {
        if !(MIN_BINDING_DIGITS..=MAX_BINDING_DIGITS).contains(&digits) {
            return Err(InvalidPolicy::CodeDigits);
        }
        self.code_digits = digits;
        Ok(self)
    }

    /// How long a binding code lives: 1 second to 10 minutes minus the [skew](Self::with_skew).
    ///
    /// NIST SP 800-63B-4 section 3.1.3.2 allows at most 10 minutes. A server whose clock is behind
    /// accepts a code longer, by at most the skew.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy::CodeLifetime`]
    pub fn with_code_lifetime(mut self, lifetime: Duration) -> Result<Self, InvalidPolicy> {
        let max = MAX_CODE_AGE.saturating_sub(self.skew);
        self.code_lifetime =
            within(lifetime, MIN_LIFETIME, max).ok_or(InvalidPolicy::CodeLifetime)?;
        Ok(self)
    }

    /// How far the clocks of your servers may differ: at most 10 minutes minus the code lifetime.
    ///
    /// If a server's clock is further behind an account's last change, the engine refuses to change the
    /// account ([`Denied::ClockBehind`](crate::Denied::ClockBehind)). It also refuses a session issued later
    /// than account time plus the skew. A reset also revokes sessions issued within the skew after it,
    /// so the user cannot sign in for that long.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy::Skew`]
    pub fn with_skew(mut self, skew: Duration) -> Result<Self, InvalidPolicy> {
        let max = MAX_CODE_AGE.saturating_sub(self.code_lifetime);
        self.skew = within(skew, 0, max).ok_or(InvalidPolicy::Skew)?;
        Ok(self)
    }

    /// How long an `mfa_token` lives: 1 second to 1 hour, and at most the longest session.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy::TokenLifetime`]
    pub fn with_token_lifetime(mut self, lifetime: Duration) -> Result<Self, InvalidPolicy> {
        let max = MAX_TOKEN_LIFETIME.min(self.longest_session);
        self.token_lifetime =
            within(lifetime, MIN_LIFETIME, max).ok_or(InvalidPolicy::TokenLifetime)?;
        Ok(self)
    }

    /// The longest lifetime of a session, trusted ones included: from that of an `mfa_token` to 30 days.
    /// The skew is added.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy::LongestSession`]
    pub fn with_longest_session(mut self, lifetime: Duration) -> Result<Self, InvalidPolicy> {
        self.longest_session = within(lifetime, self.token_lifetime, MAX_SESSION)
            .ok_or(InvalidPolicy::LongestSession)?;
        Ok(self)
    }

    /// Messages sent to an account, SMS and voice together.
    #[must_use]
    pub const fn with_sends(mut self, limit: RateLimit) -> Self {
        self.sends = limit;
        self
    }

    /// Wrong binding codes judged for an account: at most 100 at once, and at most 1 back per second.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy::BindingFailures`]
    pub fn with_binding_failures(mut self, limit: RateLimit) -> Result<Self, InvalidPolicy> {
        self.binding_failures = slow(limit).ok_or(InvalidPolicy::BindingFailures)?;
        Ok(self)
    }

    /// Wrong recovery codes judged for an account: at most 100 at once, and at most 1 back per second.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy::RecoveryFailures`]
    pub fn with_recovery_failures(mut self, limit: RateLimit) -> Result<Self, InvalidPolicy> {
        self.recovery_failures = slow(limit).ok_or(InvalidPolicy::RecoveryFailures)?;
        Ok(self)
    }

    /// Wrong codes after which a challenge is dropped: 1 to 100. `None`: no cap. A new challenge has all of
    /// its attempts.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy::AttemptsPerChallenge`]
    pub fn with_attempts_per_challenge(
        mut self,
        attempts: Option<u32>,
    ) -> Result<Self, InvalidPolicy> {
        if attempts.is_some_and(|most| !(1..=MAX_ATTEMPTS).contains(&most)) {
            return Err(InvalidPolicy::AttemptsPerChallenge);
        }
        self.attempts_per_challenge = attempts;
        Ok(self)
    }

    /// Consecutive wrong codes after which a phone is disabled until it is removed and enrolled again: 1 to
    /// 100 (NIST SP 800-63B-4 section 3.2.2). `None`: no cap.
    ///
    /// # Security
    ///
    /// With the cap, an attacker who knows the password can disable a phone.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy::FailureCap`]
    pub fn with_failure_cap(mut self, failures: Option<u32>) -> Result<Self, InvalidPolicy> {
        if failures.is_some_and(|most| !(1..=MAX_FAILURE_CAP).contains(&most)) {
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
        if !(1..=MAX_PHONES).contains(&phones) {
            return Err(InvalidPolicy::MaxPhones);
        }
        self.max_phones = phones;
        Ok(self)
    }

    /// Whether there are recovery codes.
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

    /// How long any session may last.
    #[must_use]
    pub const fn longest_session(&self) -> Duration {
        Duration::from_millis(self.longest_session)
    }

    /// How far the clocks of your servers may differ.
    #[must_use]
    pub const fn skew(&self) -> Duration {
        Duration::from_millis(self.skew)
    }

    /// The rate of a budget: messages sent, wrong binding codes or wrong recovery codes judged.
    #[must_use]
    pub const fn rate(&self, limit: Limit) -> RateLimit {
        match limit {
            Limit::Sends => self.sends,
            Limit::BindingFailures => self.binding_failures,
            Limit::RecoveryFailures => self.recovery_failures,
        }
    }

    /// Wrong codes after which a challenge is dropped.
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

    /// Whether there are recovery codes.
    #[must_use]
    pub const fn recovery_codes(&self) -> RecoveryCodes {
        self.recovery_codes
    }

    /// Whether the policy reports a channel as restricted.
    #[must_use]
    pub const fn is_restricted(&self, channel: Channel) -> bool {
        match channel {
            Channel::Sms | Channel::Voice => self.reports_restricted,
        }
    }
}

/// `None` if the limit admits fast guessing.
fn slow(limit: RateLimit) -> Option<RateLimit> {
    let slow = limit.period() >= Duration::from_millis(SECOND);
    (slow && limit.burst() <= MAX_FAILURE_BURST).then_some(limit)
}

fn within(duration: Duration, min: u64, max: u64) -> Option<u64> {
    whole_millis(duration).filter(|millis| (min..=max).contains(millis))
}

#[cfg(test)]
mod tests;
