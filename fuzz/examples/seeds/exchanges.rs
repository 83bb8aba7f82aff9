//! The seeds of the target `exchange`.

use crate::write;

const LOGIN: &str = "POST /oauth/token\nContent-Type: application/json\n\n\
    {\"grant_type\":\"password\",\"client_id\":\"demo\",\"username\":\"auth0|alice\",\"scope\":\"openid\"}";
const ASSOCIATE: &str = "POST /mfa/associate\nAuthorization: Bearer {token}\n\n\
    {\"authenticator_types\":[\"oob\"],\"oob_channels\":[\"sms\"],\"phone_number\":\"+14155558730\"}";
const ASSOCIATE_ANOTHER: &str = "POST /mfa/associate\nauthorization: bearer {access}\n\
    Content-Type: application/x-www-form-urlencoded; charset=utf-8\n\n\
    authenticator_types=oob&oob_channels=tel&phone_number=%2B447911123456&client_id=demo&client_secret=s3cret";
const CHALLENGE: &str = "POST /mfa/challenge\n\n{\"mfa_token\":\"{token}\",\"client_id\":\"demo\",\"challenge_type\":\"oob\"}";
const CHALLENGE_VOICE: &str = "POST /mfa/challenge\n\n{\"mfa_token\":\"{token}\",\"client_id\":\"demo\",\"oob_channel\":\"voice\"}";
const VERIFY: &str = "POST /oauth/token\n\n\
    grant_type=http%3A%2F%2Fauth0.com%2Foauth%2Fgrant-type%2Fmfa-oob&client_id=demo\
    &mfa_token={token}&oob_code={oob}&binding_code={code}";
const VERIFY_ANOTHER: &str = "POST /oauth/token\nAuthorization: Basic ZGVtbzpzM2NyZXQ=\n\n\
    grant_type=http%3A%2F%2Fauth0.com%2Foauth%2Fgrant-type%2Fmfa-oob\
    &mfa_token={access}&oob_code={oob}&binding_code={code}";
const WRONG: &str = "POST /oauth/token\nContent-Type: application/json\n\n\
    {\"grant_type\":\"http://auth0.com/oauth/grant-type/mfa-oob\",\"client_id\":\"demo\",\
    \"mfa_token\":\"{token}\",\"oob_code\":\"{oob}\",\"binding_code\":\"x\"}";
const RECOVER: &str = "POST /oauth/token\nContent-Type: application/json\n\n\
    {\"grant_type\":\"http://auth0.com/oauth/grant-type/mfa-recovery-code\",\"client_id\":\"demo\",\
    \"mfa_token\":\"{token}\",\"recovery_code\":\"{recovery}\"}";
const LIST: &str = "GET /mfa/authenticators?a=b\nAuthorization: Bearer {token}\n";
const REMOVE: &str = "DELETE /mfa/authenticators/{id}\nAuthorization: Bearer {access}\n";

/// Requests and the answers to their steps, in the format of the target `exchange`.
pub fn exchanges() {
    let enroll = [LOGIN, ASSOCIATE, VERIFY];
    let login = [LOGIN, CHALLENGE, VERIFY];
    for (name, answers, requests) in [
        ("404-not-found", "0", vec!["POST /mfa/associate/\n"]),
        ("404-head", "0", vec!["HEAD /nowhere\n"]),
        ("405-method", "0", vec!["PUT /oauth/token?a=b\n"]),
        (
            "204-options",
            "0",
            vec!["OPTIONS *\n", "OPTIONS /mfa/authenticators/x\n"],
        ),
        ("403-login", "0", vec![LOGIN]),
        ("200-enrolled", "0", enroll.to_vec()),
        (
            "200-head",
            "0",
            vec![
                LOGIN,
                "HEAD /mfa/authenticators\nAuthorization: Bearer {token}\n",
            ],
        ),
        ("200-login", "0", [enroll, login].concat()),
        (
            "200-voice",
            "0",
            [&enroll[..], &[LOGIN, CHALLENGE_VOICE]].concat(),
        ),
        (
            "403-wrong",
            "0",
            [&enroll[..], &[LOGIN, CHALLENGE, WRONG]].concat(),
        ),
        ("401-replayed", "0", [&enroll[..], &[VERIFY]].concat()),
        (
            "200-recovered",
            "0",
            [&enroll[..], &[LOGIN, RECOVER]].concat(),
        ),
        (
            "200-another",
            "0",
            [&enroll[..], &[ASSOCIATE_ANOTHER, VERIFY_ANOTHER]].concat(),
        ),
        (
            "204-removed",
            "0",
            [&enroll[..], &[LOGIN, LIST, REMOVE]].concat(),
        ),
        (
            "401-unknown",
            "0",
            vec!["GET /mfa/authenticators\nAuthorization: Bearer x\n"],
        ),
        (
            "401-client",
            "?",
            vec!["POST /oauth/token\nAuthorization: Basic ZGVtbzpzM2NyZXQ=\n\ngrant_type=x"],
        ),
        (
            "400-unsupported",
            "=",
            vec!["POST /oauth/token\n\ngrant_type=x&client_id=demo"],
        ),
        (
            "400-repeated",
            "0",
            vec!["GET /mfa/authenticators\nAuthorization: a\nauthorization: a\n"],
        ),
        (
            "413-too-large",
            "0",
            vec!["POST /oauth/token\n\n{pad}{pad}"],
        ),
        (
            "415-encoded",
            "0",
            vec!["POST /oauth/token\nContent-Encoding: gzip\n\n"],
        ),
        (
            "415-type",
            "0",
            vec!["POST /mfa/challenge\nContent-Type: text/plain\n\n"],
        ),
        ("503-conflicts", ";", vec![LOGIN, ASSOCIATE]),
        ("503-lost", "00000=", vec![LOGIN, ASSOCIATE]),
        ("500-mixed-up", "00<", vec![LOGIN]),
        ("418-not-admitted", "0000?", vec![LOGIN, ASSOCIATE]),
        ("502-failed", "000000>", vec![LOGIN, ASSOCIATE]),
        ("500-no-tokens", "0000000000>", enroll.to_vec()),
        (
            "429-spent",
            "0",
            [LOGIN].into_iter().chain([ASSOCIATE; 11]).collect(),
        ),
        ("401-expired", "000P", vec![LOGIN, LOGIN, LIST, ASSOCIATE]),
    ] {
        let data = format!("{answers}\n{}", requests.join("\n--\n"));
        write("exchange", name, data.as_bytes());
    }
}
