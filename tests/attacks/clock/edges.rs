//! The edges of refusals by the clock, to the millisecond.

use super::*;

#[test]
fn a_clock_behind_by_the_skew_is_served_and_a_millisecond_more_is_refused() {
    for skew in [Duration::ZERO, SECOND, MINUTE, 5 * MINUTE] {
        let policy = Policy::auth0().with_skew(skew).unwrap();
        let mut world = World::of(policy, "auth0|alice");
        world.enroll(ALICES);
        world.set_back(skew);
        assert_clock_behind(&world, &ADMINISTRATORS, false);
        assert_clock_behind(&world, &SESSIONS, false);
        world.set_back(MILLISECOND);
        assert_clock_behind(&world, &ADMINISTRATORS, true);
        assert_clock_behind(&world, &SESSIONS, true);
    }
}

#[test]
fn a_server_behind_by_the_skew_records_no_earlier_time() {
    let mut world = World::new();
    world.enroll(ALICES);
    let recorded = as_of(&world);
    behind(&mut world, MINUTE, |world| world.sign_in().unwrap());
    assert_eq!(as_of(&world), recorded);
    let record = record(&world);
    assert_eq!(record["phones"][0]["last_used"], recorded);
    // The session expires by its own time, the budget refills by account time.
    let expires_at = millis(world.now()) + 540_000;
    assert_eq!(record["spent"][1]["expires_at"], expires_at);
    assert_eq!(record["budgets"]["sends"], recorded + 2 * 3_600_000);
}

#[test]
fn the_client_of_a_server_that_is_behind_is_asked_to_try_again_in_5_seconds() {
    use oob_mfa::wire::ErrorAnswer;

    let mut world = World::new();
    world.import(ALICES).unwrap();
    let denied = behind(&mut world, HOUR, |world| world.sign_in().unwrap_err());
    assert_eq!(denied, Denied::ClockBehind);
    assert_eq!(denied.kind(), DeniedKind::CallerBug);
    assert_eq!(denied.retry_at(), None);
    let answer = ErrorAnswer::denied(&denied, world.now());
    assert_eq!((answer.status(), answer.retry_after()), (503, Some(5)));
}

/// Account time is the server's, or that of the last change if the server is behind.
fn of_either_account_time() -> [World; 2] {
    let mut in_step = World::new();
    in_step.enroll(ALICES);
    let mut behind = World::new();
    behind.wait(45 * SECOND);
    behind.enroll(ALICES);
    behind.set_back(45 * SECOND);
    [in_step, behind]
}

fn account_time(world: &World) -> UtcDateTime {
    let recorded = UtcDateTime::from_unix_timestamp_nanos(i128::from(as_of(world)) * 1_000_000);
    world.now().max(recorded.unwrap())
}

/// The operations that the session's assurance allows. The list only reads, but judges the session too.
fn asks(world: &mut World, session: &MfaSession) -> [Result<(), Denied>; 2] {
    let changed = match session.assurance() {
        Assurance::FirstFactor => world.challenge(session, None).map(drop),
        _ => world.associate(session, MALLORYS).map(drop),
    };
    let account = world.account();
    let listed = world.engine.authenticators(&account, session, world.now());
    [changed, listed.map(drop)]
}

#[test]
fn a_session_issued_later_than_the_skew_is_not_yet_valid() {
    for mut world in of_either_account_time() {
        let t = account_time(&world);
        for assurance in [Assurance::FirstFactor, Assurance::Mfa] {
            let valid = session_of(&world, assurance, t + MINUTE, t + 10 * MINUTE);
            assert_eq!(asks(&mut world, &valid), [Ok(()), Ok(())]);
            let issued_at = t + MINUTE + MILLISECOND;
            let early = session_of(&world, assurance, issued_at, t + 10 * MINUTE);
            let saves = world.saves;
            let refused = Err(Denied::SessionNotYetValid);
            assert_eq!(asks(&mut world, &early), [refused, refused]);
            assert_eq!(world.saves, saves);
            // It is, a millisecond of account time later.
            let mut later = world.clone();
            later.clock().set(t + MILLISECOND);
            assert_eq!(asks(&mut later, &early), [Ok(()), Ok(())]);
        }
    }
}

#[test]
fn a_session_that_expires_later_than_the_longest_and_the_skew_is_too_long() {
    for mut world in of_either_account_time() {
        let t = account_time(&world);
        for assurance in [Assurance::FirstFactor, Assurance::Mfa] {
            let longest = session_of(&world, assurance, t, t + DAY + MINUTE);
            assert_eq!(asks(&mut world, &longest), [Ok(()), Ok(())]);
            let expires_at = t + DAY + MINUTE + MILLISECOND;
            let too_long = session_of(&world, assurance, t, expires_at);
            let saves = world.saves;
            let refused = Err(Denied::SessionTooLong);
            assert_eq!(asks(&mut world, &too_long), [refused, refused]);
            assert_eq!(world.saves, saves);
            let mut later = world.clone();
            later.clock().set(t + MILLISECOND);
            assert_eq!(asks(&mut later, &too_long), [Ok(()), Ok(())]);
        }
    }
}

#[test]
fn a_session_that_expires_at_the_time_of_the_account_is_expired() {
    for mut world in of_either_account_time() {
        let t = account_time(&world);
        for assurance in [Assurance::FirstFactor, Assurance::Mfa] {
            let last = session_of(&world, assurance, t - MINUTE, t + MILLISECOND);
            assert_eq!(asks(&mut world, &last), [Ok(()), Ok(())]);
            let over = session_of(&world, assurance, t - MINUTE, t);
            let refused = Err(Denied::TokenExpired);
            assert_eq!(asks(&mut world, &over), [refused, refused]);
        }
    }
}

#[test]
fn the_subject_comes_before_the_clock_and_the_clock_before_the_session() {
    let mut world = World::new();
    let (_, recovery) = world.enroll(ALICES);
    let now = world.now();
    let first_factor = Assurance::FirstFactor;
    // Each case has the faults of all later ones too.
    let expired = session_of(&world, first_factor, now + HOUR, now);
    let early_and_long = session_of(&world, first_factor, now + HOUR, now + 2 * DAY);
    let long = session_of(&world, first_factor, now, now + 2 * DAY);
    let stranger = World::of(Policy::auth0(), "auth0|mallory").first_factor();
    for (session, denied) in [
        (&stranger, Denied::SubjectMismatch),
        (&expired, Denied::TokenExpired),
        (&early_and_long, Denied::SessionNotYetValid),
        (&long, Denied::SessionTooLong),
    ] {
        assert_refused(&mut world, denied, |world| {
            world.recover(session, &recovery)
        });
        let by_a_server_behind = match denied {
            Denied::SubjectMismatch => denied,
            _ => Denied::ClockBehind,
        };
        behind(&mut world, HOUR, |world| {
            assert_refused(world, by_a_server_behind, |world| {
                world.recover(session, &recovery)
            });
        });
    }
    // A reset has revoked the last two. That check comes after those of the clock.
    world.reset();
    for (session, denied) in [
        (early_and_long, Denied::SessionNotYetValid),
        (long, Denied::SessionTooLong),
        (world.first_factor(), Denied::SessionRevoked),
    ] {
        assert_refused(&mut world, denied, |world| {
            world.recover(&session, &recovery)
        });
    }
}

#[test]
fn an_administrators_writes_are_refused_while_the_clock_is_behind_until_rewind() {
    let mut world = World::new();
    world.enroll(ALICES);
    ahead(&mut world, DAY, |world| world.sign_in().unwrap());
    assert_clock_behind(&world, &ADMINISTRATORS, true);
    world.wait(DAY - MINUTE - MILLISECOND);
    assert_clock_behind(&world, &ADMINISTRATORS, true);
    world.rewind().unwrap();
    assert_clock_behind(&world, &ADMINISTRATORS, false);
    for (name, write) in ADMINISTRATORS {
        assert_eq!(write(&mut world.clone()), Ok(()), "{name}");
    }
}

#[test]
fn phones_remaining_and_the_list_answer_while_the_clock_is_behind() {
    let mut world = World::new();
    let (phone, _) = world.enroll(ALICES);
    let (short, long) = (
        world.trusted(Assurance::Mfa, EVERY_SCOPE, 4 * MINUTE),
        world.trusted(Assurance::Mfa, EVERY_SCOPE, 10 * MINUTE),
    );
    let pending = world.associate(&long, MALLORYS).unwrap();
    let enrolled = world.now();
    ahead(&mut world, 4 * MINUTE, |world| {
        let (session, sent) = challenged(world);
        for _ in 0..3 {
            assert_wrong(world, &session, &sent);
        }
        assert_denied(
            world.recover(&session, "wrong"),
            Denied::InvalidRecoveryCode,
        );
    });
    assert_refused(&mut world, Denied::ClockBehind, |world| {
        world.associate(&long, MALLORYS)
    });
    let (account, now) = (world.account(), world.now());
    let phones: Vec<_> = world.engine.phones(&account, now).collect();
    let device = device(phone);
    assert_eq!(phones.len(), 2);
    assert_eq!(phones[0].device, device);
    assert_eq!(phones[0].phone.to_e164(), ALICES);
    assert_eq!(phones[0].status, AuthenticatorStatus::Active);
    assert_eq!(phones[0].last_used, Some(enrolled));
    assert_eq!(phones[1].device, pending.device());
    assert_eq!(phones[1].phone.to_e164(), MALLORYS);
    assert_eq!(phones[1].status, AuthenticatorStatus::Unconfirmed);
    assert_eq!(phones[1].last_used, None);
    let remaining = Limit::ALL.map(|limit| world.engine.remaining(&account, limit, now));
    assert_eq!(remaining, [7, 7, 9]);
    let list = |session| {
        let entries = world.engine.authenticators(&account, session, now);
        entries.map(Iterator::count)
    };
    // The recovery code, and each phone by 2 channels.
    assert_eq!(list(&long), Ok(5));
    // They answer at account time, which is 4 minutes later.
    assert_eq!(list(&short), Err(Denied::TokenExpired));
    ahead(&mut world, HOUR, |world| world.sign_in().unwrap());
    let account = world.account();
    assert_eq!(world.engine.phones(&account, now).count(), 1);
    let remaining = Limit::ALL.map(|limit| world.engine.remaining(&account, limit, now));
    assert_eq!(remaining, [7, 10, 10]);
}
