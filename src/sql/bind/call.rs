//! Function calls: the overload that Postgres would choose, its arguments cast and put in place.

use super::coerce::Form;
use super::column::shown;
use super::overload::Choice;
use super::{Context, Target, error};
use crate::model::{FunctionKind, printable};
use crate::sql::ast::{self, Name, Part};
use crate::sql::builtin;
use crate::sql::catalog::Routine;
use crate::sql::error::{ErrorKind, SqlError};
use crate::sql::tree::{Call, Expr, Node};
use crate::sql::types::Type;
use std::ops::Range;
use std::sync::Arc;

/// A routine and how the arguments given fall on its parameters.
struct Candidate {
    routine: Arc<Routine>,
    /// The parameter of each argument.
    places: Vec<usize>,
    /// The type that each argument's parameter has.
    wants: Vec<Type>,
    /// Whether arguments are gathered into the variadic array.
    gathers: bool,
    /// The schema's place in the search path.
    rank: usize,
    /// Whether another one takes the same types, so that nothing tells them apart.
    is_doubled: bool,
}

impl Context<'_> {
    /// A call with its arguments still to be bound.
    pub(super) fn call(&mut self, call: &ast::Call, range: &Range<usize>) -> Result<Expr, SqlError> {
        let mut arguments = Vec::with_capacity(call.arguments.len());
        for argument in &call.arguments {
            arguments.push(self.expression(&argument.value)?);
        }
        let named: Vec<_> = call.arguments.iter().map(|a| a.name.clone()).collect();
        self.finish_call(call, arguments, &named, range)
    }

    /// A call of a plain function with arguments that are bound.
    pub(super) fn call_with(
        &mut self,
        name: &Name,
        arguments: Vec<Expr>,
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let call = ast::Call::of(name.clone());
        let named = vec![None; arguments.len()];
        self.finish_call(&call, arguments, &named, range)
    }

    fn finish_call(
        &mut self,
        call: &ast::Call,
        mut arguments: Vec<Expr>,
        named: &[Option<Part>],
        range: &Range<usize>,
    ) -> Result<Expr, SqlError> {
        let within = self.within_group(call)?;
        let direct = arguments.len();
        arguments.extend(within.iter().map(|o| o.value.clone()));
        let mut all_named = named.to_vec();
        all_named.resize(arguments.len(), None);
        if let [argument] = arguments.as_slice()
            && call.order_by.is_empty()
            && !call.star
            && let Some(cast) = self.call_as_cast(call, argument, range)?
        {
            return Ok(cast);
        }
        let candidate = self.overload(call, &arguments, &all_named, range)?;
        let routine = candidate.routine;
        if let Some(key) = routine.key {
            self.refer(&call.name.range(), Target::Function(key));
        }
        let given: Vec<Type> = arguments.iter().map(|a| a.data_type.clone()).collect();
        let given: Vec<&Type> = given.iter().collect();
        let wants: Vec<&Type> = candidate.wants.iter().collect();
        let polymorphic = |of: &Type| self.concrete(of, &given, &wants);
        let Some(result) = polymorphic(&routine.result) else {
            return error(
                ErrorKind::Mismatch,
                range,
                format!("the result type of `{}` can't be told", shown(&call.name)),
            );
        };
        let concrete: Option<Vec<Type>> = wants.iter().map(|w| polymorphic(w)).collect();
        let Some(concrete) = concrete else {
            return error(
                ErrorKind::Mismatch,
                range,
                format!("the argument types of `{}` can't be told", shown(&call.name)),
            );
        };
        let any = |of: &Type| of.is("\"any\"");
        let mut cast = Vec::with_capacity(arguments.len());
        for (argument, want) in arguments.into_iter().zip(&concrete) {
            let argument = if any(want) {
                self.settle_if_constant(argument)?
            } else {
                self.coerce(argument, want, Form::Implicit)?
            };
            cast.push(argument);
        }
        let order_within = cast.split_off(direct.min(cast.len()));
        let mut places = candidate.places;
        places.truncate(direct);
        let positional = named.iter().position(Option::is_some).unwrap_or(direct);
        let (arguments, places) = if candidate.gathers { gather(cast, places, &routine) } else { (cast, places) };
        let mut bound = Call {
            variadic: candidate.gathers || call.variadic,
            positional,
            places,
            arguments,
            star: call.star,
            distinct: call.distinct,
            order_by: Vec::new(),
            within_group: within
                .into_iter()
                .zip(order_within)
                .map(|(o, value)| crate::sql::tree::OrderBy { value, ..o })
                .collect(),
            filter: None,
            over: None,
            syntax: call.syntax,
            routine,
        };
        self.aggregate_clauses(call, &mut bound)?;
        let result = self.result_type(&bound.routine, result);
        Ok(Expr { node: Node::Call(Box::new(bound)), data_type: result, range: range.clone() })
    }

    fn result_type(&self, routine: &Routine, result: Type) -> Type {
        match routine.columns.as_slice() {
            // One OUT parameter is the result itself.
            [(_, only)] if result.is("record") => only.clone(),
            _ => result,
        }
    }

    fn settle_if_constant(&mut self, argument: Expr) -> Result<Expr, SqlError> {
        // `"any"` leaves a constant `unknown`; only some functions turn it into text themselves.
        Ok(argument)
    }

    /// `text(x)`, `date('2026-01-01')`: a call that is a cast in truth.
    fn call_as_cast(
        &mut self,
        call: &ast::Call,
        argument: &Expr,
        range: &Range<usize>,
    ) -> Result<Option<Expr>, SqlError> {
        if call.arguments.len() != 1 || call.variadic || call.distinct || call.over.is_some() || call.filter.is_some() {
            return Ok(None);
        }
        let given = argument.data_type.clone();
        let name = ast::TypeName {
            name: call.name.clone(),
            modifier: None,
            array: false,
            set: false,
            copied: false,
            range: call.name.range(),
        };
        let references = self.references.len();
        let Ok(target) = self.type_of_name(&name) else { return Ok(None) };
        if self.candidates(call, &[None]).iter().any(|c| c.wants.first().is_some_and(|w| w.name() == given.name())) {
            self.references.truncate(references);
            return Ok(None);
        }
        let fits = given.is("unknown") || {
            match self.pathway(&given, &target, Form::Explicit) {
                Some(crate::sql::tree::CastMethod::Binary) => true,
                Some(crate::sql::tree::CastMethod::Text) => {
                    !(self.is_composite(&given) && self.category(&target) == 'S')
                }
                _ => false,
            }
        };
        if !fits || self.is_domain(&target) {
            self.references.truncate(references);
            return Ok(None);
        }
        let mut cast = self.coerce(argument.clone(), &target, Form::Explicit)?;
        cast.range = range.clone();
        Ok(Some(cast))
    }

    /// The overload that fits best.
    fn overload(
        &self,
        call: &ast::Call,
        arguments: &[Expr],
        named: &[Option<Part>],
        range: &Range<usize>,
    ) -> Result<Candidate, SqlError> {
        let mut candidates = self.candidates(call, named);
        let given: Vec<&Type> = arguments.iter().map(|a| &a.data_type).collect();
        let is_exact = |c: &Candidate| c.wants.iter().zip(&given).all(|(w, g)| w.name() == g.name());
        let exact = candidates.iter().position(is_exact);
        if let Some(at) = exact.filter(|at| candidates.get(*at).is_some_and(|c| !c.is_doubled)) {
            return Ok(candidates.swap_remove(at));
        }
        let choices =
            candidates.iter().enumerate().map(|(place, c)| Choice { place, wants: c.wants.iter().collect() }).collect();
        let chosen = self.choose(&given, choices);
        if let [one] = chosen.as_slice()
            && candidates.get(*one).is_some_and(|c| !c.is_doubled)
        {
            return Ok(candidates.swap_remove(*one));
        }
        let types: Vec<_> = given.iter().map(ToString::to_string).collect();
        let shown = printable(&format!("{}({})", shown(&call.name), types.join(", "))).into_owned();
        if chosen.is_empty() {
            return error(
                ErrorKind::UnknownFunction,
                &Range { start: range.start, end: call.name.range().end.max(range.start) },
                format!("no function `{shown}`"),
            );
        }
        error(ErrorKind::Ambiguous, &call.name.range(), format!("more than one function fits `{shown}`"))
    }

    /// All routines of the name that could take so many arguments, earlier schemas hiding later ones.
    fn candidates(&self, call: &ast::Call, named: &[Option<Part>]) -> Vec<Candidate> {
        let last = call.name.last();
        let schemas = match call.name.schema() {
            Some(schema) => vec![schema],
            None if call.syntax => vec!["pg_catalog"],
            None => self.search_path(),
        };
        let mut found: Vec<Candidate> = Vec::new();
        for (rank, schema) in schemas.into_iter().enumerate() {
            for routine in self.routines(schema, last) {
                if routine.kind == FunctionKind::Procedure {
                    continue;
                }
                for candidate in placements(&routine, call, named, rank) {
                    add(&mut found, candidate);
                }
            }
        }
        found
    }

    fn routines(&self, schema: &str, name: &str) -> Vec<Arc<Routine>> {
        if schema != "pg_catalog" {
            return self.catalog.functions(schema, name).into_iter().map(Arc::new).collect();
        }
        let all = builtin::facts().functions.get(name).map_or(&[][..], Vec::as_slice);
        all.iter().filter(|f| f.majors.contain(self.major)).map(builtin::BuiltinFunction::routine).collect()
    }
}

/// Keeps the better of two candidates that take the same types.
fn add(found: &mut Vec<Candidate>, candidate: Candidate) {
    let same = found.iter().position(|c| c.wants == candidate.wants);
    let Some(at) = same else {
        found.push(candidate);
        return;
    };
    let order = |c: &Candidate| (c.rank, c.gathers, c.routine.variadic);
    if let Some(old) = found.get_mut(at) {
        match order(&candidate).cmp(&order(old)) {
            std::cmp::Ordering::Less => *old = candidate,
            // Defaults do not count: `f()` is not told from `f(int default 1)`.
            std::cmp::Ordering::Equal => old.is_doubled |= old.routine != candidate.routine,
            std::cmp::Ordering::Greater => (),
        }
    }
}

/// The ways in which a routine could take the arguments.
fn placements(routine: &Arc<Routine>, call: &ast::Call, named: &[Option<Part>], rank: usize) -> Vec<Candidate> {
    let count = named.len();
    let parameters = &routine.parameters;
    let mut ways = Vec::new();
    if named.iter().any(Option::is_some) {
        let places: Option<Vec<usize>> = named
            .iter()
            .enumerate()
            .map(|(at, name)| match name {
                Some(name) => parameters.iter().position(|p| p.name.as_deref() == Some(&name.value)),
                None => Some(at).filter(|at| *at < parameters.len()),
            })
            .collect();
        let Some(places) = places else { return Vec::new() };
        let complete = parameters.iter().enumerate().all(|(at, p)| p.has_default || places.contains(&at));
        let distinct = places.iter().enumerate().all(|(at, p)| !places.iter().take(at).any(|q| q == p));
        if complete && distinct {
            ways.push((places, false));
        }
    } else {
        let given = parameters.len() == count
            || parameters.len() > count && parameters.iter().skip(count).all(|p| p.has_default);
        if given {
            ways.push(((0..count).collect(), false));
        }
        let any = parameters.last().is_some_and(|p| p.data_type.is("\"any\""));
        if routine.variadic && !call.variadic && count >= parameters.len() && (count != parameters.len() || !any) {
            let last = parameters.len() - 1;
            ways.push(((0..count).map(|at| at.min(last)).collect(), true));
        }
        // All variadic arguments left out.
        if routine.variadic && !call.variadic && any && count + 1 == parameters.len() {
            ways.push(((0..count).collect(), false));
        }
    }
    ways.into_iter().filter_map(|(places, spread)| candidate(routine, places, spread, rank)).collect()
}

fn candidate(routine: &Arc<Routine>, places: Vec<usize>, spread: bool, rank: usize) -> Option<Candidate> {
    let last = routine.parameters.len().saturating_sub(1);
    let mut wants = Vec::with_capacity(places.len());
    let mut gathers = false;
    for place in &places {
        let parameter = routine.parameters.get(*place)?;
        let of = &parameter.data_type;
        let element = match of.name() {
            "\"any\"" => None,
            "anyarray" => Some(Type::named("anyelement")),
            "anycompatiblearray" => Some(Type::named("anycompatible")),
            _ => of.element(),
        };
        match element {
            Some(element) if spread && *place == last => {
                gathers = true;
                wants.push(element);
            }
            _ => wants.push(of.clone()),
        }
    }
    Some(Candidate { routine: Arc::clone(routine), places, wants, gathers, rank, is_doubled: false })
}

/// The arguments of a variadic parameter as one array.
fn gather(mut arguments: Vec<Expr>, mut places: Vec<usize>, routine: &Routine) -> (Vec<Expr>, Vec<usize>) {
    let last = routine.parameters.len().saturating_sub(1);
    let fixed = places.iter().position(|p| *p == last).unwrap_or(places.len());
    let items = arguments.split_off(fixed.min(arguments.len()));
    let start = items.first().map_or(0, |i| i.range.start);
    let range = start..items.last().map_or(start, |i| i.range.end);
    let data_type = items.first().map_or_else(|| Type::named("unknown"), |i| i.data_type.bare()).array();
    arguments.push(Expr { node: Node::Array(items), data_type, range });
    places.truncate(fixed);
    places.push(last);
    (arguments, places)
}
