//! Rules 1, 2 and 11: a session acts only on its own codes, and only once.

use super::*;

#[test]
fn a_session_older_than_a_reset_enrolls_nothing_and_confirms_nothing() {
    let mut world = World::new();
    let (mallory, full) = (world.first_factor(), world.second_factor());
    let attack = world.associate(&mallory, MALLORYS).unwrap();
    world.wait(MILLISECOND);
    world.reset();
    for session in [&mallory, &full] {
        assert_unverified(&mut world, session, &attack, Denied::SessionRevoked);
        assert_refused(&mut world, Denied::SessionRevoked, |world| {
            world.associate(session, MALLORYS)
        });
        assert_refused(&mut world, Denied::SessionRevoked, |world| {
            world.challenge(session, None)
        });
        assert_refused(&mut world, Denied::SessionRevoked, |world| {
            world.recover(session, attack.recovery_code.as_ref().unwrap())
        });
        let account = world.account();
        let list = world.engine.authenticators(&account, session, world.now());
        assert_eq!(list.err(), Some(Denied::SessionRevoked));
    }
    // A server ahead by the skew may have issued one before the reset: only later ones are valid.
    world.wait(MINUTE);
    let doubtful = world.first_factor();
    assert_refused(&mut world, Denied::SessionRevoked, |world| {
        world.associate(&doubtful, ALICES)
    });
    world.wait(MILLISECOND);
    let alice = world.first_factor();
    let honest = world.associate(&alice, ALICES).unwrap();
    assert!(world.verify(&alice, &honest).is_ok());
}

#[test]
fn a_first_factor_older_than_the_removal_of_the_last_phone_enrolls_nothing() {
    let mut world = World::new();
    let (phone, recovery) = world.enroll(ALICES);
    let other = world.add("+14155558731");
    let mallory = world.first_factor();
    let pending = world.challenge(&mallory, None).unwrap();
    let owner = world.second_factor();
    world.wait(MILLISECOND);
    world.remove(&owner, other).unwrap();
    // While one phone is left, the session stays valid.
    assert_refused(&mut world, Denied::AlreadyEnrolled, |world| {
        world.associate(&mallory, MALLORYS)
    });
    assert_unverified(&mut world, &mallory, &pending, Denied::OobCodeUnknown);
    assert!(world.challenge(&mallory, None).is_ok());
    world.remove(&owner, phone).unwrap();
    assert!(!world.account().is_enrolled());
    assert_refused(&mut world, Denied::SessionRevoked, |world| {
        world.associate(&mallory, MALLORYS)
    });
    assert_refused(&mut world, Denied::SessionRevoked, |world| {
        world.recover(&mallory, &recovery)
    });
    // The session that removed it stays valid, and the next first factor may enroll again.
    assert!(world.associate(&owner, ALICES).is_ok());
    let at_once = world.first_factor();
    assert_refused(&mut world, Denied::SessionRevoked, |world| {
        world.associate(&at_once, MALLORYS)
    });
    world.wait(MILLISECOND);
    let alice = world.first_factor();
    assert_denied(world.recover(&alice, &recovery), Denied::NoRecoveryCode);
    let honest = world.associate(&alice, "+14155558732").unwrap();
    assert!(world.verify(&alice, &honest).is_ok());
}

#[test]
fn an_administrator_who_removes_the_last_phone_shuts_out_older_sessions_too() {
    let mut world = World::new();
    let (phone, _) = world.enroll(ALICES);
    let mallory = world.first_factor();
    world.wait(MILLISECOND);
    let device = device(phone);
    world.remove_phone(device).unwrap();
    assert_refused(&mut world, Denied::SessionRevoked, |world| {
        world.associate(&mallory, MALLORYS)
    });
}

#[test]
fn a_spent_session_does_nothing_more_until_it_expires_and_nothing_after() {
    let mut world = World::new();
    let (phone, recovery) = world.enroll(ALICES);
    let session = world.first_factor();
    let elsewhere = world.challenge(&session, None).unwrap();
    assert!(world.recover(&session, &recovery).is_ok());
    for span in [10 * MINUTE - MILLISECOND, MILLISECOND, 30 * SECOND] {
        let is_expired = world.now() >= session.expires_at();
        let denied = if is_expired {
            Denied::TokenExpired
        } else {
            Denied::SessionSpent
        };
        assert_unverified(&mut world, &session, &elsewhere, denied);
        assert_refused(&mut world, denied, |world| {
            world.recover(&session, &recovery)
        });
        assert_refused(&mut world, denied, |world| world.challenge(&session, None));
        assert_refused(&mut world, denied, |world| {
            world.associate(&session, MALLORYS)
        });
        assert_refused(&mut world, denied, |world| world.remove(&session, phone));
        world.wait(span);
    }
    // A later login dropped it: it is expired even for a clock that is set back.
    world.sign_in().unwrap();
    for (back, denied) in [
        (30 * SECOND + MILLISECOND, Denied::TokenExpired),
        (4 * MINUTE, Denied::ClockBehind),
    ] {
        world.set_back(back);
        assert!(world.now() < session.expires_at());
        assert_refused(&mut world, denied, |world| world.challenge(&session, None));
    }
}

#[test]
fn a_session_of_another_subject_is_never_granted() {
    let mut world = World::new();
    let (_, recovery) = world.enroll(ALICES);
    let mallory = World::of(Policy::auth0(), "auth0|mallory").first_factor();
    assert_refused(&mut world, Denied::SubjectMismatch, |world| {
        world.challenge(&mallory, None)
    });
    assert_refused(&mut world, Denied::SubjectMismatch, |world| {
        world.recover(&mallory, &recovery)
    });
    let account = world.account();
    let list = world.engine.authenticators(&account, &mallory, world.now());
    assert_eq!(list.err(), Some(Denied::SubjectMismatch));
}

#[test]
fn an_attackers_session_cannot_void_the_owners_code() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let alice = world.first_factor();
    let honest = world.challenge(&alice, None).unwrap();
    let mallory = world.first_factor();
    world.challenge(&mallory, None).unwrap();
    let attack = world.challenge(&mallory, None).unwrap();
    assert_unverified(
        &mut world,
        &mallory,
        &honest.wrong(),
        Denied::OobCodeOfAnotherSession,
    );
    assert_unverified(&mut world, &alice, &attack, Denied::OobCodeOfAnotherSession);
    world.verify(&alice, &honest).unwrap();
    assert_unverified(&mut world, &alice, &honest, Denied::SessionSpent);
}

#[test]
fn a_success_of_one_session_leaves_the_codes_of_another() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let (here, there) = (world.first_factor(), world.first_factor());
    let (first, second) = (
        world.challenge(&here, None).unwrap(),
        world.challenge(&there, None).unwrap(),
    );
    world.verify(&here, &first).unwrap();
    assert!(world.verify(&there, &second).is_ok());
}

#[test]
fn a_session_that_completed_its_login_leaves_none_of_its_codes_in_the_record() {
    let mut world = World::new();
    let (first, recovery) = world.enroll(ALICES);
    let second = world.add(MALLORYS);
    for by_recovery_code in [false, true] {
        let (session, other) = (world.first_factor(), world.first_factor());
        let sent = world.challenge(&session, Some(first)).unwrap();
        world.challenge(&session, Some(second)).unwrap();
        let others = world.challenge(&other, Some(first)).unwrap();
        assert_eq!(pending(&world), 3);
        let verified = if by_recovery_code {
            world.recover(&session, &recovery)
        } else {
            world.verify(&session, &sent)
        };
        assert!(verified.is_ok());
        assert_eq!(pending(&world), 1, "that of the other session");
        world.verify(&other, &others).unwrap();
        assert_eq!(pending(&world), 0);
    }
}

#[test]
fn a_code_of_one_session_is_not_the_code_of_another() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let (here, there) = (world.first_factor(), world.first_factor());
    let first = world.challenge(&here, None).unwrap();
    let second = world.challenge(&there, None).unwrap();
    assert_ne!(first.code, second.code);
    let crossed = second.with_code(&first.code);
    assert_denied(world.verify(&there, &crossed), Denied::InvalidBindingCode);
}

#[test]
fn a_code_works_once_for_a_full_login_too() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let owner = world.second_factor();
    let sent = world.associate(&owner, MALLORYS).unwrap();
    assert_eq!(
        world.verify(&owner, &sent).unwrap().purpose(),
        Purpose::Enrollment
    );
    assert_unverified(&mut world, &owner, &sent, Denied::OobCodeUnknown);
}
