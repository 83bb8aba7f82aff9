//! Tokens: their lifetime, and the code when minting fails.

use std::time::Duration;

use oob_mfa::exchange::Mint;
use oob_mfa::wire::{ErrorAnswer, TokenAnswer};
use oob_mfa::{Assurance, Purpose};
use oob_mfa_testing::{MALLORYS, MILLISECOND};

use super::http::{Got, INVALID_TOKEN, error, json, server_error};
use super::server::{Asked, Server, associate, recover, until, verify};

fn tokens(seconds: u64) -> Got {
    let body = format!(
        "{{\"id_token\":\"who\",\"access_token\":\"what\",\"expires_in\":{seconds},\
         \"scope\":\"openid\",\"token_type\":\"Bearer\"}}"
    );
    json(200, body)
}

fn answer() -> TokenAnswer {
    TokenAnswer::new("what", 600, "openid").with_id_token("who")
}

/// An enrollment by an access token with this remaining lifetime at the confirmation.
fn confirming(left: Duration) -> (Server, Asked) {
    let mut server = Server::new();
    server.enroll();
    let token = server.vouch("mfa", |claims| {
        claims.expires_at = claims.issued_at + left + MILLISECOND
    });
    let got = server.respond(&associate(&token, MALLORYS));
    let asked = server.asked(token, &got, MALLORYS);
    server.wait(MILLISECOND);
    (server, asked)
}

#[test]
fn tokens_of_an_mfa_session_end_with_it() {
    for (left, seconds) in [
        (5_999, 5),
        (1_000, 1),
        (1_999, 1),
        (599_999, 599),
        (600_000, 600),
        (600_999, 600),
        (3_599_999, 600),
    ] {
        let (mut server, asked) = confirming(Duration::from_millis(left));
        let exchange = server.begin(&verify(&asked));
        let mint = until!(server, exchange, Mint);
        let verified = mint.verified();
        assert_eq!(
            (verified.assurance(), verified.purpose()),
            (Assurance::Mfa, Purpose::Enrollment)
        );
        let end = server.now() + Duration::from_millis(left);
        assert_eq!(verified.not_after(), Some(end));
        assert_eq!(
            Got::from(&server.finish(mint.minted(answer()))),
            tokens(seconds),
            "{left}"
        );
    }
    // A shorter lifetime does not change.
    let (mut server, asked) = confirming(Duration::from_secs(60));
    let exchange = server.begin(&verify(&asked));
    let short = TokenAnswer::new("what", 7, "openid").with_id_token("who");
    let exchange = until!(server, exchange, Mint).minted(short);
    assert_eq!(Got::from(&server.finish(exchange)), tokens(7));
}

#[test]
fn an_mfa_session_with_less_than_a_second_left_confirms_and_gets_no_tokens() {
    for left in [999, 1] {
        let (mut server, asked) = confirming(Duration::from_millis(left));
        let reply = server.reply(&verify(&asked));
        assert_eq!(
            Got::from(&reply),
            error(401, "invalid_grant", INVALID_TOKEN)
        );
        assert_eq!(server.steps, ["client", "token", "load", "replace"]);
        let account = server.account();
        let phones = server.engine.phones(&account, server.now());
        let mut numbers: Vec<_> = phones.map(|phone| phone.phone.to_e164()).collect();
        numbers.retain(|number| number.as_str() == MALLORYS);
        assert_eq!(numbers.len(), 1);
    }
    let (mut server, asked) = confirming(Duration::ZERO);
    let got = server.respond(&verify(&asked));
    assert_eq!(got, error(401, "expired_token", "mfa_token is expired"));
    assert_eq!(server.steps, ["client", "token"]);
}

fn mint_of_a_login(server: &mut Server, asked: &Asked) -> Mint {
    let exchange = server.begin(&verify(asked));
    until!(server, exchange, Mint)
}

#[test]
fn tokens_of_a_login_have_the_lifetime_of_the_server() {
    let mut server = Server::new();
    server.enroll();
    let asked = server.challenged();
    server.wait(Duration::from_secs(299));
    let mint = mint_of_a_login(&mut server, &asked);
    assert_eq!(mint.verified().not_after(), None);
    let long = TokenAnswer::new("what", u64::MAX, "openid").with_id_token("who");
    assert_eq!(
        Got::from(&server.finish(mint.minted(long))),
        tokens(u64::MAX)
    );
}

#[test]
fn a_recovery_login_shows_the_new_recovery_code_that_the_server_did_not_add() {
    let mut server = Server::new();
    let recovery_code = server.enroll();
    let token = server.login();
    let exchange = server.begin(&recover(&token, &recovery_code));
    let mint = until!(server, exchange, Mint);
    let new = mint
        .verified()
        .recovery_code()
        .unwrap()
        .expose_secret()
        .to_owned();
    assert_ne!(new, recovery_code);
    let got = Got::from(&server.finish(mint.minted(answer())));
    let body = format!(
        "{},\"recovery_code\":\"{new}\"}}",
        tokens(600).body.trim_end_matches('}')
    );
    assert_eq!(got, json(200, body));
    // The old one does not work, and the new one does.
    let token = server.login();
    let got = server.respond(&recover(&token, &recovery_code));
    assert_eq!(
        got,
        error(403, "invalid_grant", "MFA Authorization rejected.")
    );
    let exchange = server.begin(&recover(&token, &new));
    // The server may add the recovery code itself.
    let mint = until!(server, exchange, Mint);
    let newest = mint
        .verified()
        .recovery_code()
        .unwrap()
        .expose_secret()
        .to_owned();
    let with = answer().with_recovery_code(mint.verified().recovery_code());
    let got = Got::from(&server.finish(mint.minted(with)));
    assert_eq!(got.text("recovery_code"), newest);
    assert_eq!(got.body.matches("recovery_code").count(), 1);
}

#[test]
fn a_code_whose_tokens_failed_is_used_up() {
    let end = |mint: Mint, own: Option<ErrorAnswer>| match own {
        Some(own) => mint.fail(own),
        None => mint.failed(),
    };
    let text = "Short and stout.";
    for (own, expected) in [
        (None, server_error()),
        (
            Some(ErrorAnswer::new(418, "teapot", text)),
            error(418, "teapot", text),
        ),
    ] {
        let mut server = Server::new();
        server.enroll();
        let asked = server.challenged();
        let exchange = end(mint_of_a_login(&mut server, &asked), own);
        assert_eq!(Got::from(&server.finish(exchange)), expected);
        let got = server.respond(&verify(&asked));
        assert_eq!(got, error(401, "invalid_grant", INVALID_TOKEN));
    }
}
