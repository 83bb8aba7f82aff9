//! The flags, and the environment variables that say the same.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use clap::Parser;

use crate::config::{Config, ConfigError};

/// Answers the requests of Auth0's MFA API for SMS and voice.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Flags {
    /// Address and port to listen on.
    #[arg(long, env = "OOB_MFA_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,

    /// Where accounts are kept: redb:PATH, a file of one process.
    #[arg(
        long,
        env = "OOB_MFA_STORE",
        default_value = "redb:oob-mfa.redb",
        value_name = "URL"
    )]
    pub store: StoreUrl,

    /// TOML: users, clients, policy, issuer, app name, WebOTP host. Without it, a demonstration.
    #[arg(long, env = "OOB_MFA_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,

    /// Appends one line of JSON per message. Without it, messages go to standard output.
    #[arg(long, env = "OOB_MFA_OUTBOX", value_name = "FILE")]
    pub outbox: Option<PathBuf>,

    /// 32 secret bytes in base64, the same for every process that serves the same users. Made with
    /// mode 0600 if absent.
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

/// A store by its scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreUrl {
    /// An embedded file.
    Redb(PathBuf),
}

impl FromStr for StoreUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("redb", path)) if !path.is_empty() => Ok(Self::Redb(path.into())),
            _ => Err("a store is redb:PATH".to_owned()),
        }
    }
}
