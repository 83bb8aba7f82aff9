//! The values that the strategies draw.

use std::collections::BTreeSet;

use oob_mfa::{Account, Next, Policy, RecoveryCode};
use oob_mfa_testing::{
    accounts, associates, backward_steps, challenges, forward_steps, recovery_codes, verify_oobs,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::{engine, first_factor, world};

#[test]
fn drawn_steps_meet_every_edge_and_a_millisecond_before_and_after() {
    let mut runner = TestRunner::deterministic();
    let mut draw = |steps: &dyn Fn() -> BoxedStrategy<i64>| -> BTreeSet<i64> {
        let steps = steps();
        (0..5_000)
            .map(|_| steps.new_tree(&mut runner).unwrap().current())
            .collect()
    };
    let forward = draw(&|| forward_steps().boxed());
    let backward = draw(&|| backward_steps().boxed());
    let minutes = [1, 5, 6, 10, 60].map(|minutes| minutes * 60_000);
    for edge in minutes.into_iter().chain([86_400_000, 31_536_000_000]) {
        for step in [edge - 1, edge, edge + 1] {
            assert!(forward.contains(&step), "{step}");
            assert!(backward.contains(&-step), "{step}");
        }
    }
    // The rest are short, and between the edges.
    let (first, last) = (forward.first().copied(), forward.last().copied());
    assert_eq!((first, last), (Some(0), Some(31_536_000_001)));
    let other: Vec<i64> = forward.range(3_600_002..86_399_999).copied().collect();
    assert!(other.len() > 100);
    assert!(other.last() < Some(&7_200_000));
    assert_eq!(forward.range(86_400_002..31_535_999_999).count(), 0);
    assert_eq!(backward.last(), Some(&0));
}

proptest! {
    #[test]
    fn drawn_accounts_are_as_they_are_stored(account in accounts(Policy::nist_800_63b4())) {
        if account.revision() > 0 {
            let stored = serde_json::to_string(&account).unwrap();
            prop_assert_eq!(serde_json::from_str::<Account>(&stored).unwrap(), account);
        }
    }

    /// The engine answers every drawn request, and grants no login.
    #[test]
    fn drawn_requests_can_be_asked_of_drawn_accounts(
        account in accounts(Policy::auth0()),
        associate in associates(),
        challenge in challenges(),
        verify in verify_oobs(),
        code in recovery_codes(),
    ) {
        let (engine, mut world) = (engine(), world());
        let now = world.now();
        let rng = &mut world.rng;
        let session = engine.begin(first_factor(account.subject()), now, rng).unwrap();
        let saved = |_: Next| Ok::<(), ()>(());
        let _ = engine.associate(account.clone(), &session, &associate, now, rng).commit(saved).unwrap();
        let _ = engine.challenge(account.clone(), &session, &challenge, now, rng).commit(saved).unwrap();
        let verified = engine.verify_oob(account.clone(), &session, &verify, now).commit(saved).unwrap();
        prop_assert!(verified.result.is_err());
        let recovered = engine.verify_recovery_code(account, &session, &code, now, rng);
        prop_assert!(recovered.commit(saved).unwrap().result.is_err());
    }
}

#[test]
fn drawn_recovery_codes_are_mostly_of_the_right_shape() {
    // A code of the alphabet, in upper case or in groups, has the shape of a live one.
    let mut runner = TestRunner::deterministic();
    let drawn = (0..100).map(|_| recovery_codes().new_tree(&mut runner).unwrap().current());
    let shaped = drawn.filter(|code: &RecoveryCode| code.expose_secret().len() >= 24);
    assert!(shaped.count() > 60);
}
