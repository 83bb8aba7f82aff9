//! Authenticators: one device per phone, with an entry per channel.

use alloc::string::String;
use core::fmt;
use core::num::NonZeroU32;

use rand_core::CryptoRng;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use time::UtcDateTime;

use crate::bytes;
use crate::channel::Channel;
use crate::code::below;
use crate::names::error_text;
use crate::phone::PhoneNumber;

const ID_PREFIX: &str = "dev_";
const ID_ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const ID_SYMBOLS: NonZeroU32 = NonZeroU32::MIN.saturating_add(61);

/// The device that both entries of a phone belong to: `dev_` and 16 letters or digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeviceId([u8; 16]);

impl DeviceId {
    /// Replaces a text that is not an id. No device has it.
    const NONE: Self = Self([b'-'; 16]);

    pub(crate) fn draw(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut id = [0; 16];
        for (character, index) in id.iter_mut().zip(below::<16>(ID_SYMBOLS, rng).iter()) {
            *character = ID_ALPHABET.get(*index as usize).copied().unwrap_or(b'A');
        }
        Self(id)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    fn from_bytes(id: [u8; 16]) -> Option<Self> {
        id.iter().all(u8::is_ascii_alphanumeric).then_some(Self(id))
    }
}

impl core::str::FromStr for DeviceId {
    type Err = InvalidAuthenticatorId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.strip_prefix(ID_PREFIX)
            .and_then(|id| <[u8; 16]>::try_from(id.as_bytes()).ok())
            .and_then(Self::from_bytes)
            .ok_or(InvalidAuthenticatorId)
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ID_PREFIX)?;
        f.write_str(core::str::from_utf8(&self.0).unwrap_or_default())
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for DeviceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            bytes::serialize(&self.0, serializer)
        }
    }
}

impl<'de> Deserialize<'de> for DeviceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            text.parse().map_err(de::Error::custom)
        } else {
            let id = bytes::deserialize(deserializer)?;
            Self::from_bytes(id).ok_or_else(|| de::Error::custom(InvalidAuthenticatorId))
        }
    }
}

/// One entry of the list of authenticators: `sms|dev_…`, `voice|dev_…` or `recovery-code|dev_…`.
///
/// # Examples
///
/// ```
/// use oob_mfa::{AuthenticatorId, Channel};
///
/// let id: AuthenticatorId = "sms|dev_NU1Ofuw3Cw0XCt5x".parse()?;
/// assert!(matches!(id, AuthenticatorId::Phone(Channel::Sms, _)));
/// assert_eq!(id.to_string(), "sms|dev_NU1Ofuw3Cw0XCt5x");
/// # Ok::<(), oob_mfa::InvalidAuthenticatorId>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AuthenticatorId {
    /// A phone, by one of its channels.
    Phone(Channel, DeviceId),
    /// The recovery code.
    RecoveryCode(DeviceId),
}

const RECOVERY_CODE: &str = "recovery-code";

impl AuthenticatorId {
    /// The id in a request. A text that is not an id becomes an id that no authenticator has: the
    /// engine then refuses it like any unknown id.
    pub(crate) fn presented(text: &str) -> Self {
        text.parse().unwrap_or(Self::RecoveryCode(DeviceId::NONE))
    }
}

impl core::str::FromStr for AuthenticatorId {
    type Err = InvalidAuthenticatorId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (kind, device) = text.split_once('|').ok_or(InvalidAuthenticatorId)?;
        let device = device.parse()?;
        match kind {
            "sms" => Ok(Self::Phone(Channel::Sms, device)),
            "voice" => Ok(Self::Phone(Channel::Voice, device)),
            RECOVERY_CODE => Ok(Self::RecoveryCode(device)),
            _ => Err(InvalidAuthenticatorId),
        }
    }
}

impl fmt::Display for AuthenticatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phone(channel, device) => write!(f, "{channel}|{device}"),
            Self::RecoveryCode(device) => write!(f, "{RECOVERY_CODE}|{device}"),
        }
    }
}

/// As its text.
impl Serialize for AuthenticatorId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The text is not the id of an authenticator or of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidAuthenticatorId;

error_text!(
    InvalidAuthenticatorId,
    "the text is not an id: an authenticator has sms|dev_…, voice|dev_… or recovery-code|dev_…, a device dev_…, with 16 ASCII letters or digits"
);

/// Whether an authenticator can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthenticatorStatus {
    /// Confirmed, and in use.
    Active,
    /// Associated, and not confirmed yet.
    Unconfirmed,
    /// Disabled by the failure cap until it is removed and bound again.
    Disabled,
}

/// One entry in the list of authenticators.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthenticatorEntry {
    /// Its id in a request.
    pub id: AuthenticatorId,
    /// Whether it can be used.
    pub status: AuthenticatorStatus,
    /// Its number, which is shown masked; none for a recovery code.
    pub phone: Option<PhoneNumber>,
}

/// A phone as an administrator sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EnrolledPhone {
    /// The device.
    pub device: DeviceId,
    /// Its number, which `Debug` and `Display` mask.
    pub phone: PhoneNumber,
    /// Whether it can be used.
    pub status: AuthenticatorStatus,
    /// When it last completed a login or was confirmed; `None` for an unconfirmed one.
    pub last_used: Option<UtcDateTime>,
}

#[cfg(test)]
mod tests;
