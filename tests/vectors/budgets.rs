//! Budgets over time: clocks that run and jump, and both edges of each.

use std::time::Duration;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use oob_mfa::{Budget, RateLimit};
use rand_core::Rng;

use crate::json::{Json, json, list, null, object};
use crate::{START, millis, moment};

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

fn trace(name: &str, (burst, period): (u32, i64), full_at: i64, moments: Vec<i64>) -> Json {
    let period_ms = u64::try_from(period).unwrap();
    let limit = RateLimit::new(burst, Duration::from_millis(period_ms)).unwrap();
    let mut budget: Budget = serde_json::from_str(&full_at.to_string()).unwrap();
    let step = |now| {
        let remaining = budget.remaining(limit, moment(now));
        let taken = budget.take(limit, moment(now));
        let retry_at = match taken {
            Ok(()) => null(),
            Err(empty) => json(&millis(empty.retry_at)),
        };
        object([
            ("now", json(&now)),
            ("remaining", json(&remaining)),
            (
                "answer",
                json(if taken.is_ok() { "taken" } else { "empty" }),
            ),
            ("retry_at", retry_at),
            ("full_at", json(&budget)),
        ])
    };
    object([
        ("name", json(name)),
        ("burst", json(&burst)),
        ("period", json(&period)),
        ("full_at", json(&full_at)),
        ("steps", list(moments.into_iter().map(step))),
    ])
}

/// Random steps, mostly forward, some of them far.
fn random(seed: u8, unit: i64) -> Vec<i64> {
    let mut rng = ChaCha20Rng::from_seed([seed; 32]);
    let mut now = START;
    let mut next = |_| {
        let length = i64::from(rng.next_u32() % 1_000);
        now += match rng.next_u32() % 16 {
            0 => -length * unit / 100,
            1 => length * unit,
            2 => -length * unit,
            3 => 0,
            _ => length * unit / 1_000,
        };
        now
    };
    (0..60).map(&mut next).collect()
}

pub fn vectors() -> Json {
    let sends = (10, HOUR);
    let failures = (10, 6 * MINUTE);
    let empty = START + 10 * HOUR;
    let mut burst: Vec<i64> = vec![START; 11];
    burst.extend([
        START + HOUR - 1,
        START + HOUR,
        START + HOUR,
        START + 2 * HOUR,
        START + 100 * HOUR,
    ]);
    let back = [
        vec![START; 10],
        vec![
            START - 1,
            START - HOUR,
            START - DAY,
            START - DAY - 1,
            START - 2 * DAY,
            START,
        ],
    ]
    .concat();
    list([
        trace("a burst, and one back after a period", sends, 0, burst),
        trace("a clock that runs backwards", sends, 0, back),
        trace(
            "stored as an empty budget: one is back after a period",
            sends,
            empty,
            vec![START, START, START + HOUR - 1, START + HOUR],
        ),
        trace(
            "stored a day further ahead than an empty budget can be: it stands",
            sends,
            empty + DAY,
            vec![START, START, START + DAY + HOUR - 1, START + DAY + HOUR],
        ),
        trace(
            "stored a millisecond more than a day further ahead: it stands too",
            sends,
            empty + DAY + 1,
            vec![
                START,
                START + HOUR,
                START + DAY + HOUR,
                START + DAY + HOUR + 1,
            ],
        ),
        trace(
            "the greatest stored moment",
            failures,
            (1 << 53) - 1,
            vec![
                START,
                START + 6 * MINUTE - 1,
                START + 6 * MINUTE,
                253_402_300_799_999,
            ],
        ),
        trace(
            "a burst of one",
            (1, 1),
            0,
            vec![START, START, START + 1, START + 1, START + 3],
        ),
        trace(
            "before 1970 is 1970",
            (2, MINUTE),
            0,
            vec![-1, -MINUTE, -1, 0, MINUTE - 1, MINUTE],
        ),
        trace(
            "the end of the calendar",
            (2, HOUR),
            0,
            vec![
                253_402_300_799_999,
                253_402_300_799_999,
                253_402_300_799_999,
                253_402_300_799_998,
            ],
        ),
        trace("random steps of hours", sends, 0, random(1, HOUR)),
        trace(
            "random steps of minutes",
            failures,
            0,
            random(2, 6 * MINUTE),
        ),
        trace("random steps of days", (3, 4 * HOUR), 0, random(3, DAY)),
    ])
}
