//! Every reason for a refusal or a rejection.

use core::fmt;
use core::time::Duration;

use time::UtcDateTime;

use crate::names::named;
use crate::scope::Scope;

/// How long a client waits after [`Denied::ClockBehind`]. The next try may reach another server.
const CLOCK_BEHIND_RETRY: Duration = Duration::from_secs(5);

/// Why an operation was not granted.
///
/// *Refused* means: not judged, nothing changed, nothing written. *Rejected* means: judged, charged and
/// saved. [`kind`](Self::kind) distinguishes them. `Display` is for developers. The texts of Auth0's API,
/// with status and error code, are in [`ErrorAnswer::denied`](crate::wire::ErrorAnswer::denied).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Denied {
    /// The text is not an `mfa_token`, or the request has no bearer token.
    TokenMalformed,
    /// The `mfa_token` was not sealed by a key of this ring, or was altered. The [`exchange`](crate::exchange)
    /// also returns this after it has confirmed a phone, if the session ends within 1 second.
    TokenInvalid,
    /// The `mfa_token`, or the session, has expired.
    TokenExpired,
    /// The token was issued to another client.
    TokenOfAnotherClient,
    /// The session has completed its login.
    SessionSpent,
    /// An administrator, or the removal of the last phone, revoked the session.
    SessionRevoked,
    /// The session was issued later than the account's time and the clock skew allow.
    SessionNotYetValid,
    /// The session expires later than the policy's longest session allows.
    SessionTooLong,
    /// Only a first-factor session can complete a login, and this is an MFA session.
    FirstFactorRequired,
    /// The session lacks the scope. A first-factor session never has one.
    InsufficientScope(Scope),
    /// The session and the account are of different subjects: a bug in the server.
    SubjectMismatch,
    /// The clock of this server is behind the account's last change by more than the skew.
    ClockBehind,
    /// The account's last change is at most the skew ahead of the clock: there is nothing to rewind.
    ClockNotAhead,
    /// A parameter is too long for a token: more than 255 bytes of `client_id`, or 1,024 of `scope`
    /// or `audience`.
    ParameterTooLong {
        /// The name of the parameter.
        parameter: &'static str,
    },
    /// A second factor guards the account, and this is a first-factor session.
    AlreadyEnrolled,
    /// The number is on this account already, active or disabled.
    PhoneAlreadyEnrolled,
    /// The account has as many phones as the policy allows, or more.
    TooManyPhones,
    /// The policy does not send by this channel.
    ChannelUnavailable,
    /// The requested channel is not that of the authenticator.
    ChannelMismatch,
    /// The account has no confirmed phone.
    NotEnrolled,
    /// No active phone has this id, or its channel is not enabled. Without an id: no phone is active.
    InvalidAuthenticator,
    /// No phone of the account has this id, or the policy does not enable the channel of the id.
    UnknownAuthenticator,
    /// The `oob_code` is malformed, unknown, used, superseded, or out of attempts.
    OobCodeUnknown,
    /// The `oob_code` was issued to another session.
    OobCodeOfAnotherSession,
    /// The `oob_code` has expired, or its key is not in the ring.
    OobCodeExpired,
    /// The account has no recovery code, or the policy issues none.
    NoRecoveryCode,
    /// The send budget is empty, or the record has no room for another code.
    TooManySends {
        /// When this limit stops refusing.
        retry_at: UtcDateTime,
    },
    /// The failure budget is empty: the right code would get the same answer.
    TooManyFailures {
        /// When a code is judged again.
        retry_at: UtcDateTime,
    },
    /// The record has no room to remember another spent session.
    TooManySessions {
        /// When the first of them expires.
        retry_at: UtcDateTime,
    },
    /// The binding code is wrong: charged.
    InvalidBindingCode,
    /// The recovery code is wrong: charged.
    InvalidRecoveryCode,
}

/// Who has to act on a [`Denied`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeniedKind {
    /// A server is wrong, by a bug or by its clock: alert the operators.
    CallerBug,
    /// The request holds text that the engine cannot accept.
    UntrustedInput,
    /// A rule, a limit or the account's state refuses. Nothing was judged or written.
    Refused,
    /// A code was judged wrong, and that was charged and saved.
    Rejected,
}

named!(Denied {
    TokenMalformed: "token_malformed", "the text is not an mfa_token, or the request has no bearer token";
    TokenInvalid: "token_invalid", "the mfa_token was altered, its key is not in the ring, or its session has just ended: get a new token";
    TokenExpired: "token_expired", "the session has expired: sign in again";
    TokenOfAnotherClient: "token_of_another_client", "the token was issued to another client";
    SessionSpent: "session_spent", "the session has completed its login: sign in again";
    SessionRevoked: "session_revoked", "the session was revoked by an administrator or by the removal of the last phone: sign in again";
    SessionNotYetValid: "session_not_yet_valid", "the session was issued later than account time plus the skew: check the clocks";
    SessionTooLong: "session_too_long", "the session expires later than longest_session and the skew allow: shorten the session, or raise longest_session";
    FirstFactorRequired: "first_factor_required", "an MFA session cannot complete a login: present an mfa_token";
    InsufficientScope: "insufficient_scope", "the session is not an MFA session with the scope";
    SubjectMismatch: "subject_mismatch", "the session and the account have different subjects: load the account of the session's subject";
    ClockBehind: "clock_behind", "the clock of this server is behind the account's last change by more than the skew: check the clocks";
    ClockNotAhead: "clock_not_ahead", "the account's last change is not later than the clock plus the skew: there is nothing to rewind";
    ParameterTooLong: "parameter_too_long", "too long: at most 255 bytes for client_id, 1,024 for scope and audience";
    AlreadyEnrolled: "already_enrolled", "a second factor guards the account: present an MFA session";
    PhoneAlreadyEnrolled: "phone_already_enrolled", "the phone number is on this account already";
    TooManyPhones: "too_many_phones", "the account has max_phones phones or more: remove phones first";
    ChannelUnavailable: "channel_unavailable", "the channel is not enabled in the policy";
    ChannelMismatch: "channel_mismatch", "the channel is not that of the authenticator: pass only one of them";
    NotEnrolled: "not_enrolled", "the account has no confirmed phone: enroll one first";
    InvalidAuthenticator: "invalid_authenticator", "no active phone matches the request: list the authenticators";
    UnknownAuthenticator: "unknown_authenticator", "no phone of the account has this id, or the channel of the id is not enabled: list the authenticators";
    OobCodeUnknown: "oob_code_unknown", "the oob_code is malformed, unknown, used, superseded or out of attempts: request a new code";
    OobCodeOfAnotherSession: "oob_code_of_another_session", "the oob_code was issued to another session: present that session, or request a new code";
    OobCodeExpired: "oob_code_expired", "the oob_code has expired, or its key is not in the ring: request a new code";
    NoRecoveryCode: "no_recovery_code", "the account has no recovery code, or the policy issues none";
    TooManySends: "too_many_sends", "the send budget is empty, or the record has no room for another code";
    TooManyFailures: "too_many_failures", "the failure budget is empty";
    TooManySessions: "too_many_sessions", "the record has no room for another spent session";
    InvalidBindingCode: "invalid_binding_code", "the binding code is wrong";
    InvalidRecoveryCode: "invalid_recovery_code", "the recovery code is wrong";
});

impl Denied {
    /// Whether this is a bug of the caller, untrusted input, a refusal or a rejection.
    ///
    /// You get a rejection only after it is saved and charged.
    #[must_use]
    pub const fn kind(&self) -> DeniedKind {
        match self {
            Self::SubjectMismatch | Self::ClockBehind => DeniedKind::CallerBug,
            Self::TokenMalformed
            | Self::TokenInvalid
            | Self::TokenOfAnotherClient
            | Self::ParameterTooLong { .. } => DeniedKind::UntrustedInput,
            Self::InvalidBindingCode | Self::InvalidRecoveryCode => DeniedKind::Rejected,
            _ => DeniedKind::Refused,
        }
    }

    /// When the limit that refused stops refusing; `None` if no limit refused.
    #[must_use]
    pub const fn retry_at(&self) -> Option<UtcDateTime> {
        match self {
            Self::TooManySends { retry_at }
            | Self::TooManyFailures { retry_at }
            | Self::TooManySessions { retry_at } => Some(*retry_at),
            _ => None,
        }
    }

    /// Whole seconds to wait, rounded up, for `Retry-After`: until [`retry_at`](Self::retry_at), or 5
    /// after [`ClockBehind`](Self::ClockBehind).
    #[must_use]
    pub fn retry_after(&self, now: UtcDateTime) -> Option<Duration> {
        if *self == Self::ClockBehind {
            return Some(CLOCK_BEHIND_RETRY);
        }
        let retry_at = self.retry_at()?.unix_timestamp_nanos();
        let nanos = retry_at
            .saturating_sub(now.unix_timestamp_nanos())
            .max(0)
            .unsigned_abs();
        let seconds = u64::try_from(nanos.div_ceil(1_000_000_000)).unwrap_or(u64::MAX);
        Some(Duration::from_secs(seconds))
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InsufficientScope(scope) => {
                write!(f, "{} {scope}: present one that has it", self.text())
            }
            Self::ParameterTooLong { parameter } => write!(f, "{parameter} is {}", self.text()),
            _ => match self.retry_at() {
                Some(retry_at) => write!(f, "{}: wait until {retry_at}", self.text()),
                None => f.write_str(self.text()),
            },
        }
    }
}

impl core::error::Error for Denied {}

#[cfg(test)]
mod tests;
