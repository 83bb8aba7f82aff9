//! The connection to a store fails, for PostgreSQL and Redis.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::common::backend::{Backend, Kind};
use crate::common::long;
use crate::common::site::{Running, Site};
use crate::common::*;
use crate::proxy::{Fault, Proxy};
use crate::{is_unavailable, until};

/// A process behind a network that can fail, and one with a direct connection.
struct Scene<'a> {
    backend: &'a Backend,
    proxy: Proxy,
    site: Site,
    far: Running,
    near: Running,
}

impl<'a> Scene<'a> {
    fn of(backend: &'a Backend) -> Self {
        let proxy = Proxy::to(backend.address());
        let site = Site::new();
        let near = site.start(&backend.url);
        let far = site.start(&backend.url_through(proxy.address));
        Self {
            backend,
            proxy,
            site,
            far,
            near,
        }
    }

    fn is_of_redis(&self) -> bool {
        matches!(self.backend.kind, Kind::Redis { .. })
    }

    fn revision(&self) -> u64 {
        self.backend.account(ALICE).unwrap().revision()
    }

    /// The next write happens, and its answer is lost.
    fn lose_answer_of_write(&self) {
        self.proxy.set(Fault::LoseAnswer(match self.backend.kind {
            Kind::Redis { .. } => |answer| contains(answer, b":1\r\n"),
            // A row of one column, which is 1 in 8 bytes.
            _ => |answer| contains(answer, b"D\0\0\0\x12\0\x01\0\0\0\x08\0\0\0\0\0\0\0\x01"),
        }));
    }

    /// The answer of the next read is lost.
    fn lose_answer_of_read(&self) {
        self.proxy.set(Fault::LoseAnswer(match self.backend.kind {
            // 2 texts, the first a revision of 1 digit: no list of an event starts like that.
            Kind::Redis { .. } => |answer| contains(answer, b"*2\r\n$1\r\n"),
            _ => |answer| contains(answer, b"SELECT 1\0"),
        }));
    }

    /// The next write is delayed on the network.
    fn hold_write(&self) {
        self.proxy.set(Fault::HoldRequest(match self.backend.kind {
            // The first key of a script with 2 keys: a read has it elsewhere, and events do not
            // have it.
            Kind::Redis { .. } => {
                |request| contains(request, b"$1\r\n2\r\n$27\r\noob-mfa:account:auth0|alice")
            }
            // A write has the subject in the key, in the record and in each event; a read has it
            // once.
            _ => |request| {
                let subjects = request.windows(ALICE.len());
                subjects.filter(|part| *part == ALICE.as_bytes()).count() > 1
            },
        }));
    }
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

macro_rules! of_every_network {
    ($($test:ident)*) => {
        mod postgres {
            use super::*;
            $(#[test] fn $test() {
                Backend::postgres().iter().for_each(|backend| super::$test(&Scene::of(backend)));
            })*
        }
        mod redis {
            use super::*;
            $(#[test] fn $test() {
                Backend::redis().iter().for_each(|backend| super::$test(&Scene::of(backend)));
            })*
        }
    };
}

of_every_network! {
    a_read_with_a_lost_answer_is_retried
    dead_connections_are_replaced
    connections_dropped_while_idle_are_not_used
    a_wrong_code_with_a_lost_answer_is_charged
    a_right_code_with_a_lost_answer_is_used_up
    a_challenge_with_a_lost_answer_is_charged_and_not_sent
    a_first_association_with_a_lost_answer_can_be_repeated
    a_store_that_hangs_times_out
    a_write_that_arrives_late_replaces_nothing
}

fn a_read_with_a_lost_answer_is_retried(scene: &Scene<'_>) {
    let client = &scene.far.client;
    scene.site.enroll(client);
    for _ in 0..3 {
        scene.lose_answer_of_read();
        let token = client.login();
        assert_eq!(scene.proxy.struck(), 1);
        scene.lose_answer_of_read();
        client.challenge(&token, &json!({})).ok();
        assert_eq!(scene.proxy.struck(), 1);
    }
    assert_eq!(scene.site.messages().len(), 4);
}

fn dead_connections_are_replaced(scene: &Scene<'_>) {
    if scene.is_of_redis() && long::leaves_out("network::redis::dead_connections_are_replaced") {
        return;
    }
    let client = &scene.far.client;
    scene.site.enroll(client);
    let (token, oob_code, code) = scene.site.challenged(client);
    fill_the_pool(client, &token);
    until("the events are logged", || scene.backend.events() == 0);
    scene.proxy.set(Fault::ForgetConnections);
    client.answer(&token, &oob_code, &code).ok();
    // The request finds one dead connection, not each. The event logger may find another, if it still waits
    // for its commit.
    let struck = scene.proxy.struck();
    assert!((1..=2).contains(&struck), "{struck}");
}

fn connections_dropped_while_idle_are_not_used(scene: &Scene<'_>) {
    let client = &scene.far.client;
    scene.site.enroll(client);
    let (token, oob_code, code) = scene.site.challenged(client);
    fill_the_pool(client, &token);
    // The event logger would use another connection.
    until("the events are logged", || scene.backend.events() == 0);
    client.list(&token).ok();
    scene.proxy.set(Fault::ForgetIdleConnections);
    client.answer(&token, &oob_code, &code).ok();
    assert_eq!(scene.proxy.struck(), 0);
}

/// Sends requests at once, so that a pool opens several connections.
fn fill_the_pool(client: &Client, token: &str) {
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| client.list(token).ok());
        }
    });
}

fn a_wrong_code_with_a_lost_answer_is_charged(scene: &Scene<'_>) {
    let client = &scene.far.client;
    scene.site.enroll(client);
    let (token, oob_code, code) = scene.site.challenged(client);
    let before = scene.revision();
    scene.lose_answer_of_write();
    is_unavailable(&client.answer(&token, &oob_code, &wrong(&code)));
    assert_eq!(scene.proxy.struck(), 1);
    // Once: it was not retried.
    assert_eq!(scene.revision(), before + 1);
    for _ in 0..9 {
        client
            .answer(&token, &oob_code, &wrong(&code))
            .refused(WRONG_CODE);
    }
    assert_eq!(client.answer(&token, &oob_code, &code).status, 429);
    assert_eq!(scene.revision(), before + 10);
}

fn a_right_code_with_a_lost_answer_is_used_up(scene: &Scene<'_>) {
    let client = &scene.far.client;
    scene.site.enroll(client);
    let (token, oob_code, code) = scene.site.challenged(client);
    let before = scene.revision();
    scene.lose_answer_of_write();
    is_unavailable(&client.answer(&token, &oob_code, &code));
    assert_eq!(scene.proxy.struck(), 1);
    assert_eq!(scene.revision(), before + 1);
    // The login was completed, but its tokens were lost: the next login works.
    client
        .answer(&token, &oob_code, &code)
        .refused(INVALID_TOKEN);
    assert_eq!(scene.revision(), before + 1);
    let (token, oob_code, code) = scene.site.challenged(client);
    client.answer(&token, &oob_code, &code).ok();
}

fn a_challenge_with_a_lost_answer_is_charged_and_not_sent(scene: &Scene<'_>) {
    let client = &scene.far.client;
    scene.site.enroll(client);
    let (token, oob_code, code) = scene.site.challenged(client);
    let before = scene.revision();
    scene.lose_answer_of_write();
    is_unavailable(&client.challenge(&token, &json!({})));
    assert_eq!(scene.proxy.struck(), 1);
    assert_eq!(scene.revision(), before + 1);
    assert_eq!(scene.site.messages().len(), 2);
    // The code that was never sent superseded the one before it.
    client
        .answer(&token, &oob_code, &code)
        .refused(MALFORMED_OOB_CODE);
    // 3 of 10 messages are charged.
    for _ in 0..7 {
        client.challenge(&token, &json!({})).ok();
    }
    assert_eq!(client.challenge(&token, &json!({})).status, 429);
    assert_eq!(scene.site.messages().len(), 9);
}

fn a_first_association_with_a_lost_answer_can_be_repeated(scene: &Scene<'_>) {
    let client = &scene.far.client;
    let token = client.login();
    assert_eq!(scene.backend.record(ALICE), None);
    scene.lose_answer_of_write();
    is_unavailable(&client.associate(&token, "sms", PHONE));
    assert_eq!(scene.proxy.struck(), 1);
    assert_eq!(scene.revision(), 1);
    assert_eq!(scene.site.messages().len(), 0);
    client.enroll_reading(&token, PHONE, || scene.site.code());
    assert_eq!(scene.revision(), 3);
    assert_eq!(scene.site.messages().len(), 1);
}

fn a_store_that_hangs_times_out(scene: &Scene<'_>) {
    if scene.is_of_redis() && long::leaves_out("network::redis::a_store_that_hangs_times_out") {
        return;
    }
    let client = &scene.far.client;
    scene.site.enroll(client);
    let token = client.login();
    let before = scene.backend.record(ALICE);
    scene.proxy.set(Fault::HoldRequest(|_| true));
    let asked = Instant::now();
    is_unavailable(&client.challenge(&token, &json!({})));
    // The deadline is 7 seconds; the machine may be busy.
    assert!(asked.elapsed() < Duration::from_secs(12));
    assert!(scene.proxy.struck() > 0);
    scene.proxy.set(Fault::None);
    assert_eq!(scene.backend.record(ALICE), before);
    assert_eq!(scene.site.messages().len(), 1);
    client.challenge(&token, &json!({})).ok();
    assert_eq!(scene.site.messages().len(), 2);
}

fn a_write_that_arrives_late_replaces_nothing(scene: &Scene<'_>) {
    if !scene.is_of_redis()
        && long::leaves_out("network::postgres::a_write_that_arrives_late_replaces_nothing")
    {
        return;
    }
    let client = &scene.far.client;
    scene.site.enroll(client);
    let (token, oob_code, code) = scene.site.challenged(client);
    let before = scene.revision();
    scene.hold_write();
    is_unavailable(&client.answer(&token, &oob_code, &wrong(&code)));
    assert_eq!(scene.proxy.struck(), 1);
    // Others do not wait for it: that would take the 4 seconds of a missing answer.
    let asked = Instant::now();
    client.list(&token).ok();
    assert!(asked.elapsed() < Duration::from_secs(4));
    // At the other process, the user is faster.
    assert_eq!(scene.revision(), before);
    scene.near.client.answer(&token, &oob_code, &code).ok();
    let record = scene.backend.record(ALICE);
    scene.proxy.set(Fault::None);
    until("the late write has arrived and ended", || {
        scene.proxy.released() == 1 && scene.backend.is_idle()
    });
    assert_eq!(scene.backend.record(ALICE), record);
    client
        .answer(&token, &oob_code, &code)
        .refused(INVALID_TOKEN);
    let (token, oob_code, code) = scene.site.challenged(client);
    client.answer(&token, &oob_code, &code).ok();
}
