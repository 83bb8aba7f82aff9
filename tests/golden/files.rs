//! The golden files, and the content of a record.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use super::*;

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
fn the_golden_records_match_their_names() {
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
    assert_eq!(idle["as_of"], 1_800_086_400_000_u64);
    assert_eq!(
        idle["revoked_until"],
        json!({ "first_factor": null, "every": null })
    );

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
        largest["revoked_until"]
            .as_object()
            .unwrap()
            .values()
            .all(Value::is_u64)
    );
}

#[test]
fn a_record_is_not_larger_than_before() {
    let sizes = |account: &Account| (to_json(account).len(), to_postcard(account).len());
    assert_eq!(sizes(&pending()), (730, 193));
    assert_eq!(sizes(&idle()), (487, 111));
    assert_eq!(sizes(&signing_in()), (872, 250));
    assert_eq!(sizes(&one_of_two_disabled()), (653, 152));
    assert_eq!(sizes(&largest()), (10_319, 3_601));
}

#[test]
fn a_new_account_cannot_be_serialized() {
    let fresh = Account::new("auth0|alice".parse().unwrap());
    let refused = serde_json::to_string(&fresh).unwrap_err().to_string();
    assert_eq!(
        refused,
        "cannot serialize a new account: store only accounts that the engine returned"
    );
    assert!(postcard::to_allocvec(&fresh).is_err());
}

#[test]
fn debug_of_a_record_shows_no_digest_and_no_id_of_a_challenge() {
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
fn a_record_holds_no_code_and_no_token() {
    let mut world = World::new();
    let session = world.first_factor();
    let token = world.engine.issue_token(&session);
    let sent = world.associate(&session, ALICES).unwrap();
    let text = to_json(&world.account());
    assert!(!text.contains(&sent.code));
    assert!(!text.contains(sent.recovery_code.as_ref().unwrap()));
    assert!(!text.contains(token.expose_secret()));
    let bytes = to_postcard(&world.account());
    for secret in [sent.code, sent.recovery_code.unwrap()] {
        assert!(
            !bytes
                .windows(secret.len())
                .any(|window| window == secret.as_bytes())
        );
    }
}
