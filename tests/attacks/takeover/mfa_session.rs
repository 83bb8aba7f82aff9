//! An MFA session manages factors and cannot complete a login.

use crate::*;

/// An access token with the MFA audience: issued now, for a login an hour ago.
fn access_token(world: &World, id: &str, life: Duration) -> MfaSession {
    vouched(world, id, |claims| {
        claims.audience = "https://api.example/mfa/";
        claims.expires_at = claims.issued_at + life;
        claims.authenticated_at = claims.issued_at - HOUR;
    })
}

#[test]
fn an_mfa_session_is_sent_no_code_for_a_login() {
    let mut world = World::new();
    let owner = world.second_factor();
    // With or without a phone, and whatever id is named.
    for phone in [None, Some(NO_AUTHENTICATOR.parse().unwrap())] {
        assert_refused(&mut world, Denied::FirstFactorRequired, |world| {
            world.challenge(&owner, phone)
        });
    }
    let (phone, _) = world.enroll(ALICES);
    for phone in [None, Some(phone), Some(NO_AUTHENTICATOR.parse().unwrap())] {
        assert_refused(&mut world, Denied::FirstFactorRequired, |world| {
            world.challenge(&owner, phone)
        });
    }
}

#[test]
fn an_mfa_session_cannot_complete_a_login_with_the_code_of_a_first_factor() {
    let mut world = World::new();
    let (_, _) = world.enroll(ALICES);
    let (alice, owner) = (world.first_factor(), world.second_factor());
    let sent = world.challenge(&alice, None).unwrap();
    for answer in [sent.clone(), sent.wrong()] {
        assert_unverified(&mut world, &owner, &answer, Denied::FirstFactorRequired);
    }
    assert!(world.verify(&alice, &sent).is_ok());
}

#[test]
fn an_mfa_session_cannot_complete_a_login_with_a_recovery_code() {
    let mut world = World::new();
    let owner = world.second_factor();
    // Also if the account has no recovery code.
    assert_refused(&mut world, Denied::FirstFactorRequired, |world| {
        world.recover(&owner, "any")
    });
    let (_, recovery) = world.enroll(ALICES);
    for code in [recovery.as_str(), "wrong"] {
        assert_refused(&mut world, Denied::FirstFactorRequired, |world| {
            world.recover(&owner, code)
        });
    }
    let alice = world.first_factor();
    assert!(world.recover(&alice, &recovery).is_ok());
}

#[test]
fn an_mfa_session_that_names_a_code_it_may_not_answer_gets_the_reason() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let (owner, other) = (world.second_factor(), world.second_factor());
    let others = world.associate(&other, MALLORYS).unwrap();
    assert_unverified(&mut world, &owner, &others, Denied::OobCodeOfAnotherSession);
    let never_issued = Sent {
        oob_code: "never issued".into(),
        ..others
    };
    assert_unverified(&mut world, &owner, &never_issued, Denied::OobCodeUnknown);
}

/// An access token that lived 5 seconds could once be renewed 1,000 times. It drew a recovery code,
/// logged in with it, and got a new token, without a password or a message.
#[test]
fn a_stolen_access_token_is_not_kept_alive_through_recovery_codes() {
    let mut world = World::new();
    world.enroll(ALICES);
    let stolen = access_token(&world, "stolen", 5 * SECOND);
    let drawn = world.regenerate(&stolen).unwrap();
    // The first step of the chain.
    assert_refused(&mut world, Denied::FirstFactorRequired, |world| {
        world.recover(&stolen, drawn.expose_secret())
    });
    // Everything else that it can get expires with it.
    let sent = world.associate(&stolen, MALLORYS).unwrap();
    let confirmed = world.verify(&stolen, &sent).unwrap();
    assert_eq!(confirmed.not_after(), Some(stolen.expires_at()));
    world.wait(5 * SECOND);
    assert_refused(&mut world, Denied::TokenExpired, |world| {
        world.regenerate(&stolen)
    });
    assert_refused(&mut world, Denied::TokenExpired, |world| {
        world.recover(&stolen, drawn.expose_secret())
    });
}

#[test]
fn a_confirmation_by_an_mfa_session_neither_outlives_it_nor_looks_fresher() {
    for is_first_phone in [true, false] {
        let mut world = World::new();
        if !is_first_phone {
            world.import(ALICES).unwrap();
        }
        let owner = access_token(&world, "owner", 10 * MINUTE);
        let sent = world.associate(&owner, MALLORYS).unwrap();
        world.wait(MINUTE);
        let verified = world.verify(&owner, &sent).unwrap();
        assert_eq!(verified.assurance(), Assurance::Mfa);
        assert_eq!(verified.not_after(), Some(owner.expires_at()));
        assert_eq!(verified.authenticated_at(), owner.authenticated_at());
        assert_eq!(
            verified.authenticated_at(),
            world.now() - MINUTE - HOUR,
            "the login that the token came from"
        );
        assert_eq!(verified.verified_at(), world.now());
    }
}

#[test]
fn a_first_factor_login_is_authenticated_now_and_has_no_end() {
    let mut world = World::new();
    let check = |world: &World, verified: Verified| {
        assert_eq!(verified.assurance(), Assurance::FirstFactor);
        assert_eq!(verified.not_after(), None);
        assert_eq!(verified.authenticated_at(), world.now());
    };
    let session = world.first_factor();
    let sent = world.associate(&session, ALICES).unwrap();
    world.wait(MINUTE);
    let verified = world.verify(&session, &sent).unwrap();
    check(&world, verified);

    let session = world.first_factor();
    let challenged = world.challenge(&session, None).unwrap();
    world.wait(MINUTE);
    let verified = world.verify(&session, &challenged).unwrap();
    check(&world, verified);

    let session = world.first_factor();
    world.wait(MINUTE);
    let recovered = world
        .recover(&session, &sent.recovery_code.unwrap())
        .unwrap();
    check(&world, recovered);
}

/// If a server is behind, account time is that of the last change.
#[test]
fn a_login_at_a_server_that_is_behind_is_authenticated_at_the_time_of_the_account() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let (session, sent) = challenged(&mut world);
    let issued = world.now();
    world.set_back(30 * SECOND);
    let verified = world.verify(&session, &sent).unwrap();
    assert_eq!(verified.verified_at(), issued);
    assert_eq!(verified.authenticated_at(), issued);
}

#[test]
fn only_a_first_factor_that_completes_is_logged_as_authenticated() {
    let mut world = World::new();
    let is_authenticated = |event: &Event| matches!(event, Event::Authenticated { .. });
    let owner = world.second_factor();
    for phone in [ALICES, MALLORYS] {
        let sent = world.associate(&owner, phone).unwrap();
        world.verify(&owner, &sent).unwrap();
        let added = Event::AuthenticatorAdded {
            authenticator: sent.authenticator,
            phone: phone.parse().unwrap(),
            delivery: Some(world.delivery_of(&sent)),
        };
        assert_eq!(world.events[0], added);
        assert!(!world.events.iter().any(is_authenticated));
    }
    let verified = world.sign_in().unwrap();
    let authenticator = verified.authenticator();
    let signed_in = Event::Authenticated {
        authenticator,
        delivery: world.codes().last().map(|code| code.delivery),
    };
    assert_eq!(world.events, [signed_in]);
    let mut world = World::new();
    world.enroll(ALICES);
    assert!(world.events.iter().any(is_authenticated));
}

#[test]
fn the_same_id_with_another_assurance_is_another_session() {
    let mut world = World::new();
    let [full, first_factor] = super::of_one_id(&world);
    assert_ne!(full, first_factor);
    let sent = world.associate(&first_factor, ALICES).unwrap();
    assert_unverified(&mut world, &full, &sent, Denied::OobCodeOfAnotherSession);
    world.verify(&first_factor, &sent).unwrap();
    // The first-factor session is spent, and the other stays valid.
    assert_refused(&mut world, Denied::SessionSpent, |world| {
        world.challenge(&first_factor, None)
    });
    let further = world.associate(&full, MALLORYS).unwrap();
    assert!(world.verify(&full, &further).is_ok());
    // Its codes supersede only its own.
    let mut world = World::new();
    let [full, first_factor] = super::of_one_id(&world);
    let first = world.associate(&first_factor, ALICES).unwrap();
    let second = world.associate(&full, ALICES).unwrap();
    assert_ne!(first.device(), second.device());
    assert!(world.verify(&first_factor, &first).is_ok());
}

#[test]
fn a_claimed_auth_time_is_capped_at_the_time_of_the_proof() {
    let mut world = World::new();
    let now = world.now();
    let session = vouched(&world, "jti", |claims| claims.authenticated_at = now + YEAR);
    let sent = world.associate(&session, ALICES).unwrap();
    let verified = world.verify(&session, &sent).unwrap();
    assert_eq!(verified.authenticated_at(), now);
}
