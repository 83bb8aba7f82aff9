//! Rule 9: an attacker who enrolls first, and what a session may enroll or remove.

mod beside;
mod mfa_session;

use super::*;

#[test]
fn an_attacker_who_associated_before_the_owner_confirmed_cannot_confirm_after() {
    let mut world = World::new();
    let (mallory, alice) = (world.first_factor(), world.first_factor());
    let attack = world.associate(&mallory, MALLORYS).unwrap();
    let honest = world.associate(&alice, ALICES).unwrap();
    assert!(is_listed(&mut world, &attack));
    world.verify(&alice, &honest).unwrap();
    // The attacker's enrollment was discarded when the owner's was confirmed.
    assert!(!is_listed(&mut world, &attack));
    assert_unverified(&mut world, &mallory, &attack, Denied::AlreadyEnrolled);
    assert_refused(&mut world, Denied::AlreadyEnrolled, |world| {
        world.associate(&mallory, MALLORYS)
    });
}

#[test]
fn an_attacker_who_associated_twice_before_the_owner_confirmed_can_confirm_neither() {
    let mut world = World::new();
    let (mallory, alice) = (world.first_factor(), world.first_factor());
    let first = world.associate(&mallory, MALLORYS).unwrap();
    let second = world.associate(&mallory, MALLORYS).unwrap();
    assert_eq!(first.device(), second.device());
    let third = world.associate(&mallory, "+447700900124").unwrap();
    let honest = world.associate(&alice, ALICES).unwrap();
    // Superseded before the owner confirms, and too late afterwards.
    assert_unverified(&mut world, &mallory, &first, Denied::OobCodeUnknown);
    world.verify(&alice, &honest).unwrap();
    assert_unverified(&mut world, &mallory, &first, Denied::OobCodeUnknown);
    for attack in [second, third] {
        assert_unverified(&mut world, &mallory, &attack, Denied::AlreadyEnrolled);
        assert_unverified(
            &mut world,
            &mallory,
            &attack.wrong(),
            Denied::AlreadyEnrolled,
        );
    }
}

#[test]
fn a_late_confirmation_gets_already_enrolled_until_its_code_would_have_expired() {
    let mut world = World::new();
    let (mallory, alice) = (world.first_factor(), world.first_factor());
    let attack = world.associate(&mallory, MALLORYS).unwrap();
    let honest = world.associate(&alice, ALICES).unwrap();
    world.verify(&alice, &honest).unwrap();
    world.wait(5 * MINUTE - MILLISECOND);
    assert_unverified(&mut world, &mallory, &attack, Denied::AlreadyEnrolled);
    world.wait(MILLISECOND);
    assert_unverified(&mut world, &mallory, &attack, Denied::OobCodeExpired);
}

#[test]
fn another_session_cannot_confirm_an_enrollment_of_the_first() {
    let mut world = World::new();
    let (mallory, alice) = (world.first_factor(), world.first_factor());
    let attack = world.associate(&mallory, MALLORYS).unwrap();
    let other = world.first_factor();
    assert_unverified(&mut world, &other, &attack, Denied::OobCodeOfAnotherSession);
    let honest = world.associate(&alice, ALICES).unwrap();
    world.verify(&alice, &honest).unwrap();
    for session in [other, world.first_factor()] {
        assert_unverified(
            &mut world,
            &session,
            &attack,
            Denied::OobCodeOfAnotherSession,
        );
    }
}

#[test]
fn after_another_phone_is_confirmed_a_full_login_confirms_its_enrollment_and_a_first_factor_does_not()
 {
    let mut world = World::new();
    let (owner, alice) = (world.second_factor(), world.first_factor());
    let further = world.associate(&owner, MALLORYS).unwrap();
    let first = world.associate(&alice, ALICES).unwrap();
    world.verify(&alice, &first).unwrap();
    // Its recovery code was dropped, because the account has one now.
    assert_eq!(
        world.verify(&owner, &further).unwrap().purpose(),
        Purpose::Enrollment
    );
    let session = world.first_factor();
    let dead = further.recovery_code.unwrap();
    assert_denied(world.recover(&session, &dead), Denied::InvalidRecoveryCode);
    assert!(
        world
            .recover(&session, &first.recovery_code.unwrap())
            .is_ok()
    );
}

/// A full login and a first-factor session, from two tokens with the same id.
fn of_one_id(world: &World) -> [MfaSession; 2] {
    [Assurance::Mfa, Assurance::FirstFactor]
        .map(|assurance| vouched(world, "the same", |claims| claims.assurance = assurance))
}

#[test]
fn a_first_factor_does_not_confirm_what_a_full_login_of_the_same_id_began() {
    let mut world = World::new();
    let [full, first_factor] = of_one_id(&world);
    let further = world.associate(&full, MALLORYS).unwrap();
    for guarded in [false, true] {
        if guarded {
            world.enroll(ALICES);
        }
        assert_unverified(
            &mut world,
            &first_factor,
            &further,
            Denied::OobCodeOfAnotherSession,
        );
    }
    assert!(world.verify(&full, &further).is_ok());
}

#[test]
fn a_full_login_of_the_same_id_cannot_confirm_a_discarded_first_factor_enrollment() {
    let mut world = World::new();
    let [full, first_factor] = of_one_id(&world);
    let attack = world.associate(&first_factor, MALLORYS).unwrap();
    world.enroll(ALICES);
    assert_unverified(&mut world, &first_factor, &attack, Denied::AlreadyEnrolled);
    assert_unverified(&mut world, &full, &attack, Denied::OobCodeOfAnotherSession);
}

#[test]
fn a_first_factor_manages_nothing_whatever_scope_it_asked_for() {
    let mut world = World::new();
    let (phone, _) = world.enroll(ALICES);
    let mallory = world.trusted(Assurance::FirstFactor, EVERY_SCOPE, 10 * MINUTE);
    assert_refused(&mut world, Denied::AlreadyEnrolled, |world| {
        world.associate(&mallory, MALLORYS)
    });
    let needed = Denied::InsufficientScope(Scope::RemoveAuthenticators);
    assert_refused(&mut world, needed, |world| world.remove(&mallory, phone));
    assert_refused(
        &mut world,
        Denied::InsufficientScope(Scope::Enroll),
        |world| world.regenerate(&mallory),
    );
}

#[test]
fn an_entry_of_a_disabled_channel_removes_nothing() {
    for (channels, shown, hidden) in [
        (Channels::Sms, Channel::Sms, Channel::Voice),
        (Channels::Voice, Channel::Voice, Channel::Sms),
    ] {
        let mut world = World::new();
        let (phone, _) = world.enroll(ALICES);
        let device = device(phone);
        let policy = Policy::auth0().with_channels(channels);
        restart(&mut world, &policy);
        let owner = world.second_factor();
        assert_refused(&mut world, Denied::UnknownAuthenticator, |world| {
            world.remove(&owner, AuthenticatorId::Phone(hidden, device))
        });
        let shown = AuthenticatorId::Phone(shown, device);
        let removed = world.remove(&owner, shown).unwrap();
        assert_eq!(removed.device, device);
    }
}

#[test]
fn removing_an_unconfirmed_phone_leaves_the_other_one() {
    let mut world = World::new();
    let owner = world.second_factor();
    let first = world.associate(&owner, ALICES).unwrap();
    let second = world.associate(&owner, MALLORYS).unwrap();
    let removed = world.remove(&owner, second.authenticator).unwrap();
    assert_eq!(removed.device, second.device());
    assert_eq!(removed.phone.to_e164(), MALLORYS);
    let told = Event::AuthenticatorRemoved {
        device: second.device(),
        phone: MALLORYS.parse().unwrap(),
    };
    let dropped = Event::CodeDropped {
        authenticator: second.authenticator,
        delivery: world.delivery_of(&second),
    };
    assert_eq!(world.events, [told, dropped]);
    assert!(is_listed(&mut world, &first) && !is_listed(&mut world, &second));
    assert_unverified(&mut world, &owner, &second, Denied::OobCodeUnknown);
    assert_refused(&mut world, Denied::UnknownAuthenticator, |world| {
        world.remove(&owner, second.authenticator)
    });
    assert!(world.verify(&owner, &first).is_ok());
}
