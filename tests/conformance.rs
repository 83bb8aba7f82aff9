//! The test of stores, tested: it lets a good one pass, and finds each way to break the duty.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, HashSet};
use std::future::poll_fn;
use std::task::Poll;

use oob_mfa::testing::{Breach, Duty, MemoryStore, Report, Rule, StoreTest};
use oob_mfa::{Account, Next, Subject};

type Records = RefCell<HashMap<Subject, Account>>;

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
fn replace(records: &Records, account: Account) -> Result<(), &'static str> {
    if revision(records, account.subject()) != account.replaces() {
        return Err("conflict");
    }
    put(records, account);
    Ok(())
}

/// The report on a store that loads as it should and replaces as it likes.
fn replacing(records: &Records, replace: impl AsyncFn(Next) -> Result<(), &'static str>) -> Report {
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

#[test]
fn a_store_that_keeps_its_duty_passes() {
    let store = MemoryStore::new();
    let report = StoreTest::new(
        async |subject| Ok(store.load(&subject)),
        async |next| store.replace(next),
    )
    .run_blocking();
    assert!(report.is_conformant(), "{report}");
    println!("{report}");
    assert_eq!(report.schedules(), 1_222);
    assert_eq!(report.stale_loads(), 0);
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
            Ok(record)
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
                Err("conflict")
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

#[test]
fn answers_may_be_lost_and_loads_may_fail() {
    let (records, calls) = (Records::default(), Cell::new(0_u32));
    let fails = || {
        calls.set(calls.get() + 1);
        calls.get().is_multiple_of(5)
    };
    let report = StoreTest::new(
        async |subject: Subject| {
            if fails() {
                return Err("out of reach");
            }
            Ok(stored(&records, &subject))
        },
        async |next: Next| {
            let lost = fails();
            replace(&records, next.account)?;
            if lost {
                Err("the answer was lost")
            } else {
                Ok(())
            }
        },
    )
    .run_blocking();
    assert!(report.is_conformant(), "{report}");
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
            "A (right code) saves revision 2: granted",
            "B (right code) saves revision 2: granted",
        ],
    );
    shows(
        breach(&report, Duty::Replace, Some(Rule::FailureLimit)),
        &[
            "A (wrong code) loads revision 1",
            "B (wrong code) loads revision 1",
            "A (wrong code) saves revision 2: Invalid binding_code.",
            "B (wrong code) saves revision 2: Invalid binding_code.",
        ],
    );
    shows(
        breach(&report, Duty::Replace, Some(Rule::SendLimit)),
        &[
            "A (challenge) loads revision 1",
            "B (challenge) loads revision 1",
            "A (challenge) saves revision 2: sent",
            "B (challenge) saves revision 2: sent",
        ],
    );
    shows(
        breach(&report, Duty::Insert, None),
        &[
            "A saves revision 1: reported",
            "B saves revision 1: reported",
        ],
    );
}

#[test]
fn a_compare_outside_of_the_transaction_is_found() {
    let records = Records::default();
    let report = replacing(&records, async |next: Next| {
        if revision(&records, next.account.subject()) != next.account.replaces() {
            return Err("conflict");
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
            "A (right code) saves revision 2: granted",
            "B (right code) saves revision 2: granted",
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
            Ok(stored(&records, &subject))
        },
        async |next: Next| {
            if revision(&records, next.account.subject()) != next.account.replaces() {
                return Err("conflict");
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
            async |subject: Subject| Ok(stored(&memory, &subject)),
            async |next: Next| {
                replace(&memory, next.account)?;
                writes.set(writes.get() + 1);
                if writes.get().is_multiple_of(2) {
                    durable.borrow_mut().clone_from(&memory.borrow());
                }
                Ok::<(), &str>(())
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
    breach(&report, Duty::Keep, Some(Rule::Once));
}

#[test]
fn a_durable_store_survives_restarts() {
    let records = Records::default();
    let report = StoreTest::new(
        async |subject: Subject| Ok(stored(&records, &subject)),
        async |next: Next| replace(&records, next.account),
    )
    .restarting(async || {})
    .run_blocking();
    assert!(report.is_conformant(), "{report}");
    assert!(report.to_string().contains(", 11 restarts"), "{report}");
}

#[test]
fn a_revision_that_wraps_is_found() {
    for bits in [8, 16, 32] {
        let records = Records::default();
        let narrow = |revision: Option<u64>| revision.map(|revision| revision % (1 << bits));
        let report = replacing(&records, async |next: Next| {
            let there = revision(&records, next.account.subject());
            if narrow(there) != narrow(next.account.replaces()) {
                return Err("conflict");
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
                 revision 4 was replaced by who had loaded {replaced}\n  \
                 1. A saves revision {}: reported\n",
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
        &[
            "A saves revision 1: reported",
            "B saves revision 1: reported",
        ],
    );
}

#[test]
fn an_update_without_a_row_is_found() {
    let records = Records::default();
    let report = replacing(&records, async |next: Next| {
        let there = revision(&records, next.account.subject());
        if there.is_some() && there != next.account.replaces() {
            return Err("conflict");
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
            async |subject: Subject| Ok(records.borrow().get(&fold(subject.as_str())).cloned()),
            async |next: Next| {
                let key = fold(next.account.subject().as_str());
                let there = records.borrow().get(&key).map(Account::revision);
                if there != next.account.replaces() {
                    return Err("conflict");
                }
                records.borrow_mut().insert(key, next.account);
                Ok(())
            },
        )
        .run_blocking();
        breach(&report, Duty::Read, None);
    }
}

#[test]
fn a_record_that_is_cut_or_refused_for_its_size_is_found() {
    let records = Records::default();
    let report = replacing(&records, async |next: Next| {
        if postcard::to_allocvec(&next.account).unwrap().len() > 2_048 {
            return Err("value too long");
        }
        replace(&records, next.account)
    });
    breach(&report, Duty::Save, None);
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
        async |_: Next| Err("read-only"),
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
    let test = |seed| {
        StoreTest::new(
            async |subject| Ok(store.load(&subject)),
            async |next| store.replace(next),
        )
        .with_seed(seed)
        .run_blocking()
    };
    assert!(test(1).is_conformant());
    assert!(test(1).to_string().contains("give another seed"));
    assert!(test(2).is_conformant());
}

#[test]
fn every_rule_has_its_number_and_a_name() {
    let numbers: Vec<u8> = Rule::ALL.iter().map(|rule| rule.number()).collect();
    assert_eq!(numbers, (1..=17).collect::<Vec<u8>>());
    let names: HashSet<&str> = Rule::ALL.iter().map(|rule| rule.name()).collect();
    assert_eq!(names.len(), 17);
    assert_eq!(Rule::Once.to_string(), "rule 2 (once)");
}
