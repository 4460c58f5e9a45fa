//! The catalog as the binder of expressions and queries asks it.

use super::names::Space;
use super::object::{Function, TypeKind};
use super::shape::Made;
use super::types::{Base, TypeRef};
use super::{Catalog, Id};
use crate::model::{ArgumentMode, QualifiedName};
use crate::sql::bind::Scope;
use crate::sql::print::Names;
use crate::sql::tree::{CastMethod, Operator};
use crate::sql::{self, Key, Routine, RoutineParameter, Table, TableColumn, Type, UserType};

impl Catalog {
    /// A relation with the columns that are there now.
    pub(crate) fn table(&self, id: Id) -> Option<Table> {
        self.shape(id, |made| made.table.clone())
    }

    /// The row of a relation, as texts about it see it.
    pub(crate) fn row_of(&self, id: Id) -> Option<Scope> {
        self.shape(id, |made| made.row.clone())
    }

    fn shape<T>(&self, id: Id, take: impl FnOnce(&Made) -> T) -> Option<T> {
        let row = self.relations.get(id)?;
        // Names of schemas and types are in it too. Row types have those of relations, which change more often.
        let of = (self.namespaces.state(), self.types.state());
        let make = || {
            let table = self.make_table(id)?;
            Some(Made { of, row: Scope::default().relation(table.clone(), None), table })
        };
        match row.columns.iter().any(|c| matches!(c.data_type.base, Base::Row(_))) {
            true => make().as_ref().map(take),
            false => row.shape.get(of, make, take),
        }
    }

    fn make_table(&self, id: Id) -> Option<Table> {
        let row = self.relations.get(id)?;
        let columns = row.columns.iter().zip(0..).filter(|(c, _)| !c.dropped).map(|(column, place)| TableColumn {
            key: Key(place),
            name: column.name.clone(),
            data_type: self.bound_type(&column.data_type),
        });
        Some(Table::new(Some(Key(id.0.into())), self.qualified(id), columns))
    }

    /// A type as the binder knows it.
    pub(crate) fn bound_type(&self, data_type: &TypeRef) -> Type {
        match &data_type.base {
            // Most types are these, and their names say all.
            Base::BuiltIn(name) if data_type.modifiers.is_none() && !data_type.array && is_canonical(name) => {
                Type::named(name)
            }
            _ => Type::parse(&self.type_name(data_type)),
        }
    }

    fn routine(&self, id: Id, row: &Function) -> Routine {
        let outputs = |m: ArgumentMode| matches!(m, ArgumentMode::Out | ArgumentMode::InOut | ArgumentMode::Table);
        let data_type = |t| self.bound_type(t);
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

/// Whether the binder's name of a type is the one that the catalog prints.
fn is_canonical(name: &str) -> bool {
    !matches!(name, "bpchar" | "\"bit\"") && !name.bytes().any(|b| b == b'(') && !name.starts_with("interval ")
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
        let data_type = |t| self.bound_type(t);
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

    fn cast(&self, from: &Type, to: &Type) -> Option<(char, CastMethod)> {
        let same = |kept: &TypeRef, asked: &Type| self.type_name(kept) == asked.to_string();
        let (_, cast) = self.casts.iter().find(|(_, cast)| same(&cast.from, from) && same(&cast.to, to))?;
        let method = match cast.by_function {
            None => CastMethod::Binary,
            Some(true) => CastMethod::Function(format!("cast from {from} to {to}")),
            Some(false) => CastMethod::Text,
        };
        Some((cast.context, method))
    }

    fn operators(&self, schema: &str, symbol: &str) -> Vec<(Operator, Key)> {
        let namespace = self.namespace(schema);
        let named = self.operators.iter().filter(|(_, o)| Some(o.schema) == namespace && o.symbol == symbol);
        let operator = |row: &super::object::Operator| {
            let function = self.functions.get(row.function)?;
            let data_type = |t: &TypeRef| self.bound_type(t);
            let found = Operator {
                schema: schema.to_owned(),
                symbol: symbol.to_owned(),
                left: Some(data_type(row.left.as_ref()?)),
                right: data_type(row.right.as_ref()?),
                result: data_type(function.returns.as_ref()?),
                function: function.name.clone(),
            };
            Some((found, Key(row.function.0.into())))
        };
        named.filter_map(|(_, row)| operator(row)).collect()
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
