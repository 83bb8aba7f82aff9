//! The headers that a browser reads before it lets a page call the API.

use std::process::Command;

use oob_mfa_walk::Server;
use oob_mfa_walk::answer::Answer;
use oob_mfa_walk::client::Client;

const ALLOWED: &str = "https://app.example.com";

fn server() -> Server {
    let command = |address: std::net::SocketAddr| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oob-mfa-actix"));
        command.args([&address.to_string(), ALLOWED]);
        command
    };
    Server::start(command, |_| None)
}

fn ask(server: &Server, method: &str, origin: &str) -> Answer {
    let headers = [
        ("origin", origin),
        ("access-control-request-method", "DELETE"),
        (
            "access-control-request-headers",
            "authorization,auth0-client",
        ),
    ];
    Client::of(server.address).send(method, "/mfa/authenticators", &headers, "")
}

#[test]
fn a_page_of_an_allowed_origin_may_call_the_api_and_read_its_errors() {
    let server = server();
    let preflight = ask(&server, "OPTIONS", ALLOWED);
    assert_eq!(preflight.status, 200);
    let list = |answer: &Answer, name: &str| {
        let list = answer.header(name).unwrap().to_lowercase();
        let mut list: Vec<_> = list.split(',').map(str::trim).collect();
        list.sort_unstable();
        list.join(" ")
    };
    for (name, expected) in [
        ("allow-origin", ALLOWED),
        ("max-age", "7200"),
        ("allow-methods", "delete get post"),
        ("allow-headers", "auth0-client authorization content-type"),
    ] {
        let name = format!("access-control-{name}");
        assert_eq!(list(&preflight, &name), expected);
    }
    assert!(list(&preflight, "vary").contains("origin"));

    let error = ask(&server, "GET", ALLOWED);
    assert_eq!(error.status, 401);
    assert_eq!(error.header("access-control-allow-origin"), Some(ALLOWED));
    assert!(error.header("www-authenticate").is_some(), "{error:?}");
    let exposed = list(&error, "access-control-expose-headers");
    assert_eq!(exposed, "retry-after www-authenticate");
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
            let answer = ask(&server, method, origin);
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
    }
}
