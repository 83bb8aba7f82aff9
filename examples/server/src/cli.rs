//! The commands and flags, and the equivalent environment variables.

mod check;
mod listen;
mod password;

use std::env::{self, VarError};
use std::ffi::OsStr;
use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use clap::{Arg, Args, Command, Parser, Subcommand, ValueEnum};

pub use self::check::{report, warnings};
pub use self::listen::{InvalidListenAddress, ListenAddress};
pub use self::password::read_and_hash;
use crate::admin::{ADMIN_TOKENS, METRICS_TOKEN, Operators};
use crate::config::{Config, ConfigError};
use crate::store::StoreUrl;

/// Answers the requests of Auth0's MFA API for SMS and voice.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    /// What to do; the default is to serve.
    #[command(subcommand)]
    pub command: Option<Task>,
    /// Flags of every command.
    #[command(flatten)]
    pub flags: Flags,
}

/// What to do instead of serving.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum Task {
    /// Reads a password from standard input, and prints its password_hash. The hash takes as long to
    /// check as the hashes of the users in --config.
    HashPassword,
    /// Prints the text of a key file with one new key of each kind.
    NewKeys,
    /// Reads the flags and the configuration, and prints the settings and warnings. It opens
    /// no store, no key file and no connection.
    CheckConfig,
}

/// How the log is written to standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines of fields, for people.
    Text,
    /// One JSON object per line.
    Json,
}

/// The flags.
#[derive(Debug, Args)]
pub struct Flags {
    /// Address, or host name, and port to listen on.
    #[arg(
        long,
        env = "OOB_MFA_LISTEN",
        default_value = "127.0.0.1:8080",
        global = true
    )]
    pub listen: ListenAddress,

    /// Address and port of the endpoints for administration and /metrics; off by default. Set its
    /// tokens in the environment: OOB_MFA_ADMIN_TOKENS=NAME:TOKEN,…, and OOB_MFA_METRICS_TOKEN for
    /// a token that only reads /metrics.
    #[arg(
        long,
        env = "OOB_MFA_ADMIN_LISTEN",
        value_name = "LISTEN",
        global = true
    )]
    pub admin_listen: Option<ListenAddress>,

    /// How the log is written to standard error.
    #[arg(
        long,
        env = "OOB_MFA_LOG",
        default_value = "text",
        value_name = "FORMAT",
        global = true
    )]
    pub log: LogFormat,

    /// Where accounts are kept. redb:PATH is a file of one process; any number of processes share
    /// postgres://USER:PASSWORD@HOST/DATABASE or redis://USER:PASSWORD@HOST/DATABASE. Put a URL
    /// with a password into the environment, which the process list does not show.
    #[arg(
        long,
        env = "OOB_MFA_STORE",
        hide_env_values = true,
        default_value = "redb:oob-mfa.redb",
        value_name = "URL",
        global = true,
        value_parser = StoreUrlParser
    )]
    pub store: StoreUrl,

    /// TOML: users, clients, policy, issuer, app name, WebOTP host. Without it, a demonstration.
    #[arg(long, env = "OOB_MFA_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,

    /// Appends one line of JSON per message. Without it, messages go to standard output.
    #[arg(long, env = "OOB_MFA_OUTBOX", value_name = "FILE", global = true)]
    pub outbox: Option<PathBuf>,

    /// The secrets, the same for every process that serves the same users. Created with mode 0600
    /// if absent.
    #[arg(
        long,
        env = "OOB_MFA_KEY_FILE",
        default_value = "oob-mfa.key",
        value_name = "FILE",
        global = true
    )]
    pub key_file: PathBuf,
}

impl Flags {
    /// The configuration of the flags, or that of the demo.
    ///
    /// # Errors
    ///
    /// A file that cannot be read, or the first mistake in it.
    pub fn config(&self) -> Result<Config, ConfigError> {
        let Some(path) = &self.config else {
            return Ok(Config::demonstration());
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError(format!("{}: {error}", path.display())))?;
        Config::parse(&text)
            .map_err(|ConfigError(error)| ConfigError(format!("{}: {error}", path.display())))
    }

    /// The operators that the environment names; `None` if administration is off.
    ///
    /// # Errors
    ///
    /// A listener without a token, or what is wrong with the tokens.
    pub fn operators(&self) -> Result<Option<Operators>, ConfigError> {
        if self.admin_listen.is_none() {
            return Ok(None);
        }
        let variable = |name: &str| match env::var(name) {
            Ok(value) if value.is_empty() => Ok(None),
            Ok(value) => Ok(Some(value)),
            Err(VarError::NotPresent) => Ok(None),
            Err(VarError::NotUnicode(_)) => Err(ConfigError(format!("{name} is not UTF-8"))),
        };
        let tokens = variable(ADMIN_TOKENS)?.ok_or_else(|| {
            ConfigError(format!(
                "--admin-listen needs the tokens of operators: set {ADMIN_TOKENS} to NAME:TOKEN"
            ))
        })?;
        let metrics = variable(METRICS_TOKEN)?;
        let operators = Operators::parse(&tokens, metrics.as_deref());
        operators.map(Some).map_err(ConfigError)
    }
}

/// Reads a store's URL. Unlike clap, the error does not repeat it, because it holds a password.
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
