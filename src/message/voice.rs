//! A voice call: the prompt, and the code for a person who pressed the keys.

use alloc::string::String;
use core::fmt;
use core::time::Duration;

use zeroize::Zeroizing;

use super::app_name::AppName;
use crate::code::{CallKeys, MAX_BINDING_DIGITS};
use crate::names::error_text;

const PAUSE: Duration = Duration::from_secs(1);

/// A voice call in 2 parts: a prompt that names 3 keys, and the code for a person who pressed
/// them.
///
/// A mailbox can answer the call too, and its greeting may play tones. The keys are drawn for each
/// call, so the chance that a mailbox gets the code is 1 in 1,000. The steps of the prompt have no
/// variant for digits, and only [`press`](Self::press) with the right keys gives an
/// [`AnsweredCall`].
///
/// The server keeps the call from the prompt to the keys, in memory, at most until
/// [`Delivery::expires_at`](crate::Delivery::expires_at). If several servers answer the provider,
/// route the keys to the server that placed the call.
///
/// # Security
///
/// It holds the binding code and the keys: `Debug` redacts, and both are overwritten when dropped. Words are
/// plain text, and an app may be called `A&B`: escape them for the provider's markup.
///
/// # Examples
///
/// `TwiML` for Twilio, in 2 responses. Twilio requests the second at `/voice/keys`, with the keys
/// in the parameter `Digits`. Without `finishOnKey=""` a `#` would end the input:
///
/// ```
/// use oob_mfa::message::{AnswerStep, PromptStep, VoiceCall, WrongKeys};
///
/// fn escaped(words: &str) -> String {
///     words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
/// }
///
/// fn prompt(call: &VoiceCall) -> String {
///     let steps = call.prompt().map(|step| match step {
///         PromptStep::AskKeys(words) => format!(
///             "<Gather numDigits=\"3\" finishOnKey=\"\" action=\"/voice/keys\">\
///              <Say>{}</Say></Gather>",
///             escaped(words),
///         ),
///         PromptStep::Say(words) => format!("<Say>{}</Say>", escaped(words)),
///     });
///     format!("<Response>{}</Response>", steps.collect::<String>())
/// }
///
/// fn answer(call: VoiceCall, digits: &str) -> String {
///     let answered = match call.press(digits) {
///         Ok(answered) => answered,
///         Err(WrongKeys { .. }) => {
///             return format!(
///                 "<Response><Say>{}</Say></Response>",
///                 WrongKeys::WORDS
///             );
///         }
///     };
///     let steps = answered.steps().map(|step| match step {
///         AnswerStep::Say(words) => format!("<Say>{}</Say>", escaped(words)),
///         AnswerStep::SayDigits(digits) => {
///             format!("<Say>{}</Say>", digits.expose_secret())
///         }
///         AnswerStep::Pause(time) => {
///             format!(r#"<Pause length="{}"/>"#, time.as_secs())
///         }
///     });
///     format!("<Response>{}</Response>", steps.collect::<String>())
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
/// # let placed = || match wording.message(&delivery) { Ok(Message::Voice(call)) => call, _ => panic!("a call") };
/// # let keys = delivery.keys.as_ref().ok_or("a call has keys")?.expose_secret();
/// # let [a, b, c] = keys.as_bytes().as_array().ok_or("three")?.map(char::from);
/// # let call = placed();
/// assert_eq!(
///     prompt(&call),
///     format!(
///         "<Response>\
///          <Gather numDigits=\"3\" finishOnKey=\"\" action=\"/voice/keys\">\
///          <Say>Hello. This is A&amp;B with the code you asked for. If you did \
///          not ask for one, hang up. To hear it, press {a}, {b}, {c}.</Say>\
///          </Gather><Say>No key was pressed. Goodbye.</Say></Response>"
///     ),
/// );
/// assert_eq!(
///     answer(call, keys),
///     "<Response><Say>Your code is</Say><Say>1, 2, 3, 4, 5, 6</Say>\
///      <Pause length=\"1\"/>\
///      <Say>Again, your code is</Say><Say>1, 2, 3, 4, 5, 6</Say>\
///      <Pause length=\"1\"/>\
///      <Say>Do not share it. Goodbye.</Say></Response>",
/// );
/// # let call = placed();
/// assert_eq!(
///     answer(call, ""),
///     "<Response><Say>Those were other keys. Goodbye.</Say></Response>"
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// An NCCO for Vonage, in JSON, in 2 responses too. The `input` takes keys while the `talk`
/// before it speaks, and reports them to its `eventUrl` as `dtmf.digits`. They are empty if no key
/// was pressed: respond without an NCCO, and the last `talk` follows.
///
/// ```
/// use oob_mfa::message::{AnswerStep, PromptStep, VoiceCall, WrongKeys};
/// use serde_json::{Value, json};
///
/// fn talk(words: &str) -> Value {
///     json!({ "action": "talk", "text": words })
/// }
///
/// fn prompt(call: &VoiceCall) -> Value {
///     let actions = call.prompt().flat_map(|step| match step {
///         PromptStep::AskKeys(words) => vec![
///             json!({ "action": "talk", "text": words, "bargeIn": true }),
///             json!({
///                 "action": "input",
///                 "type": ["dtmf"],
///                 "dtmf": { "maxDigits": 3, "submitOnHash": false },
///                 "eventUrl": ["https://example.com/voice/keys"],
///             }),
///         ],
///         PromptStep::Say(words) => vec![talk(words)],
///     });
///     actions.collect()
/// }
///
/// fn answer(call: VoiceCall, digits: &str) -> Value {
///     let answered = match call.press(digits) {
///         Ok(answered) => answered,
///         Err(WrongKeys { .. }) => return json!([talk(WrongKeys::WORDS)]),
///     };
///     let actions = answered.steps().map(|step| match step {
///         AnswerStep::Say(words) => talk(words),
///         AnswerStep::SayDigits(digits) => talk(digits.expose_secret()),
///         AnswerStep::Pause(time) => {
///             json!({ "action": "wait", "timeout": time.as_secs() })
///         }
///     });
///     actions.collect()
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
/// # let outcome = engine.associate(Account::new(alice), &session, &request, now, &mut rng);
/// # let mut delivery = outcome.commit(|_| Ok::<_, Denied>(()))?.result?.delivery;
/// # delivery.code = "123456".into();
/// # let wording = Wording::new("A&B".parse()?, None)?;
/// # let placed = || match wording.message(&delivery) { Ok(Message::Voice(call)) => call, _ => panic!("a call") };
/// # let keys = delivery.keys.as_ref().ok_or("a call has keys")?.expose_secret();
/// # let [a, b, c] = keys.as_bytes().as_array().ok_or("three")?.map(char::from);
/// # let words = format!(
/// #     "Hello. This is A&B with the code you asked for. If you did not ask for one, hang up. To hear it, \
/// #      press {a}, {b}, {c}."
/// # );
/// # let call = placed();
/// assert_eq!(
///     prompt(&call),
///     json!([
///         { "action": "talk", "text": words, "bargeIn": true },
///         {
///             "action": "input",
///             "type": ["dtmf"],
///             "dtmf": { "maxDigits": 3, "submitOnHash": false },
///             "eventUrl": ["https://example.com/voice/keys"],
///         },
///         { "action": "talk", "text": "No key was pressed. Goodbye." },
///     ]),
/// );
/// assert_eq!(
///     answer(call, keys),
///     json!([
///         { "action": "talk", "text": "Your code is" },
///         { "action": "talk", "text": "1, 2, 3, 4, 5, 6" },
///         { "action": "wait", "timeout": 1 },
///         { "action": "talk", "text": "Again, your code is" },
///         { "action": "talk", "text": "1, 2, 3, 4, 5, 6" },
///         { "action": "wait", "timeout": 1 },
///         { "action": "talk", "text": "Do not share it. Goodbye." },
///     ]),
/// );
/// # let call = placed();
/// let refused =
///     json!([{ "action": "talk", "text": "Those were other keys. Goodbye." }]);
/// assert_eq!(answer(call, "12"), refused);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct VoiceCall {
    prompt: Zeroizing<String>,
    digits: SpokenDigits,
    keys: CallKeys,
}

impl VoiceCall {
    pub(super) fn new(app: &AppName, code: &str, keys: &CallKeys) -> Self {
        let spoken = SpokenDigits::of(keys.expose_secret());
        let words = [
            "Hello. This is ",
            app.as_str(),
            " with the code you asked for. If you did not ask for one, hang up. To hear it, press ",
            spoken.expose_secret(),
            ".",
        ];
        Self {
            prompt: Zeroizing::new(words.concat()),
            digits: SpokenDigits::of(code),
            keys: keys.clone(),
        }
    }

    /// What the call says first, whether a person or a mailbox answers it.
    pub fn prompt(&self) -> impl Iterator<Item = PromptStep<'_>> {
        [
            PromptStep::AskKeys(&self.prompt),
            PromptStep::Say("No key was pressed. Goodbye."),
        ]
        .into_iter()
    }

    /// Judges the keys that the provider reports, in constant time. A call has one try.
    ///
    /// # Errors
    ///
    /// [`WrongKeys`] for any text except the 3 keys. The code is dropped with the call.
    pub fn press(self, keys: &str) -> Result<AnsweredCall, WrongKeys> {
        if self.keys.judge(keys).into() {
            Ok(AnsweredCall(self.digits))
        } else {
            Err(WrongKeys)
        }
    }
}

impl fmt::Debug for VoiceCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("VoiceCall(redacted)")
    }
}

/// A call whose keys were pressed: it can say the code.
///
/// Keep it until the call ends: a provider repeats a request if it missed the response.
#[derive(Debug)]
pub struct AnsweredCall(SpokenDigits);

impl AnsweredCall {
    /// What the call says to the person who pressed the keys: the digits, twice.
    pub fn steps(&self) -> impl Iterator<Item = AnswerStep<'_>> {
        // No app name here: a digit in it would sound like part of the code.
        [
            AnswerStep::Say("Your code is"),
            AnswerStep::SayDigits(&self.0),
            AnswerStep::Pause(PAUSE),
            AnswerStep::Say("Again, your code is"),
            AnswerStep::SayDigits(&self.0),
            AnswerStep::Pause(PAUSE),
            AnswerStep::Say("Do not share it. Goodbye."),
        ]
        .into_iter()
    }
}

/// One step before the keys are pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a server that skips an unknown step only says less"
)]
pub enum PromptStep<'a> {
    /// Say this and collect 3 keys, while speaking or within some seconds after. After the third key,
    /// stop the prompt and call [`VoiceCall::press`]. Without keys, go on with the next step.
    AskKeys(&'a str),
    /// Say this.
    Say(&'a str),
}

/// One step after the keys were pressed.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a server that skips an unknown step only says less"
)]
pub enum AnswerStep<'a> {
    /// Say this.
    Say(&'a str),
    /// Say the digits, one by one.
    SayDigits(&'a SpokenDigits),
    /// Pause for this time.
    Pause(Duration),
}

/// Digits to say one by one.
///
/// # Security
///
/// `Debug` redacts, there is no `Display`, and the digits are overwritten when dropped.
pub struct SpokenDigits(Zeroizing<String>);

impl SpokenDigits {
    fn of(code: &str) -> Self {
        // Full capacity from the start: a string that grows leaves a copy behind.
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

    /// The digits with a comma between them, `1, 2, 3, 4, 5, 6`: a voice reads `123456` as one
    /// number.
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

/// The pressed keys are not those of the call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct WrongKeys;

impl WrongKeys {
    /// What the call says before it ends.
    pub const WORDS: &str = "Those were other keys. Goodbye.";
}

error_text!(
    WrongKeys,
    "the keys that were pressed are not those of the call: say WrongKeys::WORDS and hang up"
);

#[cfg(test)]
mod tests;
