//! Loops of a block: unrolled over constants, else a gap.

use super::later::{Asked, RowLoop};
use super::reader::Reader;
use super::{Step, touches};
use crate::migrations::parse::constant::{self, Known, Value};
use crate::migrations::parse::cursor::{Cursor, Fragment, Result};
use crate::migrations::parse::guard::spoken_of;

/// Loops with more rounds than this, all loops of a block together, are not unrolled.
const MOST_ROUNDS: usize = 10_000;

/// Nor if the rounds times the block's tokens are more than this.
const MOST_WORK: usize = 20_000_000;

impl Reader<'_> {
    pub(super) fn foreach(&mut self, start: usize, known: &mut Known, steps: &mut Vec<Step>) -> Result<()> {
        let name = self.c.ident()?;
        self.variables.insert(name.clone());
        let slice = if self.c.accept("slice") { self.c.accept_number() } else { Some("0") };
        self.c.expect("in array")?;
        let list = self.condition("loop");
        match constant::value(&list.text, known).zip(slice).and_then(|(list, slice)| slices(list, slice)) {
            Some(values) => self.unroll(start, &[name], values, known, steps),
            _ => self.unknown_loop(start, known, steps, "a loop over an array that only the server can know"),
        }
    }

    pub(super) fn for_loop(&mut self, start: usize, known: &mut Known, steps: &mut Vec<Step>) -> Result<()> {
        let names: Vec<String> = self.c.list(Cursor::name)?.into_iter().map(|name| name.name).collect();
        self.variables.extend(names.iter().cloned());
        self.c.expect("in")?;
        let (values, field) = unnested(&mut self.c, known);
        if let (Some(values), [name]) = (values.filter(|_| self.c.is("loop")), names.as_slice()) {
            let mut both = vec![name.clone()];
            both.extend(field.map(|field| format!("{name}.{field}")));
            return self.unroll(start, &both, texts(values), known, steps);
        }
        let query = self.condition("loop");
        if let (Some(values), [name]) = (numbers(&query.text), names.as_slice()) {
            return self.unroll(start, std::slice::from_ref(name), values, known, steps);
        }
        for name in &names {
            forget(known, name);
        }
        let head = query.text.trim_start_matches(|c: char| c == '(' || c.is_whitespace());
        if head.get(..6).is_none_or(|word| !word.eq_ignore_ascii_case("select")) {
            return self.unknown_loop(start, known, steps, "a loop over rows that only the server can know");
        }
        self.row_loop(start, names, query, known, steps)
    }

    /// A loop over what a query finds, which the catalog may know.
    fn row_loop(
        &mut self,
        start: usize,
        names: Vec<String>,
        query: Fragment,
        known: &mut Known,
        steps: &mut Vec<Step>,
    ) -> Result<()> {
        self.c.expect("loop")?;
        let asked = Asked { known: spoken_of(&query.text, known), text: query };
        let before = self.unassigned(known);
        let from = self.c.position();
        // Nothing that a round may assign is known in the next, so none of it is taken for known here.
        let otherwise = self.statements(&mut before.clone())?;
        let body = self.later(from, self.c.position(), &before);
        self.c.expect("end loop")?;
        self.end_label();
        known.clone_from(&before);
        if !otherwise.iter().any(Step::does_something) {
            steps.push(Step::Asks(asked.text));
        } else {
            let range = self.range(start);
            let target = self.target(names);
            steps.push(Step::Rows(Box::new(RowLoop { target, query: asked, body, otherwise, range })));
        }
        Ok(())
    }

    /// The body once for every value of the variable.
    fn unroll(
        &mut self,
        start: usize,
        names: &[String],
        values: Vec<Value>,
        known: &mut Known,
        steps: &mut Vec<Step>,
    ) -> Result<()> {
        self.rounds = self.rounds.saturating_add(values.len());
        if values.is_empty() || self.rounds > MOST_ROUNDS || self.rounds.saturating_mul(self.tokens.len()) > MOST_WORK {
            return self.unknown_loop(start, known, steps, "a loop with too many rounds");
        }
        self.c.expect("loop")?;
        let body = self.c.clone();
        let (mut rounds, before) = (Vec::new(), self.unassigned(known));
        for value in values {
            self.c = body.clone();
            // A round that another's assignments could change starts from what all rounds share.
            known.clone_from(&before);
            for name in names {
                known.insert(name.clone(), value.clone());
            }
            rounds.push(self.statements(known)?);
        }
        steps.push(Step::Rounds(rounds));
        self.c.expect("end loop")?;
        self.end_label();
        known.clone_from(&before);
        names.iter().for_each(|name| drop(known.remove(name)));
        Ok(())
    }

    /// What is known of variables that the loop which begins here does not assign.
    fn unassigned(&self, known: &Known) -> Known {
        let mut probe = Reader::new(self.c.source, self.tokens, self.level);
        (probe.c, probe.depth, probe.rounds) = (self.c.clone(), self.depth, MOST_ROUNDS);
        probe.records.clone_from(&self.records);
        let mut after = known.clone();
        match probe.statements(&mut after) {
            Ok(_) => known
                .iter()
                .filter(|(name, value)| after.get(*name) == Some(value))
                .map(|(n, v)| (n.clone(), v.clone()))
                .collect(),
            Err(_) => Known::new(),
        }
    }

    pub(super) fn unknown_loop(
        &mut self,
        start: usize,
        known: &mut Known,
        steps: &mut Vec<Step>,
        why: &str,
    ) -> Result<()> {
        self.c.expect("loop")?;
        // Nothing that a round may assign is known in the next, so none of it is taken for known here.
        let inner = self.statements(&mut Known::new())?;
        self.c.expect("end loop")?;
        self.end_label();
        known.clear();
        if inner.iter().any(Step::does_something) {
            steps.push(self.gap(start, why, touches(&inner)));
        }
        Ok(())
    }
}

/// What is known of a variable and of its fields is known no more.
pub(super) fn forget(known: &mut Known, name: &str) {
    known.retain(|other, _| other.split('.').next() != Some(name));
}

/// `1..3`
fn numbers(text: &str) -> Option<Vec<Value>> {
    let (from, to) = text.split_once("..")?;
    let (from, to): (i64, i64) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
    let rounds = usize::try_from(to.checked_sub(from)?).ok().filter(|rounds| *rounds < MOST_ROUNDS)?;
    Some((from..=to).take(rounds + 1).map(Value::Whole).collect())
}

/// What FOREACH takes of an array, one after the other: its elements, or with `SLICE 1` what the last dimension holds.
fn slices(array: Value, slice: &str) -> Option<Vec<Value>> {
    match (array, slice) {
        (Value::List(values), "0") => Some(texts(values)),
        (Value::Objects(kind, names), "0") => Some(names.into_iter().map(|name| Value::Object(kind, name)).collect()),
        (Value::Lists(lists), "0") => Some(texts(lists.into_iter().flatten().collect())),
        (list @ Value::List(_), "1") => Some(vec![list]),
        (Value::Lists(lists), "1") => Some(lists.into_iter().map(Value::List).collect()),
        _ => None,
    }
}

fn texts(values: Vec<String>) -> Vec<Value> {
    values.into_iter().map(Value::Text).collect()
}

/// `SELECT unnest(ARRAY[...])` or `SELECT x FROM unnest(ARRAY[...]) AS x`: the values and the name of the one column.
fn unnested(c: &mut Cursor<'_>, known: &Known) -> (Option<Vec<String>>, Option<String>) {
    let start = c.clone();
    let parens = c.accept_punct(b'(');
    if c.accept("select") {
        if !c.is("unnest") {
            c.until(|c| c.is("from") || c.is("loop"));
            c.accept("from");
        }
        if c.accept("unnest") {
            let list = c.parenthesised().ok().and_then(|f| constant::value(&f.text, known));
            c.accept("as");
            let mut field = if c.is("loop") || c.is_punct(b')') { Some("unnest".to_owned()) } else { c.ident().ok() };
            if c.is_punct(b'(') {
                field = c.ident_list().ok().and_then(|mut names| names.pop());
            }
            if let Some(Value::List(values)) = list.filter(|_| !parens || c.accept_punct(b')')) {
                return (Some(values), field);
            }
        }
    }
    *c = start;
    (None, None)
}
