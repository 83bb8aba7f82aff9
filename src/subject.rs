//! The user an account and a session are about.

use alloc::sync::Arc;
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::num::NonZeroUsize;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

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
#[derive(Clone, PartialEq, Eq)]
pub struct Subject(Text);

/// Every decision copies the account, and with it the subject: one that is short lies in place,
/// which spares an allocation, a look elsewhere in memory, and counting who shares it.
#[derive(Clone, PartialEq, Eq)]
enum Text {
    Short(Short),
    Long(Arc<str>),
}

/// A text of at most [`SHORT`] bytes, and zeros.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Short {
    // Never zero, so that `Text` needs no tag of its own.
    len: NonZeroUsize,
    padded: [u8; SHORT],
}

/// A UUID has 36 bytes; Auth0's own ids, `auth0|` and 24 hexadecimal digits, have 30.
const SHORT: usize = 40;

impl Subject {
    /// Longest subject, in bytes.
    pub const MAX_LEN: usize = 255;

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match &self.0 {
            // These bytes come from a `str`. Only unsafe code could take that on trust.
            Text::Short(Short { len, padded }) => padded
                .get(..len.get())
                .and_then(|text| core::str::from_utf8(text).ok())
                .unwrap_or_default(),
            Text::Long(text) => text,
        }
    }
}

impl core::str::FromStr for Subject {
    type Err = InvalidSubject;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || text.len() > Self::MAX_LEN {
            return Err(InvalidSubject);
        }
        let mut padded = [0; SHORT];
        let short = padded
            .get_mut(..text.len())
            .zip(NonZeroUsize::new(text.len()));
        Ok(Self(match short {
            Some((bytes, len)) => {
                bytes.copy_from_slice(text.as_bytes());
                Text::Short(Short { len, padded })
            }
            None => Text::Long(Arc::from(text)),
        }))
    }
}

impl PartialOrd for Subject {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Subject {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Subject {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subject").field(&self.as_str()).finish()
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Stored)
    }
}

struct Stored;

impl de::Visitor<'_> for Stored {
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
