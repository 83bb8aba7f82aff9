//! The store and its address: `--store`.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;

use redis::{ConnectionAddr, IntoConnectionInfo, ProtocolVersion};
use tokio_postgres::config::Host;

use super::tls::Tls;

/// A store, selected by the scheme of its URL.
///
/// `Debug` shows only the kind: a URL holds a password.
#[derive(Clone)]
pub enum StoreUrl {
    /// An embedded file.
    Redb(PathBuf),
    /// Tables in PostgreSQL.
    Postgres(Box<tokio_postgres::Config>, Tls),
    /// Keys in Redis, and the authority of its certificate if the system does not trust it.
    Redis(Box<redis::ConnectionInfo>, Option<PathBuf>),
}

impl StoreUrl {
    /// Whether the connection leaves this machine without TLS.
    #[must_use]
    pub fn is_open_to_eavesdroppers(&self) -> bool {
        match self {
            Self::Postgres(config, Tls::Off) => {
                // `hostaddr` replaces the host.
                let addresses = config.get_hostaddrs();
                let beyond = |host: &Host| matches!(host, Host::Tcp(host) if !is_loopback(host));
                addresses
                    .iter()
                    .any(|address| !address.to_canonical().is_loopback())
                    || addresses.is_empty() && config.get_hosts().iter().any(beyond)
            }
            Self::Redis(info, _) => {
                matches!(info.addr(), ConnectionAddr::Tcp(host, _) if !is_loopback(host))
            }
            Self::Redb(_) | Self::Postgres(..) => false,
        }
    }
}

/// Whether only this machine has a host's name or address (RFC 6761 section 6.3).
pub(crate) fn is_loopback(host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.to_canonical().is_loopback();
    }
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redb(path) => f.debug_tuple("Redb").field(path).finish(),
            Self::Postgres(..) => f.write_str("Postgres(..)"),
            Self::Redis(..) => f.write_str("Redis(..)"),
        }
    }
}

/// What is wrong with a URL. It contains no part of the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidStoreUrl(&'static str);

impl InvalidStoreUrl {
    const SCHEME: Self = Self("a store is redb:PATH, postgres://…, redis://… or rediss://…");
    const POSTGRES: Self = Self(
        "a store in PostgreSQL is postgres://USER:PASSWORD@HOST:PORT/DATABASE, percent-encoded where \
         a character is reserved",
    );
    const POSTGRES_PREFER: Self = Self(
        "sslmode=prefer falls back to plaintext if an attacker in between asks for it: write sslmode=verify-full, or \
         sslmode=disable",
    );
    const POSTGRES_MODE: Self = Self(
        "sslmode must be disable, require or verify-full (for verify-ca: require with sslrootcert)",
    );
    const POSTGRES_AUTHORITY: Self =
        Self("sslrootcert=FILE needs sslmode=require or sslmode=verify-full");
    const POSTGRES_DIRECT: Self = Self(
        "this server starts TLS in the way that every PostgreSQL supports: remove sslnegotiation",
    );
    const TWICE: Self = Self("sslmode and sslrootcert may each occur only once");
    const REDIS: Self = Self(
        "a store in Redis is redis://USER:PASSWORD@HOST:PORT/DATABASE, percent-encoded where a \
         character is reserved",
    );
    const REDIS_AUTHORITY: Self = Self("sslrootcert=FILE needs the scheme rediss");
    const REDIS_INSECURE: Self =
        Self("a rediss URL has no #fragment: this server checks every certificate");
    const REDIS_PROTOCOL: Self =
        Self("this server speaks RESP2 to Redis: the URL must not ask for another protocol");
}

impl fmt::Display for InvalidStoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for InvalidStoreUrl {}

impl FromStr for StoreUrl {
    type Err = InvalidStoreUrl;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("redb", path)) if !path.is_empty() => Ok(Self::Redb(path.into())),
            Some(("postgres" | "postgresql", _)) => postgres(text),
            Some(("redis" | "rediss", _)) => redis(text),
            _ => Err(InvalidStoreUrl::SCHEME),
        }
    }
}

/// The parameters that the database clients do not read themselves.
struct TlsSettings {
    mode: Option<String>,
    authority: Option<PathBuf>,
    /// The URL without those parameters.
    rest: String,
}

fn tls_settings(url: &str) -> Result<TlsSettings, InvalidStoreUrl> {
    let (mut mode, mut authority, mut rest) = (None, None, Vec::new());
    let (before, query) = url.rsplit_once('?').unwrap_or((url, ""));
    for setting in query.split('&').filter(|setting| !setting.is_empty()) {
        let read: Vec<(String, String)> = serde_urlencoded::from_str(setting).unwrap_or_default();
        let replaced = match &read[..] {
            [(name, value)] if name == "sslmode" => mode.replace(value.clone()).is_some(),
            [(name, value)] if name == "sslrootcert" => {
                authority.replace(PathBuf::from(value)).is_some()
            }
            _ => {
                rest.push(setting);
                false
            }
        };
        if replaced {
            return Err(InvalidStoreUrl::TWICE);
        }
    }
    let rest = match &rest[..] {
        [] => before.to_owned(),
        rest => format!("{before}?{}", rest.join("&")),
    };
    Ok(TlsSettings {
        mode,
        authority,
        rest,
    })
}

fn postgres(url: &str) -> Result<StoreUrl, InvalidStoreUrl> {
    let TlsSettings {
        mode,
        authority,
        rest,
    } = tls_settings(url)?;
    if rest.contains("sslnegotiation=") {
        return Err(InvalidStoreUrl::POSTGRES_DIRECT);
    }
    let tls = match (mode.as_deref(), authority) {
        (None | Some("disable"), None) => Tls::Off,
        (Some("require"), None) => Tls::Anyone,
        (Some("require"), Some(authority)) => Tls::AnyoneOf(authority),
        (Some("verify-full"), authority) => Tls::Host(authority),
        (Some("prefer" | "allow"), _) => return Err(InvalidStoreUrl::POSTGRES_PREFER),
        (None | Some("disable"), Some(_)) => return Err(InvalidStoreUrl::POSTGRES_AUTHORITY),
        (Some(_), _) => return Err(InvalidStoreUrl::POSTGRES_MODE),
    };
    // A parameter after a character that must be encoded.
    if rest.contains("sslmode=") || rest.contains("sslrootcert=") {
        return Err(InvalidStoreUrl::POSTGRES);
    }
    // The error may quote a part of the URL.
    let config: tokio_postgres::Config = rest.parse().map_err(|_| InvalidStoreUrl::POSTGRES)?;
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(InvalidStoreUrl::POSTGRES);
    }
    Ok(StoreUrl::Postgres(Box::new(config), tls))
}

fn redis(url: &str) -> Result<StoreUrl, InvalidStoreUrl> {
    let TlsSettings {
        mode,
        authority,
        rest,
    } = tls_settings(url)?;
    if mode.is_some() {
        return Err(InvalidStoreUrl::REDIS);
    }
    let encrypted = rest.starts_with("rediss:");
    if !encrypted && authority.is_some() {
        return Err(InvalidStoreUrl::REDIS_AUTHORITY);
    }
    if encrypted && rest.contains('#') {
        return Err(InvalidStoreUrl::REDIS_INSECURE);
    }
    let info = rest.into_connection_info();
    let info = info.map_err(|_| InvalidStoreUrl::REDIS)?;
    if info.redis_settings().protocol() != ProtocolVersion::RESP2 {
        return Err(InvalidStoreUrl::REDIS_PROTOCOL);
    }
    Ok(StoreUrl::Redis(Box::new(info), authority))
}

#[cfg(test)]
mod tests;
