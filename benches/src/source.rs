//! Where random bytes come from.

use chacha20::ChaCha20Rng;
use getrandom::SysRng;
use rand_core::{CryptoRng, UnwrapErr};

/// A source of random bytes.
pub(crate) trait Source {
    /// The source, which may be the seeded one.
    fn of(seeded: &mut ChaCha20Rng) -> impl CryptoRng;
}

/// The same bytes in every run, made in this process.
pub(crate) struct Seeded;

/// The system's, as in a server: a system call for each field that is drawn.
pub(crate) struct System;

impl Source for Seeded {
    fn of(seeded: &mut ChaCha20Rng) -> impl CryptoRng {
        seeded
    }
}

impl Source for System {
    fn of(_: &mut ChaCha20Rng) -> impl CryptoRng {
        UnwrapErr(SysRng)
    }
}
