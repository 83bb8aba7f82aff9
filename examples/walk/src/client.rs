//! A client of one server: requests, and the steps that the client `demo` takes.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::answer::{Answer, Challenged};

pub const PASSWORD: &str = "correct horse battery staple";
pub const JSON: (&str, &str) = ("content-type", "application/json");
pub const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
pub const MFA_OOB: &str = "http://auth0.com/oauth/grant-type/mfa-oob";
pub const MFA_RECOVERY_CODE: &str = "http://auth0.com/oauth/grant-type/mfa-recovery-code";
const CLIENT: [(&str, &str); 2] = [("client_id", "demo"), ("client_secret", "demo-secret")];

/// Requests, and the steps that the client `demo` takes, at one server.
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
        self.send("POST", path, &[&[JSON], headers].concat(), body.to_string())
    }

    pub fn get(&self, path: &str, token: &str) -> Answer {
        self.send("GET", path, &[("authorization", &bearer(token))], "")
    }

    pub fn form(&self, path: &str, headers: &[(&str, &str)], body: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string(body).unwrap();
        self.send("POST", path, &[&[FORM], headers].concat(), body)
    }

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
        self.associate_by(&body, token)
    }

    /// An association of any form.
    pub fn associate_by(&self, body: &Value, token: &str) -> Answer {
        let headers = [("authorization", &*bearer(token))];
        self.json("/mfa/associate", &headers, body)
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
        let form = [
            ("grant_type", MFA_OOB),
            ("mfa_token", token),
            ("oob_code", oob_code),
            ("binding_code", binding_code),
        ];
        self.form("/oauth/token", &[], &[&CLIENT[..], &form].concat())
    }

    pub fn recover(&self, token: &str, recovery_code: &str) -> Answer {
        let form = [
            ("grant_type", MFA_RECOVERY_CODE),
            ("mfa_token", token),
            ("recovery_code", recovery_code),
        ];
        self.form("/oauth/token", &[], &[&CLIENT[..], &form].concat())
    }

    pub fn list(&self, token: &str) -> Answer {
        self.get("/mfa/authenticators", token)
    }

    pub fn remove(&self, token: &str, id: &str) -> Answer {
        let path = format!("/mfa/authenticators/{id}");
        self.send("DELETE", &path, &[("authorization", &bearer(token))], "")
    }

    /// Enrolls a phone and confirms it with the code that is read: the recovery code.
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

    /// The ids of the list, as an access token sees it.
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
        // So that a request that hangs fails; none takes as long.
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .into()
}

pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// A code that is not `code`.
pub fn wrong(code: &str) -> String {
    let (first, rest) = code.split_at(1);
    format!("{}{rest}", if first == "0" { "1" } else { "0" })
}
