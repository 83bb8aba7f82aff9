//! A random source with given words.

use std::convert::Infallible;

pub use rand_core::CryptoRng;
use rand_core::{TryCryptoRng, TryRng};

/// Gives exactly these words. Bytes come from words, the lowest first.
pub struct Words<I> {
    words: I,
    calls: usize,
}

pub fn words<I: IntoIterator<Item = u32>>(words: I) -> Words<I::IntoIter> {
    Words {
        words: words.into_iter(),
        calls: 0,
    }
}

impl<I: Iterator<Item = u32>> Words<I> {
    /// The number of words that were not drawn.
    pub fn left(self) -> usize {
        self.words.count()
    }

    /// The number of calls.
    pub fn calls(&self) -> usize {
        self.calls
    }

    fn next(&mut self) -> u32 {
        self.words.next().expect("no further word is drawn")
    }
}

impl<I: Iterator<Item = u32>> TryRng for Words<I> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.calls += 1;
        Ok(self.next())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("no word of 64 bits is drawn")
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        self.calls += 1;
        for chunk in dst.chunks_mut(4) {
            chunk.copy_from_slice(&self.next().to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

impl<I: Iterator<Item = u32>> TryCryptoRng for Words<I> {}
