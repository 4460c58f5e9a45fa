//! `[[tenant]]`: a bound for every relation that carries the column, besides what rules say.

use super::super::define::session;
use super::super::intent::{Declaration, Mode};
use super::super::rules::Tenant;
use super::super::text::Sql;
use super::Resolving;
use crate::analyzer::decide::Which;
use crate::analyzer::effective::Who;
use crate::commands::similar;
use crate::model::{Command, Platform, Relation, RelationKind, quote_ident};

impl<'a> Resolving<'a> {
    pub(super) fn tenants(&mut self) {
        let rules = self.rules;
        let own: Vec<_> =
            rules.tenants.iter().filter(|t| !rules.is_preset(&t.column.at)).map(|t| &t.column.text).collect();
        for tenant in &rules.tenants {
            let replaced = rules.is_preset(&tenant.column.at) && own.contains(&&tenant.column.text);
            if !replaced {
                self.tenant(tenant);
            }
        }
    }

    fn tenant(&mut self, tenant: &Tenant) {
        let except: Vec<_> = self.relations(&tenant.except).into_iter().map(|(r, _)| &r.name).collect();
        let carriers: Vec<&'a Relation> = self.carriers(&tenant.column.text);
        if carriers.is_empty() {
            if !self.rules.is_preset(&tenant.column.at) {
                self.no_carrier(tenant);
            }
            return;
        }
        let Some(of) = self.of(tenant) else { return };
        for relation in carriers.into_iter().filter(|r| !except.contains(&&r.name)) {
            self.bound_by(relation, tenant, &of);
        }
    }

    fn carriers(&self, column: &str) -> Vec<&'a Relation> {
        let own = |r: &&Relation| r.extension.is_none() && !self.effective.is_platform_namespace(&r.name.schema);
        let rows = |r: &&Relation| r.kind != RelationKind::Sequence && r.column(column).is_some();
        self.schema.relations.iter().filter(own).filter(rows).collect()
    }

    fn no_carrier(&mut self, tenant: &Tenant) {
        let all = self.schema.relations.iter().filter(|r| !self.effective.is_platform_namespace(&r.name.schema));
        let help = similar::to(&tenant.column.text, all.flat_map(|r| &r.columns).map(|c| c.name.as_str()));
        self.fail(&tenant.column.at, format!("no relation has a column `{}`", tenant.column.text), help);
    }

    /// What gives the session's tenant. It is bound without a row, so that no column of a relation is meant by accident.
    fn of(&mut self, tenant: &Tenant) -> Option<Sql> {
        let Some(sql) = tenant.of.clone() else {
            let known = self.rules.defines.get(&session("tenant"));
            if known.is_none() {
                let help = "say `of = \"..\"`, or give `[session] tenant`".to_owned();
                self.fail(&tenant.column.at, "nothing says which tenant a session acts for", Some(help));
            }
            return known.map(|_| Sql { text: "session.tenant()".to_owned(), at: tenant.column.at.clone() });
        };
        self.value(&sql).map(|_| sql)
    }

    fn bound_by(&mut self, relation: &'a Relation, tenant: &Tenant, of: &Sql) {
        let prefix = format!("{} = (", quote_ident(&tenant.column.text));
        let sql = Sql { text: format!("{prefix}{})", of.text), at: of.at.clone() };
        let predicate = match self.bind(relation, &sql) {
            Ok(predicate) => predicate,
            Err(trouble) => {
                let message = format!("{} of {}: {}", tenant.column.text, relation.name, trouble.error.what);
                let help = format!("cast one of them, or leave the relation out: `except = [\"{}\"]`", relation.name);
                self.fail(&of.at, message, Some(help));
                return;
            }
        };
        let origin = self.declared(&tenant.column.at);
        for role in self.bound_roles(relation, tenant) {
            let commands = [
                (Command::Select, Which::Old),
                (Command::Insert, Which::New),
                (Command::Update, Which::Old),
                (Command::Update, Which::New),
                (Command::Delete, Which::Old),
            ];
            self.intent.declarations.extend(commands.into_iter().map(|(command, row)| Declaration {
                relation: relation.name.clone(),
                role: role.clone(),
                command,
                row,
                predicate: predicate.clone(),
                mode: Mode::AtMost,
                origin: origin.clone(),
                reason: tenant.reason.clone(),
            }));
        }
    }

    /// The named roles, or those that clients act as and that nothing exempts from row security by design.
    fn bound_roles(&self, relation: &Relation, tenant: &Tenant) -> Vec<String> {
        if let Some(named) = &tenant.roles {
            let known = named.iter().filter(|role| self.schema.role(&role.text).is_some());
            return known.map(|role| role.text.clone()).collect();
        }
        let by_api = self.schema.server.platform == Platform::Supabase;
        let clients = self.effective.principals().iter().filter(|p| match p.who {
            Who::Anyone | Who::SignedIn | Who::ApiRole => true,
            Who::Login => !by_api && p.role != relation.owner,
            Who::Group | Who::Service => false,
        });
        let trusted = |role: &str| self.schema.role(role).is_some_and(|r| r.bypass_rls);
        clients.filter(|p| !trusted(&p.role)).map(|p| p.role.clone()).collect()
    }
}
