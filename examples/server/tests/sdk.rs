//! Auth0's Node SDK from npm against the program. The scripts in `sdk` take the steps and print the
//! SDK's results, which these tests check.

#[path = "common/npm.rs"]
mod npm;
#[path = "common/server.rs"]
mod server;
#[path = "sdk/walk.rs"]
mod walk;

use npm::entries;
use oob_mfa_walk::refusal::*;
use serde_json::{Value, json};
use walk::{Walk, audience, device, recovery_code, text};

#[test]
fn the_sdk_walks_the_whole_life() {
    let Some(mut walk) = Walk::of("life.mjs") else {
        return;
    };
    let enroll = json!({ "enroll": [{ "type": "phone" }] });
    let challenge = json!({ "challenge": [{ "type": "phone" }, { "type": "recovery-code" }] });

    walk.asks_for_more("login", &enroll);
    assert_eq!(walk.answer("list of none"), json!([]));
    let enrolled = walk.answer("enroll");
    let oob_code = text(&enrolled, "oobCode");
    let recovery_code = recovery_code(&enrolled["recoveryCodes"][0]);
    assert_eq!(
        enrolled,
        json!({
            "authenticatorType": "oob", "oobChannel": "sms", "bindingMethod": "prompt",
            "oobCode": oob_code, "recoveryCodes": [recovery_code],
        })
    );
    let pending = walk.answer("list of pending");
    let device = device(&pending[1]);
    let recovery = &pending[0]["id"];
    assert_eq!(
        pending,
        entries(recovery, &[(&device, "XXXXXXXX8730")], false)
    );
    let tokens = walk.answer("confirm");
    walk.id_token("id token", &tokens, &["pwd", "mfa", "sms"]);
    assert!(tokens.get("recoveryCode").is_none(), "{tokens}");
    walk.altered_id_token("altered id token");

    walk.asks_for_more("second login", &challenge);
    assert_eq!(
        walk.answer("list"),
        entries(recovery, &[(&device, "XXXXXXXX8730")], true)
    );
    walk.challenged("challenge");
    walk.refused("wrong code", "MfaVerifyError", WRONG_CODE);
    let tokens = walk.answer("right code")["data"].take();
    walk.id_token("second id token", &tokens, &["pwd", "mfa", "sms"]);
    // It requested another audience; that of the login applies.
    assert_eq!(audience(&tokens), "https://login.example.com/userinfo");

    walk.asks_for_more("third login", &challenge);
    let tokens = walk.answer("recovery code");
    walk.id_token("third id token", &tokens, &["pwd", "mfa"]);
    let replacement = walk::recovery_code(&tokens["recoveryCode"]);
    assert_ne!(replacement, recovery_code);
    walk.asks_for_more("fourth login", &challenge);
    walk.refused("used recovery code", "MfaVerifyError", WRONG_RECOVERY_CODE);
    let tokens = walk.answer("new recovery code");
    assert_ne!(walk::recovery_code(&tokens["recoveryCode"]), replacement);

    walk.asks_for_more("login to manage", &challenge);
    walk.challenged("challenge of any");
    for step in ["answer to manage", "confirm another"] {
        if step == "confirm another" {
            let enrolled = walk.answer("enroll another");
            let oob_code = text(&enrolled, "oobCode");
            assert_eq!(
                enrolled,
                json!({
                    "authenticatorType": "oob", "oobChannel": "voice", "bindingMethod": "prompt",
                    "oobCode": oob_code,
                })
            );
        }
        let tokens = walk.answer(step);
        assert_eq!(
            tokens["scope"],
            "enroll read:authenticators remove:authenticators"
        );
        assert_eq!(audience(&tokens), "https://login.example.com/mfa/");
        // Without `openid` there is no ID token.
        assert!(tokens.get("idToken").is_none(), "{tokens}");
    }
    let both = walk.answer("list of both");
    // Each used recovery code was replaced, with a new entry.
    let recovery = &both[0]["id"];
    let other = walk::device(&both[3]);
    let phones = [
        (device.as_str(), "XXXXXXXX8730"),
        (other.as_str(), "XXXXXXXX0000"),
    ];
    assert_eq!(both, entries(recovery, &phones, true));
    assert_eq!(walk.answer("delete"), Value::Null);
    assert_eq!(
        walk.answer("list without the first"),
        entries(recovery, &phones[1..], true)
    );
    assert_eq!(walk.answer("delete the last"), Value::Null);
    assert_eq!(walk.answer("list at the end"), json!([]));
    walk.asks_for_more("login after all", &enroll);
    walk.ends();
}

#[test]
fn the_errors_of_the_sdk_have_the_texts_of_our_answers() {
    let Some(mut walk) = Walk::of("refusals.mjs") else {
        return;
    };
    const PASSWORD: &str = "TokenByPasswordError";
    const ENROLL: &str = "MfaEnrollmentError";
    const LIST: &str = "MfaListAuthenticatorsError";
    const CHALLENGE: &str = "MfaChallengeError";
    const VERIFY: &str = "MfaVerifyError";
    const DELETE: &str = "MfaDeleteAuthenticatorError";
    let channel = (
        400,
        "invalid_request",
        "None of the oob_channels is enabled. Enabled channels: sms, voice.",
    );

    walk.refused("wrong password", PASSWORD, WRONG_PASSWORD);
    walk.refused("unknown client", PASSWORD, INVALID_CLIENT);
    walk.refused("wrong secret", PASSWORD, INVALID_CLIENT);
    walk.refused("assertion for a secret", PASSWORD, INVALID_CLIENT);
    let error = walk.error("another issuer");
    assert_eq!(error["code"], "OAUTH_JSON_ATTRIBUTE_COMPARISON_FAILED");
    assert_eq!(error["cause"]["attribute"], "issuer");
    walk.refused(
        "refresh token",
        "TokenByRefreshTokenError",
        UNSUPPORTED_GRANT,
    );

    walk.refused("challenge of none", CHALLENGE, NOT_ENROLLED);
    walk.refused("recovery of none", VERIFY, NO_RECOVERY_CODE);
    walk.refused(
        "enroll otp",
        ENROLL,
        (
            400,
            "invalid_request",
            "The authenticator type is not supported. Supported type: oob.",
        ),
    );
    walk.refused("enroll push", ENROLL, channel);
    walk.refused("enroll email", ENROLL, channel);
    walk.refused(
        "enroll no number",
        ENROLL,
        (
            400,
            "invalid_request",
            "Missing required parameter: phone_number",
        ),
    );
    walk.refused("enroll no E.164", ENROLL, INVALID_PHONE);
    // Of 2 channels the first is used.
    assert_eq!(walk.answer("enroll")["oobChannel"], "sms");
    walk.refused("confirm with a wrong secret", VERIFY, INVALID_CLIENT);
    assert_eq!(walk.answer("confirm")["tokenType"], "bearer");

    walk.refused("verify with a spent token", VERIFY, INVALID_TOKEN);
    walk.refused("full response with a spent token", VERIFY, INVALID_TOKEN);
    for (kind, expected) in [
        ("no token", MALFORMED_TOKEN),
        ("an altered token", INVALID_TOKEN),
    ] {
        for (step, class) in [
            ("list", LIST),
            ("enroll", ENROLL),
            ("challenge", CHALLENGE),
            ("delete", DELETE),
            ("verify", VERIFY),
            ("recover", VERIFY),
        ] {
            walk.refused(&format!("{step} with {kind}"), class, expected);
        }
    }

    walk.refused("enroll again", ENROLL, ALREADY_ENROLLED);
    walk.refused("challenge otp", CHALLENGE, UNSUPPORTED_OTP);
    walk.refused("challenge of an absent one", CHALLENGE, NOT_CHALLENGEABLE);
    walk.refused("challenge with a wrong secret", CHALLENGE, INVALID_CLIENT);
    walk.refused("challenge by another client", CHALLENGE, OTHER_CLIENT);
    walk.refused("delete with an mfa_token", DELETE, MAY_NOT_REMOVE);
    walk.refused("verify otp", VERIFY, UNSUPPORTED_GRANT);
    walk.refused(
        "verify no binding code",
        VERIFY,
        (
            400,
            "invalid_request",
            "Missing required parameter: binding_code",
        ),
    );
    walk.refused("verify an unknown oob code", VERIFY, MALFORMED_OOB_CODE);
    walk.refused("wrong recovery code", VERIFY, WRONG_RECOVERY_CODE);

    assert_eq!(walk.answer("public list").as_array().unwrap().len(), 3);
    walk.challenged("public challenge");

    walk.refused(
        "enroll without the scope",
        ENROLL,
        (
            403,
            "insufficient_scope",
            "Insufficient scope, expected: enroll",
        ),
    );
    walk.refused("delete without the scope", DELETE, MAY_NOT_REMOVE);
    walk.refused("delete an absent one", DELETE, NO_AUTHENTICATOR);
    walk.refused("delete what is not an id", DELETE, NO_AUTHENTICATOR);
    walk.refused("enroll the same number", ENROLL, PHONE_ENROLLED);

    for count in 1..=10 {
        walk.refused(&format!("wrong code {count}"), VERIFY, WRONG_CODE);
    }
    walk.refused_for_now("right code too late", VERIFY, TOO_MANY_FAILURES, 360);
    walk.refused_for_now("challenge too often", CHALLENGE, TOO_MANY_SENDS, 3_600);
    walk.ends();
}
