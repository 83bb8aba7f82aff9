//! Rules 3 to 7: every wrong code and every message is charged, and only time refills a budget.

use super::*;

#[test]
fn a_resend_resets_neither_the_budget_nor_the_failures_of_the_phone() {
    let policy = Policy::auth0().with_failure_cap(Some(6)).unwrap();
    let mut world = World::of(policy, "auth0|alice");
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    let start = world.now();
    for failures in 1..=5 {
        // A new challenge each time.
        let sent = world.challenge(&session, None).unwrap();
        assert_wrong(&mut world, &session, &sent);
        let wrong = Event::WrongBindingCode {
            authenticator: sent.authenticator,
            failures,
            delivery: world.delivery_of(&sent),
        };
        assert_eq!(world.events, [wrong]);
    }
    let (session, sent) = challenged(&mut world);
    assert_wrong(&mut world, &session, &sent);
    assert_eq!(world.list()[0].1, AuthenticatorStatus::Disabled);
    let stored = record(&world);
    let full_at = start + 6 * 6 * MINUTE;
    assert_eq!(
        stored["budgets"]["binding_failures"],
        full_at.unix_timestamp() * 1_000
    );
    let full_at = start + 6 * HOUR;
    assert_eq!(stored["budgets"]["sends"], full_at.unix_timestamp() * 1_000);
}

#[test]
fn a_resend_has_new_attempts_and_charges_a_send() {
    let policy = Policy::auth0()
        .with_attempts_per_challenge(Some(2))
        .unwrap();
    let mut world = World::of(policy, "auth0|alice");
    world.import(ALICES).unwrap();
    let session = world.first_factor();
    for _ in 0..5 {
        let sent = world.challenge(&session, None).unwrap();
        for left in [1, 0] {
            assert_wrong(&mut world, &session, &sent);
            assert_eq!(pending(&world), left);
        }
        // Out of attempts, even for the right code.
        assert_unverified(&mut world, &session, &sent, Denied::OobCodeUnknown);
    }
    // 10 were judged.
    let sent = world.challenge(&session, None).unwrap();
    let empty = failures_spent(&world);
    assert_unverified(&mut world, &session, &sent, empty);
}

#[test]
fn with_an_empty_budget_right_and_wrong_codes_get_the_same_answer() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let (session, sent) = challenged(&mut world);
    let retry_at = world.use_up_failures(&session, &sent);
    assert_eq!(retry_at, world.now() + 6 * MINUTE);
    let empty = Denied::TooManyFailures { retry_at };
    for answer in [
        sent.clone(),
        sent.wrong(),
        sent.with_code(""),
        sent.with_code("123456789"),
    ] {
        assert_unverified(&mut world, &session, &answer, empty);
    }
    // The refusal did not use up the code. It has expired when the budget has one again, so send a
    // new one.
    world.wait(6 * MINUTE - MILLISECOND);
    let resent = world.challenge(&session, None).unwrap();
    assert_unverified(&mut world, &session, &resent, empty);
    world.wait(MILLISECOND);
    assert_unverified(&mut world, &session, &sent, Denied::OobCodeExpired);
    assert!(world.verify(&session, &resent).is_ok());
}

#[test]
fn an_answer_of_any_wrong_shape_is_charged_as_a_wrong_code() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let (session, sent) = challenged(&mut world);
    let terminated = format!("{}\0", sent.code);
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
        .chain([terminated.as_str(), prefixed.as_str()])
    {
        let answer = sent.with_code(code);
        assert_denied(world.verify(&session, &answer), Denied::InvalidBindingCode);
    }
    let empty = failures_spent(&world);
    assert_unverified(&mut world, &session, &sent, empty);
}

#[test]
fn a_success_refills_no_budget() {
    let mut world = World::new();
    world.import(ALICES).unwrap();
    let (session, sent) = challenged(&mut world);
    for _ in 0..9 {
        assert_wrong(&mut world, &session, &sent);
    }
    world.verify(&session, &sent).unwrap();
    let (session, sent) = challenged(&mut world);
    assert_wrong(&mut world, &session, &sent);
    let empty = failures_spent(&world);
    assert_unverified(&mut world, &session, &sent, empty);
}

#[test]
fn neither_removal_nor_a_reset_nor_a_new_enrollment_refills_a_budget() {
    let mut world = World::new();
    let (phone, _) = world.enroll(ALICES);
    let (session, sent) = challenged(&mut world);
    let retry_at = world.use_up_failures(&session, &sent);
    for _ in 0..8 {
        world.challenge(&session, None).unwrap();
    }
    let owner = world.second_factor();
    world.remove(&owner, phone).unwrap();
    world.reset();
    let empty = Denied::TooManySends {
        retry_at: world.now() + HOUR,
    };
    world.wait(MINUTE + MILLISECOND);
    let session = world.first_factor();
    assert_refused(&mut world, empty, |world| world.associate(&session, ALICES));
    world.import(ALICES).unwrap();
    assert_refused(&mut world, empty, |world| world.challenge(&session, None));
    // Wrong codes are not forgotten either.
    let stored = record(&world);
    let full_at = (retry_at + 54 * MINUTE).unix_timestamp() * 1_000;
    assert_eq!(stored["budgets"]["binding_failures"], full_at);
}

#[test]
fn wrong_binding_codes_do_not_block_recovery_and_wrong_recovery_codes_do_not_block_binding() {
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
    let empty = failures_spent(&world);
    assert_refused(&mut world, empty, |world| {
        world.recover(&mallory, &recovery)
    });
    assert!(world.sign_in().is_ok());
}

#[test]
fn ten_messages_leave_and_then_one_an_hour_for_every_session_and_operation() {
    let mut world = World::new();
    let start = world.now();
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

#[test]
fn an_emptied_budget_is_logged_with_the_time_of_the_next_refill() {
    let mut world = World::new();
    let (phone, _) = world.enroll(ALICES);
    let (session, sent) = challenged(&mut world);
    let mut delivery = world.delivery_of(&sent);
    let reached = |world: &World, limit, after| Event::LimitReached {
        limit,
        retry_at: world.now() + after,
    };
    for failures in 1..=10 {
        let wrong = world.verify(&session, &sent.wrong());
        assert_denied(wrong, Denied::InvalidBindingCode);
        let told = Event::WrongBindingCode {
            authenticator: phone,
            failures,
            delivery,
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
    // 2 were sent: to enroll, and to sign in.
    for sends in 3..=10 {
        let sent = world.challenge(&session, None).unwrap();
        let superseded = Event::CodeDropped {
            authenticator: phone,
            delivery,
        };
        delivery = world.delivery_of(&sent);
        let issued = Event::CodeIssued {
            authenticator: phone,
            phone: ALICES.parse().unwrap(),
            delivery,
        };
        let last = reached(&world, Limit::Sends, HOUR);
        assert_eq!(
            world.events,
            [issued, superseded, last][..2 + usize::from(sends == 10)]
        );
    }
}

#[test]
fn a_wrong_code_for_an_enrollment_is_charged_as_one_for_a_login() {
    let mut world = World::new();
    let session = world.first_factor();
    let sent = world.associate(&session, ALICES).unwrap();
    let retry_at = world.use_up_failures(&session, &sent);
    let empty = Denied::TooManyFailures { retry_at };
    assert_unverified(&mut world, &session, &sent, empty);
}
