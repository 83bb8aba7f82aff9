//! Redis.

use oob_mfa::{Account, Next, Subject};
use oob_mfa_testing::{Duty, Rule, StoreTest};
use redis::RedisError;

use crate::common::backend::Backend;
use crate::{breaks, decode, passes, saved};

#[test]
fn redis_keeps_its_duty() {
    if let Some(backend) = Backend::redis() {
        passes("Redis", &backend, &backend.url);
    }
}

/// GET, compare, SET: two commands, and others between them.
#[test]
fn redis_compared_outside_of_the_script_is_found() {
    let Some(backend) = Backend::redis() else {
        return;
    };
    let client = redis::Client::open(&*backend.url).unwrap();
    let report = backend.runtime.block_on(async {
        let shared = client.get_multiplexed_async_connection().await.unwrap();
        let load = async |subject: &Subject| {
            let mut get = redis::cmd("GET");
            get.arg(subject.as_str());
            let stored: Option<Vec<u8>> = get.query_async(&mut shared.clone()).await?;
            Ok::<_, RedisError>(stored.as_deref().map(decode))
        };
        let replace = async |account: &Account| {
            let there = load(account.subject()).await?;
            if there.as_ref().map(Account::revision) != account.replaces() {
                return Ok(false);
            }
            let record = postcard::to_allocvec(account).unwrap();
            let mut set = redis::cmd("SET");
            set.arg(account.subject().as_str()).arg(record);
            set.exec_async(&mut shared.clone()).await?;
            Ok(true)
        };
        let test = StoreTest::new(
            async |subject: Subject| load(&subject).await,
            async |next: Next| saved(replace(next.account()).await),
        );
        test.run().await
    });
    breaks(
        "Redis, compared outside",
        &report,
        Duty::Replace,
        &[Rule::Once],
    );
}
