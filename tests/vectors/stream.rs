//! Random sources of the vectors: a stream of bytes. A word is the next 4, lowest first.

use std::convert::Infallible;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use rand_core::{Rng, TryCryptoRng, TryRng};

use crate::hex;
use crate::json::Json;

/// Exactly these bytes.
pub struct Given(std::vec::IntoIter<u8>);

impl Given {
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into().into_iter())
    }

    pub fn is_used_up(&self) -> bool {
        self.0.len() == 0
    }
}

impl TryRng for Given {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut word = [0; 4];
        self.try_fill_bytes(&mut word)?;
        Ok(u32::from_le_bytes(word))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("the description knows of words of 32 bits alone")
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        for byte in dst {
            *byte = self.0.next().expect("no further byte is drawn");
        }
        Ok(())
    }
}

impl TryCryptoRng for Given {}

/// A seeded source that remembers what was drawn.
pub struct Recorded {
    source: ChaCha20Rng,
    drawn: Vec<u8>,
}

impl Recorded {
    pub fn new(seed: u8) -> Self {
        Self {
            source: ChaCha20Rng::from_seed([seed; 32]),
            drawn: Vec::new(),
        }
    }

    /// The bytes drawn since the last call.
    pub fn drawn(&mut self) -> Json {
        hex(&std::mem::take(&mut self.drawn))
    }
}

impl TryRng for Recorded {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let word = self.source.next_u32();
        self.drawn.extend(word.to_le_bytes());
        Ok(word)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("the description knows of words of 32 bits alone")
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        self.source.fill_bytes(dst);
        self.drawn.extend_from_slice(dst);
        Ok(())
    }
}

impl TryCryptoRng for Recorded {}
