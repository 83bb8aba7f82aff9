//! The program as it is started: flags, exit codes, files, the demonstration, and its log.
#![cfg(unix)]

#[path = "common/words.rs"]
mod words;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use words::{MFA_OOB, PASSWORD, PHONE};

fn program(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oob-mfa-server"));
    command.current_dir(directory).env_clear();
    command
}

fn run(directory: &Path, arguments: &[&str]) -> Output {
    program(directory).args(arguments).output().unwrap()
}

struct Running {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    log: String,
    url: String,
}

impl Running {
    fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut log = String::new();
        let url = loop {
            let from = log.len();
            assert_ne!(stderr.read_line(&mut log).unwrap(), 0, "it ended: {log}");
            if let Some((_, rest)) = log[from..].split_once("address=") {
                break format!("http://{}", rest.split_whitespace().next().unwrap());
            }
        };
        Self {
            child,
            stderr,
            log,
            url,
        }
    }

    /// Sends SIGTERM: everything it wrote to standard output, and its log.
    fn stop(mut self) -> (String, String) {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .unwrap()
                .success()
        );
        let mut output = String::new();
        self.child
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut output)
            .unwrap();
        self.stderr.read_to_string(&mut self.log).unwrap();
        assert!(self.child.wait().unwrap().success(), "{}", self.log);
        (output, self.log)
    }

    fn post(&self, path: &str, bearer: &str, body: &Value) -> Value {
        let agent: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .build()
            .into();
        let mut answer = agent
            .post(format!("{}{path}", self.url))
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {bearer}"))
            .send(body.to_string())
            .unwrap();
        serde_json::from_str(&answer.body_mut().read_to_string().unwrap()).unwrap()
    }

    fn login(&self) -> String {
        let body = json!({
            "grant_type": "password", "client_id": "demo", "client_secret": "demo-secret",
            "username": "alice@example.com", "password": PASSWORD,
        });
        self.post("/oauth/token", "", &body)["mfa_token"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

#[test]
fn help_names_every_flag_and_its_environment_variable() {
    let directory = tempfile::tempdir().unwrap();
    let help = run(directory.path(), &["--help"]);
    assert!(help.status.success());
    let help = String::from_utf8(help.stdout).unwrap();
    for name in ["listen", "store", "config", "outbox", "key-file"] {
        assert!(help.contains(&format!("--{name}")), "{help}");
        let variable = name.to_uppercase().replace('-', "_");
        assert!(help.contains(&format!("OOB_MFA_{variable}")), "{help}");
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_mistake_is_named_and_exits_with_2() {
    let directory = tempfile::tempdir().unwrap();
    let config = directory.path().join("config.toml");
    fs::write(&config, "[policy]\ncode_digits = 4\n").unwrap();
    for (arguments, expected) in [
        (&["--store", "file:x"][..], "--store: a store is redb:PATH"),
        (
            &["--store", "postgres://me:hunter2@db/x?sslmode=require"],
            "--store: this server speaks to PostgreSQL without TLS",
        ),
        (&["--listen", "nowhere"], "--listen"),
        (&["--colour"], "--colour"),
        (&["--config", "absent.toml"], "absent.toml"),
        (
            &["--config", "config.toml"],
            "config.toml: policy: a binding code has 6 to 8 digits",
        ),
    ] {
        let failed = run(directory.path(), arguments);
        assert_eq!(failed.status.code(), Some(2), "{arguments:?}");
        let error = String::from_utf8(failed.stderr).unwrap();
        assert!(error.contains(expected), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn what_keeps_it_from_starting_exits_with_1() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("oob-mfa.key"), "short").unwrap();
    let failed = run(directory.path(), &[]);
    assert_eq!(failed.status.code(), Some(1));
    let error = String::from_utf8(failed.stderr).unwrap();
    assert!(
        error.contains("oob-mfa.key: a key file has the lists engine, rs256 and es256"),
        "{error}"
    );
}

#[test]
fn every_file_is_made_for_its_owner_alone_and_an_open_one_is_warned_of_by_name() {
    const FILES: [&str; 3] = ["oob-mfa.key", "oob-mfa.redb", "outbox.jsonl"];
    let directory = tempfile::tempdir().unwrap();
    let start = || {
        let mut command = program(directory.path());
        // As if the shell let others read what it makes.
        command.args(["--listen", "127.0.0.1:0", "--outbox", "outbox.jsonl"]);
        Running::start(command).stop().1
    };
    let log = start();
    assert!(!log.contains("others than its owner"), "{log}");
    for file in FILES {
        let path = directory.path().join(file);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    }
    let log = start();
    for file in FILES {
        let warned = log.lines().any(|line| {
            line.contains("WARN") && line.contains("others than its owner") && line.contains(file)
        });
        assert!(warned, "{file}: {log}");
        // It is the owner's, who may mean it.
        let mode = fs::metadata(directory.path().join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o640, "{file}");
    }
}

#[test]
fn a_key_file_that_is_missing_while_there_are_accounts_is_not_made_anew() {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("oob-mfa.key");
    let start = || {
        let mut command = program(directory.path());
        command.args(["--listen", "127.0.0.1:0"]);
        Running::start(command)
    };
    // Without an account it is made anew.
    start().stop();
    fs::remove_file(&key).unwrap();
    let server = start();
    let token = server.login();
    let body = json!({
        "authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": PHONE,
    });
    server.post("/mfa/associate", &token, &body);
    server.stop();
    fs::rename(&key, directory.path().join("elsewhere")).unwrap();

    let failed = program(directory.path())
        .args(["--listen", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn();
    let mut failed = failed.unwrap();
    // One that starts would not end by itself.
    let begun = Instant::now();
    while failed.try_wait().unwrap().is_none() && begun.elapsed() < Duration::from_secs(20) {
        thread::sleep(Duration::from_millis(10));
    }
    let _ = failed.kill();
    let failed = failed.wait_with_output().unwrap();
    assert_eq!(failed.status.code(), Some(1));
    let error = String::from_utf8(failed.stderr).unwrap();
    let expected = "oob-mfa.key: the key file is missing, and the store has accounts";
    assert!(error.contains(expected), "{error}");
    assert!(!key.exists());
    fs::rename(directory.path().join("elsewhere"), &key).unwrap();
    start().stop();
}

#[test]
fn a_configuration_by_which_nobody_can_add_a_phone_is_warned_of() {
    const WARNING: &str = "no client has manages_factors";
    let directory = tempfile::tempdir().unwrap();
    let issuer = "issuer = \"https://login.example.com/\"\n[[clients]]\nid = \"a\"\n";
    let by_name = "audiences = [\"https://login.example.com/mfa/\"]\nscopes = [\"enroll\"]\n";
    for (lines, warned) in [
        ("", true),
        ("manages_factors = true\n", false),
        (by_name, false),
        ("audiences = [\"https://login.example.com/mfa\"]\n", true),
    ] {
        fs::write(
            directory.path().join("config.toml"),
            format!("{issuer}{lines}"),
        )
        .unwrap();
        let mut command = program(directory.path());
        command.args(["--listen", "127.0.0.1:0", "--config", "config.toml"]);
        let (_, log) = Running::start(command).stop();
        assert_eq!(log.contains(WARNING), warned, "{lines}: {log}");
    }
}

/// Neither where it is read from the environment, nor where the store cannot be reached.
#[test]
fn the_password_of_a_store_is_never_printed() {
    let directory = tempfile::tempdir().unwrap();
    // A port that was free, and where nobody listens.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = nobody.local_addr().unwrap();
    drop(nobody);
    for (scheme, expected) in [
        ("postgres", "error: PostgreSQL: the store is unavailable"),
        ("redis", "error: Redis: the store is unavailable"),
    ] {
        let with_url = |arguments: &[&str], url: String| {
            let mut command = program(directory.path());
            command.env("OOB_MFA_STORE", url).args(arguments);
            let output = command.output().unwrap();
            let printed = [output.stdout, output.stderr].concat();
            (output.status.code(), String::from_utf8(printed).unwrap())
        };
        let url = format!("{scheme}://me:hunter2@{address}/0");
        let (code, help) = with_url(&["--help"], url.clone());
        assert_eq!(code, Some(0));
        assert!(
            help.contains("OOB_MFA_STORE") && !help.contains("hunter2"),
            "{help}"
        );

        let (code, printed) = with_url(&["--listen", "127.0.0.1:0"], url);
        assert_eq!(code, Some(1), "{printed}");
        assert!(printed.contains(expected), "{printed}");
        assert!(
            printed.contains("refused") && !printed.contains("hunter2"),
            "{printed}"
        );

        let (code, printed) = with_url(&[], format!("{scheme}://me:hunter2@127.0.0.1:port/0"));
        assert_eq!(code, Some(2), "{printed}");
        assert!(!printed.contains("hunter2"), "{printed}");
    }
}

#[test]
fn the_demonstration_keeps_its_accounts_and_logs_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = program(directory.path());
    command.env("OOB_MFA_LISTEN", "127.0.0.1:0");
    let server = Running::start(command);
    let token = server.login();
    let body = json!({
        "authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": PHONE,
    });
    let associated = server.post("/mfa/associate", &token, &body);
    server.post(
        "/mfa/challenge",
        &token,
        &json!({ "client_id": "demo-public" }),
    );
    let client = json!({ "client_id": "demo", "client_secret": "demo-secret" });
    server.post("/mfa/challenge", &token, &client);
    let (output, log) = server.stop();

    // The code is printed where a provider would send it, and the log has what happened.
    let message: Value = serde_json::from_str(output.trim_end()).unwrap();
    assert_eq!(message["to"], PHONE);
    let code = message["code"].as_str().unwrap();
    assert!(log.contains(r#" event="code_issued" "#), "{log}");
    // A refusal by its name, with the user where the session was opened.
    assert!(
        log.contains(r#" denied="token_of_another_client""#),
        "{log}"
    );
    let refused = r#" subject=auth0|alice denied="not_enrolled""#;
    assert!(log.contains(refused), "{log}");
    assert!(
        log.contains("alice@example.com, password: correct horse battery staple"),
        "{log}"
    );
    let oob_code = associated["oob_code"].as_str().unwrap();
    let recovery_code = associated["recovery_codes"][0].as_str().unwrap();
    let (_, after_notice) = log.split_once("listening").unwrap();
    for secret in [
        code,
        &token,
        oob_code,
        recovery_code,
        PHONE,
        PASSWORD,
        "demo-secret",
    ] {
        assert!(!after_notice.contains(secret), "{secret}: {log}");
    }
    let key = fs::metadata(directory.path().join("oob-mfa.key")).unwrap();
    assert_eq!(key.permissions().mode() & 0o777, 0o600);

    // Another process, the same files: token and code of the first are good, and messages go to a file.
    let mut command = program(directory.path());
    command.args(["--listen", "127.0.0.1:0", "--outbox", "outbox.jsonl"]);
    let config = include_str!("../config.example.toml");
    fs::write(directory.path().join("config.toml"), config).unwrap();
    command.args(["--config", "config.toml"]);
    let server = Running::start(command);
    let body = json!({
        "grant_type": MFA_OOB, "client_id": "demo", "client_secret": "demo-secret",
        "mfa_token": token, "oob_code": oob_code, "binding_code": code,
    });
    let answer = server.post("/oauth/token", "", &body);
    assert!(answer["access_token"].is_string(), "{answer}");
    let token = server.login();
    for _ in 0..2 {
        let body = json!({
            "client_id": "demo", "client_secret": "demo-secret", "mfa_token": token,
        });
        server.post("/mfa/challenge", "", &body);
    }
    let (output, log) = server.stop();
    assert_eq!(output, "");
    assert!(!log.contains("demonstration"), "{log}");
    let outbox = directory.path().join("outbox.jsonl");
    assert_eq!(
        fs::metadata(&outbox).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let lines = fs::read_to_string(outbox).unwrap();
    let messages: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(messages.len(), 2);
    for message in messages {
        let code = message["code"].as_str().unwrap();
        assert_eq!(
            message["text"],
            format!("{code} is your Example code. Do not share it.\n\n@login.example.com #{code}")
        );
    }
}
