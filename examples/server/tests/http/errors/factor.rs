//! Codes, phones, channels and authenticators.

use serde_json::json;

use super::enrolled;
use crate::common::*;

#[test]
fn associate_is_denied_to_a_first_factor_beside_an_active_phone() {
    let (world, token) = enrolled();
    world.associate(&token, "sms", OTHER_PHONE).is(
        403,
        "access_denied",
        "User is already enrolled.",
    );
}

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
        .is(403, "access_denied", "User is already enrolled.");
}

#[test]
fn an_oob_code_is_malformed_or_expired_or_of_another_session() {
    let (world, token) = enrolled();
    let oob_code = world.challenge(&token, &json!({})).text("oob_code");
    let code = world.outbox.code();
    let malformed = (403, "invalid_grant", "Malformed oob_code");
    for unknown in ["x", "AAAAAAAAAAAAAAAAAAAAAA"] {
        world
            .answer(&token, unknown, &code)
            .is(malformed.0, malformed.1, malformed.2);
    }
    world.answer(&world.login(), &oob_code, &code).is(
        400,
        "invalid_request",
        "The oob_code doesn't match the mfa_token",
    );
    world.advance(299);
    world.answer(&token, &oob_code, &wrong(&code)).is(
        403,
        "invalid_grant",
        "Invalid binding_code.",
    );
    world.advance(1);
    world
        .answer(&token, &oob_code, &code)
        .is(403, "expired_token", "oob_code is expired");

    // Superseded by a newer one of the same session.
    let oob_code = world.challenge(&token, &json!({})).text("oob_code");
    let code = world.outbox.code();
    world.challenge(&token, &json!({})).ok();
    world
        .answer(&token, &oob_code, &code)
        .is(malformed.0, malformed.1, malformed.2);
}

#[test]
fn an_account_without_a_phone_has_nothing_to_challenge_or_recover() {
    let world = World::new();
    let token = world.login();
    world.challenge(&token, &json!({})).is(
        401,
        "association_required",
        "User is not enrolled. You can use /mfa/associate endpoint to enroll the first authenticator.",
    );
    world.recover(&token, "23456789ABCDEFGHJKLMNPQR").is(
        403,
        "unsupported_challenge_type",
        "User does not have a recovery-code.",
    );
}

#[test]
fn a_challenge_type_without_oob_is_repeated_in_the_error() {
    let (world, token) = enrolled();
    world
        .challenge(&token, &json!({ "challenge_type": "otp" }))
        .is(
            401,
            "unsupported_challenge_type",
            "The user does not support the requested challenge type (otp). Supported type: oob.",
        );
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
            .is(
                400,
                "invalid_authenticator",
                "The authenticator cannot be challenged.",
            );
    }
}

#[test]
fn a_disabled_phone_cannot_be_challenged() {
    let world = World::with("policy = { failure_cap = 1 }");
    world.enroll(&world.login(), PHONE);
    let token = world.login();
    let oob_code = world.challenge(&token, &json!({})).text("oob_code");
    let code = world.outbox.code();
    world.answer(&token, &oob_code, &wrong(&code)).is(
        403,
        "invalid_grant",
        "Invalid binding_code.",
    );
    world
        .answer(&token, &oob_code, &code)
        .is(403, "invalid_grant", "Malformed oob_code");
    world.challenge(&token, &json!({})).is(
        400,
        "invalid_authenticator",
        "The authenticator cannot be challenged.",
    );
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
        world.remove(&access_token, id).is(
            404,
            "invalid_authenticator",
            "The authenticator does not exist.",
        );
    }
}

#[test]
fn a_phone_number_is_e164_and_not_on_the_account_yet() {
    let (world, _) = enrolled();
    let access_token = world.manage(MANAGE);
    world.associate(&access_token, "sms", "4155558730").is(
        400,
        "invalid_request",
        "The phone number is invalid.",
    );
    world.associate(&access_token, "voice", PHONE).is(
        400,
        "invalid_request",
        "The phone number is already enrolled.",
    );
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
            "The user has too many phones. Remove one first.",
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
