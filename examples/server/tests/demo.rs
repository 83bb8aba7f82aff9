//! Who gets the demo page, which shows every code.

#[path = "common/server.rs"]
mod server;

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

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

/// The status line and the rest of an answer to a request that names a host.
fn ask(server: &Server, method: &str, path: &str, host: &str) -> (String, String) {
    let address = server.url.strip_prefix("http://").unwrap();
    let address = address.replace("0.0.0.0", "127.0.0.1");
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!("{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (status, rest) = answer.split_once("\r\n").unwrap();
    (status.to_owned(), rest.to_owned())
}

#[track_caller]
fn has_no_page(server: &Server) {
    for path in PATHS {
        let (status, rest) = ask(server, "GET", path, "localhost");
        assert_eq!(status, "HTTP/1.1 404 Not Found", "{path}");
        assert!(
            rest.ends_with(r#""error_description":"There is no such endpoint."}"#),
            "{rest}"
        );
    }
    assert_eq!(
        ask(server, "GET", "/healthz", "localhost").0,
        "HTTP/1.1 200 OK"
    );
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
            let (status, rest) = ask(&server, "GET", path, host);
            assert_eq!(status, "HTTP/1.1 200 OK", "{path} {host}");
            for header in [
                "cache-control: no-store\r\n",
                "x-content-type-options: nosniff\r\n",
                "cross-origin-resource-policy: same-origin\r\n",
                "form-action 'none'; base-uri 'none'; frame-ancestors 'none'\r\n",
            ] {
                assert!(rest.contains(header), "{header} of {path}: {rest}");
            }
            assert!(!rest.contains("access-control-"), "{rest}");
        }
        // A name of another site that resolves to this machine.
        for host in [
            "evil.example",
            "localhost.evil.example",
            "0.0.0.0:8080",
            "192.0.2.1",
            "",
        ] {
            let (status, rest) = ask(&server, "GET", path, host);
            assert_eq!(status, "HTTP/1.1 421 Misdirected Request", "{path} {host}");
            assert!(
                rest.ends_with("answers only requests to localhost and loopback addresses.\n"),
                "{rest}"
            );
        }
        let (status, _) = ask(&server, "POST", path, "localhost");
        assert_eq!(status, "HTTP/1.1 405 Method Not Allowed", "{path}");
    }
    // The API answers under any name, as behind a proxy.
    assert_eq!(
        ask(&server, "GET", "/healthz", "evil.example").0,
        "HTTP/1.1 200 OK"
    );
}
