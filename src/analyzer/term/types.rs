//! The types that terms carry, as far as deciding depends on them.

use std::fmt;
use std::sync::Arc;

use crate::model::{QualifiedName, Schema, TypeKind};

/// A data type. Domains are their base type; a type modifier is no part of it (casts to `varchar(3)` are functions).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are SQL's own")]
pub enum Type {
    Bool,
    Int2,
    Int4,
    Int8,
    Numeric,
    Float4,
    Float8,
    Text,
    Varchar,
    Char,
    Name,
    Uuid,
    Date,
    Time,
    Timestamp,
    Timestamptz,
    Bytea,
    Json,
    Jsonb,
    /// An enum of the application's.
    Enum(Arc<EnumType>),
    /// An array of the element type, of any number of dimensions.
    Array(Arc<Type>),
    /// Anything else, by the name that `format_type` prints. Nothing is assumed of its operators.
    Other(Arc<str>),
}

/// An enum with its labels in order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnumType {
    /// Its name as valid SQL.
    pub name: Arc<str>,
    /// Its labels in their order.
    pub labels: Box<[Arc<str>]>,
}

/// How values of a type are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// `int2`, `int4` and `int8` compare with each other.
    Integer,
    /// `text`, `varchar` and `name` do.
    Text,
    /// Any other type that `=` is an equivalence on: only with itself.
    Alone,
}

impl Type {
    /// The type that `format_type` prints as `name` (a modifier is dropped); enums and domains are looked up in
    /// `schema`.
    #[must_use]
    pub fn named(name: &str, schema: &Schema) -> Self {
        Self::lookup(name, schema, 0)
    }

    fn lookup(name: &str, schema: &Schema, depth: u8) -> Self {
        if let Some(element) = name.strip_suffix("[]") {
            return Self::Array(Arc::new(Self::lookup(element, schema, depth)));
        }
        if let Some(builtin) = Self::builtin(name) {
            return builtin;
        }
        // Names that need no quotes are looked up by their place in the sorted list.
        let plain = name.split_once('.').filter(|_| !name.contains('"'));
        let found = match plain.map(|(schema, name)| QualifiedName::new(schema, name)) {
            Some(wanted) => {
                let place = schema.types.binary_search_by(|t| t.name.cmp(&wanted)).ok();
                place.and_then(|at| schema.types.get(at))
            }
            None => schema.types.iter().find(|t| t.name.to_string() == name),
        };
        match found.map(|t| (&t.name, &t.kind)) {
            Some((name, TypeKind::Enum(labels))) => Self::enumeration(name, labels),
            Some((_, TypeKind::Domain { base, .. })) if depth < 16 => Self::lookup(base, schema, depth + 1),
            _ => Self::Other(name.into()),
        }
    }

    /// An enum.
    #[must_use]
    pub fn enumeration(name: &QualifiedName, labels: &[String]) -> Self {
        let labels = labels.iter().map(|l| Arc::from(l.as_str())).collect();
        Self::Enum(Arc::new(EnumType { name: name.to_string().into(), labels }))
    }

    /// A built-in scalar type by its SQL or internal name, modifier dropped.
    #[must_use]
    pub fn builtin(name: &str) -> Option<Self> {
        let (head, rest) = name.split_once('(').unwrap_or((name, ")"));
        let tail = rest.split_once(')').map_or("", |(_, tail)| tail);
        let bare = format!("{}{tail}", head.trim_end());
        let bare = bare.strip_prefix("pg_catalog.").unwrap_or(&bare);
        Some(match bare {
            "boolean" | "bool" => Self::Bool,
            "smallint" | "int2" => Self::Int2,
            "integer" | "int" | "int4" => Self::Int4,
            "bigint" | "int8" => Self::Int8,
            "numeric" | "decimal" => Self::Numeric,
            "real" | "float4" => Self::Float4,
            "double precision" | "float8" => Self::Float8,
            "text" => Self::Text,
            "character varying" | "varchar" => Self::Varchar,
            "character" | "char" | "bpchar" => Self::Char,
            "name" => Self::Name,
            "uuid" => Self::Uuid,
            "date" => Self::Date,
            "time without time zone" | "time" => Self::Time,
            "timestamp without time zone" | "timestamp" => Self::Timestamp,
            "timestamp with time zone" | "timestamptz" => Self::Timestamptz,
            "bytea" => Self::Bytea,
            "json" => Self::Json,
            "jsonb" => Self::Jsonb,
            _ => return None,
        })
    }

    /// What it compares with; `None` where nothing is known of `=`.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        match self {
            Self::Int2 | Self::Int4 | Self::Int8 => Some(Family::Integer),
            Self::Text | Self::Varchar | Self::Name => Some(Family::Text),
            Self::Json | Self::Other(_) => None,
            Self::Array(element) => element.family().map(|_| Family::Alone),
            _ => Some(Family::Alone),
        }
    }

    /// Whether `=` is defined between the two types and an equivalence: reflexive, symmetric and transitive.
    #[must_use]
    pub fn equates_with(&self, other: &Self) -> bool {
        match (self.family(), other.family()) {
            (Some(Family::Alone), Some(Family::Alone)) => self == other,
            (Some(a), Some(b)) => a == b,
            _ => false,
        }
    }

    /// Whether equal values are the same value, so that `x = y` gives `f(x) = f(y)` for any deterministic `f`.
    ///
    /// Not for `1.0 = 1.00`, `'a '::char(2) = 'a'`, `-0.0 = 0.0`, nor JSON that holds such numbers.
    #[must_use]
    pub fn equality_is_identity(&self) -> bool {
        match self {
            Self::Numeric | Self::Float4 | Self::Float8 | Self::Char | Self::Json | Self::Jsonb | Self::Other(_) => {
                false
            }
            Self::Array(element) => element.equality_is_identity(),
            _ => true,
        }
    }

    /// Whether `<` is a total order that `=` agrees with. Text is ordered by a collation that is not known here; it
    /// is a total order all the same.
    #[must_use]
    pub fn is_ordered(&self) -> bool {
        !matches!(self, Self::Json | Self::Jsonb | Self::Array(_) | Self::Other(_))
    }

    /// Whether values may be rows, of which `IS NULL` and `IS NOT NULL` can both be false.
    #[must_use]
    pub fn may_be_row(&self) -> bool {
        matches!(self, Self::Other(name) if &**name == "record" || name.contains('.'))
    }

    /// Whether it is one of the string types.
    #[must_use]
    pub fn is_text(&self) -> bool {
        self.family() == Some(Family::Text)
    }

    /// Whether it is one of the integer types.
    #[must_use]
    pub fn is_integer(&self) -> bool {
        self.family() == Some(Family::Integer)
    }

    /// The element type of an array.
    #[must_use]
    pub fn element(&self) -> Option<&Self> {
        if let Self::Array(element) = self { Some(element) } else { None }
    }
}

/// As `format_type` prints it under an empty `search_path`.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "boolean",
            Self::Int2 => "smallint",
            Self::Int4 => "integer",
            Self::Int8 => "bigint",
            Self::Numeric => "numeric",
            Self::Float4 => "real",
            Self::Float8 => "double precision",
            Self::Text => "text",
            Self::Varchar => "character varying",
            Self::Char => "character",
            Self::Name => "name",
            Self::Uuid => "uuid",
            Self::Date => "date",
            Self::Time => "time without time zone",
            Self::Timestamp => "timestamp without time zone",
            Self::Timestamptz => "timestamp with time zone",
            Self::Bytea => "bytea",
            Self::Json => "json",
            Self::Jsonb => "jsonb",
            Self::Enum(e) => &e.name,
            Self::Array(element) => return write!(f, "{element}[]"),
            Self::Other(name) => name,
        })
    }
}
