//! Where messages go that nobody receives.

use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use time::UtcDateTime;

use crate::authenticator::Channel;
use crate::phone::PhoneNumber;
use crate::transition::Delivery;

/// Keeps every message, in the order of sending. Clones keep the same ones.
#[derive(Clone, Default)]
pub struct Outbox(Arc<Mutex<Vec<Message>>>);

/// A message that was sent. It holds a binding code, which its `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// By what channel.
    pub channel: Channel,
    /// To whom.
    pub to: PhoneNumber,
    /// The binding code.
    pub code: String,
    /// When the code expires.
    pub expires_at: UtcDateTime,
    /// The name of the delivery.
    pub id: String,
}

impl Outbox {
    /// An outbox that holds nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sends a delivery, as a provider would.
    pub fn send(&self, delivery: &Delivery) {
        self.lock().push(Message {
            channel: delivery.channel,
            to: delivery.to,
            code: delivery.code.expose_secret().to_string(),
            expires_at: delivery.expires_at,
            id: delivery.id(),
        });
    }

    /// Everything that was sent, the first message first.
    #[must_use]
    pub fn messages(&self) -> Vec<Message> {
        self.lock().clone()
    }

    /// The code of the latest message to a phone: what its owner would type.
    #[must_use]
    pub fn code_for(&self, phone: PhoneNumber) -> Option<String> {
        let messages = self.lock();
        let latest = messages.iter().rev().find(|message| message.to == phone);
        latest.map(|message| message.code.clone())
    }

    /// An outbox of its own that holds the same messages.
    pub(super) fn fork(&self) -> Self {
        Self(Arc::new(Mutex::new(self.messages())))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Message>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

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
