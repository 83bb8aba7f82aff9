//! Whole stories, request by request.

use oob_mfa::*;

use crate::START;
use crate::ceremony::{ALICES, Ceremony, EVERY_SCOPE, HOUR, MINUTE, SECOND};
use crate::json::{Json, list};

/// An owner's first phone and first login, with every mistake there is to be made on the way.
fn enroll_and_sign_in() -> Json {
    let mut story = Ceremony::new(Policy::auth0(), 21);
    let session = story.begin();
    story.challenge(&session, None);
    let sent = story.associate(&session, ALICES, Channel::Sms).unwrap();
    story.list(&session);
    story.now += 20_000;
    story.wrong(&session, &sent);
    story.verify(&session, "never issued", &sent.binding_code);
    story.right(&session, &sent);
    story.right(&session, &sent);
    story.now += HOUR;
    let session = story.begin();
    story.associate(&session, SECOND, Channel::Sms);
    story.remove(&session, sent.authenticator);
    let first = story.challenge(&session, None).unwrap();
    let AuthenticatorId::Phone(_, device) = sent.authenticator else {
        panic!("no phone")
    };
    let by_voice = Some(AuthenticatorId::Phone(Channel::Voice, device));
    let second = story.challenge(&session, by_voice).unwrap();
    story.right(&session, &first);
    story.verify(&session, &second.oob_code, "12345");
    story.now += 5 * MINUTE - 1;
    let late = story.begin();
    story.right(&late, &second);
    story.right(&session, &second);
    let sent = story.challenge(&late, None).unwrap();
    story.now += 5 * MINUTE;
    story.right(&late, &sent);
    story.now += 5 * MINUTE;
    story.right(&late, &sent);
    story.told("an owner enrolls a phone and signs in")
}

/// Recovery codes: wrong, right, once, retyped, replaced.
fn recover() -> Json {
    let mut story = Ceremony::new(Policy::auth0(), 22);
    let session = story.begin();
    story.recover(&session, "2345 6789 ABCD EFGH JKLM NPQR");
    let sent = story.associate(&session, ALICES, Channel::Voice).unwrap();
    story.right(&session, &sent);
    story.now += MINUTE;
    let session = story.begin();
    story.recover(&session, "2345 6789 ABCD EFGH JKLM NPQR");
    let (start, rest) = sent.recovery_code.split_at(12);
    let typed = format!(" {}-{rest}", start.to_lowercase());
    story.recover(&session, &typed);
    let session = story.begin();
    story.recover(&session, &sent.recovery_code);
    let owner = story.vouch("enroll");
    story.regenerate(&owner);
    story.list(&owner);
    story.told("an owner recovers")
}

/// Factors are managed by a full login, and by an administrator.
fn manage() -> Json {
    let mut story = Ceremony::new(Policy::nist_800_63b4(), 23);
    story.import(ALICES);
    story.import(ALICES);
    let owner = story.vouch(EVERY_SCOPE);
    let sent = story.associate(&owner, SECOND, Channel::Sms).unwrap();
    let again = story.associate(&owner, SECOND, Channel::Voice).unwrap();
    story.right(&owner, &sent);
    story.right(&owner, &again);
    story.list(&owner);
    story.now += 1_000;
    story.remove(&owner, sent.authenticator);
    story.remove(&owner, sent.authenticator);
    let session = story.begin();
    story.now += 1;
    story.reset();
    story.challenge(&session, None);
    story.restore_budgets();
    story.told("factors are managed")
}

/// Every budget is used up and comes back; a phone is stopped by the failure cap.
fn limits() -> Json {
    let few = |period| RateLimit::new(2, std::time::Duration::from_millis(period)).unwrap();
    let policy = Policy::auth0()
        .with_sends(few(3_600_000))
        .with_binding_failures(few(360_000))
        .and_then(|policy| policy.with_recovery_failures(few(360_000)))
        .and_then(|policy| policy.with_failure_cap(Some(3)))
        .and_then(|policy| policy.with_attempts_per_challenge(Some(2)))
        .unwrap();
    let mut story = Ceremony::new(policy, 24);
    let session = story.begin();
    let sent = story.associate(&session, ALICES, Channel::Sms).unwrap();
    story.right(&session, &sent);
    let session = story.begin();
    let challenged = story.challenge(&session, None).unwrap();
    story.challenge(&session, None);
    story.wrong(&session, &challenged);
    story.wrong(&session, &challenged);
    story.right(&session, &challenged);
    story.recover(&session, "wrong");
    story.recover(&session, "wrong");
    story.recover(&session, &sent.recovery_code);
    story.now += HOUR;
    let session = story.begin();
    let challenged = story.challenge(&session, None).unwrap();
    story.wrong(&session, &challenged);
    story.right(&session, &challenged);
    story.challenge(&session, None);
    story.recover(&session, &sent.recovery_code);
    story.told("limits are reached")
}

/// The clock runs two years ahead, everything is used up, and it comes back.
fn clock() -> Json {
    let one = RateLimit::new(1, std::time::Duration::from_secs(3_600)).unwrap();
    let mut story = Ceremony::new(Policy::auth0().with_sends(one), 25);
    story.import(ALICES);
    story.now += 2 * 365 * 24 * HOUR;
    let session = story.begin();
    let sent = story.challenge(&session, None).unwrap();
    story.right(&session, &sent);
    story.now = START + MINUTE;
    let session = story.begin();
    // Refused, and saved once: the stored times are brought back.
    story.challenge(&session, None);
    story.challenge(&session, None);
    story.now += HOUR;
    let session = story.begin();
    let sent = story.challenge(&session, None).unwrap();
    story.right(&session, &sent);
    story.told("a clock that ran ahead comes back")
}

pub fn vectors() -> Json {
    list([enroll_and_sign_in(), recover(), manage(), limits(), clock()])
}
