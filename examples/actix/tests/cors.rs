//! The headers that a browser reads before it lets a page call the API.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use oob_mfa_walk::Server;

const ALLOWED: &str = "https://app.example.com";

fn server() -> Server {
    let command = |address: std::net::SocketAddr| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oob-mfa-actix"));
        command.args([&address.to_string(), ALLOWED]);
        command
    };
    Server::start(command, |_| None)
}

/// The head of the response, in lower case.
fn ask(server: &Server, method: &str, origin: &str) -> String {
    let mut stream = TcpStream::connect(server.address).unwrap();
    let request = format!(
        "{method} /mfa/authenticators HTTP/1.1\r\nhost: x\r\nconnection: close\r\norigin: {origin}\r\n\
         access-control-request-method: DELETE\r\n\
         access-control-request-headers: authorization,auth0-client\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let (head, _) = response.split_once("\r\n\r\n").unwrap();
    head.to_lowercase()
}

#[test]
fn a_page_of_an_allowed_origin_may_call_the_api_and_read_its_errors() {
    let server = server();
    let preflight = ask(&server, "OPTIONS", ALLOWED);
    assert!(preflight.starts_with("http/1.1 200"), "{preflight}");
    for header in [
        "access-control-allow-origin: https://app.example.com",
        "access-control-max-age: 7200",
    ] {
        assert!(preflight.contains(header), "{preflight}");
    }
    let list = |name: &str| {
        let line = preflight.lines().find_map(|line| line.strip_prefix(name));
        let mut list: Vec<_> = line.unwrap().split(',').map(str::trim).collect();
        list.sort_unstable();
        list.join(" ")
    };
    assert_eq!(list("access-control-allow-methods:"), "delete get post");
    let headers = "auth0-client authorization content-type";
    assert_eq!(list("access-control-allow-headers:"), headers);
    assert!(list("vary:").contains("origin"));

    let error = ask(&server, "GET", ALLOWED);
    assert!(error.starts_with("http/1.1 401"), "{error}");
    assert!(
        error.contains("access-control-allow-origin: https://app.example.com"),
        "{error}"
    );
    assert!(error.contains("www-authenticate"), "{error}");
    assert!(error.contains("retry-after"), "exposed: {error}");
}

#[test]
fn a_page_of_another_origin_does_not_get_the_header() {
    let server = server();
    for origin in [
        "https://app.example.com:444",
        "http://app.example.com",
        "https://app.example.com.evil.example",
        "null",
    ] {
        for method in ["OPTIONS", "GET"] {
            let head = ask(&server, method, origin);
            assert!(!head.contains("access-control-allow-origin"), "{head}");
        }
    }
}
