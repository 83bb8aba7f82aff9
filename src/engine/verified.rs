//! The proof that a login was completed.

use time::UtcDateTime;

use crate::authenticator::AuthenticatorId;
use crate::channel::Channel;
use crate::code::RecoveryCode;
use crate::instant::Millis;
use crate::session::{Assurance, MfaSession};
use crate::subject::Subject;

/// Proof that the second factor has passed: all that is needed to mint tokens.
///
/// # Security
///
/// Only the engine makes one, from the right binding code of a live challenge or the live recovery
/// code. It is seen only after the account that remembers it was saved (rule 1). Mint no token that is
/// valid after [`not_after`](Self::not_after), and none with a later `auth_time` than
/// [`authenticated_at`](Self::authenticated_at). Nobody else can make one, nor copy one:
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

/// What the code was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// To complete a login.
    Login,
    /// To confirm an enrollment. For a first-factor session it completes the login too; for an MFA
    /// session, tokens minted for it end with that session.
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
        replacement: RecoveryCode,
        now: Millis,
    ) -> Self {
        Self {
            session: session.clone(),
            authenticator,
            purpose: Purpose::Login,
            restricted: false,
            recovery_code: Some(replacement),
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

    /// The channel of the code; none for a recovery code.
    #[must_use]
    pub const fn channel(&self) -> Option<Channel> {
        match self.authenticator {
            AuthenticatorId::Phone(channel, _) => Some(channel),
            AuthenticatorId::RecoveryCode(_) => None,
        }
    }

    /// Authentication methods for the `amr` claim, by RFC 8176: `mfa`, and `sms` or `tel`.
    ///
    /// A recovery code has no value of its own there. The embedder adds the first factor's (`pwd`).
    #[must_use]
    pub const fn amr(&self) -> &'static [&'static str] {
        match self.authenticator {
            AuthenticatorId::Phone(Channel::Sms, _) => &["mfa", "sms"],
            AuthenticatorId::Phone(Channel::Voice, _) => &["mfa", "tel"],
            AuthenticatorId::RecoveryCode(_) => &["mfa"],
        }
    }

    /// Whether the policy reports the channel as restricted (NIST SP 800-63B-4 section 3.1.3.3).
    #[must_use]
    pub const fn is_restricted(&self) -> bool {
        self.restricted
    }

    /// The replacement of the recovery code that was used, to be shown to the owner once.
    #[must_use]
    pub const fn recovery_code(&self) -> Option<&RecoveryCode> {
        self.recovery_code.as_ref()
    }

    /// When, in account time.
    #[must_use]
    pub fn verified_at(&self) -> UtcDateTime {
        self.at.to_utc()
    }

    /// What the session had proven: [`Assurance::Mfa`] only where it confirmed an enrollment.
    #[must_use]
    pub const fn assurance(&self) -> Assurance {
        self.session.assurance()
    }

    /// The expiry of an MFA session, which no token minted for it may outlive; none for a login.
    #[must_use]
    pub fn not_after(&self) -> Option<UtcDateTime> {
        match self.session.assurance() {
            Assurance::FirstFactor => None,
            Assurance::Mfa => Some(self.session.expires_at()),
        }
    }

    /// When the user authenticated, for `auth_time`: now for a login, and the time of its own login for
    /// an MFA session.
    #[must_use]
    pub fn authenticated_at(&self) -> UtcDateTime {
        match self.session.assurance() {
            Assurance::FirstFactor => self.verified_at(),
            Assurance::Mfa => self.session.authenticated_at(),
        }
    }
}
