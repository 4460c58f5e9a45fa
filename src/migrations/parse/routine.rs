//! Routine signatures: argument lists as they stand in CREATE, GRANT, DROP, ALTER and COMMENT.

use super::cursor::{Cursor, Fragment, Result};
use super::types::TypeName;
use crate::migrations::lex::Kind;
use crate::migrations::names::Name;
use crate::model::ArgumentMode;

/// An argument.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameter {
    /// Its mode; `IN` if none is written.
    pub mode: ArgumentMode,
    /// Its name.
    pub name: Option<String>,
    /// Its type.
    pub data_type: TypeName,
    /// Its default.
    pub default: Option<Fragment>,
}

/// What a statement calls a routine: `f` is any one routine of that name, `f()` the one without arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The routine.
    pub name: Name,
    /// The arguments, if a list is written. The routine's identity are those that are not `OUT` or `TABLE`.
    pub arguments: Option<Vec<Parameter>>,
}

impl Cursor<'_> {
    /// `name` or `name(arguments)`.
    pub(crate) fn signature(&mut self) -> Result<Signature> {
        let name = self.name()?;
        let arguments = if self.is_punct(b'(') { Some(self.parameters()?) } else { None };
        Ok(Signature { name, arguments })
    }

    /// `name(arguments)` of an aggregate: `*` is no argument, and `ORDER BY` lists more.
    pub(crate) fn aggregate(&mut self) -> Result<Signature> {
        let name = self.name()?;
        self.expect_punct(b'(')?;
        if self.accept_operator("*") {
            self.expect_punct(b')')?;
            return Ok(Signature { name, arguments: Some(Vec::new()) });
        }
        let mut arguments = Vec::new();
        while !self.accept_punct(b')') {
            if !arguments.is_empty() && !self.accept("order by") {
                self.expect_punct(b',')?;
            } else {
                self.accept("order by");
            }
            arguments.push(self.parameter()?);
        }
        Ok(Signature { name, arguments: Some(arguments) })
    }

    /// `(mode name type default, ...)`
    pub(crate) fn parameters(&mut self) -> Result<Vec<Parameter>> {
        self.expect_punct(b'(')?;
        if self.accept_punct(b')') {
            return Ok(Vec::new());
        }
        let parameters = self.list(Self::parameter)?;
        self.expect_punct(b')')?;
        Ok(parameters)
    }

    pub(crate) fn parameter(&mut self) -> Result<Parameter> {
        let mut mode = self.mode();
        let mut name = None;
        if !self.is_bare_type() {
            name = Some(self.label()?);
            if mode.is_none() {
                mode = self.mode();
            }
        }
        let data_type = self.type_name()?;
        let ends = |c: &Self| c.is_punct(b',') || c.is_punct(b')');
        let default = (self.accept("default") || self.accept_operator("=") || self.accept_operator(":="))
            .then(|| self.until(ends));
        Ok(Parameter { mode: mode.unwrap_or(ArgumentMode::In), name, data_type, default })
    }

    /// Whether what comes next is a type that ends the argument, so that no name stands before it.
    fn is_bare_type(&self) -> bool {
        let mut probe = self.clone();
        if probe.type_name().is_err() {
            return false;
        }
        let sign = |t: crate::migrations::lex::Token| t.kind == Kind::Operator && matches!(probe.raw(t), "=" | ":=");
        probe.at_end()
            || probe.is_punct(b',')
            || probe.is_punct(b')')
            || probe.is("default")
            || probe.is("order")
            || probe.peek().is_some_and(sign)
    }

    fn mode(&mut self) -> Option<ArgumentMode> {
        // `out` and `inout` may also be a type's or an argument's name, but nobody calls them so.
        let mode = match () {
            () if self.accept("in out") || self.accept("inout") => ArgumentMode::InOut,
            () if self.accept("in") => ArgumentMode::In,
            () if self.accept("out") => ArgumentMode::Out,
            () if self.accept("variadic") => ArgumentMode::Variadic,
            () => return None,
        };
        Some(mode)
    }
}
