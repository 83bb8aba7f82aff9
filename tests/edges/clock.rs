//! Account time, to the millisecond.

use super::*;

/// What an administrator can do to any record.
const WRITES: [Command; 2] = [Command::RestoreBudgets, Command::Reset];

#[test]
fn a_clock_behind_by_the_skew_is_served_at_the_time_of_the_last_change() {
    let mut both = Both::of(Policy::auth0());
    both.does(import(0));
    both.waits(-MINUTE);
    assert_eq!(both.gets(Command::RestoreBudgets), Answer::Done);
    assert_eq!(both.world.recorded().as_of, World::START);
    both.waits(-1);
    for write in WRITES {
        assert_eq!(both.denied(write), Denied::ClockBehind);
    }
    assert_eq!(both.denied(import(1)), Denied::ClockBehind);
    both.waits(MINUTE + 2);
    assert_eq!(both.gets(Command::RestoreBudgets), Answer::Done);
    assert_eq!(both.world.recorded().as_of, World::START + 1);
}

#[test]
fn a_session_may_be_issued_as_late_and_expire_as_late_as_the_skew_allows() {
    let mut both = Both::of(Policy::auth0());
    both.does(import(0));
    let vouch = |age, lifetime| {
        Command::Vouch(Vouch {
            assurance: Assurance::FirstFactor,
            scope: String::new(),
            age,
            lifetime,
            stranger: false,
        })
    };
    both.does(vouch(-MINUTE, DAY + MINUTE));
    assert!(matches!(both.gets(challenge(0)), Answer::Challenged { .. }));
    both.does(vouch(-MINUTE - 1, DAY));
    assert_eq!(both.denied(challenge(0)), Denied::SessionNotYetValid);
    both.does(vouch(0, DAY + MINUTE + 1));
    assert_eq!(both.denied(challenge(0)), Denied::SessionTooLong);
    // Both are right a millisecond later.
    both.waits(1);
    for session in [0, 1] {
        assert!(matches!(
            both.gets(challenge(session)),
            Answer::Challenged { .. }
        ));
    }
}

#[test]
fn a_reset_revokes_what_was_issued_until_the_skew_has_passed() {
    let mut both = Both::of(Policy::auth0());
    both.does(Command::Reset);
    assert_eq!(revoked_until(&both), (None, Some(World::START + MINUTE)));
    both.waits(MINUTE);
    both.does(Command::Begin);
    assert_eq!(both.denied(associate(0, 0)), Denied::SessionRevoked);
    both.waits(1);
    both.does(Command::Begin);
    assert!(matches!(
        both.gets(associate(0, 0)),
        Answer::Associated { .. }
    ));
}

#[test]
fn a_session_spent_for_a_day_is_remembered_to_its_last_millisecond() {
    let mut both = Both::of(Policy::auth0());
    both.does(import(0));
    both.does(vouch(Assurance::FirstFactor, DAY));
    both.does(challenge(0));
    assert_eq!(both.gets(right(0)), verified(0, Purpose::Login));
    let spent = vec![(0, World::START + DAY)];
    both.does(Command::RestoreBudgets);
    assert_eq!(both.world.recorded().spent, spent);
    both.waits(DAY - 1);
    both.does(Command::RestoreBudgets);
    assert_eq!(both.world.recorded().spent, spent);
    assert_eq!(both.denied(challenge(0)), Denied::SessionSpent);
    both.waits(1);
    both.does(Command::RestoreBudgets);
    assert_eq!(both.world.recorded().spent, []);
    assert_eq!(both.denied(challenge(0)), Denied::TokenExpired);
}

#[test]
fn rewind_is_refused_while_the_clock_is_within_the_skew() {
    let mut both = Both::of(Policy::auth0());
    both.does(import(0));
    both.waits(1);
    for wait in [0, -1, -MINUTE] {
        both.waits(wait);
        assert_eq!(both.denied(Command::Rewind), Denied::ClockNotAhead);
    }
    both.waits(-1);
    assert_eq!(both.denied(Command::RestoreBudgets), Denied::ClockBehind);
    assert_eq!(both.gets(Command::Rewind), Answer::Done);
    let rewound = World::START - MINUTE - 1;
    assert_eq!(both.world.recorded().as_of, rewound);
    assert_eq!(revoked_until(&both), (None, Some(rewound + MINUTE)));
    assert_eq!(both.denied(Command::Rewind), Denied::ClockNotAhead);
}

/// A budget that is not beyond empty does not change.
#[test]
fn rewind_resets_budgets_beyond_empty_and_a_last_use_in_the_future() {
    let mut both = Both::of(Policy::auth0());
    both.does(import(0));
    both.does(Command::Begin);
    both.does(challenge(0));
    assert_eq!(
        both.denied(answer(0, Guess::Wrong)),
        Denied::InvalidBindingCode
    );
    both.waits(9 * HOUR);
    both.does(Command::Begin);
    both.does(challenge(0));
    assert_eq!(both.gets(right(0)), verified(0, Purpose::Login));
    both.waits(-9 * HOUR);
    let rewound = |both: &mut Both| {
        let mut copy = Both {
            world: both.world.clone(),
            model: both.model.clone(),
        };
        assert_eq!(copy.gets(Command::Rewind), Answer::Done);
        let recorded = copy.world.recorded();
        assert_eq!((recorded.spent.len(), recorded.challenges.len()), (0, 0));
        let after_start = |moment: i64| moment - World::START;
        (
            after_start(recorded.full_at[0]),
            after_start(recorded.full_at[1]),
            after_start(recorded.phones[0].last_used),
        )
    };
    // The send at 9 hours is refilled at 10: no later than an empty budget.
    assert_eq!(rewound(&mut both), (10 * HOUR, 6 * MINUTE, 0));
    both.waits(-1);
    assert_eq!(rewound(&mut both), (10 * HOUR - 1, 6 * MINUTE, -1));
}
