//! Types by the names that people write.

use super::column::shown;
use super::{Context, Target, error};
use crate::sql::ast::TypeName;
use crate::sql::builtin;
use crate::sql::error::{ErrorKind, SqlError};
use crate::sql::types::{Type, qualified};

impl Context<'_> {
    /// The type that a name means, with its modifier.
    pub(super) fn type_of_name(&mut self, name: &TypeName) -> Result<Type, SqlError> {
        let found = if name.copied { self.copied_type(name)? } else { self.named_type(name)? };
        let found = match &name.modifier {
            Some(modifier) => found.with_modifier(Some(&canonical_modifier(&found, modifier))),
            None => found,
        };
        Ok(if name.array { found.array() } else { found })
    }

    fn named_type(&mut self, name: &TypeName) -> Result<Type, SqlError> {
        let unknown =
            || SqlError::new(ErrorKind::UnknownType, name.range.clone(), format!("no type `{}`", shown(&name.name)));
        let last = name.name.last().to_owned();
        let found = match name.name.schema().map(str::to_owned) {
            Some(schema) => self.type_in(&schema, &last),
            None if name.name.parts.len() == 1 => {
                self.search_path_with_temporary().into_iter().find_map(|schema| self.type_in(schema, &last))
            }
            None => None,
        };
        let found = found.ok_or_else(unknown)?;
        if let Some(named) = found.qualified().filter(|n| n.schema != "information_schema") {
            self.refer(&name.name.range(), Target::Type(named));
        }
        Ok(found)
    }

    /// The type of that name in one schema.
    pub(super) fn type_in(&self, schema: &str, name: &str) -> Option<Type> {
        match schema {
            "pg_catalog" => {
                let relation = || self.find_table(Some(schema), name).map(|_| Type::named(name));
                builtin::type_named(name, self.major).or_else(relation)
            }
            "information_schema" => Some(Type::named(&qualified(schema, name))),
            _ => {
                let exists = |name: &str| {
                    self.catalog.data_type(schema, name).is_some() || self.catalog.relation(schema, name).is_some()
                };
                if exists(name) {
                    return Some(Type::named(&qualified(schema, name)));
                }
                // `_mood` is how the catalog calls `mood[]`.
                let element = name.strip_prefix('_').filter(|n| exists(n))?;
                Some(Type::named(&qualified(schema, element)).array())
            }
        }
    }

    /// `relation.column%TYPE`, `relation%ROWTYPE`
    fn copied_type(&mut self, name: &TypeName) -> Result<Type, SqlError> {
        let words: Vec<_> = name.name.parts.iter().map(|p| p.value.as_str()).collect();
        let table = |schema, table| self.find_table(schema, table);
        let column = |found: Option<crate::sql::catalog::Table>, column: &str| {
            found?.columns.iter().find(|c| c.name == column).map(|c| c.data_type.clone())
        };
        let found = match words.as_slice() {
            [relation] => table(None, relation).map(|t| super::scope::row_type(&t.name)),
            [one, two] => {
                column(table(None, one), two).or_else(|| table(Some(one), two).map(|t| super::scope::row_type(&t.name)))
            }
            [schema, relation, of] => column(table(Some(schema), relation), of),
            _ => None,
        };
        match found {
            Some(found) => Ok(found),
            None => error(ErrorKind::UnknownType, &name.range, format!("no type `{}`", shown(&name.name))),
        }
    }
}

/// `numeric(10)` is `numeric(10,0)`.
fn canonical_modifier(of: &Type, modifier: &str) -> String {
    if of.is("numeric") && !modifier.contains(',') { format!("{modifier},0") } else { modifier.to_owned() }
}
