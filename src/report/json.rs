//! The JSON writer: the report as it is, safe to print.

use serde::Serialize;

/// `value` as indented JSON with a final newline.
///
/// Characters that a terminal obeys but JSON allows (C1 controls, bidirectional marks) are written as escapes: the
/// text means the same, and looking at it is safe.
///
/// # Errors
/// When `value` cannot be written as JSON; the report's own types always can.
pub fn json(value: &impl Serialize) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(value)?;
    if text.chars().any(is_unsafe) {
        text = text.chars().fold(String::with_capacity(text.len() + 64), |mut out, c| {
            if is_unsafe(c) {
                let mut units = [0; 2];
                c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            } else {
                out.push(c);
            }
            out
        });
    }
    text.push('\n');
    Ok(text)
}

/// Adds a field to an object.
pub(super) fn put(object: &mut serde_json::Value, field: &str, value: serde_json::Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(field.to_owned(), value);
    }
}

/// What `printable` would hide; the line feeds between the lines of the JSON itself stay.
fn is_unsafe(c: char) -> bool {
    c != '\n'
        && !c.is_ascii_graphic()
        && matches!(crate::model::printable(c.encode_utf8(&mut [0; 4])), std::borrow::Cow::Owned(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_hostile_text_but_not_its_power() {
        let hostile = "a\u{1b}[31m\u{9b}2J\u{202e}b\u{7f}\n🦀";
        let text = json(&hostile).unwrap();
        assert!(text.trim_end().chars().all(|c| !c.is_control() && c != '\u{202e}'), "{text}");
        assert_eq!(serde_json::from_str::<String>(&text).unwrap(), hostile);
    }
}
