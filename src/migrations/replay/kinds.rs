//! Which kinds of relations and columns a statement may be about.

use super::catalog::Id;
use super::catalog::object::{ConstraintKind, TypeKind};
use super::catalog::types::{Base, TypeRef};
use super::run::{Result, Run, reject, state};
use crate::migrations::parse::alter::{ColumnAction, RelationAction};
use crate::model::RelationKind;
use RelationKind::{ForeignTable, MaterializedView, PartitionedTable, Table, View};

impl Run {
    /// The kind of a relation that some statement made.
    fn known_kind(&self, id: Id) -> Option<RelationKind> {
        self.catalog.relations.get(id).filter(|r| !r.unknown).map(|r| r.kind)
    }

    /// Refuses a relation that is of none of these kinds.
    pub(super) fn only_kinds(&self, id: Id, kinds: &[RelationKind]) -> Result {
        match self.known_kind(id) {
            Some(kind) if !kinds.contains(&kind) => {
                let name = self.catalog.qualified(id);
                reject(state::WRONG_OBJECT_TYPE, format!("`{name}` is not of a kind that this may be done to"))
            }
            _ => Ok(()),
        }
    }

    /// Refuses an action on a relation of a kind that does not have what it is about.
    pub(super) fn may_be_altered(&self, id: Id, action: &RelationAction) -> Result {
        use RelationAction as A;
        let kinds: &[RelationKind] = match action {
            A::AlterColumn(_, ColumnAction::Default(_)) => &[Table, PartitionedTable, ForeignTable, View],
            A::AddColumn(..)
            | A::DropColumn { .. }
            | A::AddConstraint(_)
            | A::DropConstraint { .. }
            | A::ValidateConstraint(_)
            | A::Trigger(..)
            | A::Inherit(..)
            | A::AlterColumn(
                _,
                ColumnAction::Type(..)
                | ColumnAction::Nullable(_)
                | ColumnAction::SetExpression(_)
                | ColumnAction::DropExpression(_),
            ) => &[Table, PartitionedTable, ForeignTable],
            A::AttachPartition(..) | A::DetachPartition(_) => &[PartitionedTable],
            A::RowSecurity(_) | A::ForceRowSecurity(_) | A::Rule(..) => &[Table, PartitionedTable],
            A::RenameColumn(..) => &[Table, PartitionedTable, ForeignTable, View, MaterializedView],
            A::ReplicaIdentity(_) => &[Table, PartitionedTable, MaterializedView],
            _ => return Ok(()),
        };
        self.only_kinds(id, kinds)
    }

    /// A parent is a table, a partitioned one of partitions alone, and no partition of another.
    pub(super) fn may_be_parent(&self, parent: Id, of_partition: bool) -> Result {
        if of_partition {
            return self.only_kinds(parent, &[PartitionedTable]);
        }
        self.only_kinds(parent, &[Table, ForeignTable])?;
        match self.catalog.relations.get(parent).is_some_and(|r| r.is_partition) {
            true => reject(state::WRONG_OBJECT_TYPE, "a partition has no children by inheritance"),
            false => Ok(()),
        }
    }

    /// What says which partition a row belongs to stays as it is.
    pub(super) fn not_in_partition_key(&self, id: Id, place: usize) -> Result {
        match self.catalog.relations.get(id).is_some_and(|r| r.partition_key.contains(&place)) {
            true => reject(state::INVALID_DEFINITION, "the column is part of the partition key"),
            false => Ok(()),
        }
    }

    /// A key of a partitioned table tells its partitions apart.
    pub(super) fn holds_partition_key(&self, id: Id, columns: &[usize]) -> Result {
        let key = self.catalog.relations.get(id).map(|r| r.partition_key.as_slice()).unwrap_or_default();
        match key.iter().all(|place| columns.contains(place)) {
            true => Ok(()),
            false => reject(
                state::NOT_SUPPORTED,
                "unique constraint on partitioned table must include all partitioning columns",
            ),
        }
    }

    /// The values of an identity column and of a generated one have no default to change.
    pub(super) fn may_have_default(&self, id: Id, place: usize) -> Result {
        let column = self.catalog.relations.get(id).and_then(|r| r.columns.get(place));
        match column.is_some_and(|c| c.identity.is_some() || c.generated.is_some()) {
            true => reject(state::SYNTAX, "the column is an identity or a generated column"),
            false => Ok(()),
        }
    }

    /// A partition has the columns of its parent alone, and an identity is not handed down to children.
    pub(super) fn may_add_column(&self, id: Id, identity: bool) -> Result {
        let Some(row) = self.catalog.relations.get(id) else { return Ok(()) };
        if row.is_partition {
            return reject(state::WRONG_OBJECT_TYPE, "cannot add column to a partition");
        }
        let handed_down = row.kind == PartitionedTable && self.catalog.major >= 17;
        if identity && !handed_down && !self.children(id).is_empty() {
            return reject(state::INVALID_DEFINITION, "cannot add an identity column to a table that has child tables");
        }
        Ok(())
    }

    /// Only whole numbers are counted.
    pub(super) fn may_be_identity(&self, data_type: &TypeRef) -> Result {
        let whole = ["smallint", "integer", "bigint"].into_iter().any(|name| data_type.is(name));
        if whole || data_type.is("unknown") || matches!(data_type.base, Base::Unknown(_)) {
            return Ok(());
        }
        reject(state::INVALID_PARAMETER, "identity column type must be smallint, integer, or bigint")
    }

    /// Refuses a foreign key whose columns cannot be compared with those that they refer to.
    pub(super) fn may_refer(&self, from: &TypeRef, to: &TypeRef) -> Result {
        let (from, to) = (self.without_domain(from), self.without_domain(to));
        if from.bare() == to.bare() {
            return Ok(());
        }
        let fits = match (self.comparison(&from), self.comparison(&to)) {
            (Some(from), Some(to)) => from == to || (from < to && to <= Comparison::Float),
            _ => true,
        };
        match fits {
            true => Ok(()),
            false => reject(state::DATATYPE_MISMATCH, "a foreign key's columns are of incompatible types"),
        }
    }

    fn without_domain(&self, data_type: &TypeRef) -> TypeRef {
        let base = data_type.id().filter(|_| !data_type.array).and_then(|id| self.catalog.types.get(id));
        match base.map(|t| &t.kind) {
            Some(TypeKind::Domain { base, .. }) => self.without_domain(base),
            _ => data_type.clone(),
        }
    }

    fn comparison(&self, data_type: &TypeRef) -> Option<Comparison> {
        if data_type.array {
            return Some(Comparison::Other(data_type.bare()));
        }
        let Base::BuiltIn(name) = &data_type.base else {
            let id = data_type.id()?;
            return self.catalog.types.has(id).then(|| Comparison::Other(data_type.bare()));
        };
        match name.as_str() {
            "smallint" | "integer" | "bigint" => Some(Comparison::Whole),
            "numeric" => Some(Comparison::Numeric),
            "real" | "double precision" => Some(Comparison::Float),
            "text" | "character varying" | "character" | "name" => Some(Comparison::Text),
            "boolean" | "uuid" | "jsonb" | "bytea" | "interval" => Some(Comparison::Other(data_type.bare())),
            _ => None,
        }
    }

    /// Whether the foreign keys of a column and to it still compare what can be compared when it has another type.
    pub(super) fn keys_allow_type(&self, id: Id, place: usize, data_type: &TypeRef) -> Result {
        let of = |relation: Id, column: usize| {
            if (relation, column) == (id, place) {
                return Some(data_type.clone());
            }
            self.catalog.relations.get(relation)?.columns.get(column).map(|c| c.data_type.clone())
        };
        for (_, row) in self.catalog.constraints.parts(id).chain(self.catalog.constraints.users(id)) {
            let ConstraintKind::ForeignKey(foreign) = &row.kind else { continue };
            for (from, to) in row.columns.iter().zip(&foreign.columns) {
                if let (Some(from), Some(to)) = (of(row.on, *from), of(foreign.relation, *to)) {
                    self.may_refer(&from, &to)?;
                }
            }
        }
        for (_, index) in self.catalog.indexes.parts(id) {
            if index.keys.iter().any(|key| Self::key_place(key) == Some(place)) {
                self.must_compare(data_type, &index.method)?;
            }
        }
        Ok(())
    }
}

impl Run {
    /// Refuses a type whose values an index of that kind has no way to compare.
    pub(super) fn must_compare(&self, data_type: &TypeRef, method: &str) -> Result {
        if data_type.array {
            return Ok(());
        }
        let name = match &data_type.base {
            Base::BuiltIn(name) => name.as_str(),
            Base::Made(id) => match self.catalog.types.get(*id).map(|t| &t.kind) {
                Some(TypeKind::Domain { base, .. }) => return self.must_compare(base, method),
                _ => return Ok(()),
            },
            Base::Row(_) | Base::Unknown(_) => return Ok(()),
        };
        let none = match method {
            "btree" => NEVER_COMPARED.contains(&name) || NEVER_ORDERED.contains(&name),
            "hash" => NEVER_COMPARED.contains(&name) || NEVER_HASHED.contains(&name),
            _ => false,
        };
        match none {
            true => {
                let what = format!("type `{name}` has no default operator class for access method `{method}`");
                reject(state::UNDEFINED_OBJECT, what)
            }
            false => Ok(()),
        }
    }

    /// The same of columns of a relation.
    pub(super) fn must_compare_columns(&self, relation: Id, places: &[usize], method: &str) -> Result {
        let columns = self.catalog.relations.get(relation).map(|r| r.columns.as_slice()).unwrap_or_default();
        places.iter().filter_map(|p| columns.get(*p)).try_for_each(|c| self.must_compare(&c.data_type, method))
    }
}

/// Types without a default operator class of either kind.
const NEVER_COMPARED: [&str; 11] =
    ["json", "xml", "jsonpath", "point", "line", "lseg", "box", "path", "polygon", "circle", "txid_snapshot"];
const NEVER_ORDERED: [&str; 3] = ["xid", "cid", "aclitem"];
const NEVER_HASHED: [&str; 5] = ["money", "bit", "bit varying", "tsvector", "tsquery"];

/// Types with operators between them; numbers go to the next kinds of numbers of their own accord.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Comparison {
    Whole,
    Numeric,
    Float,
    Text,
    Other(TypeRef),
}
