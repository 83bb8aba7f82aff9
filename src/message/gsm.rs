//! The alphabet of an SMS: 3GPP TS 23.038 (formerly GSM 03.38), section 6.2.1.

/// The basic table in its order, without the escape at 0x1B, which is not a character.
const BASIC: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?\
    ¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// The extension table in order: an escape precedes each character.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// Counts the septets of a text in GSM 7-bit; `None` if a character is not in that alphabet.
///
/// One SMS holds 160. A single character outside the alphabet switches the whole text to UCS-2, and
/// one SMS then holds 70 characters.
///
/// # Examples
///
/// ```
/// use oob_mfa::message::septets;
///
/// assert_eq!(septets("café"), Some(4));
/// assert_eq!(septets("5 €"), Some(4));
/// assert_eq!(septets("5 ₿"), None);
/// ```
#[must_use]
pub fn septets(text: &str) -> Option<usize> {
    text.chars().try_fold(0_usize, |sum, c| {
        let cost = if is_basic(c) {
            1
        } else if EXTENSION.contains(c) {
            2
        } else {
            return None;
        };
        sum.checked_add(cost)
    })
}

/// Whether a character takes 1 septet.
pub(super) fn is_basic(c: char) -> bool {
    BASIC.contains(c)
}

#[cfg(test)]
mod tests;
