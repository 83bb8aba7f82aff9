//! One message to send.

use time::UtcDateTime;

use crate::bytes;
use crate::channel::Channel;
use crate::code::{BindingCode, CallKeys};
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
    /// The code that the message carries; [`message`](crate::message) has the words.
    pub code: BindingCode,
    /// What a call asks for before it says the code; none for a text message.
    pub keys: Option<CallKeys>,
    /// When the code expires.
    pub expires_at: UtcDateTime,
    pub(crate) id: [u8; 16],
}

impl Delivery {
    /// The unique id of this delivery, for logs and as a provider's idempotency key.
    ///
    /// It is not a secret and does not reveal the `oob_code`. It has 22 characters of base64url.
    #[must_use]
    pub fn id(&self) -> alloc::string::String {
        bytes::encode(&self.id)
    }
}
