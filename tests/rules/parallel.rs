//! Two requests at once, in every order of load and save.

use oob_mfa::{
    Account, Assurance, BindingCode, Challenge, Denied, DeniedKind, MfaSession, OobCode, Policy,
    RecoveryCode, Transition, Unsaved, VerifyOob,
};
use oob_mfa_testing::{ALICES, HOUR, MINUTE, Sent, TestRng, World, stored_and_loaded};

use crate::harness::world;

/// Loads through the stored form.
fn load(world: &World) -> Account {
    stored_and_loaded(&world.account())
}

/// The result, or `None` after a conflict.
fn commit<T>(world: &World, transition: Transition<T>) -> Option<Result<T, Denied>> {
    match transition.commit(|next| world.store().replace(next)) {
        Ok(outcome) => Some(outcome.result),
        Err(Unsaved::Conflict) => None,
        Err(Unsaved::Failed(error)) => panic!("{error}"),
    }
}

/// The request on the loaded account.
type Request<'a, T> = &'a dyn Fn(Account) -> Transition<T>;

/// Runs two requests in every order of their two steps: load, then decide and save. A request that
/// gets a conflict starts again. Calls back with the two answers of each order.
fn in_every_order<T>(
    begin: &World,
    requests: [Request<'_, T>; 2],
    mut look: impl FnMut([Result<T, Denied>; 2], &Account),
) {
    let orders = [
        [0, 0, 1, 1],
        [0, 1, 0, 1],
        [0, 1, 1, 0],
        [1, 0, 0, 1],
        [1, 0, 1, 0],
        [1, 1, 0, 0],
    ];
    for order in orders {
        let world = begin.clone();
        let mut loaded: [Option<Account>; 2] = [None, None];
        let mut answers = [None, None];
        let again = [0, 0, 1, 1];
        for request in order.into_iter().chain(again) {
            if answers[request].is_some() {
                continue;
            }
            match loaded[request].take() {
                None => loaded[request] = Some(load(&world)),
                Some(account) => {
                    answers[request] = commit(&world, requests[request](account));
                }
            }
        }
        let account = load(&world);
        look(
            answers.map(|answer| answer.expect("every request is answered")),
            &account,
        );
    }
}

/// An account with a phone and a recovery code, and that code.
fn enrolled() -> (World, String) {
    let mut world = world(&Policy::auth0(), 1);
    world.import(ALICES).unwrap();
    let owner = world.second_factor();
    let code = world.regenerate(&owner).unwrap();
    (world, code.expose_secret().to_owned())
}

fn two_sessions(world: &mut World) -> [MfaSession; 2] {
    [(); 2].map(|()| world.trusted(Assurance::FirstFactor, "openid", HOUR))
}

fn answer(sent: &Sent) -> VerifyOob {
    VerifyOob {
        oob_code: OobCode::from(&*sent.oob_code),
        binding_code: BindingCode::from(&*sent.code),
    }
}

fn refused<T>(answers: [Result<T, Denied>; 2]) -> Vec<Denied> {
    answers.into_iter().filter_map(Result::err).collect()
}

#[test]
fn r02_one_binding_code_presented_twice_at_once_is_granted_once() {
    let (mut world, _) = enrolled();
    let [session, _] = two_sessions(&mut world);
    let login = world.challenge(&session, None).unwrap();
    let owner = world.second_factor();
    let further = world.associate(&owner, "+442079460000").unwrap();
    let revision = world.account().revision();
    for (session, sent, refusal) in [
        (session, login, Denied::SessionSpent),
        (owner, further, Denied::OobCodeUnknown),
    ] {
        let verify = |account| {
            let now = world.now();
            world
                .engine
                .verify_oob(account, &session, &answer(&sent), now)
        };
        let mut orders = 0;
        in_every_order(&world, [&verify, &verify], |answers, after| {
            assert_eq!(refused(answers), [refusal]);
            assert_eq!(after.revision(), revision + 1);
            orders += 1;
        });
        assert_eq!(orders, 6);
    }
}

#[test]
fn r02_one_recovery_code_presented_by_two_sessions_at_once_is_granted_once() {
    let (mut world, code) = enrolled();
    let sessions = two_sessions(&mut world);
    let recover = |session: &MfaSession, account| {
        let (code, mut rng) = (RecoveryCode::from(&*code), TestRng::new(2));
        let now = world.now();
        world
            .engine
            .verify_recovery_code(account, session, &code, now, &mut rng)
    };
    let first = |account| recover(&sessions[0], account);
    let second = |account| recover(&sessions[1], account);
    in_every_order(&world, [&first, &second], |answers, _| {
        assert_eq!(refused(answers), [Denied::InvalidRecoveryCode]);
    });
}

#[test]
fn r03_r05_two_wrong_codes_at_the_last_of_the_budget_are_judged_once() {
    let (mut world, _) = enrolled();
    let sessions = two_sessions(&mut world);
    let one = world.challenge(&sessions[0], None).unwrap();
    let two = world.challenge(&sessions[1], None).unwrap();
    for _ in 0..9 {
        let wrong = world.verify(&sessions[0], &one.with_code("wrong"));
        assert_eq!(wrong.unwrap_err(), Denied::InvalidBindingCode);
    }
    let revision = world.account().revision();
    let refusal = Denied::TooManyFailures {
        retry_at: world.now() + 6 * MINUTE,
    };
    let verify = |session: &MfaSession, sent: &Sent, account| {
        let now = world.now();
        world
            .engine
            .verify_oob(account, session, &answer(sent), now)
    };
    let first = |account| verify(&sessions[0], &one.with_code("000000 "), account);
    let second = |account| verify(&sessions[1], &two.with_code(""), account);
    in_every_order(&world, [&first, &second], |answers, after| {
        let mut denied = answers.map(|answer| answer.unwrap_err());
        denied.sort_by_key(|denied| denied.kind() == DeniedKind::Rejected);
        assert_eq!(denied, [refusal, Denied::InvalidBindingCode]);
        assert_eq!(after.revision(), revision + 1);
    });
    // Beside a wrong code, the right one passes or is refused without judgment, depending on the order.
    let owner = |account| verify(&sessions[1], &two, account);
    let mut passed = 0;
    in_every_order(&world, [&first, &owner], |[wrong, right], after| {
        assert_eq!(wrong.unwrap_err(), Denied::InvalidBindingCode);
        passed += u32::from(right.is_ok());
        assert!(right.is_ok() || right.unwrap_err() == refusal);
        assert!(after.revision() > revision);
    });
    assert!((1..6).contains(&passed));
}

#[test]
fn r04_two_challenges_at_the_last_of_the_sends_leave_once() {
    let (mut world, _) = enrolled();
    let [session, _] = two_sessions(&mut world);
    for _ in 0..9 {
        world.challenge(&session, None).unwrap();
    }
    let challenge = |account| {
        let (request, now) = (Challenge::default(), world.now());
        let mut rng = TestRng::new(3);
        world
            .engine
            .challenge(account, &session, &request, now, &mut rng)
    };
    in_every_order(&world, [&challenge, &challenge], |answers, _| {
        let retry_at = world.now() + HOUR;
        assert_eq!(refused(answers), [Denied::TooManySends { retry_at }]);
    });
}

#[test]
fn r08_two_enrollments_confirmed_at_once_leave_one_phone() {
    let mut world = world(&Policy::auth0(), 1);
    let sessions = two_sessions(&mut world);
    let sent = sessions
        .each_ref()
        .map(|session| world.associate(session, ALICES).unwrap());
    let verify = |which: usize, account| {
        let (request, now) = (answer(&sent[which]), world.now());
        world
            .engine
            .verify_oob(account, &sessions[which], &request, now)
    };
    let first = |account| verify(0, account);
    let second = |account| verify(1, account);
    in_every_order(&world, [&first, &second], |answers, _| {
        assert_eq!(refused(answers), [Denied::AlreadyEnrolled]);
    });
}

#[test]
fn a_save_that_fails_reveals_nothing() {
    let (mut world, code) = enrolled();
    let [session, _] = two_sessions(&mut world);
    let right = RecoveryCode::from(&*code);
    let (account, now) = (world.account(), world.now());
    let granted = world
        .engine
        .verify_recovery_code(account, &session, &right, now, &mut world.rng);
    assert_eq!(granted.commit(|_| Err("lost")).unwrap_err(), "lost");
}
