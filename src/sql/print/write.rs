//! INSERT, UPDATE and DELETE as `pg_get_ruledef` and `pg_get_function_sqlbody` print them.

use super::{Printer, STANDARD};
use crate::model::{quote_ident, quote_literal};
use crate::sql::tree::{
    Arbiter, Assigned, Assignment, Conflict, Delete, Expr, Insert, Inserted, Node, Overriding, Source, SourceKind,
    Statement, Target, Update,
};

const BACK: isize = -(STANDARD as isize);
const ON: isize = STANDARD as isize;

impl Printer<'_> {
    /// Prints a statement; names of the columns that it gives are all shown if `visible`.
    pub(super) fn statement(&mut self, statement: &Statement, visible: bool, indent: usize) {
        self.indent = indent;
        match statement {
            Statement::Query(query) => self.query(query, visible, indent),
            Statement::Return(value) => {
                self.put(" RETURN ");
                self.expr(value, true);
            }
            Statement::Insert(insert) => {
                self.enter(insert.sources.iter(), true);
                self.insert(insert, visible);
                self.leave();
            }
            Statement::Update(update) => {
                self.enter(update.sources.iter(), true);
                self.update(update, visible);
                self.leave();
            }
            Statement::Delete(delete) => {
                self.enter(delete.sources.iter(), true);
                self.delete(delete, visible);
                self.leave();
            }
            Statement::Nothing => self.put("NOTHING"),
            Statement::Notify(channel, payload) => {
                self.line("", 0, ON, 1);
                self.put(&format!("NOTIFY {}", quote_ident(channel)));
                if let Some(payload) = payload {
                    self.put(&format!(", {}", quote_literal(payload)));
                }
            }
        }
    }

    fn insert(&mut self, insert: &Insert, visible: bool) {
        self.with(&insert.with.0, insert.with.1);
        self.indent += STANDARD;
        self.put(" INSERT INTO ");
        self.goal(&insert.sources, " AS ");
        self.put(" ");
        if !insert.columns.is_empty() {
            self.put("(");
            self.goal_columns(&insert.sources, &insert.columns);
            self.put(") ");
        }
        match insert.overriding {
            Some(Overriding::System) => self.put("OVERRIDING SYSTEM VALUE "),
            Some(Overriding::User) => self.put("OVERRIDING USER VALUE "),
            None => {}
        }
        match &insert.values {
            Inserted::Default => self.put("DEFAULT VALUES"),
            Inserted::Rows(rows) => self.inserted_rows(rows),
            Inserted::Query(query) => {
                let indent = self.indent;
                self.query(query, false, indent);
                self.indent = indent;
            }
        }
        if let Some(conflict) = &insert.conflict {
            self.conflict(conflict, &insert.sources);
        }
        self.returning(&insert.returning, visible);
    }

    fn inserted_rows(&mut self, rows: &[Vec<Option<Expr>>]) {
        if let [row] = rows {
            self.line("VALUES (", BACK, ON, 2);
            self.inserted_row(row, ", ");
            self.put(")");
            return;
        }
        self.put("VALUES ");
        for (at, row) in rows.iter().enumerate() {
            self.put(if at > 0 { ", (" } else { "(" });
            self.inserted_row(row, ",");
            self.put(")");
        }
    }

    fn inserted_row(&mut self, row: &[Option<Expr>], comma: &str) {
        for (at, value) in row.iter().enumerate() {
            if at > 0 {
                self.put(comma);
            }
            match value {
                Some(value) => self.expr(value, false),
                None => self.put("DEFAULT"),
            }
        }
    }

    fn conflict(&mut self, conflict: &Conflict, sources: &[Source]) {
        self.put(" ON CONFLICT");
        match &conflict.arbiter {
            Arbiter::Any => {}
            Arbiter::Constraint(name) => self.put(&format!(" ON CONSTRAINT {}", quote_ident(name))),
            Arbiter::Keys(keys, filter) => {
                // The keys are read as columns of the relation alone.
                let prefixed = self.prefix(false);
                self.put("(");
                for (at, (key, collation, class)) in keys.iter().enumerate() {
                    self.put(if at > 0 { ", " } else { "" });
                    let bare = matches!(key.node, Node::Column(_) | Node::Call(_));
                    self.put(if bare { "" } else { "(" });
                    self.expr(key, false);
                    self.put(if bare { "" } else { ")" });
                    for (word, name) in [(" COLLATE ", collation), (" ", class)] {
                        if let Some(name) = name {
                            self.put(&format!("{word}{}", quote_ident(&name.name)));
                        }
                    }
                }
                self.put(")");
                if let Some(filter) = filter {
                    self.line(" WHERE ", BACK, ON, 1);
                    self.expr(filter, false);
                }
                self.prefix(prefixed);
            }
        }
        let Some((set, filter)) = &conflict.update else { return self.put(" DO NOTHING") };
        self.put(" DO UPDATE SET ");
        self.set(set, sources);
        self.filter(filter.as_ref());
    }

    /// Whether columns of the innermost statement are qualified; what it was before.
    fn prefix(&mut self, prefixed: bool) -> bool {
        self.frames.last_mut().is_some_and(|frame| std::mem::replace(&mut frame.prefixed, prefixed))
    }

    fn set(&mut self, set: &[Assignment], sources: &[Source]) {
        for (at, assignment) in set.iter().enumerate() {
            self.put(if at > 0 { ", " } else { "" });
            let several = assignment.columns.len() > 1 || matches!(assignment.value, Assigned::Row(_));
            self.put(if several { "(" } else { "" });
            self.goal_columns(sources, &assignment.columns);
            self.put(if several { ") = " } else { " = " });
            match &assignment.value {
                Assigned::Default => self.put("DEFAULT"),
                Assigned::Value(value) => self.expr(value, false),
                Assigned::Row(query) => {
                    self.put("(");
                    self.sub_query(query);
                    self.put(")");
                }
            }
        }
    }

    fn update(&mut self, update: &Update, visible: bool) {
        self.with(&update.with.0, update.with.1);
        self.put(" UPDATE ");
        self.indent += STANDARD;
        self.goal(&update.sources, " ");
        self.put(" SET ");
        self.set(&update.set, &update.sources);
        self.items_behind(" FROM ", &update.from, &update.sources);
        self.filter(update.filter.as_ref());
        self.returning(&update.returning, visible);
    }

    fn delete(&mut self, delete: &Delete, visible: bool) {
        self.with(&delete.with.0, delete.with.1);
        self.put(" DELETE FROM ");
        self.indent += STANDARD;
        self.goal(&delete.sources, " ");
        self.items_behind(" USING ", &delete.using, &delete.sources);
        self.filter(delete.filter.as_ref());
        self.returning(&delete.returning, visible);
    }

    /// The relation that is written, with its alias if it needs one.
    fn goal(&mut self, sources: &[Source], before_alias: &str) {
        let Some(source) = sources.first() else { return };
        let SourceKind::Relation { key, name: bound, only, .. } = &source.kind else { return };
        let now = key.and_then(|k| self.names.relation(k)).unwrap_or_else(|| bound.clone());
        self.put(if *only { "ONLY " } else { "" });
        self.put(&now.to_string());
        let name = self.frame(0).and_then(|f| f.names.first().cloned()).unwrap_or_default();
        if super::query::needs_alias(source, &name, Some(&now.name)) {
            self.put(before_alias);
            self.identifier(&name);
        }
    }

    fn goal_columns(&mut self, sources: &[Source], places: &[usize]) {
        let Some(source) = sources.first() else { return };
        let of = super::Shown::of(source);
        for (at, place) in places.iter().enumerate() {
            self.put(if at > 0 { ", " } else { "" });
            let bound = source.columns.get(*place).map_or("", |c| c.name.as_str());
            let name = self.column_name(&of, *place, bound);
            self.identifier(&name);
        }
    }

    fn filter(&mut self, filter: Option<&Expr>) {
        if let Some(filter) = filter {
            self.line(" WHERE ", BACK, ON, 1);
            self.expr(filter, false);
        }
    }

    fn returning(&mut self, returning: &[Target], visible: bool) {
        if !returning.is_empty() {
            self.line(" RETURNING", BACK, ON, 1);
            self.targets(returning, visible);
        }
    }
}
