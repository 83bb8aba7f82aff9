use super::*;

#[test]
fn the_scheme_of_the_url_selects_the_store() {
    let StoreUrl::Redb(path) = "redb:some/where.redb".parse().unwrap() else {
        panic!("not redb");
    };
    assert_eq!(path, PathBuf::from("some/where.redb"));
    for scheme in ["postgres", "postgresql"] {
        let url = format!("{scheme}://me:p%40ss@db.example:5433/mfa?sslmode=disable");
        let StoreUrl::Postgres(config, tls) = url.parse().unwrap() else {
            panic!("not PostgreSQL");
        };
        assert_eq!(tls, Tls::Off);
        assert_eq!(config.get_user(), Some("me"));
        assert_eq!(config.get_password(), Some(&b"p@ss"[..]));
        assert_eq!(config.get_ports(), [5433]);
        assert_eq!(config.get_dbname(), Some("mfa"));
    }
    let StoreUrl::Redis(info, authority) = "redis://:p%40ss@cache.example:6380/3".parse().unwrap()
    else {
        panic!("not Redis");
    };
    assert_eq!(authority, None);
    assert_eq!(info.addr().to_string(), "cache.example:6380");
    assert_eq!(info.redis_settings().db(), 3);
    assert_eq!(info.redis_settings().password(), Some("p@ss"));
}

#[test]
fn the_url_sets_what_its_connection_trusts() {
    for (settings, expected) in [
        ("", Tls::Off),
        ("?sslmode=disable", Tls::Off),
        ("?sslmode=require", Tls::Anyone),
        (
            "?sslmode=require&sslrootcert=a%20b/ca.pem",
            Tls::AnyoneOf("a b/ca.pem".into()),
        ),
        ("?sslmode=verify-full", Tls::Host(None)),
        (
            "?connect_timeout=1&sslrootcert=ca.pem&sslmode=verify-full&application_name=a%26b",
            Tls::Host(Some("ca.pem".into())),
        ),
    ] {
        let url = format!("postgres://me:p%3Fss@db/mfa{settings}");
        let StoreUrl::Postgres(config, tls) = url.parse().unwrap() else {
            panic!("not PostgreSQL");
        };
        assert_eq!(tls, expected, "{settings}");
        assert_eq!(config.get_password(), Some(&b"p?ss"[..]));
        let name = settings.contains("application_name").then_some("a&b");
        assert_eq!(config.get_application_name(), name);
    }
    for (settings, expected) in [("", None), ("?sslrootcert=ca.pem", Some("ca.pem".into()))] {
        let url = format!("rediss://:p%40ss@cache.example/3{settings}");
        let StoreUrl::Redis(info, authority) = url.parse().unwrap() else {
            panic!("not Redis");
        };
        assert_eq!(authority, expected);
        assert!(matches!(
            info.addr(),
            redis::ConnectionAddr::TcpTls {
                insecure: false,
                port: 6379,
                ..
            }
        ));
        assert_eq!(info.redis_settings().db(), 3);
    }
}

#[test]
fn a_url_that_names_no_store_is_refused_and_not_repeated() {
    for (url, expected) in [
        ("", InvalidStoreUrl::SCHEME),
        ("redb:", InvalidStoreUrl::SCHEME),
        ("secret.redb", InvalidStoreUrl::SCHEME),
        ("mysql://me:secret@db/mfa", InvalidStoreUrl::SCHEME),
        ("postgres:secret", InvalidStoreUrl::POSTGRES),
        ("postgres://", InvalidStoreUrl::POSTGRES),
        (
            "postgres://me:secret@db/mfa?secret=1",
            InvalidStoreUrl::POSTGRES,
        ),
        (
            "postgres://me:secret@db:port/mfa",
            InvalidStoreUrl::POSTGRES,
        ),
        (
            "postgres://me:secret@db/mfa?sslmode=prefer",
            InvalidStoreUrl::POSTGRES_PREFER,
        ),
        (
            "postgres://me:secret@db/mfa?sslmode=allow&sslrootcert=ca.pem",
            InvalidStoreUrl::POSTGRES_PREFER,
        ),
        (
            "postgres://me:secret@db/mfa?sslmode=verify-ca&sslrootcert=ca.pem",
            InvalidStoreUrl::POSTGRES_MODE,
        ),
        (
            "postgres://me:secret@db/mfa?sslmode=",
            InvalidStoreUrl::POSTGRES_MODE,
        ),
        (
            "postgres://me:secret@db/mfa?sslrootcert=ca.pem",
            InvalidStoreUrl::POSTGRES_AUTHORITY,
        ),
        (
            "postgres://me:secret@db/mfa?sslmode=disable&sslrootcert=ca.pem",
            InvalidStoreUrl::POSTGRES_AUTHORITY,
        ),
        (
            "postgres://me:secret@db/mfa?sslmode=verify-full&sslmode=disable",
            InvalidStoreUrl::TWICE,
        ),
        (
            "postgres://me:secret@db/mfa?sslmode=require&sslrootcert=a&sslrootcert=b",
            InvalidStoreUrl::TWICE,
        ),
        (
            "postgres://me:secret@db/mfa?sslmode=require&sslnegotiation=direct",
            InvalidStoreUrl::POSTGRES_DIRECT,
        ),
        (
            "postgres://me:secret@db/mfa?sslmode=require&application_name=a?b",
            InvalidStoreUrl::POSTGRES,
        ),
        ("redis:secret", InvalidStoreUrl::REDIS),
        ("redis://me:secret@cache/mfa", InvalidStoreUrl::REDIS),
        (
            "redis://me:secret@cache/0?sslrootcert=ca.pem",
            InvalidStoreUrl::REDIS_AUTHORITY,
        ),
        (
            "rediss://me:secret@cache/0#insecure",
            InvalidStoreUrl::REDIS_INSECURE,
        ),
        (
            "rediss://me:secret@cache/0?sslmode=verify-full",
            InvalidStoreUrl::REDIS,
        ),
        (
            "redis://me:secret@cache/0?protocol=resp3",
            InvalidStoreUrl::REDIS_PROTOCOL,
        ),
        (
            "redis://me:secret@cache/0?protocol=3",
            InvalidStoreUrl::REDIS_PROTOCOL,
        ),
    ] {
        let error = url.parse::<StoreUrl>().expect_err(url);
        assert_eq!(error, expected, "{url}");
        assert!(!error.to_string().contains("ret"), "{error}");
    }
}

#[test]
fn debug_shows_no_password() {
    for url in [
        "postgres://me:secret@db/mfa?sslmode=verify-full",
        "rediss://me:secret@cache/1",
    ] {
        let shown = format!("{:?}", url.parse::<StoreUrl>().unwrap());
        assert!(shown.ends_with("(..)"), "{shown}");
    }
}

#[test]
fn a_remote_connection_without_tls_is_open_to_eavesdroppers() {
    for (url, expected) in [
        ("redb:path", false),
        ("postgres://me@db/mfa", true),
        ("postgres://me@192.0.2.1/mfa", true),
        ("postgres://me@localhost,db/mfa", true),
        ("postgres://me@localhost/mfa?hostaddr=192.0.2.1", true),
        ("postgres://me@db/mfa?hostaddr=127.0.0.1", false),
        ("postgres://me@db/mfa?sslmode=require", false),
        ("postgres://me@db/mfa?sslmode=verify-full", false),
        ("postgres://me@127.0.0.2/mfa", false),
        ("postgres://me@[::1]/mfa", false),
        ("postgres://me@LOCALHOST./mfa", false),
        ("postgres://me@%2Frun%2Fpostgresql/mfa", false),
        ("redis://cache/1", true),
        ("redis://192.0.2.1/1", true),
        ("redis://127.0.0.1/1", false),
        ("redis://db.localhost/1", false),
        ("rediss://cache/1", false),
    ] {
        let store: StoreUrl = url.parse().unwrap();
        assert_eq!(store.is_open_to_eavesdroppers(), expected, "{url}");
    }
}
