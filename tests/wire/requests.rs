//! Bodies and headers of requests, as clients send them.

use serde::de::{IntoDeserializer, Visitor, value};
use serde::{Deserialize, Deserializer};

use super::*;

/// The guide's body for `/mfa/associate`, which omits most of the number.
const ASSOCIATE: &str =
    r#"{ "authenticator_types": ["oob"], "oob_channels": ["sms"], "phone_number": "+11...9" }"#;
/// The guide's bodies for `/oauth/token`, from its snippets.
const CONFIRM: &str = "grant_type=http%3A%2F%2Fauth0.com%2Foauth%2Fgrant-type%2Fmfa-oob&client_id={yourClientId}&client_secret=%7ByourClientSecret%7D&mfa_token=%7BmfaToken%7D&oob_code=%7BoobCode%7D&binding_code=%7BuserOtpCode%7D";
const ANSWER: &str = "grant_type=http%3A%2F%2Fauth0.com%2Foauth%2Fgrant-type%2Fmfa-oob&client_id={yourClientId}&client_secret=%7ByourClientSecret%7D&mfa_token=%7BmfaToken%7D&oob_code=%7BoobCode%7D&binding_code=USER_OTP_CODE";
/// The guide's body for `/mfa/challenge`.
const CHALLENGE: &str = r#"{ "client_id": "{yourClientId}",  "client_secret": "{yourClientSecret}", "challenge_type": "oob", "authenticator_id": "sms|dev_NU1Ofuw3Cw0XCt5x", "mfa_token": "{mfaToken}" }"#;

#[test]
fn the_guides_association_is_read() {
    assert_eq!(
        json(ASSOCIATE).associate(Channels::SmsAndVoice),
        Err(BadRequest::InvalidPhoneNumber(InvalidPhoneNumber::NotE164))
    );
    let whole = ASSOCIATE.replace("+11...9", ALICES);
    let expected = Associate {
        channel: Channel::Sms,
        phone: ALICES.parse().unwrap(),
    };
    assert_eq!(json(&whole).associate(Channels::SmsAndVoice), Ok(expected));
    // The name that the guide's table has for it, the bare strings and the `tel` of old clients.
    let misspelt = whole.replace("authenticator_types", "authentication_types");
    assert_eq!(
        json(&misspelt).associate(Channels::SmsAndVoice),
        Ok(expected)
    );
    let old = format!(
        r#"{{"authenticator_types":"oob","oob_channels":"tel","phone_number":"{ALICES}"}}"#
    );
    let by_voice = Associate {
        channel: Channel::Voice,
        ..expected
    };
    assert_eq!(json(&old).associate(Channels::SmsAndVoice), Ok(by_voice));
    let credentials = whole.replace("{ ", r#"{ "client_id": "a", "client_secret": "b", "#);
    assert_eq!(
        json(&credentials).associate(Channels::SmsAndVoice),
        Ok(expected)
    );
}

#[test]
fn the_guides_grants_are_read() {
    for (body, code) in [(CONFIRM, "{userOtpCode}"), (ANSWER, "USER_OTP_CODE")] {
        let body = form(body);
        assert!(matches!(body.grant(), Ok(Grant::MfaOob(_))));
        assert_eq!(body.required("binding_code"), Ok(code));
        assert_eq!(body.required("oob_code"), Ok("{oobCode}"));
        assert_eq!(body.mfa_token(Some("Bearer other")), Ok("{mfaToken}"));
        let client = body.client(Some("Bearer {mfaToken}")).unwrap();
        assert_eq!(client.client_id(), "{yourClientId}");
        assert!(client.matches(Some("{yourClientSecret}")));
        assert!(!client.matches(Some("{yourClientSecret")) && !client.matches(None));
    }
    let code = "grant_type=http%3A%2F%2Fauth0.com%2Foauth%2Fgrant-type%2Fmfa-recovery-code&recovery_code=N3BGPZZWJ85JLCNPZBDW6QXC";
    let Ok(Grant::MfaRecoveryCode(code)) = form(code).grant() else {
        panic!("{code}")
    };
    assert_eq!(code.expose_secret(), "N3BGPZZWJ85JLCNPZBDW6QXC");
    assert!(
        matches!(form("grant_type=password").grant(), Ok(Grant::Other(name)) if name == "password")
    );
}

#[test]
fn the_guides_challenge_is_read() {
    let body = json(CHALLENGE);
    let id = "sms|dev_NU1Ofuw3Cw0XCt5x".parse().unwrap();
    assert_eq!(
        body.challenge(),
        Ok(Challenge {
            authenticator: Some(id),
            channel: None
        })
    );
    assert_eq!(body.mfa_token(None), Ok("{mfaToken}"));
    let form = form("challenge_type=otp+OOB&mfa_token=t&client_id=a");
    assert_eq!(form.challenge(), Ok(Challenge::default()));
    assert_eq!(json("{}").challenge(), Ok(Challenge::default()));
}

#[test]
fn a_token_is_taken_from_the_body_before_the_header() {
    let body = json(r#"{"mfa_token":"a"}"#);
    assert_eq!(body.mfa_token(Some("bearer b")), Ok("a"));
    assert_eq!(json("{}").mfa_token(Some("bearer  b ")), Ok("b"));
    assert_eq!(json("{}").mfa_token(Some(" \tBearer b")), Ok("b"));
    let missing = Err(BadRequest::Missing("mfa_token"));
    assert_eq!(json("{}").mfa_token(None), missing);
    assert_eq!(json("{}").mfa_token(Some("Basic b")), missing);
    for header in [
        None,
        Some(""),
        Some("Bearer"),
        Some("Bearer  "),
        Some("Basic b"),
        Some("b"),
    ] {
        assert_eq!(bearer(header), Err(Denied::TokenMalformed), "{header:?}");
    }
}

#[test]
fn a_client_authenticates_in_one_way() {
    // `demo:demo-secret`, and `a b:c%d` with both parts form-encoded.
    let basic = Some("Basic ZGVtbzpkZW1vLXNlY3JldA==");
    let client = json("{}").client(basic).unwrap();
    assert!(client.client_id() == "demo" && client.matches(Some("demo-secret")));
    let encoded = json("{}").client(Some("basic YStiOmMlMjVk")).unwrap();
    assert!(encoded.client_id() == "a b" && encoded.matches(Some("c%d")));
    // `demo:%zz%4g%+%2`, which encodes nothing but the space.
    let plain = json("{}").client(Some("Basic ZGVtbzolenolNGclKyUy"));
    assert!(plain.unwrap().matches(Some("%zz%4g% %2")));
    assert!(json(r#"{"client_id":"demo"}"#).client(basic).is_ok());
    let several = |body: &str| json(body).client(basic).map(drop);
    assert_eq!(
        several(r#"{"client_id":"other"}"#),
        Err(BadRequest::SeveralCredentials)
    );
    assert_eq!(
        several(r#"{"client_secret":"x"}"#),
        Err(BadRequest::SeveralCredentials)
    );
    let invalid = |header| json("{}").client(Some(header)).map(drop);
    for header in [
        "Basic",
        "Basic !",
        "Basic ZGVtbw==",
        "Basic OnNlY3JldA==",
        // Bytes that are not UTF-8; the same, encoded, as id and as secret.
        "Basic //86YQ==",
        "Basic JUZGOmE=",
        "Basic ZGVtbzolRkY=",
        "Digest x",
    ] {
        assert_eq!(invalid(header), Err(BadRequest::InvalidClient), "{header}");
    }
    assert_eq!(invalid("Bearer x"), Err(BadRequest::Missing("client_id")));
    assert_eq!(invalid(" Bearer "), Err(BadRequest::Missing("client_id")));
    // `demo:`, from a public client.
    let public = json("{}").client(Some("Basic ZGVtbzo=")).unwrap();
    assert!(public.client_id() == "demo" && public.matches(None));
    assert!(!public.matches(Some("")));
    let public = json(r#"{"client_id":"demo-public"}"#).client(None).unwrap();
    assert!(public.matches(None) && !public.matches(Some("")));
}

#[test]
fn the_error_of_a_parameter_names_it() {
    for (body, expected) in [
        ("{}", "Missing required parameter: grant_type"),
        (
            r#"{"grant_type":""}"#,
            "Missing required parameter: grant_type",
        ),
        (
            r#"{"grant_type":null}"#,
            "Missing required parameter: grant_type",
        ),
        (r#"{"grant_type":7}"#, "grant_type must be a string"),
        (r#"{"grant_type":-7}"#, "grant_type must be a string"),
        (r#"{"grant_type":7.5}"#, "grant_type must be a string"),
        (r#"{"grant_type":true}"#, "grant_type must be a string"),
        (r#"{"grant_type":["a"]}"#, "grant_type must be a string"),
        (
            r#"{"grant_type":{"a":[{}]}}"#,
            "grant_type must be a string",
        ),
        (
            r#"{"grant_type":"a","grant_type":"a"}"#,
            "grant_type must occur only once",
        ),
    ] {
        assert_eq!(
            json(body).grant().unwrap_err().to_string(),
            expected,
            "{body}"
        );
    }
    let oob = "http://auth0.com/oauth/grant-type/mfa-oob";
    let numeric = format!(r#"{{"grant_type":"{oob}","oob_code":"x","binding_code":123456}}"#);
    assert_eq!(
        json(&numeric).grant().unwrap_err(),
        BadRequest::NotAString("binding_code")
    );
    let twice = format!("grant_type={oob}&oob_code=x&binding_code=1&binding_code=2");
    assert_eq!(
        form(&twice).grant().unwrap_err(),
        BadRequest::Repeated("binding_code")
    );
    for (body, expected) in [
        ("{}", BadRequest::Missing("authenticator_types")),
        (
            r#"{"authenticator_types":[]}"#,
            BadRequest::Missing("authenticator_types"),
        ),
        (
            r#"{"authenticator_types":[1]}"#,
            BadRequest::NotAList("authenticator_types"),
        ),
        (
            r#"{"authenticator_types":["oob"]}"#,
            BadRequest::Missing("oob_channels"),
        ),
        (
            r#"{"authenticator_types":["oob"],"oob_channels":["sms"]}"#,
            BadRequest::Missing("phone_number"),
        ),
    ] {
        assert_eq!(
            json(body).associate(Channels::SmsAndVoice),
            Err(expected),
            "{body}"
        );
    }
    // Each required parameter is named, whatever is in its place.
    let recovery = "http://auth0.com/oauth/grant-type/mfa-recovery-code";
    let client = |body: &str| json(body).client(None).map(drop);
    for name in ["client_id", "client_secret"] {
        let number = format!(r#"{{"{name}":7}}"#);
        assert_eq!(client(&number), Err(BadRequest::NotAString(name)));
    }
    for name in ["authenticator_id", "oob_channel"] {
        let number = json(&format!(r#"{{"{name}":7}}"#));
        assert_eq!(number.challenge(), Err(BadRequest::NotAString(name)));
    }
    let twice = json(r#"{"mfa_token":"a","mfa_token":"a"}"#);
    let repeated = Err(BadRequest::Repeated("mfa_token"));
    assert_eq!(twice.mfa_token(Some("Bearer b")), repeated);
    for (grant_type, name) in [(oob, "oob_code"), (recovery, "recovery_code")] {
        let lacking = form(&format!("grant_type={grant_type}&binding_code=1")).grant();
        assert_eq!(lacking.unwrap_err(), BadRequest::Missing(name));
    }
    for body in [
        "",
        "[]",
        "1",
        "\"a\"",
        "{",
        "{\"a\":}",
        "{\"a\":[\"b\",}",
        "{\"a\":{\"b\":}}",
        "[\"a\"]",
        "{\"a\":\"\u{1}\"}",
    ] {
        assert!(serde_json::from_str::<Body>(body).is_err(), "{body}");
    }
}

/// A value for null of a format that distinguishes an option from a unit.
struct Absent;

impl<'de> Deserializer<'de> for Absent {
    type Error = value::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Self::Error> {
        visitor.visit_none()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit
        unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl IntoDeserializer<'_, value::Error> for Absent {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[test]
fn a_parameter_that_is_absent_in_any_format_is_missing() {
    let body = value::MapDeserializer::new([("mfa_token", Absent)].into_iter());
    let body = Body::deserialize(body).unwrap();
    assert_eq!(body.optional("mfa_token"), Ok(None));
    let missing = Err(BadRequest::Missing("mfa_token"));
    assert_eq!(body.required("mfa_token"), missing);
    assert_eq!(body.mfa_token(Some("Bearer a")), Ok("a"));
}

#[test]
fn bytes_that_are_not_a_body_are_refused_and_the_error_names_the_form() {
    let refused = |body: &str| {
        serde_json::from_str::<Body>(body)
            .err()
            .unwrap()
            .to_string()
    };
    for (body, found) in [("[]", "sequence"), ("7", "integer `7`"), ("null", "null")] {
        let expected = format!("invalid type: {found}, expected an object at line 1 ");
        assert!(refused(body).starts_with(&expected), "{}", refused(body));
    }
    let many: Vec<String> = (0..65).map(|number| format!("\"{number}\":1")).collect();
    let most = format!("{{{}}}", many[1..].join(","));
    assert!(serde_json::from_str::<Body>(&most).is_ok());
    let many = refused(&format!("{{{}}}", many.join(",")));
    assert!(
        many.starts_with("too many parameters: at most 64 at line 1 "),
        "{many}"
    );
    // No format of the API has such a value, but other formats of serde may.
    let bytes = value::MapDeserializer::<_, value::Error>::new([("a", &b"b"[..])].into_iter());
    let refused = Body::deserialize(bytes).err().unwrap().to_string();
    assert_eq!(refused, "invalid type: byte array, expected a parameter");
}

#[test]
fn debug_of_a_request_shows_names_and_no_secret() {
    let secret = json(r#"{"binding_code":"123456","list":["a"],"x":null}"#);
    assert_eq!(format!("{secret:?}"), r#"{"binding_code", "list", "x"}"#);
    let client = json(r#"{"client_id":"demo","client_secret":"demo-secret"}"#);
    let client = client.client(None).unwrap();
    let shown = r#"ClientCredentials { client_id: "demo", .. }"#;
    assert_eq!(format!("{client:?}"), shown);
    let oob = "http://auth0.com/oauth/grant-type/mfa-oob";
    let grant = form(&format!("grant_type={oob}&oob_code=x&binding_code=123456")).grant();
    let shown =
        "MfaOob(VerifyOob { oob_code: OobCode(redacted), binding_code: BindingCode(redacted) })";
    assert_eq!(format!("{:?}", grant.unwrap()), shown);
}

#[test]
fn an_id_in_a_path_is_raw_or_encoded_and_other_texts_match_no_authenticator() {
    let id: AuthenticatorId = "sms|dev_NU1Ofuw3Cw0XCt5x".parse().unwrap();
    for text in [
        "sms|dev_NU1Ofuw3Cw0XCt5x",
        "sms%7Cdev_NU1Ofuw3Cw0XCt5x",
        "sms%7cdev%5FNU1Ofuw3Cw0XCt5x",
    ] {
        assert_eq!(authenticator_id(text), id, "{text}");
    }
    let none = authenticator_id("");
    for text in [
        "x",
        "%FF",
        "%",
        "sms|dev_",
        "sms%257Cdev_NU1Ofuw3Cw0XCt5x",
        "otp|dev_NU1Ofuw3Cw0XCt5x",
    ] {
        assert_eq!(authenticator_id(text), none, "{text}");
    }
    assert!(none.to_string().parse::<AuthenticatorId>().is_err());
}
