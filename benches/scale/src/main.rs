//! The cost of the crate with millions of accounts: bytes, rates and latencies.
//!
//! `benches/scale.sh` runs all of it and prints the tables of the page `scale` of the documentation.

mod allocated;
mod bare;
mod durable;
mod file;
mod fleet;
mod memory;
mod population;
mod requests;
mod store;
mod traffic;

use std::path::Path;
use std::process::ExitCode;
use std::thread;

use oob_mfa::{Key, KeyRing};
use redb::Durability;
use time::UtcDateTime;

use crate::file::File;
use crate::memory::{Form, Memory, Record, Whole};
use crate::population::Population;
use crate::store::Store;
use crate::traffic::{Draw, heading, measure};

const USAGE: &str = "\
scale memory ACCOUNTS [record|account]   accounts in memory, as their records or as they are
scale redb ACCOUNTS FILE                 accounts in a new file
scale durable STORE NAME...              sign-ins that wait for the disk, on new stores

For scale.sh, which serves what these have prepared:

scale prepare FILE KEY FOLDER CONNECTIONS USERS ALL
    requests of so many users of each kind of traffic into the folder, and all accounts into a new file:
    one of redb, or of rows for PostgreSQL's COPY where its name ends with .copy
scale bare STORE KEY CONNECTIONS USERS WRITTEN
    the store alone: so many users loaded, and so many written";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["memory", accounts] | ["memory", accounts, "record"] => {
            in_memory::<Record>(number(accounts), "records");
        }
        ["memory", accounts, "account"] => in_memory::<Whole>(number(accounts), "accounts"),
        ["redb", accounts, path] => in_file(number(accounts), Path::new(path)),
        ["durable", ref stores @ ..] if !stores.is_empty() => {
            durable::heading();
            for [url, name] in stores.as_chunks().0 {
                durable::measure(url, name, a_population());
            }
        }
        ["prepare", file, key, folder, connections, users, all] => requests::prepare(
            Path::new(file),
            Path::new(key),
            Path::new(folder),
            size(connections),
            number(users),
            number(all),
        ),
        ["bare", store, key, connections, users, written] => {
            let (users, written) = (number(users), number(written));
            bare::measure(store, Path::new(key), size(connections), users, written);
        }
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    ExitCode::SUCCESS
}

/// With underscores, as in Rust.
fn number(text: &str) -> u64 {
    text.replace('_', "").parse().expect("a number")
}

fn size(text: &str) -> usize {
    usize::try_from(number(text)).expect("64 bits")
}

fn a_population() -> Population {
    let now = UtcDateTime::from_unix_timestamp(1_800_000_000).expect("a moment of 2027");
    Population::new(KeyRing::new(Key::new(1, &[7; 32])), now)
}

/// Puts every user into a store, and returns how many bytes of that are still allocated.
fn fill(
    store: &impl Store,
    population: &Population,
    users: std::ops::Range<u64>,
    at_once: u64,
) -> isize {
    let ((), live) = allocated::by(|| {
        let mut begin = users.start;
        while begin < users.end {
            let end = users.end.min(begin + at_once);
            store.put((begin..end).map(|user| population.enrolled(user)).collect());
            begin = end;
        }
    });
    live
}

fn record_bytes(population: &Population) -> usize {
    let record = postcard::to_allocvec(&population.enrolled(0));
    record.expect("an account has a binary form").len()
}

fn in_memory<F: Form>(accounts: u64, form: &str) {
    let population = &a_population();
    let before = allocated::resident();
    let (store, tables) = allocated::by(|| Memory::<F>::for_accounts(accounts));
    let filled: isize = thread::scope(|scope| {
        let store = &store;
        let half = accounts / 2;
        let filling = [0..half, half..accounts]
            .map(|users| scope.spawn(move || fill(store, population, users, 1)));
        filling
            .into_iter()
            .map(|one| one.join().expect("no panic"))
            .sum()
    });
    let resident = allocated::resident() - before;
    let of_each = |bytes: u64| bytes / accounts;
    let live = u64::try_from(tables + filled).expect("more than none");
    println!(
        "| in memory | accounts | bytes of a record | allocated per account | resident per account |"
    );
    println!("| --- | --- | --- | --- | --- |");
    println!(
        "| as {form} | {} | {} | {} | {} |\n",
        fleet::grouped(accounts),
        record_bytes(population),
        of_each(live),
        of_each(resident),
    );
    heading();
    // A few hundred thousand do not fit into a cache, and are few enough to leave the others idle.
    let operations = size_within(200_000, accounts);
    let name = format!("{} {form} in memory", fleet::grouped(accounts));
    let mut draw = Draw::of(accounts);
    let alone = measure(&store, population, &mut draw, operations, &name);
    println!("\n```text");
    fleet::bytes(of_each(live), &format!("allocated, all of them as {form}"));
    fleet::processors(alone, "the crate and the map");
    println!("```");
}

fn in_file(accounts: u64, path: &Path) {
    let population = &a_population();
    let mut store = File::create(path);
    fill(&store, population, 0..accounts, 20_000);
    let of_each = || std::fs::metadata(path).expect("a file").len() / accounts;
    let filled = of_each();
    store.compact();
    println!(
        "| in redb | accounts | bytes of a record | bytes of the file per account | compacted |"
    );
    println!("| --- | --- | --- | --- | --- |");
    println!(
        "| on disk | {} | {} | {filled} | {} |\n",
        fleet::grouped(accounts),
        record_bytes(population),
        of_each(),
    );
    heading();
    let mut draw = Draw::of(accounts);
    for (durability, operations, writes) in [
        (Durability::None, 20_000, "writes not waited for"),
        (Durability::Immediate, 1_000, "durable"),
    ] {
        store.durability = durability;
        let operations = size_within(operations, accounts);
        let name = format!("{} in redb, {writes}", fleet::grouped(accounts));
        measure(&store, population, &mut draw, operations, &name);
    }
    println!("\n```text");
    fleet::bytes(filled, "of redb files");
    println!("```");
}

/// Few enough that every step of every thread has its own users.
fn size_within(operations: usize, accounts: u64) -> usize {
    usize::try_from(accounts / 16).map_or(operations, |few| few.min(operations))
}
