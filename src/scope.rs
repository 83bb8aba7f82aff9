//! The scopes that guard the management of factors.

use core::fmt;

/// What a session of [`Assurance::Mfa`](crate::Assurance::Mfa) may do to the factors.
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
