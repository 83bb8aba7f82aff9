//! The output of a script, step by step, and the checks of a step.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use serde_json::{Value, json};

use crate::npm::{self, Packages};
use crate::server::Server;

/// Its issuer is an https URL, which the SDK requires.
const CONFIG: &str = include_str!("../../config.example.toml");
const ISSUER: &str = "https://login.example.com/";

pub struct Walk {
    steps: std::vec::IntoIter<Value>,
}

const PACKAGES: Packages = Packages {
    manifest: include_str!("package.json"),
    lock: include_str!("package-lock.json"),
};

/// The SDK's folder, or the missing program.
fn sdk() -> &'static Result<PathBuf, String> {
    static SDK: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    SDK.get_or_init(|| npm::install(&PACKAGES))
}

type Refusal<'a> = (u16, &'a str, &'a str);

impl Walk {
    /// Runs a script against a new server; `None` without the SDK.
    pub fn of(script: &str) -> Option<Self> {
        let sdk = match sdk() {
            Ok(sdk) => sdk,
            Err(reason) => {
                npm::skip("sdk", "Node 20, npm and its registry", reason);
                return None;
            }
        };
        // Below the SDK's folder, where Node finds it.
        let folder = tempfile::tempdir_in(sdk).unwrap();
        for (name, content) in [
            ("client.mjs", include_str!("client.mjs")),
            ("life.mjs", include_str!("life.mjs")),
            ("refusals.mjs", include_str!("refusals.mjs")),
            ("config.toml", CONFIG),
        ] {
            fs::write(folder.path().join(name), content).unwrap();
        }
        let server = Server::start(folder.path(), &["--config", "config.toml"]);
        let host = ISSUER.trim_start_matches("https://").trim_end_matches('/');
        let output = Command::new("node")
            .arg(script)
            .current_dir(folder.path())
            .env("DOMAIN", host)
            .env("SERVER", &server.url)
            .env("OUTBOX", &server.outbox)
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert!(
            output.status.success(),
            "{printed}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let steps: Vec<Value> = printed
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        Some(Self {
            steps: steps.into_iter(),
        })
    }

    #[track_caller]
    fn next(&mut self, step: &str, kind: &str) -> Value {
        let mut line = self.steps.next().unwrap();
        assert_eq!(line["step"], step, "{line}");
        assert!(line.get(kind).is_some(), "{line}");
        line[kind].take()
    }

    #[track_caller]
    pub fn answer(&mut self, step: &str) -> Value {
        self.next(step, "answer")
    }

    #[track_caller]
    pub fn error(&mut self, step: &str) -> Value {
        self.next(step, "error")
    }

    #[track_caller]
    pub fn refused(&mut self, step: &str, class: &str, refusal: Refusal<'_>) {
        let error = self.error(step);
        assert_eq!(error["retryAfter"], Value::Null, "{error}");
        is(&error, class, refusal);
    }

    /// A refusal with `Retry-After`: `period` seconds after the last charge.
    #[track_caller]
    pub fn refused_for_now(&mut self, step: &str, class: &str, description: &str, period: u64) {
        let error = self.error(step);
        is(&error, class, (429, "too_many_attempts", description));
        let wait: u64 = text(&error, "retryAfter").parse().unwrap();
        assert!((1..=period).contains(&wait), "{error}");
    }

    #[track_caller]
    pub fn asks_for_more(&mut self, step: &str, requirements: &Value) {
        let error = self.error(step);
        assert_eq!(error["kind"], "TokenByPasswordError");
        assert_eq!(error["statusCode"], 403);
        let cause = &error["cause"];
        assert_eq!(cause["error"], "mfa_required");
        assert_eq!(
            cause["error_description"],
            "Multifactor authentication required"
        );
        assert_eq!(&cause["mfa_requirements"], requirements);
        assert!(!text(cause, "mfa_token").is_empty());
    }

    #[track_caller]
    pub fn challenged(&mut self, step: &str) {
        let challenged = self.answer(step);
        let oob_code = text(&challenged, "oobCode");
        assert_eq!(
            challenged,
            json!({ "challengeType": "oob", "oobCode": oob_code, "bindingMethod": "prompt" })
        );
    }

    /// Checks that the ID token passed the SDK's checks, and its signature.
    #[track_caller]
    pub fn id_token(&mut self, step: &str, tokens: &Value, amr: &[&str]) {
        assert_eq!(tokens["tokenType"], "bearer");
        assert_eq!(tokens["scope"], "openid profile");
        let verified = self.answer(step);
        let claims = &verified["payload"];
        assert_eq!(&tokens["claims"], claims);
        assert_eq!(verified["protectedHeader"]["alg"], "RS256");
        assert_eq!(verified["protectedHeader"]["typ"], "JWT");
        let issued_at = claims["iat"].as_u64().unwrap();
        assert_eq!(
            *claims,
            json!({
                "iss": ISSUER, "aud": "demo", "sub": "auth0|alice",
                "iat": issued_at, "exp": issued_at + 600, "auth_time": issued_at, "amr": amr,
            })
        );
    }

    #[track_caller]
    pub fn altered_id_token(&mut self, step: &str) {
        let error = self.error(step);
        assert_eq!(error["code"], "ERR_JWS_SIGNATURE_VERIFICATION_FAILED");
    }

    #[track_caller]
    pub fn ends(mut self) {
        assert_eq!(self.steps.next(), Some(json!({ "step": "end" })));
        assert_eq!(self.steps.next(), None);
    }
}

#[track_caller]
fn is(error: &Value, class: &str, (status, code, description): Refusal<'_>) {
    let cause = &error["cause"];
    let found = (
        error["kind"].as_str(),
        error["statusCode"].as_u64(),
        cause["error"].as_str(),
        cause["error_description"].as_str(),
    );
    let expected = (
        Some(class),
        Some(status.into()),
        Some(code),
        Some(description),
    );
    assert_eq!(found, expected, "{error}");
}

/// The list from the SDK, which reads `oob_channels`, a field that the API does not send.
pub fn entries(recovery: &str, phones: &[(&str, &str)], active: bool) -> Value {
    let recovery = json!({
        "id": recovery, "authenticatorType": "recovery-code", "active": active,
        "type": "recovery-code",
    });
    let phones = phones.iter().flat_map(|(device, name)| {
        ["sms", "voice"].map(|channel| {
            json!({
                "id": format!("{channel}|{device}"), "authenticatorType": "oob",
                "active": active, "name": name, "type": "phone",
            })
        })
    });
    std::iter::once(recovery).chain(phones).collect()
}

/// The audience of an access token.
pub fn audience(tokens: &Value) -> String {
    let claims = text(tokens, "accessToken").split('.').nth(1).unwrap();
    let claims = Base64UrlUnpadded::decode_vec(claims).unwrap();
    let claims: Value = serde_json::from_slice(&claims).unwrap();
    text(&claims, "aud").to_owned()
}

pub fn device(entry: &Value) -> String {
    let device = text(entry, "id").strip_prefix("sms|").unwrap();
    assert!(device.starts_with("dev_") && device.len() == 20, "{device}");
    device.to_owned()
}

pub fn recovery_code(value: &Value) -> String {
    let code = value.as_str().unwrap();
    assert!(code.len() == 24, "{code}");
    code.to_owned()
}

#[track_caller]
pub fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name]
        .as_str()
        .unwrap_or_else(|| panic!("no {name}: {value}"))
}
