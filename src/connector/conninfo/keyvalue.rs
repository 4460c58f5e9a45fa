//! Connection strings of keywords and values: `host=localhost dbname='my app'`, read as libpq reads them.

use std::iter::Peekable;
use std::str::Chars;

use crate::connector::ConnectError;

/// Reads a keyword/value string into pairs.
///
/// # Errors
///
/// For a keyword without `=` and for an unclosed quote. Values are not quoted in errors: they may be a password.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, ConnectError> {
    let mut rest = text.chars().peekable();
    let mut pairs = Vec::new();
    loop {
        skip_space(&mut rest);
        if rest.peek().is_none() {
            return Ok(pairs);
        }
        let mut keyword = String::new();
        while let Some(c) = rest.next_if(|c| *c != '=' && !c.is_ascii_whitespace()) {
            keyword.push(c);
        }
        skip_space(&mut rest);
        if rest.next() != Some('=') {
            return Err(no_equals_sign(pairs.is_empty() && rest.peek().is_none()));
        }
        skip_space(&mut rest);
        let value = match rest.next_if_eq(&'\'') {
            Some(_) => quoted(&mut rest)?,
            None => bare(&mut rest),
        };
        pairs.push((keyword, value));
    }
}

fn skip_space(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(char::is_ascii_whitespace).is_some() {}
}

fn bare(rest: &mut Peekable<Chars<'_>>) -> String {
    let mut value = String::new();
    while let Some(c) = rest.next_if(|c| !c.is_ascii_whitespace()) {
        value.extend(if c == '\\' { rest.next() } else { Some(c) });
    }
    value
}

fn quoted(rest: &mut Peekable<Chars<'_>>) -> Result<String, ConnectError> {
    let mut value = String::new();
    while let Some(c) = rest.next() {
        match c {
            '\'' => return Ok(value),
            '\\' => value.extend(rest.next()),
            other => value.push(other),
        }
    }
    Err(ConnectError::setting(
        "a quoted value in the connection string does not end",
        "close it with `'`, and write a quote inside as `\\'`",
    ))
}

fn no_equals_sign(single_word: bool) -> ConnectError {
    let message = if single_word {
        "this is neither a connection URL nor a list of `keyword=value`"
    } else {
        "a keyword in the connection string has no `=`"
    };
    ConnectError::setting(
        message,
        "write `postgresql://user@host/database` or `host=... dbname=...`, with quotes around values that have spaces",
    )
}

#[cfg(test)]
mod tests {
    use super::parse;

    fn expect(text: &str, wanted: &[(&str, &str)]) {
        let wanted: Vec<_> = wanted.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(parse(text).unwrap(), wanted, "{text}");
    }

    #[test]
    fn spaces_quotes_and_escapes() {
        expect("  host = db  port=5433 ", &[("host", "db"), ("port", "5433")]);
        expect(r"password='it\'s \\ here' user=a\ b", &[("password", r"it's \ here"), ("user", "a b")]);
        expect("host='' dbname=d", &[("host", ""), ("dbname", "d")]);
        expect("", &[]);
    }

    #[test]
    fn errors_do_not_repeat_a_password() {
        for text in ["password='hunter2", "password=my hunter2", "hunter2"] {
            let error = parse(text).unwrap_err();
            let shown = format!("{error} {error:?} {:?}", error.help());
            assert!(!shown.contains("hunter2"), "{shown}");
        }
    }
}
