//! Every curl request of Auth0's guide "Enroll and Challenge SMS and Voice Authenticators", verbatim,
//! against the program, and every response of the guide.

#[path = "common/server.rs"]
mod server;

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;
use server::Server;

const REQUESTS: &str = include_str!("guide/requests.sh");
/// The guide explains the `mfa_token` on another page.
const SIGN_IN: &str = "curl --request POST \
  --url 'https://{yourDomain}/oauth/token' \
  --data grant_type=password --data 'client_id={yourClientId}' \
  --data 'client_secret={yourClientSecret}' --data username=alice@example.com \
  --data 'password=correct horse battery staple' --data 'scope=openid profile'";
const PHONE: &str = "+14155558730";
const DEVICE: &str = "dev_NU1Ofuw3Cw0XCt5x";

#[test]
fn the_requests_of_the_guide_get_its_responses() {
    Guide::new("").walk();
}

#[test]
fn the_requests_of_the_guides_snippets_are_answered_too() {
    Guide::new(", from a snippet").walk();
}

#[test]
fn the_parameter_names_of_the_guides_table_are_accepted() {
    let mut guide = Guide::new("");
    guide.sign_in();
    let request = request("associate")
        .replace("authenticator_types", "authentication_types")
        .replace("sms", "voice");
    let answer = guide.ask(&request);
    let (recovery_code, oob_code) = (answer.text("/recovery_codes/0"), answer.text("/oob_code"));
    answer.is(
        200,
        &format!(
            r#"{{"authenticator_type":"oob","binding_method":"prompt","recovery_codes":["{recovery_code}"],"oob_channel":"voice","oob_code":"{oob_code}"}}"#
        ),
    );
    guide.oob_code = oob_code;
    guide.asks_for_tokens("confirm");
}

/// A walk through the guide, with the values of its placeholders.
struct Guide {
    variant: &'static str,
    folder: tempfile::TempDir,
    server: Server,
    mfa_token: String,
    oob_code: String,
    device: String,
}

impl Guide {
    fn new(variant: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Keeps the requests verbatim, and the output only the response.
        fs::write(
            folder.path().join(".curlrc"),
            "silent\nshow-error\ninclude\n",
        )
        .unwrap();
        let server = Server::start(folder.path(), &[]);
        Self {
            variant,
            folder,
            server,
            mfa_token: String::new(),
            oob_code: String::new(),
            device: DEVICE.to_owned(),
        }
    }

    fn walk(mut self) {
        self.sign_in();
        let answer = self.asks("associate");
        let (recovery_code, oob_code) =
            (answer.text("/recovery_codes/0"), answer.text("/oob_code"));
        let alphabet = |letter| b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ".contains(&letter);
        assert!(
            recovery_code.len() == 24 && recovery_code.bytes().all(alphabet),
            "{answer:?}"
        );
        answer.is(
            200,
            &format!(
                r#"{{"authenticator_type":"oob","binding_method":"prompt","recovery_codes":["{recovery_code}"],"oob_channel":"sms","oob_code":"{oob_code}"}}"#
            ),
        );
        self.oob_code = oob_code;
        self.asks_for_tokens("confirm");

        self.sign_in();
        self.asks("associate").is(
            403,
            r#"{"error":"access_denied","error_description":"User is already enrolled."}"#,
        );
        let answer = self.asks("list");
        let recovery = answer.text("/0/id");
        let device = answer.text("/1/id").replacen("sms|", "", 1);
        for id in [
            recovery.strip_prefix("recovery-code|").unwrap(),
            device.as_str(),
        ] {
            let (prefix, rest) = id.split_at(4);
            let letters = |byte: u8| byte.is_ascii_alphanumeric();
            assert!(
                prefix == "dev_" && rest.len() == 16 && rest.bytes().all(letters),
                "{id}"
            );
        }
        // The guide is older than the `type` at the end of each entry.
        answer.is(
            200,
            &format!(
                r#"[{{"id":"{recovery}","authenticator_type":"recovery-code","active":true,"type":"recovery-code"}},{{"id":"sms|{device}","authenticator_type":"oob","active":true,"oob_channel":"sms","name":"XXXXXXXX8730","type":"phone"}},{{"id":"voice|{device}","authenticator_type":"oob","active":true,"oob_channel":"voice","name":"XXXXXXXX8730","type":"phone"}}]"#
            ),
        );
        self.device = device;
        let answer = self.asks("challenge");
        let oob_code = answer.text("/oob_code");
        answer.is(
            200,
            &format!(
                r#"{{"challenge_type":"oob","oob_code":"{oob_code}","binding_method":"prompt"}}"#
            ),
        );
        self.oob_code = oob_code;
        self.asks_for_tokens("answer");
    }

    fn sign_in(&mut self) {
        let answer = self.ask(SIGN_IN);
        assert_eq!(answer.status, 403, "{answer:?}");
        assert_eq!(answer.text("/error"), "mfa_required");
        self.mfa_token = answer.text("/mfa_token");
    }

    #[track_caller]
    fn asks_for_tokens(&self, name: &str) {
        let answer = self.asks(name);
        let (id_token, access_token) = (answer.text("/id_token"), answer.text("/access_token"));
        for token in [&id_token, &access_token] {
            assert!(token.starts_with("eyJ"), "{token}");
            assert_eq!(token.split('.').count(), 3, "{token}");
        }
        answer.is(
            200,
            &format!(
                r#"{{"id_token":"{id_token}","access_token":"{access_token}","expires_in":600,"scope":"openid profile","token_type":"Bearer"}}"#
            ),
        );
    }

    fn asks(&self, name: &str) -> Answer {
        self.ask(&request(&format!("{name}{}", self.variant)))
    }

    /// Runs a command with the values of its placeholders.
    fn ask(&self, command: &str) -> Answer {
        let code = match fs::exists(&self.server.outbox) {
            Ok(true) if command.contains("binding_code") => self.server.sent_code(),
            _ => String::new(),
        };
        let mut command = command
            .replace("https://{yourDomain}", &self.server.url)
            .replace("+11...9", PHONE)
            .replace(DEVICE, &self.device)
            .replace("=USER_OTP_CODE", &format!("={code}"))
            .replace(" MFA_TOKEN'", &format!(" {}'", self.mfa_token));
        for (name, value) in [
            ("yourClientId", "demo"),
            ("yourClientSecret", "demo-secret"),
            ("mfaToken", &self.mfa_token),
            ("oobCode", &self.oob_code),
            ("userOtpCode", &code),
        ] {
            command = command
                .replace(&format!("{{{name}}}"), value)
                .replace(&format!("%7B{name}%7D"), value);
        }
        let output = Command::new("bash")
            .args(["-c", &command])
            .env("CURL_HOME", self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("bash and curl are needed to run the guide");
        let printed = String::from_utf8(output.stdout).unwrap();
        let (head, body) = printed.split_once("\r\n\r\n").unwrap_or_else(|| {
            panic!(
                "{command}\n{printed}{}",
                String::from_utf8_lossy(&output.stderr)
            )
        });
        Answer {
            status: head.split(' ').nth(1).unwrap().parse().unwrap(),
            head: head.to_owned(),
            body: body.to_owned(),
        }
    }
}

/// A request by its name.
fn request(name: &str) -> String {
    let (_, request) = REQUESTS.split_once(&format!("\n# {name}\n")).unwrap();
    request.split("\n\n").next().unwrap().to_owned()
}

#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    /// The text at a JSON pointer.
    #[track_caller]
    fn text(&self, pointer: &str) -> String {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        let text = body.pointer(pointer).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no {pointer}: {self:?}"))
            .to_owned()
    }

    #[track_caller]
    fn is(&self, status: u16, body: &str) {
        assert_eq!((self.status, self.body.as_str()), (status, body));
        let head = self.head.to_ascii_lowercase();
        for header in [
            "content-type: application/json",
            "cache-control: no-store",
            "pragma: no-cache",
        ] {
            assert!(head.lines().any(|line| line == header), "{head}");
        }
    }
}
