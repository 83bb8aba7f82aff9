//! A client: the guide's requests, and the checks of every response.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::server::Server;

pub(crate) const PASSWORD: &str = "correct horse battery staple";
pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");
pub(crate) const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
pub(crate) const MFA_OOB: &str = "http://auth0.com/oauth/grant-type/mfa-oob";
const MFA_RECOVERY_CODE: &str = "http://auth0.com/oauth/grant-type/mfa-recovery-code";
const CLIENT: [(&str, &str); 2] = [("client_id", "demo"), ("client_secret", "demo-secret")];

pub(crate) struct Client<'a> {
    pub(crate) server: &'a Server,
    agent: ureq::Agent,
}

impl<'a> Client<'a> {
    pub(crate) fn of(server: &'a Server) -> Self {
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        Self {
            server,
            agent: config.build().into(),
        }
    }

    pub(crate) fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Vec<u8>>,
    ) -> Answer {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.server.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut answer = if method == "POST" {
            self.agent.run(request.body(body.into()).unwrap()).unwrap()
        } else {
            self.agent.run(request.body(()).unwrap()).unwrap()
        };
        let by_basic = headers
            .iter()
            .any(|(name, value)| *name == "authorization" && value.starts_with("Basic "));
        let headers = answer.headers().iter();
        Answer {
            endpoint: match (path, by_basic) {
                ("/oauth/token", true) => Endpoint::TokenByBasic,
                ("/oauth/token", false) => Endpoint::Token,
                _ => Endpoint::Mfa,
            },
            status: answer.status().as_u16(),
            headers: headers
                .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
                .collect(),
            body: answer.body_mut().read_to_string().unwrap(),
        }
    }

    pub(crate) fn json(&self, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
        self.send("POST", path, &[&[JSON], headers].concat(), body.to_string())
    }

    /// A form of the client `demo`.
    fn form(&self, path: &str, rest: &[(&str, &str)]) -> Answer {
        let body = serde_urlencoded::to_string([&CLIENT, rest].concat()).unwrap();
        self.send("POST", path, &[FORM], body)
    }

    pub(crate) fn password(&self, password: &str, scope: &str, audience: &str) -> Answer {
        self.form(
            "/oauth/token",
            &[
                ("grant_type", "password"),
                ("username", "alice@example.com"),
                ("password", password),
                ("scope", scope),
                ("audience", audience),
            ],
        )
    }

    /// The `mfa_token` of a login.
    pub(crate) fn login(&self) -> String {
        self.password(PASSWORD, "", "").text("mfa_token")
    }

    pub(crate) fn associate(&self, token: &str, channel: &str, phone: &str) -> Answer {
        let body = json!({
            "authenticator_types": ["oob"], "oob_channels": [channel], "phone_number": phone,
        });
        self.json(
            "/mfa/associate",
            &[("authorization", &bearer(token))],
            &body,
        )
    }

    /// A challenge of an authenticator; with `None`, of the one used last.
    pub(crate) fn challenge(&self, token: &str, authenticator: Option<&str>) -> Answer {
        let body = json!({
            "client_id": "demo", "client_secret": "demo-secret", "mfa_token": token,
            "challenge_type": "oob", "authenticator_id": authenticator,
        });
        self.json("/mfa/challenge", &[], &body)
    }

    pub(crate) fn verify(&self, token: &str, oob_code: &str, binding_code: &str) -> Answer {
        self.form(
            "/oauth/token",
            &[
                ("grant_type", MFA_OOB),
                ("mfa_token", token),
                ("oob_code", oob_code),
                ("binding_code", binding_code),
            ],
        )
    }

    pub(crate) fn recover(&self, token: &str, recovery_code: &str) -> Answer {
        self.form(
            "/oauth/token",
            &[
                ("grant_type", MFA_RECOVERY_CODE),
                ("mfa_token", token),
                ("recovery_code", recovery_code),
            ],
        )
    }

    pub(crate) fn list(&self, token: &str) -> Answer {
        let authorization = ("authorization", &*bearer(token));
        self.send("GET", "/mfa/authenticators", &[authorization], "")
    }

    pub(crate) fn remove(&self, token: &str, id: &str) -> Answer {
        let authorization = ("authorization", &*bearer(token));
        let path = format!("/mfa/authenticators/{id}");
        self.send("DELETE", &path, &[authorization], "")
    }

    /// Enrolls a phone: the `mfa_token` of the next login, and the recovery code.
    pub(crate) fn enroll(&self, phone: &str) -> (String, String) {
        let token = self.login();
        let associated = self.associate(&token, "sms", phone).ok();
        let oob_code = associated["oob_code"].as_str().unwrap();
        self.verify(&token, oob_code, &self.server.code()).ok();
        let recovery_code = associated["recovery_codes"][0].as_str().unwrap();
        (self.login(), recovery_code.to_owned())
    }
}

pub(crate) fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// A code that is not `code`.
pub(crate) fn wrong(code: &str) -> String {
    let (first, rest) = code.split_at(1);
    format!("{}{rest}", if first == "0" { "1" } else { "0" })
}

/// The request: it decides which authenticator is challenged.
#[derive(Clone, Copy, Debug)]
enum Endpoint {
    Mfa,
    Token,
    TokenByBasic,
}

#[derive(Debug)]
pub(crate) struct Answer {
    endpoint: Endpoint,
    pub(crate) status: u16,
    headers: BTreeMap<String, String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The body of a response that must not be cached.
    #[track_caller]
    pub(crate) fn value(&self) -> Value {
        assert_eq!(self.header("cache-control"), Some("no-store"), "{self:?}");
        assert_eq!(self.header("pragma"), Some("no-cache"), "{self:?}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.value()
    }

    #[track_caller]
    pub(crate) fn text(&self, name: &str) -> String {
        let value = self.value();
        let text = value[name].as_str();
        text.unwrap_or_else(|| panic!("no {name}: {self:?}"))
            .to_owned()
    }

    /// The whole of an error.
    #[track_caller]
    pub(crate) fn is(&self, status: u16, error: &str, description: &str) {
        let body = json!({ "error": error, "error_description": description });
        assert_eq!((self.status, self.value()), (status, body));
        let challenge = match (self.endpoint, status, error) {
            (Endpoint::TokenByBasic, 401, "invalid_client") => Some(r#"Basic realm="oauth""#),
            (Endpoint::Mfa, 401, _) => Some("Bearer"),
            _ => None,
        };
        assert_eq!(self.header("www-authenticate"), challenge);
        assert_eq!(self.header("retry-after").is_some(), status == 429);
    }
}
