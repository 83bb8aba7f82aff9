//! Codes, phones, channels and authenticators.

use serde_json::json;

use super::enrolled;
use crate::common::*;

/// The enrollment was dropped, so its handle is unknown. That check comes before who may confirm.
#[test]
fn an_enrollment_cannot_be_confirmed_once_another_was() {
    let world = World::new();
    let (attacker, owner) = (world.login(), world.login());
    let oob_code = world
        .associate(&attacker, "sms", OTHER_PHONE)
        .text("oob_code");
    let code = world.outbox.code();
    world.enroll(&owner, PHONE);
    world
        .answer(&attacker, &oob_code, &code)
        .refused(ALREADY_ENROLLED);
}

#[test]
fn an_oob_code_is_malformed_or_expired_or_of_another_session() {
    let (world, token) = enrolled();
    let oob_code = world.challenge(&token, &json!({})).text("oob_code");
    let code = world.outbox.code();
    for unknown in ["x", "AAAAAAAAAAAAAAAAAAAAAA"] {
        world
            .answer(&token, unknown, &code)
            .refused(MALFORMED_OOB_CODE);
    }
    world.answer(&world.login(), &oob_code, &code).is(
        400,
        "invalid_request",
        "The oob_code doesn't match the mfa_token",
    );
    world.advance(299);
    world
        .answer(&token, &oob_code, &wrong(&code))
        .refused(WRONG_CODE);
    world.advance(1);
    world
        .answer(&token, &oob_code, &code)
        .refused(EXPIRED_OOB_CODE);

    // Superseded by a newer one of the same session.
    let oob_code = world.challenge(&token, &json!({})).text("oob_code");
    let code = world.outbox.code();
    world.challenge(&token, &json!({})).ok();
    world
        .answer(&token, &oob_code, &code)
        .refused(MALFORMED_OOB_CODE);
}

#[test]
fn an_account_without_a_phone_has_nothing_to_challenge_or_recover() {
    let world = World::new();
    let token = world.login();
    world.challenge(&token, &json!({})).refused(NOT_ENROLLED);
    world
        .recover(&token, "23456789ABCDEFGHJKLMNPQR")
        .refused(NO_RECOVERY_CODE);
}

#[test]
fn a_challenge_type_without_oob_is_repeated_in_the_error() {
    let (world, token) = enrolled();
    world
        .challenge(&token, &json!({ "challenge_type": "otp" }))
        .refused(UNSUPPORTED_OTP);
    world
        .challenge(&token, &json!({ "challenge_type": "otp OOB" }))
        .ok();
}

#[test]
fn an_authenticator_that_cannot_be_challenged_is_invalid() {
    let (world, token) = enrolled();
    let access_token = world.manage(MANAGE);
    world.associate(&access_token, "sms", OTHER_PHONE).ok();
    let ids = world.ids(&access_token);
    let (recovery_code, unconfirmed) = (ids[0].as_str(), ids[3].as_str());
    assert!(recovery_code.starts_with("recovery-code|"));
    for id in [
        recovery_code,
        unconfirmed,
        "sms|dev_NU1Ofuw3Cw0XCt5x",
        "x",
        "push|dev_1",
    ] {
        world
            .challenge(&token, &json!({ "authenticator_id": id }))
            .refused(NOT_CHALLENGEABLE);
    }
}

#[test]
fn a_disabled_phone_cannot_be_challenged() {
    let world = World::with("policy = { failure_cap = 1 }");
    world.enroll(&world.login(), PHONE);
    let token = world.login();
    let oob_code = world.challenge(&token, &json!({})).text("oob_code");
    let code = world.outbox.code();
    world
        .answer(&token, &oob_code, &wrong(&code))
        .refused(WRONG_CODE);
    world
        .answer(&token, &oob_code, &code)
        .refused(MALFORMED_OOB_CODE);
    world
        .challenge(&token, &json!({}))
        .refused(NOT_CHALLENGEABLE);
}

#[test]
fn an_unknown_authenticator_cannot_be_removed_and_neither_can_the_recovery_code() {
    let (world, _) = enrolled();
    let access_token = world.manage(MANAGE);
    let recovery_code = world.ids(&access_token).remove(0);
    for id in [
        recovery_code.as_str(),
        "sms|dev_NU1Ofuw3Cw0XCt5x",
        "x",
        "%ff",
        "%",
    ] {
        world.remove(&access_token, id).refused(NO_AUTHENTICATOR);
    }
}

#[test]
fn a_phone_number_is_e164_and_not_on_the_account_yet() {
    let (world, _) = enrolled();
    let access_token = world.manage(MANAGE);
    world
        .associate(&access_token, "sms", "4155558730")
        .refused(INVALID_PHONE);
    world
        .associate(&access_token, "voice", PHONE)
        .refused(PHONE_ENROLLED);
}

#[test]
fn an_account_has_as_many_phones_as_the_policy_allows() {
    let world = World::with("policy = { max_phones = 1 }");
    world.enroll(&world.login(), PHONE);
    world
        .associate(&world.manage(MANAGE), "sms", OTHER_PHONE)
        .is(
            400,
            "invalid_request",
            "The user has as many phones as the policy allows, or more. Remove phones first.",
        );
}

#[test]
fn a_channel_is_known_and_enabled() {
    let world = World::with("policy = { channels = [\"sms\"] }");
    let token = world.login();
    for channel in ["push", "voice"] {
        world.associate(&token, channel, PHONE).is(
            400,
            "invalid_request",
            "None of the oob_channels is enabled. Enabled channels: sms.",
        );
    }
    world.associate(&token, "sms", PHONE).ok();
}
