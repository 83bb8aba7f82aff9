//! Two servers on one store, and an attacker who alternates between them.

use super::*;

/// More messages than an attacker needs here.
fn many_sends() -> Policy {
    Policy::auth0().with_sends(RateLimit::new(1_000, HOUR).unwrap())
}

#[test]
fn two_servers_25_hours_apart_that_take_turns_judge_at_most_20_wrong_codes() {
    for (begins_ahead, at_most) in [(false, 20), (true, 10)] {
        let mut world = World::of(many_sends(), "auth0|alice");
        world.import(ALICES).unwrap();
        let mut judged = 0;
        for turn in 0..16 {
            let is_ahead = (turn % 2 == 0) == begins_ahead;
            judged += if is_ahead {
                ahead(&mut world, 25 * HOUR, guesses)
            } else {
                guesses(&mut world)
            };
        }
        assert_eq!(judged, at_most);
    }
}

/// The most wrong codes that these engines judge at one time, in any order of turns.
fn most_judged(world: &World, engines: &[Engine], session: &MfaSession, sent: &Sent) -> u32 {
    let after_one = |engine: &Engine| {
        let mut world = world.clone();
        world.engine = engine.clone();
        match world.verify(session, &sent.wrong()).err() {
            Some(Denied::InvalidBindingCode) => 1 + most_judged(&world, engines, session, sent),
            Some(Denied::TooManyFailures { .. }) => 0,
            other => panic!("{other:?}"),
        }
    };
    engines.iter().map(after_one).max().unwrap()
}

#[test]
fn a_fleet_with_two_budgets_judges_at_most_the_sum_of_both_bursts_in_any_order() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let judging = |period| {
        let failures = RateLimit::new(10, period).unwrap();
        let policy = Policy::auth0().with_binding_failures(failures).unwrap();
        engine(&policy)
    };
    let (swift, slow) = (judging(6 * MINUTE), judging(6 * HOUR));
    let (session, sent) = challenged(&mut world);
    let most = |engines: &[Engine]| most_judged(&world, engines, &session, &sent);
    assert_eq!(most(std::slice::from_ref(&swift)), 10);
    assert_eq!(most(std::slice::from_ref(&slow)), 10);
    // Not quite 20: the fast burst takes an hour of the slow budget, which then lacks one.
    assert_eq!(most(&[swift.clone(), slow.clone()]), 19);

    // The worst order: the fast burst, then the slow one. After that neither judges one for an hour.
    let start = world.now();
    world.engine = swift.clone();
    assert_eq!(wrong_codes(&mut world, &session, &sent), 10);
    world.engine = slow.clone();
    assert_eq!(wrong_codes(&mut world, &session, &sent), 9);
    let by_slow = Denied::TooManyFailures {
        retry_at: start + HOUR,
    };
    let by_swift = Denied::TooManyFailures {
        retry_at: start + 54 * HOUR + 6 * MINUTE,
    };
    for (engine, denied) in [(&slow, by_slow), (&swift, by_swift), (&slow, by_slow)] {
        world.engine = engine.clone();
        for answer in [&sent, &sent.wrong()] {
            assert_refused(&mut world, denied, |world| world.verify(&session, answer));
        }
    }
}

#[test]
fn policies_that_differ_refill_no_budget_between_them() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let (session, sent) = challenged(&mut world);
    let empty = Denied::TooManyFailures {
        retry_at: world.use_up_failures(&session, &sent),
    };
    let swift = RateLimit::new(5, MINUTE).unwrap();
    let swift = Policy::auth0().with_binding_failures(swift).unwrap();
    let slow = restart(&mut world, &swift);
    assert!(world.verify(&session, &sent).is_err());
    world.engine = slow;
    assert_unverified(&mut world, &session, &sent, empty);
}

#[test]
fn clocks_that_differ_by_less_than_a_day_refill_no_budget_between_them() {
    for skew in [MILLISECOND, MINUTE, 6 * MINUTE, HOUR, DAY, YEAR] {
        let mut world = World::new();
        world.import(ALICES).unwrap();
        world.wait(2 * DAY);
        let session = world.trusted(Assurance::FirstFactor, "", HOUR);
        for _ in 0..10 {
            world.challenge(&session, None).unwrap();
        }
        let sent_out = Denied::TooManySends {
            retry_at: world.now() + HOUR,
        };
        let other = world.trusted(Assurance::FirstFactor, "", HOUR);
        let by_the_one_behind = if skew <= MINUTE {
            sent_out
        } else {
            Denied::ClockBehind
        };
        for _ in 0..20 {
            behind(&mut world, skew, |world| {
                assert_refused(world, by_the_one_behind, |world| {
                    world.challenge(&other, None)
                });
            });
            assert_refused(&mut world, sent_out, |world| {
                world.challenge(&session, None)
            });
        }
    }
}

#[test]
fn a_right_code_from_a_server_5_s_ahead_is_accepted_at_the_next_server() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let (session, sent) = ahead(&mut world, 5 * SECOND, challenged);
    assert_wrong(&mut world, &session, &sent);
    let verified = world.verify(&session, &sent).unwrap();
    assert_eq!(verified.purpose(), Purpose::Login);
    assert_eq!(verified.verified_at(), world.now() + 5 * SECOND);
    // Both are empty.
    for by in [Duration::ZERO, 5 * SECOND] {
        ahead(&mut world, by, |world| {
            assert_unverified(world, &session, &sent, Denied::SessionSpent);
        });
    }
}

#[test]
fn a_code_from_a_server_5_s_ahead_ends_when_it_ends_there() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    let sent = ahead(&mut world, 5 * SECOND, |world| {
        world.challenge(&session, None).unwrap()
    });
    world.wait(5 * MINUTE + 5 * SECOND - MILLISECOND);
    assert!(world.clone().verify(&session, &sent).is_ok());
    world.wait(MILLISECOND);
    assert_unverified(&mut world, &session, &sent, Denied::OobCodeExpired);
}

#[test]
fn a_reset_by_a_server_3_days_ahead_is_never_undone() {
    let mut world = World::new();
    world.enroll(ALICES);
    let start = world.now();
    let before = world.trusted(Assurance::Mfa, EVERY_SCOPE, DAY);
    ahead(&mut world, 3 * DAY, World::reset);
    let recorded = as_of(&world);
    let associates = |world: &mut World, session: &MfaSession| world.associate(session, MALLORYS);
    // Until their clocks reach that time, the others grant nothing, whenever a session began.
    let mut begun = vec![before];
    for hour in 0..72 {
        world.clock().set(start + hour * HOUR);
        begun.push(world.trusted(Assurance::FirstFactor, "", DAY));
        begun.push(world.trusted(Assurance::Mfa, EVERY_SCOPE, DAY));
        for session in &begun {
            assert_refused(&mut world, Denied::ClockBehind, |world| {
                associates(world, session)
            });
        }
    }
    // Then every earlier session is revoked.
    for since in [3 * DAY - MINUTE, 3 * DAY, 3 * DAY + MINUTE] {
        world.clock().set(start + since);
        begun.push(world.first_factor());
        begun.push(world.second_factor());
        for session in &begun {
            let is_over = session.expires_at() <= world.now().max(start + 3 * DAY);
            let denied = if is_over {
                Denied::TokenExpired
            } else {
                Denied::SessionRevoked
            };
            assert_refused(&mut world, denied, |world| associates(world, session));
        }
    }
    assert_eq!(as_of(&world), recorded);
    assert!(!world.account().is_enrolled());
    world.wait(MILLISECOND);
    let after = world.first_factor();
    assert!(associates(&mut world, &after).is_ok());
}

#[test]
fn a_reset_by_a_server_that_is_behind_leaves_the_sessions_that_are_newer_than_its_clock() {
    type Operation = fn(&mut World, AuthenticatorId);
    let reset: Operation = |world, _| world.reset();
    let erase: Operation = |world, _| {
        world.erase();
    };
    let remove: Operation = |world, phone| {
        world.remove_phone(device(phone)).unwrap();
    };
    for (operation, skew) in [(reset, MINUTE), (erase, MINUTE), (remove, Duration::ZERO)] {
        let mut world = World::new();
        let phone = world.import(ALICES).unwrap();
        world.wait(2 * HOUR);
        let revoked = world.trusted(Assurance::FirstFactor, "", 2 * HOUR);
        world.wait(MILLISECOND);
        let left = world.trusted(Assurance::FirstFactor, "", 2 * HOUR);
        world.wait(HOUR - skew - MILLISECOND);
        behind(&mut world, HOUR, |world| operation(world, phone));
        assert_refused(&mut world, Denied::SessionRevoked, |world| {
            world.associate(&revoked, MALLORYS)
        });
        assert!(world.associate(&left, MALLORYS).is_ok());
    }
}

#[test]
fn a_session_that_a_server_50_s_ahead_began_does_not_survive_a_reset() {
    for by in [50 * SECOND, MINUTE] {
        let mut world = World::new();
        let session = ahead(&mut world, by, World::first_factor);
        let other = ahead(&mut world, by, World::second_factor);
        world.enroll(ALICES);
        world.reset();
        for _ in 0..2 {
            for session in [&session, &other] {
                assert_refused(&mut world, Denied::SessionRevoked, |world| {
                    world.associate(session, MALLORYS)
                });
            }
            // Also at the server that began it.
            world.wait(by);
        }
    }
    // The policy does not cover a server that is ahead by more than the skew.
    let mut world = World::new();
    let by = MINUTE + MILLISECOND;
    let session = ahead(&mut world, by, World::first_factor);
    world.reset();
    assert_refused(&mut world, Denied::SessionNotYetValid, |world| {
        world.associate(&session, MALLORYS)
    });
    world.wait(MILLISECOND);
    assert!(world.associate(&session, MALLORYS).is_ok());
}

#[test]
fn a_removal_of_the_last_phone_by_a_server_ahead_shuts_out_first_factors_until_then() {
    let mut world = World::new();
    let (phone, _) = world.enroll(ALICES);
    ahead(&mut world, 30 * SECOND, |world| {
        let owner = world.second_factor();
        world.remove(&owner, phone).unwrap();
    });
    for (wait, is_shut_out) in [
        (Duration::ZERO, true),
        (30 * SECOND, true),
        (MILLISECOND, false),
    ] {
        world.wait(wait);
        let session = world.first_factor();
        let result = world.associate(&session, ALICES).map(drop);
        let expected = if is_shut_out {
            Err(Denied::SessionRevoked)
        } else {
            Ok(())
        };
        assert_eq!(result, expected, "{wait:?}");
    }
}

/// The removal of the last phone does not revoke this session. The confirmation of that phone discarded
/// the code all the same.
#[test]
fn a_session_of_a_server_ahead_does_not_confirm_what_an_enrolled_phone_discarded() {
    let mut world = World::new();
    let mallory = ahead(&mut world, 30 * SECOND, World::first_factor);
    let sent = world.associate(&mallory, MALLORYS).unwrap();
    let (phone, _) = world.enroll(ALICES);
    assert_unverified(&mut world, &mallory, &sent, Denied::AlreadyEnrolled);
    world.remove_phone(device(phone)).unwrap();
    assert_unverified(&mut world, &mallory, &sent, Denied::OobCodeUnknown);
    assert!(world.associate(&mallory, MALLORYS).is_ok());
}

#[test]
fn a_shorter_longest_session_does_not_forget_spent_sessions() {
    let mut world = World::new();
    let (_, recovery) = world.enroll(ALICES);
    let session = world.trusted(Assurance::FirstFactor, "", DAY);
    assert!(world.recover(&session, &recovery).is_ok());
    let shorter = Policy::auth0().with_longest_session(HOUR).unwrap();
    let longer = restart(&mut world, &shorter);
    for _ in 0..12 {
        world.wait(2 * HOUR - MILLISECOND);
        // A change drops what has expired, and nothing else.
        world.sign_in().unwrap();
        let by_shorter = world.engine.clone();
        if world.now() + HOUR + MINUTE < session.expires_at() {
            assert_refused(&mut world, Denied::SessionTooLong, |world| {
                world.challenge(&session, None)
            });
        }
        world.engine = longer.clone();
        assert_refused(&mut world, Denied::SessionSpent, |world| {
            world.challenge(&session, None)
        });
        world.engine = by_shorter;
    }
    world.engine = longer;
    world.clock().set(session.expires_at() - MILLISECOND);
    assert_refused(&mut world, Denied::SessionSpent, |world| {
        world.challenge(&session, None)
    });
    world.wait(MILLISECOND);
    assert_refused(&mut world, Denied::TokenExpired, |world| {
        world.challenge(&session, None)
    });
}

#[test]
fn a_second_reset_by_a_server_with_a_smaller_skew_revokes_no_less() {
    let mut world = World::new();
    world.enroll(ALICES);
    let session = ahead(&mut world, 50 * SECOND, World::first_factor);
    world.reset();
    let policy = Policy::auth0().with_skew(SECOND).unwrap();
    let lenient = restart(&mut world, &policy);
    world.reset();
    world.engine = lenient;
    assert_refused(&mut world, Denied::SessionRevoked, |world| {
        world.associate(&session, MALLORYS)
    });
}
