//! `StoreTest` on the server's stores and on broken ones.
//!
//! Each module has a store of the server, and controls: the same database, used wrongly.

#[path = "../common/world.rs"]
mod common;
mod postgres;
mod redb;
mod redis;
mod tls;

use std::sync::Arc;

use common::backend::Backend;
use oob_mfa::{Account, Unsaved};
use oob_mfa_server::store::{self, Store, StoreError};
use oob_mfa_testing::{Breach, Duty, Report, Rule, StoreTest};

fn open(backend: &Backend, url: &str) -> Result<Arc<dyn Store>, String> {
    let url = url.parse().unwrap();
    backend.runtime.block_on(store::open(&url))
}

fn passes(name: &str, backend: &Backend, url: &str) {
    let store = open(backend, url).unwrap();
    let test = StoreTest::new(
        async |subject| store.load(subject).await,
        async |next| store.replace(&next).await.map_err(StoreError::unsaved),
    );
    keeps_its_duty(name, &backend.runtime.block_on(test.run()));
}

fn keeps_its_duty(name: &str, report: &Report) {
    println!("{name}, {report}");
    assert!(report.is_conformant(), "{report}");
}

fn breaks(name: &str, report: &Report, duty: Duty, rules: &[Rule]) {
    println!("{name}, {report}");
    for rule in rules {
        let found = |breach: &Breach| breach.duty() == duty && breach.rule() == Some(*rule);
        assert!(report.breaches().iter().any(found), "{rule}");
    }
}

/// The result of a conditional write: whether it failed, and whether it found the revision to
/// replace.
fn saved<E>(written: Result<bool, E>) -> Result<(), Unsaved<E>> {
    match written {
        Ok(true) => Ok(()),
        Ok(false) => Err(Unsaved::Conflict),
        Err(error) => Err(Unsaved::Failed(error)),
    }
}

fn decode(record: &[u8]) -> Account {
    postcard::from_bytes(record).unwrap()
}
