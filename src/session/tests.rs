use alloc::format;
use alloc::string::ToString;
use core::time::Duration;

use time::UtcDateTime;

use super::{Assurance, FirstFactor, InvalidSessionId, MfaSession, SessionId, TrustedClaims};
use crate::code::tests::Words;
use crate::denied::Denied;
use crate::engine::Engine;
use crate::instant::Millis;
use crate::key::{Key, KeyRing, SessionTag};
use crate::policy::Policy;
use crate::scope::Scope;
use crate::subject::Subject;

/// 2027-01-15T08:00:00Z.
pub(super) const START: u64 = 1_800_000_000_000;
pub(super) const LIFETIME: u64 = 600_000;

pub(super) fn at(millis: u64) -> UtcDateTime {
    UtcDateTime::from_unix_timestamp_nanos(i128::from(START + millis) * 1_000_000).unwrap()
}

pub(super) fn subject() -> Subject {
    "auth0|a".parse().unwrap()
}

pub(super) fn keys() -> KeyRing {
    KeyRing::new(Key::new(0x0102_0304, &[7; 32]))
}

pub(super) fn engine() -> Engine {
    Engine::new(Policy::auth0(), keys())
}

pub(super) fn session() -> MfaSession {
    let mut rng = Words::new([0x0302_0100, 0x0706_0504, 0x0b0a_0908, 0x0f0e_0d0c]);
    let first_factor = FirstFactor {
        subject: subject(),
        client: "demo",
        scope: "openid",
        audience: "api",
    };
    engine().begin(first_factor, at(0), &mut rng).unwrap()
}

pub(super) fn claims() -> TrustedClaims<'static> {
    TrustedClaims {
        id: SessionId::from_jti("jti-1").unwrap(),
        subject: subject(),
        client: "demo",
        assurance: Assurance::Mfa,
        scope: "openid enroll read:authenticators",
        audience: "api",
        issued_at: at(0),
        expires_at: at(LIFETIME),
        authenticated_at: at(1) - Duration::from_secs(3_600),
    }
}

#[test]
fn begin_makes_a_first_factor_session_that_authenticated_now() {
    let begun = session();
    assert_eq!(begun.assurance(), Assurance::FirstFactor);
    assert_eq!(
        (begun.issued_at(), begun.authenticated_at()),
        (at(0), at(0))
    );
    assert_eq!(begun.expires_at(), at(LIFETIME));
}

#[test]
fn a_trusted_session_has_the_claims_of_the_embedder() {
    let trusted = MfaSession::trusted(claims()).unwrap();
    assert_eq!(trusted.assurance(), Assurance::Mfa);
    assert_eq!(trusted.subject(), &subject());
    assert_eq!(trusted.client(), "demo");
    assert_eq!(trusted.scope(), "openid enroll read:authenticators");
    assert_eq!(trusted.audience(), "api");
    assert_eq!(
        (trusted.issued_at(), trusted.expires_at()),
        (at(0), at(LIFETIME))
    );
    assert_eq!(trusted.authenticated_at(), claims().authenticated_at);
    assert_ne!(trusted.authenticated_at(), trusted.issued_at());
}

#[test]
fn the_fields_of_a_session_are_capped() {
    let begin = |client: usize, scope: usize, audience: usize| {
        let [client, scope, audience] = [client, scope, audience].map(|len| "x".repeat(len));
        let mut rng = Words::new([0; 4]);
        let (client, scope, audience) = (&*client, &*scope, &*audience);
        let first_factor = FirstFactor {
            subject: subject(),
            client,
            scope,
            audience,
        };
        let begun = engine().begin(first_factor, at(0), &mut rng);
        let trusted = MfaSession::trusted(TrustedClaims {
            client,
            scope,
            audience,
            ..claims()
        });
        assert_eq!(begun.as_ref().map(drop), trusted.as_ref().map(drop));
        begun.map(drop)
    };
    let too_long = |parameter| Err(Denied::ParameterTooLong { parameter });
    assert_eq!(begin(0, 0, 0), Ok(()));
    assert_eq!(begin(255, 1_024, 1_024), Ok(()));
    assert_eq!(begin(256, 1_024, 1_024), too_long("client_id"));
    assert_eq!(begin(255, 1_025, 1_024), too_long("scope"));
    assert_eq!(begin(255, 1_024, 1_025), too_long("audience"));
    assert_eq!(begin(256, 1_025, 1_025), too_long("client_id"));
}

#[test]
fn only_a_second_factor_grants_a_scope_and_only_one_that_it_holds() {
    let session = |assurance, scope: &str| {
        MfaSession::trusted(TrustedClaims {
            assurance,
            scope,
            ..claims()
        })
        .unwrap()
    };
    let every = "enroll read:authenticators remove:authenticators";
    let scopes = [
        Scope::Enroll,
        Scope::ReadAuthenticators,
        Scope::RemoveAuthenticators,
    ];
    for scope in scopes {
        assert!(session(Assurance::Mfa, every).grants(scope));
        assert!(session(Assurance::Mfa, scope.as_str()).grants(scope));
        assert!(!session(Assurance::FirstFactor, every).grants(scope));
        for held in scopes.into_iter().filter(|held| *held != scope) {
            assert!(!session(Assurance::Mfa, held.as_str()).grants(scope));
        }
        for near in [
            "",
            "openid",
            "Enroll",
            "enroll,read:authenticators",
            "enrollremove",
        ] {
            assert!(!session(Assurance::Mfa, near).grants(scope), "{near}");
        }
    }
    assert!(session(Assurance::Mfa, "openid  enroll\tprofile").grants(Scope::Enroll));
}

fn id(jti: &str) -> Result<SessionId, InvalidSessionId> {
    SessionId::from_jti(jti)
}

#[test]
fn a_session_id_has_1_to_128_bytes() {
    assert_eq!(id(""), Err(InvalidSessionId));
    assert!(id("j").is_ok());
    assert!(id(&"j".repeat(128)).is_ok());
    assert_eq!(id(&"j".repeat(129)), Err(InvalidSessionId));
    // Bytes, not characters.
    assert!(id(&"é".repeat(64)).is_ok());
    assert_eq!(id(&"é".repeat(65)), Err(InvalidSessionId));
    assert_eq!(SessionId::MAX_LEN, 128);
    assert_eq!(id("jti-1"), id("jti-1"));
    assert_ne!(id("jti-1"), id("jti-2"));
}

#[test]
fn a_session_id_is_never_a_jwt() {
    for jwt in [
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln",
        // Without a signature, and only the dots.
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0.",
        "a.b.c",
        "..",
        // Encrypted ones have five parts.
        "eyJhbGciOiJkaXIifQ..aXY.Y2lwaGVy.dGFn",
        "....",
    ] {
        assert_eq!(id(jwt), Err(InvalidSessionId), "{jwt}");
    }
    for other in [
        "a",
        "a.b",
        "a.b.c.d",
        "a.b.c.d.e.f",
        ".",
        "...",
        ".....",
        "c1f7a2d0-4b1e",
    ] {
        assert!(id(other).is_ok(), "{other}");
    }
    assert_eq!(
        InvalidSessionId.to_string(),
        "a session id has 1 to 128 bytes, not 3 or 5 dotted parts: pass only the jti"
    );
}

#[test]
fn a_session_of_the_embedders_is_known_by_its_id_and_its_assurance() {
    let tag = |jti, assurance| {
        let claims = TrustedClaims {
            id: id(jti).unwrap(),
            assurance,
            ..claims()
        };
        *MfaSession::trusted(claims).unwrap().tag()
    };
    assert_eq!(tag("jti-1", Assurance::Mfa), tag("jti-1", Assurance::Mfa));
    assert_eq!(tag("jti-1", Assurance::Mfa), SessionTag::of_id("jti-1", 2));
    assert_ne!(tag("jti-1", Assurance::Mfa), tag("jti-2", Assurance::Mfa));
    let first_factor = tag("jti-1", Assurance::FirstFactor);
    assert_eq!(first_factor, SessionTag::of_id("jti-1", 1));
    assert_ne!(first_factor, tag("jti-1", Assurance::Mfa));
    let session = MfaSession::trusted(claims()).unwrap();
    assert_eq!(
        (session.issued(), session.expires()),
        (Millis::at(at(0)), Millis::at(at(LIFETIME)))
    );
}

#[test]
fn debug_shows_neither_the_id_nor_its_tag() {
    assert_eq!(
        format!("{:?}", session()),
        "MfaSession { subject: Subject(\"auth0|a\"), client: \"demo\", scope: \"openid\", \
         audience: \"api\", assurance: FirstFactor, expires_at: 2027-01-15 8:10:00.0 +00, .. }"
    );
    let secret = id("jti-1").unwrap();
    assert_eq!(
        format!("{secret:?} {secret:#?}"),
        "SessionId(redacted) SessionId(redacted)"
    );
    assert_eq!(
        format!("{:?}", claims()),
        "TrustedClaims { id: SessionId(redacted), subject: Subject(\"auth0|a\"), \
         client: \"demo\", assurance: Mfa, scope: \"openid enroll read:authenticators\", \
         audience: \"api\", issued_at: 2027-01-15 8:00:00.0 +00, \
         expires_at: 2027-01-15 8:10:00.0 +00, authenticated_at: 2027-01-15 7:00:00.001 +00 }"
    );
}
