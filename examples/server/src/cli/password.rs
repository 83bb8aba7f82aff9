//! A password from a person or a script, hashed for the configuration.

use std::io::{self, IsTerminal};

use zeroize::Zeroizing;

use crate::config::{Config, ConfigError};

/// Reads a line from standard input, without echo from a terminal, and returns its hash, with the
/// settings of the other users.
///
/// # Errors
///
/// An empty password, one that is not UTF-8, or an error while reading or hashing.
pub fn read_and_hash(config: &Config) -> Result<String, ConfigError> {
    let wrong = |error: String| ConfigError(format!("password: {error}"));
    let password = if io::stdin().is_terminal() {
        rpassword::prompt_password("Password: ")
    } else {
        io::stdin()
            .lines()
            .next()
            .unwrap_or_else(|| Ok(String::new()))
    };
    let password = Zeroizing::new(password.map_err(|error| wrong(error.to_string()))?);
    if password.is_empty() {
        return Err(wrong("it is empty".to_owned()));
    }
    let hash = config.users.hash(&password).map_err(wrong)?;
    Ok(hash.to_string())
}
