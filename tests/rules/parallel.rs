//! Two requests at once, in every order in which they can load and save.

use std::cell::RefCell;

use oob_mfa::testing::TestRng;
use oob_mfa::{
    Account, Assurance, BindingCode, Challenge, Channel, Denied, Engine, MfaSession, OobCode,
    Policy, RecoveryCode, Transition, TrustedClaims, VerifyOob,
};
use time::{Duration, UtcDateTime};

use crate::harness::{engine, through_postcard};

const SUBJECT: &str = "auth0|alice";

fn now() -> UtcDateTime {
    UtcDateTime::from_unix_timestamp(1_800_000_000).unwrap()
}

/// A store of one that replaces only what was loaded.
struct Store(RefCell<Option<Account>>);

impl Store {
    fn load(&self) -> Account {
        let stored = self.0.borrow().as_ref().map(through_postcard);
        stored.unwrap_or_else(|| Account::new(SUBJECT.parse().unwrap()))
    }

    /// The result, or nothing where somebody else has saved meanwhile.
    fn commit<T>(&self, transition: Transition<T>) -> Option<Result<T, Denied>> {
        let outcome = transition.commit(|next| {
            let mut stored = self.0.borrow_mut();
            if stored.as_ref().map(Account::revision) != next.account.replaces() {
                return Err(());
            }
            *stored = Some(next.account);
            Ok(())
        });
        Some(outcome.ok()?.result)
    }
}

/// What is asked of whichever account is loaded.
type Request<'a, T> = &'a dyn Fn(&Account) -> Transition<T>;

/// Runs two requests over the store in every order of their two steps, load and then decide and
/// save; whoever meets a conflict loads and asks again. Shows the two answers of each order.
fn in_every_order<T>(
    stored: &Account,
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
        let store = Store(RefCell::new(Some(stored.clone())));
        let mut loaded: [Option<Account>; 2] = [None, None];
        let mut answers = [None, None];
        let again = [0, 0, 1, 1];
        for request in order.into_iter().chain(again) {
            if answers[request].is_some() {
                continue;
            }
            match loaded[request].take() {
                None => loaded[request] = Some(store.load()),
                Some(account) => {
                    answers[request] = store.commit(requests[request](&account));
                }
            }
        }
        let account = store.load();
        look(
            answers.map(|answer| answer.expect("every request is answered")),
            &account,
        );
    }
}

fn session(id: &str, assurance: Assurance) -> MfaSession {
    MfaSession::trusted(TrustedClaims {
        id,
        subject: SUBJECT.parse().unwrap(),
        client: "demo",
        assurance,
        scope: "enroll",
        audience: "",
        issued_at: now(),
        expires_at: now() + Duration::HOUR,
    })
    .unwrap()
}

/// An account with a phone and a recovery code, and that code.
fn enrolled(engine: &Engine, rng: &mut TestRng) -> (Account, String) {
    let store = Store(RefCell::new(None));
    let phone = "+14155558730".parse().unwrap();
    let imported = engine.import_phone(&store.load(), phone, Channel::Sms, now(), rng);
    store.commit(imported).unwrap().unwrap();
    let owner = session("owner", Assurance::Mfa);
    let drawn = engine.regenerate_recovery_code(&store.load(), &owner, now(), rng);
    let code = store.commit(drawn).unwrap().unwrap();
    (store.load(), code.expose_secret().to_owned())
}

/// The account after a challenge, its handle and its code.
fn challenged(
    engine: &Engine,
    account: &Account,
    session: &MfaSession,
    rng: &mut TestRng,
) -> (Account, String, String) {
    let store = Store(RefCell::new(Some(account.clone())));
    let issued = engine.challenge(account, session, &Challenge::default(), now(), rng);
    let grant = store.commit(issued).unwrap().unwrap();
    let code = grant.delivery.code.expose_secret().to_owned();
    (store.load(), grant.oob_code.expose_secret(), code)
}

fn answer(oob_code: &str, binding_code: &str) -> VerifyOob {
    VerifyOob {
        oob_code: OobCode::from(oob_code),
        binding_code: BindingCode::from(binding_code),
    }
}

#[test]
fn r02_one_binding_code_presented_twice_at_once_is_granted_once() {
    let (engine, mut rng) = (engine(&Policy::auth0()), TestRng::new(1));
    let (account, _) = enrolled(&engine, &mut rng);
    for (assurance, refusal) in [
        (Assurance::FirstFactor, Denied::SessionSpent),
        (Assurance::Mfa, Denied::OobCodeUnknown),
    ] {
        let session = session("one", assurance);
        let (account, oob_code, code) = challenged(&engine, &account, &session, &mut rng);
        let verify = |account: &Account| {
            engine.verify_oob(account, &session, &answer(&oob_code, &code), now())
        };
        let mut orders = 0;
        in_every_order(&account, [&verify, &verify], |answers, after| {
            let refused: Vec<Denied> = answers.into_iter().filter_map(Result::err).collect();
            assert_eq!(refused, [refusal]);
            assert_eq!(after.revision(), account.revision() + 1);
            orders += 1;
        });
        assert_eq!(orders, 6);
    }
}

#[test]
fn r02_one_recovery_code_presented_by_two_sessions_at_once_is_granted_once() {
    let (engine, mut rng) = (engine(&Policy::auth0()), TestRng::new(1));
    let (account, code) = enrolled(&engine, &mut rng);
    let sessions = [
        session("one", Assurance::FirstFactor),
        session("two", Assurance::FirstFactor),
    ];
    let recover = |session: &MfaSession, account: &Account| {
        let mut rng = TestRng::new(2);
        engine.verify_recovery_code(
            account,
            session,
            &RecoveryCode::from(&*code),
            now(),
            &mut rng,
        )
    };
    let first = |account: &Account| recover(&sessions[0], account);
    let second = |account: &Account| recover(&sessions[1], account);
    in_every_order(&account, [&first, &second], |answers, _| {
        let refused: Vec<Denied> = answers.into_iter().filter_map(Result::err).collect();
        assert_eq!(refused, [Denied::InvalidRecoveryCode]);
    });
}

#[test]
fn r03_r05_two_wrong_codes_at_the_last_of_the_budget_are_judged_once() {
    let (engine, mut rng) = (engine(&Policy::auth0()), TestRng::new(1));
    let (account, _) = enrolled(&engine, &mut rng);
    let sessions = [
        session("one", Assurance::FirstFactor),
        session("two", Assurance::FirstFactor),
    ];
    let (account, one, _) = challenged(&engine, &account, &sessions[0], &mut rng);
    let (account, two, right) = challenged(&engine, &account, &sessions[1], &mut rng);
    let store = Store(RefCell::new(Some(account)));
    for _ in 0..9 {
        let wrong = engine.verify_oob(&store.load(), &sessions[0], &answer(&one, "wrong"), now());
        assert_eq!(
            store.commit(wrong).unwrap().err(),
            Some(Denied::InvalidBindingCode)
        );
    }
    let account = store.load();
    let refusal = Denied::TooManyFailures {
        retry_at: now() + Duration::minutes(6),
    };
    let first = |account: &Account| {
        engine.verify_oob(account, &sessions[0], &answer(&one, "000000 "), now())
    };
    let second =
        |account: &Account| engine.verify_oob(account, &sessions[1], &answer(&two, ""), now());
    in_every_order(&account, [&first, &second], |answers, after| {
        let mut denied = answers.map(|answer| answer.unwrap_err());
        denied.sort_by_key(Denied::is_rejected);
        assert_eq!(denied, [refusal, Denied::InvalidBindingCode]);
        assert_eq!(after.revision(), account.revision() + 1);
    });
    // Beside a wrong one, the right code passes or is refused unjudged, as the order has it.
    let owner =
        |account: &Account| engine.verify_oob(account, &sessions[1], &answer(&two, &right), now());
    let mut passed = 0;
    in_every_order(&account, [&first, &owner], |[wrong, right], after| {
        assert_eq!(wrong.unwrap_err(), Denied::InvalidBindingCode);
        passed += u32::from(right.is_ok());
        assert!(right.is_ok() || right.unwrap_err() == refusal);
        assert!(after.revision() > account.revision());
    });
    assert!((1..6).contains(&passed));
}

#[test]
fn r04_two_challenges_at_the_last_of_the_sends_leave_once() {
    let (engine, mut rng) = (engine(&Policy::auth0()), TestRng::new(1));
    let (mut account, _) = enrolled(&engine, &mut rng);
    let session = session("one", Assurance::Mfa);
    for _ in 0..9 {
        (account, _, _) = challenged(&engine, &account, &session, &mut rng);
    }
    let challenge = |account: &Account| {
        let mut rng = TestRng::new(3);
        engine.challenge(account, &session, &Challenge::default(), now(), &mut rng)
    };
    in_every_order(&account, [&challenge, &challenge], |answers, _| {
        let refused: Vec<Denied> = answers.into_iter().filter_map(Result::err).collect();
        assert_eq!(
            refused,
            [Denied::TooManySends {
                retry_at: now() + Duration::HOUR
            }]
        );
    });
}

#[test]
fn r08_two_enrollments_confirmed_at_once_leave_one_phone() {
    let (engine, mut rng) = (engine(&Policy::auth0()), TestRng::new(1));
    let store = Store(RefCell::new(None));
    let sessions = [
        session("one", Assurance::FirstFactor),
        session("two", Assurance::FirstFactor),
    ];
    let [(one, one_code), (two, two_code)] = sessions.each_ref().map(|session| {
        let request = oob_mfa::Associate {
            channel: Channel::Sms,
            phone: "+14155558730".parse().unwrap(),
        };
        let begun = engine.associate(&store.load(), session, &request, now(), &mut rng);
        let grant = store.commit(begun).unwrap().unwrap();
        (
            grant.oob_code.expose_secret(),
            grant.delivery.code.expose_secret().to_owned(),
        )
    });
    let first = |account: &Account| {
        engine.verify_oob(account, &sessions[0], &answer(&one, &one_code), now())
    };
    let second = |account: &Account| {
        engine.verify_oob(account, &sessions[1], &answer(&two, &two_code), now())
    };
    in_every_order(&store.load(), [&first, &second], |answers, _| {
        let refused: Vec<Denied> = answers.into_iter().filter_map(Result::err).collect();
        assert_eq!(refused, [Denied::AlreadyEnrolled]);
    });
}

#[test]
fn a_save_that_fails_tells_nothing() {
    let (engine, mut rng) = (engine(&Policy::auth0()), TestRng::new(1));
    let (account, code) = enrolled(&engine, &mut rng);
    let session = session("one", Assurance::FirstFactor);
    let right = RecoveryCode::from(&*code);
    let granted = engine.verify_recovery_code(&account, &session, &right, now(), &mut rng);
    assert_eq!(granted.commit(|_| Err("lost")).unwrap_err(), "lost");
}
