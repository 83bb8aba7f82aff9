//! The test of stores, tested: it lets a good one pass, and finds each way to break the duty.

mod said;

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use oob_mfa::testing::{
    Breach, Duty, MemoryStore, MemoryStoreUnavailable, Report, Rule, StoreTest,
};
use oob_mfa::{Account, Next, Subject, Unsaved};

type Records = RefCell<HashMap<Subject, Account>>;
type Saved = Result<(), Unsaved<&'static str>>;

/// Lets everybody else go on, once.
async fn give_way() {
    let mut given = false;
    poll_fn(|context| {
        if given {
            return Poll::Ready(());
        }
        given = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

fn stored(records: &Records, subject: &Subject) -> Option<Account> {
    records.borrow().get(subject).cloned()
}

fn revision(records: &Records, subject: &Subject) -> Option<u64> {
    records.borrow().get(subject).map(Account::revision)
}

fn put(records: &Records, account: Account) {
    records
        .borrow_mut()
        .insert(account.subject().clone(), account);
}

/// As a database does it: whoever comes between is waited for.
fn replace(records: &Records, account: Account) -> Saved {
    if revision(records, account.subject()) != account.replaces() {
        return Err(Unsaved::Conflict);
    }
    put(records, account);
    Ok(())
}

/// The report on a store that loads as it should and replaces as it likes.
fn replacing(records: &Records, replace: impl AsyncFn(Next) -> Saved) -> Report {
    let load = async |subject: Subject| Ok(stored(records, &subject));
    StoreTest::new(load, replace).run_blocking()
}

fn breach(report: &Report, duty: Duty, rule: Option<Rule>) -> &Breach {
    let is_it = |breach: &&Breach| breach.duty() == duty && breach.rule() == rule;
    report
        .breaches()
        .iter()
        .find(is_it)
        .unwrap_or_else(|| panic!("not found: {report}"))
}

fn shows(breach: &Breach, expected: &[&str]) {
    let steps: Vec<String> = breach.schedule().iter().map(ToString::to_string).collect();
    assert_eq!(steps, expected);
}

fn test_of(
    store: &MemoryStore,
) -> StoreTest<impl AsyncFn(Subject) -> Loaded, impl AsyncFn(Next) -> Replaced> {
    StoreTest::blocking(
        Arc::new(store.clone()),
        |store, subject| store.load(subject),
        |store, next| store.replace(next),
    )
}

type Loaded = Result<Option<Account>, MemoryStoreUnavailable>;
type Replaced = Result<(), Unsaved<MemoryStoreUnavailable>>;

#[test]
fn a_store_that_keeps_its_duty_passes() {
    let report = test_of(&MemoryStore::new()).run_blocking();
    assert!(report.is_conformant(), "{report}");
    println!("{report}");
    assert_eq!(report.schedules(), 1_239);
    assert_eq!(report.stale_loads(), 0);
    assert!(report.to_string().ends_with(
        "nothing was found that the store does not do\n\
         not tested: whether what is reported outlasts a crash; for that, StoreTest::restarting\n"
    ));
}

/// It would have passed as well if it compared in one step and wrote in another.
#[test]
fn a_store_whose_calls_never_meet_is_not_tested() {
    let store = MemoryStore::new();
    let report = StoreTest::new(
        async |subject| store.load(&subject),
        async |next| store.replace(next),
    )
    .run_blocking();
    assert!(report.breaches().is_empty(), "{report}");
    assert!(!report.is_conformant());
    assert!(report.to_string().contains(
        "not tested: no two saves were ever under way at once, so a store that compares in one step \
         and writes in another would pass; for a store that blocks, StoreTest::blocking\n"
    ));
}

/// Through the stored form, and others come between at every turn.
#[test]
fn a_store_of_bytes_where_requests_meet_passes() {
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
            let subject = next.account.subject();
            let there = load(subject).as_ref().map(Account::revision);
            let done = if there == next.account.replaces() {
                let record = postcard::to_allocvec(&next.account).unwrap();
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

/// The conditional write catches what a cache did not know.
#[test]
fn a_cache_that_is_behind_passes_and_is_seen() {
    let (records, cache) = (Records::default(), RefCell::new(HashMap::new()));
    let report = StoreTest::new(
        async |subject: Subject| {
            let mut cache = cache.borrow_mut();
            let cached = cache.entry(subject.clone());
            Ok(cached.or_insert_with(|| stored(&records, &subject)).clone())
        },
        async |next: Next| {
            give_way().await;
            let subject = next.account.subject().clone();
            let done = replace(&records, next.account);
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

/// Every third to eighth write is done, and nobody hears of it.
#[test]
fn answers_may_be_lost_and_loads_may_fail() {
    for (every, first) in [(3_u32, 0_u32), (3, 1), (4, 0), (5, 2), (8, 1)] {
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
                replace(&records, next.account)?;
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
fn the_last_write_that_wins_is_found() {
    let records = Records::default();
    let report = replacing(&records, async |next: Next| {
        put(&records, next.account);
        Ok(())
    });
    println!("{report}");
    shows(
        breach(&report, Duty::Replace, Some(Rule::Once)),
        &[
            "A (right code) loads revision 1",
            "B (right code) loads revision 1",
            "A (right code) saves revision 2, and hears: granted",
            "B (right code) saves revision 2, and hears: granted",
        ],
    );
    shows(
        breach(&report, Duty::Replace, Some(Rule::FailureLimit)),
        &[
            "A (wrong code) loads revision 1",
            "B (wrong code) loads revision 1",
            "A (wrong code) saves revision 2, and hears: Invalid binding_code.",
            "B (wrong code) saves revision 2, and hears: Invalid binding_code.",
        ],
    );
    shows(
        breach(&report, Duty::Replace, Some(Rule::SendLimit)),
        &[
            "A (challenge) loads revision 1",
            "B (challenge) loads revision 1",
            "A (challenge) saves revision 2, and hears: sent",
            "B (challenge) saves revision 2, and hears: sent",
        ],
    );
    shows(
        breach(&report, Duty::Insert, None),
        &["A saves revision 1", "B saves revision 1"],
    );
}

#[test]
fn a_compare_outside_of_the_transaction_is_found() {
    let records = Records::default();
    let report = replacing(&records, async |next: Next| {
        if revision(&records, next.account.subject()) != next.account.replaces() {
            return Err(Unsaved::Conflict);
        }
        // The database is asked to write now, and others come between.
        give_way().await;
        put(&records, next.account);
        Ok(())
    });
    println!("{report}");
    shows(
        breach(&report, Duty::Replace, Some(Rule::Once)),
        &[
            "A (right code) loads revision 1",
            "B (right code) loads revision 1",
            "A (right code) begins to save revision 2",
            "B (right code) begins to save revision 2",
            "A (right code) saves revision 2, and hears: granted",
            "B (right code) saves revision 2, and hears: granted",
        ],
    );
}

/// Written behind: the reply does not wait, and a later write meets what is not there yet.
#[test]
fn success_that_is_reported_before_the_commit_is_found() {
    let (records, behind) = (Records::default(), RefCell::new(Vec::<Account>::new()));
    let catch_up = || {
        behind
            .borrow_mut()
            .drain(..)
            .for_each(|account| put(&records, account))
    };
    let report = StoreTest::new(
        async |subject: Subject| {
            catch_up();
            Ok::<_, &str>(stored(&records, &subject))
        },
        async |next: Next| {
            if revision(&records, next.account.subject()) != next.account.replaces() {
                return Err(Unsaved::Conflict);
            }
            behind.borrow_mut().push(next.account);
            Ok(())
        },
    )
    .run_blocking();
    println!("{report}");
    breach(&report, Duty::Replace, Some(Rule::Once));
}

/// Consistent as long as nothing happens; a power failure takes what was reported.
#[test]
fn success_that_a_restart_undoes_is_found() {
    let (durable, memory) = (Records::default(), Records::default());
    let writes = Cell::new(0_u32);
    let store = || {
        StoreTest::new(
            async |subject: Subject| Ok::<_, &str>(stored(&memory, &subject)),
            async |next: Next| {
                give_way().await;
                replace(&memory, next.account)?;
                writes.set(writes.get() + 1);
                if writes.get().is_multiple_of(2) {
                    durable.borrow_mut().clone_from(&memory.borrow());
                }
                Ok(())
            },
        )
    };
    // Nothing can be seen of it without.
    let report = store().run_blocking();
    assert!(report.is_conformant(), "{report}");
    let restart = async || memory.borrow_mut().clone_from(&durable.borrow());
    let report = store().with_seed(2).restarting(restart).run_blocking();
    println!("{report}");
    assert!(
        report
            .breaches()
            .iter()
            .all(|breach| breach.duty() == Duty::Keep),
        "{report}"
    );
    assert!(!report.breaches().is_empty(), "{report}");
}

#[test]
fn a_durable_store_survives_restarts() {
    let records = Records::default();
    let report = StoreTest::new(
        async |subject: Subject| Ok(stored(&records, &subject)),
        async |next: Next| {
            give_way().await;
            replace(&records, next.account)
        },
    )
    .restarting(async || {})
    .run_blocking();
    assert!(report.is_conformant(), "{report}");
    assert!(report.to_string().contains(", 12 restarts"), "{report}");
}

#[test]
fn a_revision_that_wraps_is_found() {
    for bits in [8, 16, 32] {
        let records = Records::default();
        let narrow = |revision: Option<u64>| revision.map(|revision| revision % (1 << bits));
        let report = replacing(&records, async |next: Next| {
            let there = revision(&records, next.account.subject());
            if narrow(there) != narrow(next.account.replaces()) {
                return Err(Unsaved::Conflict);
            }
            put(&records, next.account);
            Ok(())
        });
        let wrapped = breach(&report, Duty::Replace, None);
        let replaced = 4 + (1_u64 << bits);
        assert_eq!(
            wrapped.to_string(),
            format!(
                "the store has to replace only the revision that the account replaces; it did not: \
                 it held revision 4 and took an account that replaces {replaced}; compare for equality, over 64 bits\n  \
                 1. A saves revision {}\n",
                replaced + 1
            )
        );
    }
}

#[test]
fn an_upsert_is_found() {
    let records = Records::default();
    let report = StoreTest::new(
        async |subject: Subject| Ok(stored(&records, &subject)),
        async |next: Next| match next.account.replaces() {
            None => {
                put(&records, next.account);
                Ok(())
            }
            Some(_) => replace(&records, next.account),
        },
    )
    .run_blocking();
    shows(
        breach(&report, Duty::Insert, None),
        &["A saves revision 1", "B saves revision 1"],
    );
}

#[test]
fn an_update_without_a_row_is_found() {
    let records = Records::default();
    let report = replacing(&records, async |next: Next| {
        let there = revision(&records, next.account.subject());
        if there.is_some() && there != next.account.replaces() {
            return Err(Unsaved::Conflict);
        }
        put(&records, next.account);
        Ok(())
    });
    breach(&report, Duty::Replace, None);
}

#[test]
fn subjects_that_a_column_takes_for_one_are_found() {
    let folds: [fn(&str) -> String; 4] = [
        str::to_lowercase,
        |subject| subject.trim_end().to_owned(),
        |subject| subject.chars().take(191).collect(),
        |subject| subject.replace('\u{301}', ""),
    ];
    for fold in folds {
        let records = RefCell::new(HashMap::<String, Account>::new());
        let report = StoreTest::new(
            async |subject: Subject| {
                Ok::<_, &str>(records.borrow().get(&fold(subject.as_str())).cloned())
            },
            async |next: Next| {
                let key = fold(next.account.subject().as_str());
                let there = records.borrow().get(&key).map(Account::revision);
                if there != next.account.replaces() {
                    return Err(Unsaved::Conflict);
                }
                records.borrow_mut().insert(key, next.account);
                Ok(())
            },
        )
        .run_blocking();
        breach(&report, Duty::Read, None);
    }
}

/// What a record takes at the most, by rule 12: the revision alone is longer than in any test.
const LARGEST: usize = 3_975;

#[test]
fn a_record_that_is_cut_or_refused_for_its_size_is_found() {
    let records = Records::default();
    let report = replacing(&records, async |next: Next| {
        if postcard::to_allocvec(&next.account).unwrap().len() > LARGEST - 8 {
            return Err(Unsaved::Failed("value too long"));
        }
        replace(&records, next.account)
    });
    breach(&report, Duty::Save, None);
}

/// One file of everybody: read, changed and written as a whole.
#[test]
fn a_file_that_is_written_as_a_whole_is_found() {
    let file = Records::default();
    let report = replacing(&file, async |next: Next| {
        let mut whole = file.borrow().clone();
        let there = whole.get(next.account.subject()).map(Account::revision);
        if there != next.account.replaces() {
            return Err(Unsaved::Conflict);
        }
        whole.insert(next.account.subject().clone(), next.account);
        give_way().await;
        file.replace(whole);
        Ok(())
    });
    assert!(!report.breaches().is_empty(), "{report}");
}

/// As a cache that evicts, or a key that expires: budgets would be full again.
#[test]
fn a_store_that_forgets_the_oldest_is_found() {
    for kept in [24, 100, 1_000] {
        let (records, order) = (Records::default(), RefCell::new(Vec::new()));
        let report = replacing(&records, async |next: Next| {
            give_way().await;
            let subject = next.account.subject().clone();
            let is_new = next.account.replaces().is_none();
            replace(&records, next.account)?;
            let mut order = order.borrow_mut();
            if is_new {
                order.push(subject);
            }
            if order.len() > kept {
                records.borrow_mut().remove(&order.remove(0));
            }
            Ok(())
        });
        let forgotten = breach(&report, Duty::Keep, None);
        assert!(
            forgotten
                .to_string()
                .contains("what was saved of a subject is gone, or undone, after writes to others"),
            "{report}"
        );
    }
}

/// A first record that is on the disk only when it is replaced.
#[test]
fn an_insert_that_is_not_durable_is_found() {
    let (durable, memory) = (Records::default(), Records::default());
    let restart = async || memory.borrow_mut().clone_from(&durable.borrow());
    let report = StoreTest::new(
        async |subject: Subject| Ok::<_, &str>(stored(&memory, &subject)),
        async |next: Next| {
            give_way().await;
            replace(&memory, next.account.clone())?;
            if next.account.replaces().is_some() {
                put(&durable, next.account);
            }
            Ok(())
        },
    )
    .restarting(restart)
    .run_blocking();
    assert!(
        report
            .breaches()
            .iter()
            .any(|breach| breach.duty() == Duty::Keep),
        "{report}"
    );
}

/// Texts compared as far as a column, or a `printf`, has room.
#[test]
fn a_revision_that_is_cut_is_found() {
    let cuts: [fn(u64) -> String; 4] = [
        |revision| revision.to_string().chars().take(3).collect(),
        |revision| revision.to_string().chars().rev().take(3).collect(),
        |revision| (revision % 1_000).to_string(),
        |revision| revision.min(999).to_string(),
    ];
    for cut in cuts {
        let records = Records::default();
        let report = replacing(&records, async |next: Next| {
            let there = revision(&records, next.account.subject());
            if there.map(cut) != next.account.replaces().map(cut) {
                return Err(Unsaved::Conflict);
            }
            put(&records, next.account);
            Ok(())
        });
        breach(&report, Duty::Replace, None);
    }
}

#[test]
fn a_conflict_that_writes_all_the_same_is_found() {
    let records = Records::default();
    let report = replacing(&records, async |next: Next| {
        let done = replace(&records, next.account.clone());
        put(&records, next.account);
        done
    });
    breach(&report, Duty::Replace, None);
}

#[test]
fn a_store_that_saves_nothing_is_found() {
    let report = StoreTest::new(
        async |_: Subject| Ok(None::<Account>),
        async |_: Next| Err(Unsaved::Failed("read-only")),
    )
    .run_blocking();
    shows(
        breach(&report, Duty::Save, None),
        &["A cannot save revision 1: read-only", "A loads no record"],
    );
    assert_eq!(report.schedules(), 1);
}

#[test]
fn a_second_run_on_the_same_store_asks_for_another_seed() {
    let store = MemoryStore::new();
    let test = |seed| test_of(&store).with_seed(seed).run_blocking();
    assert!(test(1).is_conformant());
    assert!(test(1).to_string().contains("give another seed"));
    assert!(test(2).is_conformant());
}

/// The `?` that makes a failure of a conflict: whoever came second hears 503 and is not asked again.
#[test]
fn a_conflict_that_is_called_a_failure_is_found() {
    let records = Records::default();
    let report = replacing(&records, async |next: Next| {
        replace(&records, next.account).map_err(|_| Unsaved::Failed("UNIQUE constraint failed"))
    });
    let second = breach(&report, Duty::Conflict, None);
    assert_eq!(
        second.to_string(),
        "the store has to say that it is a conflict where another revision is stored; it did not: a \
         write that came second failed with \"UNIQUE constraint failed\", and none was called a \
         conflict; decide asks again only after that\n  \
         1. B cannot save revision 1: UNIQUE constraint failed\n"
    );
}

/// The inserts alone, as where a unique index speaks up and nobody has looked for it.
#[test]
fn an_insert_that_fails_where_it_is_a_conflict_is_found() {
    let records = Records::default();
    let report = replacing(&records, async |next: Next| {
        let is_first = next.account.replaces().is_none();
        let done = replace(&records, next.account);
        if is_first {
            done.map_err(|_| Unsaved::Failed("duplicate key"))
        } else {
            done
        }
    });
    let breaches: Vec<Duty> = report.breaches().iter().map(Breach::duty).collect();
    assert_eq!(breaches, [Duty::Conflict], "{report}");
}

/// As the tables of most servers are at first: compared, and then written, under one lock each.
#[test]
fn a_compare_under_another_lock_than_the_write_is_found() {
    use std::sync::Mutex;

    let load = |records: &Mutex<HashMap<Subject, Account>>, subject: &Subject| {
        Ok::<_, &str>(records.lock().unwrap().get(subject).cloned())
    };
    let report = StoreTest::blocking(Arc::default(), load, move |records, next| {
        let subject = next.account.subject().clone();
        let there = load(records, &subject)?;
        if there.as_ref().map(Account::revision) != next.account.replaces() {
            return Err(Unsaved::Conflict);
        }
        std::thread::yield_now();
        records.lock().unwrap().insert(subject, next.account);
        Ok(())
    })
    .run_blocking();
    let broken = report.breaches().iter().map(Breach::duty);
    assert!(
        broken.into_iter().any(|duty| duty == Duty::Replace),
        "{report}"
    );
}

#[test]
fn every_rule_has_its_number_and_a_name() {
    let numbers: Vec<u8> = Rule::ALL.iter().map(|rule| rule.number()).collect();
    assert_eq!(numbers, (1..=17).collect::<Vec<u8>>());
    let names: HashSet<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(names.len(), 17);
    assert_eq!(Rule::Once.to_string(), "rule 2 (once)");
}
