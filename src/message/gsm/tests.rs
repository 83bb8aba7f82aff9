use alloc::vec::Vec;

use super::septets;

#[test]
fn the_basic_table_costs_one_septet_a_character() {
    // TS 23.038 section 6.2.1, code points of the 128 places in order, without the escape.
    let punctuation_and_digits = 0x20..=0x3f_u32;
    let greek_and_below: [u32; 31] = [
        0x40, 0xa3, 0x24, 0xa5, 0xe8, 0xe9, 0xf9, 0xec, 0xf2, 0xc7, 0x0a, 0xd8, 0xf8, 0x0d, 0xc5,
        0xe5, 0x394, 0x5f, 0x3a6, 0x393, 0x39b, 0x3a9, 0x3a0, 0x3a8, 0x3a3, 0x398, 0x39e, 0xc6,
        0xe6, 0xdf, 0xc9,
    ];
    let between: [u32; 12] = [
        0xa4, 0xa1, 0xc4, 0xd6, 0xd1, 0xdc, 0xa7, 0xbf, 0xe4, 0xf6, 0xf1, 0xfc,
    ];
    let basic: Vec<char> = punctuation_and_digits
        .filter(|&point| point != 0x24)
        .chain(greek_and_below)
        .chain(between)
        .chain(0x41..=0x5a)
        .chain(0x61..=0x7a)
        .chain([0xe0])
        .map(|point| char::from_u32(point).unwrap())
        .collect();
    // ASCII 0x24 is at 0x02 of GSM, and 0xA4 at 0x24.
    assert_eq!(basic.len(), 127);
    let extension = ['\u{c}', '^', '{', '}', '\\', '[', '~', ']', '|', '€'];
    for c in '\0'..='\u{ffff}' {
        let expected = match (basic.contains(&c), extension.contains(&c)) {
            (true, false) => Some(1),
            (false, true) => Some(2),
            (false, false) => None,
            (true, true) => panic!("in both tables"),
        };
        assert_eq!(septets(c.encode_utf8(&mut [0; 4])), expected, "{c:?}");
    }
}

#[test]
fn septets_add_up_and_one_foreign_character_gives_none() {
    assert_eq!(septets(""), Some(0));
    assert_eq!(septets("a€b[]"), Some(8));
    assert_eq!(septets("abc\u{1b}"), None);
    assert_eq!(septets("ç"), None);
    assert_eq!(septets("`a"), None);
    assert_eq!(septets("🔒"), None);
}
