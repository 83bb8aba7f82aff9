//! SMS and voice: the channels that reach a phone.

use core::fmt;

use serde::{Deserialize, Serialize};

/// How a code reaches the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Channel {
    /// A text message.
    Sms,
    /// A call.
    Voice,
}

impl Channel {
    /// The channel of an `oob_channel`: `sms`, `voice`, or `tel`, which old clients send for a
    /// call.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "sms" => Some(Self::Sms),
            "voice" | "tel" => Some(Self::Voice),
            _ => None,
        }
    }

    /// `sms` or `voice`, the value of `oob_channel`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sms => "sms",
            Self::Voice => "voice",
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The channels of a [`Policy`](crate::Policy): at least one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Channels {
    /// Text messages only.
    Sms,
    /// Calls only.
    Voice,
    /// Both.
    SmsAndVoice,
}

impl Channels {
    /// Whether a channel is enabled.
    #[must_use]
    pub fn contains(self, channel: Channel) -> bool {
        self.iter().any(|enabled| enabled == channel)
    }

    /// The enabled channels, SMS first.
    pub fn iter(self) -> impl Iterator<Item = Channel> {
        let channels: &[Channel] = match self {
            Self::Sms => &[Channel::Sms],
            Self::Voice => &[Channel::Voice],
            Self::SmsAndVoice => &[Channel::Sms, Channel::Voice],
        };
        channels.iter().copied()
    }
}

#[cfg(test)]
mod tests;
