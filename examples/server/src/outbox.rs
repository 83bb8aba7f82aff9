//! Where messages leave: the place of an SMS provider.

use std::error::Error;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use oob_mfa::message::{AnswerStep, KeyPress, Message as Worded, PromptStep, VoiceCall, Wording};
use oob_mfa::{Channel, Delivery};
use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

/// One message, worded and ready to leave.
#[derive(Serialize)]
pub struct Message {
    /// `sms` or `voice`.
    pub channel: Channel,
    /// The whole number, in E.164.
    pub to: String,
    /// The binding code.
    pub code: Zeroizing<String>,
    /// What the phone shows, or what is said when the call is taken.
    pub text: Zeroizing<String>,
    /// What is said once a key was pressed; none for a text message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<Zeroizing<String>>,
    /// For a provider that takes an idempotency key.
    pub id: String,
    /// When the code expires, by RFC 3339.
    pub expires_at: String,
}

impl Message {
    /// The message of a delivery.
    ///
    /// # Errors
    ///
    /// A delivery that cannot be worded: one of a channel that is not known here.
    pub fn new(wording: &Wording, delivery: &Delivery) -> Result<Self, Box<dyn Error>> {
        let (text, answered) = match wording.message(delivery)? {
            Worded::Sms(text) => (Zeroizing::new(text.expose_secret().to_owned()), None),
            Worded::Voice(call) => (prompt(&call), Some(answered(&call, "1".parse()?))),
            other => return Err(format!("no words for {other:?}").into()),
        };
        Ok(Self {
            channel: delivery.channel,
            to: delivery.to.to_e164(),
            code: Zeroizing::new(delivery.code.expose_secret().to_owned()),
            text,
            answered,
            id: delivery.id(),
            expires_at: delivery.expires_at.format(&Rfc3339)?,
        })
    }

    fn line(&self) -> io::Result<Zeroizing<String>> {
        let mut line = serde_json::to_string(self)?;
        line.push('\n');
        Ok(Zeroizing::new(line))
    }
}

fn prompt(call: &VoiceCall) -> Zeroizing<String> {
    let steps = call.prompt().map(|step| match step {
        PromptStep::AskKey(words) | PromptStep::Say(words) => words,
    });
    Zeroizing::new(steps.collect::<Vec<_>>().join(" "))
}

fn answered(call: &VoiceCall, key: KeyPress) -> Zeroizing<String> {
    let steps = call.answered(key).filter_map(|step| match step {
        AnswerStep::Say(words) => Some(words),
        AnswerStep::SayDigits(digits) => Some(digits.expose_secret()),
        AnswerStep::Pause(_) => None,
    });
    Zeroizing::new(steps.collect::<Vec<_>>().join(". "))
}

/// Takes messages, each once, and each after its account was saved. A process that dies in between
/// takes the message along. It may block: it is called on a thread that may wait.
pub trait Outbox: Send + Sync {
    /// Hands a message over.
    ///
    /// # Errors
    ///
    /// Whatever kept it from leaving. Nobody tries again: the owner asks for another code.
    fn send(&self, message: &Message) -> io::Result<()>;
}

/// Messages to standard output, a line of JSON each.
pub struct StandardOutput;

impl Outbox for StandardOutput {
    fn send(&self, message: &Message) -> io::Result<()> {
        let mut output = io::stdout().lock();
        output.write_all(message.line()?.as_bytes())?;
        output.flush()
    }
}

/// Messages to the end of a file, a line of JSON each.
pub struct FileOutbox(Mutex<File>);

impl FileOutbox {
    /// Opens the file, or makes it for its owner alone: it holds codes.
    ///
    /// # Errors
    ///
    /// What the file system says.
    pub fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        Ok(Self(Mutex::new(options.open(path)?)))
    }
}

impl Outbox for FileOutbox {
    fn send(&self, message: &Message) -> io::Result<()> {
        let line = message.line()?;
        let mut file = self
            .0
            .lock()
            .map_err(|_| io::Error::other("a writer panicked"))?;
        file.write_all(line.as_bytes())
    }
}
