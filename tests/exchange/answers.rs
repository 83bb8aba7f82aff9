//! Granted requests, byte for byte.

use oob_mfa::exchange::Reply;
use oob_mfa::wire::ErrorAnswer;
use oob_mfa_testing::{ALICES, MALLORYS, MINUTE};

use super::http::{Got, error, json};
use super::server::{Server, alice, associate, challenge, list, recover, remove, verify};

#[test]
fn a_life_of_an_account_is_answered_byte_for_byte() {
    let mut server = Server::new();
    let token = server.login();
    assert_eq!(server.respond(&list(&token)), json(200, "[]"));

    let reply = server.reply(&associate(&token, ALICES));
    assert_eq!(server.steps, ["load", "admit", "replace", "send"]);
    assert_eq!((reply.subject(), reply.denied()), (Some(&alice()), None));
    let got = Got::from(&reply);
    let body: serde_json::Value = serde_json::from_str(&got.body).unwrap();
    let recovery_code = body["recovery_codes"][0].as_str().unwrap().to_owned();
    let asked = server.asked(token, &got, ALICES);
    let expected = format!(
        "{{\"authenticator_type\":\"oob\",\"binding_method\":\"prompt\",\
         \"recovery_codes\":[\"{recovery_code}\"],\"oob_channel\":\"sms\",\"oob_code\":\"{}\"}}",
        asked.oob_code
    );
    assert_eq!(got, json(200, expected));
    let entries = |server: &Server, active: bool, recovery: &str| {
        let id = server.device();
        let entry = |channel: &str| {
            format!(
                "{{\"id\":\"{channel}|{id}\",\"authenticator_type\":\"oob\",\"active\":{active},\
                 \"oob_channel\":\"{channel}\",\"name\":\"XXXXXXXX8730\",\"type\":\"phone\"}}"
            )
        };
        let recovery = format!(
            "{{\"id\":\"{recovery}\",\"authenticator_type\":\"recovery-code\",\
             \"active\":{active},\"type\":\"recovery-code\"}}"
        );
        json(
            200,
            format!("[{recovery},{},{}]", entry("sms"), entry("voice")),
        )
    };
    let recovery = |got: &Got| {
        let body: serde_json::Value = serde_json::from_str(&got.body).unwrap();
        let mut ids = body
            .as_array()
            .unwrap()
            .iter()
            .map(|entry| entry["id"].as_str().unwrap().to_owned());
        ids.find(|id| id.starts_with("recovery-code|")).unwrap()
    };
    let got = server.respond(&list(&asked.token));
    assert_eq!(got, entries(&server, false, &recovery(&got)));

    let reply = server.reply(&verify(&asked));
    assert_eq!(server.steps, ["client", "load", "replace", "mint"]);
    assert_eq!(reply.subject(), Some(&alice()));
    let tokens = r#"{"access_token":"an access token","expires_in":600,"scope":"openid profile","token_type":"Bearer"}"#;
    assert_eq!(Got::from(&reply), json(200, tokens));
    let token = server.login();
    let got = server.respond(&list(&token));
    assert_eq!(got, entries(&server, true, &recovery(&got)));

    let got = server.respond(&challenge(&token));
    assert_eq!(server.steps, ["client", "load", "admit", "replace", "send"]);
    let oob_code = got.text("oob_code");
    let expected = format!(
        "{{\"challenge_type\":\"oob\",\"oob_code\":\"{oob_code}\",\"binding_method\":\"prompt\"}}"
    );
    assert_eq!(got, json(200, expected));

    let mfa = server.access_token("mfa");
    let got = server.respond(&associate(&mfa, MALLORYS).with("oob_channels", "tel"));
    let expected = format!(
        "{{\"authenticator_type\":\"oob\",\"binding_method\":\"prompt\",\
         \"oob_channel\":\"voice\",\"oob_code\":\"{}\"}}",
        got.text("oob_code")
    );
    assert_eq!(got, json(200, expected));

    let got = server.respond(&recover(&token, &recovery_code));
    let tokens = format!(
        "{{\"access_token\":\"an access token\",\"expires_in\":600,\"scope\":\"openid profile\",\
         \"token_type\":\"Bearer\",\"recovery_code\":\"{}\"}}",
        got.text("recovery_code")
    );
    assert_eq!(got, json(200, tokens));
    assert_ne!(got.text("recovery_code"), recovery_code);

    let id = format!("sms|{}", server.device());
    let got = server.respond(&remove(&mfa, &id));
    assert_eq!((got.status, got.headers.len(), got.body.len()), (204, 2, 0));
}

#[test]
fn the_same_request_at_the_same_time_gets_the_same_bytes() {
    let story = || {
        let mut server = Server::new();
        let recovery_code = server.enroll();
        server.wait(MINUTE);
        let asked = server.challenged();
        let bodies = [verify(&asked), verify(&asked)].map(|request| server.respond(&request));
        (
            recovery_code,
            asked.oob_code,
            asked.code,
            bodies,
            server.accounts,
        )
    };
    assert!(story() == story());
}

#[test]
fn errors_before_a_request_are_answered_in_the_same_way() {
    let late = ErrorAnswer::new(408, "invalid_request", "The request took too long.");
    let reply = Reply::from(late);
    let expected = error(408, "invalid_request", "The request took too long.");
    assert_eq!(Got::from(&reply), expected);
    assert_eq!(
        (reply.endpoint(), reply.subject(), reply.denied()),
        (None, None, None)
    );
}
