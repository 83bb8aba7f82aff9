//! Rules 10 and 11: a code ends on time, and one session has one live code per phone.

use oob_mfa::wire::ErrorAnswer;

use super::*;

/// The client's error for a denial, or "granted".
fn said<T>(result: Result<T, Denied>) -> String {
    result.map_or_else(
        |denied| {
            let answer = ErrorAnswer::denied(&denied, time::UtcDateTime::UNIX_EPOCH);
            answer.error_description().to_owned()
        },
        |_| "granted".into(),
    )
}

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
        let (session, sent) = challenged(&mut world);
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
fn a_late_answer_gets_expired_until_ten_minutes_after_the_issue() {
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
    assert_unverified(&mut world, &session, &sent, expired);
    assert_unverified(&mut world, &session, &sent.wrong(), expired);
    // After that it is unknown, whether or not something was written since.
    world.wait(MILLISECOND);
    assert_unverified(&mut world, &session, &sent, unknown);
    sweep(&mut world);
    assert_unverified(&mut world, &session, &sent, unknown);
    assert_eq!(said(world.verify(&session, &sent)), "Malformed oob_code");
}

#[test]
fn a_code_that_was_used_or_superseded_is_unknown_at_once() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    let first = world.challenge(&session, None).unwrap();
    let second = world.challenge(&session, None).unwrap();
    assert_unverified(&mut world, &session, &first, Denied::OobCodeUnknown);
    world.verify(&session, &second).unwrap();
    let other = world.first_factor();
    assert_unverified(&mut world, &other, &second, Denied::OobCodeUnknown);

    let owner = world.second_factor();
    let first = world.associate(&owner, MALLORYS).unwrap();
    let second = world.associate(&owner, MALLORYS).unwrap();
    assert_unverified(&mut world, &owner, &first, Denied::OobCodeUnknown);
    world.verify(&owner, &second).unwrap();
    assert_unverified(&mut world, &owner, &second, Denied::OobCodeUnknown);
}

#[test]
fn a_code_by_voice_supersedes_one_by_sms_of_the_same_session() {
    let mut world = World::new();
    let phone = world.import(ALICES).unwrap();
    let device = device(phone);
    let session = world.first_factor();
    let by_sms = world.challenge(&session, Some(phone)).unwrap();
    let voice = AuthenticatorId::Phone(Channel::Voice, device);
    let by_voice = world.challenge(&session, Some(voice)).unwrap();
    assert_unverified(&mut world, &session, &by_sms, Denied::OobCodeUnknown);
    let verified = world.verify(&session, &by_voice).unwrap();
    assert_eq!(verified.channel(), Some(Channel::Voice));
}

#[test]
fn a_phone_last_used_by_a_channel_that_is_off_now_is_challenged_by_the_other() {
    for (used, left, channels) in [
        (Channel::Voice, Channel::Sms, Channels::Sms),
        (Channel::Sms, Channel::Voice, Channels::Voice),
    ] {
        let mut world = World::new();
        let (phone, _) = world.enroll(ALICES);
        let device = device(phone);
        let session = world.first_factor();
        let by_used = AuthenticatorId::Phone(used, device);
        let sent = world.challenge(&session, Some(by_used)).unwrap();
        world.verify(&session, &sent).unwrap();
        let policy = Policy::auth0().with_channels(channels);
        restart(&mut world, &policy);
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
    let (session, sent) = challenged(&mut world);
    let renewed = || KeyRing::new(Key::new(2, &[8; 32]));
    world.engine = Engine::new(Policy::auth0(), renewed());
    assert_unverified(&mut world, &session, &sent, Denied::OobCodeExpired);
    let rotated = renewed().with_previous(Key::new(1, &[7; 32])).unwrap();
    world.engine = Engine::new(Policy::auth0(), rotated);
    assert!(world.verify(&session, &sent).is_ok());
}
