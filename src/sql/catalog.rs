//! What binding asks about a database: relations, functions and types by schema and name.
//!
//! `pg_catalog` and `information_schema` are never asked for; their facts are compiled in. Whoever answers chooses the
//! [`Key`]s and gets them back in references and for printing.

use super::tree::{CastMethod, Operator, OutputColumn};
use super::types::Type;
use crate::model::{ArgumentMode, Function, FunctionKind, QualifiedName, Schema, TypeKind, Volatility};
use std::sync::Arc;

/// An object, as whoever answers numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u64);

/// A relation. Copies of it share its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its key; none for those of `pg_catalog`.
    pub key: Option<Key>,
    /// Its name.
    pub name: QualifiedName,
    /// Its columns in order.
    pub columns: Arc<[OutputColumn]>,
    /// Their keys.
    pub keys: Arc<[Key]>,
}

impl Table {
    /// A relation with these columns.
    pub fn new(key: Option<Key>, name: QualifiedName, columns: impl IntoIterator<Item = TableColumn>) -> Self {
        let each = |c: TableColumn| (OutputColumn { name: c.name, data_type: c.data_type }, c.key);
        let (columns, keys): (Vec<_>, Vec<_>) = columns.into_iter().map(each).unzip();
        Self { key, name, columns: columns.into(), keys: keys.into() }
    }

    /// The place of the column of that name.
    #[must_use]
    pub fn place(&self, column: &str) -> Option<usize> {
        self.columns.iter().position(|c| c.name == column)
    }
}

/// A column of a relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableColumn {
    /// Its key within the relation.
    pub key: Key,
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: Type,
}

/// A function, aggregate, window function or procedure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routine {
    /// Its key; none for those of `pg_catalog`.
    pub key: Option<Key>,
    /// Its name.
    pub name: QualifiedName,
    /// Its input parameters.
    pub parameters: Vec<RoutineParameter>,
    /// Whether the last parameter is VARIADIC.
    pub variadic: bool,
    /// What it gives.
    pub result: Type,
    /// `SETOF` or `TABLE`.
    pub returns_set: bool,
    /// The columns of OUT and TABLE parameters.
    pub columns: Vec<(String, Type)>,
    /// What it is.
    pub kind: FunctionKind,
    /// Its volatility.
    pub volatility: Volatility,
    /// Whether it is NULL for a NULL argument.
    pub strict: bool,
}

/// An input parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutineParameter {
    /// Its name.
    pub name: Option<String>,
    /// Its type.
    pub data_type: Type,
    /// Whether it may be left out.
    pub has_default: bool,
}

impl Routine {
    /// The routine that the model describes.
    #[must_use]
    pub fn of(function: &Function, key: Option<Key>) -> Self {
        let inputs = |m: ArgumentMode| matches!(m, ArgumentMode::In | ArgumentMode::InOut | ArgumentMode::Variadic);
        let outputs = |m: ArgumentMode| matches!(m, ArgumentMode::Out | ArgumentMode::InOut | ArgumentMode::Table);
        let parameters = function.parameters.iter().filter(|p| inputs(p.mode)).map(|p| RoutineParameter {
            name: p.name.clone(),
            data_type: Type::parse(&p.data_type),
            has_default: p.default.is_some(),
        });
        let columns = function.parameters.iter().filter(|p| outputs(p.mode)).enumerate().map(|(at, p)| {
            let name = p.name.clone().unwrap_or_else(|| format!("column{}", at + 1));
            (name, Type::parse(&p.data_type))
        });
        Self {
            key,
            name: function.id.qualified(),
            parameters: parameters.collect(),
            variadic: function.parameters.iter().any(|p| p.mode == ArgumentMode::Variadic),
            result: Type::parse(&function.returns),
            returns_set: function.returns_set,
            columns: columns.collect(),
            kind: function.kind,
            volatility: function.volatility,
            strict: function.strict,
        }
    }
}

/// A type outside `pg_catalog`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserType {
    /// An enum with its labels.
    Enum(Vec<String>),
    /// A domain over a type.
    Domain(Type),
    /// A composite type, with its attributes if they are known.
    Composite(Option<Vec<(String, Type)>>),
    /// A range over a type, if it is known.
    Range(Option<Type>),
    /// A base type.
    Base,
}

/// A database, as far as names of expressions and queries go.
pub trait Catalog {
    /// The relation of that name.
    fn relation(&self, schema: &str, name: &str) -> Option<Table>;
    /// All functions of that name.
    fn functions(&self, schema: &str, name: &str) -> Vec<Routine>;
    /// The type of that name; row types of relations are found without.
    fn data_type(&self, schema: &str, name: &str) -> Option<UserType>;
    /// The cast that a user made between these types: its context as `pg_cast` has it, and how it is done.
    fn cast(&self, _from: &Type, _to: &Type) -> Option<(char, CastMethod)> {
        None
    }
    /// The binary operators of that symbol that users made in a schema, with the keys of their functions.
    fn operators(&self, _schema: &str, _symbol: &str) -> Vec<(Operator, Key)> {
        Vec::new()
    }
    /// The server's major version.
    fn major(&self) -> u32;
}

/// A schema model as a catalog; keys are places in its lists.
#[derive(Debug, Clone, Copy)]
pub struct SchemaCatalog<'a> {
    schema: &'a Schema,
}

impl<'a> SchemaCatalog<'a> {
    /// Answers from a sorted model.
    #[must_use]
    pub fn new(schema: &'a Schema) -> Self {
        Self { schema }
    }

    /// The model.
    #[must_use]
    pub fn schema(&self) -> &'a Schema {
        self.schema
    }

    /// The function with that key.
    #[must_use]
    pub fn function(&self, key: Key) -> Option<&'a Function> {
        self.schema.functions.get(usize::try_from(key.0).ok()?)
    }

    /// The relation with that key.
    #[must_use]
    pub fn relation_of(&self, key: Key) -> Option<&'a crate::model::Relation> {
        self.schema.relations.get(usize::try_from(key.0).ok()?)
    }
}

impl Catalog for SchemaCatalog<'_> {
    fn relation(&self, schema: &str, name: &str) -> Option<Table> {
        let name = QualifiedName::new(schema, name);
        let at = self.schema.relations.binary_search_by(|r| r.name.cmp(&name)).ok()?;
        let columns = self.schema.relations.get(at)?.columns.iter().zip(0..).map(|(column, key)| TableColumn {
            key: Key(key),
            name: column.name.clone(),
            data_type: Type::parse(&column.data_type),
        });
        Some(Table::new(Some(Key(at as u64)), name, columns))
    }

    fn functions(&self, schema: &str, name: &str) -> Vec<Routine> {
        let from =
            self.schema.functions.partition_point(|f| (f.id.schema.as_str(), f.id.name.as_str()) < (schema, name));
        let rest = self.schema.functions.iter().zip(0_u64..).skip(from);
        rest.take_while(|(f, _)| f.id.schema == schema && f.id.name == name)
            .map(|(f, at)| Routine::of(f, Some(Key(at))))
            .collect()
    }

    fn data_type(&self, schema: &str, name: &str) -> Option<UserType> {
        let name = QualifiedName::new(schema, name);
        let at = self.schema.types.binary_search_by(|t| t.name.cmp(&name)).ok()?;
        Some(match &self.schema.types.get(at)?.kind {
            TypeKind::Enum(labels) => UserType::Enum(labels.clone()),
            TypeKind::Domain { base, .. } => UserType::Domain(Type::parse(base)),
            TypeKind::Composite => UserType::Composite(None),
            TypeKind::Range => UserType::Range(None),
            TypeKind::Base => UserType::Base,
        })
    }

    fn major(&self) -> u32 {
        self.schema.server.major()
    }
}
