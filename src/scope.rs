//! The scopes for managing factors.

use core::fmt;

/// What a session of [`Assurance::Mfa`](crate::Assurance::Mfa) may do to the factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scope {
    /// `enroll`: associate and confirm an authenticator, and replace the recovery code.
    Enroll,
    /// `read:authenticators`: list the authenticators.
    ReadAuthenticators,
    /// `remove:authenticators`: remove one.
    RemoveAuthenticators,
}

impl Scope {
    /// The scope's text in OAuth.
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
