//! The operations that are measured, what they cannot do without, and what others do in their place.
//!
//! Each case is a function from a [`World`], so that instructions, allocations and times are those of
//! the same work. What a case makes is dropped within it.

pub mod counting;
mod effort;
mod figures;
mod floors;
mod ours;
mod peers;
pub mod scale;
mod world;

use core::hint::black_box;

pub use self::effort::Effort;
pub use self::figures::Figures;
pub use self::world::{Budget, World};

/// One thing that is measured, with a world of its own.
pub struct Case {
    /// Its name, and behind a slash the number of pending challenges where that is varied.
    pub label: String,
    world: World,
    run: fn(&mut World, u32),
}

impl Case {
    /// Does it so many times.
    pub fn run(&mut self, times: u32) {
        (self.run)(black_box(&mut self.world), times);
    }

    /// Sees to it that the next time draws from random words that are there already: every so many
    /// times a block of them is made, and that is not to be counted by chance.
    pub fn rewind(&mut self) {
        self.world.rewind();
    }
}

/// The numbers of pending challenges.
pub const PENDING: [usize; 3] = [1, 4, 10];

/// Every case, in the order of the table.
#[must_use]
pub fn cases() -> Vec<Case> {
    macro_rules! cases {
        ($($pending:expr => $($name:ident)*;)*) => {
            vec![$($((
                stringify!($name),
                $pending.as_slice(),
                (|world, times| {
                    for _ in 0..times {
                        let made = black_box(&mut *world).$name();
                        black_box(&made);
                    }
                }) as fn(&mut World, u32),
            ),)*)*]
        };
    }
    let one = [1];
    let cases = cases! {
        one => nothing hmac compare compare_words random_word clone_account;
        PENDING => verify_right verify_wrong verify_refused verify_unknown clone_pending;
        one => recovery_right recovery_right_floor recovery_wrong recovery_wrong_floor
            challenge challenge_floor associate associate_floor open_token open_token_floor
            authenticators budget_take gcra_by_hand governor_direct governor_direct_at governor_keyed
            totp_rs_right totp_rs_wrong latchkey_totp_right latchkey_totp_wrong
            latchkey_email_right latchkey_email_wrong
            load_postcard save_postcard save_postcard_slice load_json save_json
            load_largest_postcard save_largest_postcard save_largest_postcard_slice
            load_largest_json save_largest_json
            request_postcard request_json;
    };
    #[cfg(feature = "modo-rs")]
    let cases = [cases, cases! { one => modo_rs_right modo_rs_wrong; }].concat();
    let mut all = Vec::new();
    for (name, numbers, run) in cases {
        for pending in numbers {
            let label = match numbers {
                [_] => name.to_owned(),
                _ => format!("{name}/{pending}"),
            };
            let world = World::new(*pending);
            all.push(Case { label, world, run });
        }
    }
    all
}
