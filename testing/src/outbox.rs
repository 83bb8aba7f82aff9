//! An outbox that keeps messages for a test.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use oob_mfa::{Channel, Delivery, DeliveryId, PhoneNumber};
use time::UtcDateTime;

/// Keeps every message, in the order of sending. Clones share the messages.
#[derive(Clone, Default)]
pub struct Outbox(Arc<Mutex<Sending>>);

#[derive(Clone, Default)]
struct Sending {
    messages: Vec<Message>,
    failing: u32,
}

/// The provider rejected the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NotSent;

/// A message that was sent. It holds a binding code and keys, which its `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The channel.
    pub channel: Channel,
    /// The phone.
    pub to: PhoneNumber,
    /// The binding code.
    pub code: String,
    /// The keys that a call asks for; `None` for a text message.
    pub keys: Option<String>,
    /// When the code expires.
    pub expires_at: UtcDateTime,
    /// The id of the delivery.
    pub id: DeliveryId,
}

impl Outbox {
    /// An empty outbox.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends a delivery, like a provider.
    ///
    /// # Errors
    ///
    /// [`NotSent`] if [`fail_next`](Self::fail_next) requested it.
    pub fn send(&self, delivery: &Delivery) -> Result<(), NotSent> {
        let mut sending = self.lock();
        if let Some(left) = sending.failing.checked_sub(1) {
            sending.failing = left;
            return Err(NotSent);
        }
        sending.messages.push(Message {
            channel: delivery.channel,
            to: delivery.to,
            code: delivery.code.expose_secret().to_string(),
            keys: delivery
                .keys
                .as_ref()
                .map(|keys| keys.expose_secret().to_string()),
            expires_at: delivery.expires_at,
            id: delivery.id(),
        });
        Ok(())
    }

    /// Makes this many of the next messages fail.
    pub fn fail_next(&self, messages: u32) {
        self.lock().failing = messages;
    }

    /// Every sent message, oldest first.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.lock().messages.clone()
    }

    /// The code of the latest message to a phone: the one its owner would type.
    #[must_use]
    pub fn code_for(&self, phone: PhoneNumber) -> Option<String> {
        let sending = self.lock();
        let mut latest = sending.messages.iter().rev();
        let message = latest.find(|message| message.to == phone);
        message.map(|message| message.code.clone())
    }

    /// A separate outbox with the same messages.
    pub(crate) fn fork(&self) -> Self {
        Self(Arc::new(Mutex::new(self.lock().clone())))
    }

    fn lock(&self) -> MutexGuard<'_, Sending> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the provider did not accept the message")
    }
}

impl std::error::Error for NotSent {}

impl fmt::Debug for Outbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Outbox").field(&self.messages()).finish()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("channel", &self.channel)
            .field("to", &self.to)
            .field("expires_at", &self.expires_at)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
