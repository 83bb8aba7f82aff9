//! What is wrong with the text of a configuration.

/// What is wrong, with its line number and field, but without the text: it may be a secret.
pub(super) fn told(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start));
    let before = before.unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let said = error.message();
    let value = said.split_once(": ").zip(said.rsplit_once(", expected "));
    let name = said.strip_prefix("unknown field `");
    let name = name.and_then(|rest| rest.split_once('`'));
    match (value, name) {
        (Some(((kind @ ("invalid type" | "invalid value"), _), (_, expected))), _) => {
            let field = field(before).map_or_else(String::new, |field| format!("{field}: "));
            format!("line {line}: {field}{kind}, expected {expected}")
        }
        (_, Some((name, expected))) if !is_name(name) => {
            format!("line {line}: unknown field{expected}")
        }
        _ => format!("line {line}: {said}"),
    }
}

/// The field whose value, or the first element of it, comes next.
fn field(before: &str) -> Option<&str> {
    let line = before.rsplit('\n').next()?;
    let (field, rest) = line.rsplit_once('=')?;
    let field = field.trim_end().rsplit([' ', '\t', ',', '{']).next()?;
    let begins = rest.chars().all(|character| " \t[".contains(character));
    (begins && is_name(field)).then_some(field)
}

/// Whether a text looks like the fields of a configuration, and not like a secret in their place.
fn is_name(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || b"_.".contains(&byte);
    !text.is_empty() && text.bytes().all(allowed)
}
