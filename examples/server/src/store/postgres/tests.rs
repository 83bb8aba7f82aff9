use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_postgres::SimpleQueryMessage;

use super::accounts::stored;
use super::*;

/// A PostgreSQL with temporary tables for each connection. `.ci/with-services` sets it; tests/stores.rs reports
/// if it is missing.
fn temporary() -> Option<Config> {
    let server = std::env::var("OOB_MFA_TEST_POSTGRES").ok()?;
    let mut config: Config = server.parse().unwrap();
    config.options("-c search_path=pg_temp");
    Some(config)
}

/// Queries PostgreSQL over a connection of the store.
#[tokio::test]
async fn a_role_that_does_not_wait_for_the_disk_is_overridden() {
    let Some(mut config) = temporary() else {
        return;
    };
    for (written, expected) in [
        ("off", "on"),
        ("local", "on"),
        ("remote_write", "on"),
        ("on", "on"),
        ("remote_apply", "remote_apply"),
    ] {
        // A role's settings apply before the first statement, like this one.
        config.options(format!(
            "-c search_path=pg_temp -c synchronous_commit={written} \
             -c default_transaction_isolation=serializable -c statement_timeout=0 -c lock_timeout=0"
        ));
        let store = PostgresStore::open(&config, &Tls::Off).await.unwrap();
        let client = store.client().await.unwrap();
        let mut shown = Vec::new();
        for setting in [
            "synchronous_commit",
            "transaction_isolation",
            "statement_timeout",
            "lock_timeout",
        ] {
            let row = client.query_one(&format!("SHOW {setting}"), &[]).await;
            shown.push(row.unwrap().get::<_, String>(0));
        }
        let settings = [expected, "read committed", "3s", "250ms"];
        assert_eq!(shown, settings, "{written}");
    }
}

#[tokio::test]
async fn a_plan_that_was_made_for_one_row_uses_the_index() {
    let Some(config) = temporary() else { return };
    let store = PostgresStore::open(&config, &Tls::Off).await.unwrap();
    let client = store.client().await.unwrap();
    let prepare = format!(
        "INSERT INTO oob_mfa_accounts VALUES ('alice', 1, ''); ANALYZE oob_mfa_accounts; \
         PREPARE replace AS {REPLACE}"
    );
    client.batch_execute(&prepare).await.unwrap();
    let explain = "EXPLAIN EXECUTE replace('{}', '{}', '{}', '{}', '{}')";
    let plan: String = client
        .simple_query(explain)
        .await
        .unwrap()
        .iter()
        .filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0),
            _ => None,
        })
        .collect();
    assert!(plan.contains("on oob_mfa_accounts stored"), "{plan}");
    assert!(plan.contains("Index Cond: (subject = "), "{plan}");
}

#[tokio::test]
async fn a_read_that_postgresql_refuses_costs_one_connection() {
    let Some(config) = temporary() else { return };
    let store = PostgresStore::open(&config, &Tls::Off).await.unwrap();
    let idle = [
        store.client().await.unwrap(),
        store.client().await.unwrap(),
        store.client().await.unwrap(),
    ];
    drop(idle);
    // The tables are temporary: another connection has none.
    let refused = store.load("alice".parse().unwrap()).await;
    let Err(StoreError::Unavailable(error)) = refused else {
        panic!("{refused:?}");
    };
    assert!(error.to_string().contains("does not exist"), "{error}");
    assert_eq!(store.pool.status().size, 2);
}

#[tokio::test]
async fn connections_that_are_idle_are_closed() {
    let Some(config) = temporary() else { return };
    let store = PostgresStore::open(&config, &Tls::Off).await.unwrap();
    let open = || store.pool.status().size;
    let all = [
        store.client().await,
        store.client().await,
        store.client().await,
    ];
    assert_eq!(open(), 3);
    let [used, idle @ ..] = all;
    drop(idle);

    let moment = Duration::from_millis(50);
    let retiring = AbortOnDropHandle::new(tokio::spawn(retire(store.pool.clone(), moment)));
    let closed = async {
        while open() > 1 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), closed).await.unwrap();
    // A connection in use is not idle.
    used.unwrap().batch_execute("").await.unwrap();
    drop(retiring);

    let _client = store.client().await.unwrap();
    drop(store.client().await.unwrap());
    let long = AbortOnDropHandle::new(tokio::spawn(retire(store.pool.clone(), IDLE)));
    tokio::time::sleep(moment).await;
    drop(long);
    assert_eq!(open(), 2);
}

#[tokio::test]
async fn a_statement_of_an_abandoned_request_is_ended_with_its_connection() {
    let Some(mut config) = temporary() else {
        return;
    };
    let watching = PostgresStore::open(&config, &Tls::Off).await.unwrap();
    let watching = watching.client().await.unwrap();
    let name = format!("oob-mfa-test-{}", std::process::id());
    config.application_name(&name);
    let store = PostgresStore::open(&config, &Tls::Off).await.unwrap();
    let until_sessions = async |expected: i64, state: &str| {
        let query = "SELECT count(*) FROM pg_stat_activity \
                     WHERE application_name = $1 AND query LIKE $2";
        let counted = async {
            while watching
                .query_one(query, &[&name, &state])
                .await
                .unwrap()
                .get::<_, i64>(0)
                != expected
            {}
        };
        let counted = timeout(Duration::from_secs(30), counted).await;
        counted.expect("as many sessions");
    };

    let client = store.client().await.unwrap();
    let endless = "SET statement_timeout = 0; SELECT pg_sleep(600)";
    tokio::select! {
        _ = ask(&store.tls, client, async |client| client.batch_execute(endless).await) => {
            panic!("it does not end by itself");
        }
        () = until_sessions(1, "%pg_sleep%") => {}
    }
    // Its place is taken until then.
    assert_eq!(store.pool.status().size, 1);
    until_sessions(0, "%").await;
    let closed = async {
        while store.pool.status().size > 0 {
            tokio::task::yield_now().await;
        }
    };
    timeout(Duration::from_secs(30), closed).await.unwrap();
}

/// A PostgreSQL that accepts a connection, answers this many statements, and is then silent.
async fn silent_after(statements: usize) -> Config {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        const AUTHENTICATED: &[u8] = b"R\0\0\0\x08\0\0\0\0";
        const READY: &[u8] = b"Z\0\0\0\x05I";
        let mut kept = Vec::new();
        while let Ok((mut client, _)) = listener.accept().await {
            let mut bytes = [0; 4096];
            let _startup = client.read(&mut bytes).await.unwrap();
            client.write_all(AUTHENTICATED).await.unwrap();
            client.write_all(READY).await.unwrap();
            for _ in 0..statements {
                let _statement = client.read(&mut bytes).await.unwrap();
                client.write_all(READY).await.unwrap();
            }
            kept.push(client);
        }
    });
    let mut config = Config::new();
    config.host("127.0.0.1").port(port).user("me");
    config
}

/// On a clock that advances automatically while every task waits.
#[tokio::test(start_paused = true)]
async fn a_silent_database_does_not_delay_the_start() {
    for (statements, longest) in [(0, CONNECT), (1, START), (2, START)] {
        let config = silent_after(statements).await;
        let asked = tokio::time::Instant::now();
        let opened = timeout(START * 2, PostgresStore::open(&config, &Tls::Off)).await;
        let error = opened.expect("it is waited for").err().unwrap();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
        let waited = asked.elapsed();
        assert_eq!(waited.as_secs(), longest.as_secs(), "{statements}: {error}");
    }
}

#[test]
fn a_revision_that_postgresql_cannot_hold_is_not_wrapped() {
    assert_eq!(stored(i64::MAX as u64).unwrap(), i64::MAX);
    assert!(matches!(
        stored(i64::MAX as u64 + 1),
        Err(StoreError::Broken(_))
    ));
}
