//! The traits of a step, and what its `Debug` shows.

use oob_mfa::exchange::{
    Admit, Client, Exchange, Grant, Load, Mint, Passed, Replace, Reply, Send, Token,
};
use oob_mfa::wire::ErrorAnswer;
use oob_mfa_testing::{ALICES, MALLORYS};

use super::http::{Got, Http, error};
use super::server::{Server, associate, list, name, password, recover, verify};

const fn can_be_held_anywhere<T: core::marker::Send + Sync + 'static>() {}

const _: () = {
    can_be_held_anywhere::<Exchange>();
    can_be_held_anywhere::<Client>();
    can_be_held_anywhere::<Token>();
    can_be_held_anywhere::<Grant>();
    can_be_held_anywhere::<Load>();
    can_be_held_anywhere::<Admit>();
    can_be_held_anywhere::<Replace>();
    can_be_held_anywhere::<Send>();
    can_be_held_anywhere::<Mint>();
    can_be_held_anywhere::<Reply>();
    can_be_held_anywhere::<Passed>();
};

/// Requests that together use every step, and their secrets.
fn requests(server: &mut Server) -> Vec<(Http, Vec<String>)> {
    let recovery_code = server.enroll();
    let asked = server.challenged();
    let token = server.login();
    let mfa = server.access_token("access.token");
    let basic = "Basic d2ViOnMzY3JldA==";
    let login = password("auth0|bob")
        .with("client_id", "web")
        .header("Authorization", basic);
    let secret = |text: &str| text.to_owned();
    vec![
        (
            login,
            vec![
                secret("d2ViOnMzY3JldA"),
                secret("s3cret"),
                secret("correct horse"),
            ],
        ),
        (
            associate(&mfa, MALLORYS).with("client_id", "my-app"),
            vec![mfa.clone(), MALLORYS.to_owned(), MALLORYS[1..8].to_owned()],
        ),
        (list("unknown-token"), vec![secret("unknown-token")]),
        (
            verify(&asked),
            vec![
                asked.token.clone(),
                asked.oob_code.clone(),
                asked.code.clone(),
            ],
        ),
        (
            recover(&token, &recovery_code),
            vec![token.clone(), recovery_code],
        ),
    ]
}

#[test]
fn no_step_and_no_reply_shows_a_secret() {
    let mut server = Server::new();
    let mut seen = std::collections::BTreeSet::new();
    for (request, mut secrets) in requests(&mut server) {
        let mut exchange = server.begin(&request);
        loop {
            match &exchange {
                Exchange::Send(step) => {
                    secrets.push(step.delivery().code.expose_secret().to_owned());
                }
                Exchange::Mint(step) => {
                    let code = step.verified().recovery_code();
                    secrets.extend(code.map(|code| code.expose_secret().to_owned()));
                }
                Exchange::Done(reply) => {
                    let body: serde_json::Value = serde_json::from_slice(reply.body()).unwrap();
                    for name in ["mfa_token", "oob_code", "recovery_code", "access_token"] {
                        secrets.extend(body[name].as_str().map(str::to_owned));
                    }
                }
                _ => {}
            }
            secrets.push(ALICES.to_owned());
            for shown in [format!("{exchange:?}"), format!("{exchange:#?}")] {
                for secret in &secrets {
                    assert!(!shown.contains(secret.as_str()), "{secret} in {shown}");
                }
            }
            seen.insert(name(&exchange));
            if let Exchange::Done(_) = exchange {
                break;
            }
            exchange = server.answer(exchange);
        }
    }
    let every = [
        "admit", "client", "done", "grant", "load", "mint", "replace", "send", "token",
    ];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), every);
}

#[test]
fn a_step_shows_its_endpoint_and_its_user() {
    let mut server = Server::new();
    let token = server.login();
    let exchange = server.begin(&list(&token));
    let shown =
        "Load(Load { endpoint: Authenticators, subject: Some(Subject(\"auth0|alice\")), .. })";
    assert_eq!(format!("{exchange:?}"), shown);
}

#[test]
fn every_step_ends_by_an_error_of_the_servers_own() {
    let mut seen = std::collections::BTreeSet::new();
    for row in 0..5 {
        for stop in 0.. {
            let mut server = Server::new();
            let (request, _) = requests(&mut server).swap_remove(row);
            let mut exchange = server.begin(&request);
            for _ in 0..stop {
                exchange = server.answer(exchange);
            }
            if let Exchange::Done(_) = exchange {
                break;
            }
            seen.insert(name(&exchange));
            let sent = server.outbox.messages().len();
            let accounts = server.accounts.clone();
            let answer = ErrorAnswer::new(401, "teapot", "Short and stout.");
            let exchange = match exchange {
                Exchange::Client(step) => step.fail(answer),
                Exchange::Token(step) => step.fail(answer),
                Exchange::Grant(step) => step.fail(answer),
                Exchange::Load(step) => step.fail(answer),
                Exchange::Admit(step) => step.fail(answer),
                Exchange::Replace(step) => step.fail(answer),
                Exchange::Send(step) => step.fail(answer),
                Exchange::Mint(step) => step.fail(answer),
                Exchange::Done(reply) => panic!("{reply:?}"),
            };
            let Exchange::Done(reply) = exchange else {
                panic!("{exchange:?}");
            };
            let expected = error(401, "teapot", "Short and stout.");
            let expected = match request.target.as_str() {
                "/oauth/token" => expected,
                _ => expected.with("WWW-Authenticate: Bearer"),
            };
            assert_eq!(Got::from(&reply), expected);
            assert_eq!(
                (reply.denied(), server.outbox.messages().len()),
                (None, sent)
            );
            assert_eq!(server.accounts, accounts);
        }
    }
    let every = [
        "admit", "client", "grant", "load", "mint", "replace", "send", "token",
    ];
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), every);
}
