//! Runs every case, or those named, three times, and lets callgrind count each run: see `table.sh`.
//! Prints each case with its harness.
//!
//! The lowest of the three is used. Sometimes the allocator tidies up, which is not part of the
//! case.

use oob_mfa_benches::cases;
use oob_mfa_benches::scale::{Accounts, filled, sign_in};

/// The one function that callgrind counts, with whatever it calls, and after which it writes its count.
#[inline(never)]
fn counted(work: &mut dyn FnMut()) {
    work();
}

fn main() {
    let named: Vec<String> = std::env::args().skip(1).collect();
    let is_asked_for = |label: &str| named.is_empty() || named.iter().any(|name| name == label);
    for mut case in cases() {
        if !is_asked_for(&case.label) {
            continue;
        }
        // Work of a first call, such as detecting processor features, is not counted, and freed
        // memory is available again.
        case.prepare(3);
        case.run(3);
        for _ in 0..3 {
            case.rewind();
            case.prepare(1);
            counted(&mut || case.run(1));
            println!("{}\t{}", case.label, case.harness());
        }
    }
    // One login of each of 100 users: does it take more with more users?
    let hundred: Vec<u64> = (0..100).map(|user| user * 10 + 3).collect();
    for users in [1_000, 10_000] {
        let label = format!("hundred_among/{users}");
        if is_asked_for(&label) {
            let mut accounts = filled::<Accounts>(users);
            sign_in(&mut accounts, &hundred, |all| all());
            sign_in(&mut accounts, &hundred, counted);
            println!("{label}\tnothing");
        }
    }
}
