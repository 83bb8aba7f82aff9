//! Broken records for each invariant: each is refused, and the error names the invariant.

use std::convert::Infallible;

use time::UtcDateTime;

use super::*;

fn push_twin(list: &mut Value, change: impl FnOnce(&mut Value)) {
    let list = list.as_array_mut().unwrap();
    let mut twin = list[0].clone();
    change(&mut twin);
    list.push(twin);
}

fn enrollment(record: &mut Value, challenge: usize) -> &mut Value {
    &mut record["challenges"][challenge]["code"]["issued"]["target"]["enrollment"]
}

const OTHER_DEVICE: &str = "dev_AAAAAAAAAAAAAAAA";

const OTHER_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";

const FURTHER_ID: &str = "BBBBBBBBBBBBBBBBBBBBBA";

#[test]
fn a_revision_is_1_to_the_greatest_that_json_holds() {
    let error = "the revision is not 1 to 2^53 - 1";
    assert_refused(&idle(), error, |record| record["revision"] = 0.into());
    assert_refused(&idle(), error, |record| {
        record["revision"] = (1_u64 << 53).into();
    });
    assert_refused(&idle(), error, |record| {
        record["revision"] = u64::MAX.into();
    });
    for revision in [1, (1_u64 << 53) - 1] {
        let mut record = read(&idle());
        record["revision"] = revision.into();
        assert_eq!(load(&record).unwrap().revision(), revision);
    }
}

#[test]
fn an_account_at_the_greatest_revision_saves_and_loads() {
    let mut record = read(&idle());
    record["revision"] = ((1_u64 << 53) - 1).into();
    let account = load(&record).unwrap();
    let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
    let mut saved = None;
    let save = |next: Next| {
        saved = Some(next.account().clone());
        Ok::<_, Infallible>(())
    };
    let outcome = engine
        .restore_budgets(account, UtcDateTime::MAX)
        .commit(save);
    assert_eq!(outcome.unwrap().result, Ok(()));
    let saved = saved.unwrap();
    assert_eq!(saved.revision(), (1 << 53) - 1);
    assert_eq!(stored_and_loaded(&saved), saved);
}

#[test]
fn a_record_of_eleven_phones_is_refused() {
    assert_refused(&largest(), "more than 10 phones", |record| {
        push_twin(&mut record["phones"], |phone| {
            phone["device"] = OTHER_DEVICE.into();
            phone["number"] = MALLORYS.into();
        });
    });
}

#[test]
fn a_record_of_two_phones_alike_is_refused() {
    let error = "2 phones have the same id or number";
    assert_refused(&idle(), error, |record| {
        push_twin(&mut record["phones"], |phone| {
            phone["number"] = MALLORYS.into();
        });
    });
    assert_refused(&idle(), error, |record| {
        push_twin(&mut record["phones"], |phone| {
            phone["device"] = OTHER_DEVICE.into();
        });
    });
    // A pending enrollment may have the number of a phone, but not its device.
    let error = "a pending enrollment has the id of a confirmed phone";
    assert_refused(&largest(), error, |record| {
        let device = record["phones"][0]["device"].clone();
        record["challenges"][0]["code"]["issued"]["target"]["enrollment"]["device"] = device;
    });
}

#[test]
fn a_record_of_a_recovery_code_without_a_phone_is_refused() {
    assert_refused(&idle(), "a recovery code without a phone", |record| {
        record["phones"] = json!([]);
    });
}

#[test]
fn a_record_of_seventeen_challenges_is_refused() {
    let push = |record: &mut Value, code: Value| {
        push_twin(&mut record["challenges"], |challenge| {
            challenge["id"] = OTHER_ID.into();
            challenge["code"] = code;
        });
    };
    // Expired codes count.
    let error = "more than 16 challenges";
    assert_refused(&largest(), error, |record| push(record, "expired".into()));
}

#[test]
fn a_record_of_two_challenges_alike_is_refused() {
    let error = "2 challenges have the same id";
    assert_refused(&signing_in(), error, |record| {
        push_twin(&mut record["challenges"], |challenge| {
            challenge["code"] = "expired".into();
        });
    });
}

#[test]
fn a_record_of_a_code_that_lives_too_long_or_not_at_all_is_refused() {
    let error = "a code does not expire within 10 minutes after its issue";
    let lifetime = |record: &mut Value, millis: u64| {
        let issued_at = record["challenges"][0]["issued_at"].as_u64().unwrap();
        record["challenges"][0]["code"]["issued"]["expires_at"] = (issued_at + millis).into();
    };
    assert_refused(&signing_in(), error, |record| lifetime(record, 0));
    assert_refused(&signing_in(), error, |record| lifetime(record, 600_001));
    assert_refused(&signing_in(), error, |record| {
        record["challenges"][0]["code"]["issued"]["expires_at"] = 0.into();
    });
    for millis in [1, 600_000] {
        let mut record = read(&signing_in());
        lifetime(&mut record, millis);
        assert!(load(&record).is_ok(), "{millis}");
    }
    let discarded = |record: &mut Value, millis: u64| {
        let issued_at = record["challenges"][0]["issued_at"].as_u64().unwrap();
        let expires_at = issued_at + millis;
        record["challenges"][0]["code"] = json!({ "discarded": { "expires_at": expires_at } });
    };
    for millis in [0, 600_001] {
        assert_refused(&signing_in(), error, |record| discarded(record, millis));
    }
    for millis in [1, 600_000] {
        let mut record = read(&signing_in());
        discarded(&mut record, millis);
        assert!(load(&record).is_ok(), "{millis}");
    }
}

#[test]
fn a_record_of_a_challenge_issued_later_than_the_last_change_is_refused() {
    let error = "a challenge was issued later than the last change";
    let set = |record: &mut Value, after: u64| {
        let as_of = record["as_of"].as_u64().unwrap();
        record["challenges"][0]["issued_at"] = (as_of + after).into();
    };
    assert_refused(&signing_in(), error, |record| set(record, 1));
    assert_refused(&signing_in(), error, |record| {
        record["challenges"][0]["code"] = "expired".into();
        set(record, 1);
    });
    let mut record = read(&signing_in());
    set(&mut record, 0);
    assert!(load(&record).is_ok());
}

#[test]
fn a_record_of_a_phone_used_later_than_the_last_change_is_refused() {
    let error = "a phone was used later than the last change";
    let set = |record: &mut Value, after: u64| {
        let as_of = record["as_of"].as_u64().unwrap();
        record["phones"][1]["last_used"] = (as_of + after).into();
    };
    assert_refused(&one_of_two_disabled(), error, |record| set(record, 1));
    let mut record = read(&one_of_two_disabled());
    set(&mut record, 0);
    assert!(load(&record).is_ok());
}

/// The account at its last change, and a later time.
fn after_last_change(record: &Value, millis: u64) -> Value {
    (record["as_of"].as_u64().unwrap() + millis).into()
}

/// Times that no policy and no skew can produce: such a record could refuse its owner forever.
fn assert_latest(error: &str, latest: u64, set: impl Fn(&mut Value, Value)) {
    let mut record = read(&signing_in());
    let moment = after_last_change(&record, latest);
    set(&mut record, moment);
    assert!(load(&record).is_ok(), "{error}");
    for later in [
        latest + 1,
        (1 << 53) - 1 - record["as_of"].as_u64().unwrap(),
    ] {
        assert_refused(&signing_in(), error, |record| {
            let moment = after_last_change(record, later);
            set(record, moment);
        });
    }
}

const MINUTES_10: u64 = 600_000;

#[test]
fn a_record_of_sessions_revoked_later_than_any_skew_allows_is_refused() {
    let error = "revoked_until.every is later than 10 minutes after the last change (as_of)";
    assert_latest(error, MINUTES_10, |record, moment| {
        record["revoked_until"]["every"] = moment;
    });
    let error = "revoked_until.first_factor is later than the last change (as_of)";
    assert_latest(error, 0, |record, moment| {
        record["revoked_until"]["first_factor"] = moment;
    });
}

#[test]
fn a_record_of_a_session_spent_beyond_the_longest_one_is_refused() {
    let error = "a spent session expires later than 30 days and 10 minutes after the last change";
    let days_30 = 30 * 24 * 3_600_000;
    assert_latest(error, days_30 + MINUTES_10, |record, moment| {
        record["spent"] = json!([{ "session": OTHER_ID, "expires_at": moment }]);
    });
}

#[test]
fn a_record_of_a_budget_that_is_full_after_more_than_ten_years_is_refused() {
    let error = "a budget is full later than 10 years after the last change";
    for budget in ["sends", "binding_failures", "recovery_failures"] {
        assert_latest(error, 3_653 * 24 * 3_600_000, |record, moment| {
            record["budgets"][budget] = moment;
        });
    }
}

#[test]
fn a_record_of_a_challenge_without_an_active_phone_is_refused() {
    let error = "a challenge of a phone that is not active";
    assert_refused(&signing_in(), error, |record| {
        record["challenges"][0]["code"]["issued"]["target"]["phone"] = OTHER_DEVICE.into();
    });
    assert_refused(&signing_in(), error, |record| {
        record["phones"][0]["status"] = "disabled".into();
    });
    assert_refused(&signing_in(), error, |record| {
        record["phones"] = json!([]);
        record["recovery"] = Value::Null;
    });
}

#[test]
fn a_record_of_two_live_codes_of_one_session_and_phone_is_refused() {
    let error = "2 live codes for 1 phone in 1 session, or for 1 enrollment";
    assert_refused(&signing_in(), error, |record| {
        push_twin(&mut record["challenges"], |challenge| {
            challenge["id"] = OTHER_ID.into();
        });
    });
    // A pending device belongs to one code, of any session.
    assert_refused(&largest(), error, |record| {
        let device = enrollment(record, 0)["device"].clone();
        enrollment(record, 1)["device"] = device;
    });
    // A code of another session is not a duplicate, and neither is an expired one.
    for (session, code_is_live) in [(true, true), (false, false)] {
        let mut record = read(&signing_in());
        push_twin(&mut record["challenges"], |challenge| {
            challenge["id"] = OTHER_ID.into();
            if session {
                challenge["session"] = FURTHER_ID.into();
            }
            if !code_is_live {
                challenge["code"] = "expired".into();
            }
        });
        assert!(load(&record).is_ok());
    }
}

#[test]
fn a_record_of_a_first_factor_enrollment_beside_a_phone_is_refused() {
    let error =
        "a first factor started a pending enrollment (begun_by), but a phone guards the account";
    assert_refused(&largest(), error, |record| {
        record["challenges"][0]["code"]["issued"]["target"]["enrollment"]["begun_by"] =
            "first_factor".into();
    });
}

#[test]
fn a_record_of_two_recovery_codes_is_refused() {
    let error = "an unconfirmed recovery code beside an active one";
    assert_refused(&largest(), error, |record| {
        record["recovery"] =
            record["challenges"][0]["code"]["issued"]["target"]["enrollment"]["recovery"].clone();
    });
}

#[test]
fn a_record_of_seventeen_spent_sessions_is_refused() {
    assert_refused(&largest(), "more than 16 spent sessions", |record| {
        push_twin(&mut record["spent"], |spent| {
            spent["session"] = OTHER_ID.into();
        });
    });
}

#[test]
fn a_record_of_a_session_spent_twice_is_refused() {
    assert_refused(&signing_in(), "a session is spent twice", |record| {
        push_twin(&mut record["spent"], |spent| spent["expires_at"] = 1.into());
    });
}

#[test]
fn a_record_of_a_challenge_of_a_spent_session_is_refused() {
    assert_refused(
        &signing_in(),
        "a challenge of a session that is spent",
        |record| {
            record["spent"][0]["session"] = record["challenges"][0]["session"].clone();
        },
    );
}
