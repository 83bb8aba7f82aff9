//! Which store, and where: `--store`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use redis::{IntoConnectionInfo, ProtocolVersion};
use tokio_postgres::config::SslMode;

/// A store by its scheme.
///
/// `Debug` shows only which one: a URL holds a password.
#[derive(Clone)]
pub enum StoreUrl {
    /// An embedded file.
    Redb(PathBuf),
    /// A table in PostgreSQL.
    Postgres(Box<tokio_postgres::Config>),
    /// Keys in Redis.
    Redis(Box<redis::ConnectionInfo>),
}

impl StoreUrl {
    /// Whether several processes may have it open at a time.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        !matches!(self, Self::Redb(_))
    }
}

impl fmt::Debug for StoreUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redb(path) => f.debug_tuple("Redb").field(path).finish(),
            Self::Postgres(_) => f.write_str("Postgres(..)"),
            Self::Redis(_) => f.write_str("Redis(..)"),
        }
    }
}

/// What is wrong with a URL, without any part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidStoreUrl(&'static str);

impl InvalidStoreUrl {
    const SCHEME: Self = Self("a store is redb:PATH, postgres://… or redis://…");
    const POSTGRES: Self = Self(
        "a store in PostgreSQL is postgres://USER:PASSWORD@HOST:PORT/DATABASE, percent-encoded where \
         a character is reserved",
    );
    const POSTGRES_TLS: Self =
        Self("this server speaks to PostgreSQL without TLS: sslmode has to be disable or prefer");
    const REDIS: Self = Self(
        "a store in Redis is redis://USER:PASSWORD@HOST:PORT/DATABASE, percent-encoded where a \
         character is reserved",
    );
    const REDIS_TLS: Self =
        Self("this server speaks to Redis without TLS: the scheme has to be redis");
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
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(Box::new(postgres(text)?))),
            Some(("redis", _)) => Ok(Self::Redis(Box::new(redis(text)?))),
            Some(("rediss", _)) => Err(InvalidStoreUrl::REDIS_TLS),
            _ => Err(InvalidStoreUrl::SCHEME),
        }
    }
}

fn postgres(url: &str) -> Result<tokio_postgres::Config, InvalidStoreUrl> {
    // Modes that this client does not know are all stricter.
    let strict = ["sslmode=verify", "sslnegotiation=direct"];
    if strict.iter().any(|setting| url.contains(setting)) {
        return Err(InvalidStoreUrl::POSTGRES_TLS);
    }
    // The error may quote a part of what it could not read.
    let config: tokio_postgres::Config = url.parse().map_err(|_| InvalidStoreUrl::POSTGRES)?;
    if config.get_ssl_mode() == SslMode::Require {
        return Err(InvalidStoreUrl::POSTGRES_TLS);
    }
    if config.get_hosts().is_empty() && config.get_hostaddrs().is_empty() {
        return Err(InvalidStoreUrl::POSTGRES);
    }
    Ok(config)
}

fn redis(url: &str) -> Result<redis::ConnectionInfo, InvalidStoreUrl> {
    let info = url.into_connection_info();
    let info = info.map_err(|_| InvalidStoreUrl::REDIS)?;
    if info.redis_settings().protocol() != ProtocolVersion::RESP2 {
        return Err(InvalidStoreUrl::REDIS_PROTOCOL);
    }
    Ok(info)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_is_told_by_its_scheme() {
        let StoreUrl::Redb(path) = "redb:some/where.redb".parse().unwrap() else {
            panic!("not redb");
        };
        assert_eq!(path, PathBuf::from("some/where.redb"));
        for scheme in ["postgres", "postgresql"] {
            let url = format!("{scheme}://me:p%40ss@db.example:5433/mfa?sslmode=prefer");
            let StoreUrl::Postgres(config) = url.parse().unwrap() else {
                panic!("not PostgreSQL");
            };
            assert_eq!(config.get_user(), Some("me"));
            assert_eq!(config.get_password(), Some(&b"p@ss"[..]));
            assert_eq!(config.get_ports(), [5433]);
            assert_eq!(config.get_dbname(), Some("mfa"));
        }
        let StoreUrl::Redis(info) = "redis://:p%40ss@cache.example:6380/3".parse().unwrap() else {
            panic!("not Redis");
        };
        assert_eq!(info.addr().to_string(), "cache.example:6380");
        assert_eq!(info.redis_settings().db(), 3);
        assert_eq!(info.redis_settings().password(), Some("p@ss"));
    }

    #[test]
    fn what_is_no_store_is_refused_without_a_part_of_it() {
        for (url, expected) in [
            ("", InvalidStoreUrl::SCHEME),
            ("redb:", InvalidStoreUrl::SCHEME),
            ("secret.redb", InvalidStoreUrl::SCHEME),
            ("mysql://me:secret@db/mfa", InvalidStoreUrl::SCHEME),
            ("postgres:secret", InvalidStoreUrl::POSTGRES),
            ("postgres://", InvalidStoreUrl::POSTGRES),
            (
                "postgres://me:secret@db/mfa?secret=1",
                InvalidStoreUrl::POSTGRES,
            ),
            (
                "postgres://me:secret@db:port/mfa",
                InvalidStoreUrl::POSTGRES,
            ),
            (
                "postgres://me:secret@db/mfa?sslmode=require",
                InvalidStoreUrl::POSTGRES_TLS,
            ),
            (
                "postgres://me:secret@db/mfa?sslmode=verify-full",
                InvalidStoreUrl::POSTGRES_TLS,
            ),
            ("redis:secret", InvalidStoreUrl::REDIS),
            ("redis://me:secret@cache/mfa", InvalidStoreUrl::REDIS),
            ("rediss://me:secret@cache/0", InvalidStoreUrl::REDIS_TLS),
            (
                "redis://me:secret@cache/0?protocol=resp3",
                InvalidStoreUrl::REDIS_PROTOCOL,
            ),
            (
                "redis://me:secret@cache/0?protocol=3",
                InvalidStoreUrl::REDIS_PROTOCOL,
            ),
        ] {
            let error = url.parse::<StoreUrl>().expect_err(url);
            assert_eq!(error, expected, "{url}");
            assert!(!error.to_string().contains("ret"), "{error}");
        }
    }

    #[test]
    fn debug_shows_no_password() {
        for url in ["postgres://me:secret@db/mfa", "redis://me:secret@cache/1"] {
            let shown = format!("{:?}", url.parse::<StoreUrl>().unwrap());
            assert!(shown.ends_with("(..)"), "{shown}");
        }
    }
}
