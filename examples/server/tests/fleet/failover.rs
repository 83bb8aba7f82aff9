//! The store dies under attack: a primary whose standby takes over, and a Redis that is started again.

use crate::TURN;
use crate::cluster::{Cluster, Primary, Standby};
use crate::common::long;
use crate::common::redis_server::{DURABLE, RedisServer};
use crate::outage::{Mortal, Outage, Servers, outage};
use crate::received::Received::{Busy, Cut};
use crate::table::Table;

const COLUMNS: [&str; 15] = [
    "store",
    "processes",
    "accounts",
    "requests",
    "503",
    "under way at the kill",
    "codes granted",
    "wrong: answered",
    "wrong: charged",
    "messages: left",
    "messages: charged",
    "stored, not told",
    "told, not stored",
    "beyond the limits",
    "outage",
];

/// A Redis, and what it keeps.
struct Restarted {
    redis: RedisServer,
    is_durable: bool,
}

impl Restarted {
    fn durable() -> Option<Self> {
        Some(Self {
            redis: RedisServer::start(&DURABLE)?,
            is_durable: true,
        })
    }

    /// It keeps what it had when the accounts were prepared.
    fn forgetful() -> Option<Self> {
        Some(Self {
            redis: RedisServer::start(&["--appendonly", "no", "--save", ""])?,
            is_durable: false,
        })
    }
}

impl Mortal for Restarted {
    fn url(&self) -> String {
        self.redis.url()
    }

    fn prepared(&self) {
        if !self.is_durable {
            self.redis.run(&["SAVE"]);
        }
    }

    fn kill(&self) {
        self.redis.kill();
    }

    fn bring_back(&self) {
        self.redis.start_again();
    }

    fn record(&self, subject: &str) -> Vec<u8> {
        self.redis.record(subject)
    }
}

fn attacked(name: &str, store: &impl Mortal) -> Outage {
    const PROCESSES: usize = 3;
    let accounts = long::or(12, 4);
    let servers = Servers::start(&store.url(), PROCESSES);
    let outage = outage(&servers, store, accounts);
    let mut table = Table::new(COLUMNS);
    table.row(&[
        &name,
        &PROCESSES,
        &accounts,
        &outage.sums.received.total(),
        &outage.sums.received.count(Busy),
        &outage.under_way,
        &outage.sums.codes_granted,
        &outage.sums.wrong_received,
        &outage.sums.wrong_charged,
        &outage.sums.messages,
        &outage.sums.sends_charged,
        &outage.sums.untold,
        &outage.sums.lost,
        &outage.sums.beyond,
        &format!("{} ms", outage.lasted.as_millis()),
    ]);
    // No process of ours was killed.
    assert_eq!(outage.sums.received.count(Cut), 0, "{name}");
    outage
}

#[track_caller]
fn is_exact(outage: &Outage) {
    assert_eq!(
        (
            outage.sums.lost,
            outage.sums.beyond,
            outage.sums.unexplained
        ),
        (0, 0, 0)
    );
}

#[track_caller]
fn is_caught(outage: &Outage) {
    assert!(outage.sums.lost > 0 && outage.sums.beyond > 0);
}

#[test]
fn a_failover_to_a_synchronous_standby_loses_and_repeats_nothing() {
    let _turn = TURN.lock();
    for _ in 0..long::or(3, 1) {
        if let Some(cluster) = Cluster::start(Standby::Synchronous, Primary::Dies) {
            is_exact(&attacked("PostgreSQL, synchronous standby", &cluster));
        }
    }
}

#[test]
fn a_failover_from_a_primary_that_hangs_loses_and_repeats_nothing() {
    let _turn = TURN.lock();
    if long::leaves_out("failover::a_failover_from_a_primary_that_hangs_loses_and_repeats_nothing")
    {
        return;
    }
    if let Some(cluster) = Cluster::start(Standby::Synchronous, Primary::Hangs) {
        is_exact(&attacked("PostgreSQL, the primary hangs", &cluster));
    }
}

#[test]
fn a_redis_that_is_killed_and_started_again_loses_and_repeats_nothing() {
    let _turn = TURN.lock();
    for _ in 0..long::or(3, 1) {
        if let Some(redis) = Restarted::durable() {
            is_exact(&attacked("Redis, appendfsync always", &redis));
        }
    }
}

/// The attack has teeth: a store that forgets what it has reported is caught.
#[test]
fn a_store_that_loses_writes_is_caught() {
    let _turn = TURN.lock();
    if !long::leaves_out("failover::a_store_that_loses_writes_is_caught on PostgreSQL")
        && let Some(cluster) = Cluster::start(Standby::Lagging, Primary::Dies)
    {
        is_caught(&attacked("PostgreSQL, lagging standby", &cluster));
    }
    if let Some(redis) = Restarted::forgetful() {
        is_caught(&attacked("Redis, without its file", &redis));
    }
}
