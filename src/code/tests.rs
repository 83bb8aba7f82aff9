mod typed;

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::{String, ToString};
use core::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

use super::{BindingCode, CallKeys, OobCode, RecoveryCode, below};

/// A random source that returns the given words, and nothing after them.
pub(crate) struct Words(VecDeque<u32>);

impl Words {
    pub(crate) fn new(words: impl IntoIterator<Item = u32>) -> Self {
        Self(words.into_iter().collect())
    }

    pub(crate) fn left(&self) -> usize {
        self.0.len()
    }
}

impl TryRng for Words {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.pop_front().unwrap())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        panic!("no code is drawn from 64 bits at once")
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(4) {
            chunk.copy_from_slice(&self.try_next_u32()?.to_le_bytes()[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for Words {}

fn drawn(digits: usize, words: impl IntoIterator<Item = u32>) -> String {
    let mut rng = Words::new(words);
    let code = BindingCode::draw(digits, &mut rng);
    assert_eq!(rng.left(), 0, "words that were not drawn");
    code.expose_secret().into()
}

#[test]
fn a_word_becomes_its_remainder_with_leading_zeros() {
    for (word, code) in [
        (0, "000000"),
        (1, "000001"),
        (42, "000042"),
        (99_999, "099999"),
        (100_000, "100000"),
        (999_999, "999999"),
        (1_000_000, "000000"),
        (1_234_567, "234567"),
    ] {
        assert_eq!(drawn(6, [word]), code);
    }
    for digit in 0..10 {
        assert_eq!(drawn(6, [digit * 111_111]), digit.to_string().repeat(6));
    }
    assert_eq!(drawn(7, [42]), "0000042");
    assert_eq!(drawn(7, [9_999_999]), "9999999");
    assert_eq!(drawn(8, [42]), "00000042");
    assert_eq!(drawn(8, [99_999_999]), "99999999");
    assert_eq!(drawn(8, [100_000_000]), "00000000");
}

#[test]
fn words_past_the_last_whole_multiple_are_rejected() {
    assert_eq!(drawn(6, [4_293_999_999]), "999999");
    assert_eq!(drawn(6, [4_294_000_000, 7]), "000007");
    assert_eq!(drawn(6, [u32::MAX, 4_294_000_000, 7]), "000007");
    assert_eq!(drawn(7, [4_289_999_999]), "9999999");
    assert_eq!(drawn(7, [4_290_000_000, 7]), "0000007");
    assert_eq!(drawn(7, [u32::MAX, 7]), "0000007");
    assert_eq!(drawn(8, [4_199_999_999]), "99999999");
    assert_eq!(drawn(8, [4_200_000_000, 7]), "00000007");
    assert_eq!(drawn(8, [u32::MAX, 7]), "00000007");
}

#[test]
fn a_bound_that_divides_every_word_rejects_none() {
    let bound = core::num::NonZeroU32::new(32).unwrap();
    let below = |bound, words: &[u32]| *below::<1>(bound, &mut Words::new(words.iter().copied()));
    assert_eq!(below(bound, &[u32::MAX]), [31]);
    assert_eq!(below(core::num::NonZeroU32::MIN, &[u32::MAX]), [0]);
    // 2³² is 4 more than a multiple of 62.
    let bound = core::num::NonZeroU32::new(62).unwrap();
    assert_eq!(below(bound, &[4_294_967_291]), [61]);
    assert_eq!(below(bound, &[4_294_967_292, 5]), [5]);
}

#[test]
fn keys_are_three_digits_of_one_word_drawn_by_rejection() {
    let drawn = |words: &[u32]| {
        let mut rng = Words::new(words.iter().copied());
        let keys = CallKeys::draw(&mut rng);
        assert_eq!(rng.left(), 0, "words that were not drawn");
        String::from(keys.expose_secret())
    };
    assert_eq!(drawn(&[0]), "000");
    assert_eq!(drawn(&[7]), "007");
    assert_eq!(drawn(&[1_234]), "234");
    assert_eq!(drawn(&[999]), "999");
    // 2³² is 296 more than a multiple of 1,000.
    assert_eq!(drawn(&[4_294_966_999]), "999");
    assert_eq!(drawn(&[4_294_967_000, u32::MAX, 5]), "005");
}

#[test]
fn only_exactly_the_three_keys_are_right() {
    let keys = CallKeys::draw(&mut Words::new([123]));
    let is_right = |pressed: &str| bool::from(keys.judge(pressed));
    assert!(is_right("123"));
    for pressed in [
        "",
        "1",
        "12",
        "1234",
        "0123",
        "023",
        "103",
        "120",
        "321",
        "123#",
        "#",
        "***",
        " 123",
        "12 ",
        "１２３",
        "１",
    ] {
        assert!(!is_right(pressed), "{pressed:?}");
    }
}

#[test]
fn an_oob_code_is_22_characters_of_base64url() {
    let code = OobCode::of([0xff; 16]);
    assert_eq!(code.expose_secret(), "_____________________w");
    assert_eq!(
        OobCode::from("_____________________w").challenge(),
        Some(&[0xff; 16])
    );
    assert_eq!(
        OobCode::of([0; 16]).expose_secret(),
        "AAAAAAAAAAAAAAAAAAAAAA"
    );
    assert_eq!(
        OobCode::from("AAECAwQFBgcICQoLDA0ODw").challenge(),
        Some(b"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f")
    );
}

#[test]
fn a_malformed_oob_code_names_no_challenge() {
    for text in [
        "",
        "AAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAA==",
        "AAAAAAAAAAAAAAAAAAAAAB",
        "AAAAAAAAAAAAAAAAAAAA+A",
        "AAAAAAAAAAAAAAAAAAAA/A",
        " AAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAA\n",
        "AAAAAAAAAAAAAAAAAAAé",
        "AAAAAAAAAAAAAAAAAAAAA\0",
    ] {
        assert_eq!(OobCode::from(text).challenge(), None, "{text:?}");
        assert_eq!(OobCode::from(text).expose_secret(), "");
    }
}

const RECOVERY: &str = "ABCDEFGHJKLMNPQRSTUVWXYZ";

#[test]
fn a_recovery_code_is_drawn_from_32_characters_that_cannot_be_mistaken() {
    let low = RecoveryCode::draw(&mut Words::new(0..24));
    assert_eq!(low.expose_secret(), "23456789ABCDEFGHJKLMNPQR");
    let high = RecoveryCode::draw(&mut Words::new(8..32));
    assert_eq!(high.expose_secret(), RECOVERY);
    for (word, symbol) in (0..32).zip("23456789ABCDEFGHJKLMNPQRSTUVWXYZ".chars()) {
        let code = RecoveryCode::draw(&mut Words::new([word; 24]));
        assert_eq!(code.expose_secret(), symbol.to_string().repeat(24));
    }
    // Every word is used: 32 divides 2³².
    let last = RecoveryCode::draw(&mut Words::new([u32::MAX; 24]));
    assert_eq!(last.expose_secret(), "ZZZZZZZZZZZZZZZZZZZZZZZZ");
}

#[test]
fn debug_shows_no_code() {
    assert_eq!(
        format!("{:?}", BindingCode::from("123456")),
        "BindingCode(redacted)"
    );
    assert_eq!(format!("{:?}", OobCode::of([1; 16])), "OobCode(redacted)");
    assert_eq!(format!("{:?}", OobCode::from("x")), "OobCode(redacted)");
    assert_eq!(
        format!("{:?}", RecoveryCode::from(RECOVERY)),
        "RecoveryCode(redacted)"
    );
    let keys = CallKeys::draw(&mut Words::new([123]));
    assert_eq!(format!("{keys:?}"), "CallKeys(redacted)");
}
