//! The server's own grants, and the requirements of an account after a first factor.

use oob_mfa::exchange::{Exchange, Passed};
use oob_mfa::{Assurance, Policy, RecoveryCodes};
use oob_mfa_testing::MALLORYS;
use serde_json::json;

use super::http::{Got, Http, error, json as ok};
use super::server::{Server, alice, engine, password, until};

const TOO_LONG: &str = "is too long: at most 255 bytes for client_id, 1024 for scope and audience";

fn mfa_required(got: &Got, requirements: &str) {
    let token = got.text("mfa_token");
    let body = format!(
        "{{\"error\":\"mfa_required\",\
         \"error_description\":\"Multifactor authentication required\",\
         \"mfa_token\":\"{token}\",\"mfa_requirements\":{requirements}}}"
    );
    assert_eq!(*got, ok(403, body));
}

const ENROLL: &str = r#"{"enroll":[{"type":"phone"}]}"#;
const PHONE: &str = r#"{"challenge":[{"type":"phone"}]}"#;
const BOTH: &str = r#"{"challenge":[{"type":"phone"},{"type":"recovery-code"}]}"#;

#[test]
fn a_first_factor_gets_a_token_and_the_requirements_of_the_account() {
    let mut server = Server::new();
    mfa_required(&server.respond(&password("auth0|alice")), ENROLL);
    assert_eq!(server.steps, ["client", "grant", "load"]);
    server.associated(MALLORYS);
    mfa_required(&server.respond(&password("auth0|alice")), ENROLL);
    server.enroll();
    mfa_required(&server.respond(&password("auth0|alice")), BOTH);
    let off = Policy::auth0().with_recovery_codes(RecoveryCodes::Off);
    let on = std::mem::replace(&mut server.engine, engine(off));
    mfa_required(&server.respond(&password("auth0|alice")), PHONE);
    server.engine = on;
    mfa_required(&server.respond(&password("auth0|alice")), BOTH);
    mfa_required(&server.respond(&password("auth0|bob")), ENROLL);
}

#[test]
fn the_token_of_a_first_factor_is_of_its_user_client_scope_and_audience() {
    let mut server = Server::new();
    let request = password("auth0|alice")
        .with("client_id", "web")
        .with("client_secret", "s3cret");
    let reply = server.reply(&request);
    assert_eq!((reply.subject(), reply.denied()), (Some(&alice()), None));
    let token = Got::from(&reply).text("mfa_token");
    let session = server
        .engine
        .open_token(&token, Some("web"), server.now())
        .unwrap();
    assert_eq!(
        (
            session.subject(),
            session.client(),
            session.scope(),
            session.audience()
        ),
        (&alice(), "web", "openid profile", "https://api.example/")
    );
    assert_eq!(session.assurance(), Assurance::FirstFactor);
    assert_eq!(session.issued_at(), server.now());
    assert_eq!(server.accounts.len(), 0);
}

#[test]
fn the_grant_shows_its_type_its_client_and_its_parameters() {
    let mut server = Server::new();
    let request = password("auth0|alice")
        .with("grant_type", "urn:x")
        .with("extra", "y");
    let exchange = server.begin(&request);
    let step = until!(server, exchange, Grant);
    assert_eq!((step.grant_type(), step.client()), ("urn:x", "my-app"));
    assert_eq!(step.body().optional("extra"), Ok(Some("y")));
    assert_eq!(Got::from(&server.finish(step.unsupported())), unsupported());
}

fn unsupported() -> Got {
    error(
        400,
        "unsupported_grant_type",
        "The grant_type is not supported. Check its spelling.",
    )
}

#[test]
fn a_grant_is_granted_refused_or_unsupported() {
    let mut server = Server::new();
    let of = |grant_type: &str| password("auth0|alice").with("grant_type", grant_type);
    assert_eq!(server.respond(&of("refresh_token")), unsupported());
    assert_eq!(server.steps, ["client", "grant"]);
    let tokens =
        r#"{"access_token":"for a machine","expires_in":60,"scope":"read","token_type":"Bearer"}"#;
    let reply = server.reply(&of("client_credentials"));
    assert_eq!(Got::from(&reply), ok(200, tokens));
    assert_eq!(reply.subject(), None);
    let wrong = password("auth0|alice").with("password", "x");
    assert_eq!(
        server.respond(&wrong),
        error(403, "invalid_grant", "Wrong email or password.")
    );
    let none = Http::post("/oauth/token").json(&json!({ "client_id": "my-app" }));
    let text = "Missing required parameter: grant_type";
    assert_eq!(server.respond(&none), error(400, "invalid_request", text));
}

#[test]
fn a_scope_or_audience_too_long_for_a_token_is_refused_by_name() {
    let mut server = Server::new();
    let longest = "s".repeat(1_024);
    let long = "s".repeat(1_025);
    for (scope, audience, parameter) in [
        (&*longest, &*longest, None),
        (&*long, "", Some("scope")),
        ("", &*long, Some("audience")),
    ] {
        let exchange = server.begin(&password("auth0|alice"));
        let step = until!(server, exchange, Grant);
        let subject = alice();
        let exchange = step.first_factor(Passed {
            subject,
            scope: scope.to_owned(),
            audience: audience.to_owned(),
        });
        assert!(matches!(exchange, Exchange::Load(_)));
        let got = Got::from(&server.finish(exchange));
        match parameter {
            None => mfa_required(&got, ENROLL),
            Some(parameter) => {
                let text = format!("{parameter} {TOO_LONG}");
                assert_eq!(got, error(400, "invalid_request", &text));
            }
        }
    }
    let long = "c".repeat(256);
    let exchange = server.begin(&password("auth0|alice").with("client_id", long));
    let exchange = until!(server, exchange, Client).authenticated();
    let got = Got::from(&server.finish(exchange));
    let text = format!("client_id {TOO_LONG}");
    assert_eq!(got, error(400, "invalid_request", &text));
}
