//! Random terms over the tables of [`super::world`].

use pgwitness::analyzer::term::{Access, Function, Id, Pick, Query, Row, Terms, Type};

use super::choice::Choice;
use super::world::{COLUMNS, mood, pool, table};

/// What is generated.
#[derive(Clone, Copy)]
pub(super) struct Mix {
    /// Sub-selects inside each other.
    pub(super) depth: usize,
    /// Whether there are functions and the types that only they need, else only what policies are mostly made of.
    pub(super) rich: bool,
}

pub(super) struct Generator<'a> {
    pub(super) terms: &'a mut Terms,
    pub(super) c: Choice,
    pub(super) mix: Mix,
    /// The row variables in scope.
    pub(super) scope: Vec<Row>,
    /// The tables that sub-selects read.
    pub(super) tables: &'static [&'static str],
}

impl Generator<'_> {
    fn types(&self) -> Vec<Type> {
        let mut types = vec![Type::Uuid, Type::Uuid, Type::Text, Type::Int4];
        if self.mix.rich {
            types.extend([Type::Numeric, Type::Timestamp, Type::Date, mood(), Type::Bool, Type::Int8, Type::Jsonb]);
            types.push(Type::Array(Type::Text.into()));
        }
        types
    }

    /// A condition of about `size` parts.
    pub(super) fn condition(&mut self, size: usize, depth: usize) -> Id {
        if size <= 1 {
            return self.atom(depth);
        }
        match self.c.below(if self.mix.rich { 9 } else { 7 }) {
            0..3 => {
                let (a, b) = (self.condition(size / 2, depth), self.condition(size - size / 2, depth));
                self.terms.and(&[a, b])
            }
            3..6 => {
                let (a, b) = (self.condition(size / 2, depth), self.condition(size - size / 2, depth));
                self.terms.or(&[a, b])
            }
            6 => {
                let a = self.condition(size - 1, depth);
                self.terms.not(a)
            }
            7 => {
                let a = self.condition(size - 1, depth);
                if self.c.chance(50) { self.terms.is_true(a) } else { self.terms.is_null(a) }
            }
            _ => {
                let (a, b) = (self.condition(1, depth), self.condition(size / 2, depth));
                let otherwise = self.condition(1, depth);
                self.terms.case(&[(a, b)], otherwise)
            }
        }
    }

    fn atom(&mut self, depth: usize) -> Id {
        if depth > 0 && self.c.chance(35) {
            return self.sub_select(depth - 1);
        }
        let types = self.types();
        let t = self.c.pick(&types);
        match self.c.below(if self.mix.rich { 16 } else { 10 }) {
            0..5 => {
                let (a, b) = (self.value(&t, depth), self.value(&t, depth));
                if self.c.chance(75) { self.terms.equal(a, b) } else { self.terms.not_equal(a, b) }
            }
            5 | 6 => {
                let a = self.column(&t);
                if self.c.chance(50) { self.terms.is_null(a) } else { self.terms.is_not_null(a) }
            }
            7 => {
                let t = self.c.pick(&[Type::Int4, Type::Int4, Type::Uuid]);
                let (a, b) = (self.value(&t, depth), self.value(&t, depth));
                if self.c.chance(50) { self.terms.less(a, b) } else { self.terms.less_equal(a, b) }
            }
            8 => {
                let a = self.value(&t, depth);
                let list: Vec<_> = (0..1 + self.c.below(3)).map(|_| self.literal(&t)).collect();
                self.terms.in_list(a, &list)
            }
            9 => {
                let (a, b) = (self.value(&t, depth), self.value(&t, depth));
                self.terms.not_distinct(a, b)
            }
            10 => {
                let (a, b) = (self.value(&Type::Text, depth), self.value(&Type::Array(Type::Text.into()), depth));
                self.terms.in_array(a, b)
            }
            11 => {
                let a = self.value(&Type::Text, depth);
                let pattern = self.c.pick(&["a%", "%b", "_", "%/%", ""]);
                let pattern = self.terms.text(pattern);
                self.terms.call(&Function::strict("like"), &[a, pattern], Type::Bool)
            }
            12 => self.column(&Type::Bool),
            // Conditions as values, also inside of sub-selects.
            13 => {
                let (a, b) = (self.condition(1, depth), self.condition(1, 0));
                if self.c.chance(50) { self.terms.equal(a, b) } else { self.terms.not_distinct(a, b) }
            }
            14 => {
                let t = self.c.pick(&[Type::Numeric, Type::Bool, Type::Int4, Type::Int8, mood(), Type::Jsonb]);
                let x = self.column(&t);
                let printed = self.terms.cast(x, &Type::Text);
                let text = self.c.pick(&["1", "1.0", "1.50", "01", "true", "t", "ok", "null"]);
                let text = self.terms.text(text);
                self.terms.equal(printed, text)
            }
            _ => {
                let t = self.c.pick(&[Type::Numeric, Type::Timestamp, Type::Date, mood(), Type::Int8]);
                let (a, b) = (self.value(&t, depth), self.value(&t, depth));
                if self.c.chance(50) { self.terms.less(a, b) } else { self.terms.less_equal(a, b) }
            }
        }
    }

    fn sub_select(&mut self, depth: usize) -> Id {
        let types = self.types();
        let t = self.c.pick(&types);
        match self.c.below(8) {
            0..3 => {
                let query = self.query(depth, &Type::Bool);
                self.terms.exists(&[query])
            }
            3..6 => {
                let x = self.value(&t, 0);
                let query = self.query(depth, &t);
                let found = self.terms.in_query(x, &[query]);
                if self.c.chance(25) { self.terms.not(found) } else { found }
            }
            6 => {
                let query = self.query(depth, &Type::Bool);
                if self.c.chance(50) { self.terms.any(&[query]) } else { self.terms.all(&[query]) }
            }
            _ => {
                let query = self.query(depth, &Type::Bool);
                let found = self.terms.exists(&[query]);
                self.terms.not(found)
            }
        }
    }

    fn query(&mut self, depth: usize, projection: &Type) -> Query {
        let count = if self.c.chance(15) { 2 } else { 1 };
        let rows: Vec<_> = (0..count).map(|_| self.terms.row(&table(self.c.pick(self.tables)), "x")).collect();
        self.scope.extend(&rows);
        let size = 1 + self.c.below(3);
        let condition = self.condition(size, depth);
        let projection = if *projection == Type::Bool { self.condition(1, 0) } else { self.value(projection, 0) };
        self.scope.truncate(self.scope.len() - rows.len());
        Query { rows: rows.into(), condition, projection }
    }

    /// A column of a row in scope, of the innermost one mostly.
    fn column(&mut self, t: &Type) -> Id {
        let at = if self.c.chance(60) { self.scope.len() - 1 } else { self.c.below(self.scope.len()) };
        let row = self.scope[at];
        let fitting: Vec<_> = COLUMNS.iter().filter(|(_, of, _)| of == t).collect();
        let (name, t, nullable) = self.c.pick(&fitting);
        self.terms.column(row, name, t.clone(), *nullable)
    }

    pub(super) fn literal(&mut self, t: &Type) -> Id {
        if self.c.chance(4) {
            return self.terms.null(t.clone());
        }
        let text = self.c.pick(pool(t));
        self.terms.parse(text, t)
    }

    pub(super) fn value(&mut self, t: &Type, depth: usize) -> Id {
        match self.c.below(12) {
            0..6 => self.column(t),
            6 | 7 => self.literal(t),
            8 | 9 => self.claim(t),
            10 if depth > 0 && self.mix.rich => {
                let query = self.query(depth - 1, t);
                self.terms.scalar(&[query], if self.c.chance(70) { Pick::Only } else { Pick::Any })
            }
            _ if self.mix.rich => self.call(t, depth),
            _ => self.column(t),
        }
    }

    fn claim(&mut self, t: &Type) -> Id {
        match t {
            Type::Uuid => {
                let sub = self.terms.claim(&["sub"], Access::Text);
                self.terms.cast(sub, &Type::Uuid)
            }
            Type::Text => match self.c.below(4) {
                0 => self.terms.claim(&["role"], Access::Text),
                1 => self.terms.claim(&["app_metadata", "org"], Access::Text),
                2 if self.mix.rich => self.terms.setting("app.tenant"),
                _ => self.terms.claim(&["sub"], Access::Text),
            },
            Type::Int4 => {
                let n = self.terms.claim(&["n"], Access::Text);
                self.terms.cast(n, &Type::Int4)
            }
            Type::Jsonb => {
                let path = self.c.pick(&["app_metadata", "n"]);
                self.terms.claim(&[path], Access::Json)
            }
            _ => self.column(t),
        }
    }

    fn call(&mut self, t: &Type, depth: usize) -> Id {
        if self.c.chance(40) {
            let (a, b) = (self.value(t, 0), self.value(t, 0));
            return match self.c.below(3) {
                0 => self.terms.coalesce(&[a, b]),
                1 if t.equates_with(t) => self.terms.nullif(a, b),
                _ => {
                    let condition = self.condition(1, depth.min(1));
                    self.terms.case(&[(condition, a)], b)
                }
            };
        }
        match t {
            Type::Text => self.text_call(),
            Type::Uuid => {
                let text = self.value(&Type::Text, 0);
                self.terms.cast(text, &Type::Uuid)
            }
            Type::Int4 => {
                let (a, one) = (self.value(&Type::Int4, 0), self.terms.integer(1));
                self.terms.call(&Function::strict("+"), &[a, one], Type::Int4)
            }
            Type::Int8 => self.value(&Type::Int4, 0),
            Type::Numeric => {
                let n = self.value(&Type::Int4, 0);
                self.terms.cast(n, &Type::Numeric)
            }
            Type::Array(_) => {
                let s = self.column(&Type::Text);
                let function = Function { name: "storage.foldername".into(), strict: true, never_null: false };
                self.terms.call(&function, &[s], t.clone())
            }
            Type::Jsonb => {
                let (j, key) = (self.column(&Type::Jsonb), self.c.pick(&["role", "b", "x"]));
                self.terms.json_field(j, key, Access::Json)
            }
            _ => self.column(t),
        }
    }

    fn text_call(&mut self) -> Id {
        match self.c.below(6) {
            0 => {
                let s = self.value(&Type::Text, 0);
                let name = self.c.pick(&["lower", "upper"]);
                self.terms.call(&Function::strict(name), &[s], Type::Text)
            }
            1 => {
                let (a, b) = (self.value(&Type::Text, 0), self.value(&Type::Text, 0));
                self.terms.call(&Function::strict("||"), &[a, b], Type::Text)
            }
            2 => {
                let j = self.column(&Type::Jsonb);
                self.terms.json_field(j, "role", Access::Text)
            }
            3 => {
                let (array, one) = (self.column(&Type::Array(Type::Text.into())), self.terms.integer(1));
                let function = Function { name: "[]".into(), strict: true, never_null: false };
                self.terms.call(&function, &[array, one], Type::Text)
            }
            _ => {
                let t = self.c.pick(&[Type::Uuid, Type::Int4, mood(), Type::Bool, Type::Numeric]);
                let x = self.value(&t, 0);
                self.terms.cast(x, &Type::Text)
            }
        }
    }
}
