//! The same stores over TLS, and which certificates they trust.

use crate::common::backend::Backend;
use crate::{open, passes};

/// The file of an authority: `ca` signed the servers' certificate; `other` has the same name and did not.
fn authority(name: &str) -> String {
    let folder = std::env::var("OOB_MFA_TEST_AUTHORITIES")
        .expect("OOB_MFA_TEST_AUTHORITIES goes with the other variables of .ci/with-services");
    format!("sslrootcert={folder}/{name}.pem")
}

#[track_caller]
fn is_refused(backend: &Backend, url: &str, expected: &str) {
    let error = open(backend, url).err().expect("it is refused");
    assert!(error.contains(expected), "{error}");
}

/// An authority with the same name and another key.
const OTHER_AUTHORITY: &str = "invalid peer certificate: BadSignature";
const UNKNOWN_AUTHORITY: &str = "invalid peer certificate: UnknownIssuer";
const WRONG_NAME: &str = "invalid peer certificate: certificate not valid for name";

#[test]
fn postgresql_fulfills_its_duty_over_tls() {
    let Some(backend) = &Backend::postgres_alone() else {
        return;
    };
    let settings = format!("sslmode=verify-full&{}", authority("ca"));
    let url = backend.url_over_tls("localhost", &settings);
    passes("PostgreSQL over TLS", backend, &url);
}

#[test]
fn redis_fulfills_its_duty_over_tls() {
    let Some(backend) = &Backend::redis() else {
        return;
    };
    let url = backend.url_over_tls("localhost", &authority("ca"));
    passes("Redis over TLS", backend, &url);
}

/// Whether PostgreSQL reports each session of the store as encrypted.
fn encrypted(backend: &Backend) -> Vec<bool> {
    backend.runtime.block_on(async {
        let client = backend.client().await;
        let name = client.query_one("SHOW application_name", &[]).await;
        let name: String = name.unwrap().get(0);
        // Otherwise the next check would find this session, which ends later.
        let looks_on = client.batch_execute("SET application_name = 'looks on'");
        looks_on.await.unwrap();
        let query = "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                     WHERE application_name = $1";
        let rows = client.query(query, &[&name]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    })
}

#[test]
fn postgresql_is_trusted_by_the_settings_of_its_url() {
    let Some(backend) = &Backend::postgres_alone() else {
        return;
    };
    let url = |host: &str, mode: &str, authority: Option<&str>| {
        let authority = authority.map(|name| format!("&{}", self::authority(name)));
        let settings = format!("sslmode={mode}{}", authority.unwrap_or_default());
        backend.url_over_tls(host, &settings)
    };
    for (host, mode, authority) in [
        ("localhost", "verify-full", Some("ca")),
        ("localhost", "require", Some("ca")),
        ("127.0.0.1", "require", Some("ca")),
        ("127.0.0.1", "require", None),
        ("localhost", "disable", None),
    ] {
        let store = open(backend, &url(host, mode, authority)).unwrap();
        assert_eq!(encrypted(backend), [mode != "disable"], "{host} {mode}");
        drop(store);
        // Until its session has ended.
        while !encrypted(backend).is_empty() {}
    }
    for (host, mode, authority, expected) in [
        ("localhost", "verify-full", Some("other"), OTHER_AUTHORITY),
        // Not one that the system trusts.
        ("localhost", "verify-full", None, UNKNOWN_AUTHORITY),
        ("127.0.0.1", "verify-full", Some("ca"), WRONG_NAME),
        ("localhost", "require", Some("other"), OTHER_AUTHORITY),
        ("127.0.0.1", "require", Some("other"), OTHER_AUTHORITY),
        ("localhost", "verify-full", Some("absent"), "absent.pem"),
        ("localhost", "require", Some("absent"), "absent.pem"),
    ] {
        is_refused(backend, &url(host, mode, authority), expected);
    }
    assert!(encrypted(backend).is_empty());
}

#[test]
fn a_postgresql_without_tls_is_refused_where_tls_is_asked_for() {
    let Some(backend) = &Backend::postgres_alone() else {
        return;
    };
    let tls = |value: &str| {
        backend.sql(&format!("ALTER SYSTEM SET ssl = {value}"));
        backend.sql("SELECT pg_reload_conf()");
        let is_so = || {
            backend.runtime.block_on(async {
                let row = backend.client().await.query_one("SHOW ssl", &[]).await;
                row.unwrap().get::<_, String>(0) == value
            })
        };
        while !is_so() {}
    };
    tls("off");
    for settings in ["sslmode=require", "sslmode=verify-full"] {
        let url = backend.url_over_tls("localhost", settings);
        is_refused(backend, &url, "server does not support TLS");
    }
    let plain = open(backend, &backend.url).map(drop);
    tls("on");
    plain.unwrap();
}

#[test]
fn redis_is_trusted_by_its_certificate() {
    let Some(backend) = &Backend::redis() else {
        return;
    };
    let url = |host, name| backend.url_over_tls(host, &authority(name));
    drop(open(backend, &url("localhost", "ca")).unwrap());
    is_refused(backend, &url("localhost", "other"), OTHER_AUTHORITY);
    is_refused(backend, &url("127.0.0.1", "ca"), WRONG_NAME);
    is_refused(backend, &url("localhost", "absent"), "absent.pem");
    // Not one that the system trusts.
    let system = backend.url_over_tls("localhost", "");
    is_refused(backend, &system, UNKNOWN_AUTHORITY);
    // A server without TLS.
    let plain = backend.address();
    let url = format!("rediss://localhost:{}/0?{}", plain.port(), authority("ca"));
    is_refused(backend, &url, "Redis: the store is unavailable");
}
