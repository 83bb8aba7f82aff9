//! The stored record, byte for byte in both of its forms, and every record that is refused.
//!
//! A record that once was written must be loaded by every later version. Where the form changes on
//! purpose, `OOB_MFA_REWRITE_GOLDEN=1 cargo test --test golden` writes the files anew; a diff of
//! them is a change of the format, and takes a new version of the record.

mod world;

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use oob_mfa::*;
use serde_json::{Value, json};
use world::*;

const WRONG: Result<(), Denied> = Err(Denied::InvalidBindingCode);

/// A first association, its code not yet answered.
fn pending() -> Account {
    let mut world = World::new();
    let session = world.first_factor();
    world.associate(&session, ALICES).unwrap();
    world.account
}

/// One phone and a recovery code, everything else long over.
fn idle() -> Account {
    let mut world = World::new();
    world.enroll(ALICES);
    world.wait(DAY);
    world.restore_budgets();
    world.account
}

/// A login under way: a live challenge, a spent session, and each budget charged.
fn signing_in() -> Account {
    let mut world = World::new();
    let (phone, _) = world.enroll(ALICES);
    world.wait(MINUTE);
    let session = world.first_factor();
    let AuthenticatorId::Phone(_, device) = phone else {
        panic!("{phone}")
    };
    let by_voice = AuthenticatorId::Phone(Channel::Voice, device);
    let sent = world.challenge(&session, Some(by_voice)).unwrap();
    assert_eq!(world.verify(&session, &sent.wrong()).map(drop), WRONG);
    assert_eq!(
        world.recover(&session, "wrong").map(drop),
        Err(Denied::InvalidRecoveryCode)
    );
    world.account
}

/// Two phones, of which the failure cap has stopped the first.
fn one_of_two_disabled() -> Account {
    let mut world = World::of(Policy::nist_800_63b4(), "auth0|alice");
    let (first, _) = world.enroll(ALICES);
    world.add("+14155558731");
    for _ in 0..10 {
        world.wait(2 * HOUR);
        let session = world.first_factor();
        for _ in 0..2 {
            let sent = world.challenge(&session, Some(first)).unwrap();
            for _ in 0..5 {
                assert_eq!(world.verify(&session, &sent.wrong()).map(drop), WRONG);
            }
        }
    }
    world.account
}

/// As much as the engine lets into a record: 10 phones, 16 challenges that are enrollments with a
/// recovery code of their own, 16 spent sessions, the longest subject, and every moment set.
fn largest() -> Account {
    // A long story, and asked for by many tests.
    static LARGEST: LazyLock<Account> = LazyLock::new(grown);
    LARGEST.clone()
}

fn grown() -> Account {
    let sends = RateLimit::new(40, HOUR).unwrap();
    let mut world = World::of(Policy::auth0().with_sends(sends), &"s".repeat(255));
    let (phone, _) = world.enroll(ALICES);
    world.wait(11 * MINUTE);
    let session = world.first_factor();
    assert_eq!(
        world.recover(&session, "wrong").map(drop),
        Err(Denied::InvalidRecoveryCode)
    );
    for _ in 0..16 {
        world.sign_in().unwrap();
    }
    let session = world.second_factor();
    world.remove(&session, phone).unwrap();
    world.reset();
    for number in 0..16 {
        let session = world.second_factor();
        let phone = format!("+9999999999999{number:02}");
        let sent = world.associate(&session, &phone).unwrap();
        assert!(sent.recovery_code.is_some());
        if number == 0 {
            assert_eq!(world.verify(&session, &sent.wrong()).map(drop), WRONG);
        }
    }
    for number in 0..10 {
        world.import(&format!("+8888888888888{number:02}")).unwrap();
    }
    world.account
}

fn to_json(account: &Account) -> String {
    serde_json::to_string(account).unwrap()
}

fn to_postcard(account: &Account) -> Vec<u8> {
    postcard::to_allocvec(account).unwrap()
}

/// 32 bytes a line.
fn to_hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for line in bytes.chunks(32) {
        for byte in line {
            write!(text, "{byte:02x}").unwrap();
        }
        text.push('\n');
    }
    text
}

fn from_hex(text: &str) -> Vec<u8> {
    let digits: Vec<char> = text.chars().filter(|c| !c.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&String::from_iter(pair), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn golden(name: &str, account: &Account) {
    let path = |extension| {
        let name = format!("{name}.{extension}");
        PathBuf::from_iter([env!("CARGO_MANIFEST_DIR"), "tests", "golden", &name])
    };
    let (json, hex) = (path("json"), path("postcard.hex"));
    if std::env::var_os("OOB_MFA_REWRITE_GOLDEN").is_some() {
        fs::write(&json, to_json(account) + "\n").unwrap();
        fs::write(&hex, to_hex(&to_postcard(account))).unwrap();
    }
    let (json, hex) = (
        fs::read_to_string(json).unwrap(),
        fs::read_to_string(hex).unwrap(),
    );
    assert_eq!(to_json(account) + "\n", json, "{name}");
    assert_eq!(to_hex(&to_postcard(account)), hex, "{name}");
    assert_eq!(&serde_json::from_str::<Account>(&json).unwrap(), account);
    assert_eq!(
        &postcard::from_bytes::<Account>(&from_hex(&hex)).unwrap(),
        account
    );
}

#[test]
fn records_are_stored_byte_for_byte_as_they_were() {
    golden("pending", &pending());
    golden("idle", &idle());
    golden("signing_in", &signing_in());
    golden("one_of_two_disabled", &one_of_two_disabled());
    golden("largest", &largest());
}

#[test]
fn the_golden_records_are_what_their_names_say() {
    let pending = read(&pending());
    assert_eq!(pending["phones"], json!([]));
    let enrollment = &pending["challenges"][0]["code"]["issued"]["target"]["enrollment"];
    assert_eq!(enrollment["number"], ALICES);
    assert!(enrollment["recovery"].is_object());

    let idle = read(&idle());
    assert_eq!(idle["phones"][0]["status"], "active");
    assert_eq!(
        (&idle["challenges"], &idle["spent"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(idle["pruned_through"], 1_800_000_600_000_u64);

    let signing_in = read(&signing_in());
    let code = &signing_in["challenges"][0]["code"]["issued"];
    assert_eq!(
        (&code["attempts"], &code["channel"]),
        (&json!(1), &json!("voice"))
    );
    assert_eq!(signing_in["spent"].as_array().unwrap().len(), 1);
    assert!(
        signing_in["budgets"]
            .as_object()
            .unwrap()
            .values()
            .all(|full_at| *full_at != 0)
    );

    let disabled = read(&one_of_two_disabled());
    assert_eq!(disabled["phones"][0]["status"], "disabled");
    assert_eq!(disabled["phones"][0]["failures"], 100);
    assert_eq!(disabled["phones"][1]["status"], "active");

    let largest = read(&largest());
    for (list, len) in [("phones", 10), ("challenges", 16), ("spent", 16)] {
        assert_eq!(largest[list].as_array().unwrap().len(), len, "{list}");
    }
    assert_eq!(largest["subject"].as_str().unwrap().len(), 255);
    assert!(
        largest["budgets"]
            .as_object()
            .unwrap()
            .values()
            .all(|full_at| *full_at != 0)
    );
    assert!(
        largest["valid_from"]
            .as_object()
            .unwrap()
            .values()
            .all(|from| *from != 0)
    );
    assert_ne!(largest["pruned_through"], 0);
}

#[test]
fn a_record_is_as_small_as_it_was() {
    let sizes = |account: &Account| (to_json(account).len(), to_postcard(account).len());
    assert_eq!(sizes(&pending()), (727, 189));
    assert_eq!(sizes(&idle()), (496, 112));
    assert_eq!(sizes(&signing_in()), (869, 246));
    assert_eq!(sizes(&one_of_two_disabled()), (662, 153));
    assert_eq!(sizes(&largest()), (10_334, 3_600));
}

/// Every number of a record at its greatest and every word at its longest: none that loads is larger.
#[test]
fn no_record_is_larger_than_its_hard_bound() {
    const GREATEST: u64 = (1 << 53) - 1;
    let mut record = read(&largest());
    // Text for people writes a control character in six.
    record["subject"] = "\u{1}".repeat(255).into();
    record["revision"] = GREATEST.into();
    for moments in ["budgets", "valid_from"] {
        for moment in record[moments].as_object_mut().unwrap().values_mut() {
            *moment = GREATEST.into();
        }
    }
    record["pruned_through"] = GREATEST.into();
    record["doubted_until"] = GREATEST.into();
    for phone in record["phones"].as_array_mut().unwrap() {
        phone["status"] = "disabled".into();
        phone["last_used"] = GREATEST.into();
        phone["last_channel"] = "voice".into();
        phone["failures"] = u32::MAX.into();
    }
    for challenge in record["challenges"].as_array_mut().unwrap() {
        challenge["issued_at"] = (GREATEST - 1).into();
        let code = &mut challenge["code"]["issued"];
        code["digest"]["key"] = u32::MAX.into();
        code["expires_at"] = GREATEST.into();
        code["attempts"] = u32::MAX.into();
        code["channel"] = "voice".into();
        code["target"]["enrollment"]["recovery"]["failures"] = u32::MAX.into();
    }
    for spent in record["spent"].as_array_mut().unwrap() {
        spent["expires_at"] = GREATEST.into();
    }
    let account = load(record).unwrap();
    assert_eq!(to_json(&account).len(), 12_421);
    assert_eq!(to_postcard(&account).len(), 3_975);
}

fn read(account: &Account) -> Value {
    serde_json::to_value(account).unwrap()
}

fn load(record: Value) -> Result<Account, String> {
    serde_json::from_value(record).map_err(|error| error.to_string())
}

#[track_caller]
fn assert_refused(account: &Account, error: &str, damage: impl FnOnce(&mut Value)) {
    let mut record = read(account);
    assert!(load(record.clone()).is_ok());
    damage(&mut record);
    assert_eq!(load(record.clone()), Err(error.to_owned()));
    // The text says it too, with the place added where there is one.
    let refused = serde_json::from_str::<Account>(&record.to_string())
        .unwrap_err()
        .to_string();
    assert!(refused.starts_with(error), "{refused}");
}

fn push_twin(list: &mut Value, change: impl FnOnce(&mut Value)) {
    let list = list.as_array_mut().unwrap();
    let mut twin = list[0].clone();
    change(&mut twin);
    list.push(twin);
}

const OTHER_DEVICE: &str = "dev_AAAAAAAAAAAAAAAA";
const OTHER_ID: &str = "AAAAAAAAAAAAAAAAAAAAAA";
const FURTHER_ID: &str = "BBBBBBBBBBBBBBBBBBBBBA";

#[test]
fn a_revision_is_1_to_the_greatest_that_json_holds() {
    let error = "the revision is out of range";
    assert_refused(&idle(), error, |record| record["revision"] = 0.into());
    assert_refused(&idle(), error, |record| {
        record["revision"] = (1_u64 << 53).into()
    });
    assert_refused(&idle(), error, |record| {
        record["revision"] = u64::MAX.into()
    });
    for revision in [1, (1_u64 << 53) - 1] {
        let mut record = read(&idle());
        record["revision"] = revision.into();
        assert_eq!(load(record).unwrap().revision(), revision);
    }
}

#[test]
fn an_account_that_nothing_has_changed_has_no_record() {
    let fresh = Account::new("auth0|alice".parse().unwrap());
    let refused = serde_json::to_string(&fresh).unwrap_err().to_string();
    assert_eq!(refused, "an account that nothing has changed has no record");
    assert!(postcard::to_allocvec(&fresh).is_err());
}

#[test]
fn a_record_of_eleven_phones_is_refused() {
    assert_refused(
        &largest(),
        "more phones than an account can hold",
        |record| {
            push_twin(&mut record["phones"], |phone| {
                phone["device"] = OTHER_DEVICE.into();
                phone["number"] = MALLORYS.into();
            });
        },
    );
}

#[test]
fn a_record_of_two_phones_alike_is_refused() {
    let error = "two phones have the same id or number";
    assert_refused(&idle(), error, |record| {
        push_twin(&mut record["phones"], |phone| {
            phone["number"] = MALLORYS.into()
        });
    });
    assert_refused(&idle(), error, |record| {
        push_twin(&mut record["phones"], |phone| {
            phone["device"] = OTHER_DEVICE.into()
        });
    });
    // An enrollment under way may have the number of a phone, but not its device.
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
    // Expired ones count.
    let error = "more challenges than an account can hold";
    assert_refused(&largest(), error, |record| push(record, "expired".into()));
}

#[test]
fn a_record_of_two_challenges_alike_is_refused() {
    let error = "two challenges have the same id";
    assert_refused(&signing_in(), error, |record| {
        push_twin(&mut record["challenges"], |challenge| {
            challenge["code"] = "expired".into()
        });
    });
}

#[test]
fn a_record_of_a_code_that_lives_too_long_or_not_at_all_is_refused() {
    let error = "a code does not expire within ten minutes of its issue";
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
        assert!(load(record).is_ok(), "{millis}");
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
    let error = "two codes of one session and authenticator";
    assert_refused(&signing_in(), error, |record| {
        push_twin(&mut record["challenges"], |challenge| {
            challenge["id"] = OTHER_ID.into()
        });
    });
    // Another session's is no twin, nor one that has expired.
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
        assert!(load(record).is_ok());
    }
}

#[test]
fn a_record_of_an_enrollment_that_no_second_factor_began_beside_a_phone_is_refused() {
    let error = "an enrollment of a first factor beside a phone";
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
    assert_refused(
        &largest(),
        "more spent sessions than an account can hold",
        |record| {
            push_twin(&mut record["spent"], |spent| {
                spent["session"] = OTHER_ID.into()
            });
        },
    );
}

#[test]
fn a_record_of_a_session_spent_twice_is_refused() {
    assert_refused(&signing_in(), "a session is spent twice", |record| {
        push_twin(&mut record["spent"], |spent| spent["expires_at"] = 1.into());
    });
}

#[test]
fn a_record_of_another_version_is_refused() {
    for version in [0, 2, 65_535] {
        let error = format!("record version {version} is unknown");
        assert_refused(&idle(), &error, |record| record["version"] = version.into());
    }
    let mut bytes = to_postcard(&idle());
    assert_eq!(bytes[0], 1);
    bytes[0] = 2;
    assert!(postcard::from_bytes::<Account>(&bytes).is_err());
}

#[test]
fn bytes_that_are_none_are_refused_with_what_they_have_to_be() {
    // The place is told by what reads the text.
    let error = "invalid type: integer `7`, expected 16 bytes in base64url";
    assert_refused(&signing_in(), error, |record| {
        record["challenges"][0]["id"] = 7.into();
    });
    assert_refused(&signing_in(), error, |record| {
        record["spent"][0]["session"] = 7.into();
    });
    let error = "invalid type: null, expected 32 bytes in base64url";
    assert_refused(&idle(), error, |record| {
        record["recovery"]["digest"] = Value::Null;
    });
    let error = "not 16 bytes in base64url";
    for text in [
        "",
        "AAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAA+",
    ] {
        assert_refused(&signing_in(), error, |record| {
            record["challenges"][0]["id"] = text.into();
        });
    }
}

#[test]
fn debug_of_a_record_shows_nothing_that_answers_or_names_a_challenge() {
    let account = signing_in();
    let record = read(&account);
    let shown = format!("{account:?}");
    let challenge = "challenges: [PendingChallenge { id: ChallengeId(redacted), session: SessionTag(redacted), ";
    assert!(shown.contains(challenge), "{shown}");
    assert!(shown.contains("digest: Digest(redacted)"), "{shown}");
    assert!(
        shown.contains("spent: [SpentSession { session: SessionTag(redacted), "),
        "{shown}"
    );
    assert!(
        shown.contains("number: PhoneNumber(XXXXXXXX8730)"),
        "{shown}"
    );
    let challenge = &record["challenges"][0];
    for secret in [
        &challenge["id"],
        &challenge["session"],
        &challenge["code"]["issued"]["digest"]["digest"],
        &record["recovery"]["digest"],
        &record["spent"][0]["session"],
    ] {
        assert!(!shown.contains(secret.as_str().unwrap()), "{shown}");
    }
}

#[test]
fn a_moment_that_json_cannot_hold_is_refused() {
    let moments: [fn(&mut Value) -> &mut Value; 12] = [
        |record| &mut record["budgets"]["sends"],
        |record| &mut record["budgets"]["binding_failures"],
        |record| &mut record["budgets"]["recovery_failures"],
        |record| &mut record["valid_from"]["first_factor"],
        |record| &mut record["valid_from"]["every"],
        |record| &mut record["pruned_through"],
        |record| &mut record["doubted_until"],
        |record| &mut record["phones"][0]["last_used"],
        |record| &mut record["challenges"][0]["issued_at"],
        |record| &mut record["challenges"][0]["code"]["issued"]["expires_at"],
        |record| &mut record["spent"][0]["expires_at"],
        |record| &mut record["spent"][15]["expires_at"],
    ];
    for moment in moments {
        let error = "a moment is out of range";
        assert_refused(&largest(), error, |record| {
            *moment(record) = (1_u64 << 53).into()
        });
        assert_refused(&largest(), error, |record| {
            *moment(record) = u64::MAX.into()
        });
    }
}

/// The paths of every object of a record.
fn objects(record: &Value, path: &str, found: &mut Vec<String>) {
    match record {
        Value::Object(fields) => {
            found.push(path.to_owned());
            for (name, field) in fields {
                objects(field, &format!("{path}/{name}"), found);
            }
        }
        Value::Array(items) => {
            if let Some(item) = items.first() {
                objects(item, &format!("{path}/0"), found);
            }
        }
        _ => {}
    }
}

#[test]
fn a_field_too_many_or_too_few_is_refused_wherever_it_is() {
    let mut checked = Vec::new();
    for account in [pending(), idle(), signing_in(), largest()] {
        let record = read(&account);
        let mut paths = Vec::new();
        objects(&record, "", &mut paths);
        for path in paths {
            let mut more = record.clone();
            more.pointer_mut(&path).unwrap()["unknown"] = 1.into();
            let refused = load(more).unwrap_err();
            let is_target = path.ends_with("/target") || path.ends_with("/code");
            let said = if is_target {
                "single key"
            } else {
                "unknown field `unknown`"
            };
            assert!(refused.contains(said), "{path}: {refused}");

            let names: Vec<String> = record
                .pointer(&path)
                .unwrap()
                .as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect();
            for name in names {
                let mut less = record.clone();
                less.pointer_mut(&path)
                    .unwrap()
                    .as_object_mut()
                    .unwrap()
                    .remove(&name);
                // serde takes an absent option for none.
                if name == "recovery" || name == "doubted_until" {
                    continue;
                }
                assert!(load(less).is_err(), "{path} without {name}");
            }
            checked.push(path);
        }
    }
    for path in [
        "",
        "/budgets",
        "/valid_from",
        "/phones/0",
        "/recovery",
        "/challenges/0",
        "/challenges/0/code",
        "/challenges/0/code/issued",
        "/challenges/0/code/issued/digest",
        "/challenges/0/code/issued/target",
        "/challenges/0/code/issued/target/enrollment",
        "/challenges/0/code/issued/target/enrollment/recovery",
        "/spent/0",
    ] {
        assert!(checked.iter().any(|checked| checked == path), "{path}");
    }
}

#[test]
fn a_record_cut_short_at_any_byte_is_refused() {
    for account in [
        pending(),
        idle(),
        signing_in(),
        one_of_two_disabled(),
        largest(),
    ] {
        let text = to_json(&account);
        // The largest text says the same things sixteen times over.
        for len in (0..text.len()).step_by(if text.len() > 1_000 { 11 } else { 1 }) {
            assert!(
                serde_json::from_str::<Account>(&text[..len]).is_err(),
                "{len}"
            );
        }
        let bytes = to_postcard(&account);
        for len in 0..bytes.len() {
            assert!(
                postcard::from_bytes::<Account>(&bytes[..len]).is_err(),
                "{len}"
            );
        }
    }
}

/// A flipped bit can leave a record that holds together; it never leaves a panic, nor one that does
/// not come back as it was loaded.
#[test]
fn no_flipped_bit_of_a_record_panics_or_loads_what_cannot_be_stored() {
    for account in [pending(), signing_in(), one_of_two_disabled()] {
        let bytes = to_postcard(&account);
        let mut refused = 0;
        for index in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[index] ^= 1 << bit;
                match postcard::from_bytes::<Account>(&flipped) {
                    Ok(loaded) => assert_eq!(stored_and_loaded(&loaded), loaded),
                    Err(_) => refused += 1,
                }
            }
        }
        assert!(refused > 0);
    }
}

#[test]
fn what_is_no_record_at_all_is_refused() {
    for text in [
        "",
        "null",
        "{}",
        "[]",
        "1",
        "\"\"",
        "{\"version\":1}",
        "[1]",
    ] {
        assert!(serde_json::from_str::<Account>(text).is_err(), "{text}");
    }
    let error = load(json!(1)).unwrap_err();
    assert_eq!(
        error,
        "invalid type: integer `1`, expected a record of an account"
    );
    for bytes in [[0_u8; 64], [1; 64], [0xff; 64]] {
        assert!(postcard::from_bytes::<Account>(&bytes).is_err());
    }
}

#[test]
fn a_record_holds_no_code_and_no_token() {
    let mut world = World::new();
    let session = world.first_factor();
    let token = world.engine.issue_token(&session);
    let sent = world.associate(&session, ALICES).unwrap();
    let text = to_json(&world.account);
    assert!(!text.contains(&sent.code));
    assert!(!text.contains(sent.recovery_code.as_ref().unwrap()));
    assert!(!text.contains(token.expose_secret()));
    let bytes = to_postcard(&world.account);
    for secret in [sent.code, sent.recovery_code.unwrap()] {
        assert!(
            !bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes())
        );
    }
}
