//! Constraints, indexes and the like, with the definitions that the server prints.

use crate::migrations::lex;
use crate::migrations::replay::catalog::object::{Constraint, ConstraintKind, ForeignKey, Index, IndexKey};
use crate::migrations::replay::catalog::{Catalog, Id};
use crate::migrations::replay::indexes;
use crate::model::{self, ReferentialAction, RelationKind, quote_ident};
use crate::sql::Key;
use crate::sql::print::Names;

impl Catalog {
    pub(super) fn constraint(&self, row: &Constraint, kind: RelationKind) -> model::Constraint {
        // Printed once, though it is told twice.
        let check = match &row.kind {
            ConstraintKind::Check(code) => self.text(code),
            _ => String::new(),
        };
        let definition = self.definition(row, self, &check);
        model::Constraint {
            name: row.name.clone(),
            kind: match &row.kind {
                ConstraintKind::Check(_) => model::ConstraintKind::Check(check),
                ConstraintKind::PrimaryKey => model::ConstraintKind::PrimaryKey,
                ConstraintKind::Unique(_) => model::ConstraintKind::Unique,
                ConstraintKind::Exclusion(_) => model::ConstraintKind::Exclusion,
                ConstraintKind::ForeignKey(key) => model::ConstraintKind::ForeignKey(self.foreign_key(row.on, key)),
                ConstraintKind::Trigger => model::ConstraintKind::Trigger,
            },
            columns: self.column_names(row.on, &row.columns),
            definition,
            validated: row.validated,
            // The server checks no row of a foreign table.
            enforced: row.enforced && kind != RelationKind::ForeignTable,
            deferrable: row.deferrable,
            initially_deferred: row.initially_deferred,
            origin: row.origin,
        }
    }

    fn foreign_key(&self, on: Id, key: &ForeignKey) -> model::ForeignKey {
        model::ForeignKey {
            relation: self.qualified(key.relation),
            columns: self.column_names(key.relation, &key.columns),
            on_update: key.on_update,
            on_delete: key.on_delete,
            delete_set_columns: self.column_names(on, &key.delete_set),
            match_full: key.match_full,
        }
    }

    fn listed(&self, on: Id, places: &[usize]) -> String {
        let names = self.column_names(on, places);
        let quoted: Vec<_> = names.iter().map(|n| quote_ident(n)).collect();
        quoted.join(", ")
    }

    /// The definition with the names that somebody gives.
    pub(in crate::migrations::replay) fn definition_with(&self, row: &Constraint, names: &dyn Names) -> String {
        let check = match &row.kind {
            ConstraintKind::Check(code) => self.text_with(code, names),
            _ => String::new(),
        };
        self.definition(row, names, &check)
    }

    /// The definition with the names that somebody gives, and the condition of a CHECK as it is printed with them.
    fn definition(&self, row: &Constraint, names: &dyn Names, check: &str) -> String {
        let mut text = match &row.kind {
            // What could not be bound is as its author wrote it, perhaps without parentheses.
            ConstraintKind::Check(code) if code.tree.is_none() => format!("CHECK (({check}))"),
            ConstraintKind::Check(_) => format!("CHECK ({check})"),
            ConstraintKind::PrimaryKey => format!("PRIMARY KEY ({})", self.listed(row.on, &row.columns)),
            ConstraintKind::Unique(not_distinct) => {
                let nulls = if *not_distinct { "NULLS NOT DISTINCT " } else { "" };
                format!("UNIQUE {nulls}({})", self.listed(row.on, &row.columns))
            }
            ConstraintKind::Exclusion(code) => self.exclusion_definition(row, &self.text(code)),
            ConstraintKind::ForeignKey(key) => self.foreign_key_definition(row, key, names),
            ConstraintKind::Trigger => "TRIGGER".to_owned(),
        };
        let index = row.index.filter(|_| row.is_key()).and_then(|index| self.indexes.get(index));
        if let Some(index) = index.filter(|i| !i.include.is_empty()) {
            text.push_str(&format!(" INCLUDE ({})", self.listed(row.on, &index.include)));
        }
        if row.deferrable {
            text.push_str(" DEFERRABLE");
        }
        if row.initially_deferred {
            text.push_str(" INITIALLY DEFERRED");
        }
        if row.no_inherit && matches!(row.kind, ConstraintKind::Check(_)) {
            text.push_str(" NO INHERIT");
        }
        if !row.enforced {
            text.push_str(" NOT ENFORCED");
        } else if !row.validated {
            text.push_str(" NOT VALID");
        }
        text
    }

    /// EXCLUDE with the keys and the condition as its index has them.
    fn exclusion_definition(&self, row: &Constraint, written: &str) -> String {
        let (_, keys) = indexes::excluded(written, &lex::tokens(written, 0..written.len()));
        let Some(index) = row.index.and_then(|id| self.indexes.get(id)).filter(|i| i.keys.len() == keys.len()) else {
            return format!("EXCLUDE {written}");
        };
        let index = self.index(index);
        let keys = index.keys.iter().zip(&keys).map(|(key, (_, operator))| format!("{key} WITH {operator}"));
        let condition = index.predicate.map(|condition| format!(" WHERE ({condition})")).unwrap_or_default();
        format!("EXCLUDE USING {} ({}){condition}", index.method, keys.collect::<Vec<_>>().join(", "))
    }

    fn foreign_key_definition(&self, row: &Constraint, key: &ForeignKey, names: &dyn Names) -> String {
        let mut text = format!(
            "FOREIGN KEY ({}) REFERENCES {}({})",
            self.listed(row.on, &row.columns),
            names.relation(Key(key.relation.0.into())).unwrap_or_else(|| self.qualified(key.relation)),
            self.listed(key.relation, &key.columns)
        );
        if key.match_full {
            text.push_str(" MATCH FULL");
        }
        if let Some(action) = action(key.on_update) {
            text.push_str(&format!(" ON UPDATE {action}"));
        }
        if let Some(action) = action(key.on_delete) {
            text.push_str(&format!(" ON DELETE {action}"));
            if !key.delete_set.is_empty() {
                text.push_str(&format!(" ({})", self.listed(row.on, &key.delete_set)));
            }
        }
        text
    }

    /// A domain's CHECKs that hold, by name.
    pub(super) fn domain_checks(&self, domain: Id) -> Vec<String> {
        let mut checks: Vec<(&str, String)> = self
            .constraints
            .parts(domain)
            .filter(|(_, c)| c.validated)
            .filter_map(|(_, c)| match &c.kind {
                ConstraintKind::Check(code) => Some((c.name.as_str(), self.text(code))),
                _ => None,
            })
            .collect();
        checks.sort();
        checks.into_iter().map(|(_, text)| text).collect()
    }

    pub(super) fn index(&self, row: &Index) -> model::Index {
        let key = |key: &IndexKey| match key {
            IndexKey::Column(place) => quote_ident(&self.column_name(row.relation, *place)).into_owned(),
            IndexKey::Expression(code) => self.text(code),
        };
        model::Index {
            name: row.name.clone(),
            keys: row.keys.iter().map(key).collect(),
            unique: row.unique,
            nulls_not_distinct: row.nulls_not_distinct,
            predicate: row.predicate.as_ref().map(|code| self.text(code)),
            valid: row.valid,
            method: row.method.clone(),
            origin: row.origin,
        }
    }
}

fn action(action: ReferentialAction) -> Option<&'static str> {
    match action {
        ReferentialAction::NoAction => None,
        ReferentialAction::Restrict => Some("RESTRICT"),
        ReferentialAction::Cascade => Some("CASCADE"),
        ReferentialAction::SetNull => Some("SET NULL"),
        ReferentialAction::SetDefault => Some("SET DEFAULT"),
    }
}
