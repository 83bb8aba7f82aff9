//! A random source that fails. The engine takes the infallible `CryptoRng`. A fallible source is
//! wrapped in `UnwrapErr`, which panics (`rand_core` 0.10). The panic drops the loaded account,
//! nothing is saved, and the stored account does not change.

use std::convert::Infallible;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use oob_mfa::*;
use rand_core::{TryCryptoRng, TryRng, UnwrapErr};

use crate::{Drawer, PHONE, both};

/// Gives this many draws, then fails.
#[derive(Clone, Copy)]
struct Failing {
    left: u32,
}

#[derive(Debug)]
struct Exhausted;

impl fmt::Display for Exhausted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no entropy")
    }
}

impl std::error::Error for Exhausted {}

impl TryRng for Failing {
    type Error = Exhausted;

    fn try_next_u32(&mut self) -> Result<u32, Exhausted> {
        self.left = self.left.checked_sub(1).ok_or(Exhausted)?;
        Ok(self.left)
    }

    fn try_next_u64(&mut self) -> Result<u64, Exhausted> {
        panic!("no word of 64 bits is drawn")
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Exhausted> {
        dst.fill(u8::try_from(self.try_next_u32()?).unwrap());
        Ok(())
    }
}

impl TryCryptoRng for Failing {}

fn failing(after: u32) -> UnwrapErr<Failing> {
    UnwrapErr(Failing { left: after })
}

/// Every operation that draws, with the number of its draws.
type Operation = (
    &'static str,
    u32,
    fn(&Drawer, Account, UnwrapErr<Failing>) -> Option<Account>,
);

const RIGHT: &str = "222222222222222222222222";

const OPERATIONS: [Operation; 6] = [
    ("begin", 1, |drawer, account, mut rng| {
        let first_factor = FirstFactor {
            subject: account.subject().clone(),
            client: "demo",
            scope: "",
            audience: "",
        };
        let begun = drawer.engine.begin(first_factor, drawer.now, &mut rng);
        begun.unwrap();
        None
    }),
    ("associate", 3, |drawer, account, mut rng| {
        let request = Associate {
            channel: Channel::Sms,
            phone: "+442079460000".parse().unwrap(),
        };
        let session = &drawer.mfa;
        saved(
            drawer
                .engine
                .associate(account, session, &request, drawer.now, &mut rng),
        )
    }),
    ("challenge", 2, |drawer, account, mut rng| {
        let (session, request) = (&drawer.first_factor, Challenge::default());
        saved(
            drawer
                .engine
                .challenge(account, session, &request, drawer.now, &mut rng),
        )
    }),
    ("verify_recovery_code", 2, |drawer, account, mut rng| {
        saved(drawer.engine.verify_recovery_code(
            account,
            &drawer.first_factor,
            &RIGHT.into(),
            drawer.now,
            &mut rng,
        ))
    }),
    ("regenerate_recovery_code", 2, |drawer, account, mut rng| {
        saved(
            drawer
                .engine
                .regenerate_recovery_code(account, &drawer.mfa, drawer.now, &mut rng),
        )
    }),
    ("import_phone", 1, |drawer, account, mut rng| {
        let phone = "+442079460000".parse().unwrap();
        saved(
            drawer
                .engine
                .import_phone(account, phone, Channel::Sms, drawer.now, &mut rng),
        )
    }),
];

fn saved<T>(transition: Transition<T>) -> Option<Account> {
    let (result, next) = both(transition);
    assert!(result.is_ok());
    next
}

/// One phone and the recovery code [`RIGHT`].
fn enrolled() -> Drawer {
    let mut drawer = Drawer::new(6);
    let mut rng = failing(2);
    let regenerated = drawer.engine.regenerate_recovery_code(
        drawer.account.clone(),
        &drawer.mfa,
        drawer.now,
        &mut rng,
    );
    let (code, next) = both(regenerated);
    assert_eq!(code.unwrap().expose_secret(), RIGHT);
    drawer.account = next.unwrap();
    drawer
}

fn stored(account: &Account) -> String {
    serde_json::to_string(account).unwrap()
}

#[test]
fn a_random_source_that_fails_panics_and_leaves_the_account_unchanged() {
    for (name, draws, operation) in OPERATIONS {
        let drawer = enrolled();
        let before = stored(&drawer.account);
        let undisturbed = operation(&drawer, drawer.account.clone(), failing(draws));
        for after in 0..draws {
            let failed = catch_unwind(AssertUnwindSafe(|| {
                operation(&drawer, drawer.account.clone(), failing(after))
            }));
            let panic = failed.map(drop).unwrap_err();
            assert_eq!(
                panic.downcast_ref::<String>().unwrap(),
                "rand_core::UnwrapErr: failed to unwrap: no entropy",
                "{name} after {after}"
            );
            assert_eq!(stored(&drawer.account), before, "{name} after {after}");
        }
        // The next request is judged as usual.
        let next = operation(&drawer, drawer.account.clone(), failing(draws));
        assert_eq!(next, undisturbed, "{name}");
        assert_eq!(next.is_none(), name == "begin");
    }
}

#[test]
fn a_panic_inside_of_decide_saves_nothing() {
    let drawer = enrolled();
    let saves = std::cell::Cell::new(0);
    let ask = |after: u32| {
        let mut rng = failing(after);
        catch_unwind(AssertUnwindSafe(|| {
            decide(
                drawer.account.subject(),
                || Ok::<_, Infallible>(Some(drawer.account.clone())),
                |account| {
                    let request = Challenge::default();
                    drawer.engine.challenge(
                        account,
                        &drawer.first_factor,
                        &request,
                        drawer.now,
                        &mut rng,
                    )
                },
                |_| {
                    saves.set(saves.get() + 1);
                    Ok(())
                },
            )
        }))
    };
    for after in [0, 1] {
        assert!(ask(after).is_err());
        assert_eq!(saves.get(), 0);
    }
    assert!(ask(2).unwrap().unwrap().result.is_ok());
    assert_eq!(saves.get(), 1);
}

#[test]
fn a_refusal_and_a_wrong_code_draw_nothing() {
    let drawer = enrolled();
    let (engine, now) = (&drawer.engine, drawer.now);
    let account = || drawer.account.clone();
    let mut none = failing(0);
    let twice = Associate {
        channel: Channel::Sms,
        phone: PHONE.parse().unwrap(),
    };
    let (refused, next) = both(engine.associate(account(), &drawer.mfa, &twice, now, &mut none));
    assert_eq!(refused.map(drop), Err(Denied::PhoneAlreadyEnrolled));
    assert_eq!(next, None);
    let unknown = Challenge {
        authenticator: Some("sms|dev_9999999999999999".parse().unwrap()),
        channel: None,
    };
    let session = &drawer.first_factor;
    let (refused, next) = both(engine.challenge(account(), session, &unknown, now, &mut none));
    assert_eq!(refused.map(drop), Err(Denied::InvalidAuthenticator));
    assert_eq!(next, None);
    let imported = engine.import_phone(account(), twice.phone, Channel::Sms, now, &mut none);
    assert_eq!(both(imported), (Err(Denied::PhoneAlreadyEnrolled), None));
    // A wrong recovery code is charged without a random source.
    let wrong = "wrong".into();
    let (rejected, next) =
        both(engine.verify_recovery_code(account(), session, &wrong, now, &mut none));
    assert_eq!(rejected.map(drop), Err(Denied::InvalidRecoveryCode));
    let left = engine.remaining(&next.unwrap(), Limit::RecoveryFailures, now);
    assert_eq!(left, 9);
}
