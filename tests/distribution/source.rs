//! A random source that says what it is told to.

use std::convert::Infallible;

pub use rand_core::CryptoRng;
use rand_core::{TryCryptoRng, TryRng};

/// Says these words, none after them, and takes bytes from them four at a time, the lowest first.
pub struct Words<I>(I);

pub fn words<I: IntoIterator<Item = u32>>(words: I) -> Words<I::IntoIter> {
    Words(words.into_iter())
}

impl<I: Iterator<Item = u32>> Words<I> {
    /// How many words were not drawn.
    pub fn left(self) -> usize {
        self.0.count()
    }
}

impl<I: Iterator<Item = u32>> TryRng for Words<I> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.next().expect("no further word is drawn"))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("no word of 64 bits is drawn")
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for chunk in dst.chunks_mut(4) {
            chunk.copy_from_slice(&self.try_next_u32()?.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

impl<I: Iterator<Item = u32>> TryCryptoRng for Words<I> {}
