//! The server's store alone, without the engine and without HTTP.
//!
//! It writes the records that a challenge makes from these accounts; they were made in advance.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use oob_mfa::{Challenge, Next};
use oob_mfa_server::store::{self, Store};
use tokio::runtime::Runtime;

use crate::population::{self, Population, Purpose, random};
use crate::requests::{self, bare_users};

/// Prints a line for the load and one for the load with the write: what, requests, requests per second,
/// three latencies in µs, µs of the processor per request.
///
/// Of the users, so many are written.
pub fn measure(url: &str, key: &Path, connections: usize, users: u64, written: u64) {
    let population = requests::population(key);
    let runtime = Runtime::new().expect("a runtime");
    let url = url.parse().expect("a store's URL");
    let store = runtime.block_on(store::open(&url)).expect("a store");
    // A share for each task, which processes it one by one.
    let shares = |users: Range<u64>| -> Vec<Vec<u64>> {
        let share = |first| users.clone().skip(first).step_by(connections).collect();
        (0..connections).map(share).collect()
    };
    let loads = |store: Arc<dyn Store>, share: Vec<u64>| async move {
        let mut taken = Vec::new();
        for user in share {
            let begun = Instant::now();
            let loaded = store.load(Population::subject(user)).await;
            taken.push(begun.elapsed());
            assert!(loaded.expect("a store that works").is_some());
        }
        taken
    };
    let writes = |store: Arc<dyn Store>, share: Vec<(u64, Next)>| async move {
        let mut taken = Vec::new();
        for (user, next) in share {
            let begun = Instant::now();
            let loaded = store.load(Population::subject(user)).await;
            let replaced = store.replace(&next).await;
            taken.push(begun.elapsed());
            assert!(loaded.expect("a store that works").is_some());
            replaced.expect("nobody else writes");
        }
        taken
    };
    let Range { start, end } = bare_users(users);
    let nexts = shares(start..end.min(start + written))
        .into_iter()
        .map(|share| {
            let next = |user| (user, runtime.block_on(next(&population, &*store, user)));
            share.into_iter().map(next).collect::<Vec<_>>()
        });
    let nexts: Vec<_> = nexts.collect();
    report(&runtime, "store alone: load", || {
        shares(start..end)
            .into_iter()
            .map(|share| loads(Arc::clone(&store), share))
            .collect()
    });
    report(&runtime, "store alone: load and write", || {
        nexts
            .into_iter()
            .map(|share| writes(Arc::clone(&store), share))
            .collect()
    });
}

/// The record that a challenge of this user would write.
async fn next(population: &Population, store: &dyn Store, user: u64) -> Next {
    let rng = &mut random(Purpose::Traffic, user);
    let loaded = store.load(Population::subject(user)).await;
    let account = loaded.expect("a store that works").expect("prepared");
    let session = population.begin(user, population.now, rng);
    let request = Challenge::default();
    let asked = population
        .engine
        .challenge(account, &session, &request, population.now, rng);
    let (next, challenged) = population::next(asked);
    challenged.expect("an active phone");
    next
}

fn report<F>(runtime: &Runtime, what: &str, tasks: impl FnOnce() -> Vec<F>)
where
    F: Future<Output = Vec<Duration>> + Send + 'static,
{
    let tasks = tasks();
    let processor = processor_time();
    let begun = Instant::now();
    let mut all = Histogram::<u64>::new(3).expect("three digits");
    runtime.block_on(async {
        let tasks: Vec<_> = tasks.into_iter().map(tokio::spawn).collect();
        for task in tasks {
            for taken in task.await.expect("no panic") {
                let micros = u64::try_from(taken.as_micros()).unwrap_or(u64::MAX);
                all.record(micros).expect("it grows");
            }
        }
    });
    let elapsed = begun.elapsed().as_secs_f64();
    let processor = (processor_time() - processor).as_micros();
    let requests = all.len();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let per_second = requests as f64 / elapsed;
    println!(
        "{what}\t{requests}\t{per_second:.0}\t{}\t{}\t{}\t{}",
        all.value_at_quantile(0.5),
        all.value_at_quantile(0.99),
        all.value_at_quantile(0.999),
        processor / u128::from(requests),
    );
}

/// The processor time of this process.
fn processor_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    // The name before them, in brackets, may contain spaces.
    let fields = stat.rsplit(") ").next().expect("a line");
    let ticks = fields.split(' ').skip(11).take(2);
    let ticks: u64 = ticks
        .map(|field| field.parse::<u64>().expect("a number"))
        .sum();
    // A tick is 1/100 second, independent of the kernel's own unit.
    Duration::from_millis(ticks * 10)
}
