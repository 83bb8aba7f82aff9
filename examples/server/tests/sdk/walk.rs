//! The output of a script, step by step, and the checks of a step.

use std::path::PathBuf;
use std::sync::OnceLock;

use base64ct::{Base64UrlUnpadded, Encoding as _};
use oob_mfa_walk::refusal::Refusal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::npm::{self, Packages, Script};
use crate::server::Server;

/// Its issuer is an https URL, which the SDK requires.
const CONFIG: &str = include_str!("../../config.example.toml");
const ISSUER: &str = "https://login.example.com/";

pub struct Walk {
    script: Script,
    _server: Server,
    _folder: TempDir,
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

impl Walk {
    /// Runs a script against a new server; `None` without the SDK.
    pub fn of(script: &str) -> Option<Self> {
        let scripts = [
            ("client.mjs", include_str!("client.mjs")),
            ("life.mjs", include_str!("life.mjs")),
            ("refusals.mjs", include_str!("refusals.mjs")),
            ("config.toml", CONFIG),
        ];
        let folder = npm::folder(sdk(), &scripts, "sdk", "Node 20, npm and its registry")?;
        let server = Server::start(folder.path(), &["--config", "config.toml"]);
        let variables = [
            ("DOMAIN", "login.example.com"),
            ("SERVER", &server.url),
            ("OUTBOX", server.outbox.to_str().unwrap()),
        ];
        Some(Self {
            script: Script::start(&folder, script, &variables),
            _server: server,
            _folder: folder,
        })
    }

    #[track_caller]
    pub fn answer(&mut self, step: &str) -> Value {
        self.script.answer(step)
    }

    #[track_caller]
    pub fn error(&mut self, step: &str) -> Value {
        let mut line = self.script.next(step);
        assert!(line.get("error").is_some(), "{line}");
        line["error"].take()
    }

    #[track_caller]
    pub fn refused(&mut self, step: &str, class: &str, refusal: Refusal) {
        let error = self.error(step);
        assert_eq!(error["retryAfter"], Value::Null, "{error}");
        is(&error, class, refusal);
    }

    /// A refusal with `Retry-After`: `period` seconds after the last charge.
    #[track_caller]
    pub fn refused_for_now(&mut self, step: &str, class: &str, refusal: Refusal, period: u64) {
        let error = self.error(step);
        is(&error, class, refusal);
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
    pub fn ends(self) {
        self.script.end();
    }
}

#[track_caller]
fn is(error: &Value, class: &str, (status, code, description): Refusal) {
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
