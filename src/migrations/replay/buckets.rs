//! Rows of `storage.buckets`: which buckets there are and which are public is a matter of access.

use super::catalog::ROOT;
use super::catalog::names::Space;
use super::catalog::object::Bucket;
use super::run::{Result, Run, gap, reject, state};
use crate::migrations::Name;
use crate::migrations::parse::Fragment;
use crate::migrations::parse::table::CreateTable;
use sqlparser::ast::{
    AssignmentTarget, BinaryOperator, Expr, FromTable, Insert, OnConflictAction, OnInsert, SetExpr, Statement, Value,
};
use sqlparser::dialect::PostgreSqlDialect;
use sqlparser::parser::Parser;

const NOT_FOLLOWED: &str = "which storage buckets this makes or changes is not followed";

impl Run {
    pub(super) fn write_buckets(&mut self, command: &str, text: Option<&Fragment>) -> Result {
        if command == "copy" {
            self.copied_columns = text.and_then(|t| copied_columns(&t.text));
            return match &self.copied_columns {
                Some(_) => Ok(()),
                None => gap(NOT_FOLLOWED, true),
            };
        }
        let parsed = text.and_then(|t| Parser::parse_sql(&PostgreSqlDialect {}, &t.text).ok());
        let done = match parsed.as_deref() {
            Some([Statement::Insert(insert)]) => self.insert_buckets(insert)?,
            Some([Statement::Update(update)]) => {
                let ids = self.wanted_buckets(update.selection.as_ref());
                ids.is_some_and(|ids| self.update_buckets(&ids, &update.assignments))
            }
            Some([Statement::Delete(_)]) if self.is_delete_guarded() => {
                return reject(state::INSUFFICIENT_PRIVILEGE, "direct deletion from storage tables is not allowed");
            }
            Some([Statement::Delete(delete)]) => {
                let simple = matches!(&delete.from, FromTable::WithFromKeyword(from) if from.len() == 1);
                let ids = self.wanted_buckets(delete.selection.as_ref()).filter(|_| simple);
                ids.is_some_and(|ids| {
                    ids.iter().for_each(|id| self.remove_bucket(id));
                    true
                })
            }
            _ => false,
        };
        if done { Ok(()) } else { gap(NOT_FOLLOWED, true) }
    }

    fn insert_buckets(&mut self, insert: &Insert) -> Result<bool> {
        let written: Vec<String> = insert.columns.iter().map(|c| folded(&c.to_string())).collect();
        let columns = if written.is_empty() { self.columns_of_buckets() } else { written };
        if columns.is_empty() {
            return Ok(false);
        }
        let Some(SetExpr::Values(values)) = insert.source.as_ref().map(|q| q.body.as_ref()) else { return Ok(false) };
        let mut rows = Vec::new();
        for row in &values.rows {
            let mut bucket = new_bucket();
            for (column, value) in columns.iter().zip(row.content.iter()) {
                if !set_field(&mut bucket, column, value) {
                    return Ok(false);
                }
            }
            rows.push(bucket);
        }
        for bucket in rows {
            let Some(old) = self.catalog.names.find(Space::Bucket, ROOT, &bucket.id) else {
                self.insert_bucket(bucket);
                continue;
            };
            match &insert.on {
                Some(OnInsert::OnConflict(conflict)) => {
                    if let OnConflictAction::DoUpdate(update) = &conflict.action {
                        let Some(mut row) = self.catalog.buckets.get(old).cloned() else { continue };
                        for assignment in &update.assignments {
                            let AssignmentTarget::ColumnName(name) = &assignment.target else { return Ok(false) };
                            let column = folded(&name.to_string());
                            let excluded = assignment.value.to_string().to_ascii_lowercase();
                            if excluded.strip_prefix("excluded.").is_some_and(|c| c == column) {
                                copy_field(&mut row, &bucket, &column);
                            } else if !set_field(&mut row, &column, &assignment.value) {
                                return Ok(false);
                            }
                        }
                        self.catalog.buckets.insert(old, row);
                        self.touch(old);
                    }
                }
                _ => return taken(&bucket),
            }
        }
        Ok(true)
    }

    /// The columns that a row without a list of them has: the table's own, unless the dump that holds it has others.
    fn columns_of_buckets(&self) -> Vec<String> {
        let found = self.find_relation(&bucket_table()).filter(|_| !self.file.has_other_buckets);
        let row = found.and_then(|id| self.catalog.relations.get(id)).filter(|row| !row.unknown);
        let columns = row.map_or(&[][..], |row| &row.columns);
        columns.iter().filter(|c| !c.dropped).map(|c| c.name.clone()).collect()
    }

    /// Notes whether a dump's own table of buckets, which is not made beside the platform's, has other columns than that.
    pub(super) fn note_bucket_columns(&mut self, create: &CreateTable) {
        if create.name == bucket_table() {
            let own: Vec<&String> = create.columns.iter().map(|c| &c.name).collect();
            self.file.has_other_buckets = self.columns_of_buckets().iter().collect::<Vec<_>>() != own;
        }
    }

    fn insert_bucket(&mut self, bucket: Bucket) {
        let id = self.catalog.fresh();
        self.catalog.names.add(Space::Bucket, ROOT, &bucket.id, id);
        self.catalog.buckets.insert(id, bucket);
        self.touch(id);
    }

    /// The rows behind a `COPY ... FROM stdin`, which is the statement before; those of other tables are not of interest.
    pub(super) fn copied_rows(&mut self) -> Result {
        let Some(columns) = self.copied_columns.take() else { return Ok(()) };
        let text = self.text_here();
        for line in text.lines().map(|line| line.trim_end_matches('\r')).filter(|line| !line.is_empty()) {
            if line == "\\." {
                break;
            }
            let mut bucket = new_bucket();
            for (column, field) in columns.iter().zip(line.split('\t')) {
                if !set_field(&mut bucket, column, &copied(field)) {
                    return gap(NOT_FOLLOWED, true);
                }
            }
            if self.catalog.names.find(Space::Bucket, ROOT, &bucket.id).is_some() {
                return taken(&bucket);
            }
            self.insert_bucket(bucket);
        }
        Ok(())
    }

    fn update_buckets(&mut self, ids: &[String], assignments: &[sqlparser::ast::Assignment]) -> bool {
        for id in ids {
            let Some(row_id) = self.catalog.names.find(Space::Bucket, ROOT, id) else { continue };
            let Some(mut row) = self.catalog.buckets.get(row_id).cloned() else { continue };
            for assignment in assignments {
                let AssignmentTarget::ColumnName(name) = &assignment.target else { return false };
                let column = folded(&name.to_string());
                if !set_field(&mut row, &column, &assignment.value) {
                    return false;
                }
            }
            self.touch(row_id);
            self.catalog.buckets.insert(row_id, row);
        }
        true
    }

    /// The platform's own trigger refuses to delete buckets, unless a setting says otherwise.
    fn is_delete_guarded(&self) -> bool {
        let guard = |id| self.catalog.names.find(Space::Trigger, id, "protect_buckets_delete").is_some();
        self.find_relation(&bucket_table()).is_some_and(guard)
            && self.session.now.settings.get("storage.allow_delete_query").is_none_or(|v| v != "true")
    }

    fn remove_bucket(&mut self, name: &str) {
        if let Some(id) = self.catalog.names.find(Space::Bucket, ROOT, name) {
            self.touch(id);
            self.catalog.buckets.remove(id);
            self.catalog.names.remove(Space::Bucket, ROOT, name, id);
        }
    }

    /// The ids that a WHERE picks: `id = '..'` or `id IN ('..', ...)`; all without one.
    fn wanted_buckets(&self, selection: Option<&Expr>) -> Option<Vec<String>> {
        let is_id = |e: &Expr| matches!(e.to_string().trim_matches('"'), "id" | "name" | "buckets.id");
        match selection {
            None => Some(self.catalog.buckets.iter().map(|(_, b)| b.id.clone()).collect()),
            Some(Expr::BinaryOp { left, op: BinaryOperator::Eq, right }) if is_id(left) => Some(vec![text(right)?]),
            Some(Expr::InList { expr, list, negated: false }) if is_id(expr) => list.iter().map(text).collect(),
            Some(_) => None,
        }
    }
}

fn bucket_table() -> Name {
    Name { schema: Some("storage".into()), name: "buckets".into() }
}

fn new_bucket() -> Bucket {
    Bucket { id: String::new(), public: false, file_size_limit: None, allowed_mime_types: Vec::new() }
}

fn taken<T>(bucket: &Bucket) -> Result<T> {
    reject(state::UNIQUE_VIOLATION, format!("bucket `{}` already exists", bucket.id))
}

/// The columns of `COPY table (columns) FROM stdin`, as pg_dump writes it: without them, or with options, rows may be
/// anything.
fn copied_columns(text: &str) -> Option<Vec<String>> {
    let (list, rest) = text.split_once('(')?.1.split_once(')')?;
    let is_plain = rest.trim().trim_end_matches(';').trim().eq_ignore_ascii_case("from stdin");
    is_plain.then(|| list.split(',').map(|column| folded(column.trim())).collect())
}

/// A field of a row of COPY's text format.
fn copied(field: &str) -> Expr {
    if field == "\\N" {
        return Expr::value(Value::Null);
    }
    let mut value = String::with_capacity(field.len());
    let mut chars = field.chars();
    while let Some(c) = chars.next() {
        value.push(match c {
            '\\' => match chars.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some(other) => other,
                None => c,
            },
            c => c,
        });
    }
    Expr::value(Value::SingleQuotedString(value))
}

/// A column's name as Postgres reads it.
fn folded(written: &str) -> String {
    match written.strip_prefix('"').and_then(|w| w.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => written.to_ascii_lowercase(),
    }
}

fn text(value: &Expr) -> Option<String> {
    match value {
        Expr::Value(v) => match &v.value {
            Value::SingleQuotedString(s) => Some(s.clone()),
            _ => None,
        },
        Expr::Cast { expr, .. } | Expr::Nested(expr) => text(expr),
        _ => None,
    }
}

/// Sets a field to a constant; false if it is none, true too for fields that do not matter.
fn set_field(bucket: &mut Bucket, column: &str, value: &Expr) -> bool {
    let constant = match value {
        Expr::Value(v) => Some(&v.value),
        _ => None,
    };
    match column {
        "id" => text(value).map(|id| bucket.id = id).is_some(),
        "public" => match constant {
            Some(Value::Boolean(on)) => {
                bucket.public = *on;
                true
            }
            Some(Value::Null) => {
                bucket.public = false;
                true
            }
            _ => match text(value).as_deref() {
                Some("true" | "t" | "on" | "1") => {
                    bucket.public = true;
                    true
                }
                Some("false" | "f" | "off" | "0") => {
                    bucket.public = false;
                    true
                }
                _ => false,
            },
        },
        "file_size_limit" => {
            bucket.file_size_limit = match value {
                Expr::Nested(inner) => product(inner),
                other => product(other),
            };
            bucket.file_size_limit.is_some() || matches!(constant, Some(Value::Null))
        }
        "allowed_mime_types" => match value {
            Expr::Array(array) => match array.elem.iter().map(text).collect::<Option<Vec<_>>>() {
                Some(types) => {
                    bucket.allowed_mime_types = types;
                    true
                }
                None => false,
            },
            Expr::Cast { expr, .. } => set_field(bucket, column, expr),
            _ if matches!(constant, Some(Value::Null)) => {
                bucket.allowed_mime_types.clear();
                true
            }
            _ => match text(value) {
                Some(list) => {
                    let inner = list.trim_start_matches('{').trim_end_matches('}');
                    let types = inner.split(',').map(|t| t.trim().trim_matches('"').to_owned());
                    bucket.allowed_mime_types = types.filter(|t| !t.is_empty()).collect();
                    true
                }
                None => false,
            },
        },
        _ => true,
    }
}

/// A number, or numbers with `*` between them.
fn product(value: &Expr) -> Option<i64> {
    match value {
        Expr::Value(v) => match &v.value {
            Value::Number(number, _) => number.parse().ok(),
            Value::SingleQuotedString(number) => number.parse().ok(),
            _ => None,
        },
        Expr::BinaryOp { left, op: BinaryOperator::Multiply, right } => product(left)?.checked_mul(product(right)?),
        Expr::Nested(inner) | Expr::Cast { expr: inner, .. } => product(inner),
        _ => None,
    }
}

fn copy_field(to: &mut Bucket, from: &Bucket, column: &str) {
    match column {
        "public" => to.public = from.public,
        "file_size_limit" => to.file_size_limit = from.file_size_limit,
        "allowed_mime_types" => to.allowed_mime_types.clone_from(&from.allowed_mime_types),
        _ => (),
    }
}
