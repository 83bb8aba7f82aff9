//! The address or host name to listen on.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use tokio::net::TcpListener;

use crate::store::is_loopback;

/// An address and a port. A host name is resolved when it is bound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenAddress(String);

/// The text is not an address and a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidListenAddress;

impl fmt::Display for InvalidListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "it must be HOST:PORT, for example 127.0.0.1:8080, [::1]:8080 or localhost:8080",
        )
    }
}

impl std::error::Error for InvalidListenAddress {}

impl FromStr for ListenAddress {
    type Err = InvalidListenAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_host = |host: &str| {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            !host.is_empty() && host.bytes().all(allowed)
        };
        let is_name = text
            .rsplit_once(':')
            .is_some_and(|(host, port)| is_host(host) && port.parse::<u16>().is_ok());
        if is_name || text.parse::<SocketAddr>().is_ok() {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidListenAddress)
        }
    }
}

impl fmt::Display for ListenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ListenAddress {
    /// Listens on the first available address of the name.
    ///
    /// # Errors
    ///
    /// The address and the reason why it cannot listen.
    pub async fn bind(&self) -> Result<TcpListener, String> {
        TcpListener::bind(&self.0)
            .await
            .map_err(|error| format!("{self}: {error}"))
    }

    /// Whether only this machine can reach it.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        if let Ok(address) = self.0.parse::<SocketAddr>() {
            return address.ip().to_canonical().is_loopback();
        }
        let (host, _) = self.0.rsplit_once(':').unwrap_or_default();
        is_loopback(host)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_or_a_host_name_has_a_port() {
        for (text, loopback) in [
            ("127.0.0.1:8080", true),
            ("[::1]:0", true),
            ("[::ffff:127.0.0.1]:80", true),
            ("localhost:8080", true),
            ("LocalHost.:8080", true),
            ("mfa.localhost:8080", true),
            ("0.0.0.0:8080", false),
            ("[::]:8080", false),
            ("192.0.2.1:65535", false),
            ("mfa.example.com:80", false),
            ("notlocalhost:80", false),
        ] {
            let address: ListenAddress = text.parse().expect(text);
            assert_eq!(address.is_loopback(), loopback, "{text}");
            assert_eq!(address.to_string(), text);
        }
        for text in [
            "",
            "8080",
            ":8080",
            "localhost",
            "localhost:",
            "localhost:65536",
            "localhost:http",
            "::1:8080",
            "http://localhost:80",
            "a b:80",
            "[::1]",
            "host:-1",
        ] {
            assert_eq!(
                text.parse::<ListenAddress>(),
                Err(InvalidListenAddress),
                "{text}"
            );
        }
    }
}
