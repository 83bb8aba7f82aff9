//! Why a policy was refused.

use core::fmt;

/// A number that could make a policy break a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidPolicy {
    /// A binding code has 6 to 8 digits.
    CodeDigits,
    /// A binding code lives 1 second to 10 minutes less the skew, in whole milliseconds.
    CodeLifetime,
    /// The skew is whole milliseconds, and at most 10 minutes less the code lifetime.
    Skew,
    /// An `mfa_token` lives 1 second to 1 hour, and no longer than the longest session.
    TokenLifetime,
    /// The longest session is no shorter than an `mfa_token`, and no longer than 30 days.
    LongestSession,
    /// A challenge allows 1 to 100 attempts.
    AttemptsPerChallenge,
    /// A phone is disabled after 1 to 100 consecutive failures.
    FailureCap,
    /// Wrong codes are limited to at most 100 at once and one per second.
    Failures,
    /// An account holds 1 to 10 phones.
    MaxPhones,
}

impl fmt::Display for InvalidPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CodeDigits => "a binding code has 6 to 8 digits",
            Self::CodeLifetime => "a binding code lives 1 second to 10 minutes less the skew, in whole milliseconds",
            Self::Skew => "the skew is at most 10 minutes less the lifetime of a binding code, in whole milliseconds",
            Self::TokenLifetime => {
                "an mfa_token lives 1 second to 1 hour, and no longer than the longest session"
            }
            Self::LongestSession => {
                "the longest session is no shorter than an mfa_token and no longer than 30 days"
            }
            Self::AttemptsPerChallenge => "a challenge allows 1 to 100 attempts",
            Self::FailureCap => "a phone is disabled after 1 to 100 consecutive failures",
            Self::Failures => "wrong codes are limited to at most 100 at once and one per second",
            Self::MaxPhones => "an account holds 1 to 10 phones",
        })
    }
}

impl core::error::Error for InvalidPolicy {}
