//! The session that a valid `mfa_token` is proof of.

mod token;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;

use rand_core::CryptoRng;
use serde::{Deserialize, Serialize};
use time::UtcDateTime;

pub use self::token::MfaToken;
use crate::denied::Denied;
use crate::instant::Millis;
use crate::key::SessionTag;
use crate::subject::Subject;

/// What the caller of an operation has proven.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Assurance {
    /// The password or whatever else comes first. Good for one login.
    FirstFactor,
    /// A full login with a second factor, by which factors may be added and removed.
    Mfa,
}

/// What a session of [`Assurance::Mfa`] may do to the factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// Associate an authenticator, confirm it, and ask for a new recovery code.
    Enroll,
    /// List the authenticators.
    ReadAuthenticators,
    /// Remove one.
    RemoveAuthenticators,
}

impl Scope {
    /// The scope as OAuth writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enroll => "enroll",
            Self::ReadAuthenticators => "read:authenticators",
            Self::RemoveAuthenticators => "remove:authenticators",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Proof that an `mfa_token` was valid, or the embedder's word for a token of its own.
///
/// [`Engine::begin`](crate::Engine::begin) makes one when the first factor has passed,
/// [`Engine::open_token`](crate::Engine::open_token) from the token of a later request, and
/// [`trusted`](Self::trusted) from whatever the embedder has verified itself.
#[derive(Clone, PartialEq, Eq)]
pub struct MfaSession {
    tag: SessionTag,
    assurance: Assurance,
    issued_at: Millis,
    expires_at: Millis,
    // Shared, because every proof of a login holds its session.
    claims: Arc<Claims>,
}

/// Whose session it is, and what was asked for.
#[derive(PartialEq, Eq)]
struct Claims {
    subject: Subject,
    client: Box<str>,
    scope: Box<str>,
    audience: Box<str>,
}

/// What the embedder says of a token that it has verified: see [`MfaSession::trusted`].
///
/// One `id` has one `issued_at` and one `expires_at`, for good: a session is remembered as spent
/// until the expiry it was spent with, so one that slides would come back.
#[derive(Clone)]
#[expect(
    clippy::exhaustive_structs,
    reason = "embedders write it out; a new claim must not be forgotten"
)]
pub struct TrustedClaims<'a> {
    /// Stable per token, and unique (a `jti`), so that associate and confirm meet. Not the token
    /// itself.
    pub id: &'a str,
    /// The user.
    pub subject: Subject,
    /// The client that the token was issued to.
    pub client: &'a str,
    /// What was proven to get the token.
    pub assurance: Assurance,
    /// Scopes, separated by spaces. [`Scope`] names those that this crate knows.
    pub scope: &'a str,
    /// The audience that tokens minted from it are for.
    pub audience: &'a str,
    /// When the token was issued; rounding down is safe.
    pub issued_at: UtcDateTime,
    /// When it expires.
    pub expires_at: UtcDateTime,
}

impl fmt::Debug for TrustedClaims<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustedClaims")
            .field("subject", &self.subject)
            .field("client", &self.client)
            .field("assurance", &self.assurance)
            .field("scope", &self.scope)
            .field("audience", &self.audience)
            .field("issued_at", &self.issued_at)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// Longest client id, in bytes.
const MAX_CLIENT: usize = 255;
/// Longest scope and longest audience, in bytes: a token stays well below what servers take for a header.
const MAX_TEXT: usize = 1_024;

impl MfaSession {
    /// A session by the embedder's own word: an access token with the MFA audience, a cookie.
    ///
    /// # Security
    ///
    /// Nothing here is checked but the lengths. [`Assurance::Mfa`] opens the management of factors:
    /// give it only to a token that was gotten with a second factor, of this subject.
    ///
    /// # Errors
    ///
    /// [`Denied::TokenInvalid`] for an empty id; [`Denied::ParameterTooLong`] for a client of more
    /// than 255 bytes, a scope or an audience of more than 1,024.
    pub fn trusted(claims: TrustedClaims<'_>) -> Result<Self, Denied> {
        if claims.id.is_empty() {
            return Err(Denied::TokenInvalid);
        }
        Ok(Self {
            tag: SessionTag::of_id(claims.id),
            assurance: claims.assurance,
            issued_at: Millis::at(claims.issued_at),
            expires_at: Millis::at(claims.expires_at),
            claims: Claims::new(
                claims.subject,
                [claims.client, claims.scope, claims.audience],
            )?,
        })
    }

    pub(crate) fn begin(
        subject: Subject,
        texts: [&str; 3],
        now: Millis,
        lifetime: u64,
        rng: &mut (impl CryptoRng + ?Sized),
    ) -> Result<Self, Denied> {
        Ok(Self {
            tag: SessionTag::draw(rng),
            assurance: Assurance::FirstFactor,
            issued_at: now,
            expires_at: now.after(lifetime),
            claims: Claims::new(subject, texts)?,
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

    /// Checks who presents the token, at an endpoint that authenticates a client.
    ///
    /// [`Engine::open_token`](crate::Engine::open_token) does it for an `mfa_token`; this is for a
    /// session that the embedder vouches for.
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

    /// Whether the session may do what the scope is for. One of a first factor may not, whatever
    /// scope was asked for.
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

impl Claims {
    fn new(subject: Subject, [client, scope, audience]: [&str; 3]) -> Result<Arc<Self>, Denied> {
        let fields = [
            ("client_id", client, MAX_CLIENT),
            ("scope", scope, MAX_TEXT),
            ("audience", audience, MAX_TEXT),
        ];
        let too_long = fields
            .into_iter()
            .find(|(_, text, most)| text.len() > *most);
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
