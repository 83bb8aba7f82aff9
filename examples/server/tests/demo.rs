//! Who gets the demo page, which shows every code.

#[path = "common/server.rs"]
mod server;

use std::fs;

use oob_mfa_walk::answer::Answer;
use oob_mfa_walk::client::Client;
use oob_mfa_walk::refusal::NO_ENDPOINT;
use server::Server;

const PATHS: [&str; 7] = [
    "/",
    "/demo/live",
    "/demo/app.js",
    "/demo/view.js",
    "/demo/wire.js",
    "/demo/style.css",
    "/demo/icon.svg",
];

/// The answer to a request that names a host.
fn ask(server: &Server, method: &str, path: &str, host: &str) -> Answer {
    let address = server.url.strip_prefix("http://").unwrap();
    let address = address.replace("0.0.0.0", "127.0.0.1");
    let client = Client::of(address.parse().unwrap());
    client.send(method, path, &[("host", host)], "")
}

#[track_caller]
fn has_no_page(server: &Server) {
    for path in PATHS {
        let answer = ask(server, "GET", path, "localhost");
        answer.refused(NO_ENDPOINT);
    }
    assert_eq!(ask(server, "GET", "/healthz", "localhost").status, 200);
}

#[test]
fn a_server_with_a_configuration_has_no_page() {
    let folder = tempfile::tempdir().unwrap();
    let config = include_str!("../config.example.toml");
    fs::write(folder.path().join("config.toml"), config).unwrap();
    has_no_page(&Server::start(folder.path(), &["--config", "config.toml"]));
}

#[test]
fn a_demonstration_that_others_can_reach_has_no_page() {
    let folder = tempfile::tempdir().unwrap();
    has_no_page(&Server::start(folder.path(), &["--listen", "0.0.0.0:0"]));
}

#[test]
fn the_page_is_served_only_under_loopback_names() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]);
    for path in PATHS {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "127.0.0.1:8080",
            "[::1]:8080",
        ] {
            let answer = ask(&server, "GET", path, host);
            assert_eq!(answer.status, 200, "{path} {host}");
            for (name, value) in [
                ("cache-control", "no-store"),
                ("x-content-type-options", "nosniff"),
                ("cross-origin-resource-policy", "same-origin"),
            ] {
                assert_eq!(answer.header(name), Some(value), "{path}: {answer:?}");
            }
            let policy = answer.header("content-security-policy").unwrap();
            let last = "form-action 'none'; base-uri 'none'; frame-ancestors 'none'";
            assert!(policy.ends_with(last), "{policy}");
            let mut names = answer.headers.keys();
            assert!(!names.any(|name| name.starts_with("access-control-")));
        }
        // A name of another site that resolves to this machine.
        for host in [
            "evil.example",
            "localhost.evil.example",
            "0.0.0.0:8080",
            "192.0.2.1",
            "",
        ] {
            let answer = ask(&server, "GET", path, host);
            assert_eq!(answer.status, 421, "{path} {host}");
            let told = "answers only requests to localhost and loopback addresses.\n";
            assert!(answer.body.ends_with(told), "{answer:?}");
        }
        let answer = ask(&server, "POST", path, "localhost");
        assert_eq!(answer.status, 405, "{path}");
    }
    // The API answers under any name, as behind a proxy.
    assert_eq!(ask(&server, "GET", "/healthz", "evil.example").status, 200);
}
