//! Deleting a user: what the record still holds, for how long, and what an early deletion would let in.

use super::*;

/// An enrolled account with everything that a record can hold.
fn world() -> World {
    let mut world = World::new();
    world.enroll(ALICES);
    world.add("+14155558731");
    let (session, sent) = challenged(&mut world);
    assert_wrong(&mut world, &session, &sent);
    assert_denied(
        world.recover(&session, "wrong"),
        Denied::InvalidRecoveryCode,
    );
    world
}

/// A first-factor session that the embedder vouches for.
fn session_of(world: &World, issued_at: UtcDateTime, expires_at: UtcDateTime) -> MfaSession {
    vouched(world, "vouched for", |claims| {
        claims.assurance = Assurance::FirstFactor;
        claims.issued_at = issued_at;
        claims.expires_at = expires_at;
        claims.authenticated_at = issued_at;
    })
}

/// Deletes the record of an erased account from the store.
fn delete(world: &mut World) {
    let account = world.account();
    assert!(world.store().delete(world.subject(), account.revision()));
    assert!(world.record().is_none());
}

#[test]
fn a_record_deleted_without_erasure_lets_an_older_session_enroll() {
    let mut world = world();
    let mallory = world.first_factor();
    delete(&mut world);
    // The recipe prevents this.
    assert!(world.associate(&mallory, MALLORYS).is_ok());
}

#[test]
fn an_erased_record_holds_only_what_refuses_older_sessions() {
    let mut world = world();
    let before = record(&world);
    let revision = world.account().revision();
    world.wait(SECOND);
    world.erase();
    let pending = world.codes().last().unwrap();
    let dropped = Event::CodeDropped {
        authenticator: AuthenticatorId::Phone(pending.channel, world.devices()[pending.device]),
        delivery: pending.delivery,
    };
    assert_eq!(world.events, [Event::AccountErased, dropped]);
    assert!(Event::AccountErased.notifies_owner());
    let now = millis(world.now());
    let expected = serde_json::json!({
        "subject": "auth0|alice",
        "revision": revision + 1,
        "as_of": now,
        "budgets": before["budgets"],
        "revoked_until": { "first_factor": null, "every": now + 60_000 },
        "phones": [],
        "recovery": null,
        "challenges": [],
        "spent": [],
    });
    assert_eq!(record(&world), expected);
    let stored = serde_json::to_string(&world.account()).unwrap();
    assert!(!stored.contains("415555"), "a number is left");
    let account = world.account();
    assert_eq!(world.engine.phones(&account, world.now()).count(), 0);
    assert_eq!(
        world.engine.requirements(&world.account()),
        Requirements::Enroll
    );
}

#[test]
fn no_session_from_before_an_erasure_does_anything_after_it() {
    let mut world = world();
    let (first_factor, full) = (world.first_factor(), world.second_factor());
    let sent = world.challenge(&first_factor, None).unwrap();
    world.erase();
    for session in [&first_factor, &full] {
        assert_refused(&mut world, Denied::SessionRevoked, |world| {
            world.associate(session, MALLORYS)
        });
        assert_unverified(&mut world, session, &sent, Denied::SessionRevoked);
        assert_refused(&mut world, Denied::SessionRevoked, |world| {
            world.regenerate(session)
        });
        let account = world.account();
        let listed = world.engine.authenticators(&account, session, world.now());
        assert_eq!(listed.err(), Some(Denied::SessionRevoked));
    }
}

#[test]
fn sessions_issued_until_the_skew_has_passed_are_revoked_and_the_next_is_a_new_users() {
    let mut world = world();
    world.erase();
    world.wait(MINUTE);
    let last = world.first_factor();
    assert_refused(&mut world, Denied::SessionRevoked, |world| {
        world.associate(&last, MALLORYS)
    });
    world.wait(MILLISECOND);
    let session = world.first_factor();
    let sent = world.associate(&session, ALICES).unwrap();
    world.verify(&session, &sent).unwrap();
    // The record is in use again: the recipe deletes only the revision of the erasure.
    assert_eq!(world.list().len(), 3);
}

#[test]
fn a_record_that_was_used_since_is_not_deleted() {
    let mut world = world();
    world.erase();
    let erased = world.account().revision();
    world.wait(MINUTE + MILLISECOND);
    world.enroll(ALICES);
    assert!(!world.store().delete(world.subject(), erased));
    assert!(world.record().is_some());
}

#[test]
fn the_record_stays_until_the_longest_session_and_twice_the_skew() {
    for (skew, longest) in [
        (MINUTE, DAY),
        (Duration::ZERO, HOUR),
        (5 * MINUTE, 30 * DAY),
    ] {
        let policy = Policy::auth0()
            .with_skew(skew)
            .and_then(|policy| policy.with_longest_session(longest))
            .unwrap();
        let mut world = World::of(policy, "auth0|alice");
        let erased = world.erase();
        assert_eq!(erased.delete_after, world.now() + skew + longest + skew);
    }
}

#[test]
fn the_record_stays_until_every_budget_is_full() {
    let slow = |burst| RateLimit::new(burst, DAY).unwrap();
    let policies = [
        Policy::auth0().with_sends(slow(10)),
        Policy::auth0().with_binding_failures(slow(10)).unwrap(),
        Policy::auth0().with_recovery_failures(slow(10)).unwrap(),
    ];
    for policy in policies {
        let mut world = World::of(policy, "auth0|alice");
        world.enroll(ALICES);
        let (session, sent) = challenged(&mut world);
        for _ in 0..2 {
            assert_wrong(&mut world, &session, &sent);
            assert_denied(
                world.recover(&session, "wrong"),
                Denied::InvalidRecoveryCode,
            );
        }
        // 2 of each were taken, and one of the three budgets needs a day for each.
        let full_at = world.now() + 2 * DAY;
        let erased = world.erase();
        assert_eq!(erased.delete_after, full_at);
        world.clock().set(full_at - MILLISECOND);
        let remaining = |world: &World| {
            Limit::ALL.map(|limit| world.engine.remaining(&world.account(), limit, world.now()))
        };
        assert_ne!(remaining(&world), [10, 10, 10]);
        world.wait(MILLISECOND);
        assert_eq!(remaining(&world), [10, 10, 10]);
        delete(&mut world);
        assert_eq!(remaining(&world), [10, 10, 10]);
    }
}

#[test]
fn a_budget_survives_the_erasure() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let (session, sent) = challenged(&mut world);
    let retry_at = world.use_up_failures(&session, &sent);
    world.erase();
    world.wait(MINUTE + MILLISECOND);
    let session = world.first_factor();
    let sent = world.associate(&session, ALICES).unwrap();
    assert_unverified(
        &mut world,
        &session,
        &sent,
        Denied::TooManyFailures { retry_at },
    );
}

/// The longest session that any server accepted before the erasure.
fn longest_taken(world: &World) -> MfaSession {
    // A server that is ahead by the skew issued and accepted it.
    let issued_at = world.now() + MINUTE;
    session_of(world, issued_at, issued_at + DAY)
}

#[test]
fn when_the_record_may_go_every_session_that_was_taken_before_has_expired_everywhere() {
    let mut world = world();
    let longest = longest_taken(&world);
    assert!(world.challenge(&longest, None).is_ok());
    let erased = world.erase();
    world.clock().set(erased.delete_after);
    delete(&mut world);
    // On a server that is behind by the skew.
    world.set_back(MINUTE);
    assert_refused(&mut world, Denied::TokenExpired, |world| {
        world.associate(&longest, MALLORYS)
    });
}

#[test]
fn a_record_deleted_a_millisecond_early_lets_a_session_in() {
    let mut world = world();
    let longest = longest_taken(&world);
    let erased = world.erase();
    world.clock().set(erased.delete_after - MILLISECOND);
    world.set_back(MINUTE);
    // The record refuses it to the end.
    assert_refused(&mut world, Denied::SessionRevoked, |world| {
        world.associate(&longest, MALLORYS)
    });
    delete(&mut world);
    assert!(world.associate(&longest, MALLORYS).is_ok());
}

#[test]
fn the_recipe_does_not_cover_a_session_longer_than_the_policy_allows() {
    let mut world = world();
    let now = world.now();
    let too_long = session_of(&world, now, now + 7 * DAY);
    assert_refused(&mut world, Denied::SessionTooLong, |world| {
        world.challenge(&too_long, None)
    });
    let erased = world.erase();
    world.clock().set(erased.delete_after);
    delete(&mut world);
    world.clock().set(now + 6 * DAY - MINUTE - MILLISECOND);
    assert_refused(&mut world, Denied::SessionTooLong, |world| {
        world.associate(&too_long, MALLORYS)
    });
    // The embedder vouched for it, and must keep the record until then.
    world.wait(MILLISECOND);
    assert!(world.associate(&too_long, MALLORYS).is_ok());
}

#[test]
fn a_further_erasure_never_returns_an_earlier_time() {
    let mut world = world();
    let first = world.erase();
    assert_eq!(first.delete_after, world.now() + DAY + 2 * MINUTE);
    let strict = Policy::auth0().with_skew(Duration::ZERO).unwrap();
    restart(&mut world, &strict);
    // The revocations of the first erasure stay, and so does its time.
    let second = world.erase();
    assert_eq!(second.delete_after, first.delete_after - MINUTE);
    let late = session_of(&world, world.now() + MINUTE, world.now() + HOUR);
    world.wait(MINUTE);
    assert_refused(&mut world, Denied::SessionRevoked, |world| {
        world.associate(&late, MALLORYS)
    });
    world.wait(HOUR);
    let third = world.erase();
    assert_eq!(third.delete_after, world.now() + DAY);
}

#[test]
fn a_user_without_a_record_gets_one_that_refuses_older_sessions() {
    let mut world = World::new();
    let mallory = world.first_factor();
    assert!(world.record().is_none());
    world.erase();
    assert_eq!(world.account().revision(), 1);
    assert_refused(&mut world, Denied::SessionRevoked, |world| {
        world.associate(&mallory, MALLORYS)
    });
}

#[test]
fn a_server_that_is_behind_erases_nothing_and_a_rewind_ends_with_the_same_refusals() {
    let mut world = world();
    world.wait(DAY);
    let erased = world.erase();
    assert_eq!(erased.delete_after, world.now() + DAY + 2 * MINUTE);
    let of_the_wrong_clock = world.first_factor();
    world.set_back(DAY);
    let before = world.first_factor();
    let account = world.account();
    let refused = world.engine.erase(account.clone(), world.now());
    assert_denied(world.commit(refused), Denied::ClockBehind);
    assert_eq!(world.account(), account);
    world.rewind().unwrap();
    assert_refused(&mut world, Denied::SessionRevoked, |world| {
        world.associate(&before, MALLORYS)
    });
    assert_refused(&mut world, Denied::SessionNotYetValid, |world| {
        world.associate(&of_the_wrong_clock, MALLORYS)
    });
    // The time of the wrong clock is later than necessary, never earlier.
    let again = world.erase();
    assert_eq!(again.delete_after, world.now() + DAY + 2 * MINUTE);
    assert!(again.delete_after < erased.delete_after);
}

#[test]
fn an_erasure_that_loses_a_race_is_retried_and_removes_what_the_winner_added() {
    let mut world = world();
    let (account, now) = (world.account(), world.now());
    let late = world.engine.erase(account, now);
    world.import(MALLORYS).unwrap();
    let store = world.store().clone();
    let lost = late.commit(|next| store.replace(next));
    assert!(matches!(lost, Err(Unsaved::Conflict)));
    world.erase();
    assert_eq!(record(&world)["phones"], serde_json::json!([]));
}
