//! Connection URLs: `postgresql://user:password@host1:port1,host2/database?keyword=value`, read as libpq reads them.
//!
//! A password with an unescaped `@`, `/` or `:` shifts the parts of a URL, so that pieces of it turn up as host, port
//! or database. Errors here therefore never quote what stands before the `?`.

use crate::connector::ConnectError;

const SCHEMES: [&str; 2] = ["postgresql://", "postgres://"];

/// Whether a connection string is meant as a URL.
pub(super) fn is_url(text: &str) -> bool {
    text.find("://").is_some_and(|end| !text.get(..end).unwrap_or_default().contains(['=', ' ', '\'']))
}

/// Reads a URL into pairs of keyword and value.
///
/// # Errors
///
/// For another scheme, bad percent-encoding, a password that needs encoding, or a parameter without a value.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, ConnectError> {
    let rest = SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme)).ok_or_else(wrong_scheme)?;
    let mut pairs = Vec::new();
    let rest = match rest.split_once('@') {
        Some((before, after)) if !before.contains('/') => {
            credentials(before, &mut pairs)?;
            after
        }
        _ => rest,
    };
    let (rest, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let (hosts, database) = rest.split_once('/').unwrap_or((rest, ""));
    if hosts.contains('@') || database.contains(['@', '/']) {
        return Err(unescaped());
    }
    host_list(hosts, &mut pairs)?;
    push_unless_empty("dbname", decode(database)?, &mut pairs);
    for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
        pairs.push(query_parameter(parameter)?);
    }
    Ok(pairs)
}

fn credentials(text: &str, pairs: &mut Vec<(String, String)>) -> Result<(), ConnectError> {
    let (user, password) = text.split_once(':').unwrap_or((text, ""));
    push_unless_empty("user", decode(user)?, pairs);
    push_unless_empty("password", decode(password)?, pairs);
    Ok(())
}

/// Several hosts become two comma-separated lists of equal length, libpq's own form.
fn host_list(text: &str, pairs: &mut Vec<(String, String)>) -> Result<(), ConnectError> {
    let mut hosts = Vec::new();
    let mut ports = Vec::new();
    for part in text.split(',') {
        let (host, port) = match part.strip_prefix('[') {
            Some(bracketed) => {
                let (address, after) = bracketed.split_once(']').ok_or_else(unclosed_bracket)?;
                (address, after.strip_prefix(':').unwrap_or(after))
            }
            None => part.split_once(':').unwrap_or((part, "")),
        };
        hosts.push(decode(host)?);
        ports.push(decode(port)?);
    }
    push_unless_empty("host", hosts.join(","), pairs);
    if ports.iter().any(|port| !port.is_empty()) {
        pairs.push(("port".to_owned(), ports.join(",")));
    }
    Ok(())
}

fn query_parameter(text: &str) -> Result<(String, String), ConnectError> {
    let (name, value) = text.split_once('=').ok_or_else(|| {
        ConnectError::setting("a parameter of the connection URL has no value", "write `?keyword=value&keyword=value`")
    })?;
    let (name, value) = (decode(name)?, decode(value)?);
    // JDBC's way to ask for TLS, which libpq accepts in URLs too.
    if name == "ssl" && value == "true" {
        return Ok(("sslmode".to_owned(), "require".to_owned()));
    }
    Ok((name, value))
}

fn push_unless_empty(keyword: &str, value: String, pairs: &mut Vec<(String, String)>) {
    if !value.is_empty() {
        pairs.push((keyword.to_owned(), value));
    }
}

/// Percent-decoding; unlike in web forms, `+` is a plus.
fn decode(text: &str) -> Result<String, ConnectError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |b: Option<u8>| b.and_then(|b| char::from(b).to_digit(16));
                let (high, low) = (digit(rest.next()), digit(rest.next()));
                let value = high.zip(low).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
                value.filter(|value| *value != 0).ok_or_else(bad_encoding)?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).map_err(|_| bad_encoding())
}

fn wrong_scheme() -> ConnectError {
    ConnectError::setting("this is not a Postgres connection URL", "a connection URL starts with `postgresql://`")
}

fn unescaped() -> ConnectError {
    ConnectError::setting(
        "the connection URL has an `@` or `/` too many",
        "percent-encode the password in the URL: `@` is `%40`, `/` is `%2F`, `:` is `%3A`, `%` is `%25`",
    )
}

fn unclosed_bracket() -> ConnectError {
    ConnectError::setting("the connection URL has a `[` without its `]`", "write an IPv6 address as `[::1]`")
}

fn bad_encoding() -> ConnectError {
    ConnectError::setting(
        "the connection URL has a `%` that is not followed by the two hexadecimal digits of a UTF-8 byte",
        "write a percent sign as `%25`",
    )
}

#[cfg(test)]
mod tests {
    use super::{is_url, parse};

    fn pairs(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap()
    }

    fn expect(text: &str, wanted: &[(&str, &str)]) {
        let wanted: Vec<_> = wanted.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert_eq!(pairs(text), wanted, "{text}");
    }

    #[test]
    fn parts() {
        expect(
            "postgresql://al%40ice:p%3Aw@db.example.com:6432/app?sslmode=require",
            &[
                ("user", "al@ice"),
                ("password", "p:w"),
                ("host", "db.example.com"),
                ("port", "6432"),
                ("dbname", "app"),
                ("sslmode", "require"),
            ],
        );
        expect("postgres://", &[]);
        expect("postgres:///app", &[("dbname", "app")]);
        expect("postgres://h", &[("host", "h")]);
    }

    #[test]
    fn several_hosts_and_ipv6() {
        expect("postgres://a:1,b,[::1]:3/d", &[("host", "a,b,::1"), ("port", "1,,3"), ("dbname", "d")]);
    }

    #[test]
    fn sockets() {
        expect("postgres://%2Ftmp%2Fpg/d", &[("host", "/tmp/pg"), ("dbname", "d")]);
        expect("postgres:///d?host=/tmp/pg", &[("dbname", "d"), ("host", "/tmp/pg")]);
    }

    #[test]
    fn jdbc_ssl_is_require() {
        expect("postgres://h?ssl=true", &[("host", "h"), ("sslmode", "require")]);
    }

    #[test]
    fn errors_do_not_repeat_a_password() {
        for text in [
            "postgres://u:hun@ter2@h/d",
            "postgres://u:hun/ter2@h/d",
            "postgres://u:hunter2%@h",
            "postgres://u:hunter2%zz@h",
            "mysql://u:hunter2@h",
            "postgres://u:hunter2@[::1/d",
        ] {
            let error = parse(text).unwrap_err();
            let shown = format!("{error} {error:?} {:?}", error.help());
            assert!(!shown.contains("hun") && !shown.contains("ter2"), "{shown}");
        }
    }

    #[test]
    fn urls_are_told_from_keyword_lists() {
        assert!(is_url("postgres://h") && is_url("jdbc:postgresql://h"));
        assert!(!is_url("password=a://b") && !is_url("host=h"));
    }
}
