//! Limits on passwords, and which address is charged.

use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;
use std::time::{Duration, Instant};

use oob_mfa_server::config::Config;
use tokio::net::TcpSocket;

use crate::common::request::{Connection, Request};
use crate::common::*;

const ATTACKERS: u8 = 48;

/// Sends a request from an address of this machine.
fn send_from(world: &World, address: [u8; 4], request: &Request) -> io::Result<Answer> {
    Connection::over(connect(world, address))?.send(request)
}

fn password(password: &str) -> Request {
    Request::password("alice@example.com", password)
}

fn connect(world: &World, from: [u8; 4]) -> TcpStream {
    let to = world.address;
    let stream = world.runtime.block_on(async {
        let socket = TcpSocket::new_v4().unwrap();
        socket
            .bind(SocketAddr::from((Ipv4Addr::from(from), 0)))
            .unwrap();
        socket.connect(to).await.unwrap().into_std().unwrap()
    });
    stream.set_nonblocking(false).unwrap();
    stream
}

#[test]
fn the_eleventh_wrong_password_of_an_address_waits_and_so_does_the_right_one() {
    let world = World::new();
    let wrong = |name: &str| world.password(name, "wrong", "", "");
    // An unknown name is charged the same way.
    for name in ["alice@example.com", "nobody@example.com"] {
        for _ in 0..10 {
            wrong(name).refused(WRONG_PASSWORD);
        }
        let refused = wrong(name);
        let wait = refused.refused(TOO_MANY_PASSWORDS).header("retry-after");
        let wait: u64 = wait.unwrap().parse().unwrap();
        assert!((350..=360).contains(&wait), "{wait}");
    }
    let right = world.password("alice@example.com", PASSWORD, "", "");
    right.refused(TOO_MANY_PASSWORDS);
    // Another user of the same address signs in.
    let bob = world.password("bob@example.com", PASSWORD, "", "");
    assert_eq!(bob.text("error"), "mfa_required");
    assert_eq!(world.record(), None);
}

/// A loopback address of Linux.
#[cfg(target_os = "linux")]
#[test]
fn the_owner_signs_in_while_48_others_try_the_password() {
    let world = World::of(costly());
    let (stop, refused, judged) = (
        AtomicBool::new(false),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    thread::scope(|scope| {
        for attacker in 0..ATTACKERS {
            let (world, stop, refused, judged) = (&world, &stop, &refused, &judged);
            scope.spawn(move || {
                while !stop.load(SeqCst) {
                    let from = [127, 0, 1, attacker + 1];
                    let answer = send_from(world, from, &password("wrong")).unwrap();
                    match answer.status {
                        403 => judged.fetch_add(1, SeqCst),
                        429 => {
                            assert!(answer.header("retry-after").is_some(), "{answer:?}");
                            // Repeatedly, but slowly, so that other tests can run.
                            thread::sleep(Duration::from_millis(20));
                            refused.fetch_add(1, SeqCst)
                        }
                        _ => panic!("{answer:?}"),
                    };
                }
            });
        }
        let begun = Instant::now();
        let mut slowest = Duration::ZERO;
        // During the attack, and after every attacker has emptied its budget.
        let mut signs_in = true;
        let ends = |begun: Instant, seconds| begun.elapsed() >= Duration::from_secs(seconds);
        while signs_in && !ends(begun, 60) && (!ends(begun, 4) || refused.load(SeqCst) == 0) {
            let asked = Instant::now();
            let answer = send_from(&world, [127, 0, 0, 1], &password(PASSWORD)).unwrap();
            slowest = slowest.max(asked.elapsed());
            signs_in = answer.status == 403 && answer.body.contains("mfa_required");
        }
        // End the attackers before any assertion, or a failing test would wait for them.
        stop.store(true, SeqCst);
        assert!(signs_in, "the owner was refused");
        assert!(refused.load(SeqCst) > 0, "nobody was refused");
        assert!(slowest < Duration::from_secs(8), "{slowest:?}");
    });
    // 10 each, however many were sent.
    assert!(
        judged.load(SeqCst) <= usize::from(ATTACKERS) * 10,
        "{judged:?}"
    );
}

/// Alice, with a password that is slow to check.
fn costly() -> Config {
    use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
    let params = Params::new(8 * 1_024, 2, 1, None).unwrap();
    let hash = Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
        .hash_password_with_salt(PASSWORD.as_bytes(), b"salt of tests")
        .unwrap();
    Config::parse(&format!(
        "[[users]]\nemail = \"alice@example.com\"\nsub = \"{ALICE}\"\npassword_hash = \"{hash}\"\n\
         [[clients]]\nid = \"demo\"\nsecret = \"demo-secret\"\n"
    ))
    .unwrap()
}

#[test]
fn behind_a_trusted_proxy_each_client_has_its_own_budget() {
    let world = World::with("trusted_proxies = [\"127.0.0.1\"]");
    let from = |client: &str, tried: &str| {
        let request = password(tried).with_header("x-forwarded-for", client);
        send_from(&world, [127, 0, 0, 1], &request).unwrap()
    };
    for _ in 0..10 {
        assert_eq!(from("192.0.2.1", "wrong").status, 403);
    }
    assert_eq!(from("192.0.2.1", PASSWORD).status, 429);
    // The client's own entries come before the proxy's.
    assert_eq!(from("192.0.2.2, 192.0.2.1", PASSWORD).status, 429);
    let passed = from("192.0.2.2", PASSWORD);
    assert_eq!(
        (passed.status, &*passed.text("error")),
        (403, "mfa_required")
    );
}

#[cfg(target_os = "linux")]
#[test]
fn an_address_has_so_many_connections_and_another_is_served_meanwhile() {
    let world = World::with("connections_per_address = 3");
    let crowd: Vec<_> = (0..3).map(|_| connect(&world, [127, 0, 2, 1])).collect();
    thread::sleep(Duration::from_millis(100));
    let closed = |address| send_from(&world, address, &Request::health()).is_err();
    assert!(closed([127, 0, 2, 1]));
    assert!(!closed([127, 0, 2, 2]));
    drop(crowd);
    let begun = Instant::now();
    while closed([127, 0, 2, 1]) {
        assert!(begun.elapsed() < Duration::from_secs(5));
        thread::sleep(Duration::from_millis(20));
    }
}
