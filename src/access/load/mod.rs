//! Reads rule files: TOML, then what a rule may consist of.

mod build;
mod cases;

use std::path::{Path, PathBuf};

use super::define;
use super::error::RuleError;
use super::file::RuleFile;
use super::preset;
use super::rules::{Rules, Word};
use super::text::{At, Text, Texts};
use crate::commands::similar;
use build::Build;

/// No rule file that people review is larger.
const LARGEST: usize = 4 << 20;

/// Reads rule files; the later ones count as later.
///
/// # Errors
/// Every mistake in every file.
pub fn load(files: &[PathBuf]) -> Result<Rules, Vec<RuleError>> {
    let mut errors = Vec::new();
    let mut texts = Vec::new();
    for file in files {
        match read(file) {
            Ok(text) => texts.push(text),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { parse(texts) } else { Err(errors) }
}

/// Reads the text of rule files that are at hand, by their names.
///
/// # Errors
/// Every mistake in every file.
pub fn parse_texts<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<Rules, Vec<RuleError>> {
    let text = |(path, text): (&str, &str)| Text { path: path.into(), text: text.to_owned(), is_preset: false };
    parse(files.into_iter().map(text).collect())
}

fn read(path: &Path) -> Result<Text, RuleError> {
    let error = |text: String, at: usize, message: String| {
        let text = Text { path: path.to_owned(), text, is_preset: false };
        RuleError { place: text.place(at), message, help: None }
    };
    let bytes = std::fs::read(path).map_err(|e| error(String::new(), 0, format!("cannot read it: {e}")))?;
    if bytes.len() > LARGEST {
        return Err(error(String::new(), 0, format!("larger than {} MiB, which no rule file is", LARGEST >> 20)));
    }
    let text = String::from_utf8(bytes).map_err(|e| {
        let valid = e.utf8_error().valid_up_to();
        error(String::from_utf8_lossy(e.as_bytes()).into_owned(), valid, "not UTF-8 text".to_owned())
    })?;
    Ok(Text { path: path.to_owned(), text, is_preset: false })
}

/// Presets stand before the files that name them.
fn parse(files: Vec<Text>) -> Result<Rules, Vec<RuleError>> {
    let mut errors = Vec::new();
    let mut parsed = Vec::new();
    let mut texts: Vec<Text> = Vec::new();
    for text in files {
        let Some(file) = toml(&text, &mut errors) else { continue };
        for name in file.preset.iter().flat_map(|p| &p.0) {
            let word = Word { text: name.get_ref().clone(), at: At::new(texts.len(), &name.span()) };
            match preset::named(&word.text) {
                Some(preset) if !texts.iter().any(|t| t.path == preset.path) => {
                    if let Some(file) = toml(&preset, &mut errors) {
                        parsed.push(file);
                        texts.push(preset);
                    }
                }
                Some(_) => {}
                None => errors.push(unknown_preset(&text, &word)),
            }
        }
        parsed.push(file);
        texts.push(text);
    }
    let mut build = Build { rules: Rules { texts, ..Rules::default() }, errors };
    for (at, file) in parsed.into_iter().enumerate() {
        build.add(at, file);
    }
    let Build { rules, mut errors } = build;
    let texts = Texts(&rules.texts);
    for (name, define) in &rules.defines {
        define.check(name, texts, &mut errors);
    }
    define::recursion(&rules.defines, texts, &mut errors);
    errors.sort();
    errors.dedup();
    if errors.is_empty() { Ok(rules) } else { Err(errors) }
}

fn unknown_preset(text: &Text, word: &Word) -> RuleError {
    let near = similar::to(&word.text, preset::names());
    let help = near.unwrap_or_else(|| format!("there are {}", preset::names().collect::<Vec<_>>().join(", ")));
    RuleError {
        place: text.place(word.at.start),
        message: format!("there is no preset `{}`", word.text),
        help: Some(help),
    }
}

fn toml(text: &Text, errors: &mut Vec<RuleError>) -> Option<RuleFile> {
    let content = text.text.strip_prefix('\u{feff}').unwrap_or(&text.text);
    let error = match toml::from_str(content) {
        Ok(file) if content.len() == text.text.len() => return Some(file),
        // Spans would all be off by the mark.
        Ok(_) => (0, "begins with a byte order mark".to_owned(), Some("save it as UTF-8 without one".to_owned())),
        Err(e) => {
            let message = e.message().trim().replace('\n', ", ").replace("a sequence", "a list of tables");
            let message = message.replace("type: map", "type: table");
            let help = near(&message);
            (e.span().map_or(0, |span| span.start), message, help)
        }
    };
    let (at, message, help) = error;
    errors.push(RuleError { place: text.place(at), message, help });
    None
}

/// For a key or word that is not known, the known one that it is near.
fn near(message: &str) -> Option<String> {
    if message.ends_with("table, expected a list of tables") {
        return Some("write its name in two brackets: `[[rule]]`".to_owned());
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = message.starts_with("unknown ").then(|| quoted.next()).flatten()?;
    similar::to(unknown, quoted)
}
