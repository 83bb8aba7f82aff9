//! Stores that lose what they reported as saved, or store something else.

use super::*;

/// Makes these records the same in `to` as in `from`.
fn copy(subjects: &RefCell<Vec<Subject>>, from: &Records, to: &Records) {
    let (from, mut to) = (from.borrow(), to.borrow_mut());
    for subject in subjects.borrow_mut().drain(..) {
        match from.get(&subject) {
            Some(account) => to.insert(subject, account.clone()),
            None => to.remove(&subject),
        };
    }
}

/// Consistent until a power failure, which loses what was reported.
#[test]
fn success_that_a_restart_undoes_is_found() {
    let (durable, memory) = (Records::default(), Records::default());
    let writes = Cell::new(0_u32);
    let unsaved = RefCell::<Vec<Subject>>::default();
    let store = || {
        StoreTest::new(
            async |subject: Subject| Ok::<_, &str>(stored(&memory, &subject)),
            async |next: Next| {
                give_way().await;
                replace(&memory, next.account().clone())?;
                unsaved.borrow_mut().push(next.account().subject().clone());
                writes.set(writes.get() + 1);
                if writes.get().is_multiple_of(2) {
                    copy(&unsaved, &memory, &durable);
                }
                Ok(())
            },
        )
    };
    // Without a restart the fault is invisible.
    let report = store().run_blocking();
    assert!(report.is_conformant(), "{report}");
    let restart = async || copy(&unsaved, &durable, &memory);
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

/// A first record that reaches the disk only when it is replaced.
#[test]
fn an_insert_that_is_not_durable_is_found() {
    if is_skipped() {
        return;
    }
    let (durable, memory) = (Records::default(), Records::default());
    let restart = async || memory.borrow_mut().clone_from(&durable.borrow());
    let report = StoreTest::new(
        async |subject: Subject| Ok::<_, &str>(stored(&memory, &subject)),
        async |next: Next| {
            give_way().await;
            replace(&memory, next.account().clone())?;
            if next.account().replaces().is_some() {
                put(&durable, next.account().clone());
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

/// Like a cache that evicts, or a key that expires: budgets would be full again.
#[test]
fn a_store_that_forgets_the_oldest_is_found() {
    if is_skipped() {
        return;
    }
    for kept in cases([24, 100, 1_000]) {
        let (records, order) = (Records::default(), RefCell::new(Vec::new()));
        let report = replacing(&records, async |next: Next| {
            give_way().await;
            let subject = next.account().subject().clone();
            let is_new = next.account().replaces().is_none();
            replace(&records, next.account().clone())?;
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
                .contains("the saved record of a subject is lost or undone after writes to others"),
            "{report}"
        );
    }
}

#[test]
fn a_revision_that_wraps_is_found() {
    if is_skipped() {
        return;
    }
    for bits in cases([8, 16, 32]) {
        let records = Records::default();
        let narrow = |revision: Option<u64>| revision.map(|revision| revision % (1 << bits));
        let report = replacing(&records, async |next: Next| {
            let there = revision(&records, next.account().subject());
            if narrow(there) != narrow(next.account().replaces()) {
                return Err(Unsaved::Conflict);
            }
            put(&records, next.account().clone());
            Ok(())
        });
        let wrapped = breach(&report, Duty::Replace, None);
        let replaced = 4 + (1_u64 << bits);
        assert_eq!(
            wrapped.to_string(),
            format!(
                "the store must replace only the revision that the account replaces; it did not: \
                 it held revision 4 and accepted an account that replaces {replaced}; compare all 64 bits for equality\n  \
                 1. A saves revision {}\n",
                replaced + 1
            )
        );
    }
}

/// Texts compared only up to the length of a column or of a `printf`.
#[test]
fn a_revision_that_is_cut_is_found() {
    if is_skipped() {
        return;
    }
    let cuts: [fn(u64) -> String; 4] = [
        |revision| revision.to_string().chars().take(3).collect(),
        |revision| revision.to_string().chars().rev().take(3).collect(),
        |revision| (revision % 1_000).to_string(),
        |revision| revision.min(999).to_string(),
    ];
    for cut in cases(cuts) {
        let records = Records::default();
        let report = replacing(&records, async |next: Next| {
            let there = revision(&records, next.account().subject());
            if there.map(cut) != next.account().replaces().map(cut) {
                return Err(Unsaved::Conflict);
            }
            put(&records, next.account().clone());
            Ok(())
        });
        breach(&report, Duty::Replace, None);
    }
}

#[test]
fn subjects_that_a_column_takes_for_one_are_found() {
    let folds: [fn(&str) -> String; 4] = [
        str::to_lowercase,
        |subject| subject.trim_end().to_owned(),
        |subject| subject.chars().take(191).collect(),
        |subject| subject.replace('\u{301}', ""),
    ];
    for fold in cases(folds) {
        let records = RefCell::new(HashMap::<String, Account>::new());
        let report = StoreTest::new(
            async |subject: Subject| {
                Ok::<_, &str>(records.borrow().get(&fold(subject.as_str())).cloned())
            },
            async |next: Next| {
                let key = fold(next.account().subject().as_str());
                let there = records.borrow().get(&key).map(Account::revision);
                if there != next.account().replaces() {
                    return Err(Unsaved::Conflict);
                }
                records.borrow_mut().insert(key, next.account().clone());
                Ok(())
            },
        )
        .run_blocking();
        breach(&report, Duty::Read, None);
    }
}

#[test]
fn a_record_that_is_cut_or_refused_for_its_size_is_found() {
    if is_skipped() {
        return;
    }
    let records = Records::default();
    let report = replacing(&records, async |next: Next| {
        if postcard::to_allocvec(next.account()).unwrap().len() > LARGEST - 8 {
            return Err(Unsaved::Failed("value too long"));
        }
        replace(&records, next.account().clone())
    });
    breach(&report, Duty::Save, None);
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

/// Requests load a write that is done but not yet reported.
#[test]
fn a_lost_compare_is_not_blamed_on_durability() {
    let load = |records: &std::sync::Mutex<HashMap<Subject, Account>>, subject: &Subject| {
        Ok::<_, &str>(records.lock().unwrap().get(subject).cloned())
    };
    let report = StoreTest::blocking(Arc::default(), load, |records, next| {
        let account = next.account().clone();
        records
            .lock()
            .unwrap()
            .insert(account.subject().clone(), account);
        std::thread::yield_now();
        Ok(())
    })
    .run_blocking();
    println!("{report}");
    let duties = report.breaches().iter().map(Breach::duty);
    let expected = |duty| matches!(duty, Duty::Insert | Duty::Replace);
    assert!(duties.into_iter().all(expected), "{report}");
    breach(&report, Duty::Replace, Some(Rule::Once));
}
