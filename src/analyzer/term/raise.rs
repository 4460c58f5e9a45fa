//! Whether evaluating a term raises an error.
//!
//! The server may evaluate the parts of AND and OR, and the conditions of a sub-select's rows, in any order: what may
//! raise counts as raising. Only CASE protects its branches.

use super::{Function, Id, Pick, Query, Term, Terms, Type, function};

/// In which order the parts of AND and OR are evaluated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Order {
    /// In some order.
    Any,
    /// In every order.
    Each,
}

/// The function that always raises.
const RAISE: &str = "raise";

impl Function {
    /// Whether it is the one that [`Terms::raise`] calls.
    pub(super) fn always_raises(&self) -> bool {
        &*self.name == RAISE
    }
}

impl Terms {
    /// An expression that always raises an error. It reads as NULL, which shows no row.
    pub fn raise(&mut self, data_type: Type) -> Id {
        self.intern(Term::Call(Function::unknown(RAISE).into(), Box::new([])), data_type, false)
    }

    /// Whether evaluating the term raises an error, or may where the order of evaluation is the server's choice.
    pub fn raises(&mut self, id: Id) -> Id {
        self.raises_in(id, Order::Any)
    }

    /// Whether it raises in whatever order AND and OR are evaluated.
    pub fn surely_raises(&mut self, id: Id) -> Id {
        self.raises_in(id, Order::Each)
    }

    fn raises_in(&mut self, id: Id, order: Order) -> Id {
        let expansion = self.raise_condition(id, order);
        if self.constant(expansion).is_some() {
            return self.is_true(expansion);
        }
        let expansion = self.is_true(expansion);
        self.intern(Term::Raises(id, expansion), Type::Bool, true)
    }

    fn raise_condition(&mut self, id: Id, order: Order) -> Id {
        if let Some(known) = self.raising.get(&(id, order)) {
            return *known;
        }
        let condition = self.work_out_raise(id, order);
        self.raising.insert((id, order), condition);
        condition
    }

    fn work_out_raise(&mut self, id: Id, order: Order) -> Id {
        match self.term(id).clone() {
            Term::Null | Term::Literal(_) | Term::Column(..) | Term::Claim(..) | Term::Setting(_) => {
                self.boolean(false)
            }
            Term::Opaque(number) => {
                let info = self.opaque_info(number).cloned();
                let (reason, depends) = info.map_or_else(Default::default, |i| (i.reason.to_string(), i.depends));
                self.opaque(&reason, Type::Bool, &depends)
            }
            Term::Call(function, args) => self.call_raises(&function, &args, id, order),
            Term::Case(branches, otherwise) => self.case_raises(&branches, otherwise, order),
            Term::Exists(query) | Term::Any(query) => self.query_raises(&[query], order),
            Term::Many(queries) => self.query_raises(&queries, order),
            Term::Scalar(queries, pick) => {
                let inner = self.query_raises(&queries, order);
                match pick {
                    Pick::Any => inner,
                    Pick::Only => {
                        let many = self.many(&queries);
                        self.or(&[inner, many])
                    }
                }
            }
            Term::Behind(done, value) => self.any_raises(&[done, value], order),
            Term::Raises(..) => self.boolean(false),
            Term::And(parts) if order == Order::Each => self.one_raises(&parts, false),
            Term::Or(parts) if order == Order::Each => self.one_raises(&parts, true),
            other => {
                let mut operands = Vec::new();
                other.operands(|operand| operands.push(operand));
                self.any_raises(&operands, order)
            }
        }
    }

    /// One part raises, and no other has the value that decides without it.
    fn one_raises(&mut self, parts: &[Id], decides: bool) -> Id {
        let mut each = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            let mut all = vec![self.raise_condition(*part, Order::Each)];
            for (_, other) in parts.iter().enumerate().filter(|(other, _)| *other != at) {
                let value = if decides { *other } else { self.not(*other) };
                let decided = self.is_true(value);
                all.push(self.not(decided));
            }
            each.push(self.and(&all));
        }
        self.or(&each)
    }

    fn any_raises(&mut self, all: &[Id], order: Order) -> Id {
        let each: Vec<_> = all.iter().map(|id| self.raise_condition(*id, order)).collect();
        self.or(&each)
    }

    fn call_raises(&mut self, function: &Function, args: &[Id], id: Id, order: Order) -> Id {
        let inner = self.any_raises(args, order);
        let name = &*function.name;
        let own = match (name.strip_prefix("::"), args) {
            // Text is cut or padded to its length, not refused.
            (Some(_), [_]) if self.type_of(id).is_text() || self.is_never_null(id) => self.boolean(false),
            (Some(_), [arg]) => {
                let (given, none) = (self.is_not_null(*arg), self.is_null(id));
                self.and(&[given, none])
            }
            _ if name == RAISE => self.boolean(true),
            _ if function::never_raises(name) => self.boolean(false),
            _ => {
                let function = Function { name: format!("an error of {name}").into(), strict: false, never_null: true };
                self.call(&function, args, Type::Bool)
            }
        };
        self.or(&[inner, own])
    }

    /// The first branch whose condition is TRUE is evaluated, and the conditions before it.
    fn case_raises(&mut self, branches: &[(Id, Id)], otherwise: Id, order: Order) -> Id {
        let mut result = self.raise_condition(otherwise, order);
        for (condition, value) in branches.iter().rev() {
            let (first, inner) = (self.raise_condition(*condition, order), self.raise_condition(*value, order));
            let chosen = self.choice_alone(&[(*condition, inner)], result);
            result = self.or(&[first, chosen]);
        }
        result
    }

    fn query_raises(&mut self, queries: &[Query], order: Order) -> Id {
        let mut each = Vec::new();
        for query in queries {
            let (condition, inner) =
                (self.raise_condition(query.condition, order), self.raise_condition(query.projection, order));
            let met = self.and(&[query.condition, inner]);
            for raises in [condition, met] {
                let projection = self.boolean(true);
                each.push(self.exists(&[Query { rows: query.rows.clone(), condition: raises, projection }]));
            }
        }
        self.or(&each)
    }
}
