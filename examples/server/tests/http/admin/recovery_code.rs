//! A recovery code that an operator gives to an owner.

use serde_json::json;

use super::*;

#[test]
fn a_regenerated_recovery_code_replaces_the_one_before() {
    let site = Site::new();
    let before = site.world.enroll(&site.world.login(), PHONE).unwrap();
    let answer = site.post("/recovery-code").ok();
    let code = answer["recovery_code"].as_str().unwrap();
    assert_eq!(answer["revision"], 3);
    assert_eq!(code.len(), 24);
    let rejected = site.world.recover(&site.world.login(), &before);
    rejected.refused(WRONG_RECOVERY_CODE);
    site.world.recover(&site.world.login(), code).ok();
    // It was used up.
    let rejected = site.world.recover(&site.world.login(), code);
    rejected.refused(WRONG_RECOVERY_CODE);
}

#[test]
fn without_a_phone_there_is_no_recovery_code() {
    let site = Site::new();
    let description = "the account has no confirmed phone: enroll one first";
    site.denied(
        || site.post("/recovery-code"),
        409,
        "not_enrolled",
        description,
    );
}

#[test]
fn a_server_behind_by_the_skew_can_regenerate() {
    let site = Site::new();
    site.world.enroll(&site.world.login(), PHONE);
    site.world.advance(-60);
    site.post("/recovery-code").ok();
}

#[test]
fn after_a_reset_it_takes_the_skew_until_a_recovery_code_can_be_made() {
    let site = Site::new();
    site.post("/reset").ok();
    site.import(PHONE).ok();
    let description = "the account was just reset or rewound: wait for the policy's clock skew, by default 60 seconds";
    let ask = || site.post("/recovery-code");
    site.denied(ask, 409, "session_revoked", description);
    site.world.advance(60);
    site.denied(ask, 409, "session_revoked", description);
    site.world.advance(1);
    let answer = site.post("/recovery-code").ok();
    assert_eq!(answer["revision"], json!(3));
}
