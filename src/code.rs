//! The 3 codes: the phone gets one, the client holds one, the owner keeps one.
//!
//! The engine draws each from the caller's RNG, or a client presents it. A presented text of a wrong
//! shape is still a value: it is judged and charged like any wrong code.

use alloc::string::String;
use core::num::NonZeroU32;

use rand_core::CryptoRng;
use subtle::ConstantTimeGreater;
use zeroize::Zeroize;

use crate::bytes;
use crate::names::secret;

/// Longest binding code: its digest has to stay within one block of SHA-256.
pub(crate) const MAX_BINDING_DIGITS: usize = 8;
/// Shortest binding code: NIST SP 800-63B-4 section 3.1.3.2 asks for 6 decimal digits (20 bits).
pub(crate) const MIN_BINDING_DIGITS: usize = 6;

/// The code that the phone gets and the user types: 6 to 8 decimal digits.
///
/// # Security
///
/// `Debug` redacts, there is no `Display`, the digits are overwritten when dropped.
pub struct BindingCode {
    digits: [u8; MAX_BINDING_DIGITS],
    // 0 for a text of a length that no binding code has.
    len: usize,
}

impl BindingCode {
    /// Draws a code uniformly, leading zeros included (rule 15).
    pub(crate) fn draw(len: usize, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let len = len.clamp(MIN_BINDING_DIGITS, MAX_BINDING_DIGITS);
        let bound = (0..len).fold(NonZeroU32::MIN, |bound, _| bound.saturating_mul(TEN));
        let mut rest = below(bound, rng);
        let mut digits = [0; MAX_BINDING_DIGITS];
        for digit in digits.iter_mut().take(len).rev() {
            // Not a table: a secret digit must not become an address.
            let [ones, ..] = (rest % 10).to_le_bytes();
            *digit = b'0' | ones;
            rest /= 10;
        }
        rest.zeroize();
        Self { digits, len }
    }

    /// The digits, for the message to the phone.
    ///
    /// Empty if the code was presented with a length that no binding code has.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The presented bytes, unchanged; empty if no code has that length.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.digits.get(..self.len).unwrap_or_default()
    }
}

const TEN: NonZeroU32 = NonZeroU32::MIN.saturating_add(9);

/// Takes any text. A text that is not 6 to 8 bytes long equals no code.
// It looks only at the length: the bytes are secret, and their digest decides the rest.
impl From<&str> for BindingCode {
    fn from(text: &str) -> Self {
        let mut digits = [0; MAX_BINDING_DIGITS];
        let mut len = 0;
        if (MIN_BINDING_DIGITS..=MAX_BINDING_DIGITS).contains(&text.len()) {
            for (digit, byte) in digits.iter_mut().zip(text.bytes()) {
                *digit = byte;
            }
            len = text.len();
        }
        Self { digits, len }
    }
}

/// The handle of one issued code. It names the challenge that a binding code answers.
///
/// # Security
///
/// 128 random bits, opaque to the client. `Debug` redacts and there is no `Display`.
pub struct OobCode(Option<[u8; 16]>);

impl OobCode {
    pub(crate) const fn of(challenge: [u8; 16]) -> Self {
        Self(Some(challenge))
    }

    /// The text for the client: 22 characters of base64url. Empty if it was presented malformed.
    #[must_use]
    pub fn expose_secret(&self) -> String {
        self.0
            .as_ref()
            .map_or_else(String::new, |id| bytes::encode(id))
    }

    pub(crate) const fn challenge(&self) -> Option<&[u8; 16]> {
        self.0.as_ref()
    }
}

/// Takes any text. A malformed one gets the answer of an unknown `oob_code`.
impl From<&str> for OobCode {
    fn from(text: &str) -> Self {
        Self(bytes::decode(text))
    }
}

/// Number of characters of a recovery code.
pub(crate) const RECOVERY_LEN: usize = 24;
const RECOVERY_SYMBOLS: NonZeroU32 = NonZeroU32::MIN.saturating_add(31);

/// The number of ASCII characters between the digits and the letters.
const BETWEEN_9_AND_A: u8 = b'A' - b'9' - 1;

/// The digits from 2, then the letters without I and O: no symbol looks like another.
fn recovery_symbol(index: u32) -> u8 {
    let [index, ..] = index.to_le_bytes();
    // Not a table: a secret symbol must not become an address.
    let past = |last: u8| index.ct_gt(&last).unwrap_u8();
    let to_the_letters = past(7).wrapping_mul(BETWEEN_9_AND_A);
    [index, to_the_letters, past(15), past(20)]
        .into_iter()
        .fold(b'2', u8::wrapping_add)
}

/// The code that the owner keeps on paper: 24 characters, 120 random bits, valid once.
///
/// Users may type it with or without spaces and hyphens, in either case, fullwidth or not.
///
/// # Security
///
/// `Debug` redacts, there is no `Display`, the characters are overwritten when dropped.
pub struct RecoveryCode {
    // All zero if the text is neither 24 bytes nor 24 characters; that equals no code.
    characters: [u8; RECOVERY_LEN],
}

impl RecoveryCode {
    pub(crate) fn draw(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut characters = [0; RECOVERY_LEN];
        for character in &mut characters {
            *character = recovery_symbol(below(RECOVERY_SYMBOLS, rng));
        }
        Self { characters }
    }

    /// The 24 characters: show them to the owner once. Empty if the code was presented malformed.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        let is_character = |byte: &u8| byte.is_ascii_graphic() && *byte != b'-';
        if !self.characters.iter().all(is_character) {
            return "";
        }
        core::str::from_utf8(&self.characters).unwrap_or_default()
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; RECOVERY_LEN] {
        &self.characters
    }
}

/// Takes any text: upper-cases it, folds fullwidth to ASCII, drops spaces and hyphens.
// A text of 24 bytes has no room for separators: it is a code as shown, or not a code. So this looks at
// none of its bytes, and the digest decides.
impl From<&str> for RecoveryCode {
    fn from(text: &str) -> Self {
        let mut characters = <[u8; RECOVERY_LEN]>::try_from(text.as_bytes())
            .unwrap_or_else(|_| folded(text).unwrap_or_default());
        // On every byte, without a branch.
        characters.make_ascii_uppercase();
        Self { characters }
    }
}

/// The code in a text that is not 24 bytes long.
///
/// Branches depend only on where the separators are, and on which characters are ASCII.
fn folded(text: &str) -> Option<[u8; RECOVERY_LEN]> {
    let mut characters = [0; RECOVERY_LEN];
    let mut typed = text.chars().map(fold).filter(|c| !matches!(c, ' ' | '-'));
    for character in &mut characters {
        let byte = typed.next().and_then(|c| u8::try_from(c).ok());
        *character = byte.unwrap_or_default();
    }
    if characters.contains(&0) || typed.next().is_some() {
        characters.zeroize();
        return None;
    }
    Some(characters)
}

/// The ASCII form of a fullwidth character, of white space, and of the dashes that word processors
/// substitute for a hyphen. Other characters stay as they are.
fn fold(c: char) -> char {
    const WIDE_OFFSET: u32 = '！' as u32 - '!' as u32;
    match c {
        '！'..='～' => u32::from(c)
            .checked_sub(WIDE_OFFSET)
            .and_then(char::from_u32)
            .unwrap_or(c),
        '\u{3000}' | '\u{a0}' | '\t' | '\r' | '\n' => ' ',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    }
}

/// A uniform number below `bound` (rule 15). It draws again for a word past the last whole multiple of
/// `bound`: folding such words would favor small numbers.
pub(crate) fn below(bound: NonZeroU32, rng: &mut (impl CryptoRng + ?Sized)) -> u32 {
    let rejected = (u32::MAX % bound).wrapping_add(1) % bound;
    loop {
        let word = rng.next_u32();
        if word <= u32::MAX.wrapping_sub(rejected) {
            return word % bound;
        }
    }
}

secret!(BindingCode, digits);
secret!(OobCode, 0);
secret!(RecoveryCode, characters);

#[cfg(test)]
pub(crate) mod tests;
