//! Functions, procedures and aggregates of the catalog.

use super::Id;
use super::acl::Acl;
use super::code::Code;
use super::types::TypeRef;
use crate::model::{ArgumentMode, FunctionKind, Origin, Volatility};

#[derive(Debug, Clone)]
pub(crate) struct Function {
    pub(crate) schema: Id,
    pub(crate) name: String,
    pub(crate) kind: FunctionKind,
    pub(crate) owner: Id,
    pub(crate) acl: Option<Acl>,
    pub(crate) parameters: Vec<Parameter>,
    /// `None` for a procedure without OUT parameters.
    pub(crate) returns: Option<TypeRef>,
    pub(crate) returns_set: bool,
    pub(crate) language: String,
    pub(crate) body: Code,
    pub(crate) body_is_bound: bool,
    pub(crate) security_definer: bool,
    pub(crate) search_path: Option<String>,
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) volatility: Volatility,
    pub(crate) leakproof: bool,
    pub(crate) strict: bool,
    pub(crate) extension: Option<Id>,
    pub(crate) origin: Origin,
}

impl Function {
    /// One of which only this is said.
    pub(crate) fn new(schema: Id, name: &str, kind: FunctionKind, owner: Id, language: &str, body: Code) -> Self {
        Self {
            schema,
            name: name.to_owned(),
            kind,
            owner,
            acl: None,
            parameters: Vec::new(),
            returns: None,
            returns_set: false,
            language: language.to_owned(),
            body,
            body_is_bound: false,
            security_definer: false,
            search_path: None,
            settings: Vec::new(),
            volatility: Volatility::Volatile,
            leakproof: false,
            strict: false,
            extension: None,
            origin: Origin::Catalog,
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Parameter {
    pub(crate) name: Option<String>,
    pub(crate) mode: ArgumentMode,
    pub(crate) data_type: TypeRef,
    pub(crate) default: Option<Code>,
}

impl Parameter {
    pub(crate) fn is_input(&self) -> bool {
        !matches!(self.mode, ArgumentMode::Out | ArgumentMode::Table)
    }
}
