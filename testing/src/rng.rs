//! A seeded random source.

use std::convert::Infallible;

use rand_core::{Rng, TryCryptoRng, TryRng};

/// `SplitMix64`: the same seed gives the same words.
///
/// # Security
///
/// **For tests only.** An attacker who sees one code can compute every other. It implements
/// `CryptoRng` because the engine requires it.
#[derive(Clone, Debug)]
pub struct TestRng(u64);

impl TestRng {
    /// The source with this seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A separate source for each number, for concurrent requests.
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
        // Word by word, as common sources do: bytes and words are one stream.
        for chunk in dst.chunks_mut(4) {
            for (to, from) in chunk.iter_mut().zip(self.try_next_u32()?.to_le_bytes()) {
                *to = from;
            }
        }
        Ok(())
    }
}

impl TryCryptoRng for TestRng {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The published words of `SplitMix64`.
    const OF_1234567: [u64; 5] = [
        6_457_827_717_110_365_317,
        3_203_168_211_198_807_973,
        9_817_491_932_198_370_423,
        4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
    ];

    #[test]
    fn its_output_is_that_of_the_published_generator() {
        let mut rng = TestRng::new(1_234_567);
        assert_eq!(OF_1234567.map(|_| rng.next_u64()), OF_1234567);
        let mut rng = TestRng::new(1_234_567);
        let mut bytes = [0; 19];
        rng.fill_bytes(&mut bytes);
        // Bytes and words of 32 bits are one stream: the low half of each number.
        let low_half = |word: &u64| word.to_le_bytes().into_iter().take(4);
        let words: Vec<u8> = OF_1234567.iter().flat_map(low_half).collect();
        assert_eq!(Some(bytes.as_slice()), words.get(..19));
        // The low half of a word.
        let mut rng = TestRng::new(1_234_567);
        assert_eq!(u64::from(rng.next_u32()), OF_1234567[0] & 0xffff_ffff);
    }

    #[test]
    fn every_source_of_every_source_is_another() {
        let mut first_words = BTreeSet::new();
        for seed in [0, 1, u64::MAX] {
            let mut rng = TestRng::new(seed);
            assert_eq!(rng.fork(7).next_u64(), rng.fork(7).next_u64());
            let forks = (0..1_000).map(|number| rng.fork(number).next_u64());
            first_words.extend(forks);
            first_words.insert(rng.next_u64());
        }
        assert_eq!(first_words.len(), 3 * 1_001);
    }
}
