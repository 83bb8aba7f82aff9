//! One message to send.

use core::fmt;

use serde::{Serialize, Serializer};
use time::UtcDateTime;

use crate::bytes;
use crate::channel::Channel;
use crate::code::{BindingCode, CallKeys};
use crate::key::delivery_id;
use crate::phone::PhoneNumber;

/// One message with a code. Send it once, after the commit.
///
/// Each [`Associated`](crate::Associated) and [`Challenged`](crate::Challenged) holds exactly one. A send
/// that fails stays charged: the user asks for another code.
///
/// # Security
///
/// It holds the binding code and the keys; `Debug` redacts both and masks the number.
#[derive(Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// The channel to send it by.
    pub channel: Channel,
    /// The number to send it to.
    pub to: PhoneNumber,
    /// The code that the message carries; [`message`](crate::message) writes the text.
    pub code: BindingCode,
    /// The keys that a call asks for before it says the code; `None` for a text message.
    pub keys: Option<CallKeys>,
    /// When the code expires.
    pub expires_at: UtcDateTime,
    pub(crate) id: DeliveryId,
}

impl Delivery {
    /// The unique id of this delivery, for logs and as a provider's idempotency key.
    #[must_use]
    pub const fn id(&self) -> DeliveryId {
        self.id
    }
}

/// The id of one [`Delivery`]: the [events](crate::Event) of its code carry it, from issue to success.
///
/// `Display` and serde write 22 characters of base64url.
///
/// # Security
///
/// What it writes is a hash: not a secret, and it does not reveal the `oob_code`. In memory it is the id
/// that the `oob_code` encodes, and `Hash` and `Ord` read that: keep ids in maps, and store or send only
/// their text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
// It holds the id of the challenge, and is hashed when it is written: a request whose events nobody reads
// pays for no hash.
pub struct DeliveryId([u8; 16]);

impl DeliveryId {
    pub(crate) const fn of(challenge: [u8; 16]) -> Self {
        Self(challenge)
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&bytes::encode(&delivery_id(&self.0)))
    }
}

impl fmt::Debug for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for DeliveryId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where a message goes.
///
/// [`Next::target`](crate::Next::target) returns it before anything is saved, charged or sent.
/// `Debug` masks the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_structs,
    reason = "tests of an embedder's own rules make one"
)]
pub struct Target {
    /// The number.
    pub phone: PhoneNumber,
    /// The channel.
    pub channel: Channel,
}
