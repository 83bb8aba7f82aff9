//! The life of an account, from the first password to the last phone removed.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, PASSWORD, wrong};
use crate::refusal::*;
use crate::server::Server;

const EMAIL: &str = "alice@example.com";
const PHONE: &str = "+14155558730";
const OTHER_PHONE: &str = "+14155550000";
const MANAGE: &str = "enroll read:authenticators remove:authenticators";

/// Walks through a whole life, on a server without accounts.
pub(crate) fn whole_life(server: &Server) {
    let client = Client::of(server.address);

    // The first factor passes, but is not enough.
    client
        .password(EMAIL, "not it", "", "")
        .refused(WRONG_PASSWORD);
    let required = client.password(EMAIL, PASSWORD, "openid profile", "");
    let token = required.text("mfa_token");
    assert_eq!(
        (required.status, required.value()),
        (
            403,
            json!({
                "error": "mfa_required",
                "error_description": "Multifactor authentication required",
                "mfa_token": token,
                "mfa_requirements": { "enroll": [{ "type": "phone" }] },
            })
        )
    );
    assert_eq!(client.list(&token).ok(), json!([]));

    // Associate; confirm, which completes the login.
    let associated = client.associate(&token, "sms", PHONE).ok();
    let oob_code = associated["oob_code"].as_str().unwrap();
    let recovery_code = associated["recovery_codes"][0].as_str().unwrap();
    assert_eq!(
        associated,
        json!({
            "authenticator_type": "oob", "binding_method": "prompt",
            "recovery_codes": [recovery_code], "oob_channel": "sms", "oob_code": oob_code,
        })
    );
    assert_eq!(active(&client.list(&token).ok()), [false; 3]);
    let confirmed = client.answer(&token, oob_code, &server.code()).ok();
    assert_eq!(confirmed["token_type"], "Bearer");
    assert_eq!(confirmed["expires_in"], 600);
    assert_eq!(confirmed["scope"], "openid profile");
    assert_eq!(confirmed.get("recovery_code"), None);
    // A login for another API manages no factors.
    let access_token = confirmed["access_token"].as_str().unwrap();
    assert_eq!(client.list(access_token).status, 401);

    // A new login: the recovery code and both twins are listed.
    let required = client.password(EMAIL, PASSWORD, "", "");
    assert_eq!(
        required.value()["mfa_requirements"],
        json!({ "challenge": [{ "type": "phone" }, { "type": "recovery-code" }] })
    );
    let token = required.text("mfa_token");
    client
        .associate(&token, "sms", OTHER_PHONE)
        .refused(ALREADY_ENROLLED);
    let list = client.list(&token).ok();
    let device = list[1]["id"]
        .as_str()
        .unwrap()
        .strip_prefix("sms|")
        .unwrap();
    assert_eq!(
        list,
        json!([
            { "id": list[0]["id"], "authenticator_type": "recovery-code", "active": true,
              "type": "recovery-code" },
            { "id": format!("sms|{device}"), "authenticator_type": "oob", "active": true,
              "oob_channel": "sms", "name": "XXXXXXXX8730", "type": "phone" },
            { "id": format!("voice|{device}"), "authenticator_type": "oob", "active": true,
              "oob_channel": "voice", "name": "XXXXXXXX8730", "type": "phone" },
        ])
    );

    // Challenge by voice; a wrong code, then the right one, which works once.
    let voice = format!("voice|{device}");
    let challenged = client.challenge(
        &token,
        &json!({ "challenge_type": "oob", "authenticator_id": voice }),
    );
    let oob_code = challenged.text("oob_code");
    assert_eq!(
        challenged.ok(),
        json!({ "challenge_type": "oob", "oob_code": oob_code, "binding_method": "prompt" })
    );
    let code = server.code();
    client
        .answer(&token, &oob_code, &wrong(&code))
        .refused(WRONG_CODE);
    client.answer(&token, &oob_code, &code).ok();
    client
        .answer(&token, &oob_code, &code)
        .refused(INVALID_TOKEN);

    // The recovery code: its replacement works, and the old one does not.
    let recovered = client
        .recover(&client.login(), &recovery_code.to_lowercase())
        .ok();
    let replacement = recovered["recovery_code"].as_str().unwrap();
    assert_ne!(replacement, recovery_code);
    let token = client.login();
    client
        .recover(&token, recovery_code)
        .refused(WRONG_RECOVERY_CODE);
    client.recover(&token, replacement).ok();

    // A login for the MFA API adds a second phone, which its access token confirms.
    let audience = format!("http://{}/mfa/", server.address);
    let token = client
        .password(EMAIL, PASSWORD, MANAGE, &audience)
        .text("mfa_token");
    let oob_code = client
        .challenge(&token, &json!({ "challenge_type": "oob" }))
        .text("oob_code");
    let access_token = client
        .answer(&token, &oob_code, &server.code())
        .text("access_token");
    let associated = client.associate(&access_token, "voice", OTHER_PHONE).ok();
    assert_eq!(associated.get("recovery_codes"), None);
    let listed = client.list(&access_token).ok();
    assert_eq!(active(&listed), [true, true, true, false, false]);
    let oob_code = associated["oob_code"].as_str().unwrap();
    client.answer(&access_token, oob_code, &server.code()).ok();
    assert_eq!(active(&client.list(&access_token).ok()), [true; 5]);

    // Removing one twin, raw in the path, removes both. It needs more than an `mfa_token`.
    let refused = client.remove(&client.login(), &voice);
    assert_eq!(
        (refused.status, &*refused.text("error")),
        (403, "insufficient_scope")
    );
    let removed = client.remove(&access_token, &voice);
    assert_eq!((removed.status, &*removed.body), (204, ""));
    assert_eq!(removed.header("cache-control"), Some("no-store"));
    assert_eq!(removed.header("content-type"), None);
    client
        .remove(&access_token, &voice)
        .refused(NO_AUTHENTICATOR);
    let left = client.list(&access_token).ok();
    assert_eq!(active(&left), [true; 3]);
    assert!(!left.to_string().contains(device));

    // 4 messages were sent. After 6 more the budget is empty, even if phones were removed
    // meanwhile.
    let token = client.login();
    for _ in 0..6 {
        let oob_code = client
            .challenge(&token, &json!({ "challenge_type": "oob" }))
            .text("oob_code");
        // An access token cannot complete a login, even with the right code.
        client
            .answer(&access_token, &oob_code, &server.code())
            .refused(INVALID_TOKEN);
    }
    client
        .challenge(&access_token, &json!({ "authenticator_id": null }))
        .refused(INVALID_TOKEN);
    client
        .recover(&access_token, replacement)
        .refused(INVALID_TOKEN);
    let refused = client.challenge(&token, &json!({ "challenge_type": "oob" }));
    refused.refused(TOO_MANY_SENDS);
    let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    // The first was sent in this walk, which takes less than 10 minutes.
    assert!((3_000..=3_600).contains(&wait), "{wait}");
    assert_eq!(server.unread(), 0);

    // The last phone, percent-encoded: the recovery code is removed with it.
    let last = left[1]["id"].as_str().unwrap().replace('|', "%7C");
    assert_eq!(client.remove(&access_token, &last).status, 204);
    assert_eq!(client.list(&access_token).ok(), json!([]));
    // A first factor of the same millisecond was revoked with the last phone.
    thread::sleep(Duration::from_millis(2));
    client
        .recover(&client.login(), replacement)
        .refused(NO_RECOVERY_CODE);
}

fn active(list: &Value) -> Vec<bool> {
    let entries = list.as_array().unwrap().iter();
    entries
        .map(|entry| entry["active"].as_bool().unwrap())
        .collect()
}
