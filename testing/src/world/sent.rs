//! A sent code, and constants for tests written by hand.

use oob_mfa::{Account, AuthenticatorId, DeviceId};

/// The phone of the user.
pub const ALICES: &str = "+14155558730";
/// The phone of an attacker.
pub const MALLORYS: &str = "+447700900123";
/// Every scope that manages factors.
pub const EVERY_SCOPE: &str = "enroll read:authenticators remove:authenticators";

/// A sent code: what the client holds and what the phone shows. It has no `Debug`.
#[derive(Clone)]
pub struct Sent {
    /// The authenticator it was sent to.
    pub authenticator: AuthenticatorId,
    /// The client's handle.
    pub oob_code: String,
    /// The digits in the message, or the text typed instead.
    pub code: String,
    /// The recovery code that was shown with it.
    pub recovery_code: Option<String>,
}

impl Sent {
    /// The phone it was sent to.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        match self.authenticator {
            AuthenticatorId::Phone(_, device) => device,
            other => panic!("{other} is not a phone"),
        }
    }

    /// The same with another code.
    #[must_use]
    pub fn with_code(&self, code: &str) -> Self {
        Self {
            code: code.into(),
            ..self.clone()
        }
    }

    /// The same with a wrong code of the same shape.
    #[must_use]
    pub fn wrong(&self) -> Self {
        self.with_code(&wrong(&self.code))
    }
}

/// A code of the same shape that differs in the last digit.
pub(super) fn wrong(right: &str) -> String {
    let (rest, last) = right.split_at(right.len() - 1);
    format!("{rest}{}", if last == "9" { '0' } else { '9' })
}

/// The same code in two groups, the first in fullwidth digits, with the extra characters of a
/// paste.
pub(super) fn retyped(right: &str) -> String {
    const WIDE: u32 = '０' as u32 - '0' as u32;
    let (first, rest) = right.split_at(right.len() / 2);
    let wide = first.chars().map(|digit| u32::from(digit) + WIDE);
    let wide: String = wide.filter_map(char::from_u32).collect();
    format!(" {wide}-{rest}\u{200b}\n")
}

/// The account as a store loads it. Both stored forms must load what was saved.
#[must_use]
pub fn stored_and_loaded(account: &Account) -> Account {
    let text = serde_json::to_string(account).unwrap();
    let loaded: Account = serde_json::from_str(&text).unwrap();
    assert_eq!(&loaded, account);
    let bytes = postcard::to_allocvec(account).unwrap();
    let loaded: Account = postcard::from_bytes(&bytes).unwrap();
    assert_eq!(&loaded, account);
    loaded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_code_has_the_shape_of_the_right_one() {
        for (right, expected) in [
            ("000000", "000009"),
            ("999999", "999990"),
            ("12345678", "12345679"),
        ] {
            assert_eq!(wrong(right), expected);
        }
    }

    #[test]
    fn a_retyped_code_has_the_same_digits_in_the_same_order() {
        assert_eq!(retyped("012345"), " ０１２-345\u{200b}\n");
        assert_eq!(retyped("98765432"), " ９８７６-5432\u{200b}\n");
    }
}
