use alloc::string::ToString;
use alloc::vec::Vec;
use core::time::Duration;

use time::UtcDateTime;

use super::{Budget, BudgetEmpty, InvalidRateLimit, Limit, RateLimit};
use crate::instant::Millis;

mod proof;

const HOUR: u64 = 3_600_000;
const YEAR: u64 = 365 * 24 * HOUR;
/// 2027-01-15T08:00:00Z.
const START: u64 = 1_800_000_000_000;

fn at(millis: u64) -> UtcDateTime {
    UtcDateTime::from_unix_timestamp_nanos(i128::from(START + millis) * 1_000_000).unwrap()
}

fn sends() -> RateLimit {
    RateLimit::new(10, Duration::from_millis(HOUR)).unwrap()
}

fn emptied(limit: RateLimit, now: u64) -> Budget {
    let mut budget = Budget::default();
    for _ in 0..limit.burst() {
        budget.take(limit, at(now)).unwrap();
    }
    budget
}

#[test]
fn ten_are_taken_at_once_and_then_one_every_hour_to_the_millisecond() {
    let mut budget = emptied(sends(), 0);
    for hour in 1..=30 {
        let back = hour * HOUR;
        let before = budget;
        let refused = BudgetEmpty { retry_at: at(back) };
        assert_eq!(budget.take(sends(), at(back - HOUR)), Err(refused));
        assert_eq!(budget.take(sends(), at(back - 1)), Err(refused));
        assert_eq!(budget, before);
        assert_eq!(budget.take(sends(), at(back)), Ok(()));
    }
}

#[test]
fn messages_spread_over_time_refill_in_order() {
    let mut budget = Budget::default();
    // One every 6 minutes: all 10 are taken after 54 minutes, and the first is back at 60.
    for taken in 0..10 {
        assert_eq!(budget.take(sends(), at(taken * HOUR / 10)), Ok(()));
    }
    let refused = budget.take(sends(), at(HOUR - 1)).unwrap_err();
    assert_eq!(refused.retry_at, at(HOUR));
    assert_eq!(budget.take(sends(), at(HOUR)), Ok(()));
    assert_eq!(
        budget.take(sends(), at(2 * HOUR - 1)).unwrap_err().retry_at,
        at(2 * HOUR)
    );
}

#[test]
fn remaining_counts_what_can_be_taken_at_either_side_of_a_refill() {
    let limit = sends();
    assert_eq!(Budget::default().remaining(limit, at(0)), 10);
    let mut budget = Budget::default();
    for left in (0..10).rev() {
        budget.take(limit, at(0)).unwrap();
        assert_eq!(budget.remaining(limit, at(0)), left);
    }
    for back in 1..=10_u32 {
        let millis = u64::from(back) * HOUR;
        assert_eq!(budget.remaining(limit, at(millis - 1)), back - 1);
        assert_eq!(budget.remaining(limit, at(millis)), back);
    }
    assert_eq!(budget.remaining(limit, at(10 * HOUR + 1)), 10);
    assert_eq!(budget.remaining(limit, at(YEAR)), 10);
}

#[test]
fn a_burst_of_one_is_one_per_period() {
    let limit = RateLimit::new(1, Duration::from_millis(1)).unwrap();
    let mut budget = Budget::default();
    assert_eq!(budget.remaining(limit, at(0)), 1);
    assert_eq!(budget.take(limit, at(0)), Ok(()));
    assert_eq!(budget.remaining(limit, at(0)), 0);
    assert_eq!(
        budget.take(limit, at(0)),
        Err(BudgetEmpty { retry_at: at(1) })
    );
    assert_eq!(budget.take(limit, at(1)), Ok(()));

    let limit = RateLimit::new(1, RateLimit::MAX_WINDOW).unwrap();
    let window = 3_653 * 24 * HOUR;
    let mut budget = Budget::default();
    assert_eq!(budget.take(limit, at(0)), Ok(()));
    assert_eq!(
        budget.take(limit, at(window - 1)),
        Err(BudgetEmpty {
            retry_at: at(window)
        })
    );
    assert_eq!(budget.take(limit, at(window)), Ok(()));
}

#[test]
fn a_clock_that_ran_a_year_ahead_leaves_an_empty_budget_until_the_clock_is_there_again() {
    let limit = sends();
    let ahead = emptied(limit, YEAR);
    let mut budget = ahead;
    let retry_at = at(YEAR + HOUR);
    for now in [0, HOUR, YEAR, YEAR + HOUR - 1] {
        assert_eq!(budget.remaining(limit, at(now)), 0);
        let refused = budget.take(limit, at(now));
        assert_eq!(refused, Err(BudgetEmpty { retry_at }), "{now}");
    }
    assert_eq!(budget, ahead, "a refusal changes nothing");
    assert_eq!(budget.take(limit, retry_at), Ok(()));
    // One taken a year ahead leaves 9 at that time, and none 9 hours before.
    let mut one = Budget::default();
    one.take(limit, at(YEAR)).unwrap();
    assert_eq!(one.remaining(limit, at(0)), 0);
    let retry_at = at(YEAR - 8 * HOUR);
    let refused = one.take(limit, at(YEAR - 8 * HOUR - 1));
    assert_eq!(refused, Err(BudgetEmpty { retry_at }));
    assert_eq!(one.remaining(limit, at(YEAR)), 9);
    assert_eq!(one.take(limit, retry_at), Ok(()));
}

#[test]
fn a_rewound_budget_is_at_least_as_full_as_an_empty_one_is_now() {
    let limit = sends();
    let now = Millis::at(at(0));
    let empty = emptied(limit, 0);
    // Full 10 hours from now: on the edge, and 1 ms past it.
    assert_eq!(empty.rewound(limit, now), empty);
    assert_ne!(emptied(limit, 1), empty);
    assert_eq!(emptied(limit, 1).rewound(limit, now), empty);
    assert_eq!(emptied(limit, YEAR).rewound(limit, now), empty);
    let mut rewound = emptied(limit, YEAR).rewound(limit, now);
    let refused = BudgetEmpty { retry_at: at(HOUR) };
    assert_eq!(rewound.take(limit, at(HOUR - 1)), Err(refused));
    assert_eq!(rewound.take(limit, at(HOUR)), Ok(()));
    // A fuller budget does not change.
    let mut fuller = Budget::default();
    for left in (1..10).rev() {
        assert_eq!(fuller.rewound(limit, now), fuller);
        fuller.take(limit, at(0)).unwrap();
        assert_eq!(fuller.remaining(limit, at(0)), left);
    }
}

#[test]
fn all_limits_are_each_limit_once() {
    let place = |limit| match limit {
        Limit::Sends => 0,
        Limit::BindingFailures => 1,
        Limit::RecoveryFailures => 2,
    };
    assert_eq!(Limit::ALL.map(place), [0, 1, 2]);
    assert_eq!(
        serde_json::to_string(&Limit::ALL).unwrap(),
        r#"["sends","binding_failures","recovery_failures"]"#
    );
}

#[test]
fn a_clock_ahead_by_less_than_the_window_refills_for_that_time() {
    let limit = sends();
    let mut budget = Budget::default();
    budget.take(limit, at(5 * HOUR)).unwrap();
    assert_eq!(budget.remaining(limit, at(0)), 4);
    let taken = (0..20)
        .filter(|_| budget.take(limit, at(0)).is_ok())
        .count();
    assert_eq!(taken, 4);
}

#[test]
fn a_clock_that_jumps_ahead_refills_at_most_one_burst() {
    let limit = sends();
    let mut budget = emptied(limit, 0);
    let taken = (0..100)
        .filter(|_| budget.take(limit, at(YEAR)).is_ok())
        .count();
    assert_eq!(taken, 10);
    assert_eq!(
        budget.take(limit, at(YEAR)).unwrap_err().retry_at,
        at(YEAR + HOUR)
    );
}

#[test]
fn the_ends_of_the_calendar_neither_panic_nor_grant_more() {
    let limit = sends();
    for now in [UtcDateTime::MIN, UtcDateTime::UNIX_EPOCH, UtcDateTime::MAX] {
        let mut budget = Budget::default();
        let taken = (0..20).filter(|_| budget.take(limit, now).is_ok()).count();
        assert_eq!(taken, 10, "{now}");
        assert_eq!(budget.remaining(limit, now), 0);
    }
}

#[test]
fn in_a_window_go_the_burst_and_one_for_each_whole_period() {
    let limit = sends();
    for (horizon, most) in [
        (0, 10),
        (HOUR - 1, 10),
        (HOUR, 11),
        (2 * HOUR - 1, 11),
        (24 * HOUR, 34),
        (365 * 24 * HOUR, 8_770),
    ] {
        assert_eq!(
            limit.most_within(Duration::from_millis(horizon)),
            most,
            "{horizon}"
        );
    }
    assert_eq!(
        limit.most_within(Duration::from_nanos(3_599_999_999_999)),
        10
    );
    let quick = RateLimit::new(1, Duration::from_millis(1)).unwrap();
    assert_eq!(quick.most_within(Duration::MAX), u64::MAX);
}

#[test]
fn a_rate_limit_is_made_within_its_bounds_only() {
    let day = Duration::from_millis(24 * HOUR);
    let new = RateLimit::new;
    assert_eq!(new(0, day), Err(InvalidRateLimit));
    assert!(new(1, day).is_ok());
    assert!(new(10_000, Duration::from_millis(1)).is_ok());
    assert_eq!(new(10_001, Duration::from_millis(1)), Err(InvalidRateLimit));
    assert_eq!(
        new(u32::MAX, Duration::from_millis(1)),
        Err(InvalidRateLimit)
    );

    assert_eq!(new(1, Duration::ZERO), Err(InvalidRateLimit));
    assert_eq!(new(1, Duration::from_nanos(999_999)), Err(InvalidRateLimit));
    assert_eq!(new(1, Duration::from_micros(1_500)), Err(InvalidRateLimit));
    assert!(new(1, Duration::from_millis(1)).is_ok());

    assert!(new(1, RateLimit::MAX_WINDOW).is_ok());
    assert_eq!(
        new(1, RateLimit::MAX_WINDOW + Duration::from_millis(1)),
        Err(InvalidRateLimit)
    );
    assert!(new(3_653, day).is_ok());
    assert_eq!(
        new(3_653, day + Duration::from_millis(1)),
        Err(InvalidRateLimit)
    );
    assert_eq!(new(3_654, day), Err(InvalidRateLimit));
    // A product that does not fit is not a small one.
    assert_eq!(
        new(2, Duration::from_millis(u64::MAX)),
        Err(InvalidRateLimit)
    );
    assert_eq!(new(1, Duration::MAX), Err(InvalidRateLimit));

    let limit = sends();
    assert_eq!(
        (limit.burst(), limit.period()),
        (10, Duration::from_secs(3_600))
    );
}

#[test]
fn a_budget_is_stored_as_the_moment_at_which_it_is_full() {
    assert_eq!(serde_json::to_string(&Budget::default()).unwrap(), "0");
    let mut budget = Budget::default();
    budget.take(sends(), at(0)).unwrap();
    assert_eq!(serde_json::to_string(&budget).unwrap(), "1800003600000");
    let stored: Vec<u8> = postcard::to_allocvec(&budget).unwrap();
    assert_eq!(postcard::from_bytes::<Budget>(&stored).unwrap(), budget);
    assert!(serde_json::from_str::<Budget>("9007199254740991").is_ok());
    assert!(serde_json::from_str::<Budget>("9007199254740992").is_err());
}

#[test]
fn the_error_says_that_the_budget_is_empty() {
    assert_eq!(
        BudgetEmpty { retry_at: at(0) }.to_string(),
        "the budget is empty: wait until 2027-01-15 8:00:00.0 +00"
    );
    assert_eq!(
        InvalidRateLimit.to_string(),
        "a rate limit needs a burst of 1 to 10,000, a period of 1 or more whole milliseconds, and at most 10 years to refill"
    );
}
