//! Parts of a block that are read when the catalog has answered a query.

use super::Step;
use super::reader::Reader;
use crate::migrations::lex;
use crate::migrations::parse::constant::Known;
use crate::migrations::parse::cursor::{Fragment, Result, Source};
use crate::migrations::parse::guard::{Guard, spoken_of};
use std::collections::BTreeSet;
use std::ops::Range;

/// What follows an assignment counts as nested in it; deeper than this the value is not asked for.
const DEEPEST_ASKED: usize = 20;

/// `FOR target IN query LOOP ... END LOOP`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowLoop {
    /// What takes the values of a row.
    pub target: Target,
    /// The query, and what is known of its variables.
    pub query: Asked,
    /// The body, to be read for each row.
    pub body: Later,
    /// The body as far as it can be read without a row.
    pub otherwise: Vec<Step>,
    /// The bytes of the loop.
    pub range: Range<usize>,
}

/// `SELECT ... INTO target`, `target := expression` or `PERFORM ...`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    /// What takes the values.
    pub target: Target,
    /// The query, and what is known of its variables.
    pub query: Asked,
    /// Whether it also says what FOUND is.
    pub finds: bool,
    /// `STRICT`: without a row it fails.
    pub strict: bool,
    /// The statements behind it, to be read with the values.
    pub rest: Later,
    /// Those statements as far as they can be read without.
    pub otherwise: Vec<Step>,
}

/// `IF` whose branches give variables their values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// The branches in order.
    pub branches: Vec<(Guard, Branch)>,
    /// `ELSE`, or what holds without one.
    pub otherwise: Branch,
    /// The statements behind it, to be read with the values.
    pub rest: Later,
    /// Those statements as far as they can be read without.
    pub unchosen: Vec<Step>,
}

/// One way of an `IF`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// What is done.
    pub steps: Vec<Step>,
    /// What is known afterwards.
    pub(crate) known: Known,
}

/// A query for the catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Its text.
    pub text: Fragment,
    /// What is known of the variables that it speaks of.
    pub(crate) known: Known,
}

/// What takes the values of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A record, which has a field for each column.
    Record(String),
    /// Variables, one for each column.
    Variables(Vec<String>),
}

/// Statements that are not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Later {
    text: String,
    start: usize,
    made_at: Option<Range<usize>>,
    level: usize,
    depth: usize,
    records: BTreeSet<String>,
    known: Known,
}

impl Later {
    /// How much there is to read.
    pub(crate) fn work(&self) -> usize {
        self.text.len()
    }

    /// Reads the statements with what was known where they begin, and what is known now.
    pub(crate) fn read(&self, more: Known) -> Result<Vec<Step>> {
        // In its old place the text has its old bytes.
        let text = match self.made_at {
            None => " ".repeat(self.start) + &self.text,
            Some(_) => self.text.clone(),
        };
        let source = Source { text: &text, made_at: self.made_at.clone() };
        let tokens = lex::tokens(&text, 0..text.len());
        let mut reader = Reader::new(&source, &tokens, self.level);
        reader.depth = self.depth;
        reader.records.clone_from(&self.records);
        let mut known = self.known.clone();
        known.extend(more);
        reader.is_part = true;
        let steps = reader.statements(&mut known)?;
        reader.c.end()?;
        Ok(steps)
    }
}

impl Reader<'_> {
    /// The statements between two places, to be read later.
    pub(super) fn later(&self, from: usize, to: usize, known: &Known) -> Later {
        let tokens = self.tokens.get(from..to).unwrap_or_default();
        let (start, end) = tokens.first().zip(tokens.last()).map_or((0, 0), |(first, last)| (first.start, last.end));
        Later {
            text: self.c.source.text.get(start..end).unwrap_or_default().to_owned(),
            start,
            made_at: self.c.source.made_at.clone(),
            level: self.level,
            depth: self.depth,
            records: self.records.clone(),
            known: known.clone(),
        }
    }

    /// The statements of a block whose variables begin with what the catalog says.
    pub(super) fn statements_with(&mut self, asked: Vec<(String, Fragment)>, known: &mut Known) -> Result<Vec<Step>> {
        let Some(range) = asked.first().map(|(_, value)| value.range.clone()) else { return self.statements(known) };
        let before = known.clone();
        let from = self.c.position();
        let otherwise = self.statements(known)?;
        let rest = self.later(from, self.c.position(), &before);
        let (names, values): (Vec<String>, Vec<String>) = asked.into_iter().map(|(n, value)| (n, value.text)).unzip();
        let text = Fragment { text: format!("select {}", values.join(", ")), range };
        let query = Asked { known: spoken_of(&text.text, &before), text };
        let target = Target::Variables(names);
        Ok(vec![Step::Assigned(Box::new(Assigned { target, query, finds: false, strict: false, rest, otherwise }))])
    }

    /// The statements that follow, to be read again when the catalog has said what the variables are.
    pub(super) fn assigned(
        &mut self,
        target: Target,
        text: Fragment,
        (finds, strict): (bool, bool),
        known: &mut Known,
        steps: &mut Vec<Step>,
    ) -> Result<()> {
        self.c.expect_punct(b';')?;
        if !asks_catalog(&text.text) || self.depth > DEEPEST_ASKED {
            if text.text.to_ascii_lowercase().contains("from") {
                steps.push(Step::Asks(text));
            }
            return Ok(());
        }
        let before = known.clone();
        let from = self.c.position();
        let otherwise = self.statements(known)?;
        let rest = self.later(from, self.c.position(), &before);
        let query = Asked { known: spoken_of(&text.text, &before), text };
        steps.push(Step::Assigned(Box::new(Assigned { target, query, finds, strict, rest, otherwise })));
        Ok(())
    }

    /// An IF and the statements that follow, to be read again when the catalog has said which way is gone.
    pub(super) fn chosen(
        &mut self,
        branches: Vec<(Guard, Branch)>,
        otherwise: Branch,
        known: &mut Known,
        steps: &mut Vec<Step>,
    ) -> Result<()> {
        self.c.expect_punct(b';')?;
        let ways = branches.iter().map(|(_, branch)| branch).chain([&otherwise]);
        let learns = ways.flat_map(|branch| &branch.known).any(|(name, value)| known.get(name) != Some(value));
        if !learns || self.depth > DEEPEST_ASKED {
            let branches = branches.into_iter().map(|(guard, branch)| (guard, branch.steps)).collect();
            steps.push(Step::If(branches, otherwise.steps));
            return Ok(());
        }
        let before = known.clone();
        let from = self.c.position();
        let unchosen = self.statements(known)?;
        let rest = self.later(from, self.c.position(), &before);
        steps.push(Step::Chosen(Box::new(Chosen { branches, otherwise, rest, unchosen })));
        Ok(())
    }

    /// The variables of `SELECT ... INTO`, the query without them, and whether it is STRICT.
    pub(super) fn selected(&mut self, known: &mut Known) -> Option<(Vec<String>, Fragment, bool)> {
        self.forget_into(known);
        let mut probe = self.c.clone();
        if !probe.is("select") {
            return None;
        }
        let start = probe.position();
        probe.until(|c| c.is_punct(b';') || c.is("into"));
        let before = probe.since(start);
        if !probe.accept("into") {
            return None;
        }
        let strict = probe.accept("strict");
        let names = probe.names().ok()?;
        let after = probe.until(|c| c.is_punct(b';'));
        let plain = names.iter().all(|name| name.schema.is_none());
        let text = format!("{} {}", before.text, after.text);
        let text = Fragment { text, range: probe.since(start).range };
        plain.then(|| (names.into_iter().map(|n| n.name).collect(), text, strict))
    }

    /// EXECUTE of what a query gives, as the assignment of its text and the EXECUTE of that.
    pub(super) fn executed(&self, start: usize, expression: Fragment, known: &Known, gap: Step) -> Step {
        let text = Fragment { text: format!("select {}", expression.text), range: expression.range };
        let rest = Later {
            text: "execute computed;".to_owned(),
            start: 0,
            made_at: Some(self.range(start)),
            ..self.later(0, 0, &Known::new())
        };
        let query = Asked { known: spoken_of(&text.text, known), text };
        let target = Target::Variables(vec!["computed".to_owned()]);
        Step::Assigned(Box::new(Assigned { target, query, finds: false, strict: false, rest, otherwise: vec![gap] }))
    }

    /// A record takes a whole row; other variables take a column each.
    pub(super) fn target(&self, names: Vec<String>) -> Target {
        match names.as_slice() {
            [one] if self.records.contains(one) => Target::Record(one.clone()),
            _ => Target::Variables(names),
        }
    }
}

/// What the catalog or the session answers.
const ASKED: [&str; 10] = [
    "pg_",
    "::reg",
    "information_schema",
    "to_reg",
    "storage.buckets",
    "current_user",
    "current_role",
    "session_user",
    "current_schema",
    "current_database",
];

/// Whether a query may be one that the catalog answers.
pub(super) fn asks_catalog(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    ASKED.iter().any(|word| lower.contains(word))
}
