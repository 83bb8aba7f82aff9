//! Codes as people type them: one text is one code or none, judged without the crate's tables.

use oob_mfa::{BindingCode, RecoveryCode};

/// Longest text that may be a code, in bytes.
const LONGEST: usize = 192;
/// The letters that are dropped: two long vowel marks that are read as dashes, and 4 invisible
/// fillers.
const DROPPED_LETTERS: &str = "ーｰ\u{115f}\u{1160}\u{3164}\u{ffa0}";

/// The digits of a typed binding code, if the text is one.
pub fn binding_code(text: &str) -> Option<String> {
    let digits = digits(text);
    if let Some(typed) = plain(text) {
        let is_code = (6..=8).contains(&typed.len()) && typed.bytes().all(|b| b.is_ascii_digit());
        // 6 bytes are a code unchanged, or not a code: `１２` is 2 digits.
        let is_read = text.len() <= LONGEST && (text.len() != 6 || text.is_ascii());
        assert_eq!(digits, (is_code && is_read).then_some(typed), "{text:?}");
    }
    let code = digits?;
    assert!((6..=8).contains(&code.len()), "{text:?}");
    // Only separators were dropped, and no digit became another.
    let read: Vec<char> = text
        .chars()
        .filter(|c| c.is_alphanumeric() && !DROPPED_LETTERS.contains(*c))
        .collect();
    assert_eq!(read.len(), code.len(), "{text:?}");
    for (typed, digit) in read.into_iter().zip(code.chars()) {
        assert!(typed.is_numeric(), "{text:?}");
        assert!(!typed.is_ascii() || typed == digit, "{text:?}");
    }
    for retyped in retyped(&code) {
        assert_eq!(digits_of(&retyped), code, "{retyped:?}");
    }
    Some(code)
}

/// The characters of a typed recovery code, if the text is one.
pub fn recovery_code(text: &str) -> Option<String> {
    let shown = |text: &str| RecoveryCode::from(text).expose_secret().to_owned();
    let code = shown(text);
    if let Some(typed) = plain(text) {
        let is_code = typed.len() == 24 && typed.bytes().all(|b| b.is_ascii_graphic());
        // 24 bytes are a code unchanged, or not a code.
        let is_read = text.len() <= LONGEST && (text.len() != 24 || text.is_ascii());
        let expected = if is_code && is_read {
            typed.to_ascii_uppercase()
        } else {
            String::new()
        };
        assert_eq!(code, expected, "{text:?}");
    }
    if code.is_empty() {
        return None;
    }
    assert_eq!(code.len(), 24, "{text:?}");
    assert_eq!(code, code.to_ascii_uppercase(), "{text:?}");
    for retyped in retyped(&code.to_ascii_lowercase()) {
        assert_eq!(shown(&retyped), code, "{retyped:?}");
    }
    Some(code)
}

/// The content of a text of ASCII, fullwidth forms and white space: without the white space and the
/// dashes.
fn plain(text: &str) -> Option<String> {
    let typed = text.chars().filter(|c| !c.is_whitespace()).map(|c| {
        let wide = u32::from(c).wrapping_sub(0xFEE0);
        match char::from_u32(wide) {
            Some(ascii @ '!'..='~') => Some(ascii),
            _ => c.is_ascii().then_some(c),
        }
    });
    let typed: String = typed.collect::<Option<_>>()?;
    Some(typed.replace('-', ""))
}

/// The same code, as it may be typed elsewhere.
fn retyped(code: &str) -> [String; 4] {
    let each = |word: fn(char) -> String| code.chars().map(word).collect::<String>();
    let wide = |c: char| char::from_u32(u32::from(c) + 0xFEE0).expect("a fullwidth form");
    [
        code.to_owned(),
        each(|c| format!("{c} ")),
        each(|c| format!("\u{200b}{c}\u{2013}")),
        code.chars().map(wide).collect(),
    ]
}

fn digits_of(text: &str) -> String {
    digits(text).unwrap_or_default()
}

fn digits(text: &str) -> Option<String> {
    let code = BindingCode::from(text);
    let digits = code.expose_secret();
    let is_code = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_code.then(|| digits.to_owned())
}
