//! FROM.

use super::query::needs_alias;
use super::{Printer, STANDARD};
use crate::sql::tree::{Body, Expr, FromItem, JoinKind, Node, Source, SourceKind};

const BACK: isize = -(STANDARD as isize);
const ON: isize = STANDARD as isize;

impl Printer<'_> {
    pub(super) fn from(&mut self, items: &[FromItem], sources: &[Source]) {
        self.items_behind(" FROM ", items, sources);
    }

    /// Items of FROM or USING.
    pub(super) fn items_behind(&mut self, word: &str, items: &[FromItem], sources: &[Source]) {
        for (at, item) in items.iter().enumerate() {
            if at == 0 {
                self.line(word, BACK, ON, 2);
                self.item(item, sources);
                continue;
            }
            self.put(", ");
            let before = std::mem::take(&mut self.out);
            self.item(item, sources);
            let text = std::mem::replace(&mut self.out, before);
            if text.starts_with('\n') {
                let kept = self.out.trim_end_matches(' ').len();
                self.out.truncate(kept);
            } else {
                self.line("", BACK, ON, 4);
            }
            self.put(&text);
        }
    }

    fn item(&mut self, item: &FromItem, sources: &[Source]) {
        match item {
            FromItem::Source(at) => {
                if let Some(source) = sources.get(*at) {
                    self.source(source, *at);
                }
            }
            FromItem::Join { kind, left, right, on, using, .. } => {
                self.put("(");
                self.item(left, sources);
                match kind {
                    JoinKind::Inner if on.is_some() => self.line(" JOIN ", BACK, ON, 4),
                    JoinKind::Inner | JoinKind::Cross => self.line(" CROSS JOIN ", BACK, ON, 4),
                    JoinKind::Left => self.line(" LEFT JOIN ", BACK, ON, 4),
                    JoinKind::Right => self.line(" RIGHT JOIN ", BACK, ON, 4),
                    JoinKind::Full => self.line(" FULL JOIN ", BACK, ON, 4),
                }
                self.item(right, sources);
                match on {
                    Some(_) if !using.is_empty() => {
                        self.put(" USING ");
                        self.column_list(using);
                    }
                    Some(on) => {
                        self.put(" ON (");
                        self.expr(on, false);
                        self.put(")");
                    }
                    None if !matches!(kind, JoinKind::Inner | JoinKind::Cross) => self.put(" ON TRUE"),
                    None => {}
                }
                // Columns are called by the items inside, which an alias of the join would hide.
                self.put(")");
            }
        }
    }

    fn source(&mut self, source: &Source, at: usize) {
        let name = self.frame(0).and_then(|f| f.names.get(at).cloned()).unwrap_or_default();
        if source.lateral {
            self.put("LATERAL ");
        }
        match &source.kind {
            SourceKind::Relation { key, name: bound, only, sample_text, .. } => {
                let now = key.and_then(|k| self.names.relation(k)).unwrap_or_else(|| bound.clone());
                self.put(if *only { "ONLY " } else { "" });
                if now.schema == "pg_catalog" {
                    self.identifier(&now.name);
                } else {
                    self.put(&now.to_string());
                }
                self.alias(source, &name, Some(&now.name));
                if source.renamed > 0 {
                    self.columns(source);
                }
                if let Some(sample) = sample_text {
                    self.put(" TABLESAMPLE ");
                    self.put(sample);
                }
            }
            SourceKind::Given { .. } => self.identifier(&name),
            SourceKind::Cte { name: cte, .. } => {
                self.identifier(cte);
                self.alias(source, &name, Some(cte));
                if source.renamed > 0 {
                    self.columns(source);
                }
            }
            SourceKind::Query(query) => {
                self.put("(");
                match &query.body {
                    Body::Values(rows) if query.order_by.is_empty() && query.limit.is_none() => self.inner_values(rows),
                    _ => {
                        let indent = self.indent;
                        self.query(query, true, indent);
                        self.indent = indent;
                    }
                }
                self.put(")");
                self.alias(source, &name, None);
                if source.renamed > 0 {
                    self.columns(source);
                }
            }
            SourceKind::Functions { calls, ordinality, defined, .. } => {
                self.functions(calls);
                self.put(if *ordinality { " WITH ORDINALITY" } else { "" });
                self.alias(source, &name, None);
                if *defined {
                    self.definitions(source);
                } else {
                    self.columns(source);
                }
            }
        }
    }

    fn inner_values(&mut self, rows: &[Vec<Expr>]) {
        self.enter(std::iter::empty(), true);
        self.put(" ");
        self.value_rows(rows);
        self.leave();
    }

    fn functions(&mut self, calls: &[Expr]) {
        if let [one] = calls {
            let plain = matches!(one.node, Node::Call(_) | Node::Session(..));
            if plain {
                self.expr(one, true);
            } else {
                self.put("ROWS FROM(");
                self.expr(one, true);
                self.put(")");
            }
            return;
        }
        let unnested = |call: &Expr| match &call.node {
            Node::Call(call) if call.routine.key.is_none() && call.routine.name.name == "unnest" => {
                call.arguments.first().cloned()
            }
            _ => None,
        };
        let arrays: Option<Vec<_>> = calls.iter().map(unnested).collect();
        self.put(if arrays.is_some() { "UNNEST(" } else { "ROWS FROM(" });
        self.list(arrays.as_deref().unwrap_or(calls));
        self.put(")");
    }

    fn alias(&mut self, source: &Source, name: &str, own: Option<&str>) {
        if needs_alias(source, name, own) {
            self.put(" ");
            self.identifier(name);
        }
    }

    fn columns(&mut self, source: &Source) {
        let names: Vec<_> = source.columns.iter().map(|c| c.name.clone()).collect();
        self.column_list(&names);
    }

    fn definitions(&mut self, source: &Source) {
        for (at, column) in source.columns.iter().enumerate() {
            self.put(if at > 0 { ", " } else { "(" });
            self.identifier(&column.name);
            let of = self.type_name(&column.data_type);
            self.put(" ");
            self.put(&of);
        }
        self.put(")");
    }
}
