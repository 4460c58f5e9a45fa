//! `-- pgwitness: ignore[check] reason` in SQL: the comments of a text, and the statement that each is about.

use std::ops::Range;

use clap::ValueEnum;

use super::{Ignore, Scope};
use crate::checks;
use crate::finding::{Location, Severity};
use crate::migrations::split::{Lines, Piece, split};
use crate::model::Statement;
use crate::report::SuppressedBy;
use crate::sql::lex::{Kind, Lexer};

/// What a comment for us begins with.
const MARK: &str = "pgwitness:";

/// Bodies within bodies that are looked into: DO in a function in a DO is the most that people write.
const DEEPEST: usize = 4;

/// Whether a text can hold an ignore; most hold none, and need not be read again.
#[must_use]
pub fn may_hold(text: &str) -> bool {
    text.contains(MARK)
}

/// The ignores in the comments of a file. A comment belongs to the statement that it stands in, or behind in the same
/// line, or else to the next one.
#[must_use]
pub fn in_text(path: &str, text: &str) -> Vec<Ignore> {
    if !may_hold(text) {
        return Vec::new();
    }
    let (pieces, lines) = (split(text), Lines::new(text));
    let mut comments = Vec::new();
    find(text, 0, 0, &mut comments);
    let mut all = Vec::new();
    for range in comments {
        let said = text.get(range.clone()).unwrap_or_default();
        let Some(said) = instruction(said) else { continue };
        let (line, column) = lines.place(range.start);
        let span = Statement {
            file: 0,
            start: number(range.start),
            end: number(range.end),
            line: number(line),
            column: number(column),
        };
        let scope = Scope::Statement(statement(&pieces, text, &range));
        let place = Location { file: path.to_owned(), span };
        all.extend(ignores(said, &scope, &place));
    }
    all
}

/// The comments of a text, those of dollar-quoted bodies too.
fn find(text: &str, shift: usize, depth: usize, out: &mut Vec<Range<usize>>) {
    let mut lexer = Lexer::new(text, 0);
    let mut last = 0;
    loop {
        let next = lexer.next_token();
        let end = match &next {
            Ok(Some(token)) => token.start,
            Ok(None) => text.len(),
            Err(open) => open.start,
        };
        between(text, last..end, shift, out);
        let Ok(Some(token)) = next else { return };
        if token.kind == Kind::Dollar && depth < DEEPEST {
            let body = text.get(token.range()).unwrap_or_default();
            let tag = body.get(1..).and_then(|rest| rest.find('$')).map_or(0, |at| at + 2);
            let inside = body.get(tag..body.len().saturating_sub(tag)).unwrap_or_default();
            if may_hold(inside) {
                find(inside, shift + token.start + tag, depth + 1, out);
            }
        }
        last = token.end;
    }
}

/// The comments in a stretch that holds nothing but comments and blanks.
fn between(text: &str, range: Range<usize>, shift: usize, out: &mut Vec<Range<usize>>) {
    let mut at = range.start;
    while let Some(rest) = text.get(at..range.end).filter(|rest| !rest.is_empty()) {
        let length = if rest.starts_with("--") {
            rest.find(['\n', '\r']).unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            closed(rest)
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        };
        out.push(shift + at..shift + at + length);
        at += length;
    }
}

/// The length of the block comment that a text begins with; such comments nest.
fn closed(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        match text.as_bytes().get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth.saturating_sub(1), at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}

/// What a comment says to us.
fn instruction(comment: &str) -> Option<&str> {
    let inside = match comment.strip_prefix("/*") {
        Some(rest) => rest.strip_suffix("*/").unwrap_or(rest),
        None => comment.trim_start_matches('-'),
    };
    inside.trim().strip_prefix(MARK).map(str::trim)
}

/// The bytes of the statement that a comment is about.
fn statement(pieces: &[Piece], text: &str, comment: &Range<usize>) -> Option<Range<u32>> {
    let bytes = |piece: &Piece| number(piece.range.start)..number(piece.range.end);
    if let Some(around) = pieces.iter().find(|p| p.range.start <= comment.start && comment.end <= p.range.end) {
        return Some(bytes(around));
    }
    let before = pieces.iter().rev().find(|p| p.range.end <= comment.start);
    let same_line = |p: &&Piece| text.get(p.range.end..comment.start).is_some_and(|gap| !gap.contains('\n'));
    before.filter(same_line).or_else(|| pieces.iter().find(|p| p.range.start >= comment.end)).map(bytes)
}

/// `ignore[check-a, check-b:0123456789abcdef, check-c<=high] reason` as ignores, one for each check.
fn ignores(said: &str, scope: &Scope, place: &Location) -> Vec<Ignore> {
    let one = |(check, fingerprint, most): (&str, Option<&str>, Option<Severity>), reason: &str, mistake| Ignore {
        by: SuppressedBy::Inline,
        check: check.to_owned(),
        scope: scope.clone(),
        fingerprint: fingerprint.map(str::to_owned),
        most,
        reason: Some(reason.to_owned()).filter(|r| !r.is_empty()),
        expires: None,
        place: place.clone(),
        mistake,
    };
    let list = said.strip_prefix("ignore").map(str::trim_start).and_then(|rest| rest.strip_prefix('['));
    let Some((list, reason)) = list.and_then(|rest| rest.split_once(']')) else {
        let mistake = format!("`{said}` is not understood: write `ignore[check] reason`");
        return vec![one(("", None, None), "", Some(mistake))];
    };
    let reason = reason.trim().trim_start_matches([':', '-']).trim();
    let named = list.split(',').map(str::trim).map(|name| {
        let (name, most) = match name.split_once("<=") {
            Some((name, most)) => (name.trim(), Some(most.trim())),
            None => (name, None),
        };
        let (check, fingerprint) = match name.split_once(':') {
            Some((check, fingerprint)) => (check.trim(), Some(fingerprint.trim())),
            None => (name, None),
        };
        let severity = most.map(|word| Severity::from_str(word, false));
        let wrong = match &severity {
            Some(Err(_)) => Some(format!("`{}` is no severity", most.unwrap_or_default())),
            _ => unknown(check),
        };
        one((check, fingerprint, severity.and_then(Result::ok)), reason, wrong)
    });
    named.collect()
}

/// What is wrong with the name of a check.
fn unknown(check: &str) -> Option<String> {
    if checks::find(check).is_some() {
        return None;
    }
    let near = crate::commands::similar::to(check, checks::all().into_iter().map(|meta| meta.id));
    let near = near.map_or_else(String::new, |help| format!("; {help}"));
    Some(format!("there is no check `{check}`{near}"))
}

fn number(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For each ignore: check, the statement's text, reason, and what is wrong.
    fn read(text: &str) -> Vec<(String, String, String, String)> {
        let of = |one: Ignore| {
            let Scope::Statement(range) = &one.scope else { panic!() };
            let at = range.as_ref().map(|r| text[r.start as usize..r.end as usize].to_owned());
            let check = one.fingerprint.map_or(one.check.clone(), |f| format!("{}:{f}", one.check));
            (check, at.unwrap_or_default(), one.reason.unwrap_or_default(), one.mistake.unwrap_or_default())
        };
        in_text("a.sql", text).into_iter().map(of).collect()
    }

    fn found(check: &str, statement: &str, reason: &str) -> (String, String, String, String) {
        (check.into(), statement.into(), reason.into(), String::new())
    }

    #[test]
    fn a_comment_is_about_the_statement_beside_it() {
        let above = "select 1;\n-- pgwitness: ignore[to-public] all may\n-- more\nselect 2;";
        assert_eq!(read(above), [found("to-public", "select 2;", "all may")]);
        let behind = "select 1; -- pgwitness: ignore[to-public]: all may\nselect 2;";
        assert_eq!(read(behind), [found("to-public", "select 1;", "all may")]);
        let within = "select 1;\nselect /* pgwitness: ignore[to-public, owner-move:0123456789abcdef] x */\n 2;";
        let inside = "select /* pgwitness: ignore[to-public, owner-move:0123456789abcdef] x */\n 2;";
        assert_eq!(read(within), [found("to-public", inside, "x"), found("owner-move:0123456789abcdef", inside, "x")]);
        assert_eq!(read("select 1;\n-- pgwitness: ignore[to-public] x\n"), [found("to-public", "", "x")]);
        let first = "select 1\n-- pgwitness: ignore[to-public] x\n;";
        assert_eq!(read(first), [found("to-public", first, "x")]);
    }

    #[test]
    fn bodies_are_looked_into_and_strings_are_not() {
        let body = "do $x$ begin\n -- pgwitness: ignore[to-public] é\n perform 1; end $x$;";
        assert_eq!(read(body), [found("to-public", body, "é")]);
        assert_eq!(in_text("a.sql", body)[0].place.span.line, 2);
        assert_eq!(read("select '-- pgwitness: ignore[to-public] x';"), []);
        assert_eq!(read("select \"-- pgwitness: ignore[to-public] x\" from t;"), []);
        assert_eq!(read("-- see pgwitness: ignore[to-public]\nselect 1;"), []);
        assert_eq!(read("select 1 /* open pgwitness: ignore[to-public] x"), []);
    }

    #[test]
    fn what_is_written_wrong_is_told() {
        let wrong = |text: &str| read(text).into_iter().map(|(_, _, _, wrong)| wrong).collect::<Vec<_>>();
        assert_eq!(
            wrong("-- pgwitness: ignore[to-publik] x\nselect 1;"),
            ["there is no check `to-publik`; did you mean `to-public`?"]
        );
        for text in ["ignore to-public", "ignor[to-public] x", "ignore[to-public x", "", "ignore"] {
            let said = wrong(&format!("-- pgwitness: {text}\nselect 1;"));
            assert!(said.len() == 1 && said[0].contains("write `ignore[check] reason`"), "{text}: {said:?}");
        }
        assert_eq!(wrong("-- pgwitness: ignore[] x\nselect 1;").len(), 1);
        assert_eq!(wrong("-- pgwitness: ignore[to-public<=bad] x\nselect 1;"), ["`bad` is no severity"]);
        let most = in_text("a.sql", "-- pgwitness: ignore[to-public <= high] x\nselect 1;")[0].most;
        assert_eq!(most, Some(Severity::High));
    }
}
