//! Requests at the same time, clients that hang up, and the end of the process.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use crate::common::request::{Connection, Request};
use crate::common::site::Site;
use crate::common::*;
use crate::cors::SlowPage;

/// How long a test waits; nothing takes that long.
const SOON: Duration = Duration::from_secs(10);

/// Sends an association over a new connection and does not wait for the response.
fn begin_to_associate(world: &World, token: &str) -> Connection {
    let request = Request::associate(token, PHONE);
    let mut connection = Connection::open(world.address).unwrap();
    connection.begin(&request).unwrap();
    connection.finish(&request).unwrap();
    connection
}

#[test]
fn an_accepted_request_is_finished_even_if_the_client_hangs_up() {
    let mut world = World::new();
    let token = world.login();
    let (held, permits) = world.store.hold();
    let connection = begin_to_associate(&world, &token);
    held.recv_timeout(SOON).unwrap();
    drop(connection);
    // Other connections are served meanwhile, so the server sees this one end.
    for _ in 0..20 {
        world.send("GET", "/healthz", &[], "").ok();
    }
    assert_eq!(world.record(), None);
    permits.add_permits(1);

    // The shutdown waits for it.
    let served = world.served.take().unwrap();
    world.stop();
    world
        .runtime
        .block_on(async { tokio::time::timeout(SOON, served).await })
        .unwrap()
        .unwrap();
    assert!(world.record().is_some());
    assert_eq!(world.outbox.messages().len(), 1);
}

#[test]
fn a_shutdown_waits_for_accepted_requests() {
    let mut world = World::new();
    let token = world.login();
    let (held, permits) = world.store.hold();
    let mut connection = begin_to_associate(&world, &token);
    held.recv_timeout(SOON).unwrap();
    let mut served = world.served.take().unwrap();
    world.stop();
    let wait = Duration::from_millis(100);
    let early = world
        .runtime
        .block_on(async { tokio::time::timeout(wait, &mut served).await });
    assert!(early.is_err(), "the server ended before its request");
    assert_eq!(world.record(), None);

    permits.add_permits(1);
    world
        .runtime
        .block_on(async { tokio::time::timeout(SOON, served).await })
        .unwrap()
        .unwrap();
    assert!(world.record().is_some());
    assert_eq!(world.outbox.messages().len(), 1);
    // The client gets its response.
    assert!(connection.answer().unwrap().ok()["oob_code"].is_string());
    let end = connection.answer().unwrap_err();
    assert_eq!(end.kind(), ErrorKind::UnexpectedEof);
    assert!(TcpStream::connect(world.address).is_err());
}

/// Opens a connection and sends these bytes.
fn say(address: SocketAddr, words: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(words.as_bytes()).unwrap();
    stream
}

const HEAD: &str = "GET /healthz HTTP/1.1\r\nhost: x\r\n";

/// Reads to the end. Returns the status line, and when the end came.
fn read_to_end(mut stream: TcpStream, begun: Instant) -> (String, Duration) {
    stream.set_read_timeout(Some(SOON * 2)).unwrap();
    let mut said = Vec::new();
    // The connection may end with a reset.
    let _ = stream.read_to_end(&mut said);
    let said = String::from_utf8(said).unwrap();
    (
        said.lines().next().unwrap_or_default().to_owned(),
        begun.elapsed(),
    )
}

#[test]
fn a_client_that_does_not_send_its_request_in_10_seconds_is_answered_or_disconnected() {
    let world = World::new();
    let begun = Instant::now();
    let page = SlowPage::begin();
    let silent = say(world.address, "");
    let slow = say(world.address, HEAD);
    // Also after a response, once the next head has started.
    let mut second = say(world.address, &format!("{HEAD}\r\n"));
    thread::sleep(Duration::from_millis(200));
    second.write_all(b"GET").unwrap();
    // An idle connection is not a fault.
    let mut idle = say(world.address, &format!("{HEAD}\r\n"));
    let ok = "HTTP/1.1 200 OK";
    for (stream, expected) in [(silent, ""), (slow, ""), (second, ok)] {
        let (said, took) = read_to_end(stream, begun);
        assert_eq!(said, expected);
        assert!(took > SOON - Duration::from_secs(1), "{took:?}");
        assert!(took < SOON + Duration::from_secs(3), "{took:?}");
    }
    page.reads_that_its_request_took_too_long();
    thread::sleep(Duration::from_secs(1));
    idle.write_all(format!("{HEAD}connection: close\r\n\r\n").as_bytes())
        .unwrap();
    let mut said = String::new();
    idle.read_to_string(&mut said).unwrap();
    assert_eq!(said.matches(ok).count(), 2, "{said}");
}

#[test]
fn a_connection_may_be_idle_for_the_configured_time() {
    let world = World::with("keep_alive_seconds = 2");
    let mut stream = say(world.address, &format!("{HEAD}\r\n"));
    // Each request restarts the idle time.
    thread::sleep(Duration::from_millis(1_300));
    stream.write_all(format!("{HEAD}\r\n").as_bytes()).unwrap();
    let begun = Instant::now();
    let mut said = String::new();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.read_to_string(&mut said).unwrap();
    assert_eq!(said.matches("HTTP/1.1 200 OK").count(), 2, "{said}");
    let took = begun.elapsed();
    let (shortest, longest) = (Duration::from_millis(1_900), Duration::from_secs(5));
    assert!((shortest..longest).contains(&took), "{took:?}");
}

/// Half of the default limit of open files.
#[test]
fn the_513th_connection_waits_for_a_place() {
    // In a separate process: both ends of 512 connections are too many files for one.
    let site = Site::with("connections_per_address = 1000");
    let server = site.start("redb:accounts.redb");
    let address = server.client.address;
    let mut silent: Vec<_> = (0..512).map(|_| say(address, "")).collect();
    let mut next = say(
        address,
        "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    );
    next.set_read_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let early = next.read(&mut [0]).unwrap_err();
    assert!(matches!(
        early.kind(),
        ErrorKind::WouldBlock | ErrorKind::TimedOut
    ));
    // Any one is enough.
    let begun = Instant::now();
    drop(silent.swap_remove(300));
    next.set_read_timeout(Some(SOON)).unwrap();
    let mut answer = String::new();
    next.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    // The silent ones are still connected.
    assert!(begun.elapsed() < SOON / 2);
}

#[test]
fn half_a_request_changes_nothing() {
    let world = World::new();
    let token = world.login();
    let mut connection = Connection::open(world.address).unwrap();
    let request = Request::associate(&token, PHONE);
    connection.begin(&request).unwrap();
    drop(connection);
    world.send("GET", "/healthz", &[], "").ok();
    assert_eq!(world.record(), None);
    assert!(world.outbox.messages().is_empty());
}
