//! Values that stand where a secret would: placeholders, examples, defaults of local stacks.

/// Words that real secrets have only by a chance of one in many millions.
const WORDS: [&str; 31] = [
    "example",
    "dummy",
    "placeholder",
    "changeme",
    "change_me",
    "change-me",
    "replace",
    "sample",
    "fake",
    "mock",
    "redacted",
    "your-",
    "your_",
    "yourp",
    "insert",
    "xxxx",
    "****",
    "....",
    "todo",
    "not-real",
    "notreal",
    "not_real",
    "testtest",
    "foobar",
    "<",
    "${",
    "{{",
    "%(",
    "env(",
    "process.env",
    "current_setting",
];
/// Passwords of local databases and tutorials.
const DEFAULTS: [&str; 16] = [
    "postgres",
    "password",
    "secret",
    "admin",
    "root",
    "test",
    "user",
    "pass",
    "pwd",
    "supabase",
    "example",
    "123456",
    "password123",
    "12345678",
    "yourpassword",
    "mypassword",
];

/// Whether a value is a placeholder.
pub(super) fn is_dummy(value: &str) -> bool {
    let lower = value.to_lowercase();
    let distinct: std::collections::BTreeSet<_> = lower.chars().collect();
    WORDS.iter().any(|word| lower.contains(word)) || distinct.len() <= 4 || counts_up(&lower)
}

/// Whether a password is one that everybody tries first, or a placeholder.
pub(super) fn is_default_password(value: &str) -> bool {
    let lower = value.to_lowercase();
    let marked = lower.trim_matches(['[', ']', '<', '>', '{', '}', '$', ':', '%', '*', '.']);
    let named = marked.chars().all(|c| c.is_alphabetic() || c == '_' || c == '-') && marked.contains("pass");
    marked.is_empty()
        || named
        || marked.len() != lower.len()
        || DEFAULTS.contains(&marked)
        || WORDS.iter().any(|w| lower.contains(w))
}

/// Whether eight characters in a row each follow the one before: `12345678`, `abcdefgh`.
fn counts_up(text: &str) -> bool {
    let bytes: Vec<_> = text.bytes().collect();
    bytes.windows(8).any(|run| run.windows(2).all(|pair| matches!(pair, [a, b] if a.checked_add(1) == Some(*b))))
}

/// Bits of information a character, by how often each appears.
pub(super) fn entropy(value: &str) -> f64 {
    let mut counts: std::collections::BTreeMap<char, u32> = std::collections::BTreeMap::new();
    value.chars().for_each(|c| *counts.entry(c).or_default() += 1);
    let total = f64::from(counts.values().sum::<u32>());
    counts.values().map(|n| f64::from(*n) / total).map(|p| -p * p.log2()).sum()
}
