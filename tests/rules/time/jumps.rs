//! Clocks that jump ahead: each jump refills at most one burst.

use oob_mfa::{Denied, Limit, Policy};
use oob_mfa_testing::{ALICES, Answer, Command, RecoveryGuess, World, forward_steps};
use proptest::prelude::*;
use time::Duration;

use super::ready;
use crate::harness::{CHALLENGE, DAY, HOUR, MINUTE, YEAR, charged, config, world};

/// How often something succeeds before it is refused.
pub fn left(world: &World, command: &Command) -> usize {
    let mut twin = world.clone();
    ready(&mut twin, DAY);
    (0..50)
        .take_while(|_| {
            let answer = twin.apply(command).reply.answer;
            !matches!(answer, Answer::Denied(denied) if charged(denied).is_none())
        })
        .count()
}

proptest! {
    #![proptest_config(config())]

    /// Servers with clocks ahead by any amount take turns. Real time passes more slowly.
    #[test]
    fn r13_each_jump_ahead_yields_at_most_one_burst(
        seed: u64,
        turns in prop::collection::vec((prop_oneof![Just(0), forward_steps()], 0..10 * MINUTE), 1..25),
    ) {
        let mut world = world(&Policy::auth0(), seed);
        world.enroll(ALICES);
        let limit = Policy::auth0().rate(Limit::RecoveryFailures);
        let (burst, period) = (i64::from(limit.burst()), crate::harness::period(limit));
        let (begun, mut gone_by, mut furthest) = (world.now(), 0, 0);
        let (mut judged, mut jumps) = (0, 0);
        for (lead, wait) in turns {
            gone_by += wait;
            if lead > furthest {
                (furthest, jumps) = (lead, jumps + 1);
            }
            world.clock().set(begun + Duration::milliseconds(gone_by + lead));
            world.apply(&Command::Begin);
            let wrong = Command::VerifyRecoveryCode { session: 0, guess: RecoveryGuess::Wrong };
            for _ in 0..=burst {
                let answer = world.apply(&wrong).reply.answer;
                judged += i64::from(answer == Answer::Denied(Denied::InvalidRecoveryCode));
            }
            let most = burst * (1 + jumps) + gone_by / period;
            assert!(judged <= most, "{judged} judged after {jumps} jumps, at most {most}");
        }
    }
}

#[test]
fn r13_a_jump_forward_refills_one_burst_at_most() {
    let mut world = world(&Policy::auth0(), 1);
    ready(&mut world, HOUR);
    assert_eq!(left(&world, &CHALLENGE), 10);
    for _ in 0..10 {
        world.apply(&CHALLENGE);
    }
    assert_eq!(left(&world, &CHALLENGE), 0);
    world.apply(&Command::Step { millis: 100 * YEAR });
    assert_eq!(left(&world, &CHALLENGE), 10);
    world.apply(&Command::Step {
        millis: -100 * YEAR,
    });
    assert_eq!(left(&world, &CHALLENGE), 0);
}
