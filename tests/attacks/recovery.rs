//! Rules 1, 2 and 8: a recovery code works once, and only after its enrollment was confirmed.

use super::*;

#[test]
fn a_recovery_code_works_only_after_its_own_enrollment_was_confirmed() {
    for confirmed in [0, 1] {
        let mut world = World::new();
        let sessions = [world.first_factor(), world.first_factor()];
        let sent = [
            world.associate(&sessions[0], ALICES).unwrap(),
            world.associate(&sessions[1], "+14155558731").unwrap(),
        ];
        let codes = sent
            .each_ref()
            .map(|sent| sent.recovery_code.clone().unwrap());
        assert_ne!(codes[0], codes[1]);
        // Before either is confirmed, the account has no recovery code, and nothing is charged.
        for code in &codes {
            let session = world.first_factor();
            assert_refused(&mut world, Denied::NoRecoveryCode, |world| {
                world.recover(&session, code)
            });
        }
        world
            .verify(&sessions[confirmed], &sent[confirmed])
            .unwrap();
        let session = world.first_factor();
        let rejected = world.recover(&session, &codes[1 - confirmed]);
        assert_denied(rejected, Denied::InvalidRecoveryCode);
        assert!(world.recover(&session, &codes[confirmed]).is_ok());
    }
}

#[test]
fn after_a_repeated_association_the_last_recovery_code_shown_works() {
    let mut world = World::new();
    let session = world.first_factor();
    let first = world.associate(&session, ALICES).unwrap();
    let second = world.associate(&session, ALICES).unwrap();
    world.verify(&session, &second).unwrap();
    let session = world.first_factor();
    let dead = world.recover(&session, &first.recovery_code.unwrap());
    assert_denied(dead, Denied::InvalidRecoveryCode);
    assert!(
        world
            .recover(&session, &second.recovery_code.unwrap())
            .is_ok()
    );
}

#[test]
fn a_recovery_code_is_regenerated_if_there_is_a_phone_and_the_policy_issues_them() {
    let mut world = World::new();
    let owner = world.second_factor();
    assert_refused(&mut world, Denied::NotEnrolled, |world| {
        world.regenerate(&owner)
    });
    let (_, first) = world.enroll(ALICES);
    let renewed = world.regenerate(&owner).unwrap();
    assert_eq!(world.events, [Event::RecoveryCodeReplaced]);
    let session = world.first_factor();
    assert_denied(world.recover(&session, &first), Denied::InvalidRecoveryCode);

    let without = Policy::auth0().with_recovery_codes(RecoveryCodes::Off);
    let issuing = restart(&mut world, &without);
    assert_refused(&mut world, Denied::NoRecoveryCode, |world| {
        world.regenerate(&owner)
    });
    // The existing one stays, but is not accepted.
    assert_refused(&mut world, Denied::NoRecoveryCode, |world| {
        world.recover(&session, renewed.expose_secret())
    });
    world.engine = issuing;
    assert!(world.recover(&session, renewed.expose_secret()).is_ok());
    let session = world.first_factor();
    let anew = world.regenerate(&owner).unwrap();
    assert!(world.recover(&session, anew.expose_secret()).is_ok());
}

#[test]
fn a_regenerated_recovery_code_voids_that_of_a_pending_enrollment() {
    let mut world = World::new();
    let owner = world.second_factor();
    let further = world.associate(&owner, MALLORYS).unwrap();
    let shown = further.recovery_code.clone().unwrap();
    // The import brings no recovery code, and keeps the enrollment of a full login.
    world.import(ALICES).unwrap();
    let renewed = world.regenerate(&owner).unwrap();
    world.verify(&owner, &further).unwrap();
    let session = world.first_factor();
    assert_denied(world.recover(&session, &shown), Denied::InvalidRecoveryCode);
    assert!(world.recover(&session, renewed.expose_secret()).is_ok());
}

#[test]
fn a_recovery_code_works_once_and_its_replacement_after_it() {
    let mut world = World::new();
    let (_, first) = world.enroll(ALICES);
    let session = world.first_factor();
    let verified = world.recover(&session, &first).unwrap();
    let second = verified.recovery_code().unwrap().expose_secret().to_owned();
    assert_ne!(first, second);
    let session = world.first_factor();
    assert_denied(world.recover(&session, &first), Denied::InvalidRecoveryCode);
    let shouted = second.to_lowercase();
    assert!(world.recover(&session, &shouted).is_ok());
    let session = world.first_factor();
    assert_denied(
        world.recover(&session, &second),
        Denied::InvalidRecoveryCode,
    );
}
