//! Takes secrets out of text that is about to be printed.

use std::collections::BTreeSet;

/// The secrets of a run.
#[derive(Clone, Default)]
pub struct Mask {
    /// The longer first, so that one within another leaves no rest.
    secrets: Vec<String>,
}

/// Does not show them.
impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mask({} secrets)", self.secrets.len())
    }
}

/// Shorter ones are words that are everywhere, and a mask would only show where they are.
const SHORTEST: usize = 6;

impl Mask {
    pub(super) fn new(secrets: impl Iterator<Item = String>) -> Self {
        let secrets: BTreeSet<_> = secrets.filter(|s| s.len() >= SHORTEST).collect();
        let mut secrets: Vec<_> = secrets.into_iter().collect();
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then(a.cmp(b)));
        Self { secrets }
    }

    /// The secrets of both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::new(self.secrets.into_iter().chain(other.secrets))
    }

    /// Whether there is nothing to hide.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// The same in every text of a JSON value, names of fields among them.
    pub fn hide_in(&self, value: &mut serde_json::Value) {
        match value {
            serde_json::Value::String(text) => *text = self.hide(text),
            serde_json::Value::Array(items) => items.iter_mut().for_each(|item| self.hide_in(item)),
            serde_json::Value::Object(fields) => {
                let all = std::mem::take(fields);
                fields.extend(all.into_iter().map(|(name, mut value)| {
                    self.hide_in(&mut value);
                    (self.hide(&name), value)
                }));
            }
            _ => {}
        }
    }

    /// `text` with stars for secrets, byte for byte, so that places in it stay what they are.
    #[must_use]
    pub fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), &stars(secret));
            }
            // JSON writes some characters another way.
            let escaped = serde_json::to_string(secret).unwrap_or_default();
            let escaped = escaped.trim_matches('"');
            if escaped != secret && text.contains(escaped) {
                text = text.replace(escaped, &stars(escaped));
            }
        }
        text
    }
}

fn stars(secret: &str) -> String {
    secret.bytes().map(|byte| if matches!(byte, b'\n' | b'\r') { char::from(byte) } else { '*' }).collect()
}

/// A secret as a finding names it: what kind of key it is shows, nothing else.
pub(super) fn short(prefix: &str, secret: &str) -> String {
    let shown = if secret.starts_with(prefix) { prefix } else { "" };
    format!("{shown}*** ({} characters)", secret.chars().count())
}
