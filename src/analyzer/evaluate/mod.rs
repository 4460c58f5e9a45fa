//! The concrete evaluator: what a term is in one state, by SQL's rules and nothing else.
//!
//! It is independent of grounding and solving, and is itself tested against the server, so that it can check every
//! witness that they find. It knows when it does not know: an opaque term or a function that is not modelled is
//! [`Stop::Unknown`], unless the rest decides (`FALSE AND ...`).

mod early;
mod state;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;

pub use state::{Database, Session, Tuple};

use super::term::{self, Access, Id, Json, NoResult, Pick, Query, Row, Term, Terms, Value};

/// Why a term has no value in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// The server raises an error.
    Raises,
    /// The server raises an error, if it evaluates something that it need not.
    MayRaise,
    /// It is not known, for this reason.
    Unknown(Arc<str>),
}

impl Stop {
    /// Whether an error stands in the way, which no other part makes good.
    fn is_error(&self) -> bool {
        matches!(self, Self::Raises | Self::MayRaise)
    }
}

/// A value; `None` is NULL.
pub type Outcome = Result<Option<Value>, Stop>;

/// A truth value; `None` is NULL.
type Truth = Result<Option<bool>, Stop>;

/// Terms in one state.
#[derive(Debug, Clone, Copy)]
pub struct Evaluator<'a> {
    terms: &'a Terms,
    database: &'a Database,
    session: &'a Session,
    passed_over: Option<&'a PassedOver>,
}

/// What is not known and did not matter, as something beside it decided: if it raises no error.
pub(crate) type PassedOver = RefCell<BTreeSet<Arc<str>>>;

/// The rows that row variables stand for.
type Bindings<'a> = Vec<(Row, &'a Tuple)>;

/// What is done with each choice of rows of a sub-select.
type Visit<'v, 'a> = dyn FnMut(&Evaluator<'a>, &mut Bindings<'a>, Result<(), Stop>) + 'v;

impl<'a> Evaluator<'a> {
    /// An evaluator of `terms` in the state of `database` and `session`.
    #[must_use]
    pub fn new(terms: &'a Terms, database: &'a Database, session: &'a Session) -> Self {
        Self { terms, database, session, passed_over: None }
    }

    /// The same, which notes what it passes over.
    pub(crate) fn noting(self, passed_over: &'a PassedOver) -> Self {
        Self { passed_over: Some(passed_over), ..self }
    }

    /// The value of a term; `rows` binds the row variables that are free in it.
    ///
    /// # Errors
    ///
    /// [`Stop`].
    pub fn value(&self, id: Id, rows: &[(Row, &'a Tuple)]) -> Outcome {
        self.planned(id)?;
        self.eval(id, &mut rows.to_vec())
    }

    /// Whether a condition is TRUE.
    ///
    /// # Errors
    ///
    /// [`Stop`].
    pub fn holds(&self, id: Id, rows: &[(Row, &'a Tuple)]) -> Result<bool, Stop> {
        self.planned(id)?;
        self.truth(id, &mut rows.to_vec()).map(|t| t == Some(true))
    }

    fn truth(&self, id: Id, rows: &mut Bindings<'a>) -> Truth {
        match self.eval(id, rows)? {
            Some(Value::Bool(b)) => Ok(Some(b)),
            None => Ok(None),
            Some(_) => Err(Stop::Unknown("a condition that is no boolean".into())),
        }
    }

    fn eval(&self, id: Id, rows: &mut Bindings<'a>) -> Outcome {
        let truth = match self.terms.term(id) {
            Term::Null => return Ok(None),
            Term::Literal(value) => return Ok(Some(value.clone())),
            Term::Column(row, name) => return column(*row, name, rows),
            Term::Claim(path, access) => return Ok(self.claim(path, *access)),
            Term::Setting(name) => return Ok(self.session.setting(name).map(Value::Text)),
            Term::Call(function, args) => return self.call(function, args, id, rows),
            Term::Scalar(queries, pick) => return self.scalar(queries, *pick, rows),
            Term::Case(branches, otherwise) => return self.case(branches, *otherwise, rows),
            Term::Behind(done, value) => return self.eval(*done, rows).and_then(|_| self.eval(*value, rows)),
            Term::Opaque(number) => {
                let reason = self.terms.opaque_info(*number).map_or_else(|| "".into(), |o| o.reason.clone());
                return Err(Stop::Unknown(reason));
            }
            Term::Equal(a, b) => self.compare(*a, *b, rows, |a, b| a.equals(b)),
            Term::Less(a, b) => self.compare(*a, *b, rows, |a, b| a.compare(b).map(std::cmp::Ordering::is_lt)),
            Term::LessEqual(a, b) => self.compare(*a, *b, rows, |a, b| a.compare(b).map(std::cmp::Ordering::is_le)),
            Term::IsNull(a) => self.eval(*a, rows).map(|v| Some(v.is_none())),
            Term::IsTrue(a) => self.truth(*a, rows).map(|v| Some(v == Some(true))),
            Term::NotDistinct(a, b) => self.not_distinct(*a, *b, rows),
            Term::Not(a) => self.truth(*a, rows).map(|v| v.map(|b| !b)),
            Term::And(all) => self.connect(false, all.iter().map(|part| self.truth(*part, rows))),
            Term::Or(all) => self.connect(true, all.iter().map(|part| self.truth(*part, rows))),
            Term::Exists(query) => {
                let mut found = Vec::new();
                self.each(query, rows, &mut |_, _, chosen| found.push(chosen.map(|()| Some(true))));
                self.connect(true, found.into_iter())
            }
            Term::Many(queries) => self.many(queries, rows),
            Term::Raises(of, _) => match self.eval(*of, rows) {
                Ok(_) => Ok(Some(false)),
                Err(Stop::Raises) => Ok(Some(true)),
                Err(Stop::MayRaise) => Err(Stop::Unknown("whether what raises an error is evaluated".into())),
                Err(stop) => Err(stop),
            },
            Term::Any(query) => {
                let mut found = Vec::new();
                self.each(query, rows, &mut |this, rows, chosen| {
                    let shown = this.truth(query.projection, rows);
                    found.push(match (chosen, shown) {
                        (Ok(()), shown) => shown,
                        (Err(Stop::Unknown(_)), Err(stop)) if stop.is_error() => Err(Stop::MayRaise),
                        (Err(stop), _) => Err(stop),
                    });
                });
                self.connect(true, found.into_iter())
            }
        };
        truth.map(|t| t.map(Value::Bool))
    }

    fn case(&self, branches: &[(Id, Id)], otherwise: Id, rows: &mut Bindings<'a>) -> Outcome {
        for (at, (condition, value)) in branches.iter().enumerate() {
            match self.truth(*condition, rows) {
                Ok(Some(true)) => return self.eval(*value, rows),
                Ok(_) => {}
                Err(stop) if stop.is_error() => return Err(stop),
                Err(stop) => {
                    // Any of the rest may be evaluated.
                    let rest = branches.get(at..).unwrap_or_default().iter().map(|(_, value)| *value);
                    let raises =
                        rest.chain([otherwise]).any(|value| self.eval(value, rows).is_err_and(|s| s.is_error()));
                    return Err(if raises { Stop::MayRaise } else { stop });
                }
            }
        }
        self.eval(otherwise, rows)
    }

    fn claim(&self, path: &[Arc<str>], access: Access) -> Option<Value> {
        let found = self.session.claims.as_ref()?.follow(path)?;
        match access {
            Access::Text => found.text().map(Value::Text),
            Access::Json => Some(Value::Json(Arc::new(found.clone()))),
        }
    }

    fn call(&self, function: &term::Function, args: &[Id], id: Id, rows: &mut Bindings<'a>) -> Outcome {
        let mut values = Vec::new();
        let mut null = false;
        for (arg, value) in args.iter().zip(self.operands(args, rows)?) {
            match value {
                Some(value) => values.push((value, self.terms.type_of(*arg).clone())),
                None => null = true,
            }
        }
        if null && function.strict {
            return Ok(None);
        }
        if null && &*function.name == "= any" {
            // NULL but for an empty array.
            let empty = matches!(values.as_slice(), [(Value::Array(items), _)] if items.is_empty());
            return Ok(empty.then_some(Value::Bool(false)));
        }
        let result =
            if null { Err(NoResult::Unmodelled) } else { term::apply(&function.name, &values, self.terms.type_of(id)) };
        result.map_err(|no| match no {
            NoResult::Raises => Stop::Raises,
            NoResult::Unmodelled => Stop::Unknown(function.name.clone()),
        })
    }

    /// The values of all operands. An error in one is one whatever is not known of another.
    fn operands(&self, ids: &[Id], rows: &mut Bindings<'a>) -> Result<Vec<Option<Value>>, Stop> {
        gather(ids.iter().map(|id| self.eval(*id, rows)))
    }

    fn compare(&self, a: Id, b: Id, rows: &mut Bindings<'a>, by: fn(&Value, &Value) -> Option<bool>) -> Truth {
        let values = self.operands(&[a, b], rows)?;
        let [Some(x), Some(y)] = values.as_slice() else { return Ok(None) };
        let unknown = || Stop::Unknown(format!("the order of values of {}", self.terms.type_of(a)).into());
        by(x, y).map(Some).ok_or_else(unknown)
    }

    fn not_distinct(&self, a: Id, b: Id, rows: &mut Bindings<'a>) -> Truth {
        match self.operands(&[a, b], rows)?.as_slice() {
            [None, None] => Ok(Some(true)),
            [Some(x), Some(y)] => {
                x.equals(y).map(Some).ok_or_else(|| Stop::Unknown(self.terms.type_of(a).to_string().into()))
            }
            _ => Ok(Some(false)),
        }
    }

    /// OR (`decides` is true) or AND. An error anywhere is an error: the server may evaluate in any order. What is not
    /// known does not matter beside a part that decides.
    fn connect(&self, decides: bool, parts: impl Iterator<Item = Truth>) -> Truth {
        let (mut decided, mut null, mut unknown) = (false, false, None);
        for part in parts {
            match part {
                Ok(Some(b)) if b == decides => decided = true,
                Ok(Some(_)) => {}
                Ok(None) => null = true,
                Err(stop) => unknown = Some(worse(unknown, stop)),
            }
        }
        match (decided, unknown) {
            (_, Some(stop)) if stop.is_error() => Err(stop),
            (true, unknown) => {
                if let (Some(passed_over), Some(Stop::Unknown(what))) = (self.passed_over, unknown)
                    && !term::never_raises(&what)
                {
                    passed_over.borrow_mut().insert(what);
                }
                Ok(Some(decides))
            }
            (false, Some(stop)) => Err(stop),
            (false, None) => Ok(if null { None } else { Some(!decides) }),
        }
    }

    fn scalar(&self, queries: &[Query], pick: Pick, rows: &mut Bindings<'a>) -> Outcome {
        let mut found = Vec::new();
        for query in queries {
            self.each(query, rows, &mut |this, rows, chosen| {
                found.push(chosen.and_then(|()| this.eval(query.projection, rows)));
            });
        }
        if pick == Pick::Only && found.iter().filter(|f| f.is_ok()).count() > 1 {
            return Err(Stop::Raises);
        }
        let mut found = gather(found.into_iter())?.into_iter();
        let Some(first) = found.next() else { return Ok(None) };
        if found.all(|other| other == first) {
            return Ok(first);
        }
        Err(Stop::Unknown("which row LIMIT 1 takes".into()))
    }

    fn many(&self, queries: &[Query], rows: &mut Bindings<'a>) -> Truth {
        let (mut sure, mut unknown) = (0, None);
        for query in queries {
            self.each(query, rows, &mut |_, _, chosen| match chosen {
                Ok(()) => sure += 1,
                Err(stop) => unknown = Some(worse(unknown.take(), stop)),
            });
        }
        match unknown {
            Some(stop) if sure < 2 || stop.is_error() => Err(stop),
            _ => Ok(Some(sure > 1)),
        }
    }

    /// Visits each choice of rows under which the condition is TRUE, or has no known value.
    fn each(&self, query: &Query, rows: &mut Bindings<'a>, visit: &mut Visit<'_, 'a>) {
        if let Err(stop) = self.early(query, rows) {
            return visit(self, rows, Err(stop));
        }
        self.choose(&query.rows, query.condition, rows, visit);
    }

    fn choose(&self, variables: &[Row], condition: Id, rows: &mut Bindings<'a>, visit: &mut Visit<'_, 'a>) {
        let Some((variable, rest)) = variables.split_first() else {
            match self.truth(condition, rows) {
                Ok(Some(true)) => visit(self, rows, Ok(())),
                Ok(_) => {}
                Err(stop) => visit(self, rows, Err(stop)),
            }
            return;
        };
        let Some(info) = self.terms.row_info(*variable) else { return };
        if let Some(reason) = &info.unknown {
            return visit(self, rows, Err(Stop::Unknown(reason.clone())));
        }
        for tuple in self.database.relations.get(&*info.relation).map_or(&[][..], Vec::as_slice) {
            rows.push((*variable, tuple));
            self.choose(rest, condition, rows, visit);
            rows.pop();
        }
    }
}

/// The innermost binding of the variable.
fn column(row: Row, name: &str, rows: &Bindings<'_>) -> Outcome {
    let bound = rows.iter().rev().find(|(variable, _)| *variable == row);
    let value = bound.and_then(|(_, tuple)| tuple.get(name));
    value.cloned().ok_or_else(|| Stop::Unknown(format!("column {name}").into()))
}

/// All values, or the worst of what stands in the way.
fn gather(outcomes: impl Iterator<Item = Outcome>) -> Result<Vec<Option<Value>>, Stop> {
    let (mut values, mut stopped) = (Vec::new(), None);
    for outcome in outcomes {
        match outcome {
            Ok(value) => values.push(value),
            Err(stop) => stopped = Some(worse(stopped, stop)),
        }
    }
    stopped.map_or(Ok(values), Err)
}

/// An error that is sure before one that may be, and either before what is not known.
fn worse(known: Option<Stop>, other: Stop) -> Stop {
    match (known, other) {
        (None, other) => other,
        (Some(Stop::Raises), _) | (_, Stop::Raises) => Stop::Raises,
        (Some(Stop::MayRaise), _) | (_, Stop::MayRaise) => Stop::MayRaise,
        (Some(known), _) => known,
    }
}

/// The claims with a value at a path, for building sessions.
#[must_use]
pub fn with_claim(claims: &Json, path: &[Arc<str>], value: Json) -> Json {
    let Some((key, rest)) = path.split_first() else { return value };
    let mut fields = if let Json::Object(fields) = claims { fields.clone() } else { std::collections::BTreeMap::new() };
    let inner = fields.get(key).cloned().unwrap_or(Json::Object(std::collections::BTreeMap::new()));
    fields.insert(key.clone(), with_claim(&inner, rest, value));
    Json::Object(fields)
}
