//! Prints messages to standard output, instead of using an SMS provider.

use std::error::Error;
use std::io::{Write, stdout};

use oob_mfa::Delivery;
use oob_mfa::message::{AnswerStep, Message, Wording};

/// Prints a message. It is sent only once, even if that fails: the user asks for another code.
pub(crate) fn send(wording: &Wording, delivery: &Delivery) -> Result<(), Box<dyn Error>> {
    let to = delivery.to.to_e164();
    let mut output = stdout().lock();
    match wording.message(delivery)? {
        Message::Sms(text) => writeln!(output, "sms to {to}: {}", text.expose_secret())?,
        Message::Voice(call) => {
            // As if a person had answered the call and pressed its keys.
            let keys = delivery.keys.as_ref();
            let pressed = call.press(keys.map_or("", |keys| keys.expose_secret()))?;
            write!(output, "call to {to}:")?;
            for step in pressed.steps() {
                match step {
                    AnswerStep::Say(words) => write!(output, " {words}.")?,
                    AnswerStep::SayDigits(digits) => {
                        write!(output, " {}.", digits.expose_secret())?
                    }
                    AnswerStep::Pause(_) => {}
                }
            }
            writeln!(output)?;
        }
        other => return Err(format!("no message for {other:?}").into()),
    }
    Ok(output.flush()?)
}
