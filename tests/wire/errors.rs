//! Errors: the table, row by row.

use time::UtcDateTime;

use super::*;

#[test]
fn the_servers_own_errors_are_their_rows_of_the_table() {
    let row = |answer: ErrorAnswer| {
        let headers: Vec<String> = answer
            .headers()
            .map(|(name, value)| format!("{name}: {value}"))
            .filter(|header| header != "Cache-Control: no-store" && header != "Pragma: no-cache")
            .collect();
        (
            answer.status(),
            answer.error(),
            answer.error_description().to_owned(),
            headers.join("; "),
        )
    };
    let expected = |status, error, description: &str, headers: &str| {
        (status, error, description.to_owned(), headers.to_owned())
    };
    assert_eq!(
        row(ErrorAnswer::send_failed()),
        expected(502, "bad_gateway", "Error sending SMS.", "")
    );
    assert_eq!(
        row(ErrorAnswer::server_error()),
        expected(
            500,
            "server_error",
            "The server failed to answer the request.",
            ""
        )
    );
    let unavailable = "The service is temporarily unavailable. Try again.";
    for (wait, seconds) in [
        (MILLISECOND, 1),
        (SECOND, 1),
        (SECOND + MILLISECOND, 2),
        (100 * YEAR, 3_153_600_000_u64),
    ] {
        assert_eq!(
            row(ErrorAnswer::temporarily_unavailable(wait)),
            expected(
                503,
                "temporarily_unavailable",
                unavailable,
                &format!("Retry-After: {seconds}")
            )
        );
    }
}

#[test]
fn every_bad_request_is_its_row_of_the_table() {
    let requested = "otp".to_owned();
    for (bad, status, error, description) in [
        (
            BadRequest::BodyTooLarge,
            413,
            "invalid_request",
            "The request body is too large. At most 16384 bytes are accepted.",
        ),
        (
            BadRequest::UnsupportedContentType,
            415,
            "invalid_request",
            "The content type must be application/json or application/x-www-form-urlencoded.",
        ),
        (
            BadRequest::UnsupportedEncoding,
            415,
            "invalid_request",
            "The content encoding must be identity.",
        ),
        (
            BadRequest::MalformedBody,
            400,
            "invalid_request",
            "Malformed request body: send a JSON object or a form, with at most 64 parameters",
        ),
        (
            BadRequest::Missing("oob_code"),
            400,
            "invalid_request",
            "Missing required parameter: oob_code",
        ),
        (
            BadRequest::NotAString("oob_code"),
            400,
            "invalid_request",
            "oob_code must be a string",
        ),
        (
            BadRequest::NotAList("oob_channels"),
            400,
            "invalid_request",
            "oob_channels must be an array of strings",
        ),
        (
            BadRequest::Repeated("oob_code"),
            400,
            "invalid_request",
            "oob_code must occur only once",
        ),
        (
            BadRequest::UnsupportedAuthenticatorType,
            400,
            "invalid_request",
            "The authenticator type is not supported. Supported type: oob.",
        ),
        (
            BadRequest::UnknownChannel,
            400,
            "invalid_request",
            "The oob_channel is not supported. Supported channels: sms, voice.",
        ),
        (
            BadRequest::NoCommonChannel {
                enabled: Channels::SmsAndVoice,
            },
            400,
            "invalid_request",
            "None of the oob_channels is enabled. Enabled channels: sms, voice.",
        ),
        (
            BadRequest::InvalidPhoneNumber(InvalidPhoneNumber::NotE164),
            400,
            "invalid_request",
            "The phone number is invalid.",
        ),
        (
            BadRequest::InvalidPhoneNumber(InvalidPhoneNumber::ZeroAfter { country_code: 44 }),
            400,
            "invalid_request",
            "The phone number is invalid. Drop the 0 after +44.",
        ),
        (
            BadRequest::UnsupportedChallengeType { requested },
            401,
            "unsupported_challenge_type",
            "The user does not support the requested challenge type (otp). Supported type: oob.",
        ),
        (
            BadRequest::UnsupportedGrantType,
            400,
            "unsupported_grant_type",
            "The grant_type is not supported. Check its spelling.",
        ),
        (
            BadRequest::SeveralCredentials,
            400,
            "invalid_request",
            "With HTTP Basic, the body must have no client_secret and no other client_id.",
        ),
        (
            BadRequest::InvalidClient,
            401,
            "invalid_client",
            "Client authentication failed",
        ),
    ] {
        assert_eq!(bad.to_string(), description);
        let answer = ErrorAnswer::from(bad);
        let found = (answer.status(), answer.error(), answer.error_description());
        assert_eq!(found, (status, error, description));
        assert_eq!(answer.retry_after(), None);
        let names: Vec<_> = answer.headers().map(|(name, _)| name).skip(2).collect();
        let expected: &[&str] = match description {
            "The content encoding must be identity." => &["Accept-Encoding"],
            _ if status == 401 => &["WWW-Authenticate"],
            _ => &[],
        };
        assert_eq!(names, expected, "{description}");
    }
}

#[test]
fn the_token_endpoint_challenges_only_a_client_that_fails_by_basic() {
    let now = UtcDateTime::UNIX_EPOCH;
    let (basic, bearer) = (Some("Basic ZGVtbzp3cm9uZw=="), Some("bearer x"));
    let digest = Some("Digest x");
    for (answer, elsewhere, after_basic) in [
        (
            ErrorAnswer::from(BadRequest::InvalidClient),
            "Bearer",
            Some("Basic realm=\"oauth\""),
        ),
        (
            ErrorAnswer::denied(&Denied::TokenExpired, now),
            "Bearer",
            None,
        ),
        (
            ErrorAnswer::denied(&Denied::InsufficientScope(Scope::Enroll), now),
            "Bearer error=\"insufficient_scope\", scope=\"enroll\"",
            None,
        ),
    ] {
        let challenge = |answer: &ErrorAnswer| {
            let mut headers = answer.headers();
            let found = headers.find(|(name, _)| *name == "WWW-Authenticate");
            found.map(|(_, value)| value.into_owned())
        };
        assert_eq!(challenge(&answer).as_deref(), Some(elsewhere));
        // A browser that gets an unexpected `Basic` opens a password dialog.
        for (authorization, expected) in [
            (None, None),
            (bearer, None),
            (digest, None),
            (Some(""), None),
            (basic, after_basic),
            (Some("basic"), after_basic),
        ] {
            let at_token_endpoint = answer.clone().at_token_endpoint(authorization);
            assert_eq!(challenge(&at_token_endpoint).as_deref(), expected);
            assert_eq!(text(&at_token_endpoint), text(&answer));
            assert_eq!(at_token_endpoint.status(), answer.status());
        }
    }
    // Nothing else changes.
    let refused = Denied::TooManyFailures {
        retry_at: now + HOUR,
    };
    let refused = ErrorAnswer::denied(&refused, now);
    assert_eq!(refused.clone().at_token_endpoint(None), refused);
}
