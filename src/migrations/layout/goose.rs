//! goose: annotations in comments.
//!
//! Held against version 3 run on a server: files are `<number>_<name>.sql` (or .go), with `.sql` in lower case, and run by
//! number; any other name that ends so makes goose refuse the folder. A comment line with `+goose` is an annotation, in
//! any case and from its first column, and nothing else may stand in it: one `Up`, before all but blanks and `--`
//! comments, and one `Down` behind it, which ends what runs; `NO TRANSACTION` holds for the file. goose cuts at each
//! semicolon that ends a line, also within quotes, except between `StatementBegin` and `StatementEnd`, and refuses a file
//! whose last statement has none. `ENVSUB ON` replaces variables of the environment.

use super::sections::{Marker, comment, lines, up_parts};
use super::{Collected, FileRole, LayoutError, Place, Runs, WarningKind, read};
use crate::migrations::split::{PieceKind, split};

pub(super) fn collect(place: &Place, out: &mut Collected) -> Result<(), LayoutError> {
    let mut files = Vec::new();
    for entry in place.sql_files()? {
        match number(&entry.name) {
            Some(number) => files.push((number, entry)),
            None if place.is_file() => files.push((0, entry)),
            None => {
                let why = "goose wants names like 00001_name.sql, and refuses a folder with others that end in .sql";
                let message = format!("`{}` is never applied: {why}", entry.name);
                out.warn(&entry.path, None, WarningKind::NeverApplied, message);
            }
        }
    }
    if !place.is_file() {
        for entry in read::entries(&place.path)? {
            if entry.has_extension("go") && !entry.name.ends_with("_test.go") && number(&entry.name).is_some() {
                let message = format!("`{}` is a migration in Go, which was not read", entry.name);
                out.warn(&entry.path, None, WarningKind::NotRead, message);
            }
        }
    }
    files.sort_by_key(|(number, _)| *number);
    for (number, entry) in files {
        let text = place.text(&entry.path)?;
        let runs = runs(&text);
        out.add(&entry.path, FileRole::Migration, Some(number.to_string()).filter(|_| number > 0), text, runs);
    }
    Ok(())
}

fn number(name: &str) -> Option<u64> {
    let is_code = [".sql", ".go"].iter().any(|end| name.ends_with(end));
    name.split_once('_').filter(|_| is_code)?.0.parse().ok().filter(|n| *n > 0)
}

fn annotation(line: &str) -> Option<String> {
    let words = comment(line)?.to_lowercase();
    words.strip_prefix("+goose").map(|rest| rest.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The marker that a line is.
pub(super) fn marker(line: &str) -> Option<Marker> {
    match annotation(line)?.as_str() {
        "up" => Some(Marker::Up),
        "down" => Some(Marker::Down),
        _ => None,
    }
}

fn runs(text: &str) -> Runs {
    // The annotation for the whole file stands before the section.
    let mut runs = up_parts(text, "goose", marker);
    let refused = Reading::default().read(text).err();
    runs.remarks = refused
        .map(|(line, why)| (line, WarningKind::NotRead, format!("goose refuses this file: {why}")))
        .into_iter()
        .collect();
    runs.no_transaction = lines(text).any(|(_, line)| annotation(line).as_deref() == Some("no transaction"));
    if let Some(at) = lines(text).position(|(_, line)| annotation(line).as_deref() == Some("envsub on")) {
        let message = "variables of the environment are not replaced (ENVSUB ON)".to_owned();
        runs.remarks.push((at + 1, WarningKind::NotRead, message));
    }
    runs
}

/// A line, from 1, and what goose says of it.
type Refusal = (usize, &'static str);

/// How far goose has read a file.
#[derive(Default)]
struct Reading {
    section: Option<Marker>,
    /// Between `StatementBegin` and `StatementEnd`.
    together: bool,
    /// The lines of the statement that is open, and where it began.
    open: Option<(usize, String)>,
}

impl Reading {
    fn read(mut self, text: &str) -> Result<(), Refusal> {
        let mut last = 1;
        for (at, (_, line)) in lines(text).enumerate() {
            last = at + 1;
            if line.trim_start().starts_with("--") && line.contains("+goose") {
                self.annotation(last, line)?;
            } else {
                self.line(last, line)?;
            }
        }
        match (self.section, self.together) {
            (None, _) => Err((1, "it has no line `-- +goose Up`")),
            (_, true) => Err((last, "`StatementEnd` is missing")),
            _ => self.finished(),
        }
    }

    fn annotation(&mut self, at: usize, line: &str) -> Result<(), Refusal> {
        let words = annotation(line).ok_or((at, "an annotation stands at the beginning of its line"))?;
        match (words.as_str(), self.section) {
            ("up", None) => self.section = Some(Marker::Up),
            ("up", Some(_)) => return Err((at, "a second `-- +goose Up`")),
            ("down", Some(Marker::Up)) if !self.together => {
                self.finished()?;
                self.section = Some(Marker::Down);
            }
            ("down", _) => return Err((at, "`-- +goose Down` does not follow the section `-- +goose Up`")),
            ("statementbegin", Some(_)) if !self.together => self.together = true,
            ("statementend", Some(_)) if self.together => (self.together, self.open) = (false, None),
            ("statementbegin" | "statementend", _) => {
                return Err((at, "`StatementBegin` and `StatementEnd` do not come in pairs within a section"));
            }
            ("no transaction" | "envsub on" | "envsub off", _) => (),
            _ => return Err((at, "it knows no such annotation")),
        }
        Ok(())
    }

    fn line(&mut self, at: usize, line: &str) -> Result<(), Refusal> {
        let is_comment = line.trim_start().starts_with("--") || line.is_empty();
        if self.open.is_none() && is_comment || self.section.is_none() && line.trim().is_empty() {
            return Ok(());
        }
        if self.section.is_none() {
            return Err((at, "something stands before `-- +goose Up`"));
        }
        if self.section == Some(Marker::Down) || self.together {
            return Ok(());
        }
        let (began, statement) = self.open.get_or_insert((at, String::new()));
        statement.push_str(line);
        statement.push('\n');
        let ends = line.split_whitespace().take_while(|word| !word.starts_with("--")).last();
        if ends.is_some_and(|word| word.ends_with(';')) {
            let is_cut = split(statement).iter().any(|piece| matches!(piece.kind, PieceKind::Unread(_)));
            if is_cut {
                return Err((
                    *began,
                    "it cuts quoted text at a semicolon: `StatementBegin` and `StatementEnd` are missing",
                ));
            }
            self.open = None;
        }
        Ok(())
    }

    fn finished(&self) -> Result<(), Refusal> {
        match &self.open {
            Some((at, statement)) if !statement.trim().is_empty() => Err((*at, "no semicolon ends the statement")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_goose_refuses() {
        // Each of these was run by version 3 on a server.
        let fine = [
            "-- +goose Up\na;\n-- +goose Down\nb;\n",
            "--+goose up\r\na;\r\n-- +goose   DOWN\r\nb",
            "-- hello\n\n-- +goose Up\n-- +goose NO TRANSACTION\na; b; -- so; it is\n",
            "-- +goose Up\n-- +goose StatementBegin\ncreate function f() as $$ begin;\n end $$;\n-- +goose StatementEnd\n",
            "-- +goose Up\n-- +goose Down\n",
            "-- +goose Up\ninsert into t values ('a\nb');\n\n  \n",
        ];
        for text in fine {
            assert_eq!(runs(text).remarks, [], "{text}");
        }
        let refused = [
            ("", 1, "no line"),
            ("-- nothing\n", 1, "no line"),
            ("  -- +goose Up\na;\n", 1, "beginning of its line"),
            ("-- +goose Up now\na;\n", 1, "no such annotation"),
            ("-- +goose Up\n-- see +goose's manual\na;\n", 2, "beginning of its line"),
            ("-- +goose Down\nb;\n-- +goose Up\na;\n", 1, "does not follow"),
            ("-- +goose Up\na;\n-- +goose Down\nb;\n-- +goose Up\nc;\n", 5, "a second"),
            ("/* hello */\n-- +goose Up\na;\n", 1, "before `-- +goose Up`"),
            ("\u{feff}-- +goose Up\na;\n", 1, "before `-- +goose Up`"),
            ("-- +goose Up\n\na\n", 3, "no semicolon"),
            ("-- +goose Up\na\n-- +goose Down\nb;\n", 2, "no semicolon"),
            ("-- +goose Up\ncreate function f() as $$ begin;\n end $$;\n", 2, "cuts quoted text"),
            ("-- +goose Up\na;\n-- +goose Down\n-- +goose StatementBegin\nb;", 5, "`StatementEnd` is missing"),
        ];
        for (text, line, why) in refused {
            let remarks = runs(text).remarks;
            let [(at, WarningKind::NotRead, message)] = remarks.as_slice() else { panic!("{text}: {remarks:?}") };
            assert!(*at == line && message.contains(why), "{text}: {at} {message}");
        }
        assert_eq!((number("8_.sql"), number("+8_a.sql"), number("8_A.SQL")), (Some(8), Some(8), None));
    }
}
