//! Other doors to the same rows: what a view or materialized view reads, and as whom.
//!
//! A view reads as its owner; one with `security_invoker` reads as the role that runs the query, even when it is
//! used inside a view that does not (PostgreSQL manual, sql-createview).

use std::collections::BTreeSet;

use super::{Effective, Extent, RowSecurity};
use crate::model::{Command, QualifiedName, Relation, RelationKind};

/// A read of a base relation that a query on a view leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read<'a> {
    /// The base relation: a table, partitioned table or foreign table.
    pub relation: &'a Relation,
    /// The role whose privileges and row security count.
    pub reader: &'a str,
    /// The views on the way, from the one that was queried to the one that names the relation.
    pub path: Vec<&'a QualifiedName>,
    /// Whether row security filters what the reader sees.
    pub row_security: RowSecurity,
}

impl<'a> Effective<'a> {
    /// What a SELECT by `role` on the view `view` reads, through views over views.
    ///
    /// Hops that the reader has no privilege for are left out: the query fails there.
    #[must_use]
    pub fn reads_through(&self, role: &'a str, view: &'a Relation) -> Vec<Read<'a>> {
        let mut reads = Vec::new();
        self.follow(role, view, &mut Vec::new(), &mut BTreeSet::new(), &mut reads);
        reads
    }

    fn follow(
        &self,
        role: &'a str,
        at: &'a Relation,
        path: &mut Vec<&'a QualifiedName>,
        seen: &mut BTreeSet<(&'a str, &'a QualifiedName)>,
        reads: &mut Vec<Read<'a>>,
    ) {
        let Some(view) = &at.view else { return };
        // What a materialized view holds was read by its owner, who runs every REFRESH: also what is below it.
        let role: &'a str = if at.kind == RelationKind::MaterializedView { &at.owner } else { role };
        if !seen.insert((role, &at.name)) {
            return;
        }
        path.push(&at.name);
        let invoker = view.security_invoker && at.kind == RelationKind::View;
        let reader: &'a str = if invoker { role } else { &at.owner };
        for relation in view.reads.iter().filter_map(|name| self.schema.relation(name)) {
            if self.access_privilege_only(reader, relation) {
                if relation.view.is_some() {
                    self.follow(role, relation, path, seen, reads);
                } else if relation.kind.holds_rows() {
                    let row_security = self.row_security(reader, relation);
                    reads.push(Read { relation, reader, path: path.clone(), row_security });
                }
            }
        }
        path.pop();
    }

    /// The parents of a relation and theirs: statements that name one reach the relation's rows too.
    #[must_use]
    pub fn parents(&self, relation: &Relation) -> Vec<&'a Relation> {
        let mut found: Vec<&'a Relation> = Vec::new();
        let mut rest: Vec<_> = relation.parents.iter().collect();
        while let Some(name) = rest.pop() {
            let parent = self.schema.relation(name).filter(|p| !found.iter().any(|f| f.name == p.name));
            rest.extend(parent.iter().flat_map(|p| &p.parents));
            found.extend(parent);
        }
        found
    }

    /// The partitions and children by INHERITS of a relation and theirs: what they hold are its rows too.
    pub fn children<'s>(&'s self, relation: &'s Relation) -> impl Iterator<Item = &'a Relation> + 's {
        let is_child = |r: &&Relation| !r.parents.is_empty() && self.parents(r).iter().any(|p| p.name == relation.name);
        self.schema.relations.iter().filter(is_child)
    }

    /// Whether the reader may select from the relation; a view's query needs no USAGE on its schema.
    fn access_privilege_only(&self, reader: &str, relation: &Relation) -> bool {
        let access = self.access(reader, relation, Command::Select);
        access.columns != super::Columns::None
    }

    /// Whether `role` can already read every row of `relation` directly, so that no door to it leaks anything.
    #[must_use]
    pub fn reads_everything(&self, role: &str, relation: &'a Relation) -> bool {
        let access = self.access(role, relation, Command::Select);
        access.extent == Extent::All && access.columns == super::Columns::All
    }
}
