//! Runs the curl lines of the server's README verbatim against the program.

#[path = "common/server.rs"]
mod server;

use std::process::{Command, Stdio};

use server::Server;

const README: &str = include_str!("../README.md");

/// Replaces a person: reads the code from the outbox.
const PERSON: &str = r#"
set -euo pipefail
read() { CODE=$(tail -n 1 "$OUTBOX" | sed -n 's/.*"code":"\([0-9]*\)".*/\1/p'); }
"#;

#[test]
fn the_curl_lines_of_the_readme_lead_from_mfa_required_to_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);

    let script = curl_lines().replace("http://127.0.0.1:8080", &server.url);
    let output = Command::new("bash")
        .args(["-c", &format!("{PERSON}{script}")])
        .env("OUTBOX", &server.outbox)
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

/// All shell blocks of the chapter with the guide's requests.
fn curl_lines() -> String {
    let (_, chapter) = README
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

#[test]
fn the_example_servers_have_at_most_the_lines_that_the_readme_says() {
    let (_, chapter) = README.split_once("| lines | part |").unwrap();
    let (table, rest) = chapter.split_once("\n\n").unwrap();
    let (_, rest) = rest.split_once("```sh\n").unwrap();
    let (command, _) = rest.split_once("```").unwrap();
    let output = Command::new("bash")
        .args(["-c", &format!("set -euo pipefail\n{command}")])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let number = |text: &str| text.trim().parse::<u32>().unwrap();

    let rows = table.lines().skip(2);
    let limits: Vec<u32> = rows
        .map(|row| number(row.split('|').nth(1).unwrap()))
        .collect();
    let counted: Vec<u32> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(number)
        .collect();

    assert_eq!(limits.len(), 7);
    assert_eq!(counted.len(), limits.len());
    for (counted, limit) in counted.iter().zip(&limits) {
        assert!(counted <= limit, "{counted} lines, {limit} written");
    }
}
