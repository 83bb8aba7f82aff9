//! The input and output of a transport: content types, and any answer as status, headers and body.

use oob_mfa::wire::*;
use oob_mfa::{Associate, Challenge, Channel, Denied, Requirements};
use oob_mfa_testing::{ALICES, HOUR, SECOND, World};

/// Everything that goes over the wire.
fn http(answer: &Answer) -> (u16, Vec<String>, Option<String>) {
    let headers = answer.headers();
    (
        answer.status(),
        headers
            .map(|(name, value)| format!("{name}: {value}"))
            .collect(),
        answer
            .body()
            .map(|body| serde_json::to_string(body).unwrap()),
    )
}

const JSON: [&str; 3] = [
    "Content-Type: application/json",
    "Cache-Control: no-store",
    "Pragma: no-cache",
];

/// An answer with a body, and only the headers of every answer.
fn json(status: u16, body: &impl serde::Serialize) -> (u16, Vec<String>, Option<String>) {
    let body = serde_json::to_string(body).unwrap();
    (status, JSON.map(str::to_owned).to_vec(), Some(body))
}

#[test]
fn a_body_is_read_by_its_content_type_and_by_the_endpoint_where_there_is_none() {
    use Format::{Form, Json};
    for (content_type, format) in [
        ("application/json", Json),
        ("Application/JSON;charset=utf-8", Json),
        (" application/json ; charset=utf-8", Json),
        ("application/x-www-form-urlencoded", Form),
        ("APPLICATION/x-www-form-urlencoded; charset=UTF-8", Form),
    ] {
        for default in [Json, Form] {
            assert_eq!(Format::of(Some(content_type), default), Ok(format));
        }
    }
    for other in [
        "",
        "text/plain",
        "application/jsonp",
        "application/json, text/plain",
        "application/problem+json",
        ";application/json",
    ] {
        let unsupported = Err(BadRequest::UnsupportedContentType);
        assert_eq!(Format::of(Some(other), Json), unsupported, "{other}");
    }
    assert_eq!(Format::of(None, Json), Ok(Json));
    assert_eq!(Format::of(None, Form), Ok(Form));
}

#[test]
fn each_fault_of_a_body_has_its_status() {
    for (bad, status, description) in [
        (
            BadRequest::UnsupportedContentType,
            415,
            "The content type must be application/json or application/x-www-form-urlencoded.",
        ),
        (
            BadRequest::BodyTooLarge,
            413,
            "The request body is too large. At most 16384 bytes are accepted.",
        ),
        (BadRequest::MalformedBody, 400, "Malformed request body"),
    ] {
        let answer = ErrorAnswer::from(bad.clone());
        assert_eq!(
            (
                answer.status(),
                answer.error(),
                answer.error_description(),
                answer.headers().count()
            ),
            (status, "invalid_request", description, 2)
        );
        assert_eq!(http(&bad.into()), json(status, &answer));
    }
    assert_eq!(MAX_BODY, 16_384);
}

#[test]
fn every_answer_is_its_status_its_headers_and_its_body() {
    let mut world = World::new();
    let session = world.first_factor();
    let token = world.engine.issue_token(&session);
    let required = || MfaRequiredAnswer::new(&token, Requirements::Enroll);
    assert_eq!(http(&required().into()), json(403, &required()));

    let request = Associate {
        channel: Channel::Sms,
        phone: ALICES.parse().unwrap(),
    };
    let associated = world.engine.associate(
        world.account(),
        &session,
        &request,
        world.now(),
        &mut world.rng,
    );
    let associated = world.commit(associated).unwrap();
    assert_eq!(
        http(&Answer::from(&associated)),
        json(200, &AssociateAnswer::from(&associated))
    );

    let mut world = World::new();
    let (id, _) = world.enroll(ALICES);
    let session = world.first_factor();
    let challenged = world.engine.challenge(
        world.account(),
        &session,
        &Challenge::default(),
        world.now(),
        &mut world.rng,
    );
    let challenged = world.commit(challenged).unwrap();
    assert_eq!(
        http(&Answer::from(&challenged)),
        json(200, &ChallengeAnswer::from(&challenged))
    );

    let list = || {
        let account = world.account();
        let entries = world.engine.authenticators(&account, &session, world.now());
        entries.unwrap().collect::<AuthenticatorsAnswer>()
    };
    assert_eq!(http(&list().into()), json(200, &list()));
    let tokens = || TokenAnswer::new("a", 600, "openid");
    assert_eq!(http(&tokens().into()), json(200, &tokens()));

    let full = world.second_factor();
    let removed = world.remove(&full, id).unwrap();
    let headers = JSON[1..].iter().map(|&header| header.to_owned()).collect();
    assert_eq!(http(&Answer::from(&removed)), (204, headers, None));
}

#[test]
fn an_errors_own_headers_come_after_those_of_every_answer() {
    let row = |answer: ErrorAnswer, header: &str| {
        let (status, mut headers, body) = json(answer.status(), &answer);
        headers.push(header.to_owned());
        assert_eq!(http(&answer.into()), (status, headers, body));
    };
    let now = time::UtcDateTime::UNIX_EPOCH;
    let spent = Denied::TooManySends {
        retry_at: now + HOUR,
    };
    row(ErrorAnswer::denied(&spent, now), "Retry-After: 3600");
    row(
        ErrorAnswer::denied(&Denied::TokenInvalid, now),
        "WWW-Authenticate: Bearer",
    );
    row(
        ErrorAnswer::temporarily_unavailable(SECOND),
        "Retry-After: 1",
    );
}
