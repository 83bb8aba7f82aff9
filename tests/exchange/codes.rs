//! Wrong codes and empty budgets.

use std::time::Duration;

use oob_mfa::{Channel, DeniedKind, Policy, RateLimit, RecoveryCodes};
use oob_mfa_testing::{ALICES, HOUR, MALLORYS, MILLISECOND, MINUTE, SECOND};

use super::denials::refused;
use super::http::{Got, error};
use super::server::{Server, associate, challenge, recover, verify};

#[test]
fn an_empty_send_budget_gets_429_until_the_second_that_it_names() {
    let limit = RateLimit::new(2, HOUR).unwrap();
    let mut server = Server::of(Policy::auth0().with_sends(limit));
    server.enroll();
    server.wait(Duration::from_millis(1_500));
    let asked = server.challenged();
    let text = "Too many SMS sent by the user. Wait for some minutes before retrying.";
    let spent = |seconds: u32| {
        error(429, "too_many_attempts", text).with(&format!("Retry-After: {seconds}"))
    };
    // The first of the 2 was charged 1,500 ms ago.
    refused(&mut server, &challenge(&asked.token), &spent(3_599));
    let mfa = server.access_token("mfa");
    refused(&mut server, &associate(&mfa, MALLORYS), &spent(3_599));
    server.wait(3_598 * SECOND + Duration::from_millis(499));
    let token = server.login();
    refused(&mut server, &challenge(&token), &spent(1));
    server.wait(MILLISECOND);
    assert_eq!(server.respond(&challenge(&token)).status, 200);
}

#[test]
fn wrong_codes_get_403_and_then_429_for_the_right_one_too() {
    let limit = RateLimit::new(2, 6 * MINUTE).unwrap();
    let policy = Policy::auth0().with_binding_failures(limit).unwrap();
    let policy = policy.with_recovery_failures(limit).unwrap();
    let mut server = Server::of(policy);
    let recovery_code = server.enroll();
    let asked = server.challenged();
    let wrong = verify(&asked).with("binding_code", "x");
    let lost = recover(&asked.token, "x");
    for (wrong, right, text) in [
        (wrong, verify(&asked), "Invalid binding_code."),
        (
            lost,
            recover(&asked.token, &recovery_code),
            "MFA Authorization rejected.",
        ),
    ] {
        for _ in 0..2 {
            let reply = server.reply(&wrong);
            assert_eq!(Got::from(&reply), error(403, "invalid_grant", text));
            assert_eq!(
                reply.denied().map(|denied| denied.kind()),
                Some(DeniedKind::Rejected)
            );
            assert_eq!(server.steps, ["client", "load", "replace"]);
        }
        let text = "Too many failed codes. Wait for some minutes before retrying.";
        let spent = error(429, "too_many_attempts", text).with("Retry-After: 360");
        refused(&mut server, &wrong, &spent);
        refused(&mut server, &right, &spent);
    }
}

#[test]
fn an_oob_code_of_another_session_is_refused() {
    let mut server = Server::new();
    server.enroll();
    let [first, mut second] = [server.challenged(), server.challenged()];
    second.oob_code.clone_from(&first.oob_code);
    let text = "The oob_code doesn't match the mfa_token";
    refused(
        &mut server,
        &verify(&second),
        &error(400, "invalid_request", text),
    );
    let unknown = error(403, "invalid_grant", "Malformed oob_code");
    for oob_code in ["x", "AAECAwQFBgcICQoLDA0ODw"] {
        refused(
            &mut server,
            &verify(&first).with("oob_code", oob_code),
            &unknown,
        );
    }
    server.wait(5 * MINUTE);
    refused(
        &mut server,
        &verify(&first),
        &error(403, "expired_token", "oob_code is expired"),
    );
    let token = server.login();
    let text = "User does not have a recovery-code.";
    server.engine = super::server::engine(Policy::auth0().with_recovery_codes(RecoveryCodes::Off));
    refused(
        &mut server,
        &recover(&token, "x"),
        &error(403, "unsupported_challenge_type", text),
    );
}

#[test]
fn a_first_factor_confirms_no_enrollment_while_a_phone_guards_the_account() {
    let mut server = Server::new();
    let asked = server.associated(MALLORYS);
    server.import(ALICES, Channel::Sms);
    let enrolled = error(403, "access_denied", "User is already enrolled.");
    refused(&mut server, &verify(&asked), &enrolled);
}

#[test]
fn more_logins_than_the_record_remembers_get_429() {
    let limit = RateLimit::new(100, HOUR).unwrap();
    let mut server = Server::of(Policy::auth0().with_sends(limit));
    server.enroll();
    for _ in 0..15 {
        server.wait(SECOND);
        let asked = server.challenged();
        assert_eq!(server.respond(&verify(&asked)).status, 200);
    }
    let asked = server.challenged();
    let text = "Too many logins completed by the user. Wait for some minutes before retrying.";
    let full = error(429, "too_many_attempts", text).with("Retry-After: 585");
    refused(&mut server, &verify(&asked), &full);
}
