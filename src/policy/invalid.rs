//! Why a policy was refused.

use core::fmt;

/// A setting that is out of bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidPolicy {
    /// A binding code has 6 to 8 digits.
    CodeDigits,
    /// A binding code lives 1 second to 10 minutes minus the skew, in whole milliseconds.
    CodeLifetime,
    /// The skew is whole milliseconds, and at most 10 minutes minus the code lifetime.
    Skew,
    /// An `mfa_token` lives whole milliseconds: 1 second to 1 hour, at most the longest session.
    TokenLifetime,
    /// The longest session is whole milliseconds, from the life of an `mfa_token` to 30 days.
    LongestSession,
    /// A challenge allows 1 to 100 attempts.
    AttemptsPerChallenge,
    /// A phone is disabled after 1 to 100 consecutive failures.
    FailureCap,
    /// The limit of wrong binding codes has a burst of at most 100 and a period of at least 1 second.
    BindingFailures,
    /// The limit of wrong recovery codes has a burst of at most 100 and a period of at least 1 second.
    RecoveryFailures,
    /// An account holds 1 to 10 phones.
    MaxPhones,
}

impl fmt::Display for InvalidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CodeDigits => "code_digits must be 6 to 8",
            Self::CodeLifetime => "code_lifetime must be 1 second to 10 minutes minus the skew, in whole milliseconds",
            Self::Skew => "skew must be at most 10 minutes minus the code_lifetime, in whole milliseconds",
            Self::TokenLifetime => {
                "token_lifetime must be 1 second to 1 hour, at most longest_session, in whole milliseconds"
            }
            Self::LongestSession => {
                "longest_session must be token_lifetime to 30 days, in whole milliseconds"
            }
            Self::AttemptsPerChallenge => "attempts_per_challenge must be 1 to 100",
            Self::FailureCap => "failure_cap must be 1 to 100",
            Self::BindingFailures => "binding_failures must have a burst of at most 100 and a period of at least 1 second",
            Self::RecoveryFailures => "recovery_failures must have a burst of at most 100 and a period of at least 1 second",
            Self::MaxPhones => "max_phones must be 1 to 10",
        })
    }
}

impl core::error::Error for InvalidPolicy {}
