//! The session that an `mfa_token` proves.

pub(crate) mod token;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use time::UtcDateTime;

use crate::denied::Denied;
use crate::instant::Millis;
use crate::key::SessionTag;
use crate::names::{error_text, redacted};
use crate::scope::Scope;
use crate::subject::Subject;

/// What the user has proven: the first factor, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Assurance {
    /// The password, or another first factor. Valid for one login.
    FirstFactor,
    /// A login with a second factor. It adds and removes factors, and completes no login
    /// ([rule 9](crate::rules#9-the-second-factor-guards-the-factors)).
    Mfa,
}

/// A user who passed the first factor, and what the client requested.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_structs,
    reason = "embedders write it out; a new field must not be forgotten"
)]
pub struct FirstFactor<'a> {
    /// The user.
    pub subject: Subject,
    /// The client that passed the first factor, at most 255 bytes.
    pub client: &'a str,
    /// The scope it requested, at most 1,024 bytes. A scope never makes it an MFA session.
    pub scope: &'a str,
    /// The audience it requested, at most 1,024 bytes.
    pub audience: &'a str,
}

/// The unique id of a token: a `jti`, never the token itself.
///
/// # Examples
///
/// ```
/// use oob_mfa::SessionId;
///
/// assert!(SessionId::from_jti("c1f7a2d0-4b1e").is_ok());
/// // A JWT is not an id.
/// assert!(
///     SessionId::from_jti("eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln").is_err()
/// );
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct SessionId(Box<str>);

impl SessionId {
    /// Longest id, in bytes.
    pub const MAX_LEN: usize = 128;

    /// The id that the issuer gave the token.
    ///
    /// # Errors
    ///
    /// [`InvalidSessionId`] for an empty text and for more than [`MAX_LEN`](Self::MAX_LEN) bytes. Also for the
    /// shape of a JWT: 3 parts with dots between them, or 5 if it is encrypted.
    pub fn from_jti(jti: &str) -> Result<Self, InvalidSessionId> {
        let fits = (1..=Self::MAX_LEN).contains(&jti.len());
        let is_jwt = matches!(jti.split('.').count(), 3 | 5);
        if fits && !is_jwt {
            Ok(Self(jti.into()))
        } else {
            Err(InvalidSessionId)
        }
    }
}

redacted!(SessionId);

/// The text is not an id of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidSessionId;

error_text!(
    InvalidSessionId,
    "a session id has 1 to 128 bytes, not 3 or 5 dotted parts: pass only the jti"
);

/// Proof that an `mfa_token` was valid, or that the embedder vouches for its own token.
///
/// A first-factor session completes a login; an MFA session ([`Assurance::Mfa`]) manages factors.
///
/// [`Engine::begin`](crate::Engine::begin) makes one after the first factor,
/// [`Engine::open_token`](crate::Engine::open_token) from the token of a later request, and
/// [`trusted`](Self::trusted) from a token that you verified yourself.
#[derive(Clone, PartialEq, Eq)]
pub struct MfaSession {
    tag: SessionTag,
    assurance: Assurance,
    issued_at: Millis,
    expires_at: Millis,
    authenticated_at: Millis,
    // Shared: every `Verified` holds its session.
    claims: Arc<Claims>,
}

/// The user of a session, and what the client requested.
#[derive(PartialEq, Eq)]
struct Claims {
    subject: Subject,
    client: Box<str>,
    scope: Box<str>,
    audience: Box<str>,
}

/// The claims of a token that you have verified, for [`MfaSession::trusted`].
///
/// Give one `id` the same `issued_at` and `expires_at` in every request. The record forgets a spent session
/// at its expiry: with a later one, the session could be used again. A session keeps times in whole
/// milliseconds, rounded down.
#[derive(Clone, Debug)]
#[expect(
    clippy::exhaustive_structs,
    reason = "embedders write it out; a new claim must not be forgotten"
)]
pub struct TrustedClaims<'a> {
    /// Unique per token and stable: the session that began an enrollment confirms it.
    pub id: SessionId,
    /// The user.
    pub subject: Subject,
    /// The client that the token was issued to.
    pub client: &'a str,
    /// What was proven to get the token.
    pub assurance: Assurance,
    /// Scopes, separated by spaces. [`Scope`] names those that manage factors.
    pub scope: &'a str,
    /// The audience that tokens minted from it are for.
    pub audience: &'a str,
    /// When the token was issued; rounding down is safe.
    pub issued_at: UtcDateTime,
    /// When it expires.
    pub expires_at: UtcDateTime,
    /// When the user authenticated: the `auth_time` of the token.
    pub authenticated_at: UtcDateTime,
}

/// Longest client id, in bytes.
const MAX_CLIENT: usize = 255;
/// Longest scope and longest audience, in bytes. A token stays well below the header size of servers.
const MAX_TEXT: usize = 1_024;

impl MfaSession {
    /// A session that you vouch for: an access token with the MFA audience, or a cookie.
    ///
    /// # Security
    ///
    /// This checks only lengths. [`Assurance::Mfa`] allows the management of factors. Give it only to a
    /// token of this subject that was issued after a second factor.
    ///
    /// # Errors
    ///
    /// [`Denied::ParameterTooLong`] for a client of more than 255 bytes, or a scope or audience of more
    /// than 1,024.
    ///
    /// # Examples
    ///
    /// ```
    /// use oob_mfa::{Assurance, MfaSession, SessionId, TrustedClaims};
    /// use time::{Duration, UtcDateTime};
    ///
    /// // From a token whose signature, issuer, audience and times you checked.
    /// let (jti, iat) = ("drawn at random", UtcDateTime::UNIX_EPOCH);
    /// let session = MfaSession::trusted(TrustedClaims {
    ///     id: SessionId::from_jti(jti)?,
    ///     subject: "auth0|alice".parse()?,
    ///     client: "my-app",
    ///     assurance: Assurance::Mfa, // it was issued after a second factor
    ///     scope: "enroll read:authenticators",
    ///     audience: "",
    ///     issued_at: iat,
    ///     expires_at: iat + Duration::minutes(10),
    ///     authenticated_at: iat,
    /// })?;
    /// assert_eq!(session.assurance(), Assurance::Mfa);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn trusted(claims: TrustedClaims<'_>) -> Result<Self, Denied> {
        Ok(Self {
            tag: SessionTag::of_id(&claims.id.0, claims.assurance.code()),
            assurance: claims.assurance,
            issued_at: Millis::at(claims.issued_at),
            expires_at: Millis::at(claims.expires_at),
            authenticated_at: Millis::at(claims.authenticated_at),
            claims: Claims::new(
                claims.subject,
                [claims.client, claims.scope, claims.audience],
            )?,
        })
    }

    /// When the user authenticated: for a first-factor session `now`, when the second factor
    /// passes.
    pub(crate) fn authenticated_by(&self, now: Millis) -> Millis {
        match self.assurance {
            Assurance::FirstFactor => now,
            // The claimed time may be later than account time.
            Assurance::Mfa => self.authenticated_at.min(now),
        }
    }

    /// The session of a token that is minted at `now` from this one, after a second factor.
    pub(crate) fn of_token(&self, id: &SessionId, now: Millis, expires_at: Millis) -> Self {
        Self {
            tag: SessionTag::of_id(&id.0, Assurance::Mfa.code()),
            assurance: Assurance::Mfa,
            issued_at: now,
            expires_at,
            authenticated_at: self.authenticated_by(now),
            claims: Arc::clone(&self.claims),
        }
    }

    pub(crate) fn begin(
        first_factor: FirstFactor<'_>,
        lifetime: u64,
        now: Millis,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Self, Denied> {
        let FirstFactor {
            subject,
            client,
            scope,
            audience,
        } = first_factor;
        Ok(Self {
            tag: SessionTag::draw(rng),
            assurance: Assurance::FirstFactor,
            issued_at: now,
            expires_at: now.after(lifetime),
            authenticated_at: now,
            claims: Claims::new(subject, [client, scope, audience])?,
        })
    }

    /// The user.
    #[must_use]
    pub fn subject(&self) -> &Subject {
        &self.claims.subject
    }

    /// The client that the token was issued to.
    #[must_use]
    pub fn client(&self) -> &str {
        &self.claims.client
    }

    /// The scope of the request that got the token.
    #[must_use]
    pub fn scope(&self) -> &str {
        &self.claims.scope
    }

    /// The audience of the request that got the token.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.claims.audience
    }

    /// What was proven to get the token.
    #[must_use]
    pub const fn assurance(&self) -> Assurance {
        self.assurance
    }

    /// When the token was issued.
    #[must_use]
    pub fn issued_at(&self) -> UtcDateTime {
        self.issued_at.to_utc()
    }

    /// When the token expires.
    #[must_use]
    pub fn expires_at(&self) -> UtcDateTime {
        self.expires_at.to_utc()
    }

    /// When the user authenticated: by the first factor, or by the login that led to an MFA
    /// session.
    #[must_use]
    pub fn authenticated_at(&self) -> UtcDateTime {
        self.authenticated_at.to_utc()
    }

    /// Checks that `client` may present the token, at an endpoint that authenticates clients.
    ///
    /// [`Engine::open_token`](crate::Engine::open_token) does it for an `mfa_token`; this is for a
    /// session that you vouch for.
    ///
    /// # Errors
    ///
    /// [`Denied::TokenOfAnotherClient`]
    pub fn check_client(&self, client: Option<&str>) -> Result<(), Denied> {
        match client {
            Some(client) if *client != *self.claims.client => Err(Denied::TokenOfAnotherClient),
            _ => Ok(()),
        }
    }

    /// Whether the session has the scope. A first-factor session has none, whatever the client
    /// requested.
    pub(crate) fn grants(&self, scope: Scope) -> bool {
        self.assurance == Assurance::Mfa
            && self
                .scope()
                .split_ascii_whitespace()
                .any(|held| held == scope.as_str())
    }

    pub(crate) const fn tag(&self) -> &SessionTag {
        &self.tag
    }

    pub(crate) const fn issued(&self) -> Millis {
        self.issued_at
    }

    pub(crate) const fn expires(&self) -> Millis {
        self.expires_at
    }
}

impl Assurance {
    /// Its byte in a token and in the tag of a session.
    const fn code(self) -> u8 {
        match self {
            Self::FirstFactor => 1,
            Self::Mfa => 2,
        }
    }
}

impl Claims {
    fn new(subject: Subject, [client, scope, audience]: [&str; 3]) -> Result<Arc<Self>, Denied> {
        let fields = [
            ("client_id", client, MAX_CLIENT),
            ("scope", scope, MAX_TEXT),
            ("audience", audience, MAX_TEXT),
        ];
        let too_long = fields.into_iter().find(|(_, text, max)| text.len() > *max);
        if let Some((parameter, ..)) = too_long {
            return Err(Denied::ParameterTooLong { parameter });
        }
        Ok(Arc::new(Self {
            subject,
            client: client.into(),
            scope: scope.into(),
            audience: audience.into(),
        }))
    }
}

impl fmt::Debug for MfaSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MfaSession")
            .field("subject", self.subject())
            .field("client", &self.client())
            .field("scope", &self.scope())
            .field("audience", &self.audience())
            .field("assurance", &self.assurance)
            .field("expires_at", &self.expires_at())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
