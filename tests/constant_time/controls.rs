//! The faults that memcheck must find.

use std::hint::black_box;

use crate::valgrind::{Secret, mark, publish};

/// Runs a control and returns its verdict.
pub fn run(case: &str) -> String {
    match case {
        "control: slices compared by ==" => control(|stored, typed| stored == typed),
        "control: early return on the first wrong digit" => control(equal_until_wrong),
        "control: table look-up" => {
            control(|stored, _| black_box(NEXT_DIGIT[usize::from(stored[0])]) > 0)
        }
        "control: digits only" => control(|stored, _| stored.iter().all(u8::is_ascii_digit)),
        "control: from_utf8" => control(|stored, _| std::str::from_utf8(stored).is_ok()),
        unknown => panic!("no case is called {unknown:?}"),
    }
}

/// Runs a fault on two secret codes, of a length that the compiler does not know.
fn control(fault: impl FnOnce(&[u8], &[u8]) -> bool) -> String {
    let mut stored = black_box(b"012345".to_vec());
    let mut typed = black_box(b"012445".to_vec());
    mark(Secret::Stored, stored.as_mut_slice());
    mark(Secret::Presented, typed.as_mut_slice());
    let mut right = fault(black_box(&stored), black_box(&typed));
    publish(&mut right);
    (if right { "right" } else { "wrong" }).into()
}

fn equal_until_wrong(stored: &[u8], typed: &[u8]) -> bool {
    for (a, b) in stored.iter().zip(typed) {
        if a != b {
            return false;
        }
    }
    true
}

/// For each digit, the next one.
static NEXT_DIGIT: [u8; 256] = {
    let mut next = [0; 256];
    let mut digit = b'0';
    while digit < b'9' {
        next[digit as usize] = digit + 1;
        digit += 1;
    }
    next
};
