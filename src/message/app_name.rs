//! The name of the app that a code is from.

use alloc::string::String;
use core::fmt;

use super::gsm::is_basic;
use crate::code::MIN_BINDING_DIGITS;

/// The name of the app that sends the code: 1 to 30 characters of GSM 7-bit.
///
/// It parses from printable characters of the basic table, which take 1 septet each. A name has nothing
/// that could look like another part of the message:
///
/// * no line break, no `@` and no `#`, which form the origin-bound line;
/// * no space at either end and no 2 together;
/// * fewer digits than any code has, so `7-Eleven` is a name and `123-456` is not.
///
/// # Examples
///
/// ```
/// use oob_mfa::message::{AppName, InvalidAppName};
///
/// let app: AppName = "Müller & Söhne".parse()?;
/// assert_eq!(app.as_str(), "Müller & Söhne");
/// assert_eq!("@example.com".parse::<AppName>(), Err(InvalidAppName::Character));
/// # Ok::<(), InvalidAppName>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AppName(String);

impl AppName {
    /// Longest name, in characters.
    pub const MAX_LEN: usize = 30;

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::str::FromStr for AppName {
    type Err = InvalidAppName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || text.chars().count() > Self::MAX_LEN {
            return Err(InvalidAppName::Length);
        }
        if !text
            .chars()
            .all(|c| is_basic(c) && !matches!(c, '\n' | '\r' | '@' | '#'))
        {
            return Err(InvalidAppName::Character);
        }
        if text.split(' ').any(str::is_empty) {
            return Err(InvalidAppName::Spaces);
        }
        if text.bytes().filter(u8::is_ascii_digit).count() >= MIN_BINDING_DIGITS {
            return Err(InvalidAppName::Digits);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for AppName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not a name that a message can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidAppName {
    /// A name has 1 to 30 characters.
    Length,
    /// A name has printable characters of the basic table of GSM 7-bit, and no `@` or `#`.
    Character,
    /// A name has no space at either end and no 2 spaces together.
    Spaces,
    /// A name has at most 5 digits.
    Digits,
}

impl fmt::Display for InvalidAppName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "the name of an app has 1 to 30 characters",
            Self::Character => {
                "the name of an app has only printable characters of GSM 7-bit, and no @ or #"
            }
            Self::Spaces => "the name of an app has only single spaces, and none at its ends",
            Self::Digits => "the name of an app has at most 5 digits",
        })
    }
}

impl core::error::Error for InvalidAppName {}

#[cfg(test)]
mod tests;
