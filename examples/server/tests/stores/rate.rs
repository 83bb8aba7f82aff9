//! Measures the durable writes of a store per second, and the time of each.
//!
//! `cargo test --release -p oob-mfa-server --test stores -- --ignored --nocapture rate`, with `TMPDIR` on the
//! measured disk; `OOB_MFA_TEST_POSTGRES` names a PostgreSQL with `fsync` on, and `OOB_MFA_TEST_REDIS` a Redis with
//! `appendfsync always`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use oob_mfa_server::store::Store;

use super::common::backend::Backend;
use super::{account, open, step};

const WRITERS: [usize; 4] = [1, 16, 64, 256];
const LONG: Duration = Duration::from_secs(3);

#[test]
#[ignore = "a measurement"]
fn rate_of_durable_writes() {
    println!("| store | writers | writes per second | p50 µs | p99 µs |");
    println!("| --- | --- | --- | --- | --- |");
    let redb = Backend::redb();
    for writers in WRITERS {
        measure("redb", &redb, writers);
    }
    let others = [
        ("PostgreSQL", Backend::postgres()),
        ("Redis", Backend::redis()),
    ];
    for (name, backend) in others {
        for (backend, writers) in backend
            .iter()
            .flat_map(|one| WRITERS.map(|many| (one, many)))
        {
            measure(name, backend, writers);
        }
    }
}

/// Each writer has its own account, and loads it before each write.
fn measure(name: &str, backend: &Backend, writers: usize) {
    let store = open(backend);
    let work = |store: Arc<dyn Store>, writer: usize| async move {
        let mut taken = Vec::new();
        let new = account(&format!("{writers}-{writer}"));
        step(&*store, &new).await.unwrap();
        let begun = Instant::now();
        while begun.elapsed() < LONG {
            let asked = Instant::now();
            let loaded = store.load(new.subject().clone()).await.unwrap().unwrap();
            step(&*store, &loaded).await.unwrap();
            taken.push(asked.elapsed());
        }
        taken
    };
    let mut taken = backend.runtime.block_on(async {
        let working = (0..writers).map(|writer| tokio::spawn(work(Arc::clone(&store), writer)));
        let mut taken = Vec::new();
        for working in working.collect::<Vec<_>>() {
            taken.extend(working.await.unwrap());
        }
        taken
    });
    taken.sort_unstable();
    let quantile = |of_100: usize| taken[taken.len() * of_100 / 100].as_micros();
    println!(
        "| {name} | {writers} | {} | {} | {} |",
        taken.len() as u64 / LONG.as_secs(),
        quantile(50),
        quantile(99)
    );
}
