//! Codes, enrollments and phones.

use super::*;

#[test]
fn a_discarded_enrollment_gets_already_enrolled_until_its_code_expires() {
    let mut both = Both::of(Policy::auth0());
    both.does(Command::Begin);
    both.does(Command::Begin);
    both.does(associate(1, 0));
    both.does(associate(0, 1));
    assert_eq!(both.gets(right(1)), verified(0, Purpose::Enrollment));
    assert_eq!(both.denied(right(0)), Denied::AlreadyEnrolled);
    both.waits(5 * MINUTE - 1);
    assert_eq!(both.denied(right(0)), Denied::AlreadyEnrolled);
    both.waits(1);
    assert_eq!(both.denied(right(0)), Denied::OobCodeExpired);
}

#[test]
fn an_expired_code_is_remembered_for_ten_minutes() {
    let mut both = Both::of(Policy::auth0());
    both.does(vouch(Assurance::FirstFactor, HOUR));
    both.does(associate(0, 0));
    both.waits(5 * MINUTE);
    assert_eq!(both.denied(right(0)), Denied::OobCodeExpired);
    both.waits(5 * MINUTE - 1);
    assert_eq!(both.denied(right(0)), Denied::OobCodeExpired);
    both.waits(1);
    assert_eq!(both.denied(right(0)), Denied::OobCodeUnknown);
    // Nothing was written since: a clock that is set back finds it again, at account time.
    both.waits(-1);
    assert_eq!(both.denied(right(0)), Denied::OobCodeExpired);
    both.waits(-5 * MINUTE);
    assert_eq!(both.gets(right(0)), verified(0, Purpose::Enrollment));
}

#[test]
fn a_phone_is_removed_by_an_enabled_channel_and_the_last_one_with_the_recovery_code() {
    let mut both = Both::of(Policy::auth0().with_channels(Channels::Sms));
    both.does(import(0));
    both.does(import(1));
    both.does(vouch(Assurance::Mfa, HOUR));
    both.does(Command::Regenerate { session: 0 });
    assert_eq!(
        both.denied(remove(Channel::Voice, 1)),
        Denied::UnknownAuthenticator
    );
    assert_eq!(
        both.gets(remove(Channel::Sms, 1)),
        Answer::Removed { device: 0 }
    );
    assert!(both.world.recorded().recovery_code.is_some());
    assert_eq!(revoked_until(&both), (None, None));
    assert_eq!(
        both.gets(remove(Channel::Sms, 0)),
        Answer::Removed { device: 1 }
    );
    assert_eq!(both.world.recorded().recovery_code, None);
    assert_eq!(revoked_until(&both), (Some(World::START), None));
}

#[test]
fn removing_a_live_enrollment_leaves_the_others() {
    let mut both = Both::of(Policy::auth0());
    both.does(Command::Begin);
    both.does(Command::Begin);
    both.does(associate(1, 0));
    both.does(associate(0, 1));
    let remove = |device| Command::RemovePhone { device };
    assert_eq!(both.gets(remove(1)), Answer::Removed { device: 0 });
    assert_eq!(both.denied(remove(1)), Denied::UnknownAuthenticator);
    // It was not a phone yet: a first-factor session can still enroll.
    assert_eq!(revoked_until(&both), (None, None));
    both.waits(5 * MINUTE);
    assert_eq!(both.denied(remove(0)), Denied::UnknownAuthenticator);
    both.waits(-1);
    assert_eq!(both.gets(remove(0)), Answer::Removed { device: 1 });
}

#[test]
fn a_phone_that_the_cap_disables_loses_its_codes_and_no_others() {
    let mut both = Both::of(Policy::auth0().with_failure_cap(Some(2)).unwrap());
    both.does(import(0));
    both.does(import(1));
    both.does(Command::Begin);
    both.does(challenge_phone(1));
    both.does(challenge_phone(0));
    assert_eq!(
        both.denied(answer(1, Guess::Wrong)),
        Denied::InvalidBindingCode
    );
    assert!(!both.world.recorded().phones[0].is_disabled);
    assert_eq!(
        both.denied(answer(1, Guess::Wrong)),
        Denied::InvalidBindingCode
    );
    assert!(both.world.recorded().phones[0].is_disabled);
    assert_eq!(both.denied(right(1)), Denied::OobCodeUnknown);
    assert_eq!(both.gets(right(0)), verified(1, Purpose::Login));
}
