//! Comparisons.

use super::{Function, Id, Term, Terms, Type, Value};

impl Terms {
    /// `=`. Nothing is assumed of it for types where it may be no equivalence.
    pub fn equal(&mut self, a: Id, b: Id) -> Id {
        if let Some(null) = self.null_operand(a, b) {
            return null;
        }
        if !self.type_of(a).equates_with(self.type_of(b)) {
            return self.operator("=", a, b);
        }
        if let (Term::Literal(x), Term::Literal(y)) = (self.term(a), self.term(b))
            && let Some(equal) = x.equals(y)
        {
            return self.boolean(equal);
        }
        if a == b && self.is_never_null(a) {
            return self.boolean(true);
        }
        for (x, literal) in [(a, b), (b, a)] {
            if let Some(simple) = self.equal_to_printed(x, literal).or_else(|| self.equal_to_boolean(x, literal)) {
                return simple;
            }
        }
        let never_null = self.is_never_null(a) && self.is_never_null(b);
        self.intern(Term::Equal(a.min(b), a.max(b)), Type::Bool, never_null)
    }

    /// `x::text = 'literal'` of a type that reads back what it prints: a comparison of `x` itself.
    fn equal_to_printed(&mut self, x: Id, literal: Id) -> Option<Id> {
        let Term::Literal(Value::Text(text)) = self.term(literal) else { return None };
        let inner = self.printed(x)?;
        // Numbers that are equal print differently: 1.0 and 1.00.
        let data_type = Some(self.type_of(inner).clone()).filter(Type::equality_is_identity)?;
        let value = Value::parse(text, &data_type);
        let same =
            |v: &Value| super::cast(v, &data_type, &Type::Text).ok().flatten() == Some(Value::Text(text.clone()));
        match value {
            Ok(value) if same(&value) => {
                let value = self.literal(value, data_type);
                Some(self.equal(inner, value))
            }
            Err(super::NoValue::Unmodelled) => None,
            _ => Some(self.false_unless_null(inner)),
        }
    }

    /// `b = true` is `b`.
    fn equal_to_boolean(&mut self, x: Id, literal: Id) -> Option<Id> {
        match self.term(literal) {
            Term::Literal(Value::Bool(true)) => Some(x),
            Term::Literal(Value::Bool(false)) => Some(self.not(x)),
            _ => None,
        }
    }

    /// FALSE, or NULL where `x` is.
    pub fn false_unless_null(&mut self, x: Id) -> Id {
        let (is_null, null, no) = (self.is_null(x), self.null(Type::Bool), self.boolean(false));
        self.case(&[(is_null, null)], no)
    }

    /// `<>`.
    pub fn not_equal(&mut self, a: Id, b: Id) -> Id {
        let equal = self.equal(a, b);
        self.not(equal)
    }

    /// `<`; `>` is that with the operands swapped.
    pub fn less(&mut self, a: Id, b: Id) -> Id {
        self.order(a, b, false)
    }

    /// `<=`.
    pub fn less_equal(&mut self, a: Id, b: Id) -> Id {
        self.order(a, b, true)
    }

    fn order(&mut self, a: Id, b: Id, or_equal: bool) -> Id {
        if let Some(null) = self.null_operand(a, b) {
            return null;
        }
        let (left, right) = (self.type_of(a), self.type_of(b));
        if !left.equates_with(right) || !left.is_ordered() || !right.is_ordered() {
            return self.operator(if or_equal { "<=" } else { "<" }, a, b);
        }
        if let (Term::Literal(x), Term::Literal(y)) = (self.term(a), self.term(b))
            && let Some(order) = x.compare(y)
        {
            return self.boolean(order.is_lt() || (or_equal && order.is_eq()));
        }
        if a == b && self.is_never_null(a) {
            return self.boolean(or_equal);
        }
        let never_null = self.is_never_null(a) && self.is_never_null(b);
        let term = if or_equal { Term::LessEqual(a, b) } else { Term::Less(a, b) };
        self.intern(term, Type::Bool, never_null)
    }

    /// `BETWEEN`.
    pub fn between(&mut self, x: Id, low: Id, high: Id) -> Id {
        let (above, below) = (self.less_equal(low, x), self.less_equal(x, high));
        self.and(&[above, below])
    }

    /// `x IN (a, b, ...)` and `x = ANY (ARRAY[a, b, ...])`.
    pub fn in_list(&mut self, x: Id, list: &[Id]) -> Id {
        let mut each = Vec::new();
        for item in list {
            each.push(self.equal(x, *item));
        }
        self.or(&each)
    }

    /// `IS NOT DISTINCT FROM`.
    pub fn not_distinct(&mut self, a: Id, b: Id) -> Id {
        if a == b {
            return self.boolean(true);
        }
        for (x, y) in [(a, b), (b, a)] {
            if *self.term(x) == Term::Null && !self.type_of(y).may_be_row() {
                return self.is_null(y);
            }
        }
        if !self.type_of(a).equates_with(self.type_of(b)) {
            let name = format!("is not distinct({}, {})", self.type_of(a), self.type_of(b));
            return self.call(&Function { name: name.into(), strict: false, never_null: true }, &[a, b], Type::Bool);
        }
        if self.is_never_null(a) && self.is_never_null(b) {
            return self.equal(a, b);
        }
        self.intern(Term::NotDistinct(a.min(b), a.max(b)), Type::Bool, true)
    }

    /// NULL if an operand of a strict operator is.
    fn null_operand(&mut self, a: Id, b: Id) -> Option<Id> {
        [a, b].iter().any(|x| *self.term(*x) == Term::Null).then(|| self.null(Type::Bool))
    }

    fn operator(&mut self, operator: &str, a: Id, b: Id) -> Id {
        self.call(&Function::strict(operator), &[a, b], Type::Bool)
    }
}
