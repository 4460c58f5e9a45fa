//! Finds secrets in a text by their shapes, and by what the words before them say.

use std::ops::Range;

use super::dummy::{entropy, is_default_password, is_dummy};
use super::vendor::{LOCAL, SHAPES, Shape};
use super::{jwt, mask};

/// What a secret opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Weight {
    /// Nothing but a stack on someone's own machine.
    Local,
    /// A test account, or a little.
    Test,
    /// An account at some service.
    Service,
    /// The database itself.
    Database,
}

/// A secret in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Secret {
    pub(super) span: Range<usize>,
    pub(super) what: &'static str,
    pub(super) weight: Weight,
    /// Whether its shape alone says what it is.
    pub(super) certain: bool,
    /// Its masked form.
    pub(super) shown: String,
}

impl Secret {
    pub(super) fn text<'a>(&self, file: &'a str) -> &'a str {
        file.get(self.span.clone()).unwrap_or_default()
    }
}

/// The secrets of a text in order, without overlaps.
pub(super) fn scan(text: &str) -> Vec<Secret> {
    let mut all = Vec::new();
    tokens(text, &mut all);
    shapes(text, &mut all);
    private_keys(text, &mut all);
    urls(text, &mut all);
    connection_strings(text, &mut all);
    headers(text, &mut all);
    literals(text, &mut all);
    // Of two at one place the one that says more.
    all.sort_by_key(|s| (s.span.start, !s.certain, std::cmp::Reverse(s.span.end)));
    let mut end = 0;
    all.retain(|s| {
        let apart = s.span.start >= end;
        if apart {
            end = s.span.end;
        }
        apart
    });
    all
}

fn secret(text: &str, span: Range<usize>, what: &'static str, weight: Weight, prefix: &str) -> Secret {
    let shown = mask::short(prefix, text.get(span.clone()).unwrap_or_default());
    Secret { span, what, weight, certain: true, shown }
}

/// From `start` as long as characters are letters, digits or one of `also`.
fn run(text: &str, start: usize, also: &str) -> Range<usize> {
    let rest = text.get(start..).unwrap_or_default();
    let len = rest.find(|c: char| !c.is_ascii_alphanumeric() && !also.contains(c)).unwrap_or(rest.len());
    start..start + len
}

/// Bytes of a URL, and of a private key, that are looked at.
const LONGEST_URL: usize = 1024;
const LONGEST_KEY: usize = 8_192;

/// The text from a byte on, at most so many bytes of it.
fn window(text: &str, from: usize, most: usize) -> &str {
    let end = (from..=text.len().min(from + most)).rev().find(|at| text.is_char_boundary(*at));
    text.get(from..end.unwrap_or(from)).unwrap_or_default()
}

/// Whether a word could begin at a byte.
fn begins(text: &str, at: usize) -> bool {
    !text.get(..at).and_then(|t| t.chars().next_back()).is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '-')
}

fn tokens(text: &str, all: &mut Vec<Secret>) {
    for (at, _) in text.match_indices("eyJ").filter(|(at, _)| begins(text, *at)) {
        let span = run(text, at, "_-.");
        let Some(claims) = text.get(span.clone()).and_then(jwt::claims) else { continue };
        let claim = |name: &str| claims.get(name).and_then(serde_json::Value::as_str);
        let local = claim("iss") == Some("supabase-demo");
        let (what, weight) = match claim("role") {
            Some("anon") => continue,
            Some("service_role" | "supabase_admin" | "postgres") if local => {
                ("service_role key of local stacks", Weight::Local)
            }
            Some("service_role" | "supabase_admin" | "postgres") => ("service_role key", Weight::Database),
            _ if claim("name") == Some("John Doe") || claim("iss").is_none() => continue,
            _ => ("signed token", Weight::Test),
        };
        all.push(secret(text, span, what, weight, "eyJ"));
    }
}

/// One pass for all shapes: a place is looked at where a word begins with a letter that some shape begins with.
fn shapes(text: &str, all: &mut Vec<Secret>) {
    let first = |shape: &Shape| shape.prefix.bytes().next();
    let mut begin = [false; 256];
    for shape in SHAPES {
        first(shape).and_then(|byte| begin.get_mut(usize::from(byte))).into_iter().for_each(|slot| *slot = true);
    }
    let mut before = b' ';
    for (at, byte) in text.bytes().enumerate() {
        let within = std::mem::replace(&mut before, byte);
        let is_word = within.is_ascii_alphanumeric() || within == b'_' || within == b'-';
        if is_word || begin.get(usize::from(byte)) != Some(&true) || !begins(text, at) {
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        for shape in SHAPES.iter().filter(|shape| first(shape) == Some(byte) && rest.starts_with(shape.prefix)) {
            of_shape(text, at, shape, all);
        }
    }
    for (at, _) in text.match_indices(LOCAL.last().copied().unwrap_or_default()) {
        let span = run(text, at, "_-");
        all.push(secret(text, span, "JWT secret of local stacks", Weight::Local, ""));
    }
}

fn of_shape(text: &str, at: usize, shape: &Shape, all: &mut Vec<Secret>) {
    let span = run(text, at + shape.prefix.len(), shape.also);
    let tail = text.get(span.clone()).unwrap_or_default();
    let is_key = tail.len() >= shape.least && tail.bytes().any(|b| b.is_ascii_digit());
    let is_fixed = shape.prefix != "AKIA" || tail.len() == 16 && !tail.bytes().any(|b| b.is_ascii_lowercase());
    let is_mixed = shape.prefix != "re_" || tail.bytes().any(|b| b.is_ascii_uppercase());
    if is_key && is_fixed && is_mixed && !is_dummy(tail) && entropy(tail) > 3.0 {
        let span = at..span.end;
        let local = LOCAL.contains(&text.get(span.clone()).unwrap_or_default());
        let weight = if local { Weight::Local } else { shape.weight };
        all.push(secret(text, span, shape.what, weight, shape.prefix));
    }
}

fn private_keys(text: &str, all: &mut Vec<Secret>) {
    for (at, _) in text.match_indices("-----BEGIN ") {
        let rest = window(text, at, LONGEST_KEY);
        let Some(heading) = rest.get(11..).and_then(|r| r.split("-----").next()).filter(|h| h.ends_with("PRIVATE KEY"))
        else {
            continue;
        };
        let body = at + 11 + heading.len() + 5;
        let end = rest.find("-----END ").unwrap_or_else(|| run(rest, body - at, "+/=\\\r\n ").end) + at;
        let key = text.get(body..end).unwrap_or_default();
        if key.trim().len() >= 40 && !is_dummy(window(key, 0, 256)) {
            all.push(secret(text, body..end, "private key", Weight::Service, ""));
        }
    }
}

/// Passwords in URLs.
fn urls(text: &str, all: &mut Vec<Secret>) {
    for (at, _) in text.match_indices("://") {
        let from = at + 3;
        let rest = window(text, from, LONGEST_URL);
        let end = rest.find(|c: char| c.is_whitespace() || "'\"`<>|,;)".contains(c)).unwrap_or(rest.len());
        let authority = rest.get(..end).unwrap_or_default();
        let authority = authority.split(['/', '?']).next().unwrap_or_default();
        let Some((user, host)) = authority.rsplit_once('@') else { continue };
        let Some((name, password)) = user.split_once(':') else { continue };
        let is_scheme = text.get(..at).is_some_and(|t| t.ends_with(|c: char| c.is_ascii_alphanumeric()));
        if !is_scheme || is_default_password(password) || is_dummy(password) && password.len() > 12 {
            continue;
        }
        let host = host.split(':').next().unwrap_or_default();
        let weight = match LOCAL_HOSTS.contains(&host) {
            true => Weight::Local,
            false if text.get(..at).is_some_and(|t| t.ends_with("postgres") || t.ends_with("postgresql")) => {
                Weight::Database
            }
            false => Weight::Service,
        };
        let start = from + name.len() + 1;
        all.push(secret(text, start..start + password.len(), "password in a connection URL", weight, ""));
    }
}

/// Hosts of a stack on one's own machine.
const LOCAL_HOSTS: [&str; 7] = ["localhost", "127.0.0.1", "0.0.0.0", "host.docker.internal", "db", "postgres", "kong"];
/// Bytes before and behind a password that may belong to its connection string.
const AROUND: usize = 200;

/// Passwords among libpq's `keyword=value` pairs, as dblink, subscriptions and foreign servers take them.
fn connection_strings(text: &str, all: &mut Vec<Secret>) {
    let ends = |c: char| c.is_whitespace() || "'\"`;,)&".contains(c);
    for (at, word) in text.match_indices("password=").filter(|(at, _)| begins(text, *at)) {
        let start = at + word.len();
        let rest = window(text, start, AROUND);
        let value = rest.split(ends).next().unwrap_or_default();
        if value.is_empty() || is_default_password(value) || is_dummy(value) {
            continue;
        }
        let from = (at.saturating_sub(AROUND)..=at).find(|from| text.is_char_boundary(*from)).unwrap_or(at);
        let before = text.get(from..at).unwrap_or_default().rsplit(['\n', '\'', '"']).next().unwrap_or_default();
        let behind = rest.split(['\n', '\'', '"']).next().unwrap_or_default();
        let pairs = || before.split_whitespace().chain(behind.split_whitespace()).filter_map(|w| w.split_once('='));
        let host = pairs().find(|(key, _)| ["host", "hostaddr"].contains(key)).map(|(_, host)| host);
        if host.is_none() && !pairs().any(|(key, _)| ["dbname", "user", "port"].contains(&key)) {
            continue;
        }
        // Without a host it is this very server, whose password it is all the same.
        let weight =
            if host.is_some_and(|host| LOCAL_HOSTS.contains(&host)) { Weight::Local } else { Weight::Database };
        all.push(secret(text, start..start + value.len(), "password in a connection string", weight, ""));
    }
}

/// What stands behind `Bearer` and `Basic` in the header of a request.
fn headers(text: &str, all: &mut Vec<Secret>) {
    for word in ["Bearer ", "bearer ", "Basic ", "basic "] {
        for (at, _) in text.match_indices(word).filter(|(at, _)| begins(text, *at)) {
            let span = run(text, at + word.len(), "+/=_-.~");
            let value = text.get(span.clone()).unwrap_or_default();
            let is_secret = if word.eq_ignore_ascii_case("basic ") { has_password(value) } else { looks_random(value) };
            if is_secret {
                let mut found = secret(text, span, "credentials in a header", Weight::Service, "");
                found.certain = false;
                all.push(found);
            }
        }
    }
}

/// Whether a text is `user:password` in Base64 (RFC 7617), and the password none that stands for another.
fn has_password(value: &str) -> bool {
    let decoded = jwt::decoded(value.trim_end_matches('=')).and_then(|bytes| String::from_utf8(bytes).ok());
    decoded.as_deref().and_then(|text| text.split_once(':')).is_some_and(|(user, password)| {
        let is_plain = user.chars().chain(password.chars()).all(|c| !c.is_control());
        is_plain && user.len() + password.len() >= 8 && !is_default_password(password) && !is_dummy(password)
    })
}

/// Words after which a literal is a secret; without separators.
const CONTEXT: [&str; 16] = [
    "secret",
    "apikey",
    "accesstoken",
    "authtoken",
    "bearertoken",
    "refreshtoken",
    "bottoken",
    "password",
    "passwd",
    "privatekey",
    "accesskey",
    "servicekey",
    "servicerolekey",
    "encryptionkey",
    "signingkey",
    "jwtkey",
];

/// Quoted strings that look random, behind words that say what they are.
fn literals(text: &str, all: &mut Vec<Secret>) {
    let mut line_start = 0;
    for line in text.split_inclusive('\n') {
        let mut at = 0;
        // Lines without end are data of generators; their keys have shapes.
        while let Some(open) = line.get(at..).filter(|_| line.len() < 4000).and_then(|l| l.find(['\'', '"'])) {
            let open = at + open;
            let quote = line.get(open..=open).unwrap_or("'");
            let Some(len) = line.get(open + 1..).and_then(|l| l.find(quote)) else { break };
            let span = open + 1..open + 1 + len;
            let value = line.get(span.clone()).unwrap_or_default();
            let before = line.get(..open).unwrap_or_default();
            if let Some((what, weight)) = told(before, value) {
                let span = line_start + span.start..line_start + span.end;
                let mut found = secret(text, span, what, weight, "");
                found.certain = what.starts_with("password of");
                all.push(found);
            }
            // What has blanks may be no literal but what stands between two; JSON has literals within.
            let is_whole = !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || "'\"".contains(c));
            at = open + 1 + if is_whole { len + 1 } else { 0 };
        }
        line_start += line.len();
    }
}

/// What a literal is, by what stands before it in its line.
fn told(before: &str, value: &str) -> Option<(&'static str, Weight)> {
    // Most literals are neither, and what stands before them need not be read.
    let is_random = looks_random(value);
    let ends = before.trim_end().as_bytes();
    let is_behind =
        ends.len().checked_sub(8).and_then(|at| ends.get(at..)).is_some_and(|w| w.eq_ignore_ascii_case(b"password"));
    if !is_random && !is_behind {
        return None;
    }
    let start = before.char_indices().rev().nth(59).map_or(0, |(at, _)| at);
    let near = before.get(start..).unwrap_or_default().to_lowercase();
    let is_role = [" password", "(password", ",password"].iter().any(|end| near.trim_end().ends_with(end));
    let is_role = is_role && !value.is_empty();
    let is_password =
        !value.contains(|c: char| c.is_whitespace() || "(),;".contains(c)) && !value.starts_with("SCRAM-");
    if is_role && is_password && !is_default_password(value) {
        return Some(("password of a role", Weight::Database));
    }
    // `name, value` belong together; what stands further back in a list is about something else.
    let near = near.rmatch_indices(',').nth(1).map_or(near.as_str(), |(at, _)| near.get(at..).unwrap_or_default());
    let squeezed: String = near.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).collect();
    let named = CONTEXT.iter().any(|word| squeezed.contains(word)) || near.trim_end().ends_with("vault.create_secret(");
    (named && is_random).then_some(("secret", Weight::Service))
}

fn looks_random(value: &str) -> bool {
    if value.len() < 16 || value.len() > 256 {
        return false;
    }
    let is_any = |test: fn(char) -> bool| value.chars().any(test);
    let is_hex = value.chars().all(|c| c.is_ascii_hexdigit() || c == '-');
    let least = if is_hex { (32, 3.0) } else { (16, 3.7) };
    let is_uuid = value.len() == 36 && is_hex && value.matches('-').count() == 4;
    let is_plain = value.chars().all(|c| c.is_ascii_alphanumeric() || "+/=_-.!@#^*~".contains(c));
    let is_path = value.contains("://") || value.matches('/').count() > 2 || value.matches('.').count() > 2;
    // Names are words between separators, with short numbers among them.
    let is_word = |w: &str| {
        w.len() <= 4
            || w.len() < 14 && (w.chars().all(|c| c.is_ascii_digit()) || !w.chars().any(|c| c.is_ascii_digit()))
    };
    let is_words = value.contains(['_', '-', '.', '/']) && value.split(['_', '-', '.', '/']).all(is_word);
    let is_hash = ["$2", "md5", "SCRAM", "sha256"].iter().any(|p| value.starts_with(p));
    value.len() >= least.0
        && value.len() <= 256
        && is_plain
        && is_any(|c| c.is_ascii_digit())
        && is_any(|c| c.is_ascii_alphabetic())
        && !(is_uuid || is_path || is_words || is_hash)
        && !is_dummy(value)
        && entropy(value) >= least.1
        && jwt::claims(value).is_none()
}
