//! The host of the origin-bound line.

use alloc::string::String;
use core::fmt;

/// The host that a code is for: a domain name in lower case, `example.com`.
///
/// It parses from at most 253 bytes: labels of 1 to 63 ASCII letters, digits and inner hyphens. It
/// is lower-cased. A single label is a host: use `localhost` in development.
///
/// It refuses everything else, because a phone would not match it or would read it differently:
///
/// * The host has no scheme, port, path or final dot: the format puts it unchanged into an `https`
///   origin without a port. Write a name outside ASCII as its A-label, `xn--…`.
/// * The host is not an IP address, because users do not recognize an address. By the URL standard, a
///   name whose last label is a number is an IP address: `127.0.0.1`, `1` or `a.0x7f`.
///
/// # Examples
///
/// ```
/// use oob_mfa::message::{Host, InvalidHost};
///
/// let host: Host = "Login.Example.com".parse()?;
/// assert_eq!(host.as_str(), "login.example.com");
/// assert_eq!("https://example.com".parse::<Host>(), Err(InvalidHost::Character));
/// # Ok::<(), InvalidHost>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Host(String);

impl Host {
    /// Longest host, in bytes.
    pub const MAX_LEN: usize = 253;
    /// Longest label, in bytes.
    const MAX_LABEL: usize = 63;

    /// The host, in lower case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::str::FromStr for Host {
    type Err = InvalidHost;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() || text.len() > Self::MAX_LEN {
            return Err(InvalidHost::Length);
        }
        if !text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
        {
            return Err(InvalidHost::Character);
        }
        if !text.split('.').all(is_label) {
            return Err(InvalidHost::Label);
        }
        let lower = text.to_ascii_lowercase();
        if lower.rsplit('.').next().is_some_and(is_number) {
            return Err(InvalidHost::Address);
        }
        Ok(Self(lower))
    }
}

fn is_label(label: &str) -> bool {
    (1..=Host::MAX_LABEL).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
}

/// Whether the URL standard reads a last label, and with it the host, as a number.
fn is_number(label: &str) -> bool {
    let is_hexadecimal = label
        .strip_prefix("0x")
        .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
    is_hexadecimal || label.bytes().all(|byte| byte.is_ascii_digit())
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is not a host that a code can be bound to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidHost {
    /// A host has 1 to 253 bytes.
    Length,
    /// A host has letters, digits, hyphens and dots of ASCII: no scheme, port, path or space.
    Character,
    /// A label has 1 to 63 bytes and neither begins nor ends with a hyphen.
    Label,
    /// A host whose last label is a number is an IP address, or invalid.
    Address,
}

impl fmt::Display for InvalidHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Length => "a host has 1 to 253 bytes",
            Self::Character => "a host has only letters, digits, hyphens and dots of ASCII: drop the scheme, port and path",
            Self::Label => {
                "a label of a host has 1 to 63 bytes and neither begins nor ends with a hyphen"
            }
            Self::Address => "a host is a domain name: its last label is not a number",
        })
    }
}

impl core::error::Error for InvalidHost {}

#[cfg(test)]
mod tests;
