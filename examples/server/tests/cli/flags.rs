//! Flags, exit codes, and the errors for mistakes.

use std::fs;

use crate::{program, run, start};

#[test]
fn help_names_every_flag_and_its_environment_variable() {
    let directory = tempfile::tempdir().unwrap();
    let help = run(directory.path(), &["--help"]);
    assert!(help.status.success());
    let help = String::from_utf8(help.stdout).unwrap();
    for name in [
        "listen",
        "admin-listen",
        "log",
        "store",
        "config",
        "outbox",
        "key-file",
    ] {
        assert!(help.contains(&format!("--{name}")), "{help}");
        let variable = name.to_uppercase().replace('-', "_");
        assert!(help.contains(&format!("OOB_MFA_{variable}")), "{help}");
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_failure_to_start_exits_with_1() {
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
fn a_configuration_that_lets_no_client_add_a_phone_causes_a_warning() {
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
        let log = start(&mut command).process.terminate();
        assert_eq!(log.contains(WARNING), warned, "{lines}: {log}");
    }
}

/// Not from the environment, and not if the store cannot be reached.
#[test]
fn the_password_of_a_store_is_never_printed() {
    let directory = tempfile::tempdir().unwrap();
    // A free port.
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
