//! Rules 2 and 12: the lists of spent sessions and of pending codes are bounded.

use super::*;

#[test]
fn the_seventeenth_login_waits_for_the_first_session_to_expire() {
    let mut world = with_many_sends();
    let start = world.now();
    for _ in 0..16 {
        world.sign_in().unwrap();
        world.wait(SECOND);
    }
    let full = Denied::TooManySessions {
        retry_at: start + 10 * MINUTE,
    };
    let (session, sent) = challenged(&mut world);
    assert_unverified(&mut world, &session, &sent, full);
    // A wrong code gets the same answer, uncharged: the client does not learn the verdict.
    assert_unverified(&mut world, &session, &sent.wrong(), full);
    // A full login takes no place in the list.
    let owner = world.second_factor();
    let further = world.associate(&owner, MALLORYS).unwrap();
    assert!(world.verify(&owner, &further).is_ok());

    world.wait(10 * MINUTE - 16 * SECOND - MILLISECOND);
    let (session, sent) = challenged(&mut world);
    assert_unverified(&mut world, &session, &sent, full);
    world.wait(MILLISECOND);
    assert_eq!(world.now(), start + 10 * MINUTE);
    assert!(world.verify(&session, &sent).is_ok());
    let full = Denied::TooManySessions {
        retry_at: start + 10 * MINUTE + SECOND,
    };
    assert_denied(world.sign_in(), full);
}

#[test]
fn the_seventeenth_login_by_a_recovery_code_waits_too_and_costs_none() {
    let mut world = World::new();
    let start = world.now();
    let (_, mut recovery) = world.enroll(ALICES);
    for _ in 1..16 {
        world.wait(SECOND);
        let session = world.first_factor();
        let verified = world.recover(&session, &recovery).unwrap();
        recovery = verified.recovery_code().unwrap().expose_secret().into();
    }
    let full = Denied::TooManySessions {
        retry_at: start + 10 * MINUTE,
    };
    let session = world.first_factor();
    for code in [recovery.as_str(), "wrong"] {
        assert_refused(&mut world, full, |world| world.recover(&session, code));
    }
    world.clock().set(start + 10 * MINUTE);
    assert!(world.recover(&session, &recovery).is_ok());
}

#[test]
fn no_reset_or_administrator_empties_the_list_of_spent_sessions() {
    let mut world = with_many_sends();
    for _ in 0..16 {
        world.sign_in().unwrap();
    }
    let full = Denied::TooManySessions {
        retry_at: world.now() + 10 * MINUTE,
    };
    world.restore_budgets();
    assert_denied(world.sign_in(), full);
    world.reset();
    world.import(ALICES).unwrap();
    // Sessions issued until the skew has passed are revoked by the reset.
    world.wait(MINUTE + MILLISECOND);
    assert_denied(world.sign_in(), full);
    world.wait(9 * MINUTE - MILLISECOND);
    assert!(world.sign_in().is_ok());
}

/// An account with a phone, whose policy allows more messages than the list has room for.
fn with_many_sends() -> World {
    let sends = RateLimit::new(100, HOUR).unwrap();
    let mut world = World::of(Policy::auth0().with_sends(sends), "auth0|alice");
    world.import(ALICES).unwrap();
    world
}

#[test]
fn the_seventeenth_code_waits_for_the_first_to_expire() {
    let mut world = with_many_sends();
    let start = world.now();
    let mut sent = Vec::new();
    for _ in 0..16 {
        let session = world.first_factor();
        let code = world.challenge(&session, None).unwrap();
        sent.push((session, code));
        world.wait(SECOND);
    }
    let full = Denied::TooManySends {
        retry_at: start + 5 * MINUTE,
    };
    let late = world.first_factor();
    assert_refused(&mut world, full, |world| world.challenge(&late, None));
    // A session that already has a code replaces it and needs no room.
    let (last, superseded) = sent.pop().unwrap();
    let renewed = world.challenge(&last, None).unwrap();
    assert_unverified(&mut world, &last, &superseded, Denied::OobCodeUnknown);
    assert_refused(&mut world, full, |world| world.challenge(&late, None));

    world.wait(5 * MINUTE - 16 * SECOND - MILLISECOND);
    assert_refused(&mut world, full, |world| world.challenge(&late, None));
    world.wait(MILLISECOND);
    assert_eq!(world.now(), start + 5 * MINUTE);
    let seventeenth = world.challenge(&late, None).unwrap();
    let full = Denied::TooManySends {
        retry_at: start + 5 * MINUTE + SECOND,
    };
    let later = world.first_factor();
    assert_refused(&mut world, full, |world| world.challenge(&later, None));
    // No live code made room: the first one had expired.
    let (first, code) = sent.remove(0);
    assert_unverified(&mut world, &first, &code, Denied::OobCodeUnknown);
    for (session, code) in [(late, seventeenth), (last, renewed)]
        .into_iter()
        .chain(sent)
    {
        assert!(world.verify(&session, &code).is_ok());
    }
    // Expired codes make room, the oldest first.
    for _ in 0..2 {
        world.wait(5 * MINUTE);
        for _ in 0..16 {
            let session = world.first_factor();
            assert!(world.challenge(&session, None).is_ok());
        }
    }
}

#[test]
fn after_a_rewind_codes_of_a_clock_ten_minutes_ahead_are_unknown_and_take_no_room() {
    let mut world = with_many_sends();
    world.wait(10 * MINUTE);
    let session = world.trusted(Assurance::FirstFactor, "", HOUR);
    let sent = world.challenge(&session, None).unwrap();
    for _ in 0..15 {
        let other = world.first_factor();
        world.challenge(&other, None).unwrap();
    }
    assert_eq!(pending(&world), 16);
    world.set_back(10 * MINUTE);
    let owner = world.first_factor();
    assert_refused(&mut world, Denied::ClockBehind, |world| {
        world.challenge(&owner, None)
    });
    world.rewind().unwrap();
    assert_eq!(pending(&world), 0);
    world.wait(MINUTE + MILLISECOND);
    let owner = world.first_factor();
    assert_unverified(&mut world, &owner, &sent, Denied::OobCodeUnknown);
    let honest = world.challenge(&owner, None).unwrap();
    assert!(world.verify(&owner, &honest).is_ok());
}
