//! The origin of a page, as a browser writes it in `Origin`.

use std::fmt;
use std::str::FromStr;

use axum::http::{HeaderValue, Uri};
use serde::Deserialize;

/// A scheme, a host, and a port if it is not the default: `https://app.example.com`.
///
/// It is compared byte by byte, so write it exactly as browsers do.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin(HeaderValue);

/// Text that no browser sends as an origin, or that matches other origins too.
#[derive(Debug, PartialEq, Eq)]
pub struct InvalidOrigin {
    text: String,
    wrong: Wrong,
}

#[derive(Debug, PartialEq, Eq)]
enum Wrong {
    Any,
    Null,
    Form,
}

impl fmt::Display for InvalidOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "allowed_origins: {:?} ", self.text)?;
        f.write_str(match self.wrong {
            Wrong::Any => "would let any page read tokens: name each origin",
            Wrong::Null => {
                "is the origin of every sandboxed frame and local file: serve the page from an origin of its own"
            }
            Wrong::Form => {
                "is not an origin as browsers write it, such as https://app.example.com or http://localhost:3000: \
                 lower case, no path, no slash at the end, no default port"
            }
        })
    }
}

impl std::error::Error for InvalidOrigin {}

impl Origin {
    /// The value of the header.
    #[must_use]
    pub const fn header(&self) -> &HeaderValue {
        &self.0
    }
}

impl FromStr for Origin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let invalid = |wrong| InvalidOrigin {
            text: text.to_owned(),
            wrong,
        };
        if text.contains('*') {
            return Err(invalid(Wrong::Any));
        }
        if text == "null" {
            return Err(invalid(Wrong::Null));
        }
        let header = HeaderValue::from_str(text).ok();
        header
            .filter(|_| as_written(text).as_deref() == Some(text))
            .map(Self)
            .ok_or_else(|| invalid(Wrong::Form))
    }
}

impl TryFrom<String> for Origin {
    type Error = InvalidOrigin;

    fn try_from(text: String) -> Result<Self, InvalidOrigin> {
        text.parse()
    }
}

/// The origin of a URL as browsers write it.
fn as_written(url: &str) -> Option<String> {
    let url: Uri = url.parse().ok()?;
    let (scheme, host) = (url.scheme_str()?, url.host()?);
    let default = match scheme {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    };
    let port = url.port_u16().filter(|port| Some(*port) != default);
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{scheme}://{host}{port}").to_ascii_lowercase()).filter(|_| !host.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Option<Wrong> {
        text.parse::<Origin>().err().map(|invalid| invalid.wrong)
    }

    #[test]
    fn only_the_spelling_of_browsers_is_accepted_for_an_origin() {
        for origin in [
            "https://app.example.com",
            "http://localhost:3000",
            "https://app.example.com:8443",
            "https://[::1]:8443",
            "capacitor://localhost",
        ] {
            let parsed: Origin = origin.parse().unwrap();
            assert_eq!(parsed.header(), origin);
        }
        for other in [
            "",
            "app.example.com",
            "https://",
            "https://app.example.com/",
            "https://app.example.com/callback",
            "https://app.example.com?a",
            "https://app.example.com#a",
            "https://App.example.com",
            "HTTPS://app.example.com",
            "https://app.example.com:443",
            "http://app.example.com:80",
            "https://app.example.com:",
            "https://app.example.com:65536",
            "https://alice@app.example.com",
            "https://bücher.example",
            " https://app.example.com",
            "https://app.example.com,https://b.example.com",
        ] {
            assert_eq!(wrong(other), Some(Wrong::Form), "{other}");
        }
    }

    #[test]
    fn a_wildcard_origin_is_refused_with_a_reason() {
        for any in ["*", "https://*", "https://*.example.com"] {
            assert_eq!(wrong(any), Some(Wrong::Any), "{any}");
        }
        assert_eq!(wrong("null"), Some(Wrong::Null));
        assert_eq!(
            "*".parse::<Origin>().unwrap_err().to_string(),
            "allowed_origins: \"*\" would let any page read tokens: name each origin"
        );
    }
}
