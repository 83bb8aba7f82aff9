//! Several processes on one store, with one key file and one issuer: each can serve any request.
#![cfg(unix)]

#[path = "common/world.rs"]
mod common;

use std::fs;

use common::backend::{Backend, of_every_shared_store};
use common::site::{ISSUER, MFA_AUDIENCE, Running, Site};
use common::*;
use oob_mfa_server::keys;
use serde_json::json;

of_every_shared_store! { any_process_takes_any_request }

fn any_process_takes_any_request(backend: &Backend) {
    let site = Site::new();
    // The first creates the key file and the tables, and the others find them.
    let processes = [(); 3].map(|()| site.start(&backend.url));
    let [a, b, c] = processes.each_ref().map(|running| &running.client);

    // Associated at one, confirmed at another, with the mfa_token of a third.
    let token = c.login();
    let associated = a.associate(&token, "sms", PHONE);
    let oob_code = associated.text("oob_code");
    let recovery_code = associated.ok()["recovery_codes"][0].clone();
    let confirmed = b.answer(&token, &oob_code, &site.code());
    assert!(confirmed.ok()["id_token"].is_string());
    // The token is spent everywhere.
    for client in [a, b, c] {
        client
            .answer(&token, &oob_code, &site.code())
            .refused(INVALID_TOKEN);
    }

    // Challenged at one, answered wrong at another and right at the third.
    let token = b
        .password("alice@example.com", PASSWORD, MANAGE, MFA_AUDIENCE)
        .text("mfa_token");
    let ids = a.ids(&token);
    let id = ids.iter().find(|id| id.starts_with("sms|")).unwrap();
    let challenged = c.challenge(&token, &json!({ "authenticator_id": id }));
    let oob_code = challenged.text("oob_code");
    let code = site.code();
    b.answer(&token, &oob_code, &wrong(&code))
        .refused(WRONG_CODE);
    let access = a.answer(&token, &oob_code, &code).text("access_token");

    // A token minted at one opens at all, and each publishes its key.
    let keys = [a, b, c].map(|client| client.send("GET", "/.well-known/jwks.json", &[], "").ok());
    assert_eq!(keys[0], keys[1]);
    assert_eq!(keys[0], keys[2]);
    for client in [a, b, c] {
        let discovery = client.send("GET", "/.well-known/openid-configuration", &[], "");
        assert_eq!(discovery.ok()["issuer"], ISSUER);
        assert_eq!(client.ids(&access).len(), 3);
    }

    // A recovery code shown at one works at another, once over all.
    let token = a.login();
    let recovery_code = recovery_code.as_str().unwrap();
    c.recover(&token, recovery_code).ok();
    let token = a.login();
    b.recover(&token, recovery_code)
        .refused(WRONG_RECOVERY_CODE);

    // A phone removed at one is removed at all.
    assert_eq!(b.remove(&access, id).status, 204);
    for client in [a, b, c] {
        assert_eq!(client.list(&access).ok(), json!([]));
    }
    assert_eq!(site.messages().len(), 2);
}

/// Without an issuer a process names its own address, and accepts only its own access tokens.
#[test]
fn without_an_issuer_access_tokens_stay_with_their_process() {
    for backend in Backend::postgres().into_iter().chain(Backend::redis()) {
        let site = Site::with("");
        let mut one = site.start(&backend.url);
        let other = site.start(&backend.url);
        site.enroll(&one.client);
        let audience = format!("http://{}/mfa/", one.client.address);
        let token = one
            .client
            .password("alice@example.com", PASSWORD, MANAGE, &audience)
            .text("mfa_token");
        // Still the same engine.
        let oob_code = other.client.challenge(&token, &json!({})).text("oob_code");
        let access = one
            .client
            .answer(&token, &oob_code, &site.code())
            .text("access_token");
        assert_eq!(one.client.ids(&access).len(), 3);
        assert_eq!(other.client.list(&access).status, 401);
        let log = one.process.kill();
        assert!(log.contains("WARN") && log.contains("no issuer"), "{log}");
    }
}

/// The README's recipe on a key file: pending codes and tokens stay valid until their own old key is
/// dropped.
#[test]
fn old_keys_open_and_verify_what_they_made_until_they_are_dropped() {
    let site = Site::new();
    let key_file = site.path().join("oob-mfa.key");
    let restart = |running: &mut Running| {
        running.process.kill();
        *running = site.start("redb:accounts.redb");
    };
    let kid = |token: &str| jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    let published = |client: &Client| {
        let keys = client.send("GET", "/.well-known/jwks.json", &[], "").ok();
        let keys = keys["keys"].as_array().unwrap().iter();
        keys.map(|key| key["kid"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let challenged = |client: &Client| {
        let token = client
            .password("alice@example.com", PASSWORD, MANAGE, MFA_AUDIENCE)
            .text("mfa_token");
        let oob_code = client.challenge(&token, &json!({})).text("oob_code");
        (token, oob_code, site.code())
    };
    let answered = |client: &Client, (token, oob_code, code): &(String, String, String)| {
        client.answer(token, oob_code, code)
    };

    let mut running = site.start("redb:accounts.redb");
    site.enroll(&running.client);
    let of_old = answered(&running.client, &challenged(&running.client)).text("access_token");
    let [first, second] = [(); 2].map(|()| challenged(&running.client));
    let oob_code = running.client.associate(&of_old, "sms", OTHER_PHONE);
    let enrollment = (of_old.clone(), oob_code.text("oob_code"), site.code());
    let old_keys = published(&running.client);
    assert_eq!(old_keys[0], kid(&of_old));

    let old = fs::read_to_string(&key_file).unwrap();
    let new = keys::fresh().unwrap();
    let list = |file: &str, name: &str| {
        let line = file.lines().find_map(|line| line.strip_prefix(name));
        let list = line.and_then(|line| line.strip_prefix(" = [")?.strip_suffix(']'));
        list.unwrap().to_owned()
    };
    let both = |name: &str| format!("{name} = [{}, {}]\n", list(&new, name), list(&old, name));
    let signing = both("rs256") + &both("es256");

    // The new keys in front.
    fs::write(&key_file, both("engine") + &signing).unwrap();
    restart(&mut running);
    // The recovery code, and 2 phones by both channels, one of them unconfirmed.
    assert_eq!(running.client.ids(&of_old).len(), 5);
    let of_new = answered(&running.client, &first).text("access_token");
    let keys = published(&running.client);
    assert_eq!(keys.len(), 4);
    assert_eq!(keys[0], kid(&of_new));
    assert!(
        old_keys.iter().all(|old| keys[1..].contains(old)),
        "{keys:?}"
    );

    // Without the engine's old key.
    let engine = format!("engine = [{}]\n", list(&new, "engine"));
    fs::write(&key_file, engine + &signing).unwrap();
    restart(&mut running);
    answered(&running.client, &second).refused(INVALID_TOKEN);
    answered(&running.client, &enrollment).refused(EXPIRED_OOB_CODE);
    assert_eq!(running.client.ids(&of_old).len(), 5);

    // Without the old signing keys.
    fs::write(&key_file, &*new).unwrap();
    restart(&mut running);
    running.client.list(&of_old).refused(INVALID_TOKEN);
    assert_eq!(running.client.ids(&of_new).len(), 5);
    let keys = published(&running.client);
    assert_eq!(keys.len(), 2);
    assert!(old_keys.iter().all(|old| !keys.contains(old)), "{keys:?}");
}
