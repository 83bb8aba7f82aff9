//! The flags, and the environment variables that say the same.

use std::ffi::OsStr;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Command, Parser};

use crate::config::{Config, ConfigError};
use crate::store::StoreUrl;

/// Answers the requests of Auth0's MFA API for SMS and voice.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Flags {
    /// Address and port to listen on.
    #[arg(long, env = "OOB_MFA_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Where accounts are kept. redb:PATH is a file of one process; any number of processes share
    /// postgres://USER:PASSWORD@HOST/DATABASE or redis://USER:PASSWORD@HOST/DATABASE. A URL with a
    /// password belongs into the environment, which the list of processes does not show.
    #[arg(
        long,
        env = "OOB_MFA_STORE",
        hide_env_values = true,
        default_value = "redb:oob-mfa.redb",
        value_name = "URL",
        value_parser = StoreUrlParser
    )]
    pub store: StoreUrl,

    /// TOML: users, clients, policy, issuer, app name, WebOTP host. Without it, a demonstration.
    #[arg(long, env = "OOB_MFA_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Appends one line of JSON per message. Without it, messages go to standard output.
    #[arg(long, env = "OOB_MFA_OUTBOX", value_name = "FILE")]
    pub outbox: Option<PathBuf>,

    /// The secrets, the same for every process that serves the same users. Made with mode 0600 if absent.
    #[arg(
        long,
        env = "OOB_MFA_KEY_FILE",
        default_value = "oob-mfa.key",
        value_name = "FILE"
    )]
    pub key_file: PathBuf,
}

impl Flags {
    /// The configuration that the flags name, or the demonstration's.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, and what is wrong with its content.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let Some(path) = &self.config else {
            eprintln!("{}", Config::DEMONSTRATION_NOTICE);
            return Ok(Config::demonstration());
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError(format!("{}: {error}", path.display())))?;
        Config::parse(&text)
            .map_err(|ConfigError(error)| ConfigError(format!("{}: {error}", path.display())))
    }
}

/// Reads a store's URL without repeating it in the error, as clap would: it holds a password.
#[derive(Clone)]
struct StoreUrlParser;

impl TypedValueParser for StoreUrlParser {
    type Value = StoreUrl;

    fn parse_ref(
        &self,
        command: &Command,
        _: Option<&Arg>,
        value: &OsStr,
    ) -> Result<StoreUrl, clap::Error> {
        let url = value
            .to_str()
            .ok_or_else(|| clap::Error::new(ErrorKind::InvalidUtf8).with_cmd(command))?;
        url.parse().map_err(|error| {
            let message = format!("--store: {error}\n");
            clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
        })
    }
}
