//! Lengths, lifetimes, rates and caps.

use super::*;

#[test]
fn a_code_in_flight_keeps_its_digits_and_the_next_one_has_those_of_the_policy() {
    let with_digits = |digits| Policy::auth0().with_code_digits(digits).unwrap();
    for (before, after) in [(6, 8), (8, 6), (7, 6)] {
        let (mut world, session, sent) = challenged_under(with_digits(before));
        restart(&mut world, &with_digits(after));
        assert_eq!(sent.code.len(), before);
        // A code of the new length is one wrong code.
        let other = sent.with_code(&"1".repeat(after));
        assert_denied(world.verify(&session, &other), Denied::InvalidBindingCode);
        assert_eq!(purpose(world.verify(&session, &sent)), Ok(Purpose::Login));
        let session = world.first_factor();
        let next = world.challenge(&session, None).unwrap();
        assert_eq!(next.code.len(), after);
        assert_eq!(purpose(world.verify(&session, &next)), Ok(Purpose::Login));
    }
}

#[test]
fn a_code_in_flight_keeps_its_expiry_and_the_next_one_has_that_of_the_policy() {
    let living = |minutes| {
        Policy::auth0()
            .with_code_lifetime(minutes * MINUTE)
            .unwrap()
    };
    for (before, after) in [(5, 1), (1, 9)] {
        let (mut world, session, sent) = challenged_under(living(before));
        restart(&mut world, &living(after));
        world.wait(before * MINUTE - MILLISECOND);
        let mut in_time = world.clone();
        assert_eq!(purpose(in_time.verify(&session, &sent)), Ok(Purpose::Login));
        world.wait(MILLISECOND);
        assert_unverified(&mut world, &session, &sent, Denied::OobCodeExpired);
        let session = world.first_factor();
        let next = world.challenge(&session, None).unwrap();
        world.wait(after * MINUTE - MILLISECOND);
        let mut in_time = world.clone();
        assert_eq!(purpose(in_time.verify(&session, &next)), Ok(Purpose::Login));
        world.wait(MILLISECOND);
        assert_unverified(&mut world, &session, &next, Denied::OobCodeExpired);
    }
}

#[test]
fn a_token_keeps_its_expiry_and_the_next_one_has_that_of_the_policy() {
    let living = |minutes| {
        Policy::auth0()
            .with_token_lifetime(minutes * MINUTE)
            .unwrap()
    };
    for (before, after) in [(10, 1), (1, 60)] {
        let mut world = World::of(living(before), "auth0|alice");
        world.import(ALICES).unwrap();
        let session = world.first_factor();
        let token = world.engine.issue_token(&session);
        restart(&mut world, &living(after));
        assert_eq!(session.expires_at(), world.now() + before * MINUTE);
        assert_eq!(
            world.first_factor().expires_at(),
            world.now() + after * MINUTE
        );
        world.wait(before * MINUTE - MILLISECOND);
        let open = |world: &World| {
            world
                .engine
                .open_token(token.expose_secret(), None, world.now())
        };
        assert_eq!(open(&world).as_ref(), Ok(&session));
        assert!(world.challenge(&session, None).is_ok());
        world.wait(MILLISECOND);
        assert_eq!(open(&world), Err(Denied::TokenExpired));
        assert_refused(&mut world, Denied::TokenExpired, |world| {
            world.challenge(&session, None)
        });
    }
}

#[test]
fn a_session_longer_than_the_policy_now_allows_waits_until_it_is_not() {
    let lasting = |hours| Policy::auth0().with_longest_session(hours * HOUR).unwrap();
    let mut world = World::of(lasting(24), "auth0|alice");
    world.import(ALICES).unwrap();
    let session = world.trusted(Assurance::FirstFactor, "", 10 * HOUR);
    let sent = world.challenge(&session, None).unwrap();
    restart(&mut world, &lasting(1));
    assert_unverified(&mut world, &session, &sent, Denied::SessionTooLong);
    // The record does not hold it: with the old policy the session is valid again.
    let mut back = world.clone();
    restart(&mut back, &lasting(24));
    assert_eq!(purpose(back.verify(&session, &sent)), Ok(Purpose::Login));
    world.wait(9 * HOUR - MINUTE - MILLISECOND);
    assert_refused(&mut world, Denied::SessionTooLong, |world| {
        world.challenge(&session, None)
    });
    world.wait(MILLISECOND);
    assert!(world.challenge(&session, None).is_ok());
    // Spent before, it stays spent.
    assert_refused(&mut back, Denied::SessionSpent, |world| {
        restart(world, &lasting(10));
        world.challenge(&session, None)
    });
    assert_eq!(
        record(&back)["spent"][0]["expires_at"],
        millis(session.expires_at())
    );
}

#[test]
fn a_smaller_skew_refuses_a_clock_that_is_behind_and_revives_no_session() {
    let within = |seconds| Policy::auth0().with_skew(seconds * SECOND).unwrap();
    let mut world = World::of(within(60), "auth0|alice");
    world.import(ALICES).unwrap();
    world.reset();
    let reset_at = millis(world.now());
    let session_at = |world: &mut World, after: Duration| {
        let mut ahead = world.clone();
        ahead.wait(after);
        ahead.first_factor()
    };
    let last_revoked = session_at(&mut world, MINUTE);
    let first_valid = session_at(&mut world, MINUTE + MILLISECOND);
    restart(&mut world, &within(10));
    // The record keeps the moment, not the span.
    assert_eq!(record(&world)["revoked_until"]["every"], reset_at + 60_000);
    world.wait(MINUTE);
    assert_refused(&mut world, Denied::SessionRevoked, |world| {
        world.associate(&last_revoked, ALICES)
    });
    world.associate(&first_valid, ALICES).unwrap();
    // Its time is judged by the skew of the judging server.
    world.set_back(10 * SECOND + MILLISECOND);
    assert_refused(&mut world, Denied::ClockBehind, |world| {
        world.associate(&first_valid, MALLORYS)
    });
    restart(&mut world, &within(60));
    assert!(world.associate(&first_valid, MALLORYS).is_ok());
}

/// A policy in which one budget has this rate.
fn with_rate(limit: Limit, burst: u32, period: Duration) -> Policy {
    let rate = RateLimit::new(burst, period).unwrap();
    match limit {
        Limit::BindingFailures => Policy::auth0().with_binding_failures(rate).unwrap(),
        Limit::RecoveryFailures => Policy::auth0().with_recovery_failures(rate).unwrap(),
        _ => Policy::auth0().with_sends(rate),
    }
}

/// Charges the budget, at the time at which it gives one.
fn take(world: &mut World, limit: Limit, session: &MfaSession, sent: &Sent) -> Option<UtcDateTime> {
    let denied = match limit {
        Limit::BindingFailures => world.verify(session, &sent.wrong()).err(),
        Limit::RecoveryFailures => world.recover(session, "wrong").err(),
        _ => world.challenge(session, None).err(),
    };
    denied.and_then(|denied| denied.retry_at())
}

#[test]
fn a_changed_rate_applies_to_what_was_already_spent() {
    for (limit, period) in [
        (Limit::Sends, HOUR),
        (Limit::BindingFailures, 6 * MINUTE),
        (Limit::RecoveryFailures, 6 * MINUTE),
    ] {
        let mut world = World::new();
        world.enroll(ALICES);
        world.wait(DAY);
        let (session, sent) = challenged(&mut world);
        let start = world.now();
        let left = if limit == Limit::Sends { 9 } else { 10 };
        for _ in 0..left {
            assert_eq!(take(&mut world, limit, &session, &sent), None);
        }
        assert_eq!(
            take(&mut world, limit, &session, &sent),
            Some(start + period)
        );
        let name = serde_json::to_value(limit).unwrap();
        let name = name.as_str().unwrap();
        let stored = record(&world)["budgets"][name].clone();
        assert_eq!(stored, millis(start + 10 * period), "{name}");
        for (burst, rate, remaining, retry_at) in [
            // Half the burst: more is missing than it holds.
            (5, period, 0, Some(start + 6 * period)),
            (1, period, 0, Some(start + 10 * period)),
            (20, period, 10, None),
            // One per minute: what was taken before refills as slowly as before.
            (10, MINUTE, 0, Some(start + 10 * period - 9 * MINUTE)),
            // Half as fast: half as many are missing.
            (10, 2 * period, 5, None),
            (10, period, 0, Some(start + period)),
        ] {
            let mut world = world.clone();
            restart(&mut world, &with_rate(limit, burst, rate));
            let account = world.account();
            let left = world.engine.remaining(&account, limit, world.now());
            assert_eq!(left, remaining, "{name}: {burst} and one per {rate:?}");
            assert_eq!(take(&mut world, limit, &session, &sent), retry_at, "{name}");
            let lacking = if retry_at.is_some() {
                stored.clone()
            } else {
                // One more, at the new rate.
                millis(start + 10 * period + rate).into()
            };
            assert_eq!(record(&world)["budgets"][name], lacking, "{name}");
        }
    }
}

#[test]
fn a_policy_that_allows_fewer_attempts_holds_for_codes_that_are_out() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let (session, sent) = challenged(&mut world);
    for _ in 0..3 {
        assert_wrong(&mut world, &session, &sent);
    }
    let allowing = |attempts| {
        let policy = Policy::auth0().with_attempts_per_challenge(Some(attempts));
        policy.unwrap()
    };
    for attempts in [1, 3] {
        restart(&mut world, &allowing(attempts));
        for answer in [&sent, &sent.wrong()] {
            assert_refused(&mut world, Denied::OobCodeUnknown, |world| {
                world.verify(&session, answer)
            });
        }
    }
    restart(&mut world, &allowing(4));
    assert!(world.verify(&session, &sent).is_ok());
}

#[test]
fn attempts_are_counted_without_a_cap_too_and_a_cap_taken_away_revives_no_challenge() {
    let (mut world, session, sent) = challenged_under(Policy::auth0());
    let capped = Policy::auth0()
        .with_attempts_per_challenge(Some(2))
        .unwrap();
    let wrong = |world: &mut World| world.verify(&session, &sent.wrong());
    assert_denied(wrong(&mut world), Denied::InvalidBindingCode);
    restart(&mut world, &capped);
    assert_denied(wrong(&mut world), Denied::InvalidBindingCode);
    assert_eq!(pending(&world), 0);
    restart(&mut world, &Policy::auth0());
    assert_unverified(&mut world, &session, &sent, Denied::OobCodeUnknown);
}

/// Wrong codes for the phone, one each.
fn fail(world: &mut World, times: u32) {
    let (session, sent) = challenged(world);
    for _ in 0..times {
        assert_wrong(world, &session, &sent);
    }
}

#[test]
fn a_failure_cap_below_what_is_counted_disables_with_the_next_wrong_code() {
    let capped = Policy::auth0().with_failure_cap(Some(3)).unwrap();
    let mut world = World::new();
    let (phone, recovery) = world.enroll(ALICES);
    fail(&mut world, 5);
    restart(&mut world, &capped);
    assert_eq!(record(&world)["phones"][0]["failures"], 5);
    assert_eq!(
        world.list()[1],
        (phone.to_string(), AuthenticatorStatus::Active)
    );
    // A right code resets the count.
    let mut signs_in = world.clone();
    assert_eq!(purpose(signs_in.sign_in()), Ok(Purpose::Login));
    assert_eq!(record(&signs_in)["phones"][0]["failures"], 0);
    fail(&mut signs_in, 2);
    assert_eq!(signs_in.list()[1].1, AuthenticatorStatus::Active);

    fail(&mut world, 1);
    assert_eq!(record(&world)["phones"][0]["failures"], 6);
    assert_eq!(world.list()[1].1, AuthenticatorStatus::Disabled);
    // Without a cap it stays disabled until it is enrolled again.
    restart(&mut world, &Policy::auth0());
    assert_eq!(world.list()[1].1, AuthenticatorStatus::Disabled);
    assert_denied(world.sign_in(), Denied::InvalidAuthenticator);
    let session = world.first_factor();
    assert!(world.recover(&session, &recovery).is_ok());
    let owner = world.second_factor();
    world.remove(&owner, phone).unwrap();
    world.wait(MILLISECOND);
    world.enroll(ALICES);
    assert_eq!(purpose(world.sign_in()), Ok(Purpose::Login));
}
