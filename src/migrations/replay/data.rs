//! Statements on rows, of which few matter: `set_config`, tables made of queries, and what [`super::buckets`] reads.

use super::run::{Result, Run};
use crate::migrations::Name;
use crate::migrations::parse::data::Data;
use crate::model::Privilege;

impl Run {
    pub(super) fn data(&mut self, data: &Data) -> Result {
        for call in &data.calls {
            if call.name.name == "set_config" && call.name.schema.as_deref().is_none_or(|s| s == "pg_catalog") {
                self.set_config(call)?;
            }
        }
        self.large_object_calls(data)?;
        if self.is_bound() {
            self.may_write(data)?;
            self.may_query(data)?;
        }
        if let (Some(name), Some(text)) = (&data.creates, &data.text) {
            return self.select_into(name, text);
        }
        let buckets = |name: &Name| name.name == "buckets" && name.schema.as_deref().is_none_or(|s| s == "storage");
        if data.writes.iter().any(|(_, name)| buckets(name)) && self.catalog.namespace("storage").is_some() {
            return self.write_buckets(&data.command, data.text.as_ref());
        }
        if matches!(data.command.as_str(), "select" | "call" | "perform" | "with") {
            self.called(data)?;
        }
        self.fired(data)
    }

    /// The privileges for what a statement writes; what it reads is bound to nothing here.
    fn may_write(&mut self, data: &Data) -> Result {
        for (word, name) in &data.writes {
            self.may_look_into(name)?;
            let Some(relation) = self.find_relation(name) else { continue };
            match *word {
                "insert" | "copy" => self.may_do_to_any_column(relation, Privilege::Insert)?,
                "update" => self.may_do_to_any_column(relation, Privilege::Update)?,
                "delete" => self.may_do_to(relation, Privilege::Delete)?,
                "truncate" => self.may_do_to(relation, Privilege::Truncate)?,
                _ => (),
            }
        }
        Ok(())
    }

    /// The privileges for what a query reads and calls, if it can be bound.
    fn may_query(&mut self, data: &Data) -> Result {
        match data.command.as_str() {
            "select" | "table" | "with" | "values" if data.creates.is_none() => self.may_run_query(&self.text_here()),
            _ => Ok(()),
        }
    }
}
