//! Function calls, casts and access to JSON.

use std::sync::Arc;

use super::{Access, CLAIMS, Id, NoResult, Term, Terms, Type, Value};

/// A function of its arguments: equal arguments of types whose equality is identity give equal results.
///
/// It must be deterministic while one statement runs: IMMUTABLE, STABLE, or proved to be. Of a VOLATILE function each
/// call is an opaque term.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Function {
    /// What tells it from any other of the same argument types: the schema and name (`pg_catalog` left out), the
    /// operator, and for one that reads tables the role whose rights it reads them with.
    pub name: Arc<str>,
    /// NULL for a NULL argument.
    pub strict: bool,
    /// Never NULL, for a strict one unless an argument is.
    pub never_null: bool,
}

/// What stands between the name of a function whose body is not read and why it is not.
const UNREAD: &str = ", for ";

impl Function {
    /// One whose body is not read, for that reason.
    pub(crate) fn unread(name: &str, reason: &str, strict: bool) -> Self {
        Self { name: format!("{name}{UNREAD}{reason}").into(), strict, never_null: false }
    }

    /// Whether its body is not read, so that it may read anything.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.name.contains(UNREAD)
    }

    /// One that is NULL for a NULL argument and never NULL else; most built-in ones are.
    #[must_use]
    pub fn strict(name: &str) -> Self {
        Self { name: name.into(), strict: true, never_null: true }
    }

    /// One of which only determinism is known.
    #[must_use]
    pub fn unknown(name: &str) -> Self {
        Self { name: name.into(), strict: false, never_null: false }
    }
}

/// The prefix of the names of casts; the target type follows.
const CAST: &str = "::";

impl Terms {
    /// A call. Constant arguments of a function that is modelled are folded.
    pub fn call(&mut self, function: &Function, args: &[Id], returns: Type) -> Id {
        if function.strict && args.iter().any(|a| *self.term(*a) == Term::Null) {
            return self.null(returns);
        }
        if let Some(folded) = self.fold(&function.name, args, &returns) {
            return folded;
        }
        let never_null = function.never_null && (!function.strict || args.iter().all(|a| self.is_never_null(*a)));
        self.intern(Term::Call(Arc::new(function.clone()), args.into()), returns, never_null)
    }

    fn fold(&mut self, name: &str, args: &[Id], returns: &Type) -> Option<Id> {
        if *returns == Type::Json {
            // It keeps its spelling, which the value does not tell.
            return None;
        }
        let mut values = Vec::new();
        for arg in args {
            let Term::Literal(value) = self.term(*arg) else { return None };
            values.push((value.clone(), self.type_of(*arg).clone()));
        }
        match super::apply(name, &values, returns) {
            Ok(Some(value)) => Some(self.literal(value, returns.clone())),
            Ok(None) => Some(self.null(returns.clone())),
            Err(NoResult::Raises) => Some(self.raise(returns.clone())),
            Err(NoResult::Unmodelled) => None,
        }
    }

    /// A cast without a type modifier. One with a modifier (`varchar(3)`, `numeric(4,2)`, `char(n)`) is a strict
    /// function of the value: `call(&Function::strict("::character varying(3)"), ..)`.
    pub fn cast(&mut self, x: Id, to: &Type) -> Id {
        let from = self.type_of(x).clone();
        if *self.term(x) == Term::Null {
            return self.null(to.clone());
        }
        if from == *to || is_free(&from, to) {
            return x;
        }
        if matches!(to, Type::Json | Type::Jsonb) && self.is_claims_text(x) {
            return self.claim(&[], Access::Json);
        }
        // Read back what was printed, also through `varchar`.
        if from.is_text()
            && let Some(inner) = self.printed(x)
            && self.type_of(inner) == to
        {
            return inner;
        }
        if let Term::Case(branches, otherwise) = self.term(x) {
            let (branches, otherwise) = (branches.clone(), *otherwise);
            let cast: Vec<_> = branches.iter().map(|(c, v)| (*c, self.cast(*v, to))).collect();
            let otherwise = self.cast(otherwise, to);
            return self.case(&cast, otherwise);
        }
        if let Term::Behind(done, value) = self.term(x) {
            let (done, value) = (*done, *value);
            let cast = self.cast(value, to);
            return self.behind(done, cast);
        }
        // Only printing never fails.
        let function = Function {
            name: format!("{CAST}{to}").into(),
            strict: true,
            never_null: to.is_text() || widens(&from, to),
        };
        self.call(&function, &[x], to.clone())
    }

    /// What `x` is the text of, if it is `y::text` of a type that reads back the same.
    pub(crate) fn printed(&self, x: Id) -> Option<Id> {
        let Term::Call(function, args) = self.term(x) else { return None };
        let [inner] = args[..] else { return None };
        let reads_back = matches!(
            self.type_of(inner),
            Type::Uuid | Type::Int2 | Type::Int4 | Type::Int8 | Type::Numeric | Type::Bool | Type::Enum(_)
        );
        (reads_back && self.type_of(x).is_text() && &*function.name == "::text").then_some(inner)
    }

    /// Whether `x` is `of`, cast or not.
    pub(crate) fn is_cast_of(&self, x: Id, of: Id) -> bool {
        let is_cast = |f: &Function| f.name.starts_with(CAST);
        x == of || matches!(self.term(x), Term::Call(f, args) if is_cast(f) && args[..] == [of])
    }

    /// A claim, by its path of object keys.
    pub fn claim(&mut self, path: &[&str], access: Access) -> Id {
        let path = path.iter().map(|s| Arc::from(*s)).collect();
        self.claim_at(path, access)
    }

    fn claim_at(&mut self, path: Arc<[Arc<str>]>, access: Access) -> Id {
        let data_type = if access == Access::Text { Type::Text } else { Type::Jsonb };
        self.intern(Term::Claim(path, access), data_type, false)
    }

    /// Whether it is the text of the claims, or NULL in place of `''`.
    fn is_claims_text(&self, x: Id) -> bool {
        match self.term(x) {
            Term::Setting(name) => &**name == CLAIMS,
            Term::Case(branches, otherwise) => {
                let to_null = branches.iter().all(|(condition, value)| {
                    *self.term(*value) == Term::Null && self.is_emptiness_of_claims(*condition)
                });
                to_null && self.is_claims_text(*otherwise)
            }
            _ => false,
        }
    }

    fn is_emptiness_of_claims(&self, condition: Id) -> bool {
        let Term::Equal(a, b) = self.term(condition) else { return false };
        let is = |x: Id, y: Id| {
            matches!(self.term(x), Term::Setting(name) if &**name == CLAIMS)
                && matches!(self.term(y), Term::Literal(Value::Text(t)) if t.is_empty())
        };
        is(*a, *b) || is(*b, *a)
    }

    /// `json -> 'key'`, or `->>` for `Access::Text`. Chains on claims become one path.
    pub fn json_field(&mut self, json: Id, key: &str, access: Access) -> Id {
        self.json_path(json, &[key], access)
    }

    /// `json #> '{a,b}'`, or `#>>` for `Access::Text`.
    pub fn json_path(&mut self, json: Id, path: &[&str], access: Access) -> Id {
        match self.term(json) {
            Term::Claim(base, Access::Json) => {
                let steps = path.iter().map(|s| Arc::from(*s));
                let path = base.iter().cloned().chain(steps).collect();
                self.claim_at(path, access)
            }
            Term::Case(branches, otherwise) => {
                let (branches, otherwise) = (branches.clone(), *otherwise);
                let each: Vec<_> = branches.iter().map(|(c, v)| (*c, self.json_path(*v, path, access))).collect();
                let otherwise = self.json_path(otherwise, path, access);
                self.case(&each, otherwise)
            }
            Term::Behind(done, value) => {
                let (done, value) = (*done, *value);
                let value = self.json_path(value, path, access);
                self.behind(done, value)
            }
            _ => path.iter().enumerate().fold(json, |at, (n, key)| {
                let key = self.text(key);
                let last = n + 1 == path.len();
                self.json_step(at, key, if last { access } else { Access::Json })
            }),
        }
    }

    /// `json -> key` with a key (text) or an index (integer) that is no constant, or on JSON that is no claim.
    pub fn json_step(&mut self, json: Id, key: Id, access: Access) -> Id {
        if let (Term::Claim(_, Access::Json), Term::Literal(Value::Text(key))) = (self.term(json), self.term(key)) {
            let key = key.clone();
            return self.json_path(json, &[&key], access);
        }
        let (name, returns) = match access {
            Access::Text => ("->>", Type::Text),
            Access::Json => ("->", Type::Jsonb),
        };
        let function = Function { name: name.into(), strict: true, never_null: false };
        self.call(&function, &[json, key], returns)
    }

    /// `x = ANY (array)` of an array that is no list of constants or terms.
    pub fn in_array(&mut self, x: Id, array: Id) -> Id {
        if let Term::Literal(Value::Array(items)) = self.term(array)
            && let Some(element) = self.type_of(array).element().cloned()
        {
            let items = items.clone();
            let mut list = Vec::new();
            for item in items.iter() {
                list.push(match item {
                    Some(value) => self.literal(value.clone(), element.clone()),
                    None => self.null(element.clone()),
                });
            }
            return self.in_list(x, &list);
        }
        // Not strict: of an empty array it is FALSE even for NULL.
        let function = Function { name: "= any".into(), strict: false, never_null: false };
        self.call(&function, &[x, array], Type::Bool)
    }
}

/// Whether a cast changes nothing: between string types (a `name` may be cut), and to a wider integer.
fn is_free(from: &Type, to: &Type) -> bool {
    let text = from.is_text() && matches!(to, Type::Text | Type::Varchar);
    text || (from.is_integer() && to.is_integer() && widens(from, to))
}

/// Whether each value of `from` has one of `to`.
fn widens(from: &Type, to: &Type) -> bool {
    let rank = |t: &Type| match t {
        Type::Int2 => Some(0),
        Type::Int4 => Some(1),
        Type::Int8 => Some(2),
        Type::Numeric => Some(3),
        _ => None,
    };
    matches!((rank(from), rank(to)), (Some(a), Some(b)) if a <= b)
        // There are more days than instants.
        || matches!((from, to), (Type::Timestamp | Type::Timestamptz, Type::Date))
}
