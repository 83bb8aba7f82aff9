//! Where messages are sent, in place of an SMS provider.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;

use oob_mfa::message::{
    AnswerStep, AnsweredCall, Message as Worded, PromptStep, VoiceCall, Wording,
};
use oob_mfa::{Channel, Delivery};
use serde::Serialize;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

use crate::files;

/// One message, ready to send.
#[derive(Clone, Serialize)]
pub struct Message {
    /// `sms` or `voice`.
    pub channel: Channel,
    /// The full number, in E.164.
    pub to: String,
    /// The binding code.
    pub code: Zeroizing<String>,
    /// The text of an SMS, or the prompt of a call.
    pub text: Zeroizing<String>,
    /// The keys that a call asks for; `None` for a text message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keys: Option<Zeroizing<String>>,
    /// What the call says after exactly these keys; `None` for a text message.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<Zeroizing<String>>,
    /// The idempotency key for the provider.
    pub id: String,
    /// When the code expires, by RFC 3339.
    pub expires_at: String,
}

impl Message {
    /// The message of a delivery.
    ///
    /// # Errors
    ///
    /// A delivery over a channel that is unknown here.
    pub fn new(
        wording: &Wording,
        delivery: &Delivery,
    ) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let keys = delivery.keys.as_ref();
        let keys = keys.map(|keys| Zeroizing::new(keys.expose_secret().to_owned()));
        let (text, answered) = match wording.message(delivery)? {
            Worded::Sms(text) => (Zeroizing::new(text.expose_secret().to_owned()), None),
            Worded::Voice(call) => {
                let prompt = prompt(&call);
                let pressed = keys.as_deref().map_or("", String::as_str);
                (prompt, Some(answered(&call.press(pressed)?)))
            }
            other => return Err(format!("no message for {other:?}").into()),
        };
        Ok(Self {
            channel: delivery.channel,
            to: delivery.to.to_e164(),
            code: Zeroizing::new(delivery.code.expose_secret().to_owned()),
            text,
            keys,
            answered,
            id: delivery.id().to_string(),
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
        PromptStep::AskKeys(words) | PromptStep::Say(words) => words,
    });
    Zeroizing::new(steps.collect::<Vec<_>>().join(" "))
}

fn answered(call: &AnsweredCall) -> Zeroizing<String> {
    let steps = call.steps().filter_map(|step| match step {
        AnswerStep::Say(words) => Some(words),
        AnswerStep::SayDigits(digits) => Some(digits.expose_secret()),
        AnswerStep::Pause(_) => None,
    });
    Zeroizing::new(steps.collect::<Vec<_>>().join(". "))
}

/// Why a message did not leave: this message was rejected, or the provider is down.
#[derive(Debug)]
pub enum SendError {
    /// The provider rejected this message: its number does not exist, or is blocked.
    Refused(Box<dyn Error + Send + Sync>),
    /// Any other message would fail too.
    Down(io::Error),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(error) => write!(f, "the provider refused it: {error}"),
            Self::Down(error) => write!(f, "the provider is down: {error}"),
        }
    }
}

impl Error for SendError {}

impl From<io::Error> for SendError {
    fn from(error: io::Error) -> Self {
        Self::Down(error)
    }
}

/// Sends messages, each once, after its account was saved. If the process dies in between, the
/// message is lost. It may block: it runs on a thread for blocking work.
pub trait Outbox: Send + Sync {
    /// Sends a message.
    ///
    /// # Errors
    ///
    /// Why it was not sent. It is not retried: the user asks for another code. Return
    /// [`SendError::Down`] only if every message would fail: one user can name any number of
    /// numbers that fail.
    fn send(&self, message: &Message) -> Result<(), SendError>;
}

/// Writes messages to standard output, one line of JSON each.
pub struct StandardOutput;

impl Outbox for StandardOutput {
    fn send(&self, message: &Message) -> Result<(), SendError> {
        let mut output = io::stdout().lock();
        output.write_all(message.line()?.as_bytes())?;
        Ok(output.flush()?)
    }
}

/// Appends messages to a file, a line of JSON each. If a message did not fit, the next one still
/// starts on a new line.
pub struct FileOutbox(Mutex<Lines<File>>);

impl FileOutbox {
    /// Opens the file, or creates it for its owner alone, because it holds codes. Warns if others
    /// can open it.
    ///
    /// # Errors
    ///
    /// Those of the file system.
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = files::private().append(true).create(true).open(path)?;
        files::warn_if_open(path)?;
        Ok(Self(Mutex::new(Lines::to(file))))
    }
}

impl Outbox for FileOutbox {
    fn send(&self, message: &Message) -> Result<(), SendError> {
        let line = message.line()?;
        let mut lines = self
            .0
            .lock()
            .map_err(|_| io::Error::other("a writer panicked"))?;
        Ok(lines.write(&line)?)
    }
}

struct Lines<W> {
    writer: W,
    end: End,
}

/// Whether the file ends in a partial line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    WholeLine,
    PartOfLine,
}

impl<W: Write> Lines<W> {
    const fn to(writer: W) -> Self {
        Self {
            writer,
            end: End::WholeLine,
        }
    }

    fn write(&mut self, line: &str) -> io::Result<()> {
        // One write, because other processes may append to the same file.
        let begun = match self.end {
            End::WholeLine => Zeroizing::new(line.to_owned()),
            End::PartOfLine => Zeroizing::new(format!("\n{line}")),
        };
        let mut rest = begun.as_bytes();
        while !rest.is_empty() {
            match self.writer.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.end = End::PartOfLine;
                    rest = rest.get(written..).unwrap_or_default();
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.end = End::WholeLine;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A disk with limited space.
    struct Disk {
        written: Vec<u8>,
        room: usize,
    }

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.room == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let fits = bytes.len().min(self.room);
            self.room -= fits;
            self.written.extend_from_slice(&bytes[..fits]);
            Ok(fits)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn after_a_partial_line_the_next_message_starts_a_new_line() {
        let mut lines = Lines::to(Disk {
            written: Vec::new(),
            room: 8,
        });
        lines.write("first\n").unwrap();
        // 2 bytes of this one fit, and 0 of the next.
        let full = |written: io::Result<()>| written.unwrap_err().kind();
        assert_eq!(full(lines.write("second\n")), io::ErrorKind::StorageFull);
        assert_eq!(full(lines.write("third\n")), io::ErrorKind::StorageFull);
        lines.writer.room = 100;
        lines.write("fourth\n").unwrap();
        // If nothing of a message was written, no line was started.
        lines.writer.room = 0;
        assert_eq!(full(lines.write("fifth\n")), io::ErrorKind::StorageFull);
        lines.writer.room = 100;
        lines.write("sixth\n").unwrap();
        let written = String::from_utf8(lines.writer.written).unwrap();
        assert_eq!(written, "first\nse\nfourth\nsixth\n");
    }
}
