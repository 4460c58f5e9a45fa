//! Where a part of a PL/pgSQL body leads, and how its ways come together again.
//!
//! Ways that go on to the same statements are joined: a variable that they leave with different values gets one that is
//! a CASE of them, so that what follows is read once and not once a way.

use super::{Read, behind, unread};
use crate::sql::Type;
use crate::sql::bind::Scope;
use crate::sql::tree::{Expr, Node};

/// Where statements lead.
#[derive(Debug, Clone)]
pub(super) enum Flow {
    /// Out of the function, with a value; of a function that returns rows it means nothing.
    Out(Expr),
    /// To what follows, with the variables as they are then.
    On(Scope),
    /// To the first whose condition is TRUE, else to the last.
    Fork(Vec<(Expr, Flow)>, Box<Flow>),
    /// On after something was evaluated that may raise an error, whatever its value is.
    Behind(Expr, Box<Flow>),
}

impl Flow {
    /// The ways that go on, by their variables.
    pub(super) fn on(&self) -> Vec<&Scope> {
        match self {
            Self::Out(_) => Vec::new(),
            Self::On(scope) => vec![scope],
            Self::Fork(ways, last) => {
                let mut all: Vec<_> = ways.iter().flat_map(|(_, way)| way.on()).collect();
                all.extend(last.on());
                all
            }
            Self::Behind(_, next) => next.on(),
        }
    }

    /// Whether something is evaluated for its errors alone.
    pub(super) fn has_effects(&self) -> bool {
        match self {
            Self::Out(_) | Self::On(_) => false,
            Self::Fork(ways, last) => last.has_effects() || ways.iter().any(|(_, way)| way.has_effects()),
            Self::Behind(..) => true,
        }
    }

    /// Whether a way leaves the function.
    pub(super) fn may_leave(&self) -> bool {
        match self {
            Self::Out(_) => true,
            Self::On(_) => false,
            Self::Fork(ways, last) => last.may_leave() || ways.iter().any(|(_, way)| way.may_leave()),
            Self::Behind(_, next) => next.may_leave(),
        }
    }

    /// The flow with something else in the place of each way that goes on.
    pub(super) fn then(self, next: &mut dyn FnMut(Scope) -> Flow) -> Flow {
        match self {
            Self::Out(value) => Self::Out(value),
            Self::On(scope) => next(scope),
            Self::Fork(ways, last) => {
                let ways = ways.into_iter().map(|(when, way)| (when, way.then(next))).collect();
                Self::Fork(ways, Box::new(last.then(next)))
            }
            Self::Behind(done, inner) => Self::Behind(done, Box::new(inner.then(next))),
        }
    }

    /// As one expression of a type: what `out` makes of the value of a way that leaves, `on` of one that goes on.
    pub(super) fn value(
        &self,
        of: &Type,
        out: &dyn Fn(&Expr) -> Expr,
        on: &mut dyn FnMut(&Scope) -> Read<Expr>,
    ) -> Read<Expr> {
        match self {
            Self::Out(value) => Ok(out(value)),
            Self::On(scope) => on(scope),
            Self::Fork(ways, last) => {
                let mut branches = Vec::with_capacity(ways.len());
                for (when, way) in ways {
                    branches.push((when.clone(), way.value(of, out, on)?));
                }
                let otherwise = Box::new(last.value(of, out, on)?);
                let node = Node::Case { operand: None, branches, otherwise };
                Ok(Expr { node, data_type: of.clone(), range: 0..0 })
            }
            Self::Behind(done, next) => Ok(behind(done.clone(), next.value(of, out, on)?)),
        }
    }

    /// The value of a flow of which every way leaves.
    pub(super) fn whole(&self, of: &Type) -> Read<Expr> {
        self.value(of, &Expr::clone, &mut |_| unread("its body (no RETURN)"))
    }

    /// Whether it leaves, as a condition that is never NULL.
    pub(super) fn leaves(&self) -> Read<Expr> {
        self.value(&Type::named("boolean"), &|_| truth(true), &mut |_| Ok(truth(false)))
    }

    /// The variable of that name as the ways that go on have it; NULL on those that leave, where nobody looks.
    pub(super) fn variable(&self, name: &str, of: &Type) -> Read<Expr> {
        let null = Expr { node: Node::Constant(None), data_type: of.clone(), range: 0..0 };
        self.value(of, &|_| null.clone(), &mut |scope| match scope.place_of(name) {
            Some(at) => Ok(Expr { node: Node::Parameter(at), data_type: of.clone(), range: 0..0 }),
            None => unread("a variable of one way only"),
        })
    }
}

/// TRUE or FALSE.
fn truth(value: bool) -> Expr {
    Expr { node: Node::Constant(Some(value.to_string())), data_type: Type::named("boolean"), range: 0..0 }
}
