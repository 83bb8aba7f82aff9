//! Bodies: encodings, byte order marks, and values of white space.

use super::*;

#[test]
fn an_encoded_body_is_refused() {
    for encoding in [
        "gzip",
        "br",
        "GZIP",
        "x-gzip",
        "deflate",
        "compress",
        "zstd",
        "identity, gzip",
        "gzip, identity",
        " gzip ",
        ",gzip",
        "identity;q=1",
        "none",
        "*",
    ] {
        let refused = check_encoding(Some(encoding));
        assert_eq!(refused, Err(BadRequest::UnsupportedEncoding), "{encoding}");
    }
    for encoding in [
        None,
        Some(""),
        Some(" "),
        Some("identity"),
        Some("Identity"),
        Some(" identity "),
        Some("identity, identity"),
        Some("identity,"),
    ] {
        assert_eq!(check_encoding(encoding), Ok(()), "{encoding:?}");
    }
    let answer = ErrorAnswer::from(BadRequest::UnsupportedEncoding);
    assert_eq!((answer.status(), answer.error()), (415, "invalid_request"));
    let headers: Vec<_> = answer.headers().skip(2).collect();
    assert_eq!(headers, [("Accept-Encoding", "identity".into())]);
    // This 415 is not about the encoding.
    let answer = ErrorAnswer::from(BadRequest::UnsupportedContentType);
    assert_eq!((answer.status(), answer.headers().count()), (415, 2));
}

#[test]
fn a_byte_order_mark_hides_no_parameter() {
    let mark = "\u{feff}";
    let body = format!(r#"{mark}{{"mfa_token":"a"}}"#);
    assert!(serde_json::from_slice::<Body>(body.as_bytes()).is_err());
    let read: Body = serde_json::from_slice(without_bom(body.as_bytes())).unwrap();
    assert_eq!(read.required("mfa_token"), Ok("a"));

    let body = format!("{mark}mfa_token=a&client_id=b");
    let hidden: Body = serde_urlencoded::from_bytes(body.as_bytes()).unwrap();
    let missing = Err(BadRequest::Missing("mfa_token"));
    assert_eq!(hidden.required("mfa_token"), missing);
    let read: Body = serde_urlencoded::from_bytes(without_bom(body.as_bytes())).unwrap();
    assert_eq!(read.required("mfa_token"), Ok("a"));
    assert_eq!(read.required("client_id"), Ok("b"));
}

#[test]
fn only_a_whole_mark_at_the_start_is_dropped_and_only_one() {
    for (body, expected) in [
        (&b"\xef\xbb\xbfa"[..], &b"a"[..]),
        (b"\xef\xbb\xbf", b""),
        (b"\xef\xbb\xbf\xef\xbb\xbfa", b"\xef\xbb\xbfa"),
        (b"a\xef\xbb\xbf", b"a\xef\xbb\xbf"),
        (b" \xef\xbb\xbfa", b" \xef\xbb\xbfa"),
        (b"\xef\xbb", b"\xef\xbb"),
        // The marks of UTF-16 and UTF-32, which the API does not accept.
        (b"\xff\xfea", b"\xff\xfea"),
        (b"\xfe\xffa", b"\xfe\xffa"),
        (b"", b""),
        (b"a", b"a"),
    ] {
        assert_eq!(without_bom(body), expected, "{body:?}");
    }
}

const OOB: &str = "http://auth0.com/oauth/grant-type/mfa-oob";
const RECOVERY: &str = "http://auth0.com/oauth/grant-type/mfa-recovery-code";

#[test]
fn white_space_is_a_code_and_only_an_empty_parameter_is_missing() {
    for white in [" ", "   ", "\\t", "\u{a0}", "\u{3000}", "\u{200b}", "-"] {
        let body = format!(r#"{{"grant_type":"{OOB}","oob_code":"x","binding_code":"{white}"}}"#);
        let Ok(Grant::MfaOob(request)) = json(&body).grant() else {
            panic!("{white:?} is missing")
        };
        assert_eq!(request.binding_code.expose_secret(), "", "{white:?}");
        let body = format!(r#"{{"grant_type":"{RECOVERY}","recovery_code":"{white}"}}"#);
        let Ok(Grant::MfaRecoveryCode(code)) = json(&body).grant() else {
            panic!("{white:?} is missing")
        };
        assert_eq!(code.expose_secret(), "", "{white:?}");
    }
    for (grant_type, name) in [(OOB, "binding_code"), (RECOVERY, "recovery_code")] {
        for empty in [r#""""#, "null"] {
            let body =
                format!(r#"{{"grant_type":"{grant_type}","oob_code":"x","{name}":{empty}}}"#);
            let refused = json(&body).grant().unwrap_err();
            assert_eq!(refused, BadRequest::Missing(name));
        }
        let body = format!("grant_type={grant_type}&oob_code=x&{name}=");
        assert_eq!(form(&body).grant().unwrap_err(), BadRequest::Missing(name));
    }
}

#[test]
fn a_code_in_a_form_has_its_separators_as_the_form_encodes_them() {
    for typed in [
        "123456",
        "123+456",
        "%20123456",
        "123456%0D%0A",
        "123-456",
        "%C2%A0123456",
        "%EF%BC%91%EF%BC%92%EF%BC%93%EF%BC%94%EF%BC%95%EF%BC%96",
        "123456%E2%80%8B",
    ] {
        let body = form(&format!("grant_type={OOB}&oob_code=x&binding_code={typed}"));
        let Ok(Grant::MfaOob(request)) = body.grant() else {
            panic!("{typed}")
        };
        assert_eq!(request.binding_code.expose_secret(), "123456", "{typed}");
    }
}

#[test]
fn the_error_for_a_zero_after_a_country_code_names_the_country_code() {
    for (number, code) in [
        ("+4407911123456", "44"),
        ("+49015112345678", "49"),
        ("+6104312345678", "61"),
        ("+8109012345678", "81"),
        ("+330612345678", "33"),
    ] {
        let body = |number: &str| {
            let oob = r#""authenticator_types":["oob"],"oob_channels":["sms"]"#;
            json(&format!(r#"{{{oob},"phone_number":"{number}"}}"#))
                .associate(Channels::SmsAndVoice)
        };
        let answer = ErrorAnswer::from(body(number).unwrap_err());
        assert_eq!((answer.status(), answer.error()), (400, "invalid_request"));
        assert_eq!(
            answer.error_description(),
            format!("The phone number is invalid. Drop the 0 after +{code}.")
        );
        // Following the text's advice works.
        let dropped = number.replacen(&format!("+{code}0"), &format!("+{code}"), 1);
        assert_eq!(body(&dropped).unwrap().phone.to_e164(), dropped);
    }
    let malformed = ErrorAnswer::from(BadRequest::InvalidPhoneNumber(InvalidPhoneNumber::NotE164));
    assert_eq!(
        malformed.error_description(),
        "The phone number is invalid."
    );
}
