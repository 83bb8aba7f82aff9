//! The proof that a login was completed.

use time::UtcDateTime;

use crate::authenticator::{AuthenticatorId, Channel};
use crate::code::RecoveryCode;
use crate::instant::Millis;
use crate::session::MfaSession;
use crate::subject::Subject;

/// Proof that the second factor has passed: all that is needed to mint tokens.
///
/// # Security
///
/// Only the engine makes one, from the right binding code of a live challenge or the live recovery
/// code, and it is seen only after the account that remembers it was saved (rule 1). Nobody else can
/// write one out, nor copy one:
///
/// ```compile_fail,E0451
/// fn forge(honest: oob_mfa::Verified, session: oob_mfa::MfaSession) -> oob_mfa::Verified {
///     oob_mfa::Verified { session, ..honest }
/// }
/// ```
///
/// ```compile_fail,E0277
/// fn twice(once: &oob_mfa::Verified) -> oob_mfa::Verified {
///     oob_mfa::Verified::clone(once)
/// }
/// ```
#[derive(Debug)]
pub struct Verified {
    session: MfaSession,
    authenticator: AuthenticatorId,
    purpose: Purpose,
    restricted: bool,
    recovery_code: Option<RecoveryCode>,
    at: Millis,
}

/// What the code that was answered had been sent, or kept, for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// To complete a login.
    Login,
    /// To confirm an enrollment; it completes the login as well.
    ///
    /// A session of [`Assurance::Mfa`](crate::Assurance::Mfa) that adds a phone completes one, too: who
    /// mints tokens of its scope for that prolongs it.
    Enrollment,
}

impl Verified {
    /// The one place that mints it for a phone.
    pub(super) fn by_phone(
        session: &MfaSession,
        authenticator: AuthenticatorId,
        purpose: Purpose,
        restricted: bool,
        now: Millis,
    ) -> Self {
        Self {
            session: session.clone(),
            authenticator,
            purpose,
            restricted,
            recovery_code: None,
            at: now,
        }
    }

    /// The one place that mints it for a recovery code.
    pub(super) fn by_recovery_code(
        session: &MfaSession,
        authenticator: AuthenticatorId,
        replacement: Option<RecoveryCode>,
        now: Millis,
    ) -> Self {
        Self {
            session: session.clone(),
            authenticator,
            purpose: Purpose::Login,
            restricted: false,
            recovery_code: replacement,
            at: now,
        }
    }

    /// The user.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        self.session.subject()
    }

    /// The client of the session.
    #[must_use]
    pub fn client(&self) -> &str {
        self.session.client()
    }

    /// The scope of the session: for an `mfa_token` that of the request that got it.
    #[must_use]
    pub fn scope(&self) -> &str {
        self.session.scope()
    }

    /// The audience of the session: for an `mfa_token` that of the request that got it.
    #[must_use]
    pub fn audience(&self) -> &str {
        self.session.audience()
    }

    /// What was verified.
    #[must_use]
    pub const fn authenticator(&self) -> AuthenticatorId {
        self.authenticator
    }

    /// What the code was for.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// By which channel the code went; none for a recovery code.
    #[must_use]
    pub const fn channel(&self) -> Option<Channel> {
        match self.authenticator {
            AuthenticatorId::Phone(channel, _) => Some(channel),
            AuthenticatorId::RecoveryCode(_) => None,
        }
    }

    /// Authentication methods for the `amr` claim, by RFC 8176: `mfa`, and `sms` or `tel`.
    ///
    /// A recovery code has no value of its own there. The first factor's (`pwd`) is the embedder's to add.
    #[must_use]
    pub const fn amr(&self) -> &'static [&'static str] {
        match self.authenticator {
            AuthenticatorId::Phone(Channel::Sms, _) => &["mfa", "sms"],
            AuthenticatorId::Phone(Channel::Voice, _) => &["mfa", "tel"],
            AuthenticatorId::RecoveryCode(_) => &["mfa"],
        }
    }

    /// Whether the policy holds the channel for restricted (NIST SP 800-63B-4 section 3.1.3.3).
    #[must_use]
    pub const fn is_restricted(&self) -> bool {
        self.restricted
    }

    /// The recovery code that takes the place of the one used, to be shown to the owner once.
    #[must_use]
    pub const fn recovery_code(&self) -> Option<&RecoveryCode> {
        self.recovery_code.as_ref()
    }

    /// When.
    #[must_use]
    pub fn verified_at(&self) -> UtcDateTime {
        self.at.to_utc()
    }
}
