//! One message on its way.

use time::UtcDateTime;

use crate::bytes;
use crate::channel::Channel;
use crate::code::{BindingCode, CallKeys};
use crate::phone::PhoneNumber;

/// A code on its way: one message to be sent, once, after the commit.
///
/// Each [`Associated`](crate::Associated) and [`Challenged`](crate::Challenged) holds exactly one. A send
/// that fails stays charged: the user asks again.
///
/// # Security
///
/// It holds the binding code and the keys; `Debug` redacts both and masks the number.
#[derive(Debug)]
#[non_exhaustive]
pub struct Delivery {
    /// By what channel.
    pub channel: Channel,
    /// To whom.
    pub to: PhoneNumber,
    /// What the message has to carry; [`message`](crate::message) words it.
    pub code: BindingCode,
    /// What a call asks for before it says the code; none for a text message.
    pub keys: Option<CallKeys>,
    /// When the code expires.
    pub expires_at: UtcDateTime,
    pub(crate) id: [u8; 16],
}

impl Delivery {
    /// The id of this delivery, unique and not a secret: for logs, and for a provider that takes an
    /// idempotency key. 22 characters of base64url; it tells nothing of the `oob_code`.
    #[must_use]
    pub fn id(&self) -> alloc::string::String {
        bytes::encode(&self.id)
    }
}
