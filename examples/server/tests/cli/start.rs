//! The log lines of a start, the addresses, and the form of the log.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::{program, run};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

#[test]
fn the_first_lines_say_what_was_made_and_where() {
    let directory = tempfile::tempdir().unwrap();
    let start = |outbox: &[&str]| {
        let mut command = program(directory.path());
        command
            .env("OOB_MFA_ADMIN_TOKENS", format!("ann:{TOKEN}"))
            .args(["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"])
            .args(outbox);
        let mut process = crate::start(&mut command).process;
        let log = process.terminate();
        assert!(!log.contains(TOKEN), "{log}");
        (process.address, log)
    };
    let says = |log: &str, expected: &[&str]| {
        for expected in expected {
            assert!(log.contains(expected), "{expected}: {log}");
        }
    };
    let (address, log) = start(&[]);
    let listening = format!("listening address={address} issuer=\"http://{address}/\"");
    let made = [
        "user    alice@example.com, password: correct horse battery staple",
        "key file created: keep a copy. Without it, pending codes and tokens are invalid path=oob-mfa.key",
        "store created path=oob-mfa.redb",
        "messages go to standard output",
        "administration and /metrics at=127.0.0.1:",
        &listening,
    ];
    says(&log, &made);
    let (_, log) = start(&["--outbox", "outbox.jsonl"]);
    let opened = [
        "key file read path=oob-mfa.key",
        "store opened path=oob-mfa.redb",
        "messages go to a file path=outbox.jsonl",
    ];
    says(&log, &opened);
    assert!(!log.contains(" made"), "{log}");
}

#[test]
fn a_host_name_is_listened_on() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = program(directory.path());
    command.args(["--listen", "localhost:0"]);
    let mut running = crate::start(&mut command);
    assert!(!running.client.login().is_empty());
    running.process.terminate();
}

#[test]
fn an_unknown_host_name_is_named() {
    let directory = tempfile::tempdir().unwrap();
    // RFC 6761 section 6.4.
    let nobody = "nobody.invalid:8080";
    let admin = ["--listen", "127.0.0.1:0", "--admin-listen", nobody];
    for arguments in [&["--listen", nobody][..], &admin] {
        let mut command = program(directory.path());
        command.env("OOB_MFA_ADMIN_TOKENS", format!("ann:{TOKEN}"));
        command.args(arguments);
        let failed = command.output().unwrap();
        assert_eq!(failed.status.code(), Some(1));
        let error = String::from_utf8(failed.stderr).unwrap();
        assert!(error.contains("error: nobody.invalid:8080: "), "{error}");
    }
}

#[test]
fn the_log_is_an_object_per_line_where_asked_for() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = program(directory.path());
    command.args([
        "--listen",
        "127.0.0.1:0",
        "--log",
        "json",
        "--config",
        "config.toml",
    ]);
    let config = include_str!("../../config.example.toml");
    fs::write(directory.path().join("config.toml"), config).unwrap();
    let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(child.stderr.take().unwrap());
    let mut lines: Vec<Value> = Vec::new();
    while lines
        .last()
        .is_none_or(|line| line["fields"]["message"] != "listening")
    {
        let mut line = String::new();
        assert_ne!(log.read_line(&mut line).unwrap(), 0);
        lines.push(serde_json::from_str(&line).unwrap());
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let issuer = &lines.last().unwrap()["fields"]["issuer"];
    assert_eq!(issuer, "https://login.example.com/");

    let refused = run(directory.path(), &["--log", "xml"]);
    assert_eq!(refused.status.code(), Some(2));
}
