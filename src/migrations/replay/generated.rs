//! Generated columns: what their expressions may be, and how those change.

use super::catalog::Id;
use super::catalog::code::Code;
use super::run::{Result, Run, reject, state};
use crate::migrations::parse::Fragment;
use crate::model::Generated;

impl Run {
    /// The expression of a generated column, which must stay what it is and may read no other such column.
    pub(super) fn generation(&mut self, relation: Id, place: usize, text: &str) -> Result<Code> {
        let code = self.code_of_default(relation, place, text)?;
        let row = self.catalog.relations.get(relation);
        let reads = |other: usize| code.uses.iter().any(|a| a.id == relation && a.column == other + 1);
        let columns = row.map(|r| r.columns.as_slice()).unwrap_or_default();
        if let Some((_, column)) = columns.iter().enumerate().find(|(at, c)| c.generated.is_some() && reads(*at)) {
            let message = format!("cannot use the generated column `{}` in a generation expression", column.name);
            return reject(state::INVALID_OBJECT_DEFINITION, message);
        }
        self.must_be_immutable(&code, "the expression of a generated column")?;
        let is_virtual = columns.get(place).is_some_and(|c| c.generated == Some(Generated::Virtual));
        let made = |id: Id| self.catalog.functions.has(id) || self.catalog.types.has(id);
        match is_virtual && code.uses.iter().any(|a| made(a.id)) {
            true => reject(state::NOT_SUPPORTED, "a virtual generated column uses what is not built in"),
            false => Ok(code),
        }
    }

    pub(super) fn set_expression(&mut self, id: Id, name: &str, text: &Fragment, only: bool) -> Result {
        if self.catalog.major < 17 {
            return reject(state::SYNTAX, "SET EXPRESSION came with Postgres 17");
        }
        let place = self.place(id, name)?;
        let row = self.catalog.relations.get(id);
        let Some(kind) = row.and_then(|r| r.columns.get(place)?.generated) else {
            return reject(state::WRONG_STATE, format!("column `{name}` is not a generated column"));
        };
        if kind == Generated::Virtual {
            self.may_change_virtual(id)?;
        }
        let code = self.generation(id, place, &text.text)?;
        self.set_default(id, place, Some(code));
        self.said_of_column(id, place);
        for child in self.children(id).into_iter().filter(|_| !only) {
            self.set_expression(child, name, text, false)?;
        }
        Ok(())
    }

    /// What is computed when it is read is not checked again.
    fn may_change_virtual(&self, id: Id) -> Result {
        let c = &self.catalog;
        let checked = self.constraints_of(id).into_iter().any(|constraint| {
            let row = c.constraints.get(constraint);
            row.is_some_and(|row| matches!(row.kind, super::catalog::object::ConstraintKind::Check(_)))
        });
        let published = c.publications.iter().any(|(_, p)| {
            let here = c.relations.get(id).is_some_and(|r| p.schemas.contains(&r.schema));
            p.all_tables || here || p.relations.iter().any(|r| r.relation == id)
        });
        match checked || published {
            true => reject(state::NOT_SUPPORTED, "the table has CHECKs or is published"),
            false => Ok(()),
        }
    }

    pub(super) fn drop_expression(&mut self, id: Id, name: &str, if_exists: bool, only: bool) -> Result {
        let place = self.place(id, name)?;
        let children = self.children(id);
        if only && !children.is_empty() {
            return reject(state::NOT_SUPPORTED, "DROP EXPRESSION must be applied to child tables too");
        }
        let column = self.catalog.relations.get(id).and_then(|r| r.columns.get(place)).cloned();
        let Some(column) = column else { return Ok(()) };
        if column.inherited {
            return reject(state::INVALID_DEFINITION, "cannot drop the expression of an inherited column");
        }
        self.drop_expression_here(id, place, if_exists)?;
        for child in children {
            if let Some(place) = self.find_place(child, name) {
                self.drop_expression_here(child, place, true)?;
            }
        }
        Ok(())
    }

    fn drop_expression_here(&mut self, id: Id, place: usize, if_exists: bool) -> Result {
        let Some(column) = self.catalog.relations.edit(id).and_then(|r| r.columns.get_mut(place)) else {
            return Ok(());
        };
        match column.generated {
            Some(Generated::Virtual) => {
                return reject(state::NOT_SUPPORTED, "the expression of a virtual column cannot be dropped");
            }
            None if !if_exists => {
                let message = format!("column `{}` is not a generated column", column.name);
                return reject(state::WRONG_STATE, message);
            }
            None => return Ok(()),
            Some(Generated::Stored) => (),
        }
        column.generated = None;
        column.default = None;
        self.said_of_column(id, place);
        Ok(())
    }
}
