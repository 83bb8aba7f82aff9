//! Channels, phones, recovery codes, and restricted channels.

use super::*;

fn by_voice(world: &mut World) -> Sent {
    let session = world.first_factor();
    let sent = world
        .challenge_by(&session, None, Some(Channel::Voice))
        .unwrap();
    world.verify(&session, &sent).unwrap();
    sent
}

#[test]
fn a_disabled_channel_is_not_listed_or_challenged_and_returns_unchanged() {
    let mut world = World::new();
    let (by_sms, _) = world.enroll(ALICES);
    let voice = by_voice(&mut world).authenticator;
    assert_eq!(record(&world)["phones"][0]["last_channel"], "voice");
    let session = world.first_factor();
    let in_flight = world.challenge(&session, None).unwrap();
    assert_eq!(in_flight.authenticator, voice);

    restart(&mut world, &Policy::auth0().with_channels(Channels::Sms));
    let listed: Vec<String> = world.list().into_iter().map(|(id, _)| id).collect();
    assert_eq!(listed[1..], [by_sms.to_string()]);
    let other = world.first_factor();
    for (authenticator, channel, denied) in [
        (Some(voice), None, Denied::InvalidAuthenticator),
        (
            Some(voice),
            Some(Channel::Voice),
            Denied::ChannelUnavailable,
        ),
        (None, Some(Channel::Voice), Denied::ChannelUnavailable),
        (
            Some(by_sms),
            Some(Channel::Voice),
            Denied::ChannelUnavailable,
        ),
        (Some(voice), Some(Channel::Sms), Denied::ChannelMismatch),
    ] {
        assert_refused(&mut world, denied, |world| {
            world.challenge_by(&other, authenticator, channel)
        });
    }
    let owner = world.second_factor();
    assert_refused(&mut world, Denied::UnknownAuthenticator, |world| {
        world.remove(&owner, voice)
    });
    // By the enabled channel, unless another is named.
    let mut by_default = world.clone();
    let sent = by_default.challenge(&other, None).unwrap();
    assert_eq!(sent.authenticator, by_sms);
    // The earlier call can still be answered.
    assert_eq!(
        purpose(world.verify(&session, &in_flight)),
        Ok(Purpose::Login)
    );
    assert_eq!(record(&world)["phones"][0]["last_channel"], "voice");

    restart(&mut world, &Policy::auth0());
    assert_eq!(world.list().len(), 3);
    let session = world.first_factor();
    assert_eq!(
        world.challenge(&session, None).unwrap().authenticator,
        voice
    );
}

#[test]
fn a_phone_is_associated_only_by_the_enabled_channel() {
    let mut world = World::of(
        Policy::auth0().with_channels(Channels::Voice),
        "auth0|alice",
    );
    let session = world.first_factor();
    assert_refused(&mut world, Denied::ChannelUnavailable, |world| {
        world.associate(&session, ALICES)
    });
    assert_refused(&mut world, Denied::ChannelUnavailable, |world| {
        world.import(ALICES)
    });
    restart(&mut world, &Policy::auth0());
    let sent = world.associate(&session, ALICES).unwrap();
    restart(&mut world, &Policy::auth0().with_channels(Channels::Voice));
    // The earlier message can still be answered, and the next code is a call.
    assert_eq!(
        purpose(world.verify(&session, &sent)),
        Ok(Purpose::Enrollment)
    );
    let (_, sent) = challenged(&mut world);
    assert!(sent.authenticator.to_string().starts_with("voice|"));
}

#[test]
fn phones_beyond_a_smaller_number_stay_and_no_further_one_is_added() {
    let mut world = World::new();
    let (first, _) = world.enroll(ALICES);
    let second = world.add("+14155558731");
    let owner = world.second_factor();
    let pending = world.associate(&owner, MALLORYS).unwrap();
    restart(&mut world, &Policy::auth0().with_max_phones(1).unwrap());
    // Both phones by both channels, the pending one, and the recovery code.
    assert_eq!(world.list().len(), 7);
    for phone in [first, second] {
        let session = world.first_factor();
        let sent = world.challenge(&session, Some(phone)).unwrap();
        assert_eq!(purpose(world.verify(&session, &sent)), Ok(Purpose::Login));
    }
    let failures = |world: &World| record(world)["budgets"]["binding_failures"].clone();
    let before = failures(&world);
    for answer in [&pending, &pending.wrong()] {
        assert_refused(&mut world, Denied::TooManyPhones, |world| {
            world.verify(&owner, answer)
        });
    }
    assert_eq!(failures(&world), before);
    assert_refused(&mut world, Denied::TooManyPhones, |world| {
        world.associate(&owner, "+14155558739")
    });
    assert_refused(&mut world, Denied::TooManyPhones, |world| {
        world.import("+14155558739")
    });
    // After removing 2 there is room for one.
    world.remove(&owner, first).unwrap();
    assert_unverified(&mut world, &owner, &pending, Denied::TooManyPhones);
    world.remove(&owner, second).unwrap();
    assert_eq!(
        purpose(world.verify(&owner, &pending)),
        Ok(Purpose::Enrollment)
    );
}

fn off() -> Policy {
    Policy::auth0().with_recovery_codes(RecoveryCodes::Off)
}

fn requires(world: &World) -> Requirements {
    world.engine.requirements(&world.account())
}

#[test]
fn with_recovery_codes_off_a_stored_one_is_not_listed_required_accepted_or_consumed() {
    let mut world = World::new();
    let (_, recovery) = world.enroll(ALICES);
    let session = world.first_factor();
    let wrong = world.recover(&session, "wrong");
    assert_denied(wrong, Denied::InvalidRecoveryCode);
    let (listed, stored) = (world.list(), record(&world)["recovery"].clone());
    assert!(listed[0].0.starts_with("recovery-code|"));
    assert_eq!(stored["failures"], 1);

    restart(&mut world, &off());
    assert_eq!(world.list(), listed[1..]);
    let phone_alone = format!("{:?}", requires(&world));
    assert_eq!(
        phone_alone,
        "Challenge { phone: true, recovery_code: false }"
    );
    // Right or wrong, nothing is judged or charged.
    for code in [recovery.as_str(), "wrong", ""] {
        assert_refused(&mut world, Denied::NoRecoveryCode, |world| {
            world.recover(&session, code)
        });
    }
    let owner = world.second_factor();
    assert_refused(&mut world, Denied::NoRecoveryCode, |world| {
        world.regenerate(&owner)
    });
    let id = listed[0].0.parse().unwrap();
    assert_refused(&mut world, Denied::UnknownAuthenticator, |world| {
        world.remove(&owner, id)
    });
    // A login by the phone does not change it.
    world.sign_in().unwrap();
    assert_eq!(record(&world)["recovery"], stored);

    restart(&mut world, &Policy::auth0());
    assert_eq!(world.list(), listed);
    let both = format!("{:?}", requires(&world));
    assert_eq!(both, "Challenge { phone: true, recovery_code: true }");
    let verified = world.recover(&session, &recovery).unwrap();
    assert!(verified.recovery_code().is_some());
}

#[test]
fn a_pending_enrollment_keeps_its_recovery_code_while_the_switch_is_off() {
    let mut world = World::new();
    let session = world.first_factor();
    let sent = world.associate(&session, ALICES).unwrap();
    restart(&mut world, &off());
    // Unconfirmed, its entry is not listed either.
    assert_eq!(world.list().len(), 2);
    world.verify(&session, &sent).unwrap();
    assert_eq!(world.list().len(), 2);
    let recovery = sent.recovery_code.unwrap();
    let session = world.first_factor();
    assert_refused(&mut world, Denied::NoRecoveryCode, |world| {
        world.recover(&session, &recovery)
    });
    restart(&mut world, &Policy::auth0());
    assert!(world.recover(&session, &recovery).is_ok());
}

#[test]
fn a_phone_enrolled_without_a_recovery_code_has_none_when_they_come_back() {
    let mut world = World::of(off(), "auth0|alice");
    let session = world.first_factor();
    let sent = world.associate(&session, ALICES).unwrap();
    assert_eq!(sent.recovery_code, None);
    world.verify(&session, &sent).unwrap();
    restart(&mut world, &Policy::auth0());
    let phone_alone = format!("{:?}", requires(&world));
    assert_eq!(
        phone_alone,
        "Challenge { phone: true, recovery_code: false }"
    );
    let owner = world.second_factor();
    let drawn = world.regenerate(&owner).unwrap();
    let session = world.first_factor();
    assert!(world.recover(&session, drawn.expose_secret()).is_ok());
}

#[test]
fn removing_the_last_phone_removes_a_switched_off_recovery_code() {
    let mut world = World::new();
    let (phone, _) = world.enroll(ALICES);
    restart(&mut world, &off());
    let owner = world.second_factor();
    world.remove(&owner, phone).unwrap();
    assert!(world.events.contains(&Event::RecoveryCodeRemoved));
    assert!(record(&world)["recovery"].is_null());
    restart(&mut world, &Policy::auth0());
    assert_eq!(requires(&world), Requirements::Enroll);
    assert_eq!(world.list(), []);
}

#[test]
fn a_disabled_phone_with_recovery_codes_off_leaves_nothing_to_challenge() {
    let capped = off().with_failure_cap(Some(1)).unwrap();
    let mut world = World::new();
    let (_, recovery) = world.enroll(ALICES);
    restart(&mut world, &capped);
    let (session, sent) = challenged(&mut world);
    assert_wrong(&mut world, &session, &sent);
    // It still guards the account.
    let nothing = format!("{:?}", requires(&world));
    assert_eq!(nothing, "Challenge { phone: false, recovery_code: false }");
    assert_refused(&mut world, Denied::NoRecoveryCode, |world| {
        world.recover(&session, &recovery)
    });
    assert_refused(&mut world, Denied::AlreadyEnrolled, |world| {
        world.associate(&session, MALLORYS)
    });
}

#[test]
fn the_policy_of_the_verifying_server_decides_whether_a_channel_is_restricted() {
    let policies = [Policy::auth0(), Policy::nist_800_63b4()];
    for (before, after) in [(0, 1), (1, 0)] {
        let (mut world, session, sent) = challenged_under(policies[before].clone());
        restart(&mut world, &policies[after]);
        let verified = world.verify(&session, &sent).unwrap();
        assert_eq!(verified.is_restricted(), after == 1);
        for channel in [Channel::Sms, Channel::Voice] {
            assert_eq!(world.engine.policy().is_restricted(channel), after == 1);
        }
    }
}
