//! A call: what is said first, and what is said to somebody who is there.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use zeroize::Zeroizing;

use super::app_name::AppName;
use crate::code::MAX_BINDING_DIGITS;
use crate::names::error_text;

const PAUSE: Duration = Duration::from_secs(1);

/// A call in two parts: a prompt without a digit of the code, and the code for whoever pressed a key.
///
/// A mailbox presses none, so no code is ever left on one. The steps of the prompt have no variant
/// for digits, and [`answered`](Self::answered) takes the key that was pressed.
///
/// The server keeps the call from the prompt to the key, in memory, at the longest until
/// [`Delivery::expires_at`](crate::Delivery::expires_at); its digits are nowhere else. Where several
/// servers answer the provider, the key has to reach the one that placed the call.
///
/// # Security
///
/// It holds the binding code: `Debug` redacts, it is overwritten when dropped. Words are plain text,
/// and an app may be called `A&B`: escape them for the provider's markup.
///
/// # Examples
///
/// `TwiML`, in two answers to the provider. The second is asked for at `/voice/key`, with the key as
/// the parameter `Digits`:
///
/// ```
/// use oob_mfa::message::{AnswerStep, KeyPress, NoKeyPressed, PromptStep, VoiceCall};
///
/// fn escaped(words: &str) -> String {
///     words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
/// }
///
/// fn prompt(call: &VoiceCall) -> String {
///     let steps = call.prompt().map(|step| match step {
///         PromptStep::AskKey(words) => format!(
///             r#"<Gather numDigits="1" action="/voice/key"><Say>{}</Say></Gather>"#,
///             escaped(words),
///         ),
///         PromptStep::Say(words) => format!("<Say>{}</Say>", escaped(words)),
///     });
///     format!("<Response>{}</Response>", steps.collect::<String>())
/// }
///
/// fn answer(call: &VoiceCall, digits: &str) -> Result<String, NoKeyPressed> {
///     let key: KeyPress = digits.parse()?;
///     let steps = call.answered(key).map(|step| match step {
///         AnswerStep::Say(words) => format!("<Say>{}</Say>", escaped(words)),
///         AnswerStep::SayDigits(digits) => format!("<Say>{}</Say>", digits.expose_secret()),
///         AnswerStep::Pause(time) => format!(r#"<Pause length="{}"/>"#, time.as_secs()),
///     });
///     Ok(format!("<Response>{}</Response>", steps.collect::<String>()))
/// }
///
/// # use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
/// # use oob_mfa::{message::*, *};
/// # let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
/// # let (mut rng, now) = (ChaCha20Rng::from_seed([1; 32]), time::UtcDateTime::UNIX_EPOCH);
/// # let alice: Subject = "alice".parse()?;
/// # let first_factor = FirstFactor { subject: alice.clone(), client: "", scope: "", audience: "" };
/// # let session = engine.begin(first_factor, now, &mut rng)?;
/// # let request = Associate { channel: Channel::Voice, phone: "+14155558730".parse()? };
/// # let account = Account::new(alice);
/// # let outcome = engine.associate(account, &session, &request, now, &mut rng);
/// # let mut delivery = outcome.commit(|_| Ok::<_, Denied>(()))?.result?.delivery;
/// # delivery.code = "123456".into();
/// # let wording = Wording::new("A&B".parse()?, None)?;
/// # let Message::Voice(call) = wording.message(&delivery)? else { panic!("a call") };
/// assert_eq!(
///     prompt(&call),
///     "<Response><Gather numDigits=\"1\" action=\"/voice/key\"><Say>Hello. This is A&amp;B with \
///      the code you asked for. If you did not ask for one, hang up. To hear it, press any \
///      key.</Say></Gather><Say>No key was pressed. Goodbye.</Say></Response>",
/// );
/// assert_eq!(
///     answer(&call, "5")?,
///     "<Response><Say>Your code is</Say><Say>1, 2, 3, 4, 5, 6</Say><Pause length=\"1\"/>\
///      <Say>Again, your code is</Say><Say>1, 2, 3, 4, 5, 6</Say><Pause length=\"1\"/>\
///      <Say>Do not share it. Goodbye.</Say></Response>",
/// );
/// assert!(answer(&call, "").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct VoiceCall {
    greeting: String,
    digits: SpokenDigits,
}

impl VoiceCall {
    pub(super) fn new(app: &AppName, code: &str) -> Self {
        let greeting = [
            "Hello. This is ",
            app.as_str(),
            " with the code you asked for. If you did not ask for one, hang up. To hear it, press any key.",
        ];
        Self {
            greeting: greeting.concat(),
            digits: SpokenDigits::of(code),
        }
    }

    /// What is said when the call is taken, by whoever or whatever takes it.
    pub fn prompt(&self) -> impl Iterator<Item = PromptStep<'_>> {
        [
            PromptStep::AskKey(&self.greeting),
            PromptStep::Say("No key was pressed. Goodbye."),
        ]
        .into_iter()
    }

    /// What is said to whoever pressed a key: the digits, twice.
    ///
    /// It can be asked for again: a provider repeats a request whose answer it has missed.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a key that was pressed is good for one answer"
    )]
    pub fn answered(&self, key: KeyPress) -> impl Iterator<Item = AnswerStep<'_>> {
        let KeyPress(()) = key;
        // Without the name of the app: one with a digit in it would sound like a part of the code.
        [
            AnswerStep::Say("Your code is"),
            AnswerStep::SayDigits(&self.digits),
            AnswerStep::Pause(PAUSE),
            AnswerStep::Say("Again, your code is"),
            AnswerStep::SayDigits(&self.digits),
            AnswerStep::Pause(PAUSE),
            AnswerStep::Say("Do not share it. Goodbye."),
        ]
        .into_iter()
    }
}

/// One step of what is said before a key was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a server that drops a step it does not know says less"
)]
pub enum PromptStep<'a> {
    /// Say this and take a key, while it is said or within some seconds after. A key ends the prompt
    /// and leads to [`VoiceCall::answered`]; without one, the next step follows.
    AskKey(&'a str),
    /// Say this.
    Say(&'a str),
}

/// One step of what is said once a key was pressed.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a server that drops a step it does not know says less"
)]
pub enum AnswerStep<'a> {
    /// Say this.
    Say(&'a str),
    /// Say the digits, one by one.
    SayDigits(&'a SpokenDigits),
    /// Say nothing for as long.
    Pause(Duration),
}

/// The digits of a binding code, apart.
///
/// # Security
///
/// `Debug` redacts, there is no `Display`, the digits are overwritten when dropped.
pub struct SpokenDigits(Zeroizing<String>);

impl SpokenDigits {
    fn of(code: &str) -> Self {
        // Room for all of it from the start: a string that grows leaves a copy behind.
        let room = MAX_BINDING_DIGITS.saturating_mul(APART.len().saturating_add(1));
        let mut text = Zeroizing::new(String::with_capacity(room));
        for digit in code.chars() {
            if !text.is_empty() {
                text.push_str(APART);
            }
            text.push(digit);
        }
        Self(text)
    }

    /// The digits with a comma between them, `1, 2, 3, 4, 5, 6`: a voice that is given `123456`
    /// says a number.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

const APART: &str = ", ";

impl fmt::Debug for SpokenDigits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpokenDigits(redacted)")
    }
}

/// That somebody is there: it parses from the keys that the provider reports, one or more.
///
/// Any of `0` to `9`, `*` and `#` will do. A report without a key, as of a mailbox, is none.
#[derive(Debug)]
pub struct KeyPress(());

impl core::str::FromStr for KeyPress {
    type Err = NoKeyPressed;

    fn from_str(keys: &str) -> Result<Self, Self::Err> {
        let is_key = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'*' | b'#');
        if keys.is_empty() || !keys.bytes().all(is_key) {
            return Err(NoKeyPressed);
        }
        Ok(Self(()))
    }
}

/// The text is not one or more keys of a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NoKeyPressed;

error_text!(NoKeyPressed, "no key of the phone was pressed");

#[cfg(test)]
mod tests;
