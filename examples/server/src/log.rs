//! Log lines as text.

use tracing_subscriber::field::MakeExt as _;
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::debug_fn;

/// Fields as `name=value`. A line break in a value is escaped: no text of a client starts a line.
#[must_use]
pub fn fields() -> impl for<'writer> FormatFields<'writer> + Send + Sync + 'static {
    debug_fn(|writer, field, value| {
        if field.name() != "message" {
            write!(writer, "{field}=")?;
        }
        for character in format!("{value:?}").chars() {
            if character.is_control() {
                write!(writer, "{}", character.escape_default())?;
            } else {
                writer.write_char(character)?;
            }
        }
        Ok(())
    })
    .delimited(" ")
}

#[cfg(test)]
pub(crate) mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tracing::subscriber::DefaultGuard;

    use super::*;

    /// Collects the log of this thread from now on.
    pub(crate) fn capture() -> (Lines, DefaultGuard) {
        // Without it, a thread without a subscriber can switch an event off for all threads.
        let _ = tracing_subscriber::fmt().with_writer(io::sink).try_init();
        let lines = Lines::default();
        let writer = lines.clone();
        let log = tracing_subscriber::fmt()
            .with_ansi(false)
            .without_time()
            .fmt_fields(fields())
            .with_writer(move || writer.clone())
            .finish();
        (lines, tracing::subscriber::set_default(log))
    }

    #[derive(Clone, Default)]
    pub(crate) struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Lines {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn no_value_starts_a_line() {
        let (lines, _guard) = capture();
        let forged = "a\r\n INFO audit: b\u{1b}[31m\u{85}";
        tracing::warn!(displayed = %forged, text = forged, number = 7, "said {forged}");
        let displayed = r"a\r\n INFO audit: b\u{1b}[31m\u{85}";
        assert_eq!(
            lines.text(),
            format!(
                " WARN oob_mfa_server::log::tests: said {displayed} displayed={displayed} \
                 text=\"{displayed}\" number=7\n"
            )
        );
    }
}
