//! Complete stories, request by request.

use oob_mfa::*;

use crate::START;
use crate::ceremony::{ALICES, Ceremony, EVERY_SCOPE, HOUR, MINUTE, SECOND};
use crate::json::{Json, list};

/// An owner's first phone and first login, with every possible mistake.
fn enroll_and_sign_in() -> Json {
    let mut story = Ceremony::new(Policy::auth0(), 21);
    let session = story.begin();
    story.challenge(&session, None);
    let sent = story.associate(&session, ALICES, Channel::Sms).unwrap();
    // Another session's enrollment is discarded when this one is confirmed.
    let other = story.begin();
    let discarded = story.associate(&other, SECOND, Channel::Voice).unwrap();
    story.list(&session);
    story.now += 20_000;
    story.wrong(&session, &sent);
    story.verify(&session, "never issued", &sent.binding_code);
    story.right(&session, &sent);
    story.right(&session, &sent);
    story.right(&other, &discarded);
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
    // An MFA session cannot complete a login.
    story.challenge(&owner, None);
    story.recover(&owner, "2345 6789 ABCD EFGH JKLM NPQR");
    let session = story.begin();
    story.now += 1;
    story.reset();
    story.challenge(&session, None);
    // A session issued within the skew after a reset is revoked; a millisecond later it is not.
    story.now += MINUTE;
    let session = story.begin();
    story.challenge(&session, None);
    story.now += 1;
    let session = story.begin();
    story.challenge(&session, None);
    story.restore_budgets();
    story.told("factors are managed")
}

/// Every budget is emptied and refills; the failure cap disables a phone.
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

/// The clock runs two years ahead, everything is used up, and an administrator rewinds the account.
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
    // The clock is behind the record: nothing is written, and the list is answered at account time.
    story.challenge(&session, None);
    story.list(&session);
    story.reset();
    story.rewind();
    // All sessions until now plus the skew are revoked, and the budget is empty.
    story.challenge(&session, None);
    story.now += MINUTE + 1;
    let session = story.begin();
    story.challenge(&session, None);
    story.rewind();
    story.now += HOUR;
    let session = story.begin();
    let sent = story.challenge(&session, None).unwrap();
    story.right(&session, &sent);
    story.told("a clock that ran ahead is rewound")
}

/// Two servers take turns: the clock of the first is 5 seconds behind.
fn skew() -> Json {
    let mut story = Ceremony::new(Policy::auth0(), 26);
    story.import(ALICES);
    let session = story.begin();
    story.now += 5_000;
    let sent = story.challenge(&session, None).unwrap();
    story.now -= 5_000;
    // It works at account time.
    story.wrong(&session, &sent);
    let again = story.challenge(&session, None).unwrap();
    story.right(&session, &again);
    story.now += 5_000;
    // A session of the server ahead is valid on the one behind.
    let session = story.begin();
    story.now -= 5_000;
    let sent = story.challenge(&session, None).unwrap();
    story.right(&session, &sent);
    // A server behind by the skew is still served; a millisecond more is refused.
    let session = story.begin();
    story.now -= MINUTE - 5_000;
    story.challenge(&session, None);
    story.now -= 1;
    story.challenge(&session, None);
    story.told("two servers whose clocks differ take turns")
}

pub fn vectors() -> Json {
    list([
        enroll_and_sign_in(),
        recover(),
        manage(),
        limits(),
        clock(),
        skew(),
    ])
}
