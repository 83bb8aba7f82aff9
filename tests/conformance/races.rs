//! Stores that break their duty when requests race.

use super::*;

#[test]
fn the_last_write_that_wins_is_found() {
    let report = comparing(|_, _| true);
    println!("{report}");
    shows(
        breach(&report, Duty::Replace, Some(Rule::Once)),
        &[
            "A (right code) loads revision 1",
            "B (right code) loads revision 1",
            "A (right code) saves revision 2, and gets: granted",
            "B (right code) saves revision 2, and gets: granted",
        ],
    );
    shows(
        breach(&report, Duty::Replace, Some(Rule::FailureLimit)),
        &[
            "A (wrong code) loads revision 1",
            "B (wrong code) loads revision 1",
            "A (wrong code) saves revision 2, and gets: Invalid binding_code.",
            "B (wrong code) saves revision 2, and gets: Invalid binding_code.",
        ],
    );
    shows(
        breach(&report, Duty::Replace, Some(Rule::SendLimit)),
        &[
            "A (challenge) loads revision 1",
            "B (challenge) loads revision 1",
            "A (challenge) saves revision 2, and gets: sent",
            "B (challenge) saves revision 2, and gets: sent",
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
        if revision(&records, next.account().subject()) != next.account().replaces() {
            return Err(Unsaved::Conflict);
        }
        // The write begins here, and other requests come in between.
        give_way().await;
        put(&records, next.account().clone());
        Ok(())
    });
    println!("{report}");
    let granted = breach(&report, Duty::Replace, Some(Rule::Once));
    assert_eq!(
        found(granted),
        "the store must replace only the revision that the account replaces; it broke rule 2 (once): \
         one code was granted twice; both were under way at once: compare and write in one statement, \
         or lock the row"
    );
    shows(
        granted,
        &[
            "A (right code) loads revision 1",
            "B (right code) loads revision 1",
            "A (right code) begins to save revision 2",
            "B (right code) begins to save revision 2",
            "A (right code) saves revision 2, and gets: granted",
            "B (right code) saves revision 2, and gets: granted",
        ],
    );
}

/// Write-behind: the reply does not wait, and a later write compares with a stale record.
#[test]
fn success_that_is_reported_before_the_commit_is_found() {
    if is_skipped() {
        return;
    }
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
            if revision(&records, next.account().subject()) != next.account().replaces() {
                return Err(Unsaved::Conflict);
            }
            behind.borrow_mut().push(next.account().clone());
            Ok(())
        },
    )
    .run_blocking();
    println!("{report}");
    breach(&report, Duty::Replace, Some(Rule::Once));
}

/// One file for all users: read, changed and written as a whole.
#[test]
fn a_file_rewritten_as_a_whole_is_found() {
    if is_skipped() {
        return;
    }
    let file = Records::default();
    let report = replacing(&file, async |next: Next| {
        let mut whole = file.borrow().clone();
        let there = whole.get(next.account().subject()).map(Account::revision);
        if there != next.account().replaces() {
            return Err(Unsaved::Conflict);
        }
        whole.insert(next.account().subject().clone(), next.account().clone());
        give_way().await;
        file.replace(whole);
        Ok(())
    });
    assert!(!report.breaches().is_empty(), "{report}");
}

/// Like the first version of most servers: compares, then writes, under one lock each.
#[test]
fn a_compare_under_another_lock_than_the_write_is_found() {
    if is_skipped() {
        return;
    }
    use std::sync::Mutex;

    let load = |records: &Mutex<HashMap<Subject, Account>>, subject: &Subject| {
        Ok::<_, &str>(records.lock().unwrap().get(subject).cloned())
    };
    let report = StoreTest::blocking(Arc::default(), load, move |records, next| {
        let subject = next.account().subject().clone();
        let there = load(records, &subject).map_err(Unsaved::Failed)?;
        if there.as_ref().map(Account::revision) != next.account().replaces() {
            return Err(Unsaved::Conflict);
        }
        std::thread::yield_now();
        records
            .lock()
            .unwrap()
            .insert(subject, next.account().clone());
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
fn a_conflict_that_still_writes_is_found() {
    if is_skipped() {
        return;
    }
    let records = Records::default();
    let report = replacing(&records, async |next: Next| {
        let done = replace(&records, next.account().clone());
        put(&records, next.account().clone());
        done
    });
    breach(&report, Duty::Replace, None);
}

#[test]
fn an_upsert_is_found() {
    let report = comparing(|there, replaces| replaces.is_none() || there == replaces);
    shows(
        breach(&report, Duty::Insert, None),
        &["A saves revision 1", "B saves revision 1"],
    );
}

#[test]
fn an_update_without_a_row_is_found() {
    let report = comparing(|there, replaces| there.is_none() || there == replaces);
    breach(&report, Duty::Replace, None);
}

/// A `?` turns a conflict into a failure: the request that loses the race gets 503 and no retry.
#[test]
fn a_conflict_reported_as_a_failure_is_found() {
    let records = Records::default();
    let report = replacing(&records, async |next: Next| {
        replace(&records, next.account().clone())
            .map_err(|_| Unsaved::Failed("UNIQUE constraint failed"))
    });
    let second = breach(&report, Duty::Conflict, None);
    assert_eq!(
        second.to_string(),
        "the store must report a conflict if another revision is stored, never for a stored write; it did not: a \
         write that lost a race failed with \"UNIQUE constraint failed\", and no such write was reported as a \
         conflict; decide asks again only after a conflict\n  \
         1. B cannot save revision 1: UNIQUE constraint failed\n"
    );
}

/// The same, but only for inserts: a unique index fails, and the code does not expect it.
#[test]
fn an_insert_that_fails_where_it_is_a_conflict_is_found() {
    if is_skipped() {
        return;
    }
    let records = Records::default();
    let report = replacing(&records, async |next: Next| {
        let is_first = next.account().replaces().is_none();
        let done = replace(&records, next.account().clone());
        if is_first {
            done.map_err(|_| Unsaved::Failed("duplicate key"))
        } else {
            done
        }
    });
    let breaches: Vec<Duty> = report.breaches().iter().map(Breach::duty).collect();
    assert_eq!(breaches, [Duty::Conflict], "{report}");
}

/// The second write of the same revision finds the first.
#[test]
fn a_write_that_the_store_retries_is_found_when_the_retry_conflicts() {
    let (records, writes) = (Records::default(), Cell::new(0_u32));
    let report = replacing(&records, async |next: Next| {
        give_way().await;
        replace(&records, next.account().clone())?;
        writes.set(writes.get() + 1);
        if writes.get().is_multiple_of(3) {
            return replace(&records, next.account().clone());
        }
        Ok(())
    });
    let breach = breach(&report, Duty::Conflict, None);
    assert_eq!(
        found(breach),
        "the store must report a conflict if another revision is stored, never for a stored write; it did not: the \
         store reported a conflict, but it stored the write; if the store or its pool retries a write, let \
         it fail instead"
    );
}

/// It costs a retry and reveals nothing.
#[test]
fn a_conflict_without_a_write_is_allowed() {
    let (records, writes) = (Records::default(), Cell::new(0_u32));
    let report = replacing(&records, async |next: Next| {
        give_way().await;
        writes.set(writes.get() + 1);
        if writes.get().is_multiple_of(7) {
            return Err(Unsaved::Conflict);
        }
        replace(&records, next.account().clone())
    });
    assert!(report.is_conformant(), "{report}");
}
