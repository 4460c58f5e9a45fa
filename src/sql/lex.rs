//! A scanner for Postgres' lexical rules: light tokens that know their bytes.
//!
//! sqlparser's tokenizer gives lines and columns but no bytes, gives up on a whole file for one open quote, and takes the
//! data of COPY for SQL. This one follows the manual, "Lexical Structure", and is several times as fast; the two are
//! held against each other in tests.

use std::ops::Range;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// An unquoted identifier or key word.
    Word,
    /// `"..."`
    Quoted,
    /// `U&"..."`
    UnicodeQuoted,
    /// `'...'` or `N'...'`
    Text,
    /// `E'...'`
    Escaped,
    /// `U&'...'`
    UnicodeText,
    /// `B'...'` or `X'...'`
    Bits,
    /// `$tag$...$tag$`
    Dollar,
    /// A number.
    Number,
    /// `$1`
    Parameter,
    /// A run of operator characters, `::`, `:=` or `..`.
    Operator,
    /// One of `, ( ) [ ] . ; :`
    Punct(u8),
    /// `\`, which only psql knows.
    Backslash,
    /// A character that SQL has no use for.
    Stray,
}

/// A token and its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) kind: Kind,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Token {
    pub(crate) fn range(self) -> Range<usize> {
        self.start..self.end
    }
}

/// A quote or comment without an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Open {
    /// Where it was opened.
    pub(crate) start: usize,
    /// What was opened.
    pub(crate) what: &'static str,
}

/// Reads tokens from `at` on.
pub(crate) struct Lexer<'a> {
    bytes: &'a [u8],
    pub(crate) at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(text: &'a str, at: usize) -> Self {
        Self { bytes: text.as_bytes(), at }
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// The next token; `None` at the end of the text.
    pub(crate) fn next_token(&mut self) -> Result<Option<Token>, Open> {
        self.skip_blank()?;
        let start = self.at;
        let Some(&first) = self.bytes.get(start) else { return Ok(None) };
        let kind = match first {
            b'\'' => self.quoted(0, b'\'', false, Kind::Text)?,
            b'"' => self.quoted(0, b'"', false, Kind::Quoted)?,
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => self.word(first)?,
            b'0'..=b'9' => self.number(),
            b'.' if self.byte(1).is_ascii_digit() => self.number(),
            b'$' => self.dollar()?,
            b':' if matches!(self.byte(1), b':' | b'=') => self.take(2, Kind::Operator),
            b'.' if self.byte(1) == b'.' => self.take(2, Kind::Operator),
            b',' | b'(' | b')' | b'[' | b']' | b'.' | b';' | b':' => self.take(1, Kind::Punct(first)),
            b'\\' => self.take(1, Kind::Backslash),
            _ if is_operator(first) => self.operator(),
            _ => self.take(1, Kind::Stray),
        };
        Ok(Some(Token { kind, start, end: self.at }))
    }

    fn take(&mut self, length: usize, kind: Kind) -> Kind {
        self.at += length;
        kind
    }

    fn skip_blank(&mut self) -> Result<(), Open> {
        loop {
            match self.byte(0) {
                b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c => self.at += 1,
                b'-' if self.byte(1) == b'-' => self.line_comment(),
                b'/' if self.byte(1) == b'*' => self.comment()?,
                _ => return Ok(()),
            }
        }
    }

    fn line_comment(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|b| matches!(b, b'\n' | b'\r')).unwrap_or(rest.len());
    }

    fn comment(&mut self) -> Result<(), Open> {
        let (start, mut depth) = (self.at, 0_usize);
        while self.at < self.bytes.len() {
            match (self.byte(0), self.byte(1)) {
                (b'/', b'*') => (depth, self.at) = (depth + 1, self.at + 2),
                (b'*', b'/') => (depth, self.at) = (depth - 1, self.at + 2),
                _ => self.at += 1,
            }
            if depth == 0 {
                return Ok(());
            }
        }
        Err(self.open(start, "comment"))
    }

    fn open(&mut self, start: usize, what: &'static str) -> Open {
        self.at = self.bytes.len();
        Open { start, what }
    }

    /// A quoted thing whose quote is `prefix` bytes ahead; the quote doubled, or escaped if `escapes`, is part of it.
    fn quoted(&mut self, prefix: usize, quote: u8, escapes: bool, kind: Kind) -> Result<Kind, Open> {
        let start = self.at;
        self.at += prefix + 1;
        while let Some(&b) = self.bytes.get(self.at) {
            if b == quote && self.byte(1) == quote || b == b'\\' && escapes {
                self.at += 2;
            } else {
                self.at += 1;
                if b == quote {
                    return Ok(kind);
                }
            }
        }
        Err(self.open(start, if quote == b'"' { "quoted identifier" } else { "quoted string" }))
    }

    fn word(&mut self, first: u8) -> Result<Kind, Open> {
        match (first.to_ascii_lowercase(), self.byte(1), self.byte(2)) {
            (b'e', b'\'', _) => return self.quoted(1, b'\'', true, Kind::Escaped),
            (b'b' | b'x', b'\'', _) => return self.quoted(1, b'\'', false, Kind::Bits),
            (b'n', b'\'', _) => return self.quoted(1, b'\'', false, Kind::Text),
            (b'u', b'&', b'\'') => return self.quoted(2, b'\'', false, Kind::UnicodeText),
            (b'u', b'&', b'"') => return self.quoted(2, b'"', false, Kind::UnicodeQuoted),
            _ => (),
        }
        self.skip_while(|b| is_word(b) || b == b'$');
        Ok(Kind::Word)
    }

    fn skip_while(&mut self, mut wanted: impl FnMut(u8) -> bool) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(|b| !wanted(*b)).unwrap_or(rest.len());
    }

    fn number(&mut self) -> Kind {
        self.skip_while(is_word);
        if self.byte(0) == b'.' && self.byte(1) != b'.' {
            self.at += 1;
            self.skip_while(is_word);
        }
        let exponent = self.bytes.get(self.at.wrapping_sub(1)).is_some_and(|b| b.eq_ignore_ascii_case(&b'e'));
        if exponent && matches!(self.byte(0), b'+' | b'-') && self.byte(1).is_ascii_digit() {
            self.at += 1;
            self.skip_while(is_word);
        }
        Kind::Number
    }

    fn dollar(&mut self) -> Result<Kind, Open> {
        let start = self.at;
        self.at += 1;
        if self.byte(0).is_ascii_digit() {
            self.skip_while(|b| b.is_ascii_digit());
            return Ok(Kind::Parameter);
        }
        self.skip_while(is_word);
        if self.byte(0) != b'$' {
            self.at = start + 1;
            return Ok(Kind::Stray);
        }
        self.at += 1;
        let tag = self.bytes.get(start..self.at).unwrap_or_default();
        // A tag ends in `$`, so two of its places can overlap in that one byte only, and the search may go on behind it.
        while let Some(found) = self.bytes.get(self.at..).and_then(|r| r.iter().position(|b| *b == b'$')) {
            self.at += found;
            if self.bytes.get(self.at..).is_some_and(|r| r.starts_with(tag)) {
                self.at += tag.len();
                return Ok(Kind::Dollar);
            }
            self.at += 1;
        }
        Err(self.open(start, "dollar-quoted string"))
    }

    fn operator(&mut self) -> Kind {
        while is_operator(self.byte(0)) && !matches!((self.byte(0), self.byte(1)), (b'-', b'-') | (b'/', b'*')) {
            self.at += 1;
        }
        Kind::Operator
    }
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b == b'_' || b >= 0x80
}

fn is_operator(b: u8) -> bool {
    matches!(
        b,
        b'~' | b'!'
            | b'@'
            | b'#'
            | b'^'
            | b'&'
            | b'|'
            | b'`'
            | b'?'
            | b'+'
            | b'-'
            | b'*'
            | b'/'
            | b'%'
            | b'<'
            | b'>'
            | b'='
    )
}

/// The tokens of `text[range]`, up to the first thing that has no end.
pub(crate) fn tokens(text: &str, range: Range<usize>) -> Vec<Token> {
    let mut lexer = Lexer::new(text.get(..range.end).unwrap_or(text), range.start);
    let mut tokens = Vec::with_capacity(range.len() / 6);
    while let Ok(Some(token)) = lexer.next_token() {
        tokens.push(token);
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(Kind, &str)> {
        tokens(text, 0..text.len()).into_iter().map(|t| (t.kind, &text[t.range()])).collect()
    }

    #[test]
    fn follows_postgres_lexical_rules() {
        use Kind::*;
        assert_eq!(kinds(r"E'a\'b' x"), [(Escaped, r"E'a\'b'"), (Word, "x")]);
        assert_eq!(kinds(r"'a\' x"), [(Text, r"'a\'"), (Word, "x")]);
        assert_eq!(kinds("a$b$c"), [(Word, "a$b$c")]);
        assert_eq!(kinds("$a$ $b$ $a$"), [(Dollar, "$a$ $b$ $a$")]);
        assert_eq!(kinds("$1+1.5e-3"), [(Parameter, "$1"), (Operator, "+"), (Number, "1.5e-3")]);
        assert_eq!(kinds("1..10"), [(Number, "1"), (Operator, ".."), (Number, "10")]);
        assert_eq!(kinds("/* a /* b */ c */ d -- e"), [(Word, "d")]);
        assert_eq!(kinds("a->>'b'"), [(Word, "a"), (Operator, "->>"), (Text, "'b'")]);
        assert_eq!(
            kinds("U&\"d\\0061t\" u&'x' é\"\"\"\""),
            [(UnicodeQuoted, "U&\"d\\0061t\""), (UnicodeText, "u&'x'"), (Word, "é"), (Quoted, "\"\"\"\"")]
        );
    }

    #[test]
    fn an_open_quote_is_an_error_with_its_place() {
        for (text, what) in [
            ("a 'b", "quoted string"),
            ("a \"b", "quoted identifier"),
            ("a /* b", "comment"),
            ("a $x$ b$x", "dollar-quoted string"),
        ] {
            let mut lexer = Lexer::new(text, 0);
            lexer.next_token().unwrap();
            assert_eq!(lexer.next_token(), Err(Open { start: 2, what }));
        }
    }
}
