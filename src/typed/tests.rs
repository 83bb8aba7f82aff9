use alloc::string::String;
use alloc::vec::Vec;

use super::characters;

fn typed(text: &str) -> String {
    characters(text).collect()
}

#[test]
fn separators_are_dropped_anywhere() {
    for separator in [
        ' ', '\t', '\n', '\r', '\u{b}', '\u{85}', '\u{a0}', '\u{1680}', '\u{2003}', '\u{2007}',
        '\u{2009}', '\u{200b}', '\u{200e}', '\u{200f}', '\u{2028}', '\u{202a}', '\u{202c}',
        '\u{202f}', '\u{2060}', '\u{2066}', '\u{2069}', '\u{3000}', '\u{feff}', '\u{ad}', '-',
        '\u{2010}', '\u{2011}', '\u{2013}', '\u{2014}', '\u{2212}', '\u{ff0d}', '\u{fe63}',
        '\u{fe0f}',
    ] {
        let text: String = [separator, '1', '2', separator, separator, '3', separator]
            .iter()
            .collect();
        assert_eq!(typed(&text), "123", "{separator:?}");
    }
}

/// Whether the character is dropped around and between others.
fn is_dropped(c: char) -> bool {
    typed(&String::from_iter([c, '1', c, c, '2', c])) == "12"
}

#[test]
fn every_white_space_of_unicode_is_dropped() {
    let white: Vec<char> = ('\0'..=char::MAX).filter(|c| c.is_whitespace()).collect();
    assert_eq!(white.len(), 25);
    assert!(white.into_iter().all(is_dropped));
}

/// The general category Pd of Unicode 14, and the minus sign.
#[test]
fn every_dash_of_unicode_is_dropped() {
    let dashes = "-֊־᐀᠆\u{2010}\u{2011}\u{2012}\u{2013}\u{2014}\u{2015}\u{2212}⸗⸚\u{2e3a}\u{2e3b}⹀\u{2e5d}〜〰゠\
                  \u{fe31}\u{fe32}\u{fe58}\u{fe63}\u{ff0d}\u{10ead}";
    assert_eq!(dashes.chars().count(), 27);
    for dash in dashes.chars() {
        assert!(is_dropped(dash), "{dash:?}");
    }
    // The hyphen key of a Japanese keyboard types these, wide and narrow.
    assert_eq!(typed("１２３ー４５６"), "123456");
    assert_eq!(typed("123ｰ456"), "123456");
    // Not dashes: people type these marks for something else.
    for other in "_~=+|/\\.,:;'\"`^*#•·¯".chars() {
        assert!(!is_dropped(other), "{other:?}");
    }
}

/// The general category Cf of Unicode 14. Its signs of Arabic, Syriac and Kaithi are visible, and
/// are kept.
#[test]
fn every_format_character_of_unicode_that_shows_nothing_is_dropped() {
    let visible = [
        (0x600, 0x605),
        (0x6dd, 0x6dd),
        (0x70f, 0x70f),
        (0x890, 0x891),
        (0x8e2, 0x8e2),
        (0x110bd, 0x110bd),
        (0x110cd, 0x110cd),
    ];
    let invisible = [
        (0xad, 0xad),
        (0x61c, 0x61c),
        (0x180e, 0x180e),
        (0x200b, 0x200f),
        (0x202a, 0x202e),
        (0x2060, 0x2064),
        (0x2066, 0x206f),
        (0xfeff, 0xfeff),
        (0xfff9, 0xfffb),
        (0x13430, 0x13438),
        (0x1bca0, 0x1bca3),
        (0x1d173, 0x1d17a),
        (0xe0001, 0xe0001),
        (0xe0020, 0xe007f),
    ];
    let each = |ranges: &[(u32, u32)]| -> Vec<char> {
        let codes = ranges.iter().flat_map(|(first, last)| *first..=*last);
        codes.filter_map(char::from_u32).collect()
    };
    assert_eq!(each(&visible).len() + each(&invisible).len(), 163);
    for c in each(&invisible) {
        assert!(is_dropped(c), "{c:?}");
    }
    for c in each(&visible) {
        assert!(!is_dropped(c), "{c:?}");
    }
    // Fillers and variation selectors, as after a digit that is shown as an emoji.
    for c in "\u{34f}\u{115f}\u{3164}\u{ffa0}\u{fe0f}\u{e0100}".chars() {
        assert!(is_dropped(c), "{c:?}");
    }
}

/// A visible letter, digit or sign is not a separator.
#[test]
fn only_white_space_dashes_and_invisible_characters_are_dropped() {
    let is_dropped = |c: &char| characters(c.encode_utf8(&mut [0; 4])).next().is_none();
    let readable = ('\0'..=char::MAX).filter(|c| c.is_alphanumeric());
    let others: String = readable.filter(is_dropped).collect();
    assert_eq!(others, "\u{115f}\u{1160}\u{30fc}\u{3164}\u{ff70}\u{ffa0}");
}

#[test]
fn every_decimal_digit_of_any_script_becomes_ascii() {
    let zeros = [
        0x660, 0x6f0, 0x966, 0x9e6, 0xe50, 0x1040, 0xff10, 0x1d7ce, 0x1fbf0,
    ];
    for zero in zeros {
        let digits: String = (zero..zero + 10)
            .map(|c| char::from_u32(c).unwrap())
            .collect();
        assert_eq!(typed(&digits), "0123456789", "{zero:x}");
    }
}

/// A numeric character without a decimal value is not a digit of a code: fractions, circled and Roman
/// numerals.
#[test]
fn every_folded_digit_is_numeric_and_there_are_66_times_ten() {
    let folded: Vec<char> = ('\0'..=char::MAX)
        .filter(|c| characters(c.encode_utf8(&mut [0; 4])).any(|c| c.is_ascii_digit()))
        .collect();
    assert_eq!(folded.len(), 660);
    assert!(folded.iter().all(|c| c.is_numeric()));
    for other in ["½", "①", "Ⅳ", "²", "〇", "一"] {
        assert_eq!(typed(other), other);
    }
}

#[test]
fn letters_keep_their_case_and_fullwidth_letters_become_ascii() {
    assert_eq!(typed("ＡＺａｚ！～"), "AZaz!~");
    assert_eq!(typed("aZÄßſK"), "aZÄßſK");
    // Nothing is replaced by a character that looks similar.
    assert_eq!(typed("0OoIl1"), "0OoIl1");
    assert_eq!(typed("\0_.,;:/"), "\0_.,;:/");
}
