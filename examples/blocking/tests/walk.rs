//! The walk of all examples, and a body without an end.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use oob_mfa_walk::{Server, walk};

#[test]
fn the_server_passes_the_walk_of_all_examples() {
    // oxhttp allows this header only in requests.
    walk(|| Server::of(env!("CARGO_BIN_EXE_oob-mfa-blocking")).without_accept_encoding());
}

#[test]
fn an_endless_body_is_answered_and_disconnected() {
    let server = Server::of(env!("CARGO_BIN_EXE_oob-mfa-blocking"));
    let mut stream = TcpStream::connect(server.address).unwrap();
    let head = "POST /mfa/challenge HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let mut pieces = stream.try_clone().unwrap();
    // Often enough that the client is never silent, until the server hangs up.
    thread::spawn(move || {
        while pieces.write_all(b"1\r\na\r\n").is_ok() {
            thread::sleep(Duration::from_millis(100));
        }
    });
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 408");
    // The rest of the response, and the end.
    let mut bytes = [0; 4096];
    let end = loop {
        match stream.read(&mut bytes) {
            Ok(1..) => {}
            end => break end.map_err(|error| error.kind()),
        }
    };
    assert!(
        matches!(end, Ok(0) | Err(ErrorKind::ConnectionReset)),
        "{end:?}"
    );
}
