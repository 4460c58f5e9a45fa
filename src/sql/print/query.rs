//! Queries with the server's own line breaks.

use super::{Printer, STANDARD};
use crate::sql::tree::{Body, Cte, Expr, FromItem, Node, OutputColumn, Query, Select, SetOperation, Source, Target};

const BACK: isize = -(STANDARD as isize);
const ON: isize = STANDARD as isize;

impl Printer<'_> {
    /// Prints a query; names of its columns are shown even where nobody sees them if `visible`.
    pub(super) fn query(&mut self, query: &Query, visible: bool, indent: usize) {
        self.indent = indent;
        let outermost = self.frames.is_empty();
        match &query.body {
            Body::Select(select) => {
                let joins = select.from.iter().map(joins).sum::<usize>();
                // Until 15 a view's query had items for OLD and NEW too.
                let several = select.sources.len() + joins != 1 || self.names.major() < 16;
                self.enter(select.sources.iter(), !outermost || several);
            }
            _ => self.enter(std::iter::empty(), true),
        }
        self.with(&query.ctes, query.recursive);
        match &query.body {
            Body::Select(select) => self.select(select, visible),
            Body::Values(rows) => self.values(rows),
            Body::Set { .. } => self.set_operation(query, visible, &query.columns),
        }
        self.clauses(query);
        self.leave();
    }

    fn clauses(&mut self, query: &Query) {
        if !query.order_by.is_empty() {
            self.line(" ORDER BY ", BACK, ON, 1);
            self.order_by(&query.order_by, !matches!(query.body, Body::Select(_)));
        }
        if let Some(offset) = &query.offset {
            self.line(" OFFSET ", BACK, ON, 0);
            self.expr(offset, false);
        }
        if let Some(limit) = &query.limit {
            self.line(" LIMIT ", BACK, ON, 0);
            match limit.node {
                Node::Constant(None) => self.put("ALL"),
                _ => self.expr(limit, false),
            }
        }
        if query.locks {
            self.line(" FOR UPDATE", BACK, ON, 0);
        }
    }

    pub(super) fn with(&mut self, ctes: &[Cte], recursive: bool) {
        if ctes.is_empty() {
            return;
        }
        self.indent += STANDARD;
        self.put(if self.flat { "" } else { " " });
        self.put(if recursive { "WITH RECURSIVE " } else { "WITH " });
        for (at, cte) in ctes.iter().enumerate() {
            if at > 0 {
                self.put(", ");
            }
            self.identifier(&cte.name);
            self.column_list(&cte.column_names);
            self.put(match cte.materialized {
                Some(true) => " AS MATERIALIZED (",
                Some(false) => " AS NOT MATERIALIZED (",
                None => " AS (",
            });
            self.line("", 0, 0, 0);
            let indent = self.indent;
            self.query(&cte.query, true, indent);
            self.indent = indent;
            self.line("", 0, 0, 0);
            self.put(")");
        }
        self.indent -= STANDARD;
        self.line("", 0, 0, 0);
    }

    pub(super) fn column_list(&mut self, names: &[String]) {
        for (at, name) in names.iter().enumerate() {
            self.put(if at > 0 { ", " } else { "(" });
            self.identifier(name);
        }
        if !names.is_empty() {
            self.put(")");
        }
    }

    fn select(&mut self, select: &Select, visible: bool) {
        self.indent += STANDARD;
        self.put(if self.flat { "SELECT" } else { " SELECT" });
        match select.distinct.as_deref() {
            None => {}
            Some([]) => self.put(" DISTINCT"),
            Some(on) => {
                self.put(" DISTINCT ON (");
                self.sort_list(on);
                self.put(")");
            }
        }
        self.targets(&select.targets, visible);
        self.from(&select.from, &select.sources);
        if let Some(filter) = &select.filter {
            self.line(" WHERE ", BACK, ON, 1);
            self.expr(filter, false);
        }
        if !select.group_by.is_empty() || select.grouping_sets {
            self.line(" GROUP BY ", BACK, ON, 1);
            match &select.grouping_text {
                Some(text) => self.put(text),
                None => self.sort_list(&select.group_by),
            }
        }
        if let Some(having) = &select.having {
            self.line(" HAVING ", BACK, ON, 0);
            self.expr(having, false);
        }
        for (at, (name, window)) in select.windows.iter().enumerate() {
            if at == 0 {
                self.line(" WINDOW ", BACK, ON, 1);
            } else {
                self.put(", ");
            }
            self.identifier(name);
            self.put(" AS ");
            self.window(window);
        }
    }

    fn sort_list(&mut self, items: &[Expr]) {
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.put(", ");
            }
            self.sort_expr(item);
        }
    }

    pub(super) fn targets(&mut self, targets: &[Target], visible: bool) {
        for (at, target) in targets.iter().enumerate() {
            self.put(if at == 0 { " " } else { ", " });
            let before = std::mem::take(&mut self.out);
            self.target(target, visible);
            let text = std::mem::replace(&mut self.out, before);
            let first_line = text.starts_with('\n');
            if first_line {
                let kept = self.out.trim_end_matches(' ').len();
                self.out.truncate(kept);
            } else if at > 0 {
                self.line("", BACK, ON, 4);
            }
            self.put(&text);
        }
    }

    fn target(&mut self, target: &Target, visible: bool) {
        let own = match &target.value.node {
            Node::Column(column) => {
                let frame = self.frame(column.up).and_then(|f| f.sources.get(column.source)).cloned();
                let name = match (frame, column.column) {
                    (Some(source), Some(place)) => self.column_name(&source, place, &column.name),
                    _ => column.name.clone(),
                };
                self.expr(&target.value, true);
                Some(name)
            }
            Node::WholeRow { .. } => {
                self.expr(&target.value, true);
                let of = target.value.data_type.clone();
                self.cast_suffix(&of);
                None
            }
            _ => {
                self.expr(&target.value, true);
                (!visible).then(|| "?column?".to_owned())
            }
        };
        if own.as_ref() != Some(&target.name) {
            self.put(" AS ");
            self.identifier(&target.name);
        }
    }

    fn values(&mut self, rows: &[Vec<Expr>]) {
        self.indent += STANDARD;
        self.put(if self.flat { "" } else { " " });
        self.value_rows(rows);
    }

    pub(super) fn value_rows(&mut self, rows: &[Vec<Expr>]) {
        self.put("VALUES ");
        for (at, row) in rows.iter().enumerate() {
            self.put(if at > 0 { ", (" } else { "(" });
            for (place, value) in row.iter().enumerate() {
                self.put(if place > 0 { "," } else { "" });
                self.expr(value, false);
            }
            self.put(")");
        }
    }

    fn set_operation(&mut self, query: &Query, visible: bool, columns: &[OutputColumn]) {
        let Body::Set { operation, all, left, right } = &query.body else {
            return self.set_leaf(query, visible, columns);
        };
        let same = matches!(&left.body, Body::Set { operation: o, all: a, .. } if o == operation && a == all);
        let nested = is_set(left);
        if nested && !same {
            self.put("(");
            self.line("", ON, 0, 0);
            self.set_part(left, visible, columns);
            self.line(") ", BACK, 0, 0);
        } else {
            self.set_part(left, visible, columns);
            self.line("", 0, 0, 0);
        }
        self.put(match operation {
            SetOperation::Union => "UNION ",
            SetOperation::Intersect => "INTERSECT ",
            SetOperation::Except => "EXCEPT ",
        });
        if *all {
            self.put("ALL ");
        }
        let nested = is_set(right);
        if nested {
            self.put("(");
        }
        self.line("", if nested { ON } else { 0 }, 0, 0);
        self.set_part(right, false, columns);
        if nested {
            self.indent = self.indent.saturating_sub(STANDARD);
            self.line(")", 0, 0, 0);
        }
    }

    fn set_part(&mut self, query: &Query, visible: bool, columns: &[OutputColumn]) {
        if is_set(query) {
            self.enter(std::iter::empty(), true);
            self.set_operation(query, visible, columns);
            self.leave();
        } else {
            self.set_leaf(query, visible, columns);
        }
    }

    fn set_leaf(&mut self, query: &Query, visible: bool, _columns: &[OutputColumn]) {
        let parenthesised = !query.ctes.is_empty()
            || !query.order_by.is_empty()
            || query.limit.is_some()
            || query.offset.is_some()
            || query.locks;
        if parenthesised {
            self.put("(");
        }
        let indent = self.indent;
        self.query(query, visible, indent);
        self.indent = indent;
        if parenthesised {
            self.put(")");
        }
    }
}

fn is_set(query: &Query) -> bool {
    let bare = query.ctes.is_empty() && query.order_by.is_empty() && query.limit.is_none() && query.offset.is_none();
    bare && matches!(query.body, Body::Set { .. })
}

/// Joins are items of a query too; with one the columns are qualified.
fn joins(item: &FromItem) -> usize {
    match item {
        FromItem::Source(_) => 0,
        FromItem::Join { left, right, .. } => 1 + joins(left) + joins(right),
    }
}

/// What is printed for a source without an alias.
pub(super) fn needs_alias(source: &Source, name: &str, own: Option<&str>) -> bool {
    source.alias.is_some() || own.is_none_or(|own| own != name)
}
