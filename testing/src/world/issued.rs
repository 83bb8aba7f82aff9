//! The issued codes that a world remembers.

use oob_mfa::{Channel, DeliveryId, PhoneNumber};
use time::UtcDateTime;

/// A binding code that was issued. It holds the code, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedCode {
    /// The number of the session that it was issued to.
    pub session: usize,
    /// The number of the phone.
    pub device: usize,
    /// The channel it was sent by.
    pub channel: Channel,
    /// The number it was sent to.
    pub to: PhoneNumber,
    /// The client's handle.
    pub oob_code: String,
    /// The digits in the message.
    pub binding_code: String,
    /// When it was issued, in the account's time.
    pub issued_at: UtcDateTime,
    /// When it expires.
    pub expires_at: UtcDateTime,
    /// The id of the delivery.
    pub delivery: DeliveryId,
    /// Whether it confirms an enrollment.
    pub enrolls: bool,
}

/// A recovery code that was shown. It holds the code, so it has no `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct IssuedRecoveryCode {
    /// The 24 characters.
    pub characters: String,
    /// The number of the challenge whose enrollment it came with; `None` if it was active at once.
    pub with: Option<usize>,
    /// When it was shown.
    pub issued_at: UtcDateTime,
}
