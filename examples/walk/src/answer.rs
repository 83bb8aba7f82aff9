//! A server's response, and the checks of every response.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::refusal::Refusal;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub headers: BTreeMap<String, String>,
    pub body: String,
    pub challenged: Challenged,
}

/// Who gets a challenge (`WWW-Authenticate`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Challenged {
    WhoIsUnauthorized,
    WhoFailsByBasic,
    Nobody,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body, which must not be cached.
    #[track_caller]
    fn uncached(&self) -> Value {
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        assert_eq!(self.header("pragma"), Some("no-cache"), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        self.value()
    }

    pub fn value(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    /// The body of a 200.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.uncached()
    }

    #[track_caller]
    pub fn text(&self, name: &str) -> String {
        self.uncached()[name]
            .as_str()
            .unwrap_or_else(|| panic!("no {name}: {self:?}"))
            .to_owned()
    }

    /// A whole error: status, body, and every relevant header.
    #[track_caller]
    pub fn is(&self, status: u16, error: &str, description: &str) -> &Self {
        let body = json!({ "error": error, "error_description": description });
        assert_eq!((self.status, self.uncached()), (status, body));
        let challenge = match (self.challenged, status, error) {
            (Challenged::Nobody, ..) => None,
            (Challenged::WhoFailsByBasic, 401, "invalid_client") => {
                Some(r#"Basic realm="oauth""#.to_owned())
            }
            (Challenged::WhoFailsByBasic, ..) => None,
            (_, 401, _) => Some("Bearer".to_owned()),
            (_, 403, "insufficient_scope") => {
                let scope = description
                    .strip_prefix("Insufficient scope, expected: ")
                    .unwrap();
                Some(format!(
                    r#"Bearer error="insufficient_scope", scope="{scope}""#
                ))
            }
            _ => None,
        };
        assert_eq!(self.header("www-authenticate"), challenge.as_deref());
        match status {
            429 => assert!(self.header("retry-after").is_some(), "{self:?}"),
            503 => {}
            _ => assert_eq!(self.header("retry-after"), None),
        }
        self
    }

    #[track_caller]
    pub fn refused(&self, (status, error, description): Refusal) -> &Self {
        self.is(status, error, description)
    }

    #[track_caller]
    pub fn retry_after(&self, seconds: u64) {
        assert_eq!(
            self.header("retry-after"),
            Some(seconds.to_string().as_str())
        );
    }
}
