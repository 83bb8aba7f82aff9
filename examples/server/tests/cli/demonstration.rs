//! The demonstration, from one process to the next, and its log.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::{Value, json};

use crate::common::process::Process;
use crate::common::site::Running;
use crate::common::*;
use crate::program;

#[test]
fn the_demonstration_stores_its_accounts_and_logs_no_secret() {
    let directory = tempfile::tempdir().unwrap();
    let printed = directory.path().join("printed");
    let start = |command: &mut Command| {
        let output = File::create(&printed).unwrap();
        Running::of(Process::start_printing_to(command, output.into()))
    };
    let stop = |mut server: Running| {
        let log = server.process.terminate();
        (fs::read_to_string(&printed).unwrap(), log)
    };
    let mut command = program(directory.path());
    command.env("OOB_MFA_LISTEN", "127.0.0.1:0");
    let server = start(&mut command);
    let token = server.client.login();
    let associated = server.client.associate(&token, "sms", PHONE).ok();
    let other = json!({ "client_id": "demo-public", "client_secret": null });
    server.client.challenge(&token, &other);
    server.client.challenge(&token, &json!({}));
    let (output, log) = stop(server);

    // The code is printed instead of sent, and the log has the events.
    let message: Value = serde_json::from_str(output.trim_end()).unwrap();
    assert_eq!(message["to"], PHONE);
    let code = message["code"].as_str().unwrap();
    assert!(log.contains(r#" event="code_issued" "#), "{log}");
    // A refusal has its name, and the user if the session was opened.
    assert!(
        log.contains(r#" denied="token_of_another_client""#),
        "{log}"
    );
    let refused = r#" subject="auth0|alice" denied="not_enrolled""#;
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

    // Another process with the same files: token and code of the first are valid, and messages go to a
    // file.
    let mut command = program(directory.path());
    command.args(["--listen", "127.0.0.1:0", "--outbox", "outbox.jsonl"]);
    let config = include_str!("../../config.example.toml");
    fs::write(directory.path().join("config.toml"), config).unwrap();
    command.args(["--config", "config.toml"]);
    let server = start(&mut command);
    let answer = server.client.answer(&token, oob_code, code).ok();
    assert!(answer["access_token"].is_string(), "{answer}");
    let token = server.client.login();
    for _ in 0..2 {
        server.client.challenge(&token, &json!({}));
    }
    let (output, log) = stop(server);
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
