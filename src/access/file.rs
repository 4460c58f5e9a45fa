//! The types of a rule file: what serde reads, and what its JSON Schema is made from.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use toml::Spanned;

use super::cases::{PersonaTable, TestTable};
use super::intent::Mode;
use crate::analyzer::decide::Caller;

/// A file of access rules: who may do what with which rows.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "the tables of a rule file")]
pub struct RuleFile {
    /// Rules that come with the program, which this file builds upon: `supabase`, `postgrest`, `multi-tenant`, `strict`.
    #[schemars(with = "OneOrMany")]
    pub(super) preset: Option<Strings>,
    /// How this application knows who is asking.
    pub(super) session: SessionTable,
    /// Named expressions, called like functions in any rule; `$1` is the first argument.
    #[schemars(with = "BTreeMap<String, String>")]
    pub(super) define: BTreeMap<Spanned<String>, Spanned<String>>,
    /// Rules; the more specific one wins, and of equally specific ones the later.
    #[schemars(with = "Vec<RuleTable>")]
    pub(super) rule: Vec<Spanned<RuleTable>>,
    /// Bounds for every relation that carries a tenant's column.
    #[schemars(with = "Vec<TenantTable>")]
    pub(super) tenant: Vec<Spanned<TenantTable>>,
    /// What decides rights; a principal must not be able to write its own.
    #[schemars(with = "Vec<AuthorityTable>")]
    pub(super) authority: Vec<Spanned<AuthorityTable>>,
    /// Sessions that tests run as, beside the standing ones.
    #[schemars(with = "Vec<PersonaTable>")]
    pub(super) persona: Vec<Spanned<PersonaTable>>,
    /// Statements of personas, and what must come of them.
    #[schemars(with = "Vec<TestTable>")]
    pub(super) test: Vec<Spanned<TestTable>>,
    /// What proofs may assume.
    pub(super) assume: AssumeTable,
}

/// `[session]`
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "a table [session]")]
pub(super) struct SessionTable {
    /// SQL that gives the user who is asking, such as `auth.uid()`; rules call it as `session.user()`.
    #[schemars(with = "Option<String>")]
    pub(super) user: Option<Spanned<String>>,
    /// SQL that gives the tenant that the session acts for; rules call it as `session.tenant()`.
    #[schemars(with = "Option<String>")]
    pub(super) tenant: Option<Spanned<String>>,
}

/// `[[rule]]`: what roles may do with relations (`on`), or whether they may call functions (`call`).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "a table [[rule]]")]
pub(super) struct RuleTable {
    /// Relations with their schema: `public.documents`; with `*` and `?`: `public.*`, `*.audit_log`.
    #[schemars(with = "Option<OneOrMany>")]
    pub(super) on: Option<Strings>,
    /// Functions: `public.reset(uuid)`, or `public.reset` for all of that name; `*` and `?` as in `on`.
    #[schemars(with = "Option<OneOrMany>")]
    pub(super) call: Option<Strings>,
    /// The roles that the rule is about.
    #[schemars(with = "Option<OneOrMany>")]
    pub(super) role: Option<Strings>,
    /// The rows that may be read.
    #[schemars(with = "Option<Shape>")]
    pub(super) select: Option<Spanned<Condition>>,
    /// The rows that may be added.
    #[schemars(with = "Option<Shape>")]
    pub(super) insert: Option<Spanned<Condition>>,
    /// The rows that may be changed, and what to.
    #[schemars(with = "Option<UpdateShape>")]
    pub(super) update: Option<Spanned<Update>>,
    /// The rows that may be deleted. TRUNCATE counts as deleting every row.
    #[schemars(with = "Option<Shape>")]
    pub(super) delete: Option<Spanned<Condition>>,
    /// Every command that the rule does not name.
    #[schemars(with = "Option<Shape>")]
    pub(super) all: Option<Spanned<Condition>>,
    /// Columns that must not be read.
    #[schemars(with = "Option<OneOrMany>")]
    pub(super) hide: Option<Strings>,
    /// Whether the functions may be called.
    #[schemars(with = "Option<bool>")]
    pub(super) execute: Option<Spanned<bool>>,
    /// How the rule bounds access; nothing beyond it by default.
    pub(super) mode: Option<Mode>,
    /// Why, for whoever reads a verdict.
    pub(super) reason: Option<String>,
}

/// `[[tenant]]`: rows belong to a tenant, and a session reaches those of its own only.
///
/// It holds besides the rules, for every command and every relation with the column.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table [[tenant]]")]
pub(super) struct TenantTable {
    /// The column that says whose a row is.
    #[schemars(with = "String")]
    pub(super) column: Spanned<String>,
    /// SQL that gives the session's tenant; `[session] tenant` by default.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    pub(super) of: Option<Spanned<String>>,
    /// Relations that carry the column and are not meant; globs as in `on`.
    #[serde(default)]
    #[schemars(with = "Option<OneOrMany>")]
    pub(super) except: Option<Strings>,
    /// The roles that it binds; those that clients act as by default.
    #[serde(default)]
    #[schemars(with = "Option<OneOrMany>")]
    pub(super) role: Option<Strings>,
    /// Why, for whoever reads a verdict.
    #[serde(default)]
    pub(super) reason: Option<String>,
}

/// `[[authority]]`: columns and tables that decide rights.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, expecting = "a table [[authority]]")]
pub(super) struct AuthorityTable {
    /// Relations; globs as in a rule.
    #[schemars(with = "OneOrMany")]
    pub(super) on: Strings,
    /// The columns; without them its rows as such decide.
    #[serde(default)]
    #[schemars(with = "Option<OneOrMany>")]
    pub(super) columns: Option<Strings>,
}

/// `[assume]`
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "a table [assume]")]
pub(super) struct AssumeTable {
    /// How statements reach the database: any SQL by default.
    #[schemars(with = "Option<CallerName>")]
    pub(super) caller: Option<Spanned<CallerName>>,
    /// Whether sessions of the role that users sign in as carry the claim `sub`, as the API's do; else a session of that
    /// role without any claims counts too, which SQL alone can open. True by default.
    #[serde(rename = "signed-in")]
    pub(super) signed_in: Option<bool>,
    /// Claims of the session's token.
    pub(super) claims: ClaimsTable,
}

/// `[assume] claims`
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "a table with `trusted`")]
pub(super) struct ClaimsTable {
    /// The claims that users cannot choose; everything else in a token is taken to be theirs to choose.
    #[schemars(with = "Option<OneOrMany>")]
    pub(super) trusted: Option<Strings>,
}

/// How statements reach the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(super) enum CallerName {
    /// Any statement, also one that reads no column and so skips SELECT policies.
    Sql,
    /// UPDATE and DELETE carry a WHERE, so that SELECT policies join in.
    DataApi,
}

impl From<CallerName> for Caller {
    fn from(name: CallerName) -> Self {
        match name {
            CallerName::Sql => Self::Sql,
            CallerName::DataApi => Self::DataApi,
        }
    }
}

/// One string or several.
#[derive(Debug)]
pub(super) struct Strings(pub(super) Vec<Spanned<String>>);

/// SQL, or `true` or `false`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Condition {
    /// All rows or none.
    Constant(bool),
    /// A boolean expression over the relation's columns and the session.
    Sql(String),
}

/// What UPDATE may do.
#[derive(Debug)]
pub(super) enum Update {
    /// The same for the old and the new row.
    Both(Condition),
    /// Each by itself.
    Each(UpdateTable),
}

/// `update = { old, new, columns }`
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, expecting = "a table with `old`, `new` and `columns`")]
pub(super) struct UpdateTable {
    /// The rows that may be changed.
    #[schemars(with = "Option<Shape>")]
    pub(super) old: Option<Spanned<Condition>>,
    /// What they may be changed to; as `old` by default.
    #[schemars(with = "Option<Shape>")]
    pub(super) new: Option<Spanned<Condition>>,
    /// The only columns that may be set.
    #[schemars(with = "Option<OneOrMany>")]
    pub(super) columns: Option<Strings>,
}

/// One string or several, for the JSON Schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its shape is used")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// A condition, for the JSON Schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its shape is used")]
enum Shape {
    /// All rows or none.
    Constant(bool),
    /// A boolean SQL expression over the relation's columns and the session.
    Sql(String),
}

/// What UPDATE may do, for the JSON Schema.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its shape is used")]
enum UpdateShape {
    /// All rows or none.
    Constant(bool),
    /// A boolean SQL expression, for the old and the new row.
    Sql(String),
    /// Each row by itself, and the columns.
    Each(UpdateTable),
}

impl<'de> Deserialize<'de> for Strings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The place of a lone string is known outside of the visitor only.
        let whole = Spanned::<Several>::deserialize(deserializer)?;
        let span = whole.span();
        Ok(Self(match whole.into_inner() {
            Several::One(text) => vec![Spanned::new(span, text)],
            Several::Many(all) => all,
        }))
    }
}

enum Several {
    One(String),
    Many(Vec<Spanned<String>>),
}

impl<'de> Deserialize<'de> for Several {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Several;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string or a list of strings")
            }

            fn visit_str<E>(self, text: &str) -> Result<Several, E> {
                Ok(Several::One(text.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Several, A::Error> {
                Vec::deserialize(SeqAccessDeserializer::new(list)).map(Several::Many)
            }
        }
        deserializer.deserialize_any(Seen)
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl Visitor<'_> for Seen {
            type Value = Condition;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or a string of SQL")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Condition, E> {
                Ok(Condition::Constant(value))
            }

            fn visit_str<E>(self, text: &str) -> Result<Condition, E> {
                Ok(Condition::Sql(text.to_owned()))
            }
        }
        deserializer.deserialize_any(Seen)
    }
}

impl<'de> Deserialize<'de> for Update {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl<'de> Visitor<'de> for Seen {
            type Value = Update;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, a string of SQL or a table with `old`, `new` and `columns`")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Update, E> {
                Ok(Update::Both(Condition::Constant(value)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Update, E> {
                Ok(Update::Both(Condition::Sql(text.to_owned())))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Update, A::Error> {
                UpdateTable::deserialize(MapAccessDeserializer::new(map)).map(Update::Each)
            }
        }
        deserializer.deserialize_any(Seen)
    }
}
