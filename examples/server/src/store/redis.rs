//! Accounts in Redis: `redis://USER:PASSWORD@HOST/DATABASE`, or `rediss://…` over TLS.
//!
//! # What keeps an account whole
//!
//! An account is one hash, `oob-mfa:account:<subject>`, with the fields `revision` and `record`.
//! One script compares the revision and writes both; Redis runs nothing else meanwhile. Revisions
//! are compared as text, because Lua's numbers lose integers above 2⁵³. No account expires. The
//! client connects to one server, not to a cluster.
//!
//! Redis loses data unless its settings prevent it:
//!
//! * `appendonly yes` and `appendfsync always`, so a write is on the disk before the response, and
//!   `no-appendfsync-on-rewrite no` (the default), so this applies during a rewrite too;
//! * `maxmemory-policy noeviction` (the default), because an evicted account would have full
//!   budgets again.
//!
//! The process checks these at startup, and warns.
//!
//! Replicas are asynchronous: a failover loses writes that had not arrived yet, including spent
//! codes and charged budgets. `min-replicas-to-write` and `WAIT` make that rarer but not
//! impossible: neither undoes a write, and the promoted replica may not have it. If a failover must
//! lose nothing, use PostgreSQL with a synchronous standby.
//!
//! # When it fails
//!
//! All requests share one connection. It is not used again after any failure. A failed read is
//! retried once, a write never.
//!
//! # Events
//!
//! The same script appends the events to the stream `oob-mfa:events` before it writes the account.
//! If that key is not a stream, it writes neither. One process at a time reads it, with a lease in
//! `oob-mfa:events:reader` that expires if the process dies. Once entries are logged, exactly those
//! are deleted.
//!
//! # TLS
//!
//! `rediss://` encrypts the connection. The server's certificate must be for the host of the URL,
//! from an authority that the system trusts or the one in `sslrootcert=FILE`.

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use oob_mfa::{Account, Next, Subject};
use redis::aio::MultiplexedConnection;
use redis::{
    AsyncConnectionConfig, Client, ConnectionInfo, RedisError, RedisResult, Script, TlsCertificates,
};
use tokio::sync::Mutex;
use tokio::time::sleep;

use super::audit::{BATCH, encode_events, hand_over};
use super::record::{decode_at, encode};
use super::{ANSWER, CONNECT, Promise, Store, StoreError, TakeEvent, in_time, tls};

const EVENTS: &str = "oob-mfa:events";
const READER: &str = "oob-mfa:events:reader";

/// Writes events, revision and record if the stored revision is the one to replace, or if there is
/// no key and none is to be replaced.
const REPLACE: &str = "\
    if ARGV[1] == '' then
        if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
    elseif redis.call('HGET', KEYS[1], 'revision') ~= ARGV[1] then
        return 0
    end
    for event = 4, #ARGV do
        redis.call('XADD', KEYS[2], '*', 'event', ARGV[event])
    end
    redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'record', ARGV[3])
    return 1";

/// The oldest entries, for the one process that reads; nothing if another process reads.
const OLDEST: &str = "\
    if redis.call('XLEN', KEYS[1]) == 0 then return {} end
    local reader = redis.call('GET', KEYS[2])
    if reader and reader ~= ARGV[1] then return false end
    redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
    return redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', ARGV[3])";

/// Deletes these entries, and lets another process read.
const FORGET: &str = "\
    redis.call('XDEL', KEYS[1], unpack(ARGV, 2))
    if redis.call('GET', KEYS[2]) == ARGV[1] then redis.call('DEL', KEYS[2]) end
    return 'OK'";

/// How long a reading process may take to confirm what it has logged.
const LEASE: Duration = Duration::from_secs(3);
/// How often another process checks whether it has.
const TURN: Duration = Duration::from_millis(20);

/// Settings, and the values that lose nothing.
const SETTINGS: [(&str, &[&str]); 4] = [
    ("appendonly", &["yes"]),
    ("appendfsync", &["always"]),
    ("no-appendfsync-on-rewrite", &["no"]),
    // The volatile policies evict only keys that expire; ours do not.
    (
        "maxmemory-policy",
        &[
            "noeviction",
            "volatile-lru",
            "volatile-lfu",
            "volatile-random",
            "volatile-ttl",
        ],
    ),
];

/// Accounts in Redis. Any number of processes share them.
pub struct RedisStore {
    client: Client,
    replace: Script,
    oldest: Script,
    forget: Script,
    /// Identifies this process among the readers of the events.
    reader: String,
    shared: Mutex<Shared>,
}

/// The connection of all requests, if any, and the number of earlier ones.
#[derive(Default)]
struct Shared {
    connection: Option<MultiplexedConnection>,
    number: u64,
}

impl RedisStore {
    /// Connects, over TLS if the URL asks for it. Warns about settings that let Redis lose
    /// acknowledged writes.
    ///
    /// # Errors
    ///
    /// Why it cannot connect.
    pub async fn open(info: &ConnectionInfo, authority: Option<&Path>) -> Result<Self, StoreError> {
        tls::provide();
        let authority = authority.map(tls::authority).transpose();
        let client = match authority.map_err(|error| StoreError::Unavailable(error.into()))? {
            None => Client::open(info.clone()),
            root_cert => {
                let certificates = TlsCertificates {
                    client_tls: None,
                    root_cert,
                };
                Client::build_with_tls(info.clone(), certificates)
            }
        };
        let random = getrandom::u64().map_err(|error| StoreError::Unavailable(error.into()))?;
        let store = Self {
            client: client.map_err(failure)?,
            replace: Script::new(REPLACE),
            oldest: Script::new(OLDEST),
            forget: Script::new(FORGET),
            reader: format!("{random:016x}"),
            shared: Mutex::default(),
        };
        store.warn_of_settings_that_lose().await?;
        Ok(store)
    }

    async fn warn_of_settings_that_lose(&self) -> Result<(), StoreError> {
        let (mut connection, _) = self.connection().await?;
        for (setting, good) in SETTINGS {
            let mut asked = redis::cmd("CONFIG");
            asked.arg("GET").arg(setting);
            let told: RedisResult<HashMap<String, String>> =
                asked.query_async(&mut connection).await;
            match told {
                Ok(told) => match told.get(setting).map(String::as_str) {
                    Some(value) if good.contains(&value) => {}
                    value => tracing::warn!(
                        setting,
                        value,
                        better = good[0],
                        "Redis can lose what it has acknowledged"
                    ),
                },
                Err(error) if error.is_io_error() => return Err(failure(error)),
                Err(error) => tracing::warn!(
                    setting,
                    %error,
                    better = good[0],
                    "Redis does not tell whether it can lose what it has acknowledged"
                ),
            }
        }
        Ok(())
    }

    async fn connection(&self) -> Result<(MultiplexedConnection, u64), StoreError> {
        let mut shared = self.shared.lock().await;
        if let Some(connection) = &shared.connection {
            return Ok((connection.clone(), shared.number));
        }
        let times = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER));
        let connection = self
            .client
            .get_multiplexed_async_connection_with_config(&times)
            .await
            .map_err(refused)?;
        shared.connection = Some(connection.clone());
        Ok((connection, shared.number))
    }

    /// The result of a command. After a failure, the connection is dropped.
    async fn settle<T>(&self, asked: RedisResult<T>, number: u64) -> Result<T, StoreError> {
        if asked.is_err() {
            let mut shared = self.shared.lock().await;
            if shared.number == number {
                *shared = Shared {
                    connection: None,
                    number: number + 1,
                };
            }
        }
        asked.map_err(failure)
    }

    async fn has_no_account(&self) -> Result<bool, StoreError> {
        let (mut connection, number) = self.connection().await?;
        let mut cursor = 0_u64;
        loop {
            let mut asked = redis::cmd("SCAN");
            asked.arg(cursor).arg("MATCH").arg("oob-mfa:account:*");
            asked.arg("COUNT").arg(1_000);
            let asked = asked.query_async(&mut connection).await;
            let (next, keys): (u64, Vec<Vec<u8>>) = self.settle(asked, number).await?;
            if !keys.is_empty() || next == 0 {
                return Ok(keys.is_empty());
            }
            cursor = next;
        }
    }

    async fn read(&self, subject: &Subject) -> Result<Option<Account>, StoreError> {
        let (mut connection, number) = self.connection().await?;
        let mut asked = redis::cmd("HMGET");
        asked.arg(key(subject)).arg("revision").arg("record");
        let asked = asked.query_async(&mut connection).await;
        match self.settle(asked, number).await? {
            (None, None) => Ok(None),
            (Some::<String>(revision), Some::<Vec<u8>>(record)) => {
                decode_at(revision.parse().ok(), &record).map(Some)
            }
            _ => Err(StoreError::Broken("an incomplete record".into())),
        }
    }

    async fn write(&self, next: &Next) -> Result<(), StoreError> {
        let account = next.account();
        let mut script = self.replace.key(key(account.subject()));
        script.key(EVENTS);
        match account.replaces() {
            None => script.arg(""),
            Some(replaced) => script.arg(replaced),
        };
        script.arg(account.revision()).arg(encode(account)?);
        script.arg(encode_events(next)?);
        let (mut connection, number) = self.connection().await?;
        let asked = script.invoke_async(&mut connection).await;
        match self.settle(asked, number).await? {
            0 => Err(StoreError::Conflict),
            _ => Ok(()),
        }
    }
}

impl RedisStore {
    /// Waits for its turn: another process's lease ends before the deadline.
    async fn oldest_events(&self) -> Result<Vec<Entry>, StoreError> {
        let mut script = self.oldest.key(EVENTS);
        script.key(READER).arg(&self.reader);
        script.arg(LEASE.as_millis().to_string()).arg(BATCH);
        loop {
            let (mut connection, number) = self.connection().await?;
            let asked = script.invoke_async(&mut connection).await;
            if let Some(entries) = self.settle(asked, number).await? {
                return Ok(entries);
            }
            sleep(TURN).await;
        }
    }

    async fn drain(&self, take: TakeEvent<'_>) -> Result<usize, StoreError> {
        let entries = self.oldest_events().await?;
        if entries.is_empty() {
            return Ok(0);
        }
        hand_over(entries.iter().map(|(_, [_, event])| &**event), take);
        let mut script = self.forget.key(EVENTS);
        script.key(READER).arg(&self.reader);
        for (id, _) in &entries {
            script.arg(id);
        }
        let (mut connection, number) = self.connection().await?;
        let asked = script.invoke_async::<()>(&mut connection).await;
        self.settle(asked, number).await?;
        Ok(entries.len())
    }
}

/// The id of an entry, the name of its field, and the event.
type Entry = (String, [String; 2]);

impl Store for RedisStore {
    fn load(&self, subject: Subject) -> Promise<'_, Option<Account>> {
        Box::pin(in_time(async move {
            match self.read(&subject).await {
                Err(StoreError::Unavailable(_)) => self.read(&subject).await,
                read => read,
            }
        }))
    }

    fn replace<'a>(&'a self, next: &'a Next) -> Promise<'a, ()> {
        Box::pin(in_time(async move { self.write(next).await }))
    }

    fn drain_events<'a>(&'a self, take: TakeEvent<'a>) -> Promise<'a, usize> {
        Box::pin(in_time(self.drain(take)))
    }

    fn is_empty(&self) -> Promise<'_, bool> {
        Box::pin(in_time(self.has_no_account()))
    }
}

fn key(subject: &Subject) -> String {
    format!("oob-mfa:account:{subject}")
}

/// Why a connection failed. It does not repeat the server's message, which may contain the
/// password.
fn refused(error: RedisError) -> StoreError {
    if error.is_io_error() {
        return failure(error);
    }
    let (kind, code) = (error.kind(), error.code());
    StoreError::Unavailable(format!("the connection was refused: {kind:?}, {code:?}").into())
}

fn failure(error: RedisError) -> StoreError {
    // Something else uses the key: keep it.
    if error.code() == Some("WRONGTYPE") {
        return StoreError::Broken(error.into());
    }
    StoreError::Unavailable(error.into())
}
