//! Runs one case once, for callgrind to count: see `instructions.sh`.

use core::hint::black_box;
use std::process::ExitCode;

use oob_mfa_benches::World;

/// The one function that callgrind counts, with whatever it calls.
#[inline(never)]
fn counted<T>(case: impl FnOnce(&World) -> T, world: &World) -> T {
    black_box(case(black_box(world)))
}

macro_rules! cases {
    ($($case:ident)*) => {
        fn run(case: &str, world: &World) -> bool {
            match case {
                "nothing" => counted(|_| (), world),
                // The result is dropped outside: a caller keeps it.
                $(stringify!($case) => drop(counted(World::$case, world)),)*
                _ => return false,
            }
            true
        }

        const CASES: &[&str] = &["nothing", $(stringify!($case)),*];
    };
}
cases! {
    hmac verify_wrong verify_right verify_refused verify_refused_wrong verify_unknown challenge
    open_token load load_and_save
}

fn main() -> ExitCode {
    let Some(case) = std::env::args().nth(1) else {
        println!("{}", CASES.join("\n"));
        return ExitCode::SUCCESS;
    };
    // It runs every case once: what is looked up on a first call, such as the features of the
    // processor, is not counted.
    let world = World::new();
    if run(&case, &world) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
