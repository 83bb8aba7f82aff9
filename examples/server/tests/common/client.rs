//! A client of one server: requests, and steps of the client `demo`.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use super::answer::{Answer, Challenged};
use super::{MFA_OOB, MFA_RECOVERY_CODE, PASSWORD};

/// Requests and steps of the client `demo`, at one server.
pub struct Client {
    pub address: SocketAddr,
    agent: ureq::Agent,
}

impl Client {
    pub fn of(address: SocketAddr) -> Self {
        Self {
            address,
            agent: agent(),
        }
    }

    // Requests.

    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.into();
        let answer = if body.is_empty() && method != "POST" {
            self.agent.run(request.body(()).unwrap())
        } else {
            self.agent.run(request.body(body).unwrap())
        };
        let mut answer = answer.unwrap();
        let by_basic = headers
            .iter()
            .any(|(name, value)| *name == "authorization" && value.starts_with("Basic "));
        let challenged = match (path, by_basic) {
            ("/oauth/token", true) => Challenged::WhoFailsByBasic,
            ("/oauth/token", false) => Challenged::Nobody,
            _ => Challenged::WhoIsUnauthorized,
        };
        let headers = answer.headers().iter();
        Answer {
            status: answer.status().as_u16(),
            headers: headers
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            body: answer.body_mut().read_to_string().unwrap(),
            challenged,
        }
    }

    pub fn json(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        let kind = ("content-type", "application/json");
        self.send("POST", path, &[&[kind], headers].concat(), body.to_string())
    }

    pub fn form(&self, path: &str, headers: &[(&str, &str)], body: &[(&str, &str)]) -> Answer {
        let kind = ("content-type", "application/x-www-form-urlencoded");
        let body = serde_urlencoded::to_string(body).unwrap();
        self.send("POST", path, &[&[kind], headers].concat(), body)
    }

    // Steps, as the client `demo` takes them.

    pub fn password(&self, name: &str, password: &str, scope: &str, audience: &str) -> Answer {
        let body = json!({
            "grant_type": "password", "client_id": "demo", "client_secret": "demo-secret",
            "username": name, "password": password, "scope": scope, "audience": audience,
        });
        self.json("/oauth/token", &[], &body)
    }

    /// The `mfa_token` of a first factor.
    pub fn login(&self) -> String {
        self.password("alice@example.com", PASSWORD, "", "")
            .text("mfa_token")
    }

    pub fn associate(&self, token: &str, channel: &str, phone: &str) -> Answer {
        let body = json!({
            "authenticator_types": ["oob"], "oob_channels": [channel], "phone_number": phone,
        });
        self.json(
            "/mfa/associate",
            &[("authorization", &bearer(token))],
            &body,
        )
    }

    pub fn challenge(&self, token: &str, rest: &Value) -> Answer {
        let mut body = json!({
            "client_id": "demo", "client_secret": "demo-secret", "mfa_token": token,
        });
        body.as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        self.json("/mfa/challenge", &[], &body)
    }

    pub fn answer(&self, token: &str, oob_code: &str, binding_code: &str) -> Answer {
        self.form(
            "/oauth/token",
            &[],
            &[
                ("grant_type", MFA_OOB),
                ("client_id", "demo"),
                ("client_secret", "demo-secret"),
                ("mfa_token", token),
                ("oob_code", oob_code),
                ("binding_code", binding_code),
            ],
        )
    }

    pub fn recover(&self, token: &str, recovery_code: &str) -> Answer {
        self.form(
            "/oauth/token",
            &[],
            &[
                ("grant_type", MFA_RECOVERY_CODE),
                ("client_id", "demo"),
                ("client_secret", "demo-secret"),
                ("mfa_token", token),
                ("recovery_code", recovery_code),
            ],
        )
    }

    pub fn list(&self, token: &str) -> Answer {
        self.send(
            "GET",
            "/mfa/authenticators",
            &[("authorization", &bearer(token))],
            "",
        )
    }

    pub fn remove(&self, token: &str, id: &str) -> Answer {
        let path = format!("/mfa/authenticators/{id}");
        self.send("DELETE", &path, &[("authorization", &bearer(token))], "")
    }
}

impl Client {
    /// Enrolls a phone and confirms it with the code from `read`. Returns the recovery code.
    pub fn enroll_reading(
        &self,
        token: &str,
        phone: &str,
        code: impl FnOnce() -> String,
    ) -> Option<String> {
        let associated = self.associate(token, "sms", phone).ok();
        let oob_code = associated["oob_code"].as_str().unwrap();
        self.answer(token, oob_code, &code()).ok();
        associated["recovery_codes"][0].as_str().map(str::to_owned)
    }

    /// The ids in the list for an access token.
    pub fn ids(&self, token: &str) -> Vec<String> {
        let list = self.list(token).ok();
        let ids = list
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["id"].as_str().unwrap());
        ids.map(str::to_owned).collect()
    }
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        // A hanging request fails; none takes that long.
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .into()
}

pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}
