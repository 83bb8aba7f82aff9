//! Rules 10 and 13: clocks that move forwards and backwards.

mod ends;
mod jumps;
mod revived;
mod rewind;

use oob_mfa::{Assurance, Denied, Limit, Policy};
use oob_mfa_testing::{Answer, Command, Vouch, World, policies};
use proptest::prelude::*;

pub use self::revived::nothing_revives;
pub use self::rewind::a_year_ahead_and_back;
use crate::harness::{
    CHALLENGE, HOUR, Look, MINUTE, RIGHT, answered_code, assert_unchanged, charged, config,
    is_behind, is_done, millis, on_every_step, presented_session, record, skew, time_of, world,
};

/// A first-factor session with this lifetime, and a phone that it can challenge.
fn ready(world: &mut World, lifetime: i64) {
    let channel = world.engine.policy().channels().iter().next().unwrap();
    world.apply(&Command::Vouch(Vouch {
        assurance: Assurance::FirstFactor,
        scope: "openid".into(),
        age: 0,
        lifetime,
        stranger: false,
    }));
    let phone = "+442079460000".parse().unwrap();
    if !world.account().is_enrolled() {
        world.apply(&Command::ImportPhone { phone, channel });
    }
}

/// Rule 10: no code is judged outside of its lifetime, in account time.
pub fn expiry(policy: &Policy) -> Look {
    let lifetime = policy.code_lifetime();
    assert!(lifetime + policy.skew() <= oob_mfa_testing::MINUTE * 10);
    Box::new(move |before, command, observation, _| {
        let now = time_of(before);
        let lifetime = i64::try_from(lifetime.as_millis()).unwrap();
        if let Some(sent) = observation.reply.sent {
            assert_eq!(millis(sent.expires_at), now + lifetime);
        }
        let Some(code) = answered_code(before, command) else {
            return;
        };
        if matches!(
            observation.reply.answer,
            Answer::Verified { .. } | Answer::Denied(Denied::InvalidBindingCode)
        ) {
            let issued_at = millis(code.issued_at);
            assert!(issued_at <= now && now < issued_at + lifetime);
        }
    })
}

/// Rule 13: recorded time never runs backwards, except by a rewind. A clock that is behind by more than
/// the skew changes nothing and gets `ClockBehind`. No other clock does.
pub fn clock() -> Look {
    Box::new(|before, command, observation, after| {
        let (earlier, later) = (record(before).as_of, record(after).as_of);
        let now = millis(before.now());
        let answer = &observation.reply.answer;
        let is_rewound = *command == Command::Rewind && is_done(observation);
        if is_rewound {
            assert!(is_behind(before), "rewound without need");
            assert_eq!(later, now);
        } else if observation.reply.saved {
            assert!(
                !is_behind(before),
                "{command:?} was saved by a clock that is behind"
            );
            assert_eq!(later, earlier.max(now));
        } else {
            assert_eq!(later, earlier);
        }
        if *command == Command::Rewind {
            assert_eq!(is_rewound, is_behind(before));
        }
        let reaches_account = match command {
            Command::Reset
            | Command::Erase
            | Command::ImportPhone { .. }
            | Command::RemovePhone { .. }
            | Command::RestoreBudgets => true,
            Command::List { .. } => false,
            _ => presented_session(before, command)
                .is_some_and(|session| session.subject() == before.subject()),
        };
        assert_eq!(
            *answer == Answer::Denied(Denied::ClockBehind),
            reaches_account && is_behind(before),
            "{command:?}: {answer:?}"
        );
        if matches!(command, Command::Step { millis } if *millis < 0) {
            for limit in Limit::ALL {
                let left =
                    |world: &World| world.engine.remaining(&world.account(), limit, world.now());
                assert!(left(after) <= left(before), "{limit:?} is refilled");
            }
        }
    })
}

/// Rule 13: a refusal never saves.
pub fn refusals_never_save() -> Look {
    Box::new(|before, _, observation, after| {
        if let Answer::Denied(denied) = observation.reply.answer
            && charged(denied).is_none()
        {
            assert_unchanged(before, observation, after);
        }
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn r10_a_code_lives_from_its_issue_until_just_before_its_expiry(policy in policies(), seed: u64) {
        let mut issued = world(&policy, seed);
        ready(&mut issued, HOUR - 1);
        assert!(issued.apply(&CHALLENGE).reply.sent.is_some());
        let lifetime = i64::try_from(policy.code_lifetime().as_millis()).unwrap();
        let skew = skew(&issued);
        let after = |step: i64| {
            let mut later = issued.clone();
            later.apply(&Command::Step { millis: step });
            later.apply(&RIGHT).reply.answer
        };
        assert!(lifetime + skew <= 10 * MINUTE);
        assert!(matches!(after(0), Answer::Verified { .. }));
        assert!(matches!(after(lifetime - 1), Answer::Verified { .. }));
        // A clock that is behind judges at account time: that of the issue.
        assert!(matches!(after(-skew), Answer::Verified { .. }));
        assert_eq!(after(-skew - 1), Answer::Denied(Denied::ClockBehind));
        let forgotten = Answer::Denied(Denied::OobCodeUnknown);
        let expired = Answer::Denied(Denied::OobCodeExpired);
        assert_eq!(after(lifetime), if lifetime < 10 * MINUTE { expired } else { forgotten.clone() });
        if lifetime < 10 * MINUTE {
            assert_eq!(after(10 * MINUTE - 1), Answer::Denied(Denied::OobCodeExpired));
        }
        assert_eq!(after(10 * MINUTE), forgotten);
    }
}

on_every_step! {
    r10_no_code_passes_outside_its_lifetime: 50, expiry;
    r13_recorded_time_never_runs_backwards_and_a_clock_behind_changes_nothing: 50, |_| clock();
    r13_a_refusal_never_saves: 50, |_| refusals_never_save();
    r13_no_clock_revives_what_a_record_has_ended: 60, |_| nothing_revives();
}
