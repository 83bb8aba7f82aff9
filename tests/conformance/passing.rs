//! Stores that fulfill their duty, and what the report says about them.

use super::*;

#[test]
fn a_store_that_fulfills_its_duty_passes() {
    let report = test_of(&MemoryStore::new()).run_blocking();
    assert!(report.is_conformant(), "{report}");
    println!("{report}");
    assert_eq!(report.schedules(), 1_239);
    assert_eq!(report.stale_loads(), 0);
    assert!(report.to_string().ends_with(
        "no breach was found\n\
         not tested: whether reported writes survive a crash; use StoreTest::restarting\n"
    ));
}

/// A store that compares in one step and writes in another would pass too.
#[test]
fn a_store_whose_calls_never_meet_is_not_tested() {
    if is_skipped() {
        return;
    }
    let store = MemoryStore::new();
    let report = StoreTest::new(
        async |subject| store.load(&subject),
        async |next| store.replace(next),
    )
    .run_blocking();
    assert!(report.breaches().is_empty(), "{report}");
    assert!(!report.is_conformant());
    assert!(report.to_string().contains(
        "not tested: no two saves were ever under way at once. A store that compares in one step \
         and writes in another would pass. For a store that blocks, use StoreTest::blocking\n"
    ));
}

/// Uses the stored form, and yields to other requests at every step.
#[test]
fn a_store_of_bytes_where_requests_meet_passes() {
    if is_skipped() {
        return;
    }
    let records = RefCell::new(HashMap::<Subject, Vec<u8>>::new());
    let load = |subject: &Subject| {
        let record = records.borrow().get(subject).cloned();
        record.map(|record| postcard::from_bytes::<Account>(&record).unwrap())
    };
    let report = StoreTest::new(
        async |subject: Subject| {
            give_way().await;
            let record = load(&subject);
            give_way().await;
            Ok::<_, &str>(record)
        },
        async |next: Next| {
            give_way().await;
            let subject = next.account().subject();
            let there = load(subject).as_ref().map(Account::revision);
            let done = if there == next.account().replaces() {
                let record = postcard::to_allocvec(next.account()).unwrap();
                records.borrow_mut().insert(subject.clone(), record);
                Ok(())
            } else {
                Err(Unsaved::Conflict)
            };
            give_way().await;
            done
        },
    )
    .run_blocking();
    assert!(report.is_conformant(), "{report}");
}

/// The conditional write catches what a stale cache did not know.
#[test]
fn a_stale_cache_passes_and_is_reported() {
    if is_skipped() {
        return;
    }
    let (records, cache) = (Records::default(), RefCell::new(HashMap::new()));
    let report = StoreTest::new(
        async |subject: Subject| {
            let mut cache = cache.borrow_mut();
            let cached = cache.entry(subject.clone());
            Ok(cached.or_insert_with(|| stored(&records, &subject)).clone())
        },
        async |next: Next| {
            give_way().await;
            let subject = next.account().subject().clone();
            let done = replace(&records, next.account().clone());
            if done.is_err() {
                cache.borrow_mut().remove(&subject);
            }
            done
        },
    )
    .run_blocking();
    assert!(report.is_conformant(), "{report}");
    assert!(report.stale_loads() > 1_000, "{report}");
}

/// Every third to eighth write is done, but its response is lost.
#[test]
fn answers_may_be_lost_and_loads_may_fail() {
    for (every, first) in cases([(3_u32, 0_u32), (3, 1), (4, 0), (5, 2), (8, 1)]) {
        let (records, calls) = (Records::default(), Cell::new(first));
        let fails = || {
            calls.set(calls.get() + 1);
            calls.get().is_multiple_of(every)
        };
        let loads = Cell::new(0_u32);
        let report = StoreTest::new(
            async |subject: Subject| {
                loads.set(loads.get() + 1);
                if loads.get().is_multiple_of(7) {
                    return Err("out of reach");
                }
                Ok(stored(&records, &subject))
            },
            async |next: Next| {
                give_way().await;
                let lost = fails();
                replace(&records, next.account().clone())?;
                if lost {
                    Err(Unsaved::Failed("the answer was lost"))
                } else {
                    Ok(())
                }
            },
        )
        .run_blocking();
        assert!(report.is_conformant(), "{every}, {first}: {report}");
    }
}

#[test]
fn a_durable_store_survives_restarts() {
    if is_skipped() {
        return;
    }
    let records = Records::default();
    let report = StoreTest::new(
        async |subject: Subject| Ok(stored(&records, &subject)),
        async |next: Next| {
            give_way().await;
            replace(&records, next.account().clone())
        },
    )
    .restarting(async || {})
    .run_blocking();
    assert!(report.is_conformant(), "{report}");
    assert!(report.to_string().contains(", 12 restarts"), "{report}");
}

#[test]
fn a_second_run_on_the_same_store_asks_for_another_seed() {
    if is_skipped() {
        return;
    }
    let store = MemoryStore::new();
    let test = |seed| test_of(&store).with_seed(seed).run_blocking();
    assert!(test(1).is_conformant());
    assert!(test(1).to_string().contains("give another seed"));
    assert!(test(2).is_conformant());
}
