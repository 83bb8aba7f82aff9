//! Codes as people type them.

use alloc::format;

use super::RECOVERY;
use crate::code::{BindingCode, RecoveryCode};

#[test]
fn a_presented_text_of_six_to_eight_digits_is_unchanged() {
    for text in ["123456", "000000", "1234567", "12345678"] {
        assert_eq!(BindingCode::from(text).expose_secret(), text);
    }
}

#[test]
fn no_byte_of_a_text_of_six_bytes_is_looked_at() {
    // Letters, separators, a control character, fullwidth and Arabic digits.
    for text in [
        "12345a",
        "      ",
        "12345 ",
        "12-345",
        "12345\u{0}",
        "\u{ff11}\u{ff12}",
        "\u{661}\u{662}\u{663}",
        "1234é",
        "123\u{200b}",
    ] {
        assert_eq!(text.len(), 6, "{text:?}");
        assert_eq!(BindingCode::from(text).as_bytes(), text.as_bytes());
    }
}

#[test]
fn a_presented_text_of_any_other_shape_equals_no_code() {
    for text in [
        "",
        "1",
        "12345",
        "123456789",
        "\u{ff11}\u{ff12}\u{ff13}",
        "\u{ff11}\u{ff12}\u{ff13}\u{ff14}\u{ff15}",
        "123 456 7890",
        // Seven and eight bytes that are not digits.
        "123456a",
        "12345é",
        "1234567a",
        "1234567\u{0}",
        "        ",
        "\u{661}\u{662}\u{663}\u{664}",
        // One text is one code: nothing around it is removed.
        "code 123456",
        "123456.",
        "123456 or 654321",
        "123456\n123456",
        "①②③④⑤⑥",
        "¹²³⁴⁵⁶",
        "ⅠⅡⅢⅣⅤⅥ",
        "一二三四五六",
        "１２３４５６７８９",
    ] {
        let code = BindingCode::from(text);
        assert_eq!(code.as_bytes(), b"", "{text:?}");
        assert_eq!(code.expose_secret(), "");
    }
}

#[test]
fn a_binding_code_is_read_as_people_type_it() {
    for text in [
        " 123456",
        "123456 ",
        "123 456",
        "123-456",
        "\u{a0}123456",
        "123456\u{a0}",
        "123\u{a0}456",
        "１２３４５６",
        "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}",
        "\u{6f1}\u{6f2}\u{6f3}\u{6f4}\u{6f5}\u{6f6}",
        "\u{967}\u{968}\u{969}\u{96a}\u{96b}\u{96c}",
        "123456\u{200b}",
        "\u{202a}123456\u{202c}",
        "\u{feff}123456",
        "1 2 3 4 5 6",
        "1-2-3-4-5-6",
        "\t123456\r\n",
        "１2\u{663}４5\u{666}",
        "－１２３　４５６\u{ad}",
        "\u{1d7cf}\u{1d7d0}\u{1d7d1}\u{1d7d2}\u{1d7d3}\u{1d7d4}",
    ] {
        assert_eq!(
            BindingCode::from(text).expose_secret(),
            "123456",
            "{text:?}"
        );
    }
    assert_eq!(BindingCode::from("123 4567").expose_secret(), "1234567");
    assert_eq!(BindingCode::from("1234 5678").expose_secret(), "12345678");
    assert_eq!(BindingCode::from("００００００").expose_secret(), "000000");
}

#[test]
fn a_text_of_more_than_192_bytes_is_not_read() {
    let padded = |len: usize| format!("{}123456", " ".repeat(len - 6));
    assert_eq!(
        BindingCode::from(padded(192).as_str()).expose_secret(),
        "123456"
    );
    assert_eq!(BindingCode::from(padded(193).as_str()).as_bytes(), b"");
    let padded = |len: usize| format!("{RECOVERY}{}", "-".repeat(len - 24));
    assert_eq!(
        RecoveryCode::from(padded(192).as_str()).expose_secret(),
        RECOVERY
    );
    assert_eq!(
        RecoveryCode::from(padded(193).as_str()).as_bytes(),
        &[0; 24]
    );
}

#[test]
fn a_recovery_code_is_read_as_people_type_it() {
    for text in [
        "ABCDEFGHJKLMNPQRSTUVWXYZ",
        "abcdefghjklmnpqrstuvwxyz",
        "AbCdEfGhJkLmNpQrStUvWxYz",
        "ABCD-EFGH-JKLM-NPQR-STUV-WXYZ",
        "abcd efgh jklm npqr stuv wxyz",
        "  --ABCDEFGHJKLMNPQRSTUVWXYZ--  ",
        "\tABCDEFGHJKLM\r\nNPQRSTUVWXYZ\n",
        "ABCDEFGHJKLM\u{a0}NPQRSTUVWXYZ",
        "ABCDEFGHJKLM\u{3000}NPQRSTUVWXYZ",
        "ABCDEFGHJKLM\u{2010}NPQRSTUVWXYZ",
        "ABCDEFGHJKLM\u{2015}NPQRSTUVWXYZ",
        "ABCDEFGHJKLM\u{2212}NPQRSTUVWXYZ",
        "ABCDEFGHJKLM\u{ff0d}NPQRSTUVWXYZ",
        "ABCDEFGHJKLM\u{2003}NPQRSTUVWXYZ",
        "ABCDEFGHJKLM\u{2007}NPQRSTUVWXYZ",
        "ABCDEFGHJKLM\u{2009}NPQRSTUVWXYZ",
        "ABCDEFGHJKLM\u{202f}NPQRSTUVWXYZ",
        "ABCDEFGHJKLM\u{200b}NPQRSTUVWXYZ",
        "ABCDEFGHJKLM\u{200e}NPQRSTUVWXYZ",
        "ABCDEFGHJKLM\u{ad}NPQRSTUVWXYZ",
        "ABCDEFGHJKLM\u{feff}NPQRSTUVWXYZ",
        "\u{feff}abcd\u{2007}efgh\u{200b}jklm\u{2009}npqr\u{ad}stuv\u{202f}wxyz\u{200e}",
        "ＡＢＣＤＥＦＧＨＪＫＬＭＮＰＱＲＳＴＵＶＷＸＹＺ",
        "ａｂｃｄｅｆｇｈｊｋｌｍｎｐｑｒｓｔｕｖｗｘｙｚ",
    ] {
        assert_eq!(
            RecoveryCode::from(text).expose_secret(),
            RECOVERY,
            "{text:?}"
        );
    }
    let digits = RecoveryCode::from("２３４５６７８９２３４５６７８９２３４５６７８９");
    assert_eq!(digits.expose_secret(), "234567892345678923456789");
    let digits = RecoveryCode::from("٢٣٤٥٦٧٨٩ ٢٣٤٥٦٧٨٩ ٢٣٤٥٦٧٨٩");
    assert_eq!(digits.expose_secret(), "234567892345678923456789");
}

#[test]
fn a_recovery_code_that_is_not_24_characters_equals_none() {
    for text in [
        "",
        "-",
        " ",
        "\u{200b}",
        "                         ",
        "ABCDEFGHJKLMNPQRSTUVWXY",
        "ABCDEFGHJKLMNPQRSTUVWXYZA",
        "ABCDEFGHJKLMNPQRSTUVWXYZZZZZZZZZZZZZZZZZZZZZZZZZZZZZ",
        "ABCDEFGHJKLM-NPQRSTUVWXY\0",
        "ABCDEFGHJKLMNPQRSTUVWXY\u{200b}",
        "АBCDEFGHJKLMNPQRSTUVWXYZ",
        // One text is one code.
        "Code: ABCDEFGHJKLMNPQRSTUVWXYZ",
        "ABCDEFGHJKLMNPQRSTUVWXYZ, ABCDEFGHJKLMNPQRSTUVWXYZ",
        "ABCD EFGH JKLM NPQR STUV WXYß",
        "ⒶⒷⒸⒹEFGHJKLMNPQRSTUVWXYZ",
    ] {
        let code = RecoveryCode::from(text);
        assert_eq!(code.as_bytes(), &[0; 24], "{text:?}");
        assert_eq!(code.expose_secret(), "");
    }
}

#[test]
fn a_text_of_24_bytes_is_unchanged_and_empty_unless_it_is_24_characters() {
    for text in [
        "ABCDEFGHJKLMNPQRSTUVWXY\0",
        "ABCDEFGHJKLMNPQRSTUVWXY ",
        "ABCDEFGHJKLM-NPQRSTUVWXY",
        "\tABCDEFGHJKLMNPQRSTUVWXY",
        "ABCDEFGHJKLMNPQRSTUVWX\u{a0}",
        "ＡＢＣＤＥＦＧＨ",
    ] {
        let code = RecoveryCode::from(text);
        assert_eq!(code.as_bytes(), text.as_bytes(), "{text:?}");
        assert_eq!(code.expose_secret(), "");
    }
}

#[test]
fn a_character_outside_the_alphabet_is_kept_and_equals_no_code() {
    // 0, 1, I and O are not replaced by similar characters: each is one wrong code.
    for (typed, resembled) in [('0', 'Q'), ('1', 'L'), ('I', 'L'), ('O', 'Q'), ('!', 'Z')] {
        let text = format!("{typed}BCDEFGHJKLMNPQRSTUVWXYZ");
        let code = RecoveryCode::from(text.as_str());
        assert_eq!(code.expose_secret(), text);
        assert_ne!(
            code.expose_secret(),
            format!("{resembled}BCDEFGHJKLMNPQRSTUVWXYZ")
        );
    }
    // A character without an ASCII form leaves nothing, even if its value fits a byte.
    let code = RecoveryCode::from("ABCDEFGHJKLMNPQRSTUVWXY\u{df}");
    assert_eq!(code.as_bytes(), &[0; 24]);
    assert_eq!(code.expose_secret(), "");
}
