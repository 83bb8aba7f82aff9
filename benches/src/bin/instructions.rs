//! Runs every case once, or those named, for callgrind to count: see `table.sh`.

use oob_mfa_benches::{Case, cases};

/// The one function that callgrind counts, with whatever it calls, and after which it writes its count.
#[inline(never)]
fn counted(case: &mut Case) {
    case.run(1);
}

fn main() {
    let named: Vec<String> = std::env::args().skip(1).collect();
    for mut case in cases() {
        if !named.is_empty() && !named.contains(&case.label) {
            continue;
        }
        // What is looked up on a first call, such as the features of the processor, is not counted,
        // and what is freed is there to be allocated again.
        case.run(3);
        case.rewind();
        counted(&mut case);
        println!("{}", case.label);
    }
}
