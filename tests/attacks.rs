//! What somebody who knows the password tries, and what a clock does to it.

mod world;

use std::time::Duration;

use oob_mfa::*;
use world::*;

/// The text of a denial, or "granted".
fn said<T>(result: Result<T, Denied>) -> String {
    result.map_or_else(|denied| denied.to_string(), |_| "granted".into())
}

#[track_caller]
fn assert_denied<T>(result: Result<T, Denied>, denied: Denied) {
    assert_eq!(result.err(), Some(denied));
}

/// Runs what must be refused, and checks that it left no trace.
#[track_caller]
fn assert_refused<T>(
    world: &mut World,
    denied: Denied,
    act: impl FnOnce(&mut World) -> Result<T, Denied>,
) {
    let (account, saves) = (world.account.clone(), world.saves);
    assert_eq!(act(world).err(), Some(denied));
    assert_eq!(world.account, account, "a refusal changed the account");
    assert_eq!(world.saves, saves, "a refusal was saved");
}

/// How many challenges the record holds.
fn pending(world: &World) -> usize {
    let record = serde_json::to_value(&world.account).unwrap();
    record["challenges"].as_array().unwrap().len()
}

/// Somebody whose password has passed just now asks to enroll a phone.
fn associates(world: &mut World) -> Result<Sent, Denied> {
    let session = world.first_factor();
    world.associate(&session, ALICES)
}

const NO_AUTHENTICATOR: &str = "sms|dev_AAAAAAAAAAAAAAAA";

fn is_listed(world: &mut World, sent: &Sent) -> bool {
    let id = sent.authenticator.to_string();
    world.list().into_iter().any(|(listed, _)| listed == id)
}

// Rule 9: the attacker who was there first.

#[test]
fn who_associated_before_the_owner_confirmed_cannot_confirm_after() {
    let mut world = World::new();
    let (mallory, alice) = (world.first_factor(), world.first_factor());
    let attack = world.associate(&mallory, MALLORYS).unwrap();
    let honest = world.associate(&alice, ALICES).unwrap();
    assert!(is_listed(&mut world, &attack));
    world.verify(&alice, &honest).unwrap();
    // His enrollment went when hers was confirmed.
    assert!(!is_listed(&mut world, &attack));
    assert_refused(&mut world, Denied::AlreadyEnrolled, |world| {
        world.verify(&mallory, &attack)
    });
    assert_refused(&mut world, Denied::AlreadyEnrolled, |world| {
        world.associate(&mallory, MALLORYS)
    });
}

#[test]
fn who_asked_twice_before_the_owner_confirmed_can_confirm_neither() {
    let mut world = World::new();
    let (mallory, alice) = (world.first_factor(), world.first_factor());
    let first = world.associate(&mallory, MALLORYS).unwrap();
    let second = world.associate(&mallory, MALLORYS).unwrap();
    assert_eq!(first.device(), second.device());
    let third = world.associate(&mallory, "+447700900124").unwrap();
    let honest = world.associate(&alice, ALICES).unwrap();
    // Superseded before she confirms, and too late after.
    assert_refused(&mut world, Denied::OobCodeUnknown, |world| {
        world.verify(&mallory, &first)
    });
    world.verify(&alice, &honest).unwrap();
    assert_refused(&mut world, Denied::OobCodeUnknown, |world| {
        world.verify(&mallory, &first)
    });
    for attack in [second, third] {
        assert_refused(&mut world, Denied::AlreadyEnrolled, |world| {
            world.verify(&mallory, &attack)
        });
        assert_refused(&mut world, Denied::AlreadyEnrolled, |world| {
            world.verify(&mallory, &attack.wrong())
        });
    }
}

#[test]
fn who_comes_too_late_hears_that_the_user_is_enrolled_as_long_as_his_code_would_have_lived() {
    let mut world = World::new();
    let (mallory, alice) = (world.first_factor(), world.first_factor());
    let attack = world.associate(&mallory, MALLORYS).unwrap();
    let honest = world.associate(&alice, ALICES).unwrap();
    world.verify(&alice, &honest).unwrap();
    world.wait(5 * MINUTE - MILLISECOND);
    assert_refused(&mut world, Denied::AlreadyEnrolled, |world| {
        world.verify(&mallory, &attack)
    });
    world.wait(MILLISECOND);
    assert_refused(&mut world, Denied::OobCodeExpired, |world| {
        world.verify(&mallory, &attack)
    });
}

#[test]
fn who_begins_another_session_confirms_no_enrollment_of_the_first() {
    let mut world = World::new();
    let (mallory, alice) = (world.first_factor(), world.first_factor());
    let attack = world.associate(&mallory, MALLORYS).unwrap();
    let other = world.first_factor();
    assert_refused(&mut world, Denied::OobCodeOfAnotherSession, |world| {
        world.verify(&other, &attack)
    });
    let honest = world.associate(&alice, ALICES).unwrap();
    world.verify(&alice, &honest).unwrap();
    for session in [other, world.first_factor()] {
        assert_refused(&mut world, Denied::OobCodeOfAnotherSession, |world| {
            world.verify(&session, &attack)
        });
    }
}

#[test]
fn a_full_login_confirms_what_it_began_after_another_phone_was_confirmed_and_a_first_factor_not() {
    let mut world = World::new();
    let (owner, alice) = (world.second_factor(), world.first_factor());
    let further = world.associate(&owner, MALLORYS).unwrap();
    let first = world.associate(&alice, ALICES).unwrap();
    world.verify(&alice, &first).unwrap();
    // Its own recovery code went, now that there is one.
    assert_eq!(
        world.verify(&owner, &further).unwrap().purpose(),
        Purpose::Enrollment
    );
    let session = world.first_factor();
    let dead = further.recovery_code.unwrap();
    assert_denied(world.recover(&session, &dead), Denied::InvalidRecoveryCode);
    assert!(
        world
            .recover(&session, &first.recovery_code.unwrap())
            .is_ok()
    );
}

/// A full login and one of a first factor, by two tokens that the embedder gave one id.
fn of_one_id(world: &World) -> [MfaSession; 2] {
    [Assurance::Mfa, Assurance::FirstFactor].map(|assurance| {
        let claims = TrustedClaims {
            id: "the same",
            subject: world.account.subject().clone(),
            client: "demo",
            assurance,
            scope: EVERY_SCOPE,
            audience: "",
            issued_at: world.now,
            expires_at: world.now + 10 * MINUTE,
        };
        MfaSession::trusted(claims).unwrap()
    })
}

#[test]
fn a_first_factor_hears_that_the_user_is_enrolled_when_it_confirms_beside_a_phone() {
    // Two tokens of the embedder with one id: the enrollment is of a full login, and stays.
    let mut world = World::new();
    let [full, first_factor] = of_one_id(&world);
    let further = world.associate(&full, MALLORYS).unwrap();
    world.enroll(ALICES);
    assert_refused(&mut world, Denied::AlreadyEnrolled, |world| {
        world.verify(&first_factor, &further)
    });
    assert!(world.verify(&full, &further).is_ok());
}

#[test]
fn what_a_first_factor_began_before_the_owner_confirmed_no_full_login_of_the_same_id_confirms() {
    let mut world = World::new();
    let [full, first_factor] = of_one_id(&world);
    let attack = world.associate(&first_factor, MALLORYS).unwrap();
    world.enroll(ALICES);
    assert_refused(&mut world, Denied::AlreadyEnrolled, |world| {
        world.verify(&first_factor, &attack)
    });
    assert_refused(&mut world, Denied::OobCodeUnknown, |world| {
        world.verify(&full, &attack)
    });
}

#[test]
fn a_first_factor_manages_nothing_whatever_scope_it_asked_for() {
    let mut world = World::new();
    let (phone, _) = world.enroll(ALICES);
    let mallory = world.trusted(Assurance::FirstFactor, EVERY_SCOPE, 10 * MINUTE);
    assert_refused(&mut world, Denied::AlreadyEnrolled, |world| {
        world.associate(&mallory, MALLORYS)
    });
    let needed = Denied::InsufficientScope(Scope::RemoveAuthenticators);
    assert_refused(&mut world, needed, |world| world.remove(&mallory, phone));
    assert_refused(
        &mut world,
        Denied::InsufficientScope(Scope::Enroll),
        |world| {
            let (engine, account) = (world.engine.clone(), world.account.clone());
            let (now, rng) = (world.now, &mut world.rng);
            let transition = engine.regenerate_recovery_code(&account, &mallory, now, rng);
            world.commit(transition)
        },
    );
}

#[test]
fn an_entry_that_the_policy_does_not_send_by_removes_nothing() {
    for (channels, shown, hidden) in [
        (Channels::Sms, Channel::Sms, Channel::Voice),
        (Channels::Voice, Channel::Voice, Channel::Sms),
    ] {
        let mut world = World::new();
        let (phone, _) = world.enroll(ALICES);
        let AuthenticatorId::Phone(_, device) = phone else {
            panic!("{phone}")
        };
        let policy = Policy::auth0().with_channels(channels);
        world.engine = Engine::new(policy, KeyRing::new(Key::new(1, &[7; 32])));
        let owner = world.second_factor();
        assert_refused(&mut world, Denied::UnknownAuthenticator, |world| {
            world.remove(&owner, AuthenticatorId::Phone(hidden, device))
        });
        let shown = AuthenticatorId::Phone(shown, device);
        let removed = world.remove(&owner, shown).unwrap();
        assert_eq!(removed.device, device);
    }
}

#[test]
fn of_two_phones_that_nobody_confirmed_the_one_that_is_named_is_removed() {
    let mut world = World::new();
    let owner = world.second_factor();
    let first = world.associate(&owner, ALICES).unwrap();
    let second = world.associate(&owner, MALLORYS).unwrap();
    let removed = world.remove(&owner, second.authenticator).unwrap();
    assert_eq!(removed.device, second.device());
    assert_eq!(removed.phone.to_e164(), MALLORYS);
    let told = Event::AuthenticatorRemoved {
        device: second.device(),
        phone: MALLORYS.parse().unwrap(),
    };
    assert_eq!(world.events, [told]);
    assert!(is_listed(&mut world, &first) && !is_listed(&mut world, &second));
    assert_refused(&mut world, Denied::OobCodeUnknown, |world| {
        world.verify(&owner, &second)
    });
    assert_refused(&mut world, Denied::UnknownAuthenticator, |world| {
        world.remove(&owner, second.authenticator)
    });
    assert!(world.verify(&owner, &first).is_ok());
}

// Sessions that outlived what they were for.

#[test]
fn a_session_older_than_a_reset_enrolls_nothing_and_confirms_nothing() {
    let mut world = World::new();
    let (mallory, full) = (world.first_factor(), world.second_factor());
    let attack = world.associate(&mallory, MALLORYS).unwrap();
    world.wait(MILLISECOND);
    world.reset();
    for session in [&mallory, &full] {
        assert_refused(&mut world, Denied::SessionRevoked, |world| {
            world.verify(session, &attack)
        });
        assert_refused(&mut world, Denied::SessionRevoked, |world| {
            world.associate(session, MALLORYS)
        });
        assert_refused(&mut world, Denied::SessionRevoked, |world| {
            world.challenge(session, None)
        });
        assert_refused(&mut world, Denied::SessionRevoked, |world| {
            world.recover(session, attack.recovery_code.as_ref().unwrap())
        });
        let list = world
            .engine
            .authenticators(&world.account, session, world.now);
        assert_eq!(list.err(), Some(Denied::SessionRevoked));
    }
    // One that begins at the reset or later may.
    let (alice, phone) = (world.first_factor(), ALICES);
    let honest = world.associate(&alice, phone).unwrap();
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
    // While one phone is left, nothing of the session has changed.
    assert_refused(&mut world, Denied::AlreadyEnrolled, |world| {
        world.associate(&mallory, MALLORYS)
    });
    assert_refused(&mut world, Denied::OobCodeUnknown, |world| {
        world.verify(&mallory, &pending)
    });
    assert!(world.challenge(&mallory, None).is_ok());
    world.remove(&owner, phone).unwrap();
    assert!(!world.account.is_enrolled());
    assert_refused(&mut world, Denied::SessionRevoked, |world| {
        world.associate(&mallory, MALLORYS)
    });
    assert_refused(&mut world, Denied::SessionRevoked, |world| {
        world.recover(&mallory, &recovery)
    });
    // The session that removed it goes on, and the next password may enroll anew.
    assert!(world.associate(&owner, ALICES).is_ok());
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
    let AuthenticatorId::Phone(_, device) = phone else {
        panic!("{phone}")
    };
    let transition = world.engine.remove_phone(&world.account, device, world.now);
    world.commit(transition).unwrap();
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
    for span in [10 * MINUTE - MILLISECOND, MILLISECOND, MINUTE] {
        let is_expired = world.now >= session.expires_at();
        let denied = if is_expired {
            Denied::TokenExpired
        } else {
            Denied::SessionSpent
        };
        assert_refused(&mut world, denied, |world| {
            world.verify(&session, &elsewhere)
        });
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
    // Pruned by a later login, it is expired even for a clock that is set back.
    world.sign_in().unwrap();
    world.set_back(5 * MINUTE);
    assert!(world.now < session.expires_at());
    assert_refused(&mut world, Denied::TokenExpired, |world| {
        world.challenge(&session, None)
    });
}

#[test]
fn a_session_that_expires_too_far_ahead_is_refused() {
    let mut world = World::new();
    world.enroll(ALICES);
    let longest = world.trusted(Assurance::Mfa, EVERY_SCOPE, DAY);
    assert!(world.challenge(&longest, None).is_ok());
    let too_long = world.trusted(Assurance::Mfa, EVERY_SCOPE, DAY + MILLISECOND);
    assert_refused(&mut world, Denied::SessionTooLong, |world| {
        world.challenge(&too_long, None)
    });
    world.wait(MILLISECOND);
    assert!(world.challenge(&too_long, None).is_ok());
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
    let list = world
        .engine
        .authenticators(&world.account, &mallory, world.now);
    assert_eq!(list.err(), Some(Denied::SubjectMismatch));
}

// The list of spent sessions.

#[test]
fn the_seventeenth_login_waits_for_the_first_session_to_expire() {
    let sends = RateLimit::new(100, HOUR).unwrap();
    let mut world = World::of(Policy::auth0().with_sends(sends), "auth0|alice");
    world.import(ALICES).unwrap();
    let start = world.now;
    for _ in 0..16 {
        world.sign_in().unwrap();
        world.wait(SECOND);
    }
    let full = Denied::TooManySessions {
        retry_at: start + 10 * MINUTE,
    };
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    assert_refused(&mut world, full, |world| world.verify(&session, &sent));
    // A wrong code hears the same, and is not charged: nobody learns which it was.
    assert_refused(&mut world, full, |world| {
        world.verify(&session, &sent.wrong())
    });
    // A full login needs no place in the list.
    let owner = world.second_factor();
    let further = world.challenge(&owner, None).unwrap();
    assert!(world.verify(&owner, &further).is_ok());

    world.wait(10 * MINUTE - 16 * SECOND - MILLISECOND);
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    assert_refused(&mut world, full, |world| world.verify(&session, &sent));
    world.wait(MILLISECOND);
    assert_eq!(world.now, start + 10 * MINUTE);
    assert!(world.verify(&session, &sent).is_ok());
    let full = Denied::TooManySessions {
        retry_at: start + 10 * MINUTE + SECOND,
    };
    assert_denied(world.sign_in(), full);
}

#[test]
fn the_seventeenth_login_by_a_recovery_code_waits_too_and_costs_none() {
    let mut world = World::new();
    let start = world.now;
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
    world.now = start + 10 * MINUTE;
    assert!(world.recover(&session, &recovery).is_ok());
}

#[test]
fn neither_a_reset_nor_an_administrator_empties_the_list_of_spent_sessions() {
    let sends = RateLimit::new(100, HOUR).unwrap();
    let mut world = World::of(Policy::auth0().with_sends(sends), "auth0|alice");
    world.import(ALICES).unwrap();
    for _ in 0..16 {
        world.sign_in().unwrap();
    }
    let full = Denied::TooManySessions {
        retry_at: world.now + 10 * MINUTE,
    };
    world.restore_budgets();
    assert_denied(world.sign_in(), full);
    world.reset();
    world.import(ALICES).unwrap();
    assert_denied(world.sign_in(), full);
    world.wait(10 * MINUTE);
    assert!(world.sign_in().is_ok());
}

// The list of challenges.

/// An account with a phone, and more messages than the list has room for.
fn with_many_sends() -> World {
    let sends = RateLimit::new(100, HOUR).unwrap();
    let mut world = World::of(Policy::auth0().with_sends(sends), "auth0|alice");
    world.import(ALICES).unwrap();
    world
}

#[test]
fn the_seventeenth_code_waits_for_the_first_to_expire() {
    let mut world = with_many_sends();
    let start = world.now;
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
    // A session that has a code already takes its own place, and makes none.
    let (last, superseded) = sent.pop().unwrap();
    let renewed = world.challenge(&last, None).unwrap();
    assert_refused(&mut world, Denied::OobCodeUnknown, |world| {
        world.verify(&last, &superseded)
    });
    assert_refused(&mut world, full, |world| world.challenge(&late, None));

    world.wait(5 * MINUTE - 16 * SECOND - MILLISECOND);
    assert_refused(&mut world, full, |world| world.challenge(&late, None));
    world.wait(MILLISECOND);
    assert_eq!(world.now, start + 5 * MINUTE);
    let seventeenth = world.challenge(&late, None).unwrap();
    let full = Denied::TooManySends {
        retry_at: start + 5 * MINUTE + SECOND,
    };
    let later = world.first_factor();
    assert_refused(&mut world, full, |world| world.challenge(&later, None));
    // None that was live has made room: the first had expired, and went.
    let (first, code) = sent.remove(0);
    assert_refused(&mut world, Denied::OobCodeUnknown, |world| {
        world.verify(&first, &code)
    });
    for (session, code) in [(late, seventeenth), (last, renewed)]
        .into_iter()
        .chain(sent)
    {
        assert!(world.verify(&session, &code).is_ok());
    }
}

#[test]
fn codes_of_a_clock_ten_minutes_ahead_take_up_no_room_and_nobody_knows_them() {
    let mut world = with_many_sends();
    let start = world.now;
    world.wait(10 * MINUTE);
    let session = world.trusted(Assurance::FirstFactor, "", HOUR);
    let sent = world.challenge(&session, None).unwrap();
    for _ in 0..15 {
        let other = world.first_factor();
        world.challenge(&other, None).unwrap();
    }
    // A millisecond less, and they might still come true.
    world.now = start + MILLISECOND;
    let full = Denied::TooManySends {
        retry_at: start + 15 * MINUTE,
    };
    assert_refused(&mut world, Denied::OobCodeExpired, |world| {
        world.verify(&session, &sent)
    });
    let owner = world.first_factor();
    assert_refused(&mut world, full, |world| world.challenge(&owner, None));
    world.now = start;
    assert_refused(&mut world, Denied::OobCodeUnknown, |world| {
        world.verify(&session, &sent)
    });
    let owner = world.first_factor();
    let honest = world.challenge(&owner, None).unwrap();
    assert!(world.verify(&owner, &honest).is_ok());
}

// A clock that runs a year ahead and comes back.

#[test]
fn a_send_budget_emptied_by_a_clock_a_year_ahead_gives_one_an_hour_after_its_return() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    world.wait(YEAR);
    let ahead = world.first_factor();
    for _ in 0..10 {
        world.challenge(&ahead, None).unwrap();
    }
    world.set_back(YEAR);
    let (back, session, saves) = (world.now, world.first_factor(), world.saves);
    let empty = Denied::TooManySends {
        retry_at: back + HOUR,
    };
    assert_denied(world.challenge(&session, None), empty);
    assert_eq!(world.saves, saves + 1, "the clamp is saved, with a refusal");
    assert_refused(&mut world, empty, |world| world.challenge(&session, None));
    world.wait(HOUR - MILLISECOND);
    let session = world.first_factor();
    assert_refused(&mut world, empty, |world| world.challenge(&session, None));
    world.wait(MILLISECOND);
    assert!(world.challenge(&session, None).is_ok());
    let empty = Denied::TooManySends {
        retry_at: back + 2 * HOUR,
    };
    assert_refused(&mut world, empty, |world| world.challenge(&session, None));
}

#[test]
fn a_failure_budget_emptied_by_a_clock_a_year_ahead_gives_one_six_minutes_after_its_return() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    world.wait(YEAR);
    let ahead = world.first_factor();
    let sent = world.challenge(&ahead, None).unwrap();
    assert_eq!(world.use_up_failures(&ahead, &sent), world.now + 6 * MINUTE);
    world.set_back(YEAR);
    let back = world.now;
    // The one message of a year ahead has emptied the budget of sends, too.
    let session = world.first_factor();
    let empty = Denied::TooManySends {
        retry_at: back + HOUR,
    };
    assert_denied(world.challenge(&session, None), empty);
    world.wait(HOUR);
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    // An hour after the return all ten are back, and not one more.
    assert_eq!(world.now, back + HOUR);
    for _ in 0..10 {
        assert_denied(
            world.verify(&session, &sent.wrong()),
            Denied::InvalidBindingCode,
        );
    }
    let empty = Denied::TooManyFailures {
        retry_at: world.now + 6 * MINUTE,
    };
    assert_refused(&mut world, empty, |world| world.verify(&session, &sent));
}

#[test]
fn a_recovery_budget_emptied_by_a_clock_a_year_ahead_gives_one_six_minutes_after_its_return() {
    let mut world = World::new();
    let (_, recovery) = world.enroll(ALICES);
    world.wait(YEAR);
    let ahead = world.first_factor();
    for _ in 0..10 {
        assert_denied(world.recover(&ahead, "wrong"), Denied::InvalidRecoveryCode);
    }
    world.set_back(YEAR);
    world.wait(HOUR);
    let (back, session) = (world.now, world.first_factor());
    let empty = Denied::TooManyFailures {
        retry_at: back + 6 * MINUTE,
    };
    assert_denied(world.recover(&session, &recovery), empty);
    world.wait(6 * MINUTE - MILLISECOND);
    assert_refused(&mut world, empty, |world| {
        world.recover(&session, &recovery)
    });
    world.wait(MILLISECOND);
    assert_denied(
        world.recover(&session, "wrong"),
        Denied::InvalidRecoveryCode,
    );
    assert_denied(
        world.recover(&session, &recovery),
        Denied::TooManyFailures {
            retry_at: back + 12 * MINUTE,
        },
    );
    world.wait(6 * MINUTE);
    let session = world.first_factor();
    assert!(world.recover(&session, &recovery).is_ok());
}

#[test]
fn a_clock_that_jumps_a_year_ahead_refills_one_burst_of_each_budget() {
    let mut world = World::new();
    world.enroll(ALICES);
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    world.use_up_failures(&session, &sent);
    world.wait(YEAR);
    let session = world.first_factor();
    for _ in 0..10 {
        world.challenge(&session, None).unwrap();
    }
    let empty = Denied::TooManySends {
        retry_at: world.now + HOUR,
    };
    assert_refused(&mut world, empty, |world| world.challenge(&session, None));
    for _ in 0..10 {
        assert_denied(
            world.recover(&session, "wrong"),
            Denied::InvalidRecoveryCode,
        );
    }
    let empty = Denied::TooManyFailures {
        retry_at: world.now + 6 * MINUTE,
    };
    assert_refused(&mut world, empty, |world| world.recover(&session, "wrong"));
}

#[test]
fn a_reset_by_a_clock_a_year_ahead_shuts_sessions_out_for_the_longest_session_at_most() {
    let mut world = World::new();
    world.wait(YEAR);
    world.reset();
    world.set_back(YEAR);
    let back = world.now;
    assert_denied(associates(&mut world), Denied::SessionRevoked);
    world.wait(DAY - MILLISECOND);
    assert_refused(&mut world, Denied::SessionRevoked, associates);
    world.wait(MILLISECOND);
    assert_eq!(world.now, back + DAY);
    assert!(associates(&mut world).is_ok());
}

#[test]
fn a_reset_by_a_clock_hours_ahead_shuts_sessions_out_no_longer_than_a_policy_of_short_ones() {
    let policy = Policy::auth0().with_longest_session(HOUR).unwrap();
    let mut world = World::of(policy, "auth0|alice");
    world.wait(3 * HOUR);
    world.reset();
    world.set_back(3 * HOUR);
    assert_denied(associates(&mut world), Denied::SessionRevoked);
    world.wait(HOUR - MILLISECOND);
    assert_refused(&mut world, Denied::SessionRevoked, associates);
    world.wait(MILLISECOND);
    assert!(associates(&mut world).is_ok());
}

#[test]
fn a_doubt_that_time_has_ended_shortens_none_that_comes_after() {
    let mut world = World::new();
    world.wait(60 * HOUR);
    world.reset();
    world.set_back(60 * HOUR);
    assert_denied(associates(&mut world), Denied::SessionRevoked);
    // Nobody has asked meanwhile. The reset is within what a session can reach: no longer in doubt.
    world.wait(36 * HOUR);
    assert_denied(associates(&mut world), Denied::SessionRevoked);
    world.set_back(35 * HOUR);
    let back = world.now;
    assert_denied(associates(&mut world), Denied::SessionRevoked);
    world.wait(DAY - MILLISECOND);
    assert_refused(&mut world, Denied::SessionRevoked, associates);
    world.wait(MILLISECOND);
    assert_eq!(world.now, back + DAY);
    assert!(associates(&mut world).is_ok());
}

#[test]
fn a_last_phone_removed_by_a_clock_a_year_ahead_shuts_first_factors_out_no_longer() {
    let mut world = World::new();
    let (phone, _) = world.enroll(ALICES);
    world.wait(YEAR);
    let owner = world.second_factor();
    world.remove(&owner, phone).unwrap();
    world.set_back(YEAR);
    world.wait(HOUR);
    let session = world.first_factor();
    assert_denied(world.associate(&session, ALICES), Denied::SessionRevoked);
    // A full login is not shut out: its budget is what the clock has emptied.
    let owner = world.second_factor();
    assert!(said(world.associate(&owner, ALICES)).starts_with("granted"));
    world.wait(DAY);
    let session = world.first_factor();
    assert!(world.associate(&session, MALLORYS).is_ok());
}

#[test]
fn sessions_pruned_by_a_clock_a_year_ahead_lock_first_factors_no_longer_than_the_longest_session() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    world.wait(YEAR);
    world.sign_in().unwrap();
    world.wait(HOUR);
    // This prunes the session of an hour ago.
    world.sign_in().unwrap();
    world.set_back(YEAR + HOUR);
    let (back, session) = (world.now, world.first_factor());
    assert_denied(world.challenge(&session, None), Denied::TokenExpired);
    // For as long as a session can live the clock is doubted, then it is believed.
    world.wait(DAY - MILLISECOND);
    let session = world.first_factor();
    assert_refused(&mut world, Denied::TokenExpired, |world| {
        world.challenge(&session, None)
    });
    world.wait(MILLISECOND);
    let session = world.first_factor();
    assert_eq!(world.now, back + DAY);
    assert!(world.challenge(&session, None).is_ok());
}

#[test]
fn a_session_spent_with_the_longest_life_is_in_doubt_a_millisecond_earlier_and_not_when_it_was() {
    let mut world = World::new();
    let (_, recovery) = world.enroll(ALICES);
    let longest = world.trusted(Assurance::FirstFactor, "", DAY);
    assert!(world.recover(&longest, &recovery).is_ok());
    assert_refused(&mut world, Denied::SessionSpent, |world| {
        world.challenge(&longest, None)
    });
    // No honest clock can have stored that: the doubt is saved, once.
    world.set_back(MILLISECOND);
    let saves = world.saves;
    let session = world.second_factor();
    let removed = |world: &mut World| world.remove(&session, NO_AUTHENTICATOR.parse().unwrap());
    assert_denied(removed(&mut world), Denied::UnknownAuthenticator);
    assert_eq!(world.saves, saves + 1);
    assert_refused(&mut world, Denied::UnknownAuthenticator, removed);
}

#[test]
fn a_removal_as_far_ahead_as_a_session_can_reach_stands_when_a_reset_of_a_year_ahead_gives_way() {
    let mut world = World::new();
    let start = world.now;
    world.now = start + 2 * DAY;
    let (phone, _) = world.enroll(ALICES);
    let owner = world.second_factor();
    world.remove(&owner, phone).unwrap();
    world.now = start + YEAR;
    world.reset();

    world.now = start;
    let full = world.second_factor();
    assert_denied(world.associate(&full, ALICES), Denied::SessionRevoked);
    world.now = start + DAY;
    let (full, first_factor) = (world.second_factor(), world.first_factor());
    assert_denied(
        world.associate(&first_factor, MALLORYS),
        Denied::SessionRevoked,
    );
    assert_refused(&mut world, Denied::SessionRevoked, |world| {
        world.associate(&first_factor, MALLORYS)
    });
    let pending = world.associate(&full, ALICES).unwrap();
    assert!(world.verify(&full, &pending).is_ok());
    world.now = start + 2 * DAY - MILLISECOND;
    let session = world.first_factor();
    assert_refused(&mut world, Denied::SessionRevoked, |world| {
        world.challenge(&session, None)
    });
    world.wait(MILLISECOND);
    let session = world.first_factor();
    assert!(world.challenge(&session, None).is_ok());
}

#[test]
fn sessions_spent_within_reach_stay_spent_when_that_of_a_clock_a_year_ahead_is_forgotten() {
    let mut world = World::new();
    let start = world.now;
    let (_, recovery) = world.enroll(ALICES);
    let mut recovery = recovery;
    let mut spend = |world: &mut World, life: Duration| {
        let session = world.trusted(Assurance::FirstFactor, "", life);
        let verified = world.recover(&session, &recovery).unwrap();
        recovery = verified.recovery_code().unwrap().expose_secret().into();
        session
    };
    world.now = start + YEAR;
    spend(&mut world, DAY);
    // It expires when a session of the longest life would that begins as the doubt ends.
    world.now = start + 30 * HOUR;
    let furthest = spend(&mut world, 18 * HOUR);
    world.now = start;
    assert_denied(world.challenge(&furthest, None), Denied::SessionTooLong);
    world.wait(HOUR);
    let honest = spend(&mut world, DAY);

    world.now = start + DAY - MILLISECOND;
    assert_refused(&mut world, Denied::SessionSpent, |world| {
        world.challenge(&honest, None)
    });
    world.wait(MILLISECOND);
    let saves = world.saves;
    assert_denied(world.challenge(&honest, None), Denied::SessionSpent);
    assert_eq!(world.saves, saves + 1, "the end of the doubt is saved");
    for session in [&honest, &furthest] {
        assert_refused(&mut world, Denied::SessionSpent, |world| {
            world.challenge(session, None)
        });
    }
}

// Two servers whose clocks differ, and an attacker who asks them in turn.

#[test]
fn clocks_that_differ_by_less_than_a_day_refill_no_budget_between_them() {
    for skew in [MILLISECOND, MINUTE, 6 * MINUTE, HOUR, DAY] {
        let mut world = World::new();
        world.import(ALICES).unwrap();
        world.wait(2 * DAY);
        let session = world.trusted(Assurance::FirstFactor, "", HOUR);
        for _ in 0..10 {
            world.challenge(&session, None).unwrap();
        }
        let sent_out = Denied::TooManySends {
            retry_at: world.now + HOUR,
        };
        let other = world.second_factor();
        for _ in 0..20 {
            world.set_back(skew);
            assert!(world.challenge(&other, None).is_err(), "{skew:?}");
            world.wait(skew);
            assert_refused(&mut world, sent_out, |world| {
                world.challenge(&session, None)
            });
        }
    }
}

#[test]
fn policies_that_differ_refill_no_budget_between_them() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    let empty = Denied::TooManyFailures {
        retry_at: world.use_up_failures(&session, &sent),
    };
    let swift = RateLimit::new(5, MINUTE).unwrap();
    let swift = Policy::auth0().with_binding_failures(swift).unwrap();
    let other = Engine::new(swift, KeyRing::new(Key::new(1, &[7; 32])));
    let slow = std::mem::replace(&mut world.engine, other);
    assert!(world.verify(&session, &sent).is_err());
    world.engine = slow;
    assert_refused(&mut world, empty, |world| world.verify(&session, &sent));
}

#[test]
fn a_clock_two_days_behind_revives_no_session_of_before_a_reset() {
    let mut world = World::new();
    world.enroll(ALICES);
    let session = world.first_factor();
    world.wait(MINUTE);
    world.reset();
    world.set_back(2 * DAY);
    assert_denied(world.associate(&session, MALLORYS), Denied::SessionTooLong);
    world.wait(2 * DAY);
    assert_denied(world.associate(&session, MALLORYS), Denied::SessionRevoked);
    let fresh = world.first_factor();
    assert!(world.associate(&fresh, ALICES).is_ok());
}

#[test]
fn a_lock_that_a_clock_ahead_has_left_ends_a_day_after_the_request_that_comes_a_day_later() {
    let ahead = 2 * DAY + 22 * HOUR;
    let met = || {
        let mut world = World::new();
        world.enroll(ALICES);
        world.wait(HOUR);
        world.wait(ahead);
        world.reset();
        world.set_back(ahead);
        assert_denied(associates(&mut world), Denied::SessionRevoked);
        world
    };
    // From a day after the first request on, the next one ends it.
    let mut world = met();
    world.wait(DAY - MILLISECOND);
    assert_denied(associates(&mut world), Denied::SessionRevoked);
    world.wait(MILLISECOND);
    assert!(associates(&mut world).is_ok());
    // Where that comes so late that the moment no longer lies a day ahead, it lasts until then.
    let mut world = met();
    world.wait(ahead - DAY);
    assert_denied(associates(&mut world), Denied::SessionRevoked);
    world.wait(DAY - MILLISECOND);
    assert_denied(associates(&mut world), Denied::SessionRevoked);
    world.wait(MILLISECOND);
    assert!(associates(&mut world).is_ok());
}

#[test]
fn a_clock_two_days_behind_revives_no_spent_session() {
    let mut world = World::new();
    let (_, recovery) = world.enroll(ALICES);
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    world.verify(&session, &sent).unwrap();
    world.wait(11 * MINUTE);
    // This forgets the session, but for the time through which it did.
    world.sign_in().unwrap();
    world.set_back(2 * DAY);
    let other = world.first_factor();
    assert!(world.recover(&other, "wrong").is_err());
    world.wait(2 * DAY - 10 * MINUTE);
    assert!(session.expires_at() > world.now);
    assert_denied(world.recover(&session, &recovery), Denied::TokenExpired);
}

#[test]
fn of_spent_sessions_that_are_forgotten_at_once_none_comes_back_with_a_clock_set_back() {
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
        world.set_back(20 * MINUTE);
        for session in &spent {
            assert!(session.expires_at() > world.now);
            assert_refused(&mut world, Denied::TokenExpired, |world| {
                world.recover(session, &recovery)
            });
        }
    }
}

#[test]
fn a_code_issued_by_a_clock_ahead_is_not_live_before_its_issue_and_not_twice() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    world.wait(HOUR);
    let session = world.trusted(Assurance::FirstFactor, "", HOUR);
    let sent = world.challenge(&session, None).unwrap();
    world.set_back(MILLISECOND);
    assert_refused(&mut world, Denied::OobCodeExpired, |world| {
        world.verify(&session, &sent)
    });
    world.wait(MILLISECOND);
    assert!(world.verify(&session, &sent).is_ok());
    // Used up, and the clock brings neither the code nor the session back.
    world.set_back(MILLISECOND);
    assert_refused(&mut world, Denied::SessionSpent, |world| {
        world.verify(&session, &sent)
    });
}

#[test]
fn a_code_swept_after_its_expiry_stays_dead_for_a_clock_set_back() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    world.wait(5 * MINUTE);
    let other = world.first_factor();
    world.challenge(&other, None).unwrap();
    world.set_back(MINUTE);
    assert_refused(&mut world, Denied::OobCodeExpired, |world| {
        world.verify(&session, &sent)
    });
}

// Recovery codes of enrollments that were not confirmed.

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
        // Before either: no account has a recovery code, and nothing is charged.
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
fn a_recovery_code_of_an_enrollment_begun_anew_is_the_last_one_shown() {
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
fn a_recovery_code_is_drawn_anew_where_there_is_a_phone_and_the_policy_makes_any() {
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
    let keys = KeyRing::new(Key::new(1, &[7; 32]));
    let issuing = std::mem::replace(&mut world.engine, Engine::new(without, keys));
    assert_refused(&mut world, Denied::NoRecoveryCode, |world| {
        world.regenerate(&owner)
    });
    // The one that there is still works, and is the last.
    let verified = world.recover(&session, renewed.expose_secret()).unwrap();
    assert!(verified.recovery_code().is_none());
    let session = world.first_factor();
    assert_refused(&mut world, Denied::NoRecoveryCode, |world| {
        world.recover(&session, renewed.expose_secret())
    });
    world.engine = issuing;
    let anew = world.regenerate(&owner).unwrap();
    assert!(world.recover(&session, anew.expose_secret()).is_ok());
}

#[test]
fn a_recovery_code_drawn_anew_voids_that_of_an_enrollment_under_way() {
    let mut world = World::new();
    let owner = world.second_factor();
    let further = world.associate(&owner, MALLORYS).unwrap();
    let shown = further.recovery_code.clone().unwrap();
    // It comes without a recovery code, and leaves what a full login has begun.
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

// Budgets.

#[test]
fn a_resend_resets_neither_the_budget_nor_the_failures_of_the_phone() {
    let policy = Policy::auth0().with_failure_cap(Some(6)).unwrap();
    let mut world = World::of(policy, "auth0|alice");
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    let start = world.now;
    for failures in 1..=5 {
        // A new challenge each time.
        let sent = world.challenge(&session, None).unwrap();
        assert_denied(
            world.verify(&session, &sent.wrong()),
            Denied::InvalidBindingCode,
        );
        let wrong = Event::WrongBindingCode {
            authenticator: sent.authenticator,
            failures,
        };
        assert_eq!(world.events, [wrong]);
    }
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    assert_denied(
        world.verify(&session, &sent.wrong()),
        Denied::InvalidBindingCode,
    );
    assert_eq!(world.list()[0].1, AuthenticatorStatus::Disabled);
    let stored = serde_json::to_value(&world.account).unwrap();
    let full_at = start + 6 * 6 * MINUTE;
    assert_eq!(
        stored["budgets"]["binding_failures"],
        full_at.unix_timestamp() * 1_000
    );
    let full_at = start + 6 * HOUR;
    assert_eq!(stored["budgets"]["sends"], full_at.unix_timestamp() * 1_000);
}

#[test]
fn a_resend_starts_the_attempts_of_its_own_challenge_and_costs_a_send() {
    let policy = Policy::auth0()
        .with_attempts_per_challenge(Some(2))
        .unwrap();
    let mut world = World::of(policy, "auth0|alice");
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    let mut judged = 0;
    for _ in 0..5 {
        let sent = world.challenge(&session, None).unwrap();
        for _ in 0..2 {
            assert_denied(
                world.verify(&session, &sent.wrong()),
                Denied::InvalidBindingCode,
            );
            judged += 1;
        }
        // Out of attempts: the right code too.
        assert_refused(&mut world, Denied::OobCodeUnknown, |world| {
            world.verify(&session, &sent)
        });
    }
    assert_eq!(judged, 10);
    let sent = world.challenge(&session, None).unwrap();
    let empty = Denied::TooManyFailures {
        retry_at: world.now + 6 * MINUTE,
    };
    assert_refused(&mut world, empty, |world| world.verify(&session, &sent));
}

#[test]
fn a_policy_that_allows_fewer_attempts_holds_for_codes_that_are_out() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    for _ in 0..3 {
        assert_denied(
            world.verify(&session, &sent.wrong()),
            Denied::InvalidBindingCode,
        );
    }
    let allowing = |attempts| {
        let policy = Policy::auth0().with_attempts_per_challenge(Some(attempts));
        Engine::new(policy.unwrap(), KeyRing::new(Key::new(1, &[7; 32])))
    };
    for attempts in [1, 3] {
        world.engine = allowing(attempts);
        for answer in [&sent, &sent.wrong()] {
            assert_refused(&mut world, Denied::OobCodeUnknown, |world| {
                world.verify(&session, answer)
            });
        }
    }
    world.engine = allowing(4);
    assert!(world.verify(&session, &sent).is_ok());
}

#[test]
fn a_challenge_whose_attempts_are_spent_leaves_the_record() {
    let policy = Policy::auth0().with_attempts_per_challenge(Some(2));
    let mut world = World::of(policy.unwrap(), "auth0|alice");
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    for left in [1, 0] {
        let wrong = world.verify(&session, &sent.wrong());
        assert_denied(wrong, Denied::InvalidBindingCode);
        assert_eq!(pending(&world), left);
    }
    assert_refused(&mut world, Denied::OobCodeUnknown, |world| {
        world.verify(&session, &sent)
    });
}

#[test]
fn with_an_empty_budget_the_right_code_hears_what_a_wrong_one_hears() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    let retry_at = world.use_up_failures(&session, &sent);
    assert_eq!(retry_at, world.now + 6 * MINUTE);
    let empty = Denied::TooManyFailures { retry_at };
    for answer in [
        sent.clone(),
        sent.wrong(),
        sent.with_code(""),
        sent.with_code("123456789"),
    ] {
        assert_refused(&mut world, empty, |world| world.verify(&session, &answer));
    }
    // The code was not used up by it. By the time one is back, it has expired; a new one is sent.
    world.wait(6 * MINUTE - MILLISECOND);
    let resent = world.challenge(&session, None).unwrap();
    assert_refused(&mut world, empty, |world| world.verify(&session, &resent));
    world.wait(MILLISECOND);
    assert_refused(&mut world, Denied::OobCodeExpired, |world| {
        world.verify(&session, &sent)
    });
    assert!(world.verify(&session, &resent).is_ok());
}

#[test]
fn an_answer_of_any_wrong_shape_is_charged_as_a_wrong_code() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    let padded = format!("{} ", sent.code);
    let prefixed = format!("0{}", sent.code);
    let shapes = [
        "",
        "1",
        "12345",
        "1234567",
        "123456789",
        "abcdef",
        "\u{ff11}",
        "12345\0",
    ];
    for code in shapes
        .into_iter()
        .chain([padded.as_str(), prefixed.as_str()])
    {
        let answer = sent.with_code(code);
        assert_denied(world.verify(&session, &answer), Denied::InvalidBindingCode);
    }
    let empty = Denied::TooManyFailures {
        retry_at: world.now + 6 * MINUTE,
    };
    assert_refused(&mut world, empty, |world| world.verify(&session, &sent));
}

#[test]
fn a_success_refills_no_budget() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    for _ in 0..9 {
        assert_denied(
            world.verify(&session, &sent.wrong()),
            Denied::InvalidBindingCode,
        );
    }
    world.verify(&session, &sent).unwrap();
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    assert_denied(
        world.verify(&session, &sent.wrong()),
        Denied::InvalidBindingCode,
    );
    let empty = Denied::TooManyFailures {
        retry_at: world.now + 6 * MINUTE,
    };
    assert_refused(&mut world, empty, |world| world.verify(&session, &sent));
}

#[test]
fn neither_removal_nor_a_reset_nor_a_new_enrollment_refills_a_budget() {
    let mut world = World::new();
    let (phone, _) = world.enroll(ALICES);
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    let retry_at = world.use_up_failures(&session, &sent);
    for _ in 0..8 {
        world.challenge(&session, None).unwrap();
    }
    let owner = world.second_factor();
    world.remove(&owner, phone).unwrap();
    world.reset();
    let session = world.first_factor();
    let empty = Denied::TooManySends {
        retry_at: world.now + HOUR,
    };
    assert_refused(&mut world, empty, |world| world.associate(&session, ALICES));
    world.import(ALICES).unwrap();
    assert_refused(&mut world, empty, |world| world.challenge(&session, None));
    // Nor are the wrong codes forgotten.
    let stored = serde_json::to_value(&world.account).unwrap();
    let full_at = (retry_at + 54 * MINUTE).unix_timestamp() * 1_000;
    assert_eq!(stored["budgets"]["binding_failures"], full_at);
}

#[test]
fn whoever_uses_up_the_wrong_binding_codes_does_not_block_recovery_nor_the_reverse() {
    let mut world = World::new();
    let (_, recovery) = world.enroll(ALICES);
    let mallory = world.first_factor();
    let attack = world.challenge(&mallory, None).unwrap();
    world.use_up_failures(&mallory, &attack);
    let alice = world.first_factor();
    let verified = world.recover(&alice, &recovery).unwrap();
    let recovery = verified.recovery_code().unwrap().expose_secret().to_owned();

    world.wait(DAY);
    let mallory = world.first_factor();
    for _ in 0..10 {
        assert_denied(
            world.recover(&mallory, "wrong"),
            Denied::InvalidRecoveryCode,
        );
    }
    let empty = Denied::TooManyFailures {
        retry_at: world.now + 6 * MINUTE,
    };
    assert_refused(&mut world, empty, |world| {
        world.recover(&mallory, &recovery)
    });
    assert!(world.sign_in().is_ok());
}

#[test]
fn ten_messages_leave_and_then_one_an_hour_whoever_asks_and_for_what() {
    let mut world = World::new();
    let start = world.now;
    world.enroll(ALICES);
    let owner = world.second_factor();
    for number in 0..4 {
        world
            .associate(&owner, &format!("+1415555000{number}"))
            .unwrap();
    }
    for _ in 0..5 {
        let session = world.first_factor();
        world.challenge(&session, None).unwrap();
    }
    let empty = Denied::TooManySends {
        retry_at: start + HOUR,
    };
    let session = world.first_factor();
    assert_refused(&mut world, empty, |world| world.challenge(&session, None));
    assert_refused(&mut world, empty, |world| world.associate(&owner, MALLORYS));
}

// One session against another.

#[test]
fn the_last_of_each_budget_is_told_with_when_one_will_be_back() {
    let mut world = World::new();
    let (phone, _) = world.enroll(ALICES);
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    let issued = Event::CodeIssued {
        authenticator: phone,
        phone: ALICES.parse().unwrap(),
    };
    let reached = |world: &World, limit, after| Event::LimitReached {
        limit,
        retry_at: world.now + after,
    };
    for failures in 1..=10 {
        let wrong = world.verify(&session, &sent.wrong());
        assert_denied(wrong, Denied::InvalidBindingCode);
        let told = Event::WrongBindingCode {
            authenticator: phone,
            failures,
        };
        let last = reached(&world, Limit::BindingFailures, 6 * MINUTE);
        assert_eq!(
            world.events,
            [told, last][..1 + usize::from(failures == 10)]
        );
    }
    for failures in 1..=10 {
        let wrong = world.recover(&session, "wrong");
        assert_denied(wrong, Denied::InvalidRecoveryCode);
        let told = Event::WrongRecoveryCode { failures };
        let last = reached(&world, Limit::RecoveryFailures, 6 * MINUTE);
        assert_eq!(
            world.events,
            [told, last][..1 + usize::from(failures == 10)]
        );
    }
    // Two have been sent: to enroll, and to sign in.
    for sends in 3..=10 {
        world.challenge(&session, None).unwrap();
        let last = reached(&world, Limit::Sends, HOUR);
        assert_eq!(world.events, [issued, last][..1 + usize::from(sends == 10)]);
    }
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
    assert_refused(&mut world, Denied::OobCodeOfAnotherSession, |world| {
        world.verify(&mallory, &honest.wrong())
    });
    assert_refused(&mut world, Denied::OobCodeOfAnotherSession, |world| {
        world.verify(&alice, &attack)
    });
    world.verify(&alice, &honest).unwrap();
    assert_refused(&mut world, Denied::SessionSpent, |world| {
        world.verify(&alice, &honest)
    });
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
    let sent = world.challenge(&owner, None).unwrap();
    assert_eq!(
        world.verify(&owner, &sent).unwrap().purpose(),
        Purpose::Login
    );
    assert_refused(&mut world, Denied::OobCodeUnknown, |world| {
        world.verify(&owner, &sent)
    });
}

// The failure cap.

#[test]
fn the_failure_cap_disables_a_phone_and_recovery_and_a_new_binding_still_work() {
    let policy = Policy::auth0().with_failure_cap(Some(3)).unwrap();
    let mut world = World::of(policy, "auth0|alice");
    let (phone, recovery) = world.enroll(ALICES);
    let (alice, mallory) = (world.first_factor(), world.first_factor());
    let honest = world.challenge(&alice, None).unwrap();
    let attack = world.challenge(&mallory, None).unwrap();
    for _ in 0..2 {
        assert_denied(
            world.verify(&mallory, &attack.wrong()),
            Denied::InvalidBindingCode,
        );
        assert_eq!(world.list()[1].1, AuthenticatorStatus::Active);
    }
    assert_denied(
        world.verify(&mallory, &attack.wrong()),
        Denied::InvalidBindingCode,
    );
    let device = attack.device();
    let disabled = Event::AuthenticatorDisabled {
        device,
        phone: ALICES.parse().unwrap(),
    };
    assert!(world.events.contains(&disabled));
    let statuses: Vec<_> = world.list().into_iter().map(|(_, status)| status).collect();
    assert_eq!(
        statuses,
        [
            AuthenticatorStatus::Active,
            AuthenticatorStatus::Disabled,
            AuthenticatorStatus::Disabled
        ]
    );
    // Every code that was out for it is gone, and no more is sent.
    assert_refused(&mut world, Denied::OobCodeUnknown, |world| {
        world.verify(&alice, &honest)
    });
    for authenticator in [None, Some(phone)] {
        assert_refused(&mut world, Denied::InvalidAuthenticator, |world| {
            world.challenge(&alice, authenticator)
        });
    }
    // It still guards the account.
    assert_refused(&mut world, Denied::AlreadyEnrolled, |world| {
        world.associate(&alice, MALLORYS)
    });
    let requirements = Requirements::Challenge {
        phone: false,
        recovery_code: true,
    };
    assert_eq!(world.account.requirements(), requirements);

    world.recover(&alice, &recovery).unwrap();
    let owner = world.second_factor();
    assert_refused(&mut world, Denied::PhoneAlreadyEnrolled, |world| {
        world.associate(&owner, ALICES)
    });
    world.remove(&owner, phone).unwrap();
    let sent = world.associate(&owner, ALICES).unwrap();
    world.verify(&owner, &sent).unwrap();
    assert_ne!(sent.device(), device);
    assert!(world.sign_in().is_ok());
}

#[test]
fn a_success_starts_the_count_of_the_failure_cap_anew_for_its_own_phone_only() {
    let policy = Policy::auth0().with_failure_cap(Some(2)).unwrap();
    let mut world = World::of(policy, "auth0|alice");
    let first = world.import(ALICES).unwrap();
    let second = world.import("+14155558731").unwrap();
    // The success comes last: it finds a wrong code for each.
    for phone in [second, first] {
        let session = world.first_factor();
        let sent = world.challenge(&session, Some(phone)).unwrap();
        assert_denied(
            world.verify(&session, &sent.wrong()),
            Denied::InvalidBindingCode,
        );
        if phone == first {
            world.verify(&session, &sent).unwrap();
        }
    }
    for (phone, status) in [
        (first, AuthenticatorStatus::Active),
        (second, AuthenticatorStatus::Disabled),
    ] {
        let session = world.first_factor();
        let sent = world.challenge(&session, Some(phone)).unwrap();
        assert_denied(
            world.verify(&session, &sent.wrong()),
            Denied::InvalidBindingCode,
        );
        let listed = world
            .list()
            .into_iter()
            .find(|(id, _)| *id == phone.to_string())
            .unwrap();
        assert_eq!(listed.1, status);
    }
}

// Two ways onto one account at once.

#[test]
fn an_import_while_somebody_enrolls_drops_what_no_second_factor_began() {
    let mut world = World::new();
    let (mallory, owner) = (world.first_factor(), world.second_factor());
    let attack = world.associate(&mallory, MALLORYS).unwrap();
    let further = world.associate(&owner, "+14155558731").unwrap();
    world.import(ALICES).unwrap();
    assert_refused(&mut world, Denied::AlreadyEnrolled, |world| {
        world.verify(&mallory, &attack)
    });
    let dead = attack.recovery_code.unwrap();
    assert_refused(&mut world, Denied::NoRecoveryCode, |world| {
        world.recover(&mallory, &dead)
    });
    // A full login goes on, and brings the recovery code that an import does not.
    world.verify(&owner, &further).unwrap();
    let session = world.first_factor();
    assert!(
        world
            .recover(&session, &further.recovery_code.unwrap())
            .is_ok()
    );
}

#[test]
fn a_phone_is_neither_associated_nor_imported_by_a_channel_that_is_not_enabled() {
    let by_calls = Policy::auth0().with_channels(Channels::Voice);
    let mut world = World::of(by_calls, "auth0|alice");
    let session = world.first_factor();
    assert_refused(&mut world, Denied::ChannelUnavailable, |world| {
        world.associate(&session, ALICES)
    });
    assert_refused(&mut world, Denied::ChannelUnavailable, |world| {
        world.import(ALICES)
    });
}

#[test]
fn an_import_of_a_number_under_enrollment_leaves_it_with_one_device() {
    let mut world = World::new();
    let owner = world.second_factor();
    let sent = world.associate(&owner, ALICES).unwrap();
    world.import(ALICES).unwrap();
    assert_refused(&mut world, Denied::PhoneAlreadyEnrolled, |world| {
        world.verify(&owner, &sent)
    });
}

#[test]
fn a_number_enrolled_by_two_full_logins_is_enrolled_once() {
    let mut world = World::new();
    world.enroll(ALICES);
    let (here, there) = (world.second_factor(), world.second_factor());
    let number = "+14155558731";
    let first = world.associate(&here, number).unwrap();
    let second = world.associate(&there, number).unwrap();
    assert_ne!(first.device(), second.device());
    world.verify(&here, &first).unwrap();
    assert_refused(&mut world, Denied::PhoneAlreadyEnrolled, |world| {
        world.verify(&there, &second)
    });
    assert_refused(&mut world, Denied::PhoneAlreadyEnrolled, |world| {
        world.associate(&there, number)
    });
    let phones = world
        .list()
        .into_iter()
        .filter(|(id, _)| id.starts_with("sms"))
        .count();
    // The two that are confirmed, and the enrollment that can never be.
    assert_eq!(phones, 3);
    world.wait(5 * MINUTE);
    let phones = world
        .list()
        .into_iter()
        .filter(|(id, _)| id.starts_with("sms"))
        .count();
    assert_eq!(phones, 2);
}

#[test]
fn a_phone_too_many_is_refused_on_association_and_on_confirmation() {
    let policy = Policy::auth0().with_max_phones(2).unwrap();
    let mut world = World::of(policy, "auth0|alice");
    world.enroll(ALICES);
    let (here, there) = (world.second_factor(), world.second_factor());
    let first = world.associate(&here, "+14155558731").unwrap();
    let second = world.associate(&there, "+14155558732").unwrap();
    world.verify(&here, &first).unwrap();
    assert_refused(&mut world, Denied::TooManyPhones, |world| {
        world.verify(&there, &second)
    });
    assert_refused(&mut world, Denied::TooManyPhones, |world| {
        world.associate(&there, "+14155558733")
    });
    assert_refused(&mut world, Denied::TooManyPhones, |world| {
        world.import("+14155558734")
    });
}

#[test]
fn an_unconfirmed_phone_is_challenged_by_nobody() {
    let mut world = World::new();
    let mallory = world.first_factor();
    let attack = world.associate(&mallory, MALLORYS).unwrap();
    for authenticator in [None, Some(attack.authenticator)] {
        assert_refused(&mut world, Denied::NotEnrolled, |world| {
            world.challenge(&mallory, authenticator)
        });
    }
    let mut world = World::new();
    world.enroll(ALICES);
    let owner = world.second_factor();
    let further = world.associate(&owner, MALLORYS).unwrap();
    assert_refused(&mut world, Denied::InvalidAuthenticator, |world| {
        world.challenge(&owner, Some(further.authenticator))
    });
}

// The end of a code.

#[test]
fn a_code_is_good_from_its_issue_to_the_millisecond_before_its_expiry() {
    for (span, is_good) in [
        (std::time::Duration::ZERO, true),
        (5 * MINUTE - MILLISECOND, true),
        (5 * MINUTE, false),
        (5 * MINUTE + MILLISECOND, false),
    ] {
        let mut world = World::new();
        world.import(ALICES).unwrap();
        let session = world.first_factor();
        let sent = world.challenge(&session, None).unwrap();
        world.wait(span);
        let verified = said(world.verify(&session, &sent));
        assert_eq!(
            verified,
            if is_good {
                "granted"
            } else {
                "oob_code is expired"
            },
            "{span:?}"
        );
    }
}

#[test]
fn a_late_answer_hears_that_it_is_late_until_ten_minutes_after_the_issue() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let session = world.trusted(Assurance::FirstFactor, "", HOUR);
    let sent = world.challenge(&session, None).unwrap();
    let sweep = |world: &mut World| {
        let other = world.first_factor();
        world.challenge(&other, None).unwrap();
    };
    world.wait(10 * MINUTE - MILLISECOND);
    sweep(&mut world);
    let (expired, unknown) = (Denied::OobCodeExpired, Denied::OobCodeUnknown);
    assert_refused(&mut world, expired, |world| world.verify(&session, &sent));
    assert_refused(&mut world, expired, |world| {
        world.verify(&session, &sent.wrong())
    });
    // Then nobody knows it, whether or not something was written since.
    world.wait(MILLISECOND);
    assert_refused(&mut world, unknown, |world| world.verify(&session, &sent));
    sweep(&mut world);
    assert_refused(&mut world, unknown, |world| world.verify(&session, &sent));
    assert_eq!(said(world.verify(&session, &sent)), "Malformed oob_code");
}

#[test]
fn a_code_that_was_used_or_superseded_is_unknown_at_once() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let owner = world.second_factor();
    let first = world.challenge(&owner, None).unwrap();
    let second = world.challenge(&owner, None).unwrap();
    assert_refused(&mut world, Denied::OobCodeUnknown, |world| {
        world.verify(&owner, &first)
    });
    world.verify(&owner, &second).unwrap();
    assert_refused(&mut world, Denied::OobCodeUnknown, |world| {
        world.verify(&owner, &second)
    });
}

#[test]
fn a_code_by_voice_supersedes_one_by_sms_of_the_same_session() {
    let mut world = World::new();
    let phone = world.import(ALICES).unwrap();
    let AuthenticatorId::Phone(_, device) = phone else {
        panic!("{phone}")
    };
    let session = world.first_factor();
    let by_sms = world.challenge(&session, Some(phone)).unwrap();
    let voice = AuthenticatorId::Phone(Channel::Voice, device);
    let by_voice = world.challenge(&session, Some(voice)).unwrap();
    assert_refused(&mut world, Denied::OobCodeUnknown, |world| {
        world.verify(&session, &by_sms)
    });
    let verified = world.verify(&session, &by_voice).unwrap();
    assert_eq!(verified.channel(), Some(Channel::Voice));
}

// Who names no phone gets the one that was used last.

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
    // By the channel, too, that was used last.
    let AuthenticatorId::Phone(_, device) = second else {
        panic!("{second}")
    };
    let by_voice = AuthenticatorId::Phone(Channel::Voice, device);
    assert_eq!(sign_in(&mut world, Some(by_voice)), by_voice);
    assert_eq!(sign_in(&mut world, None), by_voice);
}

#[test]
fn a_phone_last_used_by_a_channel_that_is_off_now_is_challenged_by_the_other() {
    for (used, left, channels) in [
        (Channel::Voice, Channel::Sms, Channels::Sms),
        (Channel::Sms, Channel::Voice, Channels::Voice),
    ] {
        let mut world = World::new();
        let (phone, _) = world.enroll(ALICES);
        let AuthenticatorId::Phone(_, device) = phone else {
            panic!("{phone}")
        };
        let session = world.first_factor();
        let by_used = AuthenticatorId::Phone(used, device);
        let sent = world.challenge(&session, Some(by_used)).unwrap();
        world.verify(&session, &sent).unwrap();
        let policy = Policy::auth0().with_channels(channels);
        world.engine = Engine::new(policy, KeyRing::new(Key::new(1, &[7; 32])));
        let session = world.first_factor();
        assert_refused(&mut world, Denied::InvalidAuthenticator, |world| {
            world.challenge(&session, Some(by_used))
        });
        let sent = world.challenge(&session, None).unwrap();
        assert_eq!(sent.authenticator, AuthenticatorId::Phone(left, device));
    }
}

#[test]
fn a_code_made_with_a_key_that_was_dropped_has_expired_and_is_not_charged() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    let renewed = || KeyRing::new(Key::new(2, &[8; 32]));
    world.engine = Engine::new(Policy::auth0(), renewed());
    assert_refused(&mut world, Denied::OobCodeExpired, |world| {
        world.verify(&session, &sent)
    });
    let rotated = renewed().with_previous(Key::new(1, &[7; 32])).unwrap();
    world.engine = Engine::new(Policy::auth0(), rotated);
    assert!(world.verify(&session, &sent).is_ok());
}
