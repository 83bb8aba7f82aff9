//! Invalid input: a clear response, and no change.

use serde_json::{Value, json};

use crate::common::*;

pub const JSON: (&str, &str) = ("content-type", "application/json");
pub const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const MALFORMED_BODY: &str =
    "Malformed request body: send a JSON object or a form, with at most 64 parameters";
pub const ENDPOINTS: [&str; 3] = ["/oauth/token", "/mfa/associate", "/mfa/challenge"];

/// Runs requests against an account with a phone, and checks that they changed and sent nothing.
pub fn unchanged(requests: impl FnOnce(&World, &str)) {
    let world = World::new();
    world.enroll(&world.login(), PHONE);
    let access_token = world.manage(MANAGE);
    let (before, sent) = (world.record(), world.outbox.messages().len());
    requests(&world, &access_token);
    assert_eq!(world.record(), before);
    assert_eq!(world.outbox.messages().len(), sent);
}

#[track_caller]
fn invalid(answer: &Answer, description: &str) {
    answer.is(400, "invalid_request", description);
}

#[test]
fn a_body_that_is_not_of_its_content_type_is_malformed() {
    unchanged(|world, token| {
        let authorization = ("authorization", &*bearer(token));
        let deep = format!("{}{}", "[".repeat(4_000), "]".repeat(4_000));
        let nested = format!("{{\"a\":{deep}}}");
        let many: String = (0..65).map(|n| format!("\"p{n}\":\"\",")).collect();
        let bodies = [
            "",
            "{",
            "[]",
            "\"text\"",
            "1",
            "null",
            "{\"a\":1}}",
            "{'a':1}",
            &nested,
            &format!("{{{}}}", many.trim_end_matches(',')),
        ];
        for path in ENDPOINTS {
            for body in bodies {
                let answer = world.send("POST", path, &[JSON, authorization], body);
                invalid(&answer, MALFORMED_BODY);
            }
            for kind in [JSON, FORM] {
                let body = b"client_id=\xff\xfe".as_slice();
                let answer = world.send("POST", path, &[kind, authorization], body);
                invalid(&answer, MALFORMED_BODY);
            }
        }
    });
}

#[test]
fn an_unsupported_content_type_is_refused() {
    unchanged(|world, token| {
        let authorization = ("authorization", &*bearer(token));
        for path in ENDPOINTS {
            for kind in [
                "text/plain",
                "multipart/form-data; boundary=x",
                "",
                "application/xml",
            ] {
                let headers = [("content-type", kind), authorization];
                world.send("POST", path, &headers, "{}").is(
                    415,
                    "invalid_request",
                    "The content type must be application/json or \
                     application/x-www-form-urlencoded.",
                );
            }
        }
    });
}

#[test]
fn without_a_content_type_the_token_endpoint_reads_a_form_and_the_others_json() {
    let world = World::new();
    let body = "grant_type=x&client_id=demo-public";
    world
        .send("POST", "/oauth/token", &[], body)
        .refused(UNSUPPORTED_GRANT);
    let body = json!({
        "authentication_types": "oob", "oob_channels": "sms", "phone_number": PHONE,
    });
    let headers = [("authorization", &*bearer(&world.login()))];
    world
        .send("POST", "/mfa/associate", &headers, body.to_string())
        .ok();
    let body = json!({ "client_id": "demo-public", "mfa_token": "x" }).to_string();
    world
        .send("POST", "/mfa/challenge", &[], body)
        .refused(MALFORMED_TOKEN);
}

#[test]
fn a_body_of_a_mebibyte_is_too_large() {
    unchanged(|world, token| {
        let authorization = ("authorization", &*bearer(token));
        for path in ENDPOINTS {
            for size in [16 * 1024 + 1, 1024 * 1024] {
                let body = vec![b'a'; size];
                world.send("POST", path, &[FORM, authorization], body).is(
                    413,
                    "invalid_request",
                    "The request body is too large. At most 16384 bytes are accepted.",
                );
            }
        }
        // At the limit the body is read, and lacks a client.
        let body = vec![b'a'; 16 * 1024];
        let answer = world.send("POST", "/oauth/token", &[FORM], body);
        invalid(&answer, "Missing required parameter: client_id");
    });
}

#[test]
fn a_parameter_that_is_missing_is_named() {
    unchanged(|world, token| {
        let client = [("client_id", "demo"), ("client_secret", "demo-secret")];
        let missing = |path: &str, body: &[(&str, &str)], name: &str| {
            let answer = world.form(path, &[], &[&client, body].concat());
            invalid(&answer, &format!("Missing required parameter: {name}"));
        };
        let oob = ("grant_type", MFA_OOB);
        let recovery = ("grant_type", MFA_RECOVERY_CODE);
        missing("/oauth/token", &[], "grant_type");
        missing("/oauth/token", &[("grant_type", "")], "grant_type");
        missing("/oauth/token", &[("grant_type", "password")], "username");
        missing(
            "/oauth/token",
            &[("grant_type", "password"), ("username", "a")],
            "password",
        );
        missing("/oauth/token", &[oob], "oob_code");
        missing("/oauth/token", &[oob, ("oob_code", "x")], "binding_code");
        missing(
            "/oauth/token",
            &[oob, ("oob_code", "x"), ("binding_code", "1")],
            "mfa_token",
        );
        missing("/oauth/token", &[recovery], "recovery_code");
        missing(
            "/oauth/token",
            &[recovery, ("recovery_code", "x")],
            "mfa_token",
        );
        missing("/mfa/challenge", &[], "mfa_token");
        for path in ["/oauth/token", "/mfa/challenge"] {
            invalid(
                &world.form(path, &[], &[]),
                "Missing required parameter: client_id",
            );
        }
        let associate = |body: Value, name: &str| {
            let answer = world.associate_by(&body, token);
            invalid(&answer, &format!("Missing required parameter: {name}"));
        };
        associate(json!({}), "authenticator_types");
        associate(json!({ "authenticator_types": ["oob"] }), "oob_channels");
        associate(
            json!({ "authenticator_types": ["oob"], "oob_channels": [] }),
            "oob_channels",
        );
        associate(
            json!({ "authenticator_types": ["oob"], "oob_channels": ["sms"] }),
            "phone_number",
        );
    });
}

#[test]
fn a_parameter_of_a_wrong_type_is_named() {
    unchanged(|world, token| {
        for value in [json!(1), json!(true), json!(["x"]), json!({}), json!(1.5)] {
            let body = json!({
                "grant_type": MFA_OOB, "client_id": "demo", "client_secret": "demo-secret",
                "mfa_token": token, "oob_code": "x", "binding_code": "123456",
            });
            let names = [
                "client_id",
                "client_secret",
                "grant_type",
                "oob_code",
                "binding_code",
            ];
            for name in names.into_iter().chain(["mfa_token"]) {
                let mut body = body.clone();
                body[name] = value.clone();
                let answer = world.json("/oauth/token", &[], &body);
                invalid(&answer, &format!("{name} must be a string"));
            }
            for name in ["authenticator_id", "oob_channel"] {
                let answer = world.challenge(token, &json!({ name: value }));
                invalid(&answer, &format!("{name} must be a string"));
            }
            let answer = world.challenge(token, &json!({ "challenge_type": value }));
            if value.is_array() {
                answer.is(
                    401,
                    "unsupported_challenge_type",
                    "The user does not support the requested challenge type (x). Supported type: oob.",
                );
            } else {
                invalid(&answer, "challenge_type must be an array of strings");
            }
        }
        let associate = |types: Value, channels: Value, phone: Value| {
            let body = json!({
                "authenticator_types": types, "oob_channels": channels, "phone_number": phone,
            });
            world.associate_by(&body, token)
        };
        let (oob, sms) = (json!(["oob"]), json!(["sms"]));
        let list = |name| format!("{name} must be an array of strings");
        let answer = associate(json!(1), sms.clone(), json!(OTHER_PHONE));
        invalid(&answer, &list("authenticator_types"));
        let answer = associate(oob.clone(), json!(["sms", 1]), json!(OTHER_PHONE));
        invalid(&answer, &list("oob_channels"));
        let answer = associate(oob.clone(), sms.clone(), json!(14_155_550_000_u64));
        invalid(&answer, "phone_number must be a string");
        let answer = associate(json!(["otp"]), sms, json!(OTHER_PHONE));
        invalid(
            &answer,
            "The authenticator type is not supported. Supported type: oob.",
        );
    });
}

#[test]
fn a_parameter_that_is_there_twice_is_refused() {
    unchanged(|world, token| {
        let body = "client_id=demo&client_id=demo-public";
        let answer = world.send("POST", "/oauth/token", &[FORM], body);
        invalid(&answer, "client_id must occur only once");
        let body =
            r#"{"client_id":"demo","client_secret":"demo-secret","mfa_token":"a","mfa_token":"b"}"#;
        let answer = world.send("POST", "/mfa/challenge", &[JSON], body);
        invalid(&answer, "mfa_token must occur only once");
        let body = format!(
            r#"{{"authenticator_types":["oob"],"oob_channels":["sms"],"phone_number":"{OTHER_PHONE}","phone_number":"{PHONE}"}}"#
        );
        let headers = [JSON, ("authorization", &*bearer(token))];
        let answer = world.send("POST", "/mfa/associate", &headers, body);
        invalid(&answer, "phone_number must occur only once");
    });
}

#[test]
fn only_e164_is_a_phone_number() {
    unchanged(|world, token| {
        for phone in [
            "+",
            "+1",
            "+123456",
            "+1234567890123456",
            "+04155550000",
            "14155550000",
            "+1 415 555 0000",
            "+1-415-555-0000",
            "+1415555000a",
            "tel:+14155550000",
            "+１４１５５５５００００",
            "+14155550000\n",
            "00114155550000",
        ] {
            invalid(
                &world.associate(token, "sms", phone),
                "The phone number is invalid.",
            );
        }
    });
}

#[test]
fn texts_longer_than_a_token_may_carry_are_refused() {
    // Values that the client may request, so that the request gets this far.
    let [scope, audience] = ["s", "a"].map(|letter| letter.repeat(1_025));
    let fits = "s".repeat(1_024);
    let allowed = format!("audiences = [\"{audience}\"]\nscopes = [\"{scope}\", \"{fits}\"]");
    let world = World::with_client(&allowed);
    for (name, scope, audience) in [
        ("scope", scope.as_str(), ""),
        ("audience", "", audience.as_str()),
    ] {
        let answer = world.password("alice@example.com", PASSWORD, scope, audience);
        let text = "is too long: at most 255 bytes for client_id, 1024 for scope and audience";
        invalid(&answer, &format!("{name} {text}"));
    }
    assert_eq!(
        world
            .password("alice@example.com", PASSWORD, &fits, "")
            .status,
        403
    );
}

#[test]
fn no_cut_and_no_flipped_bit_of_a_token_opens() {
    unchanged(|world, access_token| {
        let token = world.login();
        for token in [token.as_str(), access_token] {
            for at in (0..token.len()).step_by(7) {
                let cut = world.list(&token[..at]);
                assert_eq!(
                    (cut.status, cut.text("error").as_str()),
                    (401, "invalid_grant")
                );
                let mut flipped = token.as_bytes().to_vec();
                flipped[at] = if flipped[at] == b'A' { b'B' } else { b'A' };
                let flipped = world.list(std::str::from_utf8(&flipped).unwrap());
                assert_eq!(
                    (flipped.status, flipped.text("error").as_str()),
                    (401, "invalid_grant")
                );
            }
        }
    });
}

#[test]
fn a_token_of_another_algorithm_or_without_a_signature_is_invalid() {
    use base64ct::{Base64UrlUnpadded, Encoding};
    unchanged(|world, access_token| {
        let (_, rest) = access_token.split_once('.').unwrap();
        let (claims, signature) = rest.split_once('.').unwrap();
        for alg in ["none", "HS256", "RS256", "ES384"] {
            let header = format!(r#"{{"alg":"{alg}","typ":"at+jwt"}}"#);
            let header = Base64UrlUnpadded::encode_string(header.as_bytes());
            for signature in ["", signature] {
                let answer = world.list(&format!("{header}.{claims}.{signature}"));
                assert_eq!(
                    (answer.status, answer.text("error").as_str()),
                    (401, "invalid_grant")
                );
            }
        }
    });
}

#[test]
fn an_unreadable_record_is_answered_and_left_unchanged() {
    let world = World::new();
    world.enroll(&world.login(), PHONE);
    let token = world.login();
    let record = world.record().unwrap();
    let cut = record[..record.len() - 1].to_vec();
    let longer = [&record[..], &[0]].concat();
    let mut unknown_version = record.clone();
    unknown_version[0] = 99;
    for broken in [cut, longer, unknown_version, vec![]] {
        world.store.redb.restore(ALICE, &broken).unwrap();
        let answers = [
            world.password("alice@example.com", PASSWORD, "", ""),
            world.list(&token),
            world.associate(&token, "sms", OTHER_PHONE),
            world.challenge(&token, &json!({})),
            world.recover(&token, "x"),
        ];
        for answer in answers {
            answer.refused(SERVER_ERROR);
        }
        assert_eq!(world.record(), Some(broken));
    }
    world.store.redb.restore(ALICE, &record).unwrap();
    world.challenge(&token, &json!({})).ok();
}
