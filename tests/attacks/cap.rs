//! The failure cap disables a phone; the phone limit refuses one more.

use super::*;

#[test]
fn the_failure_cap_disables_a_phone_and_recovery_and_a_new_binding_still_work() {
    let policy = Policy::auth0().with_failure_cap(Some(3)).unwrap();
    let mut world = World::of(policy, "auth0|alice");
    let (phone, recovery) = world.enroll(ALICES);
    let (alice, mallory) = (world.first_factor(), world.first_factor());
    let honest = world.challenge(&alice, None).unwrap();
    let attack = world.challenge(&mallory, None).unwrap();
    for _ in 0..2 {
        assert_wrong(&mut world, &mallory, &attack);
        assert_eq!(world.list()[1].1, AuthenticatorStatus::Active);
    }
    assert_wrong(&mut world, &mallory, &attack);
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
    // Every code for the phone was dropped, and no more is sent.
    assert_unverified(&mut world, &alice, &honest, Denied::OobCodeUnknown);
    for authenticator in [None, Some(phone)] {
        assert_refused(&mut world, Denied::InvalidAuthenticator, |world| {
            world.challenge(&alice, authenticator)
        });
    }
    // The phone still guards the account.
    assert_refused(&mut world, Denied::AlreadyEnrolled, |world| {
        world.associate(&alice, MALLORYS)
    });
    let requirements = Requirements::Challenge {
        phone: false,
        recovery_code: true,
    };
    assert_eq!(world.engine.requirements(&world.account()), requirements);

    world.recover(&alice, &recovery).unwrap();
    let owner = world.second_factor();
    assert_refused(&mut world, Denied::PhoneAlreadyEnrolled, |world| {
        world.associate(&owner, ALICES)
    });
    world.remove(&owner, phone).unwrap();
    let sent = world.associate(&owner, ALICES).unwrap();
    world.verify(&owner, &sent).unwrap();
    assert_ne!(sent.device(), device);
    // Removing the last phone revoked first-factor sessions issued until then.
    assert_eq!(world.sign_in().err(), Some(Denied::SessionRevoked));
    world.wait(MILLISECOND);
    assert!(world.sign_in().is_ok());
}

#[test]
fn a_success_resets_the_failure_count_of_its_own_phone_only() {
    let policy = Policy::auth0().with_failure_cap(Some(2)).unwrap();
    let mut world = World::of(policy, "auth0|alice");
    let first = world.import(ALICES).unwrap();
    let second = world.import("+14155558731").unwrap();
    // The success comes last, after a wrong code for each phone.
    for phone in [second, first] {
        let session = world.first_factor();
        let sent = world.challenge(&session, Some(phone)).unwrap();
        assert_wrong(&mut world, &session, &sent);
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
        assert_wrong(&mut world, &session, &sent);
        let listed = world
            .list()
            .into_iter()
            .find(|(id, _)| *id == phone.to_string())
            .unwrap();
        assert_eq!(listed.1, status);
    }
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
    assert_unverified(&mut world, &there, &second, Denied::TooManyPhones);
    assert_refused(&mut world, Denied::TooManyPhones, |world| {
        world.associate(&there, "+14155558733")
    });
    assert_refused(&mut world, Denied::TooManyPhones, |world| {
        world.import("+14155558734")
    });
}

#[test]
fn a_failure_cap_does_not_count_guesses_at_pending_enrollments_and_neither_does_the_bound() {
    let limit = RateLimit::new(100, MINUTE).unwrap();
    let policy = Policy::auth0().with_binding_failures(limit).unwrap();
    let policy = policy.with_failure_cap(Some(1)).unwrap();
    let mut world = World::of(policy.clone(), "auth0|alice");
    let session = world.first_factor();
    let sent = world.associate(&session, ALICES).unwrap();
    for _ in 0..100 {
        let judged = world.verify(&session, &sent.wrong()).map(drop);
        assert_eq!(judged, Err(Denied::InvalidBindingCode));
    }
    let refused = world.verify(&session, &sent.wrong()).map(drop);
    assert!(matches!(refused, Err(Denied::TooManyFailures { .. })));
    assert!((policy.guess_bound(Duration::ZERO) - 100.0 / 1_000_000.0).abs() < 1e-12);
}
