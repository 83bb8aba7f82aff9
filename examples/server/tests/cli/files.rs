//! The files of the program, and who can open them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use crate::common::PHONE;
use crate::{program, start};

#[test]
fn every_file_is_private_to_its_owner_and_an_open_one_causes_a_warning() {
    const FILES: [&str; 3] = ["oob-mfa.key", "oob-mfa.redb", "outbox.jsonl"];
    let directory = tempfile::tempdir().unwrap();
    let start = || {
        let mut command = program(directory.path());
        // A permissive umask of the shell.
        command.args(["--listen", "127.0.0.1:0", "--outbox", "outbox.jsonl"]);
        crate::start(&mut command).process.terminate()
    };
    let log = start();
    assert!(!log.contains("users other than the owner"), "{log}");
    for file in FILES {
        let path = directory.path().join(file);
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    }
    let log = start();
    for file in FILES {
        let warned = log.lines().any(|line| {
            line.contains("WARN")
                && line.contains("users other than the owner")
                && line.contains(file)
        });
        assert!(warned, "{file}: {log}");
        // The mode is the owner's choice.
        let mode = fs::metadata(directory.path().join(file))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o640, "{file}");
    }
}

#[test]
fn a_missing_key_file_is_not_recreated_while_there_are_accounts() {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("oob-mfa.key");
    let start = || start(program(directory.path()).args(["--listen", "127.0.0.1:0"]));
    // Without an account, a new one is created.
    start().process.terminate();
    fs::remove_file(&key).unwrap();
    let mut server = start();
    let token = server.client.login();
    server.client.associate(&token, "sms", PHONE).ok();
    server.process.terminate();
    fs::rename(&key, directory.path().join("elsewhere")).unwrap();

    let failed = program(directory.path())
        .args(["--listen", "127.0.0.1:0"])
        .stderr(Stdio::piped())
        .spawn();
    let mut failed = failed.unwrap();
    // A program that starts would not end.
    let begun = Instant::now();
    while failed.try_wait().unwrap().is_none() && begun.elapsed() < Duration::from_secs(20) {
        thread::sleep(Duration::from_millis(10));
    }
    let _ = failed.kill();
    let failed = failed.wait_with_output().unwrap();
    assert_eq!(failed.status.code(), Some(1));
    let error = String::from_utf8(failed.stderr).unwrap();
    let expected =
        "oob-mfa.key: the key file is missing, but the store has accounts: restore the key file";
    assert!(error.contains(expected), "{error}");
    assert!(!key.exists());
    fs::rename(directory.path().join("elsewhere"), &key).unwrap();
    start().process.terminate();
}
