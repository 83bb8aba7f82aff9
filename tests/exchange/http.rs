//! Requests to send, and replies to compare.

use oob_mfa::exchange::{Reply, Request};
use serde_json::Value;

/// A request that owns its parts.
#[derive(Clone, Debug)]
pub struct Http {
    pub method: &'static str,
    pub target: String,
    pub headers: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
}

pub const JSON: &str = "application/json";
pub const FORM: &str = "application/x-www-form-urlencoded";

impl Http {
    pub fn new(method: &'static str, target: &str) -> Self {
        Self {
            method,
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub fn post(target: &str) -> Self {
        Self::new("POST", target)
    }

    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let value = value.as_ref().to_vec();
        self.headers.push((name.to_owned(), value));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.header("Authorization", format!("Bearer {token}"))
    }

    pub fn body(self, content_type: &str, body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref().to_vec();
        Self { body, ..self }.header("Content-Type", content_type)
    }

    pub fn json(self, body: &Value) -> Self {
        self.body(JSON, body.to_string())
    }

    /// The same with a parameter of its JSON body changed, or removed by `null`.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let mut body: Value = serde_json::from_slice(&self.body).unwrap();
        body[name] = value.into();
        self.body = body.to_string().into_bytes();
        self
    }

    pub fn ask<T>(&self, with: impl FnOnce(&Request<'_>) -> T) -> T {
        let headers = self.headers.iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name.as_str(), value.as_slice()))
            .collect();
        with(&Request {
            method: self.method,
            target: &self.target,
            headers: &headers,
            body: &self.body,
        })
    }
}

/// Everything that a client gets.
#[derive(Debug, PartialEq, Eq)]
pub struct Got {
    pub status: u16,
    pub headers: Vec<String>,
    pub body: String,
}

impl Got {
    /// The value of a text of the body.
    pub fn text(&self, name: &str) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        let text = body[name].as_str();
        text.unwrap_or_else(|| panic!("no {name} in {self:?}"))
            .to_owned()
    }

    pub fn with(mut self, header: &str) -> Self {
        self.headers.push(header.to_owned());
        self
    }

    pub fn without_body(self) -> Self {
        let body = String::new();
        Self { body, ..self }
    }
}

impl From<&Reply> for Got {
    fn from(reply: &Reply) -> Self {
        let headers = reply.headers();
        Self {
            status: reply.status(),
            headers: headers
                .map(|(name, value)| format!("{name}: {value}"))
                .collect(),
            body: String::from_utf8(reply.body().to_vec()).unwrap(),
        }
    }
}

/// A JSON body under the headers of every answer.
pub fn json(status: u16, body: impl Into<String>) -> Got {
    let headers = [
        "Content-Type: application/json",
        "Cache-Control: no-store",
        "Pragma: no-cache",
    ];
    Got {
        status,
        headers: headers.map(str::to_owned).to_vec(),
        body: body.into(),
    }
}

pub fn error(status: u16, error: &str, description: &str) -> Got {
    let description = Value::from(description);
    json(
        status,
        format!(r#"{{"error":"{error}","error_description":{description}}}"#),
    )
}

/// A 401 of any endpoint except the token endpoint.
pub fn unauthorized(code: &str, description: &str) -> Got {
    error(401, code, description).with("WWW-Authenticate: Bearer")
}

pub const INVALID_TOKEN: &str = "The mfa_token provided is invalid. Try getting a new token.";
pub const MALFORMED_BODY: &str =
    "Malformed request body: send a JSON object or a form, with at most 64 parameters";
pub const UNAVAILABLE: &str = "The service is temporarily unavailable. Try again.";

pub fn unavailable() -> Got {
    error(503, "temporarily_unavailable", UNAVAILABLE).with("Retry-After: 1")
}

pub fn server_error() -> Got {
    error(
        500,
        "server_error",
        "The server failed to answer the request.",
    )
}
