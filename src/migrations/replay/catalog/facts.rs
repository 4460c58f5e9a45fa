//! The catalog as the binder of expressions and queries asks it.

use super::names::Space;
use super::object::{Function, TypeKind};
use super::{Catalog, Id};
use crate::model::{ArgumentMode, QualifiedName};
use crate::sql::print::Names;
use crate::sql::{self, Key, Routine, RoutineParameter, Table, TableColumn, Type, UserType};

impl Catalog {
    /// A relation with the columns that are there now.
    pub(crate) fn table(&self, id: Id) -> Option<Table> {
        let row = self.relations.get(id)?;
        let columns = row.columns.iter().zip(0..).filter(|(c, _)| !c.dropped).map(|(column, place)| TableColumn {
            key: Key(place),
            name: column.name.clone(),
            data_type: Type::parse(&self.type_name(&column.data_type)),
        });
        Some(Table { key: Some(Key(id.0.into())), name: self.qualified(id), columns: columns.collect() })
    }

    fn routine(&self, id: Id, row: &Function) -> Routine {
        let outputs = |m: ArgumentMode| matches!(m, ArgumentMode::Out | ArgumentMode::InOut | ArgumentMode::Table);
        let data_type = |t| Type::parse(&self.type_name(t));
        let columns = row.parameters.iter().filter(|p| outputs(p.mode)).enumerate().map(|(at, p)| {
            let name = p.name.clone().unwrap_or_else(|| format!("column{}", at + 1));
            (name, data_type(&p.data_type))
        });
        Routine {
            key: Some(Key(id.0.into())),
            name: self.function_id(id).qualified(),
            parameters: row
                .parameters
                .iter()
                .filter(|p| p.is_input())
                .map(|p| RoutineParameter {
                    name: p.name.clone(),
                    data_type: data_type(&p.data_type),
                    has_default: p.default.is_some(),
                })
                .collect(),
            variadic: row.parameters.iter().any(|p| p.mode == ArgumentMode::Variadic),
            result: row.returns.as_ref().map_or_else(|| Type::named("void"), data_type),
            returns_set: row.returns_set,
            columns: columns.collect(),
            kind: row.kind,
            volatility: row.volatility,
            strict: row.strict,
        }
    }
}

impl sql::Catalog for Catalog {
    fn relation(&self, schema: &str, name: &str) -> Option<Table> {
        self.table(self.names.find(Space::Relation, self.namespace(schema)?, name)?)
    }

    fn functions(&self, schema: &str, name: &str) -> Vec<Routine> {
        let Some(schema) = self.namespace(schema) else { return Vec::new() };
        let ids = self.names.all(Space::Function, schema, name);
        ids.iter().filter_map(|id| self.functions.get(*id).map(|row| self.routine(*id, row))).collect()
    }

    fn data_type(&self, schema: &str, name: &str) -> Option<UserType> {
        let id = self.names.find(Space::Type, self.namespace(schema)?, name)?;
        let data_type = |t| Type::parse(&self.type_name(t));
        Some(match &self.types.get(id)?.kind {
            TypeKind::Enum(labels) => UserType::Enum(labels.clone()),
            TypeKind::Domain { base, .. } => UserType::Domain(data_type(base)),
            TypeKind::Composite(fields) => {
                UserType::Composite(Some(fields.iter().map(|(name, t)| (name.clone(), data_type(t))).collect()))
            }
            TypeKind::Range(base) => UserType::Range(base.as_ref().map(data_type)),
            TypeKind::Multirange(_) | TypeKind::Base => UserType::Base,
        })
    }

    fn major(&self) -> u32 {
        self.major
    }
}

/// The names that hold now.
impl Names for Catalog {
    fn relation(&self, key: Key) -> Option<QualifiedName> {
        let id = Id(u32::try_from(key.0).ok()?);
        self.relations.has(id).then(|| self.qualified(id))
    }

    fn column(&self, relation: Key, column: Key) -> Option<String> {
        let row = self.relations.get(Id(u32::try_from(relation.0).ok()?))?;
        row.columns.get(usize::try_from(column.0).ok()?).map(|c| c.name.clone())
    }

    fn function(&self, key: Key) -> Option<QualifiedName> {
        let id = Id(u32::try_from(key.0).ok()?);
        self.functions.has(id).then(|| self.function_id(id).qualified())
    }

    fn data_type(&self, name: &QualifiedName) -> Option<QualifiedName> {
        self.type_or_row(name).map(|id| self.qualified(id))
    }
}
