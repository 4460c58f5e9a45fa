//! SQL files that psql runs: its own commands and the rows of COPY are set apart, because no server takes them.
//!
//! A backslash command is everything from an unquoted backslash to the end of its line (psql's manual); after
//! `COPY ... FROM stdin` rows follow up to a line `\.`. Quotes, dollar quotes and comments are followed, so that a
//! backslash in a function's body stays what it is.

use super::{Runs, WarningKind};

/// The parts of a text that are SQL, with remarks on what was left out that a server would have got.
pub(super) fn runs(text: &str) -> Runs {
    scan(text, false)
}

/// The same, with the rows of COPY behind their statements.
pub(super) fn runs_with_rows(text: &str) -> Runs {
    scan(text, true)
}

fn scan(text: &str, keeps_rows: bool) -> Runs {
    let mut scan = Scan { text, at: 0, statement: 0, part: 0, database: None, keeps_rows, runs: Runs::default() };
    while scan.at < text.len() {
        scan.step();
    }
    scan.leave_out(text.len(), text.len());
    scan.runs.remarks.extend(cut_off(text));
    scan.runs
}

/// What is to be said of a dump that ends before pg_dump was done: it writes grants and policies last.
fn cut_off(text: &str) -> Option<(usize, WarningKind, String)> {
    const FIRST: &str = "-- PostgreSQL database dump";
    const LAST: &str = "-- PostgreSQL database dump complete";
    let begun = text.rmatch_indices(FIRST).find(|(at, _)| {
        let line = text.get(*at..).and_then(|rest| rest.lines().next()).unwrap_or_default();
        line.trim_end() == FIRST && text.get(..*at).is_none_or(|before| before.is_empty() || before.ends_with('\n'))
    });
    let (begun, _) = begun?;
    let is_whole = text.get(begun..).is_some_and(|rest| rest.contains(LAST));
    let message = format!("the dump is cut off: pg_dump's last line, `{LAST}`, is missing");
    (!is_whole).then(|| (text.lines().count(), WarningKind::NotRead, message))
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// Where the statement begins.
    statement: usize,
    /// Where the part begins.
    part: usize,
    /// The database that the file has connected to by name.
    database: Option<String>,
    keeps_rows: bool,
    runs: Runs,
}

impl Scan<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Goes past `end`, or to the end of the text.
    fn past(&mut self, skip: usize, end: &str) {
        let from = self.at + skip;
        let found = self.text.get(from..).and_then(|rest| rest.find(end));
        self.at = found.map_or(self.text.len(), |n| from + n + end.len());
    }

    fn step(&mut self) {
        let rest = self.rest();
        let Some(c) = rest.chars().next() else { return };
        match c {
            '\'' => self.string(),
            '"' => self.past(1, "\""),
            '-' if rest.starts_with("--") => self.past(2, "\n"),
            '/' if rest.starts_with("/*") => self.comment(),
            '$' => match self.dollar() {
                Some(tag) => self.past(tag.len(), &tag),
                None => self.at += 1,
            },
            '\\' => self.command(),
            ';' => self.end_of_statement(),
            c => self.at += c.len_utf8(),
        }
    }

    /// A string; in one with the prefix E a backslash quotes what follows.
    fn string(&mut self) {
        let before = self.text.get(..self.at).unwrap_or_default();
        let mut last = before.chars().rev();
        let is_e = matches!(last.next(), Some('e' | 'E')) && !last.next().is_some_and(is_word);
        if !is_e {
            return self.past(1, "'");
        }
        let mut quoted = false;
        let end = self.rest().char_indices().skip(1).find(|(_, c)| {
            let ends = *c == '\'' && !quoted;
            quoted = *c == '\\' && !quoted;
            ends
        });
        self.at = end.map_or(self.text.len(), |(n, _)| self.at + n + 1);
    }

    /// A comment with comments in it.
    fn comment(&mut self) {
        let mut depth = 0_usize;
        while self.at < self.text.len() {
            let rest = self.rest();
            if rest.starts_with("/*") {
                (depth, self.at) = (depth + 1, self.at + 2);
            } else if rest.starts_with("*/") {
                (depth, self.at) = (depth - 1, self.at + 2);
            } else {
                self.at += rest.chars().next().map_or(1, char::len_utf8);
            }
            if depth == 0 {
                break;
            }
        }
    }

    /// The tag of a dollar quote that begins here.
    fn dollar(&self) -> Option<String> {
        if self.text.get(..self.at)?.chars().next_back().is_some_and(is_word) {
            return None;
        }
        let inner = self.rest().get(1..)?;
        let end = inner.find('$')?;
        let tag = inner.get(..end)?;
        let is_tag = tag.chars().all(is_word) && !tag.starts_with(|c: char| c.is_ascii_digit());
        is_tag.then(|| format!("${tag}$"))
    }

    /// Ends the part at `from` and begins the next one at `to`.
    fn leave_out(&mut self, from: usize, to: usize) {
        if self.part < from {
            self.runs.parts.push(self.part..from);
        }
        (self.part, self.at, self.statement) = (to, to, to);
    }

    fn line(&self) -> usize {
        self.text.get(..self.at).unwrap_or_default().matches('\n').count() + 1
    }

    fn command(&mut self) {
        let end = self.rest().find('\n').map_or(self.text.len(), |n| self.at + n);
        let command = self.text.get(self.at..end).unwrap_or_default().trim().to_owned();
        let word = command.split_whitespace().next().unwrap_or_default();
        // What changes nothing that is judged; the others run or choose statements.
        let harmless =
            ["\\restrict", "\\unrestrict", "\\echo", "\\set", "\\timing", "\\pset", "\\encoding", "\\x", "\\q"];
        let remark = match word {
            "\\connect" | "\\c" => self.connect(&command),
            _ if harmless.contains(&word) || word == "\\." => None,
            _ => Some(format!("the psql command `{word}` was not followed")),
        };
        self.runs.remarks.extend(remark.map(|message| (self.line(), WarningKind::NotRead, message)));
        self.leave_out(self.at, end);
    }

    /// Connects to another database, as dumps of a whole cluster do: the first time it is the one that the file is for.
    fn connect(&mut self, command: &str) -> Option<String> {
        let mut words = command.split_whitespace().skip(1).filter(|word| !word.starts_with("-reuse-previous"));
        let named = words.next().filter(|word| *word != "-").map(|word| word.trim_matches('"').to_owned())?;
        let before = self.database.replace(named.clone()).filter(|before| *before != named)?;
        Some(format!(
            "the file goes on in the database `{named}`, and what follows is read as if it were still in `{before}`: \
             give the dump of one database"
        ))
    }

    fn end_of_statement(&mut self) {
        let statement = self.text.get(self.statement..self.at).unwrap_or_default();
        let code: Vec<_> = statement.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
        let code = code.join(" ").to_lowercase();
        let words: Vec<_> = code.split(|c: char| c.is_whitespace() || c == '(').filter(|w| !w.is_empty()).collect();
        let from_stdin = words.windows(2).any(|pair| pair == ["from", "stdin"]);
        match words.as_slice() {
            // Which buckets there are, and which are public, is access.
            ["copy", table, ..] if from_stdin => self.rows(self.keeps_rows || *table == "storage.buckets"),
            // A setting of 17 that older servers refuse, in every dump of pg_dump 17 and later.
            ["set", "transaction_timeout", ..] => self.leave_out(self.statement, self.at + 1),
            _ => {
                self.at += 1;
                self.statement = self.at;
            }
        }
    }

    /// Leaves out `COPY ... FROM stdin;` with its rows, or goes past them.
    fn rows(&mut self, keeps: bool) {
        let rest = self.rest();
        let end = ["\n\\.\n", "\n\\.\r\n"].iter().filter_map(|mark| Some(rest.find(mark)? + mark.len())).min();
        let last = rest.trim_end_matches(['\r', '\n']);
        let end = end.or_else(|| last.ends_with("\n\\.").then_some(rest.len()));
        if end.is_none() && !keeps {
            let message = "the rows of COPY ... FROM stdin have no end: a line with only `\\.` is missing, and all that \
                           follows is taken for rows";
            self.runs.remarks.push((self.line(), WarningKind::NotRead, message.to_owned()));
        }
        let end = end.map_or(self.text.len(), |n| self.at + n);
        if keeps {
            (self.at, self.statement) = (end, end);
            return;
        }
        let message = "the rows of COPY ... FROM stdin are left out".to_owned();
        self.runs.remarks.push((self.line(), WarningKind::RowsLeftOut, message));
        self.leave_out(self.statement, end);
    }
}

fn is_word(c: char) -> bool {
    c == '_' || c.is_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(text: &str) -> String {
        runs(text).parts.into_iter().map(|part| &text[part]).collect::<Vec<_>>().join("|")
    }

    #[test]
    fn commands_are_set_apart_and_quoted_backslashes_are_not() {
        assert_eq!(kept("\\restrict a;b\nselect 1;\n\\unrestrict x\n"), "\nselect 1;\n|\n");
        for whole in [
            "select '\\d', \"\\x\", $$ \\d $$, $a$ \\d $$ $a$; -- \\d\n/* \\d /* */ \\x */ select 1;",
            "select e'\\'\\\\d', 'it''s \\';",
            "select a$b$c, $1; -- it's",
            "select 'open \\",
            "é\u{feff}$é",
            "",
        ] {
            assert_eq!(kept(whole), whole);
            assert!(runs(whole).remarks.is_empty());
        }
        assert_eq!(runs("select 1;\n\\i other.sql\n").remarks[0].0, 2);
    }

    #[test]
    fn a_second_database_is_told() {
        let told = |text: &str| runs(text).remarks.into_iter().map(|(line, kind, _)| (line, kind)).collect::<Vec<_>>();
        assert_eq!(told("create database a;\n\\connect a\nselect 1;\n\\c - postgres\n"), []);
        assert_eq!(told("\\connect a\nselect 1;\n\\connect -reuse-previous=on \"b\"\n"), [(3, WarningKind::NotRead)]);
    }

    #[test]
    fn a_dump_that_is_cut_off_is_told() {
        let whole = "--\n-- PostgreSQL database dump\n--\nselect 1;\n--\n-- PostgreSQL database dump complete\n--\n";
        assert_eq!(runs(whole).remarks, []);
        let (half, _) = whole.split_once("1;").unwrap();
        assert_eq!(
            runs(half).remarks.iter().map(|(line, kind, _)| (*line, *kind)).collect::<Vec<_>>(),
            [(4, WarningKind::NotRead)]
        );
        assert_eq!(runs(&format!("{whole}{half}")).remarks.len(), 1, "the second of two databases");
    }

    #[test]
    fn rows_of_copy_are_left_out() {
        let text = "create table t (a text);\n-- rows\nCOPY public.t (a) FROM stdin;\nit's;\n\\\\d\n\\.\n\nselect 2;\n";
        assert_eq!(kept(text), "create table t (a text);|\nselect 2;\n");
        assert_eq!(runs(text).remarks[0].1, WarningKind::RowsLeftOut);
        assert_eq!(
            kept("SET statement_timeout = 0;\nSET transaction_timeout = 0;\nselect 1;"),
            "SET statement_timeout = 0;|\nselect 1;"
        );
        assert_eq!(kept("copy t from stdin;\n1\n\\."), "");
        assert_eq!(runs("copy t from stdin;\n1\n\\.").remarks.len(), 1);
        let endless = runs("copy t from stdin;\n1\ngrant all on t to anon;\n");
        assert_eq!(endless.remarks[0].1, WarningKind::NotRead, "{:?}", endless.remarks);
        let buckets = "COPY storage.buckets (id, public) FROM stdin;\na\tt\n\\.\n";
        assert_eq!(kept(buckets), buckets);
        let with_rows = runs_with_rows("\\restrict a\ncopy t from stdin;\nit's \\N\n\\.\nselect 1;\n\\unrestrict a\n");
        assert_eq!((with_rows.parts, with_rows.remarks), (vec![11..52, 65..66], vec![]));
    }
}
