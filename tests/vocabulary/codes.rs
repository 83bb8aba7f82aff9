//! The id of a delivery follows its message, from the send to success or to the event that drops the code.

use super::*;

/// The event of a dropped code.
fn dropped(world: &World, sent: &Sent) -> Event {
    Event::CodeDropped {
        authenticator: sent.authenticator,
        delivery: world.delivery_of(sent),
    }
}

/// 2 codes to the phone, of 2 sessions.
fn two_codes(world: &mut World) -> [(MfaSession, Sent); 2] {
    [(); 2].map(|()| {
        let session = world.first_factor();
        let sent = world.challenge(&session, None).unwrap();
        (session, sent)
    })
}

#[test]
fn a_new_code_drops_the_one_that_it_supersedes_and_no_other() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let [(session, first), (_, others)] = two_codes(&mut world);
    let second = world.challenge_by(&session, None, Some(Channel::Voice));
    let second = second.unwrap();
    let issued = Event::CodeIssued {
        authenticator: second.authenticator,
        phone: ALICES.parse().unwrap(),
        delivery: world.delivery_of(&second),
    };
    assert_eq!(world.events, [issued, dropped(&world, &first)]);
    assert_ne!(first.authenticator, second.authenticator);
    world
        .challenge(&session, Some(first.authenticator))
        .unwrap();
    assert_eq!(world.events[1..], [dropped(&world, &second)]);
    assert_ne!(world.delivery_of(&first), world.delivery_of(&others));
}

#[test]
fn the_last_attempt_drops_its_code() {
    let policy = Policy::auth0().with_attempts_per_challenge(Some(2));
    let mut world = World::of(policy.unwrap(), "auth0|alice");
    world.import(ALICES).unwrap();
    let [(session, sent), _] = two_codes(&mut world);
    for failures in [1, 2] {
        world.verify(&session, &sent.wrong()).unwrap_err();
        let wrong = Event::WrongBindingCode {
            authenticator: sent.authenticator,
            failures,
            delivery: world.delivery_of(&sent),
        };
        let events = [wrong, dropped(&world, &sent)];
        assert_eq!(world.events, events[..1 + usize::from(failures == 2)]);
    }
}

#[test]
fn a_phone_that_is_disabled_drops_the_codes_of_every_session() {
    let policy = Policy::auth0().with_failure_cap(Some(1)).unwrap();
    let mut world = World::of(policy, "auth0|alice");
    world.import(ALICES).unwrap();
    let [(_, first), (session, second)] = two_codes(&mut world);
    world.verify(&session, &second.wrong()).unwrap_err();
    assert_eq!(
        world.events[1..],
        [
            Event::AuthenticatorDisabled {
                device: second.device(),
                phone: ALICES.parse().unwrap(),
            },
            dropped(&world, &first),
            dropped(&world, &second),
        ]
    );
}

#[test]
fn a_phone_that_is_removed_drops_its_codes() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    world.import(MALLORYS).unwrap();
    let [(_, first), (_, second)] = two_codes(&mut world);
    let device = first.device();
    world.remove_phone(device).unwrap();
    let removed = Event::AuthenticatorRemoved {
        device,
        phone: MALLORYS.parse().unwrap(),
    };
    let events = [removed, dropped(&world, &first), dropped(&world, &second)];
    assert_eq!(world.events, events);
}

#[test]
fn a_login_by_either_code_drops_the_other_codes_of_its_session() {
    let mut world = World::new();
    let (alices, recovery_code) = world.enroll(ALICES);
    let mallorys = world.import(MALLORYS).unwrap();
    for by_recovery_code in [false, true] {
        let (session, other) = (world.first_factor(), world.first_factor());
        let first = world.challenge(&session, Some(alices)).unwrap();
        let second = world.challenge(&session, Some(mallorys)).unwrap();
        world.challenge(&other, Some(mallorys)).unwrap();
        let lost = [dropped(&world, &first), dropped(&world, &second)];
        if by_recovery_code {
            world.recover(&session, &recovery_code).unwrap();
            assert_eq!(world.events[2].name(), "authenticated");
            assert_eq!(world.events[3..], lost);
        } else {
            world.verify(&session, &first).unwrap();
            assert_eq!(world.events[0].name(), "authenticated");
            assert_eq!(world.events[1..], lost[1..]);
        }
    }
}

#[test]
fn the_first_phone_drops_the_codes_of_other_enrollments() {
    let mut world = World::new();
    let [mine, others] = [ALICES, MALLORYS].map(|phone| {
        let session = world.first_factor();
        let sent = world.associate(&session, phone).unwrap();
        (session, sent)
    });
    let mut imported = world.clone();
    imported.import("+14155550100").unwrap();
    let lost = [&mine.1, &others.1].map(|sent| dropped(&world, sent));
    assert_eq!(imported.events[0].name(), "authenticator_added");
    assert_eq!(imported.events[1..], lost);

    world.verify(&mine.0, &mine.1).unwrap();
    assert_eq!(world.events[0].name(), "authenticator_added");
    assert_eq!(world.events[1], lost[1]);
    let names: Vec<_> = world.events[2..].iter().map(Event::name).collect();
    assert_eq!(names, ["recovery_code_replaced", "authenticated"]);
    // It was discarded before, so it is not dropped again.
    world.reset();
    assert_eq!(world.events, [Event::AccountReset]);
}

#[test]
fn an_administrator_who_removes_everything_drops_every_code() {
    type Administer = fn(&mut World);
    let cases: [(Event, Administer); 3] = [
        (Event::AccountReset, |world| world.reset()),
        (Event::AccountErased, |world| {
            world.erase();
        }),
        (Event::ClockRewound, |world| {
            world.set_back(HOUR);
            world.rewind().unwrap();
        }),
    ];
    for (event, administer) in cases {
        let mut world = World::new();
        world.import(ALICES).unwrap();
        let [(_, first), (_, second)] = two_codes(&mut world);
        administer(&mut world);
        let events = [event, dropped(&world, &first), dropped(&world, &second)];
        assert_eq!(world.events, events);
    }
}

#[test]
fn a_code_that_expires_logs_nothing() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    world.challenge(&session, None).unwrap();
    world.wait(5 * MINUTE);
    let sent = world.challenge(&session, None).unwrap();
    let issued = Event::CodeIssued {
        authenticator: sent.authenticator,
        phone: ALICES.parse().unwrap(),
        delivery: world.delivery_of(&sent),
    };
    assert_eq!(world.events, [issued]);
    world.wait(5 * MINUTE);
    world.reset();
    assert_eq!(world.events, [Event::AccountReset]);
}
