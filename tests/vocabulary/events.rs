use time::UtcDateTime;

use super::*;

/// The logged events, and the expected ones.
type Logged = (Vec<Event>, Vec<Event>);

/// The events of the last saved transition.
fn logged_by(world: &World, expected: impl IntoIterator<Item = Event>) -> Logged {
    (world.events.clone(), expected.into_iter().collect())
}

fn limit_reached(limit: Limit, retry_at: UtcDateTime) -> Event {
    Event::LimitReached { limit, retry_at }
}

/// An owner enrolls, signs in, recovers and removes the phone.
fn of_an_owner() -> Vec<Logged> {
    let mut world = World::new();
    let phone: PhoneNumber = ALICES.parse().unwrap();
    let session = world.first_factor();
    let sent = world.associate(&session, ALICES).unwrap();
    let (authenticator, device) = (sent.authenticator, sent.device());
    let issued = |delivery| Event::CodeIssued {
        authenticator,
        phone,
        delivery,
    };
    let signed_in = |delivery| Event::Authenticated {
        authenticator,
        delivery: Some(delivery),
    };
    let first = world.delivery_of(&sent);
    let added = Event::AuthenticatorAdded {
        authenticator,
        phone,
        delivery: Some(first),
    };
    let mut logged = vec![logged_by(&world, [issued(first)])];
    world.verify(&session, &sent).unwrap();
    logged.push(logged_by(
        &world,
        [added, Event::RecoveryCodeReplaced, signed_in(first)],
    ));

    let session = world.first_factor();
    let challenged = world.challenge(&session, None).unwrap();
    let second = world.delivery_of(&challenged);
    assert_ne!(second, first);
    logged.push(logged_by(&world, [issued(second)]));
    for failures in [1, 2] {
        let wrong = world.verify(&session, &challenged.wrong());
        assert_eq!(wrong.map(drop), Err(Denied::InvalidBindingCode));
        logged.push(logged_by(
            &world,
            [Event::WrongBindingCode {
                authenticator,
                failures,
                delivery: second,
            }],
        ));
    }
    world.verify(&session, &challenged).unwrap();
    logged.push(logged_by(&world, [signed_in(second)]));

    let session = world.first_factor();
    for failures in [1, 2] {
        let wrong = world.recover(&session, "wrong");
        assert_eq!(wrong.map(drop), Err(Denied::InvalidRecoveryCode));
        logged.push(logged_by(&world, [Event::WrongRecoveryCode { failures }]));
    }
    let code = sent.recovery_code.unwrap();
    let recovery_code = world.list()[0].0.parse().unwrap();
    world.recover(&session, &code).unwrap();
    logged.push(logged_by(
        &world,
        [
            Event::RecoveryCodeUsed,
            Event::RecoveryCodeReplaced,
            Event::Authenticated {
                authenticator: recovery_code,
                delivery: None,
            },
        ],
    ));

    let owner = world.second_factor();
    world.remove(&owner, authenticator).unwrap();
    logged.push(logged_by(
        &world,
        [
            Event::AuthenticatorRemoved { device, phone },
            Event::RecoveryCodeRemoved,
        ],
    ));
    logged
}

fn of_an_administrator() -> Vec<Logged> {
    let mut world = World::new();
    let authenticator = world.import(ALICES).unwrap();
    let phone = ALICES.parse().unwrap();
    let mut logged = vec![logged_by(
        &world,
        [Event::AuthenticatorAdded {
            authenticator,
            phone,
            delivery: None,
        }],
    )];
    world.restore_budgets();
    logged.push(logged_by(&world, [Event::BudgetsRestored]));
    world.reset();
    logged.push(logged_by(&world, [Event::AccountReset]));
    world.erase();
    logged.push(logged_by(&world, [Event::AccountErased]));
    world.set_back(HOUR);
    world.rewind().unwrap();
    logged.push(logged_by(&world, [Event::ClockRewound]));
    logged
}

/// Empties each budget; the last wrong code disables the phone.
fn of_a_limit() -> Vec<Logged> {
    let policy = Policy::auth0()
        .with_sends(one(HOUR))
        .with_binding_failures(one(6 * MINUTE))
        .and_then(|policy| policy.with_recovery_failures(one(7 * MINUTE)))
        .and_then(|policy| policy.with_failure_cap(Some(1)))
        .unwrap();
    let mut world = World::of(policy, "auth0|alice");
    let (authenticator, _) = world.enroll(ALICES);
    world.wait(HOUR);
    let start = world.now();
    let phone = ALICES.parse().unwrap();
    let session = world.first_factor();
    let sent = world.challenge(&session, None).unwrap();
    let delivery = world.delivery_of(&sent);
    let mut logged = vec![logged_by(
        &world,
        [
            Event::CodeIssued {
                authenticator,
                phone,
                delivery,
            },
            limit_reached(Limit::Sends, start + HOUR),
        ],
    )];
    let wrong = world.verify(&session, &sent.wrong());
    assert_eq!(wrong.map(drop), Err(Denied::InvalidBindingCode));
    logged.push(logged_by(
        &world,
        [
            Event::WrongBindingCode {
                authenticator,
                failures: 1,
                delivery,
            },
            Event::AuthenticatorDisabled {
                device: sent.device(),
                phone,
            },
            Event::CodeDropped {
                authenticator,
                delivery,
            },
            limit_reached(Limit::BindingFailures, start + 6 * MINUTE),
        ],
    ));
    let wrong = world.recover(&session, "wrong");
    assert_eq!(wrong.map(drop), Err(Denied::InvalidRecoveryCode));
    logged.push(logged_by(
        &world,
        [
            Event::WrongRecoveryCode { failures: 1 },
            limit_reached(Limit::RecoveryFailures, start + 7 * MINUTE),
        ],
    ));
    logged
}

#[test]
fn every_event_is_logged() {
    let logged = [of_an_owner(), of_an_administrator(), of_a_limit()].concat();
    for (events, expected) in &logged {
        assert_eq!(events, expected);
    }
    let events = || logged.iter().flat_map(|(events, _)| events);
    let names: BTreeSet<_> = events().map(Event::name).collect();
    assert_eq!(names, all(Event::NAMES));
    assert!(names.into_iter().all(is_snake_case));
    for event in events() {
        // The tag of the serialized form, for searching logs.
        let serialized = serde_json::to_value(event).unwrap();
        assert_eq!(serialized["event"], event.name());
    }
    for limit in Limit::ALL {
        let reached = events().any(
            |event| matches!(event, Event::LimitReached { limit: reached, .. } if *reached == limit),
        );
        assert!(reached, "{limit:?}");
    }
}
