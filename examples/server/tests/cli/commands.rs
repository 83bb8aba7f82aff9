//! `hash-password`, `new-keys` and `check-config`.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Output, Stdio};

use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordVerifier};

use oob_mfa_server::keys::{Keys, SigningAlgorithm};

use crate::common::PASSWORD;
use crate::{program, run};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";

fn hash_password(directory: &Path, arguments: &[&str], typed: &str) -> Output {
    let mut child = program(directory)
        .arg("hash-password")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(typed.as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// A configuration with a user whose hash takes other parameters than the default.
fn config_with_a_user(directory: &Path) {
    let hash = "$argon2i$v=19$m=64,t=3,p=2$c2FsdCBvZiB0ZXN0cw$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let config = format!(
        "[[users]]\nemail = \"a@x\"\nsub = \"a\"\npassword_hash = \"{hash}\"\n[[clients]]\nid = \"a\"\n"
    );
    fs::write(directory.join("config.toml"), config).unwrap();
}

#[test]
fn a_password_is_hashed_as_those_of_the_configuration_are() {
    let directory = tempfile::tempdir().unwrap();
    config_with_a_user(directory.path());
    for (arguments, parameters) in [
        (&[][..], "$argon2id$v=19$m=19456,t=2,p=1$"),
        (&["--config", "config.toml"], "$argon2i$v=19$m=64,t=3,p=2$"),
    ] {
        for line_end in ["", "\n", "\r\n"] {
            let typed = format!("{PASSWORD}{line_end}");
            let hashed = hash_password(directory.path(), arguments, &typed);
            assert!(hashed.status.success(), "{hashed:?}");
            assert_eq!(hashed.stderr, b"");
            let hash = String::from_utf8(hashed.stdout).unwrap();
            assert!(hash.starts_with(parameters), "{hash}");
            let hash = PasswordHash::new(hash.strip_suffix('\n').unwrap()).unwrap();
            let verify =
                |password: &str| Argon2::default().verify_password(password.as_bytes(), &hash);
            assert!(verify(PASSWORD).is_ok());
            assert!(verify("another").is_err());
        }
    }
    // The hash has the length of the configuration's, or a start with both would fail.
    let hashed = hash_password(directory.path(), &["--config", "config.toml"], "p\n");
    let hash = String::from_utf8(hashed.stdout).unwrap();
    let path = directory.path().join("config.toml");
    let mut config = fs::read_to_string(&path).unwrap();
    let user = "[[users]]\nemail = \"b@x\"\nsub = \"b\"\n";
    config.push_str(&format!("{user}password_hash = \"{}\"\n", hash.trim_end()));
    fs::write(&path, config).unwrap();
    let checked = run(
        directory.path(),
        &["check-config", "--config", "config.toml"],
    );
    assert!(checked.status.success(), "{checked:?}");
}

#[test]
fn an_empty_password_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    for typed in ["", "\n", "\r\n"] {
        let refused = hash_password(directory.path(), &[], typed);
        assert_eq!(refused.status.code(), Some(2));
        assert_eq!(refused.stdout, b"");
        assert_eq!(refused.stderr, b"error: password: it is empty\n");
    }
}

#[test]
fn check_config_reports_what_a_start_would_find_and_creates_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let checked = run(directory.path(), &["check-config"]);
    assert_eq!(checked.status.code(), Some(0));
    assert_eq!(
        String::from_utf8(checked.stdout).unwrap(),
        "\
configuration   the demonstration
listen          127.0.0.1:8080
administration  off
issuer          http:// and the listen address
store           redb:oob-mfa.redb
key file        oob-mfa.key
outbox          standard output
users           1
clients         2
"
    );
    assert_eq!(checked.stderr, b"");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn check_config_warns_about_probable_mistakes() {
    let directory = tempfile::tempdir().unwrap();
    let key = directory.path().join("oob-mfa.key");
    fs::write(&key, "whatever it holds: it is not opened").unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    fs::write(
        directory.path().join("config.toml"),
        "\
[[clients]]
id = \"a\"
[[clients]]
id = \"long\"
secret = \"hunter2-hunter2-\"
[[clients]]
id = \"short\"
secret = \"hunter2-hunter2\"
",
    )
    .unwrap();
    let check = |arguments: &[&str]| {
        let mut command = program(directory.path());
        command.arg("check-config").args(arguments);
        command.env("OOB_MFA_ADMIN_TOKENS", format!("ann:{TOKEN},bob:{TOKEN}b"));
        let checked = command.output().unwrap();
        assert_eq!(checked.status.code(), Some(0), "{checked:?}");
        let report = String::from_utf8(checked.stdout).unwrap();
        assert!(
            !report.contains(TOKEN) && !report.contains("hunter2"),
            "{report}"
        );
        report
    };
    let warnings = |report: &str| -> Vec<String> {
        let warnings = report
            .lines()
            .filter_map(|line| line.strip_prefix("warning: "));
        warnings.map(str::to_owned).collect()
    };
    let open = "oob-mfa.key: users other than the owner can open this file (mode 640)";
    let report = check(&["--listen", "0.0.0.0:8080", "--admin-listen", "[::]:9090"]);
    assert!(
        report.contains("\nadministration  [::]:9090, for ann, bob\n"),
        "{report}"
    );
    assert_eq!(
        warnings(&report),
        [
            "the demo, whose credentials are public, listens beyond this machine: pass --config",
            "--admin-listen has no TLS and listens beyond this machine: an attacker on the network can read the tokens",
            open,
        ]
    );
    let report = check(&[
        "--config",
        "config.toml",
        "--store",
        "postgres://me:hunter2@db/mfa",
        "--listen",
        "0.0.0.0:8080",
        "--admin-listen",
        "localhost:9090",
    ]);
    assert!(
        report.contains("\nstore           PostgreSQL\n"),
        "{report}"
    );
    assert_eq!(
        warnings(&report),
        [
            "no user: nobody can sign in",
            "no issuer in the configuration: access tokens are valid only for this process",
            "--store has no TLS and is beyond this machine: an attacker on the network can read the numbers and the password",
            "no client has manages_factors: nobody can add a second phone or remove one",
            "client \"short\": a secret of fewer than 16 characters can be guessed: take one from `openssl rand -hex 32`",
            open,
        ]
    );
    // The files did not change.
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
}

#[test]
fn new_keys_are_a_key_file_and_each_time_others() {
    let directory = tempfile::tempdir().unwrap();
    let made = || {
        let made = program(directory.path()).arg("new-keys").output().unwrap();
        assert!(made.status.success(), "{made:?}");
        String::from_utf8(made.stdout).unwrap()
    };
    let [one, other] = [made(), made()];
    for algorithm in [SigningAlgorithm::Rs256, SigningAlgorithm::Es256] {
        Keys::parse(&one, algorithm).unwrap();
    }
    for (one, other) in one.lines().zip(other.lines()).skip(1) {
        assert_ne!(one, other);
    }
    // The folder is unchanged.
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn check_config_exits_with_2_after_a_mistake() {
    let directory = tempfile::tempdir().unwrap();
    let policy = "[policy]\ncode_digits = 4\n";
    for (name, text) in [("config.toml", "colour = 1\n"), ("policy.toml", policy)] {
        fs::write(directory.path().join(name), text).unwrap();
    }
    for (arguments, tokens, expected) in [
        (
            &["--config", "config.toml"][..],
            "",
            "error: config.toml: line 1: unknown field `colour`",
        ),
        (&["--config", "absent.toml"], "", "error: absent.toml: "),
        (
            &["--admin-listen", "127.0.0.1:0"],
            "",
            "error: --admin-listen needs the tokens of operators: set OOB_MFA_ADMIN_TOKENS to NAME:TOKEN",
        ),
        (
            &["--admin-listen", "127.0.0.1:0"],
            "ann:short",
            "error: OOB_MFA_ADMIN_TOKENS: ann: a token has at least 32",
        ),
        (&["--listen", "8080"], "", "it must be HOST:PORT"),
        (&["--store", "file:x"], "", "--store: a store is redb:PATH"),
        (
            &["--store", "postgres://me:hunter2@db/x?sslmode=prefer"],
            "",
            "--store: sslmode=prefer falls back to plaintext",
        ),
        (&["--listen", "nowhere"], "", "--listen"),
        (&["--colour"], "", "--colour"),
        (
            &["--config", "policy.toml"],
            "",
            "policy.toml: policy: code_digits must be 6 to 8",
        ),
    ] {
        // A start reports the same.
        for command in [&["check-config"][..], &[]] {
            let mut program = program(directory.path());
            program.args(command).args(arguments);
            let failed = program
                .env("OOB_MFA_ADMIN_TOKENS", tokens)
                .output()
                .unwrap();
            assert_eq!(failed.status.code(), Some(2), "{failed:?}");
            assert_eq!(failed.stdout, b"");
            let error = String::from_utf8(failed.stderr).unwrap();
            assert!(error.contains(expected), "{error}");
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
}
