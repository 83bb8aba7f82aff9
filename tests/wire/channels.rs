//! Channels and other lists: a parameter that narrows a choice is respected.

use super::*;

const BOTH: Channels = Channels::SmsAndVoice;

/// The request of a body with this list of channels, under a policy with these enabled.
fn associate(channels: &str, enabled: Channels) -> Result<Channel, BadRequest> {
    let body = format!(r#"{{"authenticator_types":["oob"],{channels},"phone_number":"{ALICES}"}}"#);
    json(&body)
        .associate(enabled)
        .map(|request| request.channel)
}

fn no_common(enabled: Channels) -> Result<Channel, BadRequest> {
    Err(BadRequest::NoCommonChannel { enabled })
}

#[test]
fn the_first_channel_of_the_client_that_is_enabled_is_used() {
    use Channel::{Sms, Voice};
    for (channels, enabled, expected) in [
        (r#""oob_channels":["sms","voice"]"#, Channels::Voice, Voice),
        (r#""oob_channels":["sms","voice"]"#, Channels::Sms, Sms),
        (r#""oob_channels":["sms","voice"]"#, BOTH, Sms),
        (r#""oob_channels":["voice","sms"]"#, BOTH, Voice),
        (r#""oob_channels":["voice","sms"]"#, Channels::Sms, Sms),
        (r#""oob_channels":["auth0","sms"]"#, BOTH, Sms),
        (r#""oob_channels":["email","voice"]"#, BOTH, Voice),
        (
            r#""oob_channels":["email","voice"]"#,
            Channels::Voice,
            Voice,
        ),
        (r#""oob_channels":["auth0","email","","sms"]"#, BOTH, Sms),
        (r#""oob_channels":["tel","sms"]"#, BOTH, Voice),
        (r#""oob_channels":["sms","sms"]"#, BOTH, Sms),
        (r#""oob_channels":"voice""#, BOTH, Voice),
    ] {
        assert_eq!(associate(channels, enabled), Ok(expected), "{channels}");
    }
}

#[test]
fn a_list_without_an_enabled_channel_is_refused_with_those_that_are() {
    for (channels, enabled, text) in [
        (r#""oob_channels":["sms"]"#, Channels::Voice, "voice"),
        (r#""oob_channels":["voice","tel"]"#, Channels::Sms, "sms"),
        (r#""oob_channels":["auth0"]"#, BOTH, "sms, voice"),
        (r#""oob_channels":["email"]"#, BOTH, "sms, voice"),
        (r#""oob_channels":["email","auth0"]"#, BOTH, "sms, voice"),
        (r#""oob_channels":["SMS"]"#, BOTH, "sms, voice"),
        (r#""oob_channels":["sms voice"]"#, BOTH, "sms, voice"),
        (r#""oob_channels":[""]"#, BOTH, "sms, voice"),
        (r#""oob_channels":"email""#, BOTH, "sms, voice"),
        (r#""oob_channel":"auth0""#, BOTH, "sms, voice"),
    ] {
        let refused = associate(channels, enabled);
        assert_eq!(refused, no_common(enabled), "{channels}");
        let answer = ErrorAnswer::from(refused.unwrap_err());
        assert_eq!((answer.status(), answer.error()), (400, "invalid_request"));
        let text = format!("None of the oob_channels is enabled. Enabled channels: {text}.");
        assert_eq!(answer.error_description(), text);
    }
}

#[test]
fn the_parameter_name_of_the_challenge_is_accepted_for_a_missing_list() {
    // As a published client sends it.
    let published =
        format!(r#"{{"authenticator_types":"oob","oob_channel":"sms","phone_number":"{ALICES}"}}"#);
    let expected = Associate {
        channel: Channel::Sms,
        phone: ALICES.parse().unwrap(),
    };
    assert_eq!(json(&published).associate(BOTH), Ok(expected));
    let by_form = format!(
        "authenticator_types=oob&oob_channel=voice&phone_number=%2B{}",
        &ALICES[1..]
    );
    let by_voice = Associate {
        channel: Channel::Voice,
        ..expected
    };
    assert_eq!(form(&by_form).associate(BOTH), Ok(by_voice));
    for (channels, expected) in [
        // An empty one counts as missing, and an existing one takes precedence.
        (
            r#""oob_channels":"","oob_channel":"voice""#,
            Ok(Channel::Voice),
        ),
        (
            r#""oob_channels":[],"oob_channel":"voice""#,
            Ok(Channel::Voice),
        ),
        (
            r#""oob_channels":null,"oob_channel":"voice""#,
            Ok(Channel::Voice),
        ),
        (
            r#""oob_channels":["sms"],"oob_channel":"voice""#,
            Ok(Channel::Sms),
        ),
        (
            r#""oob_channels":["auth0"],"oob_channel":"sms""#,
            no_common(BOTH),
        ),
        (r#""oob_channel":["email","sms"]"#, Ok(Channel::Sms)),
        (
            r#""oob_channel":"""#,
            Err(BadRequest::Missing("oob_channels")),
        ),
        (
            r#""oob_channel":[]"#,
            Err(BadRequest::Missing("oob_channels")),
        ),
        (
            r#""oob_channels":null"#,
            Err(BadRequest::Missing("oob_channels")),
        ),
        (
            r#""oob_channels":7,"oob_channel":"sms""#,
            Err(BadRequest::NotAList("oob_channels")),
        ),
        (
            r#""oob_channel":{}"#,
            Err(BadRequest::NotAList("oob_channel")),
        ),
        (
            r#""oob_channel":"sms","oob_channel":"sms""#,
            Err(BadRequest::Repeated("oob_channel")),
        ),
    ] {
        assert_eq!(associate(channels, BOTH), expected, "{channels}");
    }
}

#[test]
fn the_right_name_of_the_types_precedes_the_misspelt_one() {
    let typed = |types: &str| {
        let body = format!(r#"{{{types},"oob_channels":"sms","phone_number":"{ALICES}"}}"#);
        json(&body).associate(BOTH).map(drop)
    };
    for types in [
        r#""authenticator_types":"oob""#,
        r#""authentication_types":"oob""#,
        r#""authenticator_types":["otp","oob"]"#,
        r#""authenticator_types":["oob"],"authentication_types":["otp"]"#,
        r#""authenticator_types":"","authentication_types":["oob"]"#,
    ] {
        assert_eq!(typed(types), Ok(()), "{types}");
    }
    let unsupported = Err(BadRequest::UnsupportedAuthenticatorType);
    for types in [
        r#""authenticator_types":["otp"]"#,
        r#""authenticator_types":["otp"],"authentication_types":["oob"]"#,
        r#""authenticator_types":"OOB""#,
        r#""authenticator_types":"otp oob""#,
    ] {
        assert_eq!(typed(types), unsupported, "{types}");
    }
    let missing = Err(BadRequest::Missing("authenticator_types"));
    assert_eq!(typed(r#""authentication_types":[]"#), missing);
}

fn challenge(body: &str) -> Result<Challenge, BadRequest> {
    let read = json(body).challenge();
    // A form gives the same error for a value that is not a list.
    if !body.contains('[') {
        let parameters: std::collections::BTreeMap<String, String> =
            serde_json::from_str(body).unwrap();
        let by_form = serde_urlencoded::to_string(parameters).unwrap();
        assert_eq!(form(&by_form).challenge(), read, "{by_form}");
    }
    read
}

#[test]
fn a_challenge_narrows_to_the_channel_that_it_names() {
    let narrowed = |channel| Challenge {
        authenticator: None,
        channel: Some(channel),
    };
    for (body, expected) in [
        (r#"{"oob_channel":"voice"}"#, narrowed(Channel::Voice)),
        (r#"{"oob_channel":"tel"}"#, narrowed(Channel::Voice)),
        (r#"{"oob_channel":"sms"}"#, narrowed(Channel::Sms)),
        (r#"{"oob_channel":""}"#, Challenge::default()),
        (
            r#"{"challenge_type":"oob","oob_channel":"sms"}"#,
            narrowed(Channel::Sms),
        ),
    ] {
        assert_eq!(challenge(body), Ok(expected), "{body}");
    }
    let id = "sms|dev_NU1Ofuw3Cw0XCt5x";
    let both = Challenge {
        authenticator: Some(id.parse().unwrap()),
        channel: Some(Channel::Voice),
    };
    // The engine, which knows the enabled channels, reports the contradiction.
    let body = format!(r#"{{"authenticator_id":"{id}","oob_channel":"voice"}}"#);
    assert_eq!(challenge(&body), Ok(both));
}

#[test]
fn a_challenge_by_an_unknown_channel_is_refused() {
    // Auth0's push is `auth0`.
    for name in ["auth0", "email", "SMS", " sms", "sms voice", "whatsapp"] {
        let refused = challenge(&format!(r#"{{"oob_channel":"{name}"}}"#));
        assert_eq!(refused, Err(BadRequest::UnknownChannel), "{name:?}");
    }
    let answer = ErrorAnswer::from(BadRequest::UnknownChannel);
    assert_eq!((answer.status(), answer.error()), (400, "invalid_request"));
    let list = json(r#"{"oob_channel":["sms"]}"#).challenge();
    assert_eq!(list, Err(BadRequest::NotAString("oob_channel")));
}

#[test]
fn a_challenge_type_is_a_list_a_text_or_a_text_of_several() {
    for types in [
        r#"["oob"]"#,
        r#"["otp","oob"]"#,
        r#"["OOB"]"#,
        r#"["otp oob"]"#,
        r#""oob""#,
        r#""otp oob""#,
        r#""  Oob\t""#,
        r#""""#,
        "[]",
        "null",
    ] {
        let body = format!(r#"{{"challenge_type":{types}}}"#);
        assert_eq!(json(&body).challenge(), Ok(Challenge::default()), "{types}");
    }
    for (types, requested) in [
        (r#"["otp"]"#, "otp"),
        (r#""otp""#, "otp"),
        (r#"["otp","recovery-code"]"#, "otp recovery-code"),
        (r#""otp  recovery-code""#, "otp  recovery-code"),
        (r#"[""]"#, ""),
        (r#"" ""#, " "),
        (r#"["oob,otp"]"#, "oob,otp"),
    ] {
        let body = format!(r#"{{"challenge_type":{types}}}"#);
        let requested = requested.into();
        let refused = Err(BadRequest::UnsupportedChallengeType { requested });
        assert_eq!(json(&body).challenge(), refused, "{types}");
    }
    // The error repeats at most 64 characters of it.
    let long = format!(r#"{{"challenge_type":["{}","é"]}}"#, "é".repeat(63));
    let requested = format!("{} ", "é".repeat(63));
    let refused = Err(BadRequest::UnsupportedChallengeType { requested });
    assert_eq!(json(&long).challenge(), refused);
    for types in ["7", "{}", "true", r#"["oob",7]"#] {
        let body = format!(r#"{{"challenge_type":{types}}}"#);
        let refused = Err(BadRequest::NotAList("challenge_type"));
        assert_eq!(json(&body).challenge(), refused, "{types}");
    }
}
