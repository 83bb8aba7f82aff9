//! Makes an engine, and begins a login: the first-factor session and its token.

use rand_core::CryptoRng;
use time::UtcDateTime;

use super::Engine;
use crate::denied::Denied;
use crate::instant::Millis;
use crate::key::KeyRing;
use crate::policy::Policy;
use crate::session::token::MfaToken;
use crate::session::{FirstFactor, MfaSession};

impl Engine {
    /// An engine with this policy. It makes digests and tokens with `keys`.
    ///
    /// # Examples
    ///
    /// ```
    /// use oob_mfa::{Engine, Key, KeyRing, Policy};
    ///
    /// # let secret = [7; 32];
    /// // `secret`: 32 bytes from the operating system's random source.
    /// let keys = KeyRing::new(Key::new(1, &secret));
    /// let engine = Engine::new(Policy::nist_800_63b4(), keys);
    /// assert_eq!(engine.policy(), &Policy::nist_800_63b4());
    /// ```
    #[must_use]
    pub const fn new(policy: Policy, keys: KeyRing) -> Self {
        Self { policy, keys }
    }

    /// The engine's policy; [`new`](Self::new) has an example.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// Begins the session of a user who has passed the first factor.
    ///
    /// After the login, [`Verified`](crate::Verified) returns the client, scope and audience.
    ///
    /// # Errors
    ///
    /// [`Denied::ParameterTooLong`] for a client of more than 255 bytes, or a scope or audience of
    /// more than 1,024.
    ///
    /// # Examples
    ///
    /// ```
    /// # use oob_mfa::*;
    /// # let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
    /// # let mut rng = getrandom::rand_core::UnwrapErr(getrandom::SysRng);
    /// # let now = time::UtcDateTime::now();
    /// let first_factor = FirstFactor {
    ///     subject: "auth0|alice".parse()?,
    ///     client: "my-app",
    ///     scope: "openid",
    ///     audience: "",
    /// };
    /// let session = engine.begin(first_factor, now, &mut rng)?;
    /// let mfa_token = engine.issue_token(&session);
    /// // A later request brings the token back.
    /// let token = mfa_token.expose_secret();
    /// let opened = engine.open_token(token, Some("my-app"), now)?;
    /// assert_eq!(opened, session);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn begin(
        &self,
        first_factor: FirstFactor<'_>,
        now: UtcDateTime,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<MfaSession, Denied> {
        let lifetime = self.policy.token_lifetime;
        MfaSession::begin(first_factor, lifetime, Millis::at(now), rng)
    }

    /// Seals a session into an `mfa_token`; [`begin`](Self::begin) has an example.
    #[must_use]
    pub fn issue_token(&self, session: &MfaSession) -> MfaToken {
        MfaToken::seal(session, &self.keys)
    }

    /// Opens an `mfa_token` and returns its session; [`begin`](Self::begin) has an example.
    ///
    /// `client` is the authenticated client that presents the token. With `None` the client is not checked.
    ///
    /// # Errors
    ///
    /// [`Denied::TokenMalformed`], [`Denied::TokenInvalid`], [`Denied::TokenOfAnotherClient`] or
    /// [`Denied::TokenExpired`], in this order.
    pub fn open_token(
        &self,
        token: &str,
        client: Option<&str>,
        now: UtcDateTime,
    ) -> Result<MfaSession, Denied> {
        let session = MfaToken::open(token, &self.keys)?;
        session.check_client(client)?;
        if session.expires() <= Millis::at(now) {
            return Err(Denied::TokenExpired);
        }
        Ok(session)
    }
}
