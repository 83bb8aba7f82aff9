//! Rule 17: no bytes panic, and bytes that are not a record are refused.

use super::*;

#[test]
fn malformed_bytes_are_refused_and_the_error_names_the_form() {
    // The position comes from the JSON parser.
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
fn a_moment_that_json_cannot_hold_is_refused() {
    let moments: [fn(&mut Value) -> &mut Value; 11] = [
        |record| &mut record["as_of"],
        |record| &mut record["budgets"]["sends"],
        |record| &mut record["budgets"]["binding_failures"],
        |record| &mut record["budgets"]["recovery_failures"],
        |record| &mut record["revoked_until"]["first_factor"],
        |record| &mut record["revoked_until"]["every"],
        |record| &mut record["phones"][0]["last_used"],
        |record| &mut record["challenges"][0]["issued_at"],
        |record| &mut record["challenges"][0]["code"]["issued"]["expires_at"],
        |record| &mut record["spent"][0]["expires_at"],
        |record| &mut record["spent"][15]["expires_at"],
    ];
    for moment in moments {
        let error = "a moment is out of range: at most 2^53 - 1 milliseconds";
        assert_refused(&largest(), error, |record| {
            *moment(record) = (1_u64 << 53).into();
        });
        assert_refused(&largest(), error, |record| {
            *moment(record) = u64::MAX.into();
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
fn an_extra_or_missing_field_is_refused_anywhere() {
    let mut checked = Vec::new();
    for account in [pending(), idle(), signing_in(), largest()] {
        let record = with_version(&read(&account));
        let mut paths = Vec::new();
        objects(&record, "", &mut paths);
        for path in paths {
            let mut more = record.clone();
            more.pointer_mut(&path).unwrap()["unknown"] = 1.into();
            let refused = serde_json::from_value::<Account>(more).unwrap_err();
            let refused = refused.to_string();
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
                // serde reads an absent option as `None`.
                if ["recovery", "first_factor", "every"].contains(&&*name) {
                    continue;
                }
                let loaded = serde_json::from_value::<Account>(less);
                assert!(loaded.is_err(), "{path} without {name}");
            }
            checked.push(path);
        }
    }
    for path in [
        "",
        "/account",
        "/account/budgets",
        "/account/revoked_until",
        "/account/phones/0",
        "/account/recovery",
        "/account/challenges/0",
        "/account/challenges/0/code",
        "/account/challenges/0/code/issued",
        "/account/challenges/0/code/issued/digest",
        "/account/challenges/0/code/issued/target",
        "/account/challenges/0/code/issued/target/enrollment",
        "/account/challenges/0/code/issued/target/enrollment/recovery",
        "/account/spent/0",
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
        // The largest text repeats the same things 16 times.
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

/// With a flipped bit, a record either fails to load, or saves and loads unchanged. It never
/// panics.
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
fn bytes_that_are_not_a_record_are_refused() {
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
    let error = serde_json::from_value::<Account>(json!(1)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "invalid type: integer `1`, expected a record of an account"
    );
    for bytes in [[0_u8; 64], [1; 64], [0xff; 64]] {
        assert!(postcard::from_bytes::<Account>(&bytes).is_err());
    }
}

#[test]
fn a_record_of_another_version_is_refused() {
    for version in [0, 2, 65_535] {
        let error = format!("record version {version} is unknown: this crate reads version 1");
        let mut record = with_version(&read(&idle()));
        record["version"] = version.into();
        let text = record.to_string();
        let refused = serde_json::from_str::<Account>(&text).unwrap_err();
        assert!(refused.to_string().starts_with(&error), "{refused}");
        let refused = serde_json::from_value::<Account>(record).unwrap_err();
        assert_eq!(refused.to_string(), error);
    }
    let mut bytes = to_postcard(&idle());
    assert_eq!(bytes[0], 1);
    bytes[0] = 2;
    assert!(postcard::from_bytes::<Account>(&bytes).is_err());
}
