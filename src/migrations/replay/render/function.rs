//! Functions.

use crate::migrations::replay::catalog::Catalog;
use crate::migrations::replay::catalog::acl::Kind;
use crate::migrations::replay::catalog::object::{Function, Parameter};
use crate::model;

impl Catalog {
    pub(super) fn function(&self, row: &Function) -> model::Function {
        let mut settings: Vec<String> = row.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        settings.sort();
        model::Function {
            id: self.id_of(row),
            kind: row.kind,
            owner: self.role_name(row.owner),
            acl: self.acl(row.acl.as_ref(), Kind::Function, row.owner),
            parameters: row.parameters.iter().map(|p| self.argument(p)).collect(),
            returns: row.returns.as_ref().map(|t| self.type_name(t)).unwrap_or_default(),
            returns_set: row.returns_set,
            language: row.language.clone(),
            body: self.body(&row.body, &row.name),
            body_is_bound: row.body_is_bound,
            security_definer: row.security_definer,
            search_path: row.search_path.clone(),
            settings,
            volatility: row.volatility,
            leakproof: row.leakproof,
            strict: row.strict,
            extension: self.extension_name(row.extension),
            origin: row.origin,
        }
    }

    fn argument(&self, parameter: &Parameter) -> model::Argument {
        model::Argument {
            name: parameter.name.clone(),
            mode: parameter.mode,
            data_type: self.type_name(&parameter.data_type),
            default: parameter.default.as_ref().map(|code| self.text(code)),
        }
    }
}
