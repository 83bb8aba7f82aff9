//! Redis dies, closes connections, is full, and has settings that lose data.

use ::redis::IntoConnectionInfo;
use oob_mfa_server::store::RedisStore;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::common::redis_server::{DURABLE, RedisServer};
use crate::common::site::Site;
use crate::common::*;
use crate::{is_unavailable, outage};

#[test]
fn requests_during_an_outage_get_retry_after_and_later_work() {
    let Some(redis) = RedisServer::start(&DURABLE) else {
        return;
    };
    let record = || Some(redis.record(ALICE));
    let mut servers = outage(
        &redis.url(),
        record,
        || redis.kill(),
        || redis.start_again(),
    );
    for server in &mut servers {
        let log = server.process.kill();
        assert!(!log.contains("can lose"), "{log}");
    }
}

#[test]
fn connections_that_were_cut_between_requests_are_not_noticed() {
    let Some(redis) = RedisServer::start(&DURABLE) else {
        return;
    };
    let site = Site::new();
    let server = site.start(&redis.url());
    site.enroll(&server.client);
    let (token, oob_code, code) = site.challenged(&server.client);
    redis.run(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
    server.client.answer(&token, &oob_code, &code).ok();
}

#[test]
fn a_redis_that_is_full_writes_nothing() {
    let Some(redis) = RedisServer::start(&DURABLE) else {
        return;
    };
    let site = Site::new();
    let server = site.start(&redis.url());
    site.enroll(&server.client);
    let (token, oob_code, code) = site.challenged(&server.client);
    let before = redis.record(ALICE);
    redis.run(&["CONFIG", "SET", "maxmemory", "1"]);
    is_unavailable(&server.client.challenge(&token, &json!({})));
    is_unavailable(&server.client.answer(&token, &oob_code, &code));
    assert_eq!(redis.record(ALICE), before);
    assert_eq!(site.messages().len(), 2);
    redis.run(&["CONFIG", "SET", "maxmemory", "0"]);
    server.client.answer(&token, &oob_code, &code).ok();
}

/// For an unknown command, Redis repeats its arguments.
#[test]
fn a_password_that_is_refused_is_not_repeated() {
    let Some(redis) = RedisServer::start(&["--rename-command", "HELLO", ""]) else {
        return;
    };
    // The program refuses this URL for that reason, but other commands can fail like this too.
    let url = format!("redis://:hunter2secret@{}/0?protocol=resp3", redis.address);
    let info = url.into_connection_info().unwrap();
    let opened = Runtime::new()
        .unwrap()
        .block_on(RedisStore::open(&info, None));
    let error = opened.err().unwrap().to_string();
    assert!(!error.contains("hunter2secret"), "{error}");
    let expected = "the store is unavailable: the connection was refused: ";
    assert!(error.starts_with(expected), "{error}");
}

#[test]
fn settings_that_lose_writes_cause_a_warning() {
    let forgetful = [
        "--appendonly",
        "no",
        "--appendfsync",
        "everysec",
        "--no-appendfsync-on-rewrite",
        "yes",
        "--maxmemory-policy",
        "allkeys-lru",
    ];
    let Some(redis) = RedisServer::start(&forgetful) else {
        return;
    };
    let mut server = Site::new().start(&redis.url());
    let log = server.process.kill();
    let warnings: Vec<_> = log
        .lines()
        .filter(|line| line.contains("WARN") && line.contains("Redis can lose"))
        .collect();
    assert_eq!(warnings.len(), 4, "{log}");
    for (warning, setting) in warnings.iter().zip([
        r#"setting="appendonly" value="no" better="yes""#,
        r#"setting="appendfsync" value="everysec" better="always""#,
        r#"setting="no-appendfsync-on-rewrite" value="yes" better="no""#,
        r#"setting="maxmemory-policy" value="allkeys-lru" better="noeviction""#,
    ]) {
        assert!(warning.contains(setting), "{warning}");
    }
}
