//! The whole story once, over the public API.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use oob_mfa::*;
use time::{Duration, UtcDateTime};

#[test]
fn enroll_then_sign_in_then_recover() {
    let engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(1, &[7; 32])));
    let mut rng = ChaCha20Rng::from_seed([1; 32]);
    let now = UtcDateTime::from_unix_timestamp(1_800_000_000).unwrap();
    let subject: Subject = "auth0|alice".parse().unwrap();
    let mut account = Account::new(subject.clone());
    let session = engine
        .begin(subject.clone(), "demo", "openid", "", now, &mut rng)
        .unwrap();
    let token = engine.issue_token(&session);
    let opened = engine
        .open_token(token.expose_secret(), Some("demo"), now)
        .unwrap();
    assert_eq!(opened, session);
    let request = Associate {
        channel: Channel::Sms,
        phone: "+14155558730".parse().unwrap(),
    };
    let outcome = engine
        .associate(&account, &session, &request, now, &mut rng)
        .commit(|next| {
            assert_eq!(next.account.replaces(), None);
            account = next.account;
            Ok::<_, ()>(())
        })
        .unwrap();
    let associated = outcome.result.unwrap();
    let answer = VerifyOob {
        oob_code: associated.oob_code.expose_secret().as_str().into(),
        binding_code: associated.delivery.code.expose_secret().into(),
    };
    let reloaded: Account =
        serde_json::from_str(&serde_json::to_string(&account).unwrap()).unwrap();
    assert_eq!(reloaded, account);
    let reloaded: Account =
        postcard::from_bytes(&postcard::to_allocvec(&account).unwrap()).unwrap();
    assert_eq!(reloaded, account);
    let later = now + Duration::seconds(20);
    let outcome = engine
        .verify_oob(&reloaded, &session, &answer, later)
        .commit(|next| {
            assert_eq!(next.account.replaces(), Some(1));
            account = next.account;
            Ok::<_, ()>(())
        })
        .unwrap();
    assert_eq!(outcome.result.unwrap().purpose(), Purpose::Enrollment);
}
