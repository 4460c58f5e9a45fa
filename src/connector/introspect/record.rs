//! A row of an answer, read column by column into the model's own types.

use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::context::Context;
use super::text::Text;
use crate::connector::ConnectError;
use crate::model::{Acl, FiresWhen, FunctionId, QualifiedName, printable};

/// How the gap ends that an object leaves when it is dropped under our eyes.
pub(super) const VANISHED: &str = "was dropped or changed while it was read; run again";

/// A row, with what it is a row of.
pub(super) struct Record<'a> {
    row: &'a Row,
    what: &'static str,
    context: &'a Context,
}

impl<'a> Record<'a> {
    pub(super) fn new(row: &'a Row, what: &'static str, context: &'a Context) -> Self {
        Self { row, what, context }
    }

    /// Where names are looked up and gaps noted.
    pub(super) fn context(&self) -> &'a Context {
        self.context
    }

    /// A value of a type that cannot be malformed.
    pub(super) fn get<T: FromSql<'a>>(&self, column: &str) -> Result<T, ConnectError> {
        self.row.try_get(column).map_err(|e| ConnectError::query(format!("reading the {}", self.what), e))
    }

    pub(super) fn flag(&self, column: &str) -> Result<bool, ConnectError> {
        self.get(column)
    }

    pub(super) fn oid(&self, column: &str) -> Result<u32, ConnectError> {
        self.get(column)
    }

    pub(super) fn text(&self, column: &str) -> Result<String, ConnectError> {
        self.get(column).map(|text| self.sound(text))
    }

    pub(super) fn maybe_text(&self, column: &str) -> Result<Option<String>, ConnectError> {
        let text: Option<Text> = self.get(column)?;
        Ok(text.map(|t| self.sound(t)))
    }

    /// The elements of an array, none for NULL.
    pub(super) fn maybe_texts(&self, column: &str) -> Result<Vec<Option<String>>, ConnectError> {
        let texts: Option<Vec<Option<Text>>> = self.get(column)?;
        Ok(texts.unwrap_or_default().into_iter().map(|t| t.map(|t| self.sound(t))).collect())
    }

    /// Likewise, without elements that are NULL.
    pub(super) fn texts(&self, column: &str) -> Result<Vec<String>, ConnectError> {
        Ok(self.maybe_texts(column)?.into_iter().flatten().collect())
    }

    /// The one letter of a `"char"` column; a space for its empty value.
    pub(super) fn letter(&self, column: &str) -> Result<char, ConnectError> {
        Ok(self.text(column)?.chars().next().unwrap_or(' '))
    }

    /// The role whose oid `column` holds.
    pub(super) fn role(&self, column: &str) -> Result<String, ConnectError> {
        Ok(self.context.role(self.oid(column)?))
    }

    /// The columns of `relation` whose numbers `column` holds.
    pub(super) fn columns(&self, relation: u32, column: &str) -> Result<Vec<String>, ConnectError> {
        let numbers: Option<Vec<i16>> = self.get(column)?;
        Ok(self.context.columns(relation, &numbers.unwrap_or_default()))
    }

    /// The columns `schema` and `name`.
    pub(super) fn name(&self) -> Result<QualifiedName, ConnectError> {
        Ok(QualifiedName::new(self.text("schema")?, self.text("name")?))
    }

    /// The columns `function_schema` and `function_name` of a trigger function, which takes no arguments.
    pub(super) fn trigger_function(&self) -> Result<FunctionId, ConnectError> {
        let (schema, name) = (self.text("function_schema")?, self.text("function_name")?);
        Ok(FunctionId { schema, name, arguments: String::new() })
    }

    /// The column `fires`.
    pub(super) fn fires(&self) -> Result<FiresWhen, ConnectError> {
        Ok(match self.letter("fires")? {
            'R' => FiresWhen::Replica,
            'A' => FiresWhen::Always,
            'D' => FiresWhen::Disabled,
            _ => FiresWhen::Origin,
        })
    }

    /// The column `acl`. An item that we cannot read is a gap, and the others still count.
    pub(super) fn acl(&self) -> Result<Acl, ConnectError> {
        let mut acl = Acl::default();
        for item in self.texts("acl")? {
            match Acl::parse(&[&item]) {
                Ok(grants) => acl.0.extend(grants.0),
                Err(e) => self.context.gap(
                    format!(
                        "a grant on one of the {} was not understood: {e}; a newer pgwitness may know it",
                        self.what
                    ),
                    true,
                ),
            }
        }
        acl.0.sort();
        Ok(acl)
    }

    /// What the server printed of a part of `owner` that exists. The snapshot holds still, but the server prints from
    /// the catalogs of now: an object dropped since then prints as NULL, which must not read as "there is none".
    pub(super) fn printed(&self, column: &str, owner: &str) -> Result<String, ConnectError> {
        Ok(self.maybe_text(column)?.unwrap_or_else(|| {
            self.vanished(owner);
            String::new()
        }))
    }

    /// Likewise, for a part that exists if `exists` is true.
    pub(super) fn printed_if(&self, exists: &str, column: &str, owner: &str) -> Result<Option<String>, ConnectError> {
        if self.flag(exists)? { self.printed(column, owner).map(Some) } else { Ok(None) }
    }

    /// Notes that an object was dropped under our eyes.
    pub(super) fn vanished(&self, owner: &str) {
        let what = format!("`{}` ({}) {VANISHED}", printable(owner), self.what);
        self.context.gap(what, true);
    }

    fn sound(&self, text: Text) -> String {
        if text.rewritten {
            let start: String = text.text.chars().take(80).collect();
            let what = format!(
                "text among the {} is not valid UTF-8; its bytes are shown as \\xNN, and statements or comparisons that \
                 use it may be wrong: `{}`",
                self.what,
                printable(&start)
            );
            self.context.gap(what, true);
        }
        text.text
    }
}
