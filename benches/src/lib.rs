//! The measured operations, their floors and their peers.
//!
//! Each case is a function of a [`World`], so instructions, allocations and times measure the same
//! work. An account is handed over, not copied. A case drops what it makes, and that account: the
//! engine drops it in a refusal, and the store after a save.

pub mod counting;
mod effort;
mod figures;
mod floors;
mod ours;
mod peers;
pub mod scale;
mod source;
mod world;

use core::hint::black_box;

use oob_mfa::Account;

pub use self::effort::Effort;
pub use self::figures::{Figures, Measure};
pub use self::world::{Budget, World};

/// One measured case, with its own world.
pub struct Case {
    /// Its name, and after a slash the number of pending challenges if that varies.
    pub label: String,
    world: World,
    run: Run,
    handed_over: Vec<Account>,
}

/// How a case is run.
#[derive(Clone, Copy)]
enum Run {
    /// Alone, this many times.
    Alone(fn(&mut World, u32)),
    /// On all the accounts that were passed in.
    On(fn(&World) -> &Account, fn(&mut World, &mut Vec<Account>)),
}

impl Case {
    /// Prepares this many runs: an operation consumes an account, and copying it is not measured.
    pub fn prepare(&mut self, times: u32) {
        self.world.handed_over.clear();
        if let Run::On(account, _) = self.run {
            let copy = || account(&self.world).clone();
            let copies = core::iter::repeat_with(copy).take(times as usize);
            self.handed_over.extend(copies);
        }
    }

    /// Runs as often as was prepared.
    pub fn run(&mut self, times: u32) {
        let world = black_box(&mut self.world);
        match self.run {
            Run::Alone(run) => run(world, times),
            Run::On(_, run) => run(world, &mut self.handed_over),
        }
    }

    /// The number of runs at once.
    ///
    /// glibc keeps 7 freed blocks of a size at hand. With more accounts, freeing would take longer
    /// than in a server, where one request has one account.
    #[must_use]
    pub const fn at_once(&self, times: u32) -> u32 {
        match self.run {
            Run::On(..) if times > 7 => 7,
            Run::On(..) | Run::Alone(_) => times,
        }
    }

    /// The empty case that is run in the same way: what it takes is the harness.
    #[must_use]
    pub const fn harness(&self) -> &'static str {
        match self.run {
            Run::On(..) => "handed_over",
            Run::Alone(_) => "nothing",
        }
    }

    /// Makes the next run draw from existing random words: a new block is made at intervals, and
    /// must not be counted by chance.
    pub fn rewind(&mut self) {
        self.world.rewind();
    }
}

/// The numbers of pending challenges.
pub const PENDING: [usize; 2] = [1, 10];

/// Every case, in the order of the table.
#[must_use]
pub fn cases() -> Vec<Case> {
    macro_rules! run {
        ($name:ident) => {
            Run::Alone(|world, times| {
                for _ in 0..times {
                    let made = black_box(&mut *world).$name();
                    black_box(&made);
                }
            })
        };
        ($name:ident $account:ident) => {
            Run::On(
                |world| &world.$account,
                |world, accounts| {
                    while let Some(account) = accounts.pop() {
                        let made = black_box(&mut *world).$name(black_box(account));
                        black_box(&made);
                    }
                },
            )
        };
    }
    macro_rules! cases {
        ($($numbers:expr => $($name:ident $(of $account:ident)?),*;)*) => {
            vec![$($((stringify!($name), $numbers.as_slice(), run!($name $($account)?)),)*)*]
        };
    }
    let one = [1];
    let cases = cases! {
        one => nothing, handed_over of idle, hmac, drop_account of idle;
        PENDING => verify_right of account, verify_wrong of account, verify_refused of exhausted,
            verify_unknown of account, drop_pending of account;
        one => recovery_right of account, recovery_right_floor, recovery_wrong of account,
            challenge of idle, challenge_floor, associate of fresh, associate_floor,
            recovery_system of account, recovery_system_floor, challenge_system of idle,
            challenge_system_floor, associate_system of fresh, associate_system_floor,
            open_token, open_token_floor, authenticators, budget_take,
            totp_rs_right, totp_rs_wrong, latchkey_totp_right,
            latchkey_totp_wrong, latchkey_email_right, latchkey_email_wrong,
            load_postcard, save_postcard, load_json, save_json,
            load_largest_postcard, save_largest_postcard,
            request_postcard, request_postcard_wrong, request_postcard_refused, request_json;
    };
    let mut all = Vec::new();
    for (name, numbers, run) in cases {
        for pending in numbers {
            let label = match numbers {
                [_] => name.to_owned(),
                _ => format!("{name}/{pending}"),
            };
            all.push(Case {
                label,
                world: World::new(*pending),
                run,
                handed_over: Vec::with_capacity(16),
            });
        }
    }
    all
}
