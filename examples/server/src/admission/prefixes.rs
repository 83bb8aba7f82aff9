//! Which numbers get messages, by the digits that they begin with.

use std::fmt;

use oob_mfa::PhoneNumber;
use serde::Deserialize;

/// The first digits of numbers, calling code included.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct Prefix(String);

/// The text is not a prefix.
#[derive(Debug)]
pub(crate) struct InvalidPrefix(String);

impl fmt::Display for InvalidPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(text) = self;
        write!(
            f,
            "{text:?} must be 1 to 7 digits without the plus and without a leading 0, such as \"44\""
        )
    }
}

impl TryFrom<String> for Prefix {
    type Error = InvalidPrefix;

    fn try_from(text: String) -> Result<Self, InvalidPrefix> {
        let is_prefix = (1..=7).contains(&text.len()) && !text.starts_with('0');
        if is_prefix && text.bytes().all(|byte| byte.is_ascii_digit()) {
            Ok(Self(text))
        } else {
            Err(InvalidPrefix(text))
        }
    }
}

/// The longest prefix of a number decides; one that is in both lists is denied.
#[derive(Clone, Debug, Default)]
pub(crate) struct Prefixes {
    /// `None`: every number that is not denied.
    pub(crate) allowed: Vec<Prefix>,
    pub(crate) denied: Vec<Prefix>,
}

impl Prefixes {
    pub(super) fn allow(&self, phone: PhoneNumber) -> bool {
        let number = phone.to_e164();
        let digits = number.trim_start_matches('+');
        let longest = |prefixes: &[Prefix]| {
            let matching = prefixes
                .iter()
                .filter(|prefix| digits.starts_with(&prefix.0));
            matching.map(|prefix| prefix.0.len()).max()
        };
        let denied = longest(&self.denied);
        if self.allowed.is_empty() {
            denied.is_none()
        } else {
            longest(&self.allowed) > denied
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefixes<const A: usize, const D: usize>(
        allowed: [&str; A],
        denied: [&str; D],
    ) -> impl Fn(&str) -> bool {
        let list = |texts: &[&str]| {
            let prefixes = texts
                .iter()
                .map(|text| Prefix::try_from((*text).to_owned()));
            prefixes.collect::<Result<_, _>>().unwrap()
        };
        let prefixes = Prefixes {
            allowed: list(&allowed),
            denied: list(&denied),
        };
        move |number| prefixes.allow(number.parse().unwrap())
    }

    #[test]
    fn without_a_list_every_number_gets_messages() {
        assert!(prefixes([], [])("+447911123456"));
    }

    #[test]
    fn with_a_list_only_its_numbers_get_messages() {
        let allow = prefixes(["1", "49"], []);
        for (number, allowed) in [
            ("+14155558730", true),
            ("+18765551234", true),
            ("+4915112345678", true),
            ("+447911123456", false),
            ("+41791234567", false),
        ] {
            assert_eq!(allow(number), allowed, "{number}");
        }
    }

    #[test]
    fn denied_numbers_get_no_messages_and_all_others_do() {
        let allow = prefixes([], ["1876", "882"]);
        for (number, allowed) in [
            ("+18765551234", false),
            ("+18775551234", true),
            ("+88212345678", false),
            ("+447911123456", true),
        ] {
            assert_eq!(allow(number), allowed, "{number}");
        }
    }

    #[test]
    fn the_longest_prefix_decides() {
        let allow = prefixes(["1", "187655", "49"], ["1876", "1809", "1876559", "49"]);
        for (number, allowed) in [
            ("+14155558730", true),
            ("+18095551234", false),
            ("+18764441234", false),
            ("+18765551234", true),
            ("+18765591234", false),
            ("+4915112345678", false),
            ("+447911123456", false),
        ] {
            assert_eq!(allow(number), allowed, "{number}");
        }
    }

    #[test]
    fn a_prefix_is_1_to_7_digits_without_a_0_at_the_front() {
        for text in ["1", "10", "1234567"] {
            assert!(Prefix::try_from(text.to_owned()).is_ok(), "{text}");
        }
        for text in ["", "0", "049", "12345678", "+1", "1 2", "４４", "a"] {
            let error = Prefix::try_from(text.to_owned()).unwrap_err().to_string();
            let expected =
                "must be 1 to 7 digits without the plus and without a leading 0, such as \"44\"";
            assert_eq!(error, format!("{text:?} {expected}"));
        }
    }
}
