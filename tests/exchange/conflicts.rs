//! Conflicts: what can happen between a decision and its save.

use oob_mfa::exchange::{Exchange, Load};
use oob_mfa::wire::ErrorAnswer;
use oob_mfa::{Channel, Limit, MAX_TRIES, Policy, RateLimit};
use oob_mfa_testing::{ALICES, HOUR, MALLORYS, MINUTE, SECOND};

use super::http::{Got, Http, error, server_error, unavailable};
use super::server::{
    Server, alice, associate, challenge, list, name, password, recover, remove, until, verify,
};

fn done(exchange: Exchange) -> Got {
    match exchange {
        Exchange::Done(reply) => Got::from(&reply),
        other => panic!("{other:?}"),
    }
}

/// Every request that saves something, on a server that would grant it.
fn saving() -> Vec<(Server, Http)> {
    let mut requests = Vec::new();
    let mut with = |request: fn(&mut Server, String) -> Http| {
        let mut server = Server::new();
        let recovery_code = server.enroll();
        let request = request(&mut server, recovery_code);
        requests.push((server, request));
    };
    with(|server, _| associate(&server.access_token("mfa"), MALLORYS));
    with(|server, _| challenge(&server.login()));
    with(|server, _| verify(&server.challenged()));
    with(|server, _| verify(&server.challenged()).with("binding_code", "wrong"));
    with(|server, code| recover(&server.login(), &code));
    with(|server, _| {
        let id = format!("sms|{}", server.device());
        remove(&server.access_token("mfa"), &id)
    });
    requests
}

#[test]
fn the_sixteenth_conflict_gets_503_and_the_fifteenth_is_judged_again() {
    for (mut server, request) in saving() {
        for conflicts in [1, MAX_TRIES - 1, MAX_TRIES] {
            let (before, sent) = (server.accounts.clone(), server.outbox.messages().len());
            let mut exchange = server.begin(&request);
            for _ in 0..conflicts {
                exchange = until!(server, exchange, Replace).conflict();
            }
            if conflicts < MAX_TRIES {
                assert!(matches!(exchange, Exchange::Load(_)), "{exchange:?}");
                let replace = until!(server, exchange, Replace);
                drop(replace);
            } else {
                assert_eq!(done(exchange), unavailable());
            }
            assert_eq!(server.accounts, before);
            assert_eq!(server.outbox.messages().len(), sent);
        }
        let mut exchange = server.begin(&request);
        for _ in 1..MAX_TRIES {
            exchange = until!(server, exchange, Replace).conflict();
        }
        assert!(matches!(server.finish(exchange).status(), 200 | 204 | 403));
    }
}

#[test]
fn after_a_lost_answer_nothing_is_sent_or_granted() {
    for (mut server, request) in saving() {
        let sent = server.outbox.messages().len();
        let exchange = server.begin(&request);
        assert_eq!(
            done(until!(server, exchange, Replace).lost()),
            unavailable()
        );
        assert_eq!(server.outbox.messages().len(), sent);
    }
}

#[test]
fn a_store_that_is_out_of_reach_gets_503_and_a_broken_record_500() {
    let mut requests = saving();
    let mut server = Server::new();
    let token = server.login();
    requests.push((server, list(&token)));
    requests.push((Server::new(), password("auth0|alice")));
    for (mut server, request) in requests {
        let load = |server: &mut Server| -> Load {
            let exchange = server.begin(&request);
            until!(server, exchange, Load)
        };
        let step = load(&mut server);
        assert_eq!(step.subject(), &alice());
        assert_eq!(done(step.unavailable()), unavailable());
        assert_eq!(done(load(&mut server).broken()), server_error());
        let own = ErrorAnswer::new(418, "teapot", "Short and stout.");
        assert_eq!(
            done(load(&mut server).fail(own)),
            error(418, "teapot", "Short and stout.")
        );
    }
}

#[test]
fn every_step_that_reads_gets_503_if_what_it_reads_does_not_respond() {
    macro_rules! unavailable_at {
        ($step:ident, $request:expr) => {
            let mut server = Server::new();
            server.enroll();
            let request: fn(&mut Server) -> Http = $request;
            let request = request(&mut server);
            let exchange = server.begin(&request);
            let step = until!(server, exchange, $step);
            assert_eq!(done(step.unavailable()), unavailable());
        };
    }
    unavailable_at!(Client, |_| password("auth0|alice"));
    unavailable_at!(Grant, |_| password("auth0|alice"));
    unavailable_at!(Token, |server| list(&server.access_token("mfa")));
    unavailable_at!(Load, |server| list(&server.login()));
}

#[test]
fn each_try_judges_its_own_load_and_draws_new_bytes() {
    let mut server = Server::new();
    server.enroll();
    let asked = server.challenged();
    // The same right code twice at once: one is granted, the other gets a spent session.
    let [first, second] = [0, 1].map(|_| {
        let exchange = server.begin(&verify(&asked));
        until!(server, exchange, Replace)
    });
    let second = server.finish(Exchange::Replace(second));
    assert_eq!(second.status(), 200);
    server.steps.clear();
    let first = server.finish(Exchange::Replace(first));
    assert_eq!(
        (first.status(), server.steps.as_slice()),
        (401, ["replace", "load"].as_slice())
    );
    assert_eq!(
        first.denied().map(oob_mfa::Denied::name),
        Some("session_spent")
    );

    let token = server.login();
    let exchange = server.begin(&challenge(&token));
    let replace = until!(server, exchange, Replace);
    let before = replace.next().account().clone();
    let again = until!(server, replace.conflict(), Replace);
    assert_ne!(*again.next().account(), before);
    assert_eq!(again.next().account().replaces(), before.replaces());
}

#[test]
fn retry_after_counts_from_the_last_load() {
    let limit = RateLimit::new(1, HOUR).unwrap();
    let mut server = Server::of(Policy::auth0().with_sends(limit));
    let enrolled = server.associated(ALICES);
    assert_eq!(server.respond(&verify(&enrolled)).status, 200);
    server.wait(HOUR);
    let token = server.login();
    let exchange = server.begin(&challenge(&token));
    let first = until!(server, exchange, Replace);
    let other = server.login();
    assert_eq!(server.respond(&challenge(&other)).status, 200);
    server.wait(MINUTE + SECOND / 2);
    let got = done(server.answer(first.conflict()));
    assert_eq!(got.status, 429);
    assert_eq!(got.headers[3..], ["Retry-After: 3540"]);
    // The time of a first load that came later than the request.
    let exchange = server.begin(&challenge(&token));
    let load = until!(server, exchange, Load);
    server.wait(MINUTE);
    let got = done(server.answer(Exchange::Load(load)));
    assert_eq!(got.headers[3..], ["Retry-After: 3480"]);
}

#[test]
fn an_admitted_target_is_not_asked_about_again() {
    let mut server = Server::new();
    server.enroll();
    let token = server.login();
    let exchange = server.begin(&challenge(&token));
    let admit = until!(server, exchange, Admit);
    let target = admit.target();
    assert_eq!(
        (target.phone.to_e164().as_str(), target.channel),
        (ALICES, Channel::Sms)
    );
    let mut exchange = admit.admitted();
    for _ in 0..3 {
        let Exchange::Replace(replace) = exchange else {
            panic!("{exchange:?}");
        };
        assert_eq!(replace.next().target(), Some(target));
        exchange = server.answer(replace.conflict());
    }
    server.steps.clear();
    assert_eq!(server.finish(exchange).status(), 200);
    assert_eq!(server.steps, ["replace", "send"]);
}

#[test]
fn another_target_after_a_conflict_is_asked_about_and_so_is_the_first_one_after_it() {
    let mut server = Server::new();
    server.enroll();
    let token = server.login();
    let exchange = server.begin(&challenge(&token));
    let replace = until!(server, exchange, Replace);
    // Meanwhile another phone, on another channel, becomes the last one used.
    let one_phone = server.account();
    server.wait(SECOND);
    server.import(MALLORYS, Channel::Voice);
    let exchange = server.answer(replace.conflict());
    let Exchange::Admit(admit) = exchange else {
        panic!("{exchange:?}");
    };
    let target = admit.target();
    assert_eq!(
        (target.phone.to_e164().as_str(), target.channel),
        (MALLORYS, Channel::Voice)
    );
    let exchange = admit.admitted();
    let Exchange::Replace(replace) = exchange else {
        panic!("{exchange:?}");
    };
    // And back: a target that was admitted 2 tries ago is asked about again.
    server.accounts.insert(alice(), one_phone);
    let exchange = server.answer(replace.conflict());
    assert_eq!(name(&exchange), "admit");
    server.steps.clear();
    assert_eq!(server.finish(exchange).status(), 200);
    assert_eq!(server.steps, ["admit", "replace", "send"]);
    assert_eq!(
        server
            .outbox
            .messages()
            .last()
            .unwrap()
            .to
            .to_e164()
            .as_str(),
        ALICES
    );
    assert_eq!(server.left(Limit::Sends), 8);
}
