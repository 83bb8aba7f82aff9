//! The exact limits of what a wrong clock can do.

use super::*;

#[test]
fn a_server_that_is_behind_keeps_a_code_alive_by_no_more_than_its_lag() {
    for by in [SECOND, MINUTE, 40 * MINUTE] {
        let mut world = World::new();
        world.import(ALICES).unwrap();
        let session = world.trusted(Assurance::FirstFactor, "", 2 * HOUR);
        let sent = world.challenge(&session, None).unwrap();
        world.wait(5 * MINUTE);
        assert_unverified(&mut world, &session, &sent, Denied::OobCodeExpired);
        world.wait(by - MILLISECOND);
        behind(&mut world.clone(), by, |world| {
            assert!(world.verify(&session, &sent).is_ok(), "{by:?}");
        });
        world.wait(MILLISECOND);
        behind(&mut world, by, |world| {
            assert_unverified(world, &session, &sent, Denied::OobCodeExpired);
        });
    }
}

#[test]
fn a_server_that_is_behind_keeps_a_session_alive_by_no_more_than_its_lag() {
    for by in [SECOND, MINUTE, 40 * MINUTE] {
        let mut world = World::new();
        let (_, recovery) = world.enroll(ALICES);
        let session = world.first_factor();
        world.wait(10 * MINUTE);
        assert_refused(&mut world, Denied::TokenExpired, |world| {
            world.recover(&session, &recovery)
        });
        world.wait(by - MILLISECOND);
        behind(&mut world.clone(), by, |world| {
            assert!(world.recover(&session, &recovery).is_ok(), "{by:?}");
        });
        world.wait(MILLISECOND);
        behind(&mut world, by, |world| {
            assert_refused(world, Denied::TokenExpired, |world| {
                world.recover(&session, &recovery)
            });
        });
    }
}

/// After one write by a server with the right time, a server that is behind keeps nothing alive.
#[test]
fn a_server_that_is_behind_revives_nothing_that_a_change_has_ended() {
    for by in [SECOND, MINUTE, 40 * MINUTE] {
        let mut world = World::new();
        let (_, recovery) = world.enroll(ALICES);
        let session = world.first_factor();
        let long = world.trusted(Assurance::FirstFactor, "", 2 * HOUR);
        let sent = world.challenge(&long, None).unwrap();
        world.wait(10 * MINUTE);
        world.restore_budgets();
        let (of_the_session, of_the_code) = if by <= MINUTE {
            (Denied::TokenExpired, Denied::OobCodeUnknown)
        } else {
            (Denied::ClockBehind, Denied::ClockBehind)
        };
        behind(&mut world, by, |world| {
            assert_refused(world, of_the_session, |world| {
                world.recover(&session, &recovery)
            });
            assert_unverified(world, &long, &sent, of_the_code);
        });
    }
}

#[test]
fn each_jump_ahead_refills_what_that_time_would_and_at_most_one_burst() {
    for (jump, refilled) in [
        // A fraction of one is not lost: it counts at the next jump.
        (6 * MINUTE - MILLISECOND, [0, 1, 1]),
        (6 * MINUTE, [1, 1, 1]),
        (HOUR - MILLISECOND, [9, 10, 9]),
        (HOUR, [10, 10, 10]),
        (25 * HOUR, [10, 10, 10]),
        (YEAR, [10, 10, 10]),
    ] {
        let policy = Policy::auth0().with_sends(RateLimit::new(1_000, HOUR).unwrap());
        let mut world = World::of(policy, "auth0|alice");
        world.import(ALICES).unwrap();
        assert_eq!(guesses(&mut world), 10);
        for (jumps, refilled) in (1..).zip(refilled) {
            let by = jumps * jump;
            assert_eq!(ahead(&mut world, by, guesses), refilled, "{by:?}");
            assert_eq!(ahead(&mut world, by, guesses), 0, "{by:?}");
            // Servers that did not jump judge none.
            assert_eq!(guesses(&mut world), 0, "{by:?}");
        }
    }
}

/// Spends all that is left: messages, wrong binding codes, wrong recovery codes.
fn spend(world: &mut World) -> [u32; 3] {
    let session = world.first_factor();
    let sent: Vec<_> = std::iter::from_fn(|| world.challenge(&session, None).ok()).collect();
    let judged = wrong_codes(world, &session, sent.last().unwrap());
    let wrong = |world: &mut World| world.recover(&session, "wrong").err();
    let recoveries = (0..)
        .find(|_| wrong(world) != Some(Denied::InvalidRecoveryCode))
        .unwrap();
    let empty = Denied::TooManySends {
        retry_at: world.now() + HOUR,
    };
    assert_refused(world, empty, |world| world.challenge(&session, None));
    let empty = Denied::TooManyFailures {
        retry_at: world.now() + 6 * MINUTE,
    };
    assert_refused(world, empty, |world| world.recover(&session, "wrong"));
    [u32::try_from(sent.len()).unwrap(), judged, recoveries]
}

#[test]
fn a_jump_ahead_refills_each_budget_by_that_time_and_at_most_one_burst() {
    for (jump, refilled) in [
        (2 * HOUR, [2, 10, 10]),
        (9 * HOUR, [9, 10, 10]),
        (DAY, [10, 10, 10]),
        (YEAR, [10, 10, 10]),
    ] {
        let mut world = World::new();
        world.enroll(ALICES);
        assert_eq!(spend(&mut world), [9, 10, 10]);
        assert_eq!(ahead(&mut world, jump, spend), refilled, "{jump:?}");
        // Servers that did not jump.
        let session = world.first_factor();
        assert_refused(&mut world, Denied::ClockBehind, |world| {
            world.challenge(&session, None)
        });
    }
}

/// Such a jump ends what expires, and nothing else: the phones and the recovery code stay.
#[test]
fn a_jump_a_year_ahead_ends_codes_and_sessions_and_no_factor() {
    let mut world = World::new();
    let (_, recovery) = world.enroll(ALICES);
    let (session, sent) = challenged(&mut world);
    ahead(&mut world, YEAR, |world| {
        assert_unverified(world, &session, &sent, Denied::TokenExpired);
        let verified = world.sign_in().unwrap();
        assert_eq!(verified.purpose(), Purpose::Login);
        let session = world.first_factor();
        assert!(world.recover(&session, &recovery).is_ok());
    });
    assert!(world.account().is_enrolled());
}
