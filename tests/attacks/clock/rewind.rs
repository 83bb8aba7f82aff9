//! Rewinding after a clock ran ahead.

use super::*;

/// An account with a phone and a pending login, which a server a year ahead has changed.
fn after_an_accident() -> World {
    let mut world = World::new();
    world.enroll(ALICES);
    ahead(&mut world, YEAR, |world| world.sign_in().unwrap());
    world
}

#[test]
fn rewind_is_refused_until_the_clock_is_behind_by_more_than_the_skew() {
    for skew in [Duration::ZERO, SECOND, MINUTE] {
        let policy = Policy::auth0().with_skew(skew).unwrap();
        let mut world = World::of(policy, "auth0|alice");
        world.enroll(ALICES);
        world.wait(MILLISECOND);
        for back in [Duration::ZERO, MILLISECOND, skew] {
            world.set_back(back);
            assert_refused(&mut world, Denied::ClockNotAhead, World::rewind);
        }
        world.set_back(MILLISECOND);
        assert_eq!(world.rewind(), Ok(()));
    }
}

#[test]
fn rewind_of_a_new_account_is_refused() {
    let mut world = World::new();
    assert_refused(&mut world, Denied::ClockNotAhead, World::rewind);
}

#[test]
fn a_second_rewind_changes_nothing() {
    let mut world = after_an_accident();
    world.rewind().unwrap();
    for wait in [Duration::ZERO, MINUTE, DAY] {
        world.wait(wait);
        assert_refused(&mut world, Denied::ClockNotAhead, World::rewind);
    }
    // Also on another server with a slower clock that runs the same job.
    world.set_back(DAY + 2 * MINUTE);
    assert_refused(&mut world, Denied::ClockNotAhead, World::rewind);
}

#[test]
fn rewind_records_its_time_and_one_event() {
    let mut world = after_an_accident();
    let (revision, saves) = (world.account().revision(), world.saves);
    world.rewind().unwrap();
    assert_eq!(world.events, [Event::ClockRewound]);
    assert_eq!(world.account().revision(), revision + 1);
    assert_eq!(world.saves, saves + 1);
    assert_eq!(as_of(&world), millis(world.now()));
}

#[test]
fn rewind_drops_every_code_and_every_spent_session() {
    let mut world = World::new();
    let (mallory, owner) = (world.first_factor(), world.second_factor());
    world.associate(&mallory, MALLORYS).unwrap();
    world.enroll(ALICES);
    let further = world.associate(&owner, "+14155558731").unwrap();
    let alice = world.first_factor();
    let sent = world.challenge(&alice, None).unwrap();
    world.wait(MINUTE + MILLISECOND);
    world.restore_budgets();
    assert_eq!(pending(&world), 3, "one discarded and two issued");
    assert_eq!(record(&world)["spent"].as_array().unwrap().len(), 1);

    world.set_back(MINUTE + MILLISECOND);
    world.rewind().unwrap();
    assert_eq!(pending(&world), 0);
    assert_eq!(record(&world)["spent"], serde_json::json!([]));
    for wait in [MINUTE + MILLISECOND, 3 * MINUTE] {
        world.wait(wait);
        let (first_factor, mfa) = (world.first_factor(), world.second_factor());
        assert_unverified(&mut world, &first_factor, &sent, Denied::OobCodeUnknown);
        assert_unverified(&mut world, &mfa, &further, Denied::OobCodeUnknown);
    }
}

#[test]
fn rewind_revokes_every_session_issued_until_the_skew_has_passed() {
    let mut world = after_an_accident();
    let now = world.now();
    world.rewind().unwrap();
    let revoked = &record(&world)["revoked_until"];
    let until = millis(now) + 60_000;
    assert_eq!(
        *revoked,
        serde_json::json!({ "first_factor": null, "every": until })
    );
    let asks = |world: &mut World, session: &MfaSession| world.recover(session, "wrong");
    let last = now + MINUTE;
    for assurance in [Assurance::FirstFactor, Assurance::Mfa] {
        for issued_at in [now - HOUR, now, last] {
            let session = session_of(&world, assurance, issued_at, now + HOUR);
            assert_refused(&mut world, Denied::SessionRevoked, |world| {
                asks(world, &session)
            });
        }
    }
    let early = session_of(
        &world,
        Assurance::FirstFactor,
        last + MILLISECOND,
        now + HOUR,
    );
    assert_refused(&mut world, Denied::SessionNotYetValid, |world| {
        asks(world, &early)
    });
    world.wait(MILLISECOND);
    assert_denied(asks(&mut world, &early), Denied::InvalidRecoveryCode);
}

#[test]
fn a_removal_of_the_last_phone_by_the_wrong_clock_shuts_out_first_factors_until_rewind() {
    let mut world = World::new();
    let (phone, _) = world.enroll(ALICES);
    ahead(&mut world, YEAR, |world| {
        let owner = world.second_factor();
        world.remove(&owner, phone).unwrap();
    });
    world.rewind().unwrap();
    world.wait(MINUTE + MILLISECOND);
    let session = world.first_factor();
    assert!(world.associate(&session, ALICES).is_ok());
}

#[test]
fn rewind_makes_budgets_that_the_wrong_clock_emptied_empty_now() {
    let mut world = World::new();
    let (_, recovery) = world.enroll(ALICES);
    ahead(&mut world, YEAR, |world| {
        let session = world.first_factor();
        for _ in 0..9 {
            world.challenge(&session, None).unwrap();
        }
        let sent = world.challenge(&session, None).unwrap();
        world.use_up_failures(&session, &sent);
        for _ in 0..10 {
            assert_denied(
                world.recover(&session, "wrong"),
                Denied::InvalidRecoveryCode,
            );
        }
    });
    world.rewind().unwrap();
    let rewound = world.now();
    let budgets = &record(&world)["budgets"];
    for (budget, window) in [
        ("sends", 36_000_000),
        ("binding_failures", 3_600_000),
        ("recovery_failures", 3_600_000),
    ] {
        assert_eq!(budgets[budget], millis(rewound) + window, "{budget}");
    }
    let empty = |wait| Denied::TooManyFailures {
        retry_at: rewound + wait,
    };
    world.wait(6 * MINUTE - MILLISECOND);
    let session = world.first_factor();
    assert_refused(&mut world, empty(6 * MINUTE), |world| {
        world.recover(&session, &recovery)
    });
    world.wait(MILLISECOND);
    assert_denied(
        world.recover(&session, "wrong"),
        Denied::InvalidRecoveryCode,
    );
    assert_refused(&mut world, empty(12 * MINUTE), |world| {
        world.recover(&session, &recovery)
    });
    world.clock().set(rewound + HOUR - MILLISECOND);
    let session = world.first_factor();
    let sent_out = |wait| Denied::TooManySends {
        retry_at: rewound + wait,
    };
    assert_refused(&mut world, sent_out(HOUR), |world| {
        world.challenge(&session, None)
    });
    world.wait(MILLISECOND);
    let sent = world.challenge(&session, None).unwrap();
    assert_refused(&mut world, sent_out(2 * HOUR), |world| {
        world.challenge(&session, None)
    });
    // All 10 wrong codes are back, and no more.
    assert_eq!(wrong_codes(&mut world, &session, &sent), 10);
}

#[test]
fn rewind_does_not_change_a_budget_that_is_not_beyond_empty() {
    let mut world = World::new();
    world.enroll(ALICES);
    let (session, sent) = challenged(&mut world);
    assert_wrong(&mut world, &session, &sent);
    let before = record(&world)["budgets"].clone();
    // The effect of a change by the wrong clock that charges nothing.
    ahead(&mut world, YEAR, |world| {
        world.import(MALLORYS).unwrap();
    });
    world.rewind().unwrap();
    assert_eq!(record(&world)["budgets"], before);
    assert_eq!(before["sends"], millis(world.now()) + 2 * 3_600_000);
    assert_eq!(before["recovery_failures"], 0);
}

#[test]
fn rewind_resets_when_a_phone_was_used_and_removes_no_factor() {
    let policy = Policy::auth0().with_failure_cap(Some(3)).unwrap();
    let mut world = World::of(policy, "auth0|alice");
    let (first, recovery) = world.enroll(ALICES);
    let enrolled = millis(world.now());
    world.wait(MINUTE);
    let second = world.add(MALLORYS);
    let third = world.import("+14155558731").unwrap();
    ahead(&mut world, YEAR, |world| {
        let session = world.first_factor();
        let sent = world.challenge(&session, Some(third)).unwrap();
        for _ in 0..3 {
            assert_wrong(world, &session, &sent);
        }
        let sent = world.challenge(&session, Some(first)).unwrap();
        assert_wrong(world, &session, &sent);
        let sent = world.challenge(&session, Some(second)).unwrap();
        world.verify(&session, &sent).unwrap();
    });
    world.rewind().unwrap();
    let phones = record(&world)["phones"].clone();
    let rewound = millis(world.now());
    for (at, status, last_used, failures) in [
        (0, "active", enrolled, 1),
        (1, "active", rewound, 0),
        (2, "disabled", rewound, 3),
    ] {
        assert_eq!(phones[at]["status"], status);
        assert_eq!(phones[at]["last_used"], last_used);
        assert_eq!(phones[at]["failures"], failures);
    }
    world.wait(MINUTE + MILLISECOND);
    let session = world.first_factor();
    assert!(world.recover(&session, &recovery).is_ok());
}

#[test]
fn only_a_rewind_ends_an_accident_of_a_year_ahead() {
    let mut world = after_an_accident();
    let start = world.now();
    for wait in [
        Duration::ZERO,
        MINUTE,
        HOUR,
        DAY,
        30 * DAY,
        YEAR - MINUTE - MILLISECOND,
    ] {
        world.clock().set(start + wait);
        assert_clock_behind(&world, &ADMINISTRATORS, true);
        assert_clock_behind(&world, &SESSIONS, true);
        assert_eq!(world.sign_in().unwrap_err(), Denied::ClockBehind);
        let mut rewound = world.clone();
        rewound.rewind().unwrap();
        assert_clock_behind(&rewound, &ADMINISTRATORS, false);
        rewound.wait(MINUTE + MILLISECOND);
        assert_clock_behind(&rewound, &SESSIONS, false);
    }
}

#[test]
fn after_rewind_the_owner_signs_in_by_the_same_phone() {
    let mut world = World::new();
    let (phone, _) = world.enroll(ALICES);
    ahead(&mut world, YEAR, World::restore_budgets);
    world.rewind().unwrap();
    world.wait(MINUTE + MILLISECOND);
    let verified = world.sign_in().unwrap();
    assert_eq!(verified.authenticator(), phone);
    assert_eq!(verified.verified_at(), world.now());
}

/// This is why the recipe drops the keys of the wrong clock's tokens before it rewinds.
#[test]
fn a_token_from_the_wrong_clock_becomes_valid_after_a_rewind_unless_its_key_is_dropped() {
    let mut world = World::new();
    let (_, recovery) = world.enroll(ALICES);
    let token = ahead(&mut world, YEAR, |world| {
        let session = world.first_factor();
        world.challenge(&session, None).unwrap();
        world.engine.issue_token(&session)
    });
    world.rewind().unwrap();
    let open = |world: &World| {
        let token = token.expose_secret();
        world.engine.open_token(token, Some("demo"), world.now())
    };
    let session = open(&world).unwrap();
    assert_refused(&mut world, Denied::SessionNotYetValid, |world| {
        world.recover(&session, &recovery)
    });
    world.wait(YEAR - MINUTE);
    let mut careless = world.clone();
    assert!(careless.recover(&session, &recovery).is_ok());
    world.engine = Engine::new(Policy::auth0(), KeyRing::new(Key::new(2, &[8; 32])));
    assert_eq!(open(&world).err(), Some(Denied::TokenInvalid));
}

/// The documentation warns of this, as it does for `restore_budgets`.
#[test]
fn rewind_by_a_clock_that_is_behind_refills_one_burst_and_forgets_what_was_spent() {
    let mut world = World::new();
    let (_, recovery) = world.enroll(ALICES);
    let (session, sent) = challenged(&mut world);
    assert_eq!(wrong_codes(&mut world, &session, &sent), 10);
    let verified = world.recover(&session, &recovery).unwrap();
    let recovery = verified.recovery_code().unwrap().expose_secret();
    assert_refused(&mut world, Denied::SessionSpent, |world| {
        world.recover(&session, recovery)
    });
    behind(&mut world, 3 * DAY, |world| world.rewind().unwrap());
    let account = world.account();
    let remaining = |limit| world.engine.remaining(&account, limit, world.now());
    assert_eq!(Limit::ALL.map(remaining), [10, 10, 10]);
    assert!(world.recover(&session, recovery).is_ok());
    let (session, sent) = challenged(&mut world);
    assert_eq!(wrong_codes(&mut world, &session, &sent), 10);
}
