//! Rule 9: two ways to enroll on one account at once.

use crate::*;

#[test]
fn an_import_discards_enrollments_started_with_a_first_factor() {
    let mut world = World::new();
    let (mallory, owner) = (world.first_factor(), world.second_factor());
    let attack = world.associate(&mallory, MALLORYS).unwrap();
    let further = world.associate(&owner, "+14155558731").unwrap();
    world.import(ALICES).unwrap();
    assert_unverified(&mut world, &mallory, &attack, Denied::AlreadyEnrolled);
    let dead = attack.recovery_code.unwrap();
    assert_refused(&mut world, Denied::NoRecoveryCode, |world| {
        world.recover(&mallory, &dead)
    });
    // A full login continues, and brings the recovery code that an import does not.
    world.verify(&owner, &further).unwrap();
    let session = world.first_factor();
    assert!(
        world
            .recover(&session, &further.recovery_code.unwrap())
            .is_ok()
    );
}

#[test]
fn an_import_of_a_number_under_enrollment_leaves_it_with_one_device() {
    let mut world = World::new();
    let owner = world.second_factor();
    let sent = world.associate(&owner, ALICES).unwrap();
    world.import(ALICES).unwrap();
    assert_unverified(&mut world, &owner, &sent, Denied::PhoneAlreadyEnrolled);
}

#[test]
fn a_number_enrolled_by_two_full_logins_is_enrolled_once() {
    let mut world = World::new();
    world.enroll(ALICES);
    let (here, there) = (world.second_factor(), world.second_factor());
    let number = "+14155558731";
    let first = world.associate(&here, number).unwrap();
    let second = world.associate(&there, number).unwrap();
    assert_ne!(first.device(), second.device());
    world.verify(&here, &first).unwrap();
    assert_unverified(&mut world, &there, &second, Denied::PhoneAlreadyEnrolled);
    assert_refused(&mut world, Denied::PhoneAlreadyEnrolled, |world| {
        world.associate(&there, number)
    });
    let phones = world
        .list()
        .into_iter()
        .filter(|(id, _)| id.starts_with("sms"))
        .count();
    // The 2 confirmed phones, and the enrollment that can no longer be confirmed.
    assert_eq!(phones, 3);
    world.wait(5 * MINUTE);
    let phones = world
        .list()
        .into_iter()
        .filter(|(id, _)| id.starts_with("sms"))
        .count();
    assert_eq!(phones, 2);
}

#[test]
fn an_unconfirmed_phone_cannot_be_challenged() {
    let mut world = World::new();
    let mallory = world.first_factor();
    let attack = world.associate(&mallory, MALLORYS).unwrap();
    for authenticator in [None, Some(attack.authenticator)] {
        assert_refused(&mut world, Denied::NotEnrolled, |world| {
            world.challenge(&mallory, authenticator)
        });
    }
    let mut world = World::new();
    world.enroll(ALICES);
    let owner = world.second_factor();
    let further = world.associate(&owner, MALLORYS).unwrap();
    let session = world.first_factor();
    assert_refused(&mut world, Denied::InvalidAuthenticator, |world| {
        world.challenge(&session, Some(further.authenticator))
    });
}
