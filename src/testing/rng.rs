//! A random source that is the same every time.

use core::convert::Infallible;

use rand_core::{Rng, TryCryptoRng, TryRng};

/// `SplitMix64`: one seed, always the same words.
///
/// # Security
///
/// **For tests only.** Whoever sees one code can compute every other. It calls itself a `CryptoRng`
/// because the engine takes nothing less; that is a lie told for the sake of tests.
#[derive(Clone, Debug)]
pub struct TestRng(u64);

impl TestRng {
    /// The source of this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A source of its own, another for each number: for requests that come at the same time.
    #[must_use]
    pub fn fork(&self, number: u64) -> Self {
        let apart = number.wrapping_add(1).wrapping_mul(0xd134_2543_de82_ef95);
        Self(Self(self.0 ^ apart).next_u64())
    }
}

impl TryRng for TestRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        let [a, b, c, d, ..] = self.try_next_u64()?.to_le_bytes();
        Ok(u32::from_le_bytes([a, b, c, d]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Ok(mixed ^ (mixed >> 31))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in dst.chunks_mut(8) {
            for (to, from) in chunk.iter_mut().zip(self.try_next_u64()?.to_le_bytes()) {
                *to = from;
            }
        }
        Ok(())
    }
}

impl TryCryptoRng for TestRng {}
