//! The formulas of the proof (`tests/proof`) agree with the code: same inputs, same outputs.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{Rng, SeedableRng};

use crate::budget::{Budget, RateLimit};
use crate::instant::Millis;

#[path = "../../../tests/proof/z3.rs"]
mod z3;

use z3::{BUDGET, answers, broken};

const ROWS: usize = 8_000;
/// As many find each off-by-one at least 10 times.
const ROWS_OF_A_CONTROL: usize = ROWS / 4;

/// Every function of `budget.smt2` on bit-vectors at once.
const ROW: &str = "
(define-fun number ((is Bool)) U64 (ite is one zero))
(define-fun row ((full_at U64) (burst U64) (period U64) (now U64)) (_ BitVec 448)
  (let ((window (window_of burst period)))
    (concat
      (number (accepted burst period)) window (slack window period)
      (number (check full_at window period now))
      (ite (check full_at window period now) zero (retry_at full_at window period))
      (charge full_at period now) (take full_at window period now))))
";

#[derive(Debug)]
struct Input {
    full_at: u64,
    limit: RateLimit,
    now: u64,
}

impl Input {
    /// The code's results, in the form of z3's rows.
    fn row(&self) -> String {
        let (limit, now) = (self.limit, moment(self.now));
        let period = Duration::from_millis(limit.period);
        let accepted = RateLimit::new(limit.burst, period).is_ok();
        let before = Budget {
            full_at: moment(self.full_at),
        };
        let mut charged = before;
        charged.charge(limit, now);
        let checked = before.check(limit, now);
        let after = if checked.is_ok() { charged } else { before };
        // `take` uses calendar times, which end with the year 9999.
        if Millis::at(now.to_utc()) == now {
            let mut taken = before;
            let answer = taken.take(limit, now.to_utc());
            assert_eq!((answer.is_ok(), taken), (checked.is_ok(), after));
        }
        let numbers = [
            u64::from(accepted),
            limit.window(),
            limit.slack(),
            u64::from(checked.is_ok()),
            checked.err().unwrap_or_default().get(),
            charged.full_at.get(),
            after.full_at.get(),
        ];
        format!("#x{}", numbers.map(|n| format!("{n:016x}")).concat())
    }

    fn is_accepted(&self) -> bool {
        let RateLimit { burst, period } = self.limit;
        RateLimit::new(burst, Duration::from_millis(period)).is_ok()
    }

    /// Whether the budget gives one exactly `late` milliseconds after now, computed in 128 bits without
    /// wrapping.
    fn opens_after(&self, late: i128) -> bool {
        let RateLimit { burst, period } = self.limit;
        let slack = (i128::from(burst) - 1) * i128::from(period);
        self.is_accepted() && i128::from(self.full_at) - slack == i128::from(self.now) + late
    }
}

fn moment(millis: u64) -> Millis {
    Millis::EPOCH.after(millis)
}

/// An edge or any number, sometimes plus or minus 1, wrapped.
fn draw(rng: &mut ChaCha20Rng, edges: &[u64]) -> u64 {
    let any = rng.next_u64() >> (rng.next_u32() % 64);
    let number = match rng.next_u32() % 4 {
        0 => any,
        _ => edges[rng.next_u32() as usize % edges.len()],
    };
    match rng.next_u32() % 4 {
        0 => number.wrapping_add(1),
        1 => number.wrapping_sub(1),
        _ => number,
    }
}

fn inputs() -> Vec<Input> {
    const LONGEST: u64 = RateLimit::MAX_WINDOW_MILLIS;
    const MAX: u64 = u64::MAX;
    let mut rng = ChaCha20Rng::from_seed([14; 32]);
    let mut input = |_| {
        let burst = draw(&mut rng, &[0, 1, 2, 10, 9_999, 10_000, u32::MAX.into()]);
        let burst = u32::try_from(burst % (1 << 32)).unwrap();
        let each = u64::from(burst.max(1));
        let periods = [0, 1, 360_000, LONGEST / each, LONGEST, MAX / each, MAX];
        let period = draw(&mut rng, &periods);
        let limit = RateLimit { burst, period };
        let (slack, window) = (limit.slack(), limit.window());
        let last = MAX - period;
        let clocks = [0, 1_800_000_000_000, 253_402_300_799_999, (1 << 53) - 1];
        let now = draw(&mut rng, &[&clocks[..], &[last]].concat());
        let (opens, empty) = (now.wrapping_add(slack), now.wrapping_add(window));
        let full_at = draw(&mut rng, &[0, slack, now, opens, opens, opens, empty, last]);
        Input {
            full_at,
            limit,
            now,
        }
    };
    (0..ROWS).map(&mut input).collect()
}

/// The inputs for which the formulas differ from the code, or nothing without z3.
fn differences(budget: &str, inputs: &[Input]) -> Option<Vec<String>> {
    let ask = |input: &Input| {
        let Input {
            full_at,
            limit: RateLimit { burst, period },
            now,
        } = input;
        format!("(simplify (row #x{full_at:016x} #x{burst:016x} #x{period:016x} #x{now:016x}))\n")
    };
    let asked: Vec<String> = inputs.iter().map(ask).collect();
    let said = answers(format!("{budget}{ROW}{}", asked.concat()))?;
    assert_eq!(said.len(), inputs.len());
    let compare = |(input, said): (&Input, &String)| {
        let row = input.row();
        (row != *said).then(|| format!("{input:?}\n  code {row}\n  z3   {said}"))
    };
    Some(inputs.iter().zip(&said).filter_map(compare).collect())
}

#[test]
fn the_formulas_of_the_proof_are_the_code() {
    let inputs = inputs();
    let count = |is: fn(&Input) -> bool| inputs.iter().filter(|input| is(input)).count();
    // The rows include each answer at the millisecond of its change, and each saturation.
    let counts = [
        ("gives one now, not before", count(|i| i.opens_after(0))),
        ("gives one in 1 ms", count(|i| i.opens_after(1))),
        ("accepted", count(Input::is_accepted)),
        ("not accepted", count(|i| !i.is_accepted())),
        (
            "the window saturates",
            count(|i| i.limit.window() == u64::MAX),
        ),
        (
            "the charge saturates",
            count(|i| {
                let later = i.full_at.max(i.now);
                later.checked_add(i.limit.period).is_none()
            }),
        ),
        (
            "the check saturates",
            count(|i| i.full_at < i.limit.slack()),
        ),
    ];
    for (what, count) in counts {
        std::println!("{what}: {count} of {ROWS}");
        assert!(count >= 100, "{what}: {count}");
    }
    let differ = differences(BUDGET, &inputs).unwrap_or_default();
    assert!(differ.is_empty(), "{} differ: {}", differ.len(), differ[0]);
}

#[test]
fn the_most_of_the_proof_is_most_within() {
    let inputs = inputs();
    let ask = |input: &Input| {
        let RateLimit { burst, period } = input.limit;
        format!("(simplify (most_within {burst} {period} {}))\n", input.now)
    };
    let mut inputs = inputs.iter().filter(|input| input.limit.period > 0);
    let asked: Vec<String> = inputs.clone().map(ask).collect();
    let Some(said) = answers(format!("{BUDGET}{}", asked.concat())) else {
        return;
    };
    for most in said {
        let input = inputs.next().unwrap();
        let most: u128 = most.parse().unwrap();
        let code = input.limit.most_within(Duration::from_millis(input.now));
        assert_eq!(u128::from(code), most.min(u64::MAX.into()), "{input:?}");
    }
    assert!(inputs.next().is_none());
}

#[test]
fn an_off_by_one_in_the_proof_differs_from_the_code() {
    let inputs = inputs();
    let inputs = &inputs[..ROWS_OF_A_CONTROL];
    for (good, bad) in [
        (
            "(bvule (retry_at full_at window period) now)",
            "(bvult (retry_at full_at window period) now)",
        ),
        (
            "(sat_sub window period)",
            "(sat_sub window (bvadd period one))",
        ),
        (
            "(sat_add (later full_at now) period)",
            "(bvadd (later full_at now) period)",
        ),
        ("(ite (bvult a b) b a)", "(ite (bvult a b) b (bvor a one))"),
        ("(ite (bvult a b) zero (bvsub a b))", "(bvsub a b)"),
        (
            "((_ extract 63 0) (product a b)) (bvnot zero))",
            "((_ extract 63 0) (product a b)) zero)",
        ),
        ("(bvule one burst)", "(bvult one burst)"),
        ("(bvule burst max_burst)", "(bvult burst max_burst)"),
        ("(bvult zero period)", "(bvult one period)"),
        ("(_ bv315619200000 64)", "(_ bv315619200001 64)"),
    ] {
        let Some(differ) = differences(&broken(BUDGET, good, bad), inputs) else {
            return;
        };
        let rows = inputs.len();
        std::println!("control: {bad}: {} of {rows} differ", differ.len());
        assert!(!differ.is_empty(), "{bad}");
    }
}
