//! The text of a [`Delivery`]: an SMS, or the steps of a voice call.
//!
//! Make a [`Wording`] once at startup, from the name of the app and the host that the code is for.
//! It refuses everything that could make a send fail later. [`Wording::message`] then returns the
//! message of each delivery: one SMS, or a call that says the code only after the right keys were pressed.
//!
//! [`Wording`] and [`VoiceCall`] have examples. The text is in English. For another language, read `delivery.code` and write your own.

mod app_name;
mod gsm;
mod host;
#[cfg(test)]
mod tests;
mod voice;

use alloc::string::String;
use core::fmt;

use zeroize::Zeroizing;

pub use self::app_name::{AppName, InvalidAppName};
pub use self::gsm::septets;
pub use self::host::{Host, InvalidHost};
pub use self::voice::{AnswerStep, AnsweredCall, PromptStep, SpokenDigits, VoiceCall, WrongKeys};
use crate::channel::Channel;
use crate::code::{BindingCode, MAX_BINDING_DIGITS};
use crate::delivery::Delivery;

/// The septets of one SMS.
const SEGMENT: usize = 160;

/// The name of the app and the host: everything a message needs besides the delivery.
///
/// # Examples
///
/// ```
/// use oob_mfa::message::{Message, Wording};
///
/// # use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
/// # use oob_mfa::*;
/// # let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
/// # let (mut rng, now) = (ChaCha20Rng::from_seed([1; 32]), time::UtcDateTime::UNIX_EPOCH);
/// # let alice: Subject = "alice".parse()?;
/// # let first_factor = FirstFactor { subject: alice.clone(), client: "", scope: "", audience: "" };
/// # let session = engine.begin(first_factor, now, &mut rng)?;
/// # let request = Associate { channel: Channel::Sms, phone: "+14155558730".parse()? };
/// # let account = Account::new(alice);
/// # let outcome = engine.associate(account, &session, &request, now, &mut rng);
/// # let delivery = outcome.commit(|_| Ok::<_, Denied>(()))?.result?.delivery;
/// # let (mut sms, mut calls) = (Vec::new(), Vec::new());
/// // Once, at the start of the server:
/// let wording = Wording::new("Example".parse()?, Some("example.com".parse()?))?;
///
/// // For each delivery, after the commit:
/// match wording.message(&delivery)? {
///     Message::Sms(text) => sms.push((delivery.to.to_e164(), text)),
///     Message::Voice(call) => calls.push((delivery.to.to_e164(), call)),
///     other => {
///         unimplemented!("a channel that the policy does not enable: {other:?}")
///     }
/// }
///
/// # let code = delivery.code.expose_secret();
/// assert_eq!(
///     sms[0].1.expose_secret(),
///     format!(
///         "{code} is your Example code. Do not share it.\n\n@example.com #{code}"
///     ),
/// );
/// # assert!(calls.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wording {
    app: AppName,
    host: Option<Host>,
}

impl Wording {
    /// The wording for an app whose users type codes on pages of `host`.
    ///
    /// Without a host the text has no origin-bound line, and a phone offers the code on any page.
    ///
    /// # Errors
    ///
    /// [`InvalidWording::TooLong`] if a text with an 8-digit code, the longest, would not fit into
    /// one SMS. A check at the send would be too late: the send is charged before.
    pub fn new(app: AppName, host: Option<Host>) -> Result<Self, InvalidWording> {
        let wording = Self { app, host };
        let longest = core::str::from_utf8(&[b'0'; MAX_BINDING_DIGITS]).unwrap_or_default();
        // Never `None`: a name and a host hold only characters of GSM 7-bit.
        let septets = septets(&wording.text(longest).0).unwrap_or(usize::MAX);
        if septets > SEGMENT {
            return Err(InvalidWording::TooLong { septets });
        }
        Ok(wording)
    }

    /// The message of a delivery, for its channel.
    ///
    /// # Errors
    ///
    /// [`InvalidDelivery`] if the delivery was changed after the engine made it. A code that is not
    /// 6 to 8 digits could add lines, and a call without keys would give the code to a mailbox.
    pub fn message(&self, delivery: &Delivery) -> Result<Message, InvalidDelivery> {
        let code = digits(&delivery.code).ok_or(InvalidDelivery::Code)?;
        Ok(match delivery.channel {
            Channel::Sms => Message::Sms(self.text(code)),
            Channel::Voice => {
                let keys = delivery.keys.as_ref().ok_or(InvalidDelivery::Keys)?;
                Message::Voice(VoiceCall::new(&self.app, code, keys))
            }
        })
    }

    fn text(&self, code: &str) -> SmsText {
        let app = self.app.as_str();
        let words = [code, " is your ", app, " code. Do not share it."];
        let bound = self
            .host
            .as_ref()
            .map(|host| ["\n\n@", host.as_str(), " #", code]);
        // `concat` allocates once, so it leaves no copy of the code behind.
        SmsText(Zeroizing::new(
            [words, bound.unwrap_or_default()].as_flattened().concat(),
        ))
    }
}

fn digits(code: &BindingCode) -> Option<&str> {
    // Empty for a length that no code has.
    let text = code.expose_secret();
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then_some(text)
}

/// The message of one delivery, in the form of its channel.
#[derive(Debug)]
#[must_use = "the delivery is charged: send it"]
#[non_exhaustive]
pub enum Message {
    /// A text message.
    Sms(SmsText),
    /// A call.
    Voice(VoiceCall),
}

/// The text of an SMS in one segment: at most 160 septets of GSM 7-bit.
///
/// With a host the last line is the origin-bound line of WICG's [sms-one-time-codes]: a phone then
/// offers the code only on pages of that site.
///
/// # Security
///
/// It holds the binding code: `Debug` redacts, there is no `Display`, and it is overwritten when
/// dropped. It contains no link: users should not learn to trust links in such messages.
///
/// [sms-one-time-codes]: https://wicg.github.io/sms-one-time-codes/
pub struct SmsText(Zeroizing<String>);

impl SmsText {
    /// The text, for the provider that sends it.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SmsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmsText(redacted)")
    }
}

/// A name and a host that do not fit into a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidWording {
    /// The text would not fit into one SMS. Shorten the name or the host.
    TooLong {
        /// The septets of the text with a code of 8 digits; one SMS holds 160.
        septets: usize,
    },
}

impl fmt::Display for InvalidWording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { septets } => {
                write!(
                    f,
                    "the text takes {septets} septets and one SMS holds {SEGMENT}: shorten the app name or the host"
                )
            }
        }
    }
}

impl core::error::Error for InvalidWording {}

/// The delivery was changed after the engine made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidDelivery {
    /// The code is not 6 to 8 digits.
    Code,
    /// A call has no keys.
    Keys,
}

impl fmt::Display for InvalidDelivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Code => "the code of the delivery is not 6 to 8 digits: pass the delivery that the engine returned",
            Self::Keys => "the delivery has no keys: request a code by voice",
        })
    }
}

impl core::error::Error for InvalidDelivery {}
