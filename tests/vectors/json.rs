//! JSON with its fields in written order, with any features of `serde_json`.

use serde::Serialize;

const WIDTH: usize = 110;

/// A value, as compact text.
pub struct Json(String);

pub fn json(value: &(impl Serialize + ?Sized)) -> Json {
    Json(serde_json::to_string(value).unwrap())
}

pub fn object<'a>(fields: impl IntoIterator<Item = (&'a str, Json)>) -> Json {
    let fields = fields
        .into_iter()
        .map(|(name, value)| format!("{name:?}:{}", value.0));
    Json(format!("{{{}}}", fields.collect::<Vec<_>>().join(",")))
}

pub fn list(items: impl IntoIterator<Item = Json>) -> Json {
    let items = items.into_iter().map(|item| item.0);
    Json(format!("[{}]", items.collect::<Vec<_>>().join(",")))
}

pub fn null() -> Json {
    Json("null".into())
}

impl Json {
    /// The same, formatted: a value on one line if it fits, otherwise a line per part.
    pub fn laid_out(&self) -> String {
        let mut text = String::new();
        lay_out(&self.0, 0, &mut text);
        text + "\n"
    }
}

fn lay_out(value: &str, indent: usize, text: &mut String) {
    let close = match value.as_bytes()[0] {
        b'{' => '}',
        b'[' => ']',
        _ => ' ',
    };
    if close == ' ' || value.len() + indent <= WIDTH {
        text.push_str(value);
        return;
    }
    text.push_str(&value[..1]);
    let inside = indent + 2;
    for (index, part) in parts(&value[1..value.len() - 1]).into_iter().enumerate() {
        text.push_str(if index == 0 { "\n" } else { ",\n" });
        text.push_str(&" ".repeat(inside));
        let value = match part.split_once("\":").filter(|_| close == '}') {
            Some((name, value)) => {
                text.push_str(name);
                text.push_str("\": ");
                value
            }
            None => part,
        };
        lay_out(value, inside, text);
    }
    text.push('\n');
    text.push_str(&" ".repeat(indent));
    text.push(close);
}

/// The parts between the commas of the outermost level.
fn parts(inner: &str) -> Vec<&str> {
    let (mut depth, mut quoted, mut escaped, mut start) = (0, false, false, 0);
    let mut parts = Vec::new();
    for (at, byte) in inner.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => quoted = !quoted,
            _ if quoted => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(&inner[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inner[start..]);
    parts
}
