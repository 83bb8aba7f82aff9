//! The user an account and a session are about.

use alloc::sync::Arc;
use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

/// The embedder's id of a user: 1 to 255 bytes of text, opaque to the crate.
///
/// # Examples
///
/// ```
/// use oob_mfa::Subject;
///
/// let subject: Subject = "auth0|507f1f77bcf86cd799439011".parse()?;
/// assert_eq!(subject.as_str(), "auth0|507f1f77bcf86cd799439011");
/// # Ok::<(), oob_mfa::InvalidSubject>(())
/// ```
// Shared, because every decision copies the account and none changes the subject.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Subject(#[serde(serialize_with = "text")] Arc<str>);

fn text<S: serde::Serializer>(subject: &Arc<str>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(subject)
}

impl Subject {
    /// Longest subject, in bytes.
    pub const MAX_LEN: usize = 255;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::str::FromStr for Subject {
    type Err = InvalidSubject;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || text.len() > Self::MAX_LEN {
            return Err(InvalidSubject);
        }
        Ok(Self(Arc::from(text)))
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Text)
    }
}

struct Text;

impl de::Visitor<'_> for Text {
    type Value = Subject;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Subject, E> {
        text.parse().map_err(E::custom)
    }
}

/// The text is empty or longer than [`Subject::MAX_LEN`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidSubject;

impl fmt::Display for InvalidSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a subject has 1 to 255 bytes")
    }
}

impl core::error::Error for InvalidSubject {}

#[cfg(test)]
mod tests;
