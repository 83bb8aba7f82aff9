//! One engine, one user and one clock: what the seeds were made with and the targets judge by.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use oob_mfa::{
    Account, Assurance, Engine, Key, KeyRing, MfaSession, Policy, Subject, TrustedClaims,
};
use time::{Duration, UtcDateTime};

/// The secret of the only key.
pub const SECRET: [u8; 32] = [7; 32];
/// The id of the only key.
pub const KEY_ID: u32 = 1;
/// The client of every session.
pub const CLIENT: &str = "demo";

/// The moment at which the sessions begin.
pub fn beginning() -> UtcDateTime {
    UtcDateTime::from_unix_timestamp(1_800_000_000).expect("a moment of the year 2027")
}

/// An engine of a policy, with the only key.
pub fn engine(policy: Policy) -> Engine {
    Engine::new(policy, KeyRing::new(Key::new(KEY_ID, &SECRET)))
}

/// A random source that gives the same every time.
pub fn rng(seed: u8) -> ChaCha20Rng {
    ChaCha20Rng::from_seed([seed; 32])
}

/// The user of the seeds.
pub fn alice() -> Subject {
    "auth0|alice".parse().expect("a subject")
}

/// A session of a first factor that passed at the beginning; the same one for the same number.
pub fn first_factor(subject: &Subject, number: u8) -> MfaSession {
    engine(Policy::auth0())
        .begin(
            subject.clone(),
            CLIENT,
            "openid profile",
            "",
            beginning(),
            &mut rng(number),
        )
        .expect("short fields")
}

/// A session of a full login, with every scope, for the hour after the beginning.
pub fn mfa(subject: &Subject) -> MfaSession {
    MfaSession::trusted(TrustedClaims {
        id: "access-token",
        subject: subject.clone(),
        client: CLIENT,
        assurance: Assurance::Mfa,
        scope: "enroll read:authenticators remove:authenticators",
        audience: "https://tenant.example/mfa/",
        issued_at: beginning(),
        expires_at: beginning() + Duration::hours(1),
    })
    .expect("short fields")
}

/// The texts of every `mfa_token` that was ever issued.
pub fn issued_tokens() -> Vec<String> {
    let engine = engine(Policy::auth0());
    let long = "x".repeat(1_024);
    let longest = "s".repeat(Subject::MAX_LEN).parse().expect("a subject");
    let begin = |subject, client, scope, audience| {
        engine.begin(subject, client, scope, audience, beginning(), &mut rng(1))
    };
    [
        Ok(first_factor(&alice(), 1)),
        Ok(first_factor(&alice(), 2)),
        Ok(mfa(&alice())),
        begin(alice(), "", "", ""),
        begin(
            "ユーザー".parse().expect("a subject"),
            CLIENT,
            "",
            "オーディエンス",
        ),
        begin(longest, &long[..255], &long, &long),
    ]
    .into_iter()
    .map(|session| engine.issue_token(&session.expect("fields of a token")))
    .map(|token| token.expose_secret().to_owned())
    .collect()
}

/// The record of an account as it is stored, both ways.
pub fn stored(account: &Account) -> (Vec<u8>, Vec<u8>) {
    let json = serde_json::to_vec(account).expect("an account has a JSON form");
    let binary = postcard::to_allocvec(account).expect("an account has a binary form");
    (json, binary)
}
