//! Requests: any header, any body, any path.

use oob_mfa::wire::{
    BadRequest, Body, ErrorAnswer, Grant, authenticator_id, bearer, check_encoding, without_bom,
};
use oob_mfa::{AuthenticatorId, Channel, Channels, Denied};

use crate::typed;

/// The channels of a policy.
const CHANNELS: [Channels; 3] = [Channels::SmsAndVoice, Channels::Sms, Channels::Voice];

/// Every parameter that a method asks for.
const NAMES: [&str; 14] = [
    "authenticator_types",
    "authentication_types",
    "oob_channels",
    "oob_channel",
    "phone_number",
    "mfa_token",
    "client_id",
    "client_secret",
    "challenge_type",
    "authenticator_id",
    "grant_type",
    "oob_code",
    "binding_code",
    "recovery_code",
];

/// Reads a request: the first line is its `Authorization` header and the segment of its path, the
/// rest its body, in JSON and in a form.
pub fn body(data: &[u8]) {
    let (line, rest) = match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&data[..end], &data[end + 1..]),
        None => (data, &[][..]),
    };
    let header = core::str::from_utf8(line).ok();
    header_alone(header);
    let marked = ["\u{feff}".as_bytes(), rest].concat();
    assert_eq!(without_bom(&marked), rest);
    let rest = without_bom(rest);
    if let Ok(body) = serde_json::from_slice::<Body>(rest) {
        every_method(&body, header);
    }
    if let Ok(body) = serde_urlencoded::from_bytes::<Body>(rest) {
        every_method(&body, header);
        form_and_json_agree(rest, &body, header);
    }
}

fn header_alone(header: Option<&str>) {
    match bearer(header) {
        Ok(token) => {
            assert!(!token.is_empty());
            assert_eq!(token, token.trim());
        }
        Err(denied) => assert_eq!(denied, Denied::TokenMalformed),
    }
    check_id(authenticator_id(header.unwrap_or_default()));
    match check_encoding(header) {
        Ok(()) => {
            let encodings = header.unwrap_or_default().to_ascii_lowercase();
            let rest = encodings.replace("identity", "").replace(',', "");
            assert_eq!(rest.trim(), "", "{header:?}");
        }
        Err(bad) => assert_eq!(bad, BadRequest::UnsupportedEncoding),
    }
}

fn check_id(id: AuthenticatorId) {
    let text = id.to_string();
    // Text that is not an id prints as such, and stays so.
    assert!(text.parse() == Ok(id) || text.parse::<AuthenticatorId>().is_err());
    assert_eq!(authenticator_id(&text), id);
    let encoded: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
    assert_eq!(authenticator_id(&encoded), id);
}

fn every_method(body: &Body, header: Option<&str>) {
    for name in NAMES {
        match (body.optional(name), body.required(name)) {
            (Ok(None), Err(bad)) => assert_eq!(bad, BadRequest::Missing(name)),
            (Ok(Some(optional)), Ok(required)) => {
                assert!(!optional.is_empty());
                assert_eq!(optional, required);
            }
            (Err(optional), Err(required)) => {
                assert_eq!(optional, required);
                answerable(optional);
            }
            (optional, required) => panic!("{name}: {optional:?}, {required:?}"),
        }
    }
    let [any, by_sms, by_voice] = CHANNELS.map(|enabled| match body.associate(enabled) {
        Ok(request) => {
            assert_eq!(
                Ok(request.phone.to_e164().as_str()),
                body.required("phone_number")
            );
            assert!(enabled.contains(request.channel));
            Some(request.channel)
        }
        Err(bad) => {
            answerable(bad);
            None
        }
    });
    assert_eq!(any.is_some(), by_sms.is_some() || by_voice.is_some());
    assert!(any.is_none() || any == by_sms || any == by_voice);
    match body.challenge() {
        Ok(request) => {
            let id = body
                .optional("authenticator_id")
                .expect("a request that was read");
            assert_eq!(request.authenticator.is_some(), id.is_some());
            if let (Some(authenticator), Some(id)) = (request.authenticator, id) {
                check_id(authenticator);
                // Text that is not an id becomes an authenticator that nobody has.
                let is_id = id.parse::<AuthenticatorId>().is_ok();
                assert_eq!(authenticator.to_string() == id, is_id);
            }
            let channel = match body.optional("oob_channel") {
                Ok(None) => None,
                Ok(Some("sms")) => Some(Channel::Sms),
                Ok(Some("voice" | "tel")) => Some(Channel::Voice),
                other => panic!("{other:?}"),
            };
            assert_eq!(request.channel, channel);
        }
        Err(bad) => answerable(bad),
    }
    match body.grant() {
        Ok(Grant::MfaOob(request)) => {
            assert!(body.required("oob_code").is_ok());
            let text = body.required("binding_code").expect("a code");
            // A typed code is the code.
            if let Some(code) = typed::binding_code(text) {
                assert_eq!(request.binding_code.expose_secret(), code);
            }
        }
        Ok(Grant::MfaRecoveryCode(presented)) => {
            let text = body.required("recovery_code").expect("a code");
            let code = typed::recovery_code(text).unwrap_or_default();
            assert_eq!(presented.expose_secret(), code);
        }
        Ok(Grant::Other(grant_type)) => {
            assert_eq!(Ok(grant_type.as_str()), body.required("grant_type"));
        }
        Ok(grant) => panic!("{grant:?}"),
        Err(bad) => answerable(bad),
    }
    for header in [header, None] {
        match body.mfa_token(header) {
            Ok(token) => assert!(!token.is_empty()),
            Err(bad) => answerable(bad),
        }
        match body.client(header) {
            Ok(client) => {
                assert!(!client.client_id().is_empty());
                // Without a header and a secret in the body, it is a public client. Otherwise at
                // most one secret matches, and never the empty one.
                assert!(!client.matches(Some("")));
            }
            Err(bad) => answerable(bad),
        }
    }
}

/// The response is one of the API, in JSON, and none of its headers can be split.
fn answerable(bad: BadRequest) {
    let answer = ErrorAnswer::from(bad);
    assert!(matches!(answer.status(), 400 | 401), "{}", answer.status());
    assert!(!answer.error_description().is_empty());
    let json = serde_json::to_value(&answer).expect("an answer has a JSON form");
    assert_eq!(json["error"], answer.error());
    assert_eq!(json["error_description"], answer.error_description());
    for (name, value) in answer.headers() {
        assert!(
            value.bytes().all(|byte| matches!(byte, b' '..=b'~')),
            "{name}: {value}"
        );
    }
}

/// A form and the same pairs in JSON are read the same.
fn form_and_json_agree(form: &[u8], body: &Body, header: Option<&str>) {
    let pairs = serde_urlencoded::from_bytes::<Vec<(String, String)>>(form);
    let pairs = pairs
        .expect("a form that was read once")
        .into_iter()
        .map(|(name, value)| {
            let [name, value] = [name, value].map(serde_json::Value::from);
            format!("{name}:{value}")
        });
    let json = format!("{{{}}}", pairs.collect::<Vec<_>>().join(","));
    let twin: Body = serde_json::from_str(&json).expect("as many parameters as the form");
    for name in NAMES {
        assert_eq!(body.optional(name), twin.optional(name));
    }
    for enabled in CHANNELS {
        assert_eq!(body.associate(enabled), twin.associate(enabled));
    }
    assert_eq!(body.challenge(), twin.challenge());
    assert_eq!(body.mfa_token(header), twin.mfa_token(header));
    assert_eq!(format!("{:?}", body.grant()), format!("{:?}", twin.grant()));
    assert_eq!(
        format!("{:?}", body.client(header)),
        format!("{:?}", twin.client(header))
    );
}
