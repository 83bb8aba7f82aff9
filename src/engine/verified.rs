//! The proof that a second factor has passed.

use core::time::Duration;

use time::UtcDateTime;

use crate::authenticator::AuthenticatorId;
use crate::channel::Channel;
use crate::code::RecoveryCode;
use crate::instant::Millis;
use crate::session::{Assurance, MfaSession, SessionId};
use crate::subject::Subject;

/// Proof that the second factor has passed: everything you need to mint tokens.
///
/// # Security
///
/// Only the engine makes one, from the right binding code of a live challenge or the live recovery
/// code ([rule 1](crate::rules#1-proof)). You get it only after the account is saved. Never mint a
/// token that is valid after [`not_after`](Self::not_after), or one with a later `auth_time` than
/// [`authenticated_at`](Self::authenticated_at). Nothing outside of the crate can make or copy a `Verified`:
///
/// ```compile_fail,E0451
/// fn forge(
///     honest: oob_mfa::Verified,
///     session: oob_mfa::MfaSession,
/// ) -> oob_mfa::Verified {
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
    pub(super) session: MfaSession,
    pub(super) authenticator: AuthenticatorId,
    pub(super) purpose: Purpose,
    pub(super) restricted: bool,
    pub(super) recovery_code: Option<RecoveryCode>,
    pub(super) at: Millis,
}

/// The purpose of a verified code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Purpose {
    /// A login.
    Login,
    /// An enrollment. For a first-factor session, the code completes the login too. For an MFA
    /// session, a token that you mint must not outlive it.
    Enrollment,
}

impl Verified {
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

    /// The scope of the session. For an `mfa_token`, the scope that its login began with.
    #[must_use]
    pub fn scope(&self) -> &str {
        self.session.scope()
    }

    /// The audience of the session. For an `mfa_token`, the audience that its login began with.
    #[must_use]
    pub fn audience(&self) -> &str {
        self.session.audience()
    }

    /// The phone or recovery code that was verified.
    #[must_use]
    pub const fn authenticator(&self) -> AuthenticatorId {
        self.authenticator
    }

    /// What the code was for.
    #[must_use]
    pub const fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The channel of the code; `None` for a recovery code.
    #[must_use]
    pub const fn channel(&self) -> Option<Channel> {
        match self.authenticator {
            AuthenticatorId::Phone(channel, _) => Some(channel),
            AuthenticatorId::RecoveryCode(_) => None,
        }
    }

    /// Authentication methods for the `amr` claim, by RFC 8176: `mfa`, and `sms` or `tel`.
    ///
    /// RFC 8176 has no value for a recovery code. Add the value of the first factor (`pwd`)
    /// yourself.
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

    /// The replacement of a used recovery code: show it to the owner once.
    #[must_use]
    pub const fn recovery_code(&self) -> Option<&RecoveryCode> {
        self.recovery_code.as_ref()
    }

    /// When the code was verified, in account time.
    #[must_use]
    pub fn verified_at(&self) -> UtcDateTime {
        self.at.to_utc()
    }

    /// The session of an access token that you mint now for the MFA API.
    ///
    /// With the token, the client can list, enroll and remove phones, as far as its scope allows. `id` is the
    /// id of the token, for example its `jti`. The session lives for `lifetime`, but never longer than
    /// [`not_after`](Self::not_after): sign its [`expires_at`](MfaSession::expires_at) into the token.
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # use std::time::Duration;
    /// # let mut world = oob_mfa_testing::World::new();
    /// # world.enroll("+14155558730");
    /// let verified = world.sign_in()?;
    /// let id =
    ///     SessionId::from_jti("drawn at random").map_err(|_| Denied::TokenInvalid)?;
    /// let session = verified.mfa_session(&id, Duration::from_secs(600));
    /// assert_eq!(session.assurance(), Assurance::Mfa);
    /// assert_eq!(session.expires_at(), world.now() + Duration::from_secs(600));
    /// # Ok::<(), Denied>(())
    /// ```
    ///
    /// # Security
    ///
    /// Use the session only for a token with the audience of the MFA API. Its scope is that of the login:
    /// without a [`Scope`](crate::Scope) of that API it allows nothing.
    #[must_use]
    pub fn mfa_session(&self, id: &SessionId, lifetime: Duration) -> MfaSession {
        let end = self
            .at
            .after(u64::try_from(lifetime.as_millis()).unwrap_or(u64::MAX));
        let end = match self.session.assurance() {
            Assurance::FirstFactor => end,
            Assurance::Mfa => end.min(self.session.expires()),
        };
        self.session.of_token(id, self.at, end)
    }

    /// What the session had proven before this code: [`Assurance::Mfa`] only if an MFA session confirmed
    /// an enrollment. For a token minted now, see [`mfa_session`](Self::mfa_session).
    #[must_use]
    pub const fn assurance(&self) -> Assurance {
        self.session.assurance()
    }

    /// The latest expiry of tokens minted from this: the end of the MFA session, or `None` for a login.
    #[must_use]
    pub fn not_after(&self) -> Option<UtcDateTime> {
        match self.session.assurance() {
            Assurance::FirstFactor => None,
            Assurance::Mfa => Some(self.session.expires_at()),
        }
    }

    /// When the user authenticated, for `auth_time`.
    ///
    /// For a login this is [`verified_at`](Self::verified_at). For an MFA session it is the time of the
    /// login that began it.
    #[must_use]
    pub fn authenticated_at(&self) -> UtcDateTime {
        self.session.authenticated_by(self.at).to_utc()
    }
}
