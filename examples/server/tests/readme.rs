//! The curl lines of the README, run as they stand against the server as it is started.

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What stands in for a person: the code is read from the outbox instead of typed.
const PERSON: &str = r#"
set -euo pipefail
read() { CODE=$(tail -n 1 "$OUTBOX" | sed -n 's/.*"code":"\([0-9]*\)".*/\1/p'); }
"#;

#[test]
fn the_curl_lines_of_the_readme_lead_from_mfa_required_to_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = folder.path().join("outbox.jsonl");
    let server = Server::start(folder.path(), &outbox);

    let script = curl_lines().replace("http://127.0.0.1:8080", &server.url());
    let output = Command::new("bash")
        .args(["-c", &format!("{PERSON}{script}")])
        .env("OUTBOX", &outbox)
        .stdin(Stdio::null())
        .output()
        .expect("bash and curl are needed to run the README");
    let printed = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );

    assert!(output.status.success(), "{printed}");
    for (expected, times) in [
        (r#""error":"mfa_required""#, 2),
        (r#""recovery_codes":["#, 1),
        (r#""challenge_type":"oob""#, 1),
        (r#""name":"XXXXXXXX8730""#, 2),
        (r#""id_token":""#, 2),
        (r#""access_token":""#, 2),
        (r#""token_type":"Bearer""#, 2),
    ] {
        assert_eq!(
            printed.matches(expected).count(),
            times,
            "{expected} in {printed}"
        );
    }
}

/// Every shell block of the chapter with the guide's requests, joined.
fn curl_lines() -> String {
    let readme = include_str!("../../../README.md");
    let (_, chapter) = readme
        .split_once("## The guide's requests, with curl")
        .unwrap();
    let (chapter, _) = chapter.split_once("\n## ").unwrap();
    let blocks = chapter.split("```sh\n").skip(1);
    let script: String = blocks
        .map(|block| block.split_once("```").unwrap().0)
        .collect();
    assert_eq!(script.matches("curl -s").count(), 6, "{script}");
    script
}

struct Server {
    process: Child,
    port: u16,
}

impl Server {
    fn start(folder: &Path, outbox: &Path) -> Self {
        // The port was free a moment ago; nothing else on the machine is asked to take it.
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let process = Command::new(env!("CARGO_BIN_EXE_oob-mfa-server"))
            .args(["--listen", &format!("127.0.0.1:{port}")])
            .args([
                "--store",
                &format!("redb:{}", folder.join("accounts.redb").display()),
            ])
            .args(["--key-file", &folder.join("key").display().to_string()])
            .args(["--outbox", &outbox.display().to_string()])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut server = Self { process, port };
        let patience = Instant::now() + Duration::from_secs(60);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let ended = server.process.try_wait().unwrap();
            assert!(
                ended.is_none() && Instant::now() < patience,
                "{}",
                server.stderr()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        server
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn stderr(&mut self) -> String {
        let _ = self.process.kill();
        let mut text = String::new();
        let _ = self
            .process
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut text);
        text
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
