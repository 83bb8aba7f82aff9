//! A clock that is set back revives nothing that the record has ended.

use super::*;

#[test]
fn a_clock_two_days_behind_revives_no_session_from_before_a_reset() {
    let mut world = World::new();
    world.enroll(ALICES);
    let session = world.first_factor();
    world.wait(MINUTE);
    world.reset();
    world.set_back(2 * DAY);
    assert_refused(&mut world, Denied::ClockBehind, |world| {
        world.associate(&session, MALLORYS)
    });
    world.wait(2 * DAY);
    assert_refused(&mut world, Denied::SessionRevoked, |world| {
        world.associate(&session, MALLORYS)
    });
    world.wait(MINUTE + MILLISECOND);
    let fresh = world.first_factor();
    assert!(world.associate(&fresh, ALICES).is_ok());
}

#[test]
fn a_clock_two_days_behind_revives_no_spent_session() {
    let mut world = World::new();
    let (_, recovery) = world.enroll(ALICES);
    let (session, sent) = challenged(&mut world);
    world.verify(&session, &sent).unwrap();
    world.wait(10 * MINUTE + 30 * SECOND);
    // This write drops the session, which has expired.
    world.sign_in().unwrap();
    world.set_back(2 * DAY);
    let other = world.first_factor();
    assert_refused(&mut world, Denied::ClockBehind, |world| {
        world.recover(&other, "wrong")
    });
    for (wait, denied) in [
        (2 * DAY - 10 * MINUTE, Denied::ClockBehind),
        (9 * MINUTE, Denied::TokenExpired),
    ] {
        world.wait(wait);
        assert!(session.expires_at() > world.now());
        assert_refused(&mut world, denied, |world| {
            world.recover(&session, &recovery)
        });
    }
}

#[test]
fn a_clock_set_back_revives_no_forgotten_spent_session() {
    for lives in [[20, 30], [30, 20]] {
        let mut world = World::new();
        let (_, mut recovery) = world.enroll(ALICES);
        let mut spent = Vec::new();
        for life in lives {
            let session = world.trusted(Assurance::FirstFactor, "", life * MINUTE);
            let verified = world.recover(&session, &recovery).unwrap();
            recovery = verified.recovery_code().unwrap().expose_secret().into();
            spent.push(session);
        }
        world.wait(30 * MINUTE);
        world.sign_in().unwrap();
        for (back, denied) in [
            (MINUTE, Denied::TokenExpired),
            (19 * MINUTE, Denied::ClockBehind),
        ] {
            world.set_back(back);
            for session in &spent {
                assert_refused(&mut world, denied, |world| {
                    world.recover(session, &recovery)
                });
            }
        }
        assert!(
            spent
                .iter()
                .all(|session| session.expires_at() > world.now())
        );
    }
}

#[test]
fn a_code_swept_after_its_expiry_stays_dead_for_a_clock_set_back() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let (session, sent) = challenged(&mut world);
    world.wait(5 * MINUTE);
    let other = world.first_factor();
    world.challenge(&other, None).unwrap();
    world.set_back(MINUTE);
    assert_unverified(&mut world, &session, &sent, Denied::OobCodeExpired);
}

#[test]
fn a_phone_that_a_clock_ahead_has_used_is_not_preferred_to_one_used_since() {
    let mut world = World::new();
    let (first, _) = world.enroll(ALICES);
    let second = world.add(MALLORYS);
    let sign_in = |world: &mut World, phone| {
        let session = world.first_factor();
        let sent = world.challenge(&session, phone).unwrap();
        world.verify(&session, &sent).unwrap();
        sent.authenticator
    };
    world.wait(MINUTE);
    assert_eq!(sign_in(&mut world, Some(first)), first);
    assert_eq!(sign_in(&mut world, None), first);
    world.set_back(MINUTE);
    assert_eq!(sign_in(&mut world, Some(second)), second);
    assert_eq!(sign_in(&mut world, None), second);
    // Also by the channel that was used last.
    let device = device(second);
    let by_voice = AuthenticatorId::Phone(Channel::Voice, device);
    assert_eq!(sign_in(&mut world, Some(by_voice)), by_voice);
    assert_eq!(sign_in(&mut world, None), by_voice);
}

#[test]
fn recorded_time_never_runs_backwards() {
    let offsets = [0, 30, -20, -60, 0, 45, -3_600, 10, -59, 90, 0, -300];
    let mut world = World::new();
    world.enroll(ALICES);
    let start = world.now();
    let (mut granted, mut refused) = (0, 0);
    for step in 0..600_u32 {
        // Real time moves by 7 s a step; servers and operations take turns.
        let offset = offsets[step as usize * 5 % offsets.len()];
        let writes = SESSIONS.len() + ADMINISTRATORS.len();
        let (_, write) = SESSIONS
            .iter()
            .chain(&ADMINISTRATORS)
            .nth(step as usize * 7 % writes)
            .unwrap();
        world
            .clock()
            .set(start + step * 7 * SECOND + time::Duration::seconds(offset));
        let before = world.account();
        let recorded = as_of(&world);
        let result = write(&mut world);
        if world.account() == before {
            refused += 1;
        } else {
            granted += 1;
            // Account time: the later of the server's and the last change's.
            assert_eq!(as_of(&world), recorded.max(millis(world.now())));
            assert!(recorded <= millis(world.now()) + 60_000, "{result:?}");
        }
        let record = record(&world);
        let recorded = as_of(&world);
        for phone in record["phones"].as_array().unwrap() {
            assert!(phone["last_used"].as_i64().unwrap() <= recorded);
        }
        for challenge in record["challenges"].as_array().unwrap() {
            assert!(challenge["issued_at"].as_i64().unwrap() <= recorded);
        }
    }
    assert!(granted > 20 && refused > 200, "{granted} {refused}");
}
