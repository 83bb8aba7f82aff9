//! Phone numbers.

use alloc::format;
use alloc::string::String;
use core::fmt;
use core::num::NonZeroU64;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A phone number in E.164, canonical by construction: 1 number, 1 value, 8 bytes.
///
/// It parses only from `+` and 7 to 15 digits; the first is not 0. ITU-T E.164 allows at most 15; no
/// country assigns fewer than 7. After a country code of 1 or 2 digits, a 0 that is dialed only within the
/// country is refused, as in `+4407911123456`. Otherwise 1 phone would count as 2. In Italy (39) the 0
/// belongs to the number.
///
/// # Security
///
/// `Debug` and `Display` mask all except the last 4 digits, as a list of authenticators does.
/// [`to_e164`](Self::to_e164) returns the full number, to send the message to.
///
/// # Examples
///
/// ```
/// use oob_mfa::PhoneNumber;
///
/// let phone: PhoneNumber = "+14155558730".parse()?;
/// assert_eq!(phone.to_string(), "XXXXXXXX8730");
/// assert_eq!(phone.to_e164(), "+14155558730");
/// assert!("4155558730".parse::<PhoneNumber>().is_err());
/// # Ok::<(), oob_mfa::InvalidPhoneNumber>(())
/// ```
// The first digit is not 0, so the value alone determines the number of digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PhoneNumber(NonZeroU64);

const MIN_VALUE: u64 = 1_000_000;
const MAX_VALUE: u64 = 999_999_999_999_999;
const SHOWN: usize = 4;

impl PhoneNumber {
    /// The number in E.164: `+` and the digits.
    #[must_use]
    pub fn to_e164(self) -> String {
        format!("+{}", self.0)
    }

    pub(crate) const fn to_integer(self) -> u64 {
        self.0.get()
    }

    pub(crate) fn from_integer(value: u64) -> Result<Self, InvalidPhoneNumber> {
        let number = NonZeroU64::new(value)
            .filter(|_| (MIN_VALUE..=MAX_VALUE).contains(&value))
            .map(Self)
            .ok_or(InvalidPhoneNumber::NotE164)?;
        match number.zero_after_country_code() {
            Some(country_code) => Err(InvalidPhoneNumber::ZeroAfter { country_code }),
            None => Ok(number),
        }
    }

    /// The country code of 1 or 2 digits that a 0 follows.
    ///
    /// In Italy (39) the 0 is part of the number. It may be in countries with codes of 3 digits.
    fn zero_after_country_code(self) -> Option<u16> {
        let mut leading = self.0.get();
        while leading >= 1_000 {
            leading /= 10;
        }
        let leading = u16::try_from(leading).ok()?;
        let (one, two) = (leading / 100, leading / 10);
        let (code, next) = match (one, two) {
            (1 | 7, _) => (one, two % 10),
            (_, 20 | 27 | 30..=34 | 36 | 40 | 41 | 43..=49 | 51..=58 | 60..=66) => {
                (two, leading % 10)
            }
            (_, 81 | 82 | 84 | 86 | 90..=95 | 98) => (two, leading % 10),
            _ => return None,
        };
        (next == 0).then_some(code)
    }
}

impl core::str::FromStr for PhoneNumber {
    type Err = InvalidPhoneNumber;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix('+').ok_or(InvalidPhoneNumber::NotE164)?;
        // The value has as many digits as the text, so bounds on the value are bounds on the
        // length.
        if digits.starts_with('0') || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(InvalidPhoneNumber::NotE164);
        }
        let value = digits.parse().map_err(|_| InvalidPhoneNumber::NotE164)?;
        Self::from_integer(value)
    }
}

/// The mask: every character except the last 4, including the `+`, becomes `X`.
impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.to_e164();
        let hidden = text.len().saturating_sub(SHOWN);
        (0..hidden).try_for_each(|_| f.write_str("X"))?;
        f.write_str(text.get(hidden..).unwrap_or_default())
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({self})")
    }
}

/// E.164 text for people, an integer for machines.
impl Serialize for PhoneNumber {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.to_e164())
        } else {
            serializer.serialize_u64(self.to_integer())
        }
    }
}

impl<'de> Deserialize<'de> for PhoneNumber {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(de::Error::custom)
        } else {
            let value = u64::deserialize(deserializer)?;
            Self::from_integer(value).map_err(de::Error::custom)
        }
    }
}

/// The text is not a phone number in its only spelling.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidPhoneNumber {
    /// It is not `+` and 7 to 15 digits without a leading 0.
    NotE164,
    /// It has a 0 after the country code, which is dialed only within the country.
    ZeroAfter {
        /// The country code.
        country_code: u16,
    },
}

impl fmt::Display for InvalidPhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotE164 => {
                f.write_str("a phone number has + and 7 to 15 digits, and the first is not 0")
            }
            Self::ZeroAfter { country_code } => {
                write!(f, "a phone number has no 0 after +{country_code}: drop it")
            }
        }
    }
}

impl core::error::Error for InvalidPhoneNumber {}

#[cfg(test)]
mod tests;
