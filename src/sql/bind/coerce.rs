//! Casts: which exist, in which context, and how each is done.

use super::type_facts::Sort;
use super::{Context, error};
use crate::sql::builtin;
use crate::sql::error::{ErrorKind, SqlError};
use crate::sql::tree::{CastMethod, Expr, Node};
use crate::sql::types::Type;

/// What a cast is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Form {
    /// Nobody asked.
    Implicit,
    /// A value is stored.
    Assignment,
    /// It was written.
    Explicit,
}

/// Types that stand for any type.
pub(super) const POLYMORPHIC: &[&str] = &[
    "anyelement",
    "anyarray",
    "anynonarray",
    "anyenum",
    "anyrange",
    "anymultirange",
    "anycompatible",
    "anycompatiblearray",
    "anycompatiblenonarray",
    "anycompatiblerange",
    "anycompatiblemultirange",
];

pub(super) fn is_polymorphic(of: &Type) -> bool {
    POLYMORPHIC.contains(&of.name())
}

impl Context<'_> {
    /// How a value of one type becomes one of another, if the context allows it; `None` inside is no work at all.
    pub(super) fn pathway(&self, from: &Type, to: &Type, form: Form) -> Option<CastMethod> {
        let (from, to) = (self.base_type(from).bare(), self.base_type(to).bare());
        if from == to {
            return Some(CastMethod::Binary);
        }
        if let Some(method) = self.declared_cast(&from, &to, form) {
            return method;
        }
        if let (Some(one), Some(other)) = (from.element(), to.element())
            && !matches!(to.name(), "int2vector" | "oidvector")
        {
            return self.pathway(&one, &other, form).map(|_| CastMethod::Array);
        }
        let text = form >= Form::Assignment && self.category(&to) == 'S'
            || form == Form::Explicit && self.category(&from) == 'S';
        text.then_some(CastMethod::Text)
    }

    /// A cast of `pg_cast`: `Some(None)` if there is one that the context does not allow.
    fn declared_cast(&self, from: &Type, to: &Type, form: Form) -> Option<Option<CastMethod>> {
        let (context, method) = match builtin::facts().casts.get(&(from.clone(), to.clone())) {
            Some(casts) => {
                let cast = casts.iter().find(|c| c.majors.contain(self.major))?;
                let method = match cast.method {
                    'b' => CastMethod::Binary,
                    'i' => CastMethod::Text,
                    _ => CastMethod::Function(cast.function.to_owned()),
                };
                (cast.context, method)
            }
            None => match citext_cast(from, to) {
                Some(cast) => cast,
                None => self.catalog.cast(from, to)?,
            },
        };
        let least = match context {
            'i' => Form::Implicit,
            'a' => Form::Assignment,
            _ => Form::Explicit,
        };
        Some((form >= least).then_some(method))
    }

    /// Whether a value of one type may be given where the other is wanted.
    pub(super) fn can_coerce(&self, from: &Type, to: &Type, form: Form) -> bool {
        if from.name() == to.name() || to.is("\"any\"") || is_polymorphic(to) || from.is("unknown") {
            return true;
        }
        if self.pathway(from, to, form).is_some() {
            return true;
        }
        let (from_row, to_row) = (self.is_composite(from), self.is_composite(to));
        from.is("record") && to_row
            || to.is("record") && from_row
            || to.is("record[]") && from.element().is_some_and(|e| self.is_composite(&e))
            || from_row && to_row && self.inherits(from, to)
    }

    /// Whether a row type is that of a child; the model does not say here, so no.
    fn inherits(&self, _from: &Type, _to: &Type) -> bool {
        false
    }

    /// The value as another type.
    pub(super) fn coerce(&mut self, expr: Expr, to: &Type, form: Form) -> Result<Expr, SqlError> {
        if to.is("\"any\"") || is_polymorphic(to) {
            // A constant without a type becomes text only where the function says so.
            return Ok(expr);
        }
        let base = self.base_type(to);
        let value = self.coerce_to_base(expr, &base, form)?;
        let value = self.fit_length(value, &base, form);
        if base.bare() == to.bare() || value.data_type.bare() == to.bare() {
            return Ok(value);
        }
        let range = value.range.clone();
        let node =
            Node::Cast { operand: Box::new(value), method: CastMethod::Domain, implicit: form != Form::Explicit };
        Ok(Expr { node, data_type: to.bare(), range })
    }

    fn coerce_to_base(&mut self, expr: Expr, to: &Type, form: Form) -> Result<Expr, SqlError> {
        let range = expr.range.clone();
        let target = to.bare();
        if expr.data_type.bare() == target {
            return Ok(expr);
        }
        if expr.data_type.is("unknown") {
            if let Node::Constant(Some(text)) = &expr.node {
                self.literal(text, &target, &range)?;
            }
            return Ok(retype(expr, to));
        }
        // A collation stays on top of a cast, and any row is a record.
        if let Node::Collate(operand, collation) = expr.node {
            let operand = self.coerce_to_base(*operand, to, form)?;
            let data_type = operand.data_type.clone();
            return Ok(Expr { node: Node::Collate(Box::new(operand), collation), data_type, range });
        }
        if target.is("record") && self.is_composite(&expr.data_type) {
            return Ok(expr);
        }
        let method = match self.pathway(&expr.data_type, &target, form) {
            Some(method) => method,
            None if self.can_coerce(&expr.data_type, &target, form) => CastMethod::Row,
            None => {
                let what = format!("`{}` can't be cast to `{to}` here", expr.data_type);
                return error(ErrorKind::Mismatch, &range, what);
            }
        };
        let node = Node::Cast { operand: Box::new(expr), method, implicit: form != Form::Explicit };
        Ok(Expr { node, data_type: target, range })
    }

    /// Cuts or pads to the length of the wanted type.
    fn fit_length(&self, expr: Expr, to: &Type, form: Form) -> Expr {
        if to.modifier().is_none() || expr.data_type.modifier() == to.modifier() {
            return expr;
        }
        let range = expr.range.clone();
        if let Node::Cast { operand, method, implicit } = expr.node {
            // One cast does both when it was asked for here.
            if !matches!(method, CastMethod::Length) && implicit == (form != Form::Explicit) {
                return Expr { node: Node::Cast { operand, method, implicit }, data_type: to.clone(), range };
            }
            let inner = Expr {
                node: Node::Cast { operand, method, implicit },
                data_type: expr.data_type,
                range: range.clone(),
            };
            let node =
                Node::Cast { operand: Box::new(inner), method: CastMethod::Length, implicit: form != Form::Explicit };
            return Expr { node, data_type: to.clone(), range };
        }
        let node = Node::Cast { operand: Box::new(expr), method: CastMethod::Length, implicit: form != Form::Explicit };
        Expr { node, data_type: to.clone(), range }
    }

    /// Casts to the type of what it is stored in.
    pub(super) fn assign(&mut self, expr: Expr, to: &Type) -> Result<Expr, SqlError> {
        self.coerce(expr, to, Form::Assignment)
    }

    /// A condition.
    pub(super) fn condition(&mut self, expr: Expr, clause: &str) -> Result<Expr, SqlError> {
        let boolean = Type::named("boolean");
        if !self.can_coerce(&expr.data_type, &boolean, Form::Assignment) {
            return error(
                ErrorKind::Mismatch,
                &expr.range,
                format!("{clause} must be boolean, not `{}`", expr.data_type),
            );
        }
        self.coerce(expr, &boolean, Form::Assignment)
    }

    /// A constant without a type is text when nothing asks for another.
    pub(super) fn settle(&mut self, expr: Expr) -> Result<Expr, SqlError> {
        if expr.data_type.is("unknown") { self.coerce(expr, &Type::named("text"), Form::Implicit) } else { Ok(expr) }
    }

    /// Whether values of a type are values of another without any work.
    pub(super) fn is_domain(&self, of: &Type) -> bool {
        matches!(self.sort(of), Sort::Domain(_))
    }
}

/// A constant, NULL or parameter without a type takes one.
fn retype(expr: Expr, to: &Type) -> Expr {
    let target = to.bare();
    let Expr { node, range, .. } = expr;
    let node = match node {
        Node::Constant(value) => Node::Constant(value),
        Node::Collate(inner, collation) => {
            let inner = retype(*inner, to);
            Node::Collate(Box::new(inner), collation)
        }
        other => {
            let operand = Box::new(Expr { node: other, data_type: Type::named("unknown"), range: range.clone() });
            Node::Cast { operand, method: CastMethod::Text, implicit: true }
        }
    };
    // Interval's input function alone obeys the modifier.
    let data_type = if to.is("interval") { to.clone() } else { target };
    Expr { node, data_type, range }
}

/// The casts of the extension citext.
fn citext_cast(from: &Type, to: &Type) -> Option<(char, CastMethod)> {
    let is_citext = |of: &Type| !of.is_array() && of.qualified().is_some_and(|n| n.name == "citext");
    match (from.name(), to.name()) {
        (_, "text" | "character varying") if is_citext(from) => Some(('i', CastMethod::Binary)),
        (_, "character") if is_citext(from) => Some(('a', CastMethod::Binary)),
        ("text" | "character varying", _) if is_citext(to) => Some(('a', CastMethod::Binary)),
        ("character" | "boolean" | "inet", _) if is_citext(to) => {
            Some(('a', CastMethod::Function("citext".to_owned())))
        }
        _ => None,
    }
}
