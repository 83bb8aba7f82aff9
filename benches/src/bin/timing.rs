//! Whether time distinguishes one code from another: `cargo run --release --bin timing`.
//!
//! Two kinds of codes in random order, and Welch's t-test on the times of each. A large |t| means
//! that the two can be distinguished; below 5 no difference was seen. `naive` is the control, and
//! must be large. It includes the machine's noise, so it is only informative: the proof is
//! `tests/constant_time`.

use core::cell::Cell;
use core::hint::black_box;

use dudect_bencher::rand::RngExt;
use dudect_bencher::{BenchRng, Class, CtRunner, ctbench_main};
use oob_mfa::VerifyOob;
use oob_mfa_benches::{Budget, World};

const CODES: usize = 20_000;

/// The control: 64 bytes compared one after the other, wrong in the last one or in the first.
fn naive_last_or_first_wrong(runner: &mut CtRunner, rng: &mut BenchRng) {
    let stored = black_box([7_u8; 64]);
    let wrong_at = |place: usize| {
        let mut typed = stored;
        typed[place] = 8;
        typed
    };
    measured(
        runner,
        rng,
        || wrong_at(63),
        || wrong_at(0),
        || (),
        |typed, ()| {
            for (a, b) in black_box(&stored[..]).iter().zip(black_box(&typed[..])) {
                if a != b {
                    return false;
                }
            }
            true
        },
    );
}

/// Rule 6.
fn empty_budget_right_or_wrong(runner: &mut CtRunner, rng: &mut BenchRng) {
    let world = World::new(1);
    measured(
        runner,
        rng,
        || world.right(),
        || world.wrong_at(0),
        || world.account(Budget::Empty),
        |code: &VerifyOob, account| world.verify(account, code),
    );
}

/// A judged code, wrong in the last digit or in the first.
fn full_budget_last_or_first_wrong(runner: &mut CtRunner, rng: &mut BenchRng) {
    let world = World::new(1);
    measured(
        runner,
        rng,
        || world.wrong_at(5),
        || world.wrong_at(0),
        || world.account(Budget::Full),
        |code: &VerifyOob, account| world.verify(account, code),
    );
}

/// Both kinds are made in the same place in memory, in random order. The output of `prepare` is
/// consumed, and making it is not measured.
fn measured<I, P, T>(
    runner: &mut CtRunner,
    rng: &mut BenchRng,
    left: impl Fn() -> I,
    right: impl Fn() -> I,
    prepare: impl Fn() -> P,
    judge: impl Fn(&I, P) -> T,
) {
    let inputs: Vec<(Class, I)> = (0..CODES)
        .map(|_| {
            if rng.random::<bool>() {
                (Class::Left, left())
            } else {
                (Class::Right, right())
            }
        })
        .collect();
    for (class, input) in &inputs {
        let prepared = Cell::new(Some(prepare()));
        runner.run_one(*class, || {
            judge(black_box(input), prepared.take().expect("run once"))
        });
    }
}

ctbench_main!(
    naive_last_or_first_wrong,
    empty_budget_right_or_wrong,
    full_budget_last_or_first_wrong
);
