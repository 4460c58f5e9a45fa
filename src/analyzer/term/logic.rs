//! Constants and the connectives of three-valued logic.

use super::{Id, NoValue, Term, Terms, Type, Value};

/// How deep in a value it is looked for what is evaluated anyway.
const NEAR: usize = 8;

impl Terms {
    /// NULL of a type.
    pub fn null(&mut self, data_type: Type) -> Id {
        self.intern(Term::Null, data_type, false)
    }

    /// TRUE or FALSE.
    pub fn boolean(&mut self, value: bool) -> Id {
        self.intern(Term::Literal(Value::Bool(value)), Type::Bool, true)
    }

    /// A constant.
    pub fn literal(&mut self, value: Value, data_type: Type) -> Id {
        self.intern(Term::Literal(value), data_type, true)
    }

    /// A constant of type `text`.
    pub fn text(&mut self, value: &str) -> Id {
        self.literal(value.into(), Type::Text)
    }

    /// A constant of type `int4`, or `int8` where that is too small.
    pub fn integer(&mut self, value: i64) -> Id {
        let data_type = if i32::try_from(value).is_ok() { Type::Int4 } else { Type::Int8 };
        self.literal(Value::Int(value), data_type)
    }

    /// A literal as its type's input function reads it: NULL where that raises, opaque where it is not modelled.
    pub fn parse(&mut self, text: &str, data_type: &Type) -> Id {
        match Value::parse(text, data_type) {
            Ok(value) => self.literal(value, data_type.clone()),
            Err(NoValue::Invalid) => self.null(data_type.clone()),
            Err(NoValue::Unmodelled) => {
                let text = self.text(text);
                self.call(&super::Function::strict(&format!("input of {data_type}")), &[text], data_type.clone())
            }
        }
    }

    /// The value of a boolean constant: `Some(None)` is NULL.
    #[must_use]
    pub fn constant(&self, id: Id) -> Option<Option<bool>> {
        match self.term(id) {
            Term::Literal(Value::Bool(b)) => Some(Some(*b)),
            Term::Null => Some(None),
            _ => None,
        }
    }

    /// NOT.
    pub fn not(&mut self, x: Id) -> Id {
        match (self.constant(x), self.term(x)) {
            (Some(Some(b)), _) => self.boolean(!b),
            (Some(None), _) => x,
            (_, Term::Not(inner)) => *inner,
            _ => self.intern(Term::Not(x), Type::Bool, self.is_never_null(x)),
        }
    }

    /// AND; of none TRUE.
    pub fn and(&mut self, all: &[Id]) -> Id {
        self.connect(all, true)
    }

    /// OR; of none FALSE.
    pub fn or(&mut self, all: &[Id]) -> Id {
        self.connect(all, false)
    }

    /// `neutral` is the value that changes nothing; its opposite decides.
    fn connect(&mut self, all: &[Id], neutral: bool) -> Id {
        let mut parts = Vec::new();
        for id in all {
            match (self.term(*id), neutral) {
                (Term::And(inner), true) | (Term::Or(inner), false) => parts.extend(inner.iter().copied()),
                _ => parts.push(*id),
            }
        }
        parts.sort_unstable();
        parts.dedup();
        if parts.iter().any(|p| self.constant(*p) == Some(Some(!neutral))) {
            return self.boolean(!neutral);
        }
        parts.retain(|p| self.constant(*p) != Some(Some(neutral)));
        match parts.as_slice() {
            [] => self.boolean(neutral),
            [one] => *one,
            _ => {
                let never_null = parts.iter().all(|p| self.is_never_null(*p));
                let parts = parts.into_boxed_slice();
                let term = if neutral { Term::And(parts) } else { Term::Or(parts) };
                self.intern(term, Type::Bool, never_null)
            }
        }
    }

    /// `IS NULL`. Of a row it is true only if all its fields are NULL, which is not modelled.
    pub fn is_null(&mut self, x: Id) -> Id {
        if self.is_never_null(x) {
            // What it is made of may raise an error all the same.
            let no = self.boolean(false);
            return self.behind(x, no);
        }
        match self.term(x) {
            Term::Null => self.boolean(true),
            Term::Not(inner) => {
                let inner = *inner;
                self.is_null(inner)
            }
            _ if self.type_of(x).may_be_row() => self.row_test("row is null", x),
            _ => self.intern(Term::IsNull(x), Type::Bool, true),
        }
    }

    /// `IS NOT NULL`. Of a row it is true only if none of its fields is NULL: not the opposite of `IS NULL`.
    pub fn is_not_null(&mut self, x: Id) -> Id {
        if self.type_of(x).may_be_row() && *self.term(x) != Term::Null {
            return self.row_test("row is not null", x);
        }
        let null = self.is_null(x);
        self.not(null)
    }

    fn row_test(&mut self, name: &str, x: Id) -> Id {
        self.call(&super::Function { name: name.into(), strict: false, never_null: true }, &[x], Type::Bool)
    }

    /// `IS TRUE`; `IS FALSE` is that of NOT, `IS UNKNOWN` is [`Self::is_null`].
    pub fn is_true(&mut self, x: Id) -> Id {
        match self.constant(x) {
            Some(None) => self.boolean(false),
            _ if self.is_never_null(x) => x,
            _ => self.intern(Term::IsTrue(x), Type::Bool, true),
        }
    }

    /// `CASE WHEN c THEN v ... ELSE otherwise END`. `CASE x WHEN y` is that with `x = y`. A condition that chooses between
    /// the same values is still evaluated.
    pub fn case(&mut self, branches: &[(Id, Id)], otherwise: Id) -> Id {
        self.choice(branches, otherwise, Self::behind)
    }

    /// CASE of conditions whose errors are told apart from it.
    pub(crate) fn choice_alone(&mut self, branches: &[(Id, Id)], otherwise: Id) -> Id {
        self.choice(branches, otherwise, |_, _, value| value)
    }

    /// CASE; `without` gives the value behind a condition that does not matter to it.
    fn choice(&mut self, branches: &[(Id, Id)], otherwise: Id, without: fn(&mut Self, Id, Id) -> Id) -> Id {
        let mut kept: Vec<(Id, Id)> = Vec::new();
        let mut last = otherwise;
        for (condition, value) in branches {
            match self.constant(*condition) {
                Some(Some(true)) => {
                    last = *value;
                    break;
                }
                Some(_) => {}
                None => kept.push((*condition, *value)),
            }
        }
        while let Some((condition, _)) = kept.pop_if(|(_, value)| *value == last) {
            last = without(self, condition, last);
        }
        if kept.is_empty() {
            return last;
        }
        let never_null = self.is_never_null(last) && kept.iter().all(|(_, v)| self.is_never_null(*v));
        let typed = kept.iter().map(|(_, v)| *v).chain([last]).find(|v| *self.term(*v) != Term::Null);
        let data_type = self.type_of(typed.unwrap_or(last)).clone();
        self.intern(Term::Case(kept.into_boxed_slice(), last), data_type, never_null)
    }

    /// A value after something was evaluated that may raise an error: the value alone if that raises none, or if whoever
    /// evaluates the value evaluates it anyway.
    pub(crate) fn behind(&mut self, done: Id, value: Id) -> Id {
        let raises = self.raises(done);
        if self.constant(raises) == Some(Some(false)) || self.evaluates(value, done, NEAR) {
            return value;
        }
        let (data_type, never_null) = (self.type_of(value).clone(), self.is_never_null(value));
        self.intern(Term::Behind(done, value), data_type, never_null)
    }

    /// Whether evaluating a term evaluates another one first or in every case, as far as its form tells at that depth.
    fn evaluates(&self, whole: Id, part: Id, depth: usize) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        if whole == part {
            return true;
        }
        let term = self.term(whole);
        match term {
            Term::Case(branches, _) => branches.first().is_some_and(|(first, _)| self.evaluates(*first, part, depth)),
            // Which of them are evaluated is the server's choice; a strict function's arguments all are.
            Term::And(_) | Term::Or(_) | Term::Raises(..) => false,
            _ => {
                let mut found = false;
                term.operands(|operand| found = found || self.evaluates(operand, part, depth));
                found
            }
        }
    }

    /// COALESCE.
    pub fn coalesce(&mut self, all: &[Id]) -> Id {
        let Some((last, first)) = all.split_last() else { return self.null(Type::Text) };
        let mut branches = Vec::new();
        for x in first {
            let there = self.is_not_null(*x);
            branches.push((there, *x));
        }
        self.case(&branches, *last)
    }

    /// NULLIF.
    pub fn nullif(&mut self, a: Id, b: Id) -> Id {
        let equal = self.equal(a, b);
        let null = self.null(self.type_of(a).clone());
        self.case(&[(equal, null)], a)
    }
}
