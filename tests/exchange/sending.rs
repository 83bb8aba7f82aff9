//! The steps `Admit` and `Send`.

use oob_mfa::exchange::Exchange;
use oob_mfa::wire::ErrorAnswer;
use oob_mfa::{Channel, Limit};
use oob_mfa_testing::{ALICES, SECOND};

use super::http::{Got, error};
use super::server::{Server, alice, associate, challenge, until};

#[test]
fn a_target_that_is_not_admitted_is_not_charged() {
    let mut server = Server::new();
    let token = server.login();
    let got = server.respond(&associate(&token, "+4915112345678"));
    assert_eq!(
        got,
        error(403, "access_denied", "No messages to this country.")
    );
    assert_eq!(server.steps, ["load", "admit"]);
    assert_eq!(
        (server.accounts.len(), server.outbox.messages().len()),
        (0, 0)
    );

    server.enroll();
    let before = server.accounts.clone();
    let token = server.login();
    for (answer, expected) in [
        (
            ErrorAnswer::new(429, "too_many_attempts", "Not now.").with_retry_after(9 * SECOND),
            error(429, "too_many_attempts", "Not now.").with("Retry-After: 9"),
        ),
        (
            ErrorAnswer::temporarily_unavailable(SECOND),
            super::http::unavailable(),
        ),
    ] {
        let exchange = server.begin(&challenge(&token));
        let exchange = until!(server, exchange, Admit).fail(answer);
        assert_eq!(Got::from(&server.finish(exchange)), expected);
    }
    assert_eq!(server.accounts, before);
    assert_eq!(
        (server.left(Limit::Sends), server.outbox.messages().len()),
        (9, 1)
    );
}

#[test]
fn the_target_is_where_the_message_goes() {
    let mut server = Server::new();
    server.enroll();
    let token = server.login();
    for (request, channel) in [
        (challenge(&token), Channel::Sms),
        (
            challenge(&token).with("oob_channel", "voice"),
            Channel::Voice,
        ),
        (challenge(&token).with("oob_channel", "sms"), Channel::Sms),
    ] {
        let exchange = server.begin(&request);
        let admit = until!(server, exchange, Admit);
        let target = admit.target();
        assert_eq!(
            (target.phone.to_e164().as_str(), target.channel),
            (ALICES, channel)
        );
        assert_eq!(admit.subject(), &alice());
        let send = until!(server, admit.admitted(), Send);
        assert_eq!(send.subject(), &alice());
        assert_eq!(
            (send.delivery().to, send.delivery().channel),
            (target.phone, channel)
        );
        assert_eq!(send.delivery().keys.is_some(), channel == Channel::Voice);
    }
}

#[test]
fn a_message_that_failed_gets_502_and_one_that_may_arrive_200_and_both_are_charged() {
    let mut server = Server::new();
    server.enroll();
    let token = server.login();
    assert_eq!(server.left(Limit::Sends), 9);
    let send = |server: &mut Server| {
        let exchange = server.begin(&challenge(&token));
        until!(server, exchange, Send)
    };
    let failed = send(&mut server).failed();
    assert_eq!(
        Got::from(&server.finish(failed)),
        error(502, "bad_gateway", "Error sending SMS.")
    );
    assert_eq!(server.left(Limit::Sends), 8);
    let step = send(&mut server);
    let code = step.delivery().code.expose_secret().to_owned();
    let got = Got::from(&server.finish(step.unknown()));
    assert_eq!((got.status, server.left(Limit::Sends)), (200, 7));
    // The message arrived.
    let asked = super::server::Asked {
        oob_code: got.text("oob_code"),
        token: token.clone(),
        code,
    };
    let own = send(&mut server).fail(ErrorAnswer::new(403, "access_denied", "No."));
    assert_eq!(
        Got::from(&server.finish(own)),
        error(403, "access_denied", "No.")
    );
    assert_eq!(server.left(Limit::Sends), 6);
    // The latest code of a session is the live one.
    let got = server.respond(&super::server::verify(&asked));
    assert_eq!(got, error(403, "invalid_grant", "Malformed oob_code"));
}

#[test]
fn the_account_that_is_saved_is_the_one_that_is_charged() {
    let mut server = Server::new();
    let token = server.login();
    let exchange = server.begin(&associate(&token, ALICES));
    let replace = until!(server, exchange, Replace);
    let next = replace.next();
    assert_eq!(
        (next.account().replaces(), next.account().revision()),
        (None, 1)
    );
    let left = server
        .engine
        .remaining(next.account(), Limit::Sends, server.now());
    assert_eq!((left, server.left(Limit::Sends)), (9, 10));
    let names: Vec<_> = next.events().iter().map(oob_mfa::Event::name).collect();
    assert_eq!(names, ["code_issued"]);
    let exchange = replace.stored();
    assert!(matches!(exchange, Exchange::Send(_)), "{exchange:?}");
}
