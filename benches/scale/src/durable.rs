//! Durable sign-ins of the server's store, beside its bare conditional writes.
//!
//! In each round every user is challenged, and then the right code of each is saved, by so many clients
//! at once: as a bare conditional write of a record that was decided before, with the load of the record
//! in front of it, and as a whole sign-in. All three write the same records and events in place of the
//! same records, through the same store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use oob_mfa::{Challenge, Next, Unsaved, VerifyOob, decide_async};
use oob_mfa_server::store::{self, Store, StoreError};
use time::UtcDateTime;
use tokio::runtime::Runtime;

use crate::population::{CLIENT, Population, Purpose, Waiting, next, random};

const USERS: u64 = 8_192;
const CLIENTS: [usize; 3] = [16, 64, 256];
const ROUNDS: usize = 7;
/// Tasks for what is not measured.
const PREPARING: usize = 16;

/// What is measured.
#[derive(Clone, Copy)]
enum Kind {
    Write,
    LoadAndWrite,
    SignIn,
}

/// One user's part of a round.
enum Part {
    Write(Next),
    LoadAndWrite(Next),
    SignIn(String, VerifyOob),
}

/// What a round took.
struct Taken {
    wall: Duration,
    /// Of each part that was saved, ascending.
    each: Vec<Duration>,
    /// Parts that the store gave up.
    failed: usize,
}

struct Bench {
    runtime: Runtime,
    store: Arc<dyn Store>,
    population: Arc<Population>,
    now: UtcDateTime,
}

/// Prints the table of a store.
pub fn measure(url: &str, name: &str, population: Population) {
    let runtime = Runtime::new().expect("a runtime");
    let url = url.parse().expect("a store's URL");
    let store = runtime.block_on(store::open(&url)).expect("a store");
    let mut bench = Bench {
        now: population.now,
        population: Arc::new(population),
        runtime,
        store,
    };
    bench.enroll();
    for clients in CLIENTS {
        // The first fills the caches and the pool of connections.
        bench.round(Kind::Write, clients);
        let rounds: Vec<[Taken; 3]> = (0..ROUNDS)
            .map(|_| {
                [Kind::Write, Kind::LoadAndWrite, Kind::SignIn]
                    .map(|kind| bench.round(kind, clients))
            })
            .collect();
        print(name, clients, &rounds);
    }
}

pub fn heading() {
    println!(
        "| store | clients | bare writes/s | loads and writes/s | sign-ins/s | p50 ms | p99 ms | sign-ins ÷ bare writes | lowest to highest | failed |"
    );
    println!("| --- | --: | --: | --: | --: | --: | --: | --: | --- | --: |");
}

fn print(name: &str, clients: usize, rounds: &[[Taken; 3]]) {
    let rate = |taken: &Taken| taken.each.len() as f64 / taken.wall.as_secs_f64();
    let rates = |kind: usize| sorted(rounds.iter().map(|round| rate(&round[kind])));
    let [bare, loads, sign_ins] = [0, 1, 2].map(|kind| rates(kind)[ROUNDS / 2]);
    let ratios = sorted(
        rounds
            .iter()
            .map(|[bare, _, signed]| rate(signed) / rate(bare)),
    );
    let milliseconds = |quantile: usize| {
        let of_each = rounds.iter().map(|[.., signed]| {
            signed.each[signed.each.len() * quantile / 100].as_secs_f64() * 1e3
        });
        sorted(of_each)[ROUNDS / 2]
    };
    let failed: usize = rounds.iter().flatten().map(|taken| taken.failed).sum();
    println!(
        "| {name} | {clients} | {bare:.0} | {loads:.0} | {sign_ins:.0} | {:.1} | {:.1} | {:.0} % | {:.0} to {:.0} % | {failed} |",
        milliseconds(50),
        milliseconds(99),
        ratios[ROUNDS / 2] * 100.0,
        ratios[0] * 100.0,
        ratios[ROUNDS - 1] * 100.0,
    );
}

fn sorted(figures: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures
}

impl Bench {
    /// Stores every user with a phone, as the two writes of an enrollment would.
    fn enroll(&self) {
        self.at_once(
            PREPARING,
            (0..USERS).collect(),
            |store, population, _, user| async move {
                for next in population.enrollment(user) {
                    store.replace(&next).await.expect("a new user");
                }
            },
        );
    }

    /// A day later, a login of every user; the right codes are measured.
    fn round(&mut self, kind: Kind, clients: usize) -> Taken {
        self.now += time::Duration::DAY;
        let parts = self.at_once(
            PREPARING,
            (0..USERS).collect(),
            move |store, population, now, user| challenge(store, population, now, user, kind),
        );
        let begun = Instant::now();
        let each = self.at_once(clients, parts, |store, population, now, part| async move {
            let begun = Instant::now();
            let saved = answer(&*store, &population, now, part).await;
            saved.map(|()| begun.elapsed())
        });
        let wall = begun.elapsed();
        let failed = each.iter().filter(|each| each.is_err()).count();
        let mut each: Vec<Duration> = each.into_iter().flatten().collect();
        each.sort_unstable();
        Taken { wall, each, failed }
    }

    /// Runs so many tasks, each of which does its share of the work one by one.
    fn at_once<W, T, F>(
        &self,
        tasks: usize,
        work: Vec<W>,
        act: impl Fn(Arc<dyn Store>, Arc<Population>, UtcDateTime, W) -> F + Copy + Send + 'static,
    ) -> Vec<T>
    where
        W: Send + 'static,
        T: Send + 'static,
        F: Future<Output = T> + Send,
    {
        let mut shares: Vec<Vec<W>> = (0..tasks).map(|_| Vec::new()).collect();
        for (index, one) in work.into_iter().enumerate() {
            shares[index % tasks].push(one);
        }
        let now = self.now;
        self.runtime.block_on(async {
            let working = shares.into_iter().map(|share| {
                let (store, population) = (Arc::clone(&self.store), Arc::clone(&self.population));
                tokio::spawn(async move {
                    let mut done = Vec::with_capacity(share.len());
                    for one in share {
                        let (store, population) = (Arc::clone(&store), Arc::clone(&population));
                        done.push(act(store, population, now, one).await);
                    }
                    done
                })
            });
            let mut done = Vec::new();
            for working in working.collect::<Vec<_>>() {
                done.extend(working.await.expect("no panic"));
            }
            done
        })
    }
}

/// A code is issued and stored; what completes the login comes back.
async fn challenge(
    store: Arc<dyn Store>,
    population: Arc<Population>,
    now: UtcDateTime,
    user: u64,
    kind: Kind,
) -> Part {
    let loaded = store.load(Population::subject(user)).await;
    let account = loaded.expect("a store that works").expect("enrolled");
    let (session, account, challenged) = {
        let rng = &mut random(Purpose::Login, user ^ now.unix_timestamp().cast_unsigned());
        let session = population.begin(user, now, rng);
        let request = Challenge::default();
        let asked = population
            .engine
            .challenge(account, &session, &request, now, rng);
        let (account, challenged) = next(asked);
        (session, account, challenged.expect("an active phone"))
    };
    store.replace(&account).await.expect("nobody else writes");
    let waiting = Waiting::new(population.token(&session), &challenged);
    let decided = || {
        let (account, right) = (account.account().clone(), waiting.right());
        let asked = population.engine.verify_oob(account, &session, &right, now);
        next(asked).0
    };
    match kind {
        Kind::Write => Part::Write(decided()),
        Kind::LoadAndWrite => Part::LoadAndWrite(decided()),
        Kind::SignIn => Part::SignIn(waiting.token.clone(), waiting.right()),
    }
}

async fn answer(
    store: &dyn Store,
    population: &Population,
    now: UtcDateTime,
    part: Part,
) -> Result<(), StoreError> {
    match part {
        Part::Write(next) => store.replace(&next).await,
        Part::LoadAndWrite(next) => {
            let subject = next.account().subject().clone();
            let loaded = store.load(subject).await?.expect("enrolled");
            assert_eq!(Some(loaded.revision()), next.account().replaces());
            store.replace(&next).await
        }
        Part::SignIn(token, right) => {
            let engine = &population.engine;
            let session = engine.open_token(&token, Some(CLIENT), now);
            let session = session.expect("a token of this engine");
            let outcome = decide_async(
                session.subject(),
                || store.load(session.subject().clone()),
                |account| engine.verify_oob(account, &session, &right, now),
                |next| async move {
                    let saved = store.replace(&next).await;
                    saved.map_err(StoreError::unsaved)
                },
            );
            match outcome.await {
                Ok(outcome) => outcome.result.map(drop).expect("the right code"),
                Err(Unsaved::Conflict) => return Err(StoreError::Conflict),
                Err(Unsaved::Failed(error)) => return Err(error),
            }
            Ok(())
        }
    }
}
