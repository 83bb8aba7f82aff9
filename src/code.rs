//! Binding codes for the phone, `oob_code`s for the client, recovery codes for the owner.
//!
//! The engine draws them from the caller's random source, and clients present them. A presented text
//! of a wrong shape is a value too: it is judged and charged like any wrong code.

use alloc::string::String;
use core::num::NonZeroU32;

use rand_core::CryptoRng;
use subtle::{Choice, ConstantTimeEq, ConstantTimeGreater};
use zeroize::{Zeroize, Zeroizing};

use crate::names::secret;
use crate::{bytes, typed};

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
    // 0 for a length that no binding code has.
    len: usize,
}

impl BindingCode {
    /// Draws a code uniformly, leading zeros included (rule 15).
    pub(crate) fn draw(len: usize, rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let len = len.clamp(MIN_BINDING_DIGITS, MAX_BINDING_DIGITS);
        let mut digits = [0; MAX_BINDING_DIGITS];
        if let Some(drawn) = digits.get_mut(..len) {
            draw_digits(drawn, rng);
        }
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

/// Draws decimal digits uniformly, from one number below a power of 10.
fn draw_digits(digits: &mut [u8], rng: &mut (impl CryptoRng + ?Sized)) {
    let bound = (0..digits.len()).fold(NonZeroU32::MIN, |bound, _| bound.saturating_mul(TEN));
    let [mut rest] = *below(bound, rng);
    for digit in digits.iter_mut().rev() {
        // Not a table: a secret digit must not become an address.
        let [ones, ..] = (rest % 10).to_le_bytes();
        *digit = b'0' | ones;
        rest /= 10;
    }
    rest.zeroize();
}

/// Takes any text: drops white space, dashes and invisible characters, and folds every decimal digit to
/// ASCII. If the rest is not 6 to 8 digits, it equals no code.
// A text of 6 bytes has no room for separators. Its bytes are not inspected: the digest decides. In a
// longer text, branches depend only on the class of each character.
impl From<&str> for BindingCode {
    fn from(text: &str) -> Self {
        let mut code = Self {
            digits: [0; MAX_BINDING_DIGITS],
            len: 0,
        };
        if text.len() == MIN_BINDING_DIGITS {
            for (digit, byte) in code.digits.iter_mut().zip(text.bytes()) {
                *digit = byte;
            }
            code.len = text.len();
        } else if (MIN_BINDING_DIGITS..=MAX_TYPED).contains(&text.len()) {
            code.len = fill(
                &mut code.digits,
                typed::characters(text),
                char::is_ascii_digit,
            )
            .filter(|len| *len >= MIN_BINDING_DIGITS)
            .unwrap_or_default();
        }
        code
    }
}

/// Longest text that is read for a code, in bytes: 24 characters of 4 bytes, each with as much around it.
const MAX_TYPED: usize = 192;

/// Fills the bytes with characters of one class. Returns how many, or `None` if one does not fit.
fn fill(
    bytes: &mut [u8],
    characters: impl Iterator<Item = char>,
    is_of_class: impl Fn(&char) -> bool,
) -> Option<usize> {
    let mut len = 0_usize;
    for character in characters {
        let byte = u8::try_from(character).ok();
        *bytes.get_mut(len)? = byte.filter(|_| is_of_class(&character))?;
        len = len.saturating_add(1);
    }
    Some(len)
}

/// The 3 keys that a call asks for before it says a digit. A mailbox whose greeting plays tones presses
/// them once in 1,000 calls.
///
/// # Security
///
/// They are in the [`Delivery`](crate::Delivery) and in no record. `Debug` redacts, there is no `Display`,
/// they are overwritten when dropped.
#[derive(Clone)]
pub struct CallKeys([u8; CALL_KEYS]);

const CALL_KEYS: usize = 3;

impl CallKeys {
    pub(crate) fn draw(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut keys = [0; CALL_KEYS];
        draw_digits(&mut keys, rng);
        Self(keys)
    }

    /// The keys, for the prompt of the call.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        core::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// Whether these are the keys, in constant time for a text of their length.
    pub(crate) fn judge(&self, pressed: &str) -> Choice {
        self.0.ct_eq(pressed.as_bytes())
    }
}

/// The handle of an issued code: it names the challenge that a binding code answers.
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

/// The length of a recovery code, in characters.
pub(crate) const RECOVERY_LEN: usize = 24;
const RECOVERY_SYMBOLS: NonZeroU32 = NonZeroU32::MIN.saturating_add(31);

/// The number of ASCII characters between the digits and the letters.
const BETWEEN_9_AND_A: u8 = b'A' - b'9' - 1;

/// The digits from 2 and the letters except I and O: no symbol looks like another.
fn recovery_symbol(index: u32) -> u8 {
    let [index, ..] = index.to_le_bytes();
    // Not a table: a secret symbol must not become an address.
    let past = |last: u8| index.ct_gt(&last).unwrap_u8();
    let to_the_letters = past(7).wrapping_mul(BETWEEN_9_AND_A);
    [index, to_the_letters, past(15), past(20)]
        .into_iter()
        .fold(b'2', u8::wrapping_add)
}

/// The recovery code that the owner keeps on paper: 24 characters, 120 random bits, valid once.
///
/// People may type it in groups, in either case and in fullwidth forms.
///
/// # Security
///
/// `Debug` redacts, there is no `Display`, the characters are overwritten when dropped.
pub struct RecoveryCode {
    // All 0 if the text is not 24 characters. No code equals that.
    characters: [u8; RECOVERY_LEN],
}

impl RecoveryCode {
    pub(crate) fn draw(rng: &mut (impl CryptoRng + ?Sized)) -> Self {
        let mut characters = [0; RECOVERY_LEN];
        let drawn = below::<RECOVERY_LEN>(RECOVERY_SYMBOLS, rng);
        for (character, index) in characters.iter_mut().zip(drawn.iter()) {
            *character = recovery_symbol(*index);
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

/// Takes any text: drops white space, dashes and invisible characters, folds fullwidth forms and every
/// decimal digit to ASCII, and upper-cases it.
// A text of 24 bytes has no room for separators. Its bytes are not inspected: the digest decides.
impl From<&str> for RecoveryCode {
    fn from(text: &str) -> Self {
        let mut code = Self {
            characters: [0; RECOVERY_LEN],
        };
        if let Ok(shown) = <[u8; RECOVERY_LEN]>::try_from(text.as_bytes()) {
            code.characters = shown;
        } else if (RECOVERY_LEN..=MAX_TYPED).contains(&text.len())
            && fill(
                &mut code.characters,
                typed::characters(text),
                char::is_ascii_graphic,
            ) != Some(RECOVERY_LEN)
        {
            code.characters.zeroize();
        }
        // All at once, without a branch.
        code.characters.make_ascii_uppercase();
        code
    }
}

/// Uniform numbers below `bound` (rule 15), with one call of the random source. It draws again for each
/// word past the last whole multiple of `bound`: folding such words would favor small numbers.
pub(crate) fn below<const N: usize>(
    bound: NonZeroU32,
    rng: &mut (impl CryptoRng + ?Sized),
) -> Zeroizing<[u32; N]> {
    let rejected = (u32::MAX % bound).wrapping_add(1) % bound;
    let mut drawn = Zeroizing::new([[0; 4]; N]);
    rng.fill_bytes(drawn.as_flattened_mut());
    let mut words = drawn.iter().map(|bytes| u32::from_le_bytes(*bytes));
    let mut numbers = Zeroizing::new([0; N]);
    for number in numbers.iter_mut() {
        *number = loop {
            let word = words.next().unwrap_or_else(|| rng.next_u32());
            if word <= u32::MAX.wrapping_sub(rejected) {
                break word % bound;
            }
        };
    }
    numbers
}

secret!(BindingCode, digits);
secret!(CallKeys, 0);
secret!(OobCode, 0);
secret!(RecoveryCode, characters);

#[cfg(test)]
pub(crate) mod tests;
