//! The report on a store that breaks its duty: which rule broke, and what to fix.

use oob_mfa::Event;
use oob_mfa_testing::MemoryStore;

use super::*;

/// The first line: the duty, and the finding.
fn found(breach: &Breach) -> String {
    breach.to_string().lines().next().unwrap().to_owned()
}

fn duties(report: &Report) -> Vec<(Duty, Option<Rule>)> {
    let breaches = report.breaches().iter();
    breaches
        .map(|breach| (breach.duty(), breach.rule()))
        .collect()
}

/// The report on a store with this load.
fn loading(
    records: &Records,
    load: impl AsyncFn(Subject) -> Result<Option<Account>, &'static str>,
) -> Report {
    StoreTest::new(load, async |next: Next| {
        replace(records, next.account().clone())
    })
    .run_blocking()
}

/// The report on a store that writes some saves without comparing.
fn unconditional(is_written: impl Fn(&Account, &Next) -> bool) -> Report {
    let records = Records::default();
    replacing(&records, async |next: Next| {
        let there = stored(&records, next.account().subject());
        if there.is_some_and(|there| is_written(&there, &next)) {
            put(&records, next.account().clone());
            return Ok(());
        }
        replace(&records, next.account().clone())
    })
}

#[test]
fn everything_is_counted() {
    if is_skipped() {
        return;
    }
    let store = MemoryStore::new();
    let report = StoreTest::new(
        async |subject| store.load(&subject),
        async |next| store.replace(next),
    )
    .run_blocking();
    let first = report.to_string().lines().next().unwrap().to_owned();
    assert_eq!(
        first,
        "seed 1: 1239 schedules, 5594 loads (0 stale), 6587 saves, 1172 conflicts, 0 failures, \
         0 restarts"
    );
}

#[test]
fn a_code_granted_twice_is_distinguished_from_a_lost_login() {
    if is_skipped() {
        return;
    }
    let report = unconditional(|_, _| true);
    assert_eq!(
        found(breach(&report, Duty::Replace, Some(Rule::Once))),
        "the store must replace only the revision that the account replaces; it broke rule 2 (once): \
         one code was granted twice; name the replaced revision in the write, and check whether it \
         changed a row"
    );
    // A lock per session instead of per record: two sessions do not see each other.
    let spent = |account: &Account| {
        let account = serde_json::to_value(account).unwrap();
        account["account"]["spent"].as_array().unwrap().clone()
    };
    let report = unconditional(|there, next| {
        let (there, next) = (spent(there), spent(next.account()));
        next.last().is_some_and(|last| !there.contains(last))
    });
    assert_eq!(
        found(breach(&report, Duty::Replace, Some(Rule::Once))),
        "the store must replace only the revision that the account replaces; it broke rule 2 (once): \
         a login was completed, but the record does not hold it; name the replaced revision in the \
         write, and check whether it changed a row"
    );
}

#[test]
fn parallel_writes_are_distinguished_from_sequential_ones() {
    if is_skipped() {
        return;
    }
    let records = Records::default();
    let report = replacing(&records, async |next: Next| {
        if revision(&records, next.account().subject()) != next.account().replaces() {
            return Err(Unsaved::Conflict);
        }
        give_way().await;
        put(&records, next.account().clone());
        Ok(())
    });
    assert_eq!(
        found(breach(&report, Duty::Replace, Some(Rule::Once))),
        "the store must replace only the revision that the account replaces; it broke rule 2 (once): \
         one code was granted twice; both were under way at once: compare and write in one statement, \
         or lock the row"
    );
}

#[test]
fn a_lost_charge_is_found_whichever_of_the_two_codes_was_wrong() {
    if is_skipped() {
        return;
    }
    let is_wrong = |event: &Event| {
        matches!(
            event,
            Event::WrongBindingCode { .. } | Event::WrongRecoveryCode { .. }
        )
    };
    let report = unconditional(|_, next| next.events().iter().any(is_wrong));
    assert_eq!(
        duties(&report),
        [
            (Duty::Replace, Some(Rule::ChargeBeforeReveal)),
            (Duty::Replace, Some(Rule::FailureLimit)),
        ],
        "{report}"
    );
}

#[test]
fn a_login_overwritten_by_an_administrator_is_lost() {
    if is_skipped() {
        return;
    }
    let is_restored = |event: &Event| *event == Event::BudgetsRestored;
    let report = unconditional(|_, next| next.events().iter().any(is_restored));
    let lost = breach(&report, Duty::Replace, Some(Rule::Once));
    assert!(
        found(lost).contains("a login was completed, but the record does not hold it"),
        "{report}"
    );
}

/// Of 64 similar tries, the report shows the last two steps.
#[test]
fn a_wrong_load_is_reported() {
    let records = Records::default();
    let report = loading(&records, async |_| Err("no rows returned"));
    assert_eq!(
        report.breaches()[0].to_string(),
        "the store must load exactly what was saved for the subject; it did not: \
         64 loads failed; without a record, a load must return none\n\
         \x20 1. A cannot load: no rows returned\n\
         \x20 2. A cannot load: no rows returned\n"
    );

    let records = Records::default();
    let report = loading(&records, async |subject: Subject| {
        match stored(&records, &subject) {
            None => Ok(None),
            Some(_) => Err("missing field"),
        }
    });
    assert_eq!(
        report.breaches()[0].to_string(),
        "the store must load exactly what was saved for the subject; it did not: \
         64 loads of what was saved failed\n\
         \x20 1. a last write cannot load: missing field\n\
         \x20 2. a last write cannot load: missing field\n"
    );

    // A cache without invalidation.
    let (records, cache) = (Records::default(), RefCell::new(HashMap::new()));
    let report = loading(&records, async |subject: Subject| {
        let mut cache = cache.borrow_mut();
        let cached = cache.entry(subject.clone());
        Ok(cached.or_insert_with(|| stored(&records, &subject)).clone())
    });
    assert_eq!(
        report.breaches()[0].to_string(),
        "the store must load exactly what was saved for the subject; it did not: 64 loads \
         were behind what was reported as saved; after a conflict, bypass the cache\n\
         \x20 1. a last write loads no record\n\
         \x20 2. a last write gets a conflict with revision 1\n"
    );
}

#[test]
fn a_save_that_is_never_accepted_is_reported() {
    if is_skipped() {
        return;
    }
    // Compares the stored revision with the next one.
    let (records, refused) = (Records::default(), Cell::new(0));
    let report = replacing(&records, async |next: Next| {
        let there = revision(&records, next.account().subject());
        if there.is_some_and(|there| there != next.account().revision()) {
            refused.set(refused.get() + 1);
            return Err(Unsaved::Conflict);
        }
        replace(&records, next.account().clone())
    });
    assert_eq!(
        report.breaches()[0].to_string(),
        "the store must save writes that do not conflict; it did not: 64 saves were refused; \
         compare the stored revision with account.replaces(), and store account.revision()\n\
         \x20 1. a last write loads revision 1\n\
         \x20 2. a last write gets a conflict with revision 2\n"
    );

    assert_eq!(refused.get(), 64);

    let records = Records::default();
    let report = replacing(&records, async |next: Next| {
        if postcard::to_allocvec(next.account()).unwrap().len() > LARGEST - 8 {
            return Err(Unsaved::Failed("value too long"));
        }
        replace(&records, next.account().clone())
    });
    assert_eq!(
        breach(&report, Duty::Save, None).to_string(),
        "the store must save writes that do not conflict; it did not: a first record of a \
         subject of 255 bytes, 10 phones, 16 challenges and 16 spent sessions was refused 64 times\n\
         \x20 1. A cannot save revision 1: value too long\n\
         \x20 2. A loads no record\n"
    );
}

/// After 32 loads of a record that is never replaced, it loads a record that no request saved.
#[test]
fn a_schedule_is_shown_whole_up_to_thirty_two_loads() {
    for (loads, shown) in [(32, 63), (33, 2)] {
        let records = Records::default();
        let loaded = Cell::new(0);
        let report = StoreTest::new(
            async |subject: Subject| {
                let mut record = stored(&records, &subject);
                if record.is_some() {
                    loaded.set(loaded.get() + 1);
                    if loaded.get() == loads {
                        record = record.map(|_| Account::new(subject));
                    }
                }
                Ok(record)
            },
            async |next: Next| match next.account().replaces() {
                Some(_) => Err(Unsaved::Conflict),
                None => replace(&records, next.account().clone()),
            },
        )
        .run_blocking();
        let alien = breach(&report, Duty::Read, None);
        assert!(found(alien).contains("nobody has saved what was loaded"));
        assert_eq!(alien.schedule().len(), shown, "{report}");
    }
}

/// It retries after either.
#[test]
fn a_conflict_sometimes_reported_as_a_failure_passes() {
    if is_skipped() {
        return;
    }
    let records = Records::default();
    let conflicts = Cell::new(0_u32);
    let report = replacing(&records, async |next: Next| {
        give_way().await;
        replace(&records, next.account().clone()).map_err(|_| {
            conflicts.set(conflicts.get() + 1);
            if conflicts.get().is_multiple_of(2) {
                Unsaved::Conflict
            } else {
                Unsaved::Failed("deadlock detected")
            }
        })
    });
    assert!(report.is_conformant(), "{report}");
}

/// A store in which an empty column counts as revision 0, and the revision has this many bits.
#[test]
fn a_revision_that_wraps_to_none_is_found() {
    if is_skipped() {
        return;
    }
    for bits in cases([8, 16, 32]) {
        let records = Records::default();
        let report = replacing(&records, async |next: Next| {
            let replaces = next.account().replaces();
            let there = revision(&records, next.account().subject());
            if there.is_none() && replaces.unwrap_or_default().is_multiple_of(1 << bits) {
                put(&records, next.account().clone());
                return Ok(());
            }
            replace(&records, next.account().clone())
        });
        assert_eq!(duties(&report), [(Duty::Replace, None)], "{report}");
        assert_eq!(
            report.breaches()[0].to_string(),
            format!(
                "the store must replace only the revision that the account replaces; it did not: \
                 it accepted an account that replaces a revision although there is no record\n\
                 \x20 1. A saves revision {}\n",
                (1_u64 << bits) + 1
            )
        );
    }
}

/// A table with room for 3 subjects.
#[test]
fn a_store_that_forgets_a_subject_accepts_a_second_first_record() {
    if is_skipped() {
        return;
    }
    let (records, order) = (Records::default(), RefCell::new(Vec::new()));
    let report = replacing(&records, async |next: Next| {
        let subject = next.account().subject().clone();
        let is_new = next.account().replaces().is_none();
        replace(&records, next.account().clone())?;
        let mut order = order.borrow_mut();
        if is_new {
            order.push(subject);
        }
        if order.len() > 3 {
            records.borrow_mut().remove(&order.remove(0));
        }
        Ok(())
    });
    assert_eq!(
        breach(&report, Duty::Insert, None).to_string(),
        "the store must insert only if there is no record; it did not: one of two \
         reported writes is lost; insert, and report a conflict if a record exists\n\
         \x20 1. B (restore budgets) loads no record\n\
         \x20 2. B (restore budgets) saves revision 1, and gets: done\n"
    );
}

#[test]
fn a_restart_is_shown_where_it_was() {
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
            if next.account().replaces().is_none() {
                put(&durable, next.account().clone());
            }
            Ok(())
        },
    )
    .restarting(restart)
    .run_blocking();
    assert_eq!(
        breach(&report, Duty::Keep, Some(Rule::Once)).to_string(),
        "the store must report success only once it is durable; it broke rule 2 (once): revision 2 \
         of A (right code) was reported as saved, but is not stored\n\
         \x20 1. A (right code) loads revision 1\n\
         \x20 2. A (right code) saves revision 2, and gets: granted\n\
         \x20 3. the store is restarted\n\
         \x20 4. the store is restarted\n\
         \x20 5. a last write loads revision 1\n\
         \x20 6. a last write saves revision 2, and gets: done\n"
    );
}
