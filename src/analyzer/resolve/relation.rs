//! What a sub-select sees of a relation: columns, row security, and views as their queries.

use super::query::Branch;
use super::{Outcome, Resolver, Rights, obstacle};
use crate::analyzer::term::{Id, Row, Type};
use crate::model::{Command, Policy, Relation, View};
use crate::sql::bind::{Binder, Scope};

impl Resolver<'_> {
    /// A column of a row by its place.
    pub(super) fn column_of(&mut self, row: Row, place: usize, at: usize) -> Outcome<Id> {
        let column = self.relation_at(place).and_then(|r| r.columns.get(at));
        let Some(column) = column else { return obstacle("a system column") };
        let data_type = match Type::named(&column.data_type, self.schema) {
            // Of a nondeterministic collation nothing is known of `=`.
            t if !column.deterministic => Type::Other(format!("{t} collate").into()),
            t => t,
        };
        Ok(self.terms.column(row, &column.name, data_type, column.nullable))
    }

    /// Whether a row of `relation` is seen by whoever evaluates.
    pub(super) fn row_security(&mut self, relation: &Relation, row: Row) -> Outcome<Id> {
        if !relation.row_security || self.rights == Rights::Everything {
            return Ok(self.terms.boolean(true));
        }
        match (self.rights.clone(), self.effective) {
            (Rights::Role(role), Some(effective)) => {
                if !effective.row_security(&role, relation).applies() {
                    return Ok(self.terms.boolean(true));
                }
                let policies: Vec<&Policy> = self
                    .schema
                    .relation(&relation.name)
                    .map(|r| effective.policies(&role, r, Command::Select).collect())
                    .unwrap_or_default();
                let name = format!("the policies of {}", relation.name);
                self.within(name, |this| Ok(this.combine(&policies, relation, row, |p| p.using.as_deref())))
            }
            _ => Ok(self.terms.opaque(&format!("the row security of {}", relation.name), Type::Bool, &[row])),
        }
    }

    /// Permissive policies OR-ed, restrictive ones AND-ed on top. A permissive policy without an expression lets
    /// nothing through, a restrictive one narrows nothing.
    pub(crate) fn combine(
        &mut self,
        policies: &[&Policy],
        relation: &Relation,
        row: Row,
        pick: fn(&Policy) -> Option<&str>,
    ) -> Id {
        let (mut any, mut all) = (Vec::new(), Vec::new());
        for policy in policies {
            let condition = pick(policy).map(|text| self.condition(text, relation, row));
            if policy.permissive { any.extend(condition) } else { all.extend(condition) }
        }
        all.push(self.terms.or(&any));
        self.terms.and(&all)
    }

    /// The rows of a view: of its query, as its owner or as the caller.
    pub(super) fn view_rows(&mut self, relation: &Relation, view: &View) -> Outcome<Vec<Branch>> {
        let rights = if view.security_invoker { self.rights.clone() } else { Rights::Role(relation.owner.clone()) };
        let path: [String; 0] = [];
        let binder = Binder::new(&self.catalog, &path);
        let text = view.definition.trim().trim_end_matches(';');
        let bound = binder.query(text, &Scope::default());
        let Ok(bound) = bound else { return obstacle(format!("view {}", relation.name)) };
        self.within(format!("view {}", relation.name), |this| {
            this.as_rights(rights, |this| this.apart(Vec::new(), |this| this.all_rows(&bound.tree)))
        })
    }

    /// Does something in a text of its own: no row or WITH query from outside is seen in it.
    pub(super) fn apart<T>(&mut self, parameters: Vec<Id>, what: impl FnOnce(&mut Self) -> T) -> T {
        let levels = std::mem::replace(&mut self.levels, vec![Vec::new()]);
        let ctes = std::mem::replace(&mut self.ctes, vec![Vec::new()]);
        let outer = std::mem::replace(&mut self.parameters, parameters);
        let operands = std::mem::take(&mut self.case_operands);
        let result = what(self);
        (self.levels, self.ctes, self.parameters, self.case_operands) = (levels, ctes, outer, operands);
        result
    }
}
