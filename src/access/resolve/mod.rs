//! Rules held against a database: what they name is there, what they say is typed, and which of several counts.

mod calls;
mod predicate;
mod rows;
mod target;
mod tenant;

use std::collections::BTreeMap;

use super::error::RuleError;
use super::expand::Expander;
use super::intent::{Assume, Authority, Intent, Origin, Predicate, Session};
use super::rules::{Rules, Word};
use super::text::At;
use crate::analyzer::effective::Effective;
use crate::commands::similar;
use crate::model::{QualifiedName, Relation, Schema};
use crate::sql::bind::Scope;
use crate::sql::{Catalog, SchemaCatalog};

/// Rules on their way to an intent.
struct Resolving<'a> {
    rules: &'a Rules,
    effective: &'a Effective<'a>,
    schema: &'a Schema,
    errors: Vec<RuleError>,
    /// What binds texts over each relation's row.
    expanders: BTreeMap<QualifiedName, Expander<'a>>,
    /// The conditions that were bound, by relation and place; none where it failed.
    bound: BTreeMap<(QualifiedName, At), Option<Predicate>>,
    intent: Intent,
}

impl Rules {
    /// What the rules say of a database.
    ///
    /// # Errors
    /// Everything that they name and the database doesn't have, conditions that are none, conflicts, and rules that match
    /// nothing.
    pub fn resolve(&self, effective: &Effective<'_>) -> Result<Intent, Vec<RuleError>> {
        let mut resolving = Resolving {
            rules: self,
            effective,
            schema: effective.schema(),
            errors: Vec::new(),
            expanders: BTreeMap::new(),
            bound: BTreeMap::new(),
            intent: Intent { assume: self.assume(), ..Intent::default() },
        };
        resolving.roles();
        resolving.session();
        resolving.rows();
        resolving.tenants();
        resolving.calls();
        resolving.authorities();
        resolving.finish()
    }

    fn assume(&self) -> Assume {
        let usual = Assume::default();
        Assume {
            caller: self.caller.unwrap_or(usual.caller),
            signed_in: self.signed_in.unwrap_or(usual.signed_in),
            trusted_claims: self.trusted_claims.clone().unwrap_or(usual.trusted_claims),
        }
    }
}

impl<'a> Resolving<'a> {
    /// One error a place: a condition that fails on one of many relations fails on others for the same reason.
    fn finish(mut self) -> Result<Intent, Vec<RuleError>> {
        self.errors.sort();
        self.errors.dedup_by(|a, b| a.place == b.place);
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        let intent = &mut self.intent;
        intent.declarations.sort_by(|a, b| {
            let key = |d: &super::Declaration| (d.relation.clone(), d.role.clone(), d.command, d.row, d.origin.clone());
            key(a).cmp(&key(b))
        });
        intent.hidden.sort();
        intent.columns.sort();
        intent.calls.sort();
        intent.authorities.sort();
        Ok(self.intent)
    }

    fn fail(&mut self, at: &At, message: impl Into<String>, help: Option<String>) {
        self.errors.push(self.rules.error(at, message, help));
    }

    fn declared(&self, at: &At) -> Origin {
        Origin::Declared(self.rules.texts().place(at))
    }

    /// Every role that is named exists; presets name some that not every database has.
    fn roles(&mut self) {
        let rows = self.rules.rows.iter().flat_map(|r| &r.roles);
        let tenants = self.rules.tenants.iter().flat_map(|t| t.roles.iter().flatten());
        for role in rows.chain(self.rules.calls.iter().flat_map(|c| &c.roles)).chain(tenants) {
            if !self.has(role) && !self.rules.is_preset(&role.at) {
                let names = || self.schema.roles.iter().map(|r| r.name.as_str());
                let acting = self.effective.principals().iter().map(|p| p.role.as_str()).collect::<Vec<_>>().join(", ");
                let help = similar::to(&role.text, names()).unwrap_or_else(|| match acting.is_empty() {
                    true => "clients act as no role of it: is it Supabase's? `--platform supabase` says so".to_owned(),
                    false => format!("clients act as {acting}"),
                });
                self.fail(&role.at, format!("there is no role `{}`", role.text), Some(help));
            }
        }
    }

    fn has(&self, role: &Word) -> bool {
        self.schema.role(&role.text).is_some()
    }

    /// What binds texts over a relation's row.
    fn expander(&mut self, relation: &Relation) -> &Expander<'a> {
        let (rules, schema) = (self.rules, self.schema);
        self.expanders.entry(relation.name.clone()).or_insert_with(|| {
            let table = SchemaCatalog::new(schema).relation(&relation.name.schema, &relation.name.name);
            let scope = table.map_or_else(Scope::default, |table| Scope::default().relation(table, None));
            Expander::new(schema, &rules.defines, scope)
        })
    }

    /// How the application knows who is asking, without any row.
    fn session(&mut self) {
        let mut bound = ["user", "tenant"].map(|name| {
            let define = self.rules.defines.get(&super::define::session(name))?;
            self.value(&define.sql)
        });
        self.intent.session = Session { user: bound[0].take(), tenant: bound[1].take() };
    }

    fn authorities(&mut self) {
        for rule in &self.rules.authorities {
            for (relation, pattern) in self.relations(&rule.on) {
                let columns = self.columns(relation, pattern, &rule.columns);
                if rule.columns.is_empty() || !columns.is_empty() {
                    let (relation, origin) = (relation.name.clone(), self.declared(&pattern.at));
                    self.intent.authorities.push(Authority { relation, columns, origin });
                }
            }
            self.carried(&rule.on, &rule.columns);
        }
    }
}
