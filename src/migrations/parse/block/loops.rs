//! Loops of a block: unrolled over constants, else a gap.

use super::reader::Reader;
use super::{Step, touches};
use crate::migrations::parse::constant::{self, Known, Value};
use crate::migrations::parse::cursor::{Cursor, Result};

/// Loops with more rounds than this, all loops of a block together, are not unrolled.
const MOST_ROUNDS: usize = 10_000;

/// Nor if the rounds times the block's tokens are more than this.
const MOST_WORK: usize = 20_000_000;

impl Reader<'_> {
    pub(super) fn foreach(&mut self, start: usize, known: &mut Known, steps: &mut Vec<Step>) -> Result<()> {
        let name = self.c.ident()?;
        self.c.accept("slice");
        self.c.expect("in array")?;
        let list = self.condition("loop");
        match constant::value(&list.text, known) {
            Some(Value::List(values)) => self.unroll(start, &[name], values, known, steps),
            _ => self.unknown_loop(start, known, steps, "a loop over an array that only the server can know"),
        }
    }

    pub(super) fn for_loop(&mut self, start: usize, known: &mut Known, steps: &mut Vec<Step>) -> Result<()> {
        let name = self.c.list(Cursor::name)?.remove(0).name;
        self.c.expect("in")?;
        let (values, field) = unnested(&mut self.c, known);
        if let Some(values) = values.filter(|_| self.c.is("loop")) {
            let mut names = vec![name.clone()];
            names.extend(field.map(|field| format!("{name}.{field}")));
            return self.unroll(start, &names, values, known, steps);
        }
        self.condition("loop");
        known.remove(&name);
        self.unknown_loop(start, known, steps, "a loop over rows that only the server can know")
    }

    /// The body once for every value of the variable.
    fn unroll(
        &mut self,
        start: usize,
        names: &[String],
        values: Vec<String>,
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
                known.insert(name.clone(), Value::Text(value.clone()));
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
        let mut probe = Reader {
            c: self.c.clone(),
            tokens: self.tokens,
            rounds: MOST_ROUNDS,
            depth: self.depth,
            level: self.level,
        };
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
        if inner.iter().any(|step| !matches!(step, Step::Continue | Step::Exit)) {
            steps.push(self.gap(start, why, touches(&inner)));
        }
        Ok(())
    }
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
