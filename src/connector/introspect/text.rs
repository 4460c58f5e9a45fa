//! Text as the server sent it, whatever its bytes.
//!
//! A database with the encoding SQL_ASCII holds, and sends, any bytes at all; so may role names, which databases of
//! different encodings share. `String` would refuse them and end the reading of everything else.

use std::error::Error;

use tokio_postgres::types::{FromSql, Type};

/// Text, with bytes that are not UTF-8 written as `\xNN`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// The readable form.
    pub(super) text: String,
    /// Whether bytes had to be rewritten, so that `text` is not what the server has.
    pub(super) rewritten: bool,
}

impl Text {
    fn decode(bytes: &[u8]) -> Self {
        let mut text = String::with_capacity(bytes.len());
        let mut rewritten = false;
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            for byte in chunk.invalid() {
                rewritten = true;
                text.push_str(&format!("\\x{byte:02x}"));
            }
        }
        Self { text, rewritten }
    }
}

impl<'a> FromSql<'a> for Text {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        Ok(Self::decode(raw))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TEXT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_invalid_bytes_are_rewritten() {
        let sound = Text::decode("caf\u{e9} \\xe9".as_bytes());
        assert_eq!((sound.text.as_str(), sound.rewritten), ("café \\xe9", false));
        let latin1 = Text::decode(b"caf\xe9 \xff!");
        assert_eq!((latin1.text.as_str(), latin1.rewritten), ("caf\\xe9 \\xff!", true));
        let cut = Text::decode(b"\xf0\x9f\x90");
        assert_eq!((cut.text.as_str(), cut.rewritten), ("\\xf0\\x9f\\x90", true));
    }
}
