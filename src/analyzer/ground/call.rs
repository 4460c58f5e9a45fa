//! Calls over chosen rows: results of their own, tied together by what is known of functions.

use std::sync::Arc;

use super::{Bindings, Bit, Call, Ground, Problem, Source, Truth};
use crate::analyzer::term::{Function, Id, Type, Value, apply, like};

impl Problem<'_> {
    pub(super) fn call(&mut self, function: &Arc<Function>, args: &[Id], returns: &Type, rows: &Bindings) -> Ground {
        if args.is_empty() && &*function.name == "raise" {
            return self.absent(returns);
        }
        let ground: Vec<_> = args.iter().map(|a| self.ground(*a, rows)).collect();
        let key = (function.clone(), returns.clone(), ground.clone());
        if let Some(known) = self.call_index.get(&key) {
            return self
                .calls
                .get(*known)
                .map_or(Ground::Value { null: Bit::TRUE, value: self.circuit.leaf() }, |c| c.result);
        }
        let nulls: Vec<_> = ground.iter().map(|a| self.null(*a)).collect();
        let mut null = if function.strict { self.circuit.or(&nulls) } else { Bit::FALSE };
        if !function.never_null {
            let free = self.circuit.input();
            null = self.circuit.or(&[null, free]);
        }
        let result = self.fresh(returns, null);
        let number = self.calls.len();
        self.sources.insert(Source::Call(number), (returns.clone(), result));
        let types = args.iter().map(|a| self.terms.type_of(*a).clone()).collect();
        self.calls.push(Call { function: function.clone(), args: ground, types, returns: returns.clone(), result });
        self.call_index.insert(key, number);
        result
    }

    /// What is known of the results of all calls, one bit each.
    pub(super) fn call_axioms(&mut self) -> Vec<Bit> {
        let mut axioms = Vec::new();
        let mut at = 0;
        while let Some(call) = self.calls.get(at).cloned() {
            for earlier in 0..at {
                let Some(other) = self.calls.get(earlier).cloned() else { break };
                if self.is_too_large() {
                    return axioms;
                }
                if call.function == other.function && call.returns == other.returns && call.types == other.types {
                    axioms.push(self.congruent(&call, &other));
                }
                axioms.extend(self.matched(&call, &other));
                axioms.extend(self.inverse(&call, &other));
                axioms.extend(self.inverse(&other, &call));
            }
            axioms.extend(self.always_matched(&call));
            self.samples(&call, &mut axioms);
            at += 1;
        }
        axioms.retain(|a| *a != Bit::TRUE);
        axioms
    }

    /// The same arguments give the same result; and what prints reversibly is the same if its text is.
    fn congruent(&mut self, a: &Call, b: &Call) -> Bit {
        let mut premises = Vec::new();
        for ((x, y), data_type) in a.args.iter().zip(&b.args).zip(&a.types) {
            premises.push(self.identical(*x, *y, data_type));
        }
        let premise = self.circuit.and(&premises);
        if premise == Bit::FALSE {
            return Bit::TRUE;
        }
        let same = self.same(a.result, b.result);
        let forward = self.circuit.or(&[!premise, same]);
        if !is_reversible(a) {
            return forward;
        }
        let backward = match (a.args.as_slice(), b.args.as_slice()) {
            ([x], [y]) => {
                let arguments = self.same(*x, *y);
                self.circuit.or(&[!same, arguments])
            }
            _ => Bit::TRUE,
        };
        self.circuit.and(&[forward, backward])
    }

    /// Whether two arguments are the same value, which `=` tells only of some types. Of types without `=` an equality
    /// here comes from nothing else.
    fn identical(&mut self, a: Ground, b: Ground, data_type: &Type) -> Bit {
        if a == b {
            return Bit::TRUE;
        }
        if data_type.family().is_none() || data_type.equality_is_identity() {
            return self.same(a, b);
        }
        let (a, b) = (self.null(a), self.null(b));
        self.circuit.and(&[a, b])
    }

    /// `(u::text)::T = u`: where the text that one call reads is that which the other printed.
    fn inverse(&mut self, read: &Call, print: &Call) -> Option<Bit> {
        if !is_reversible(print) || *read.function.name != *format!("::{}", read.returns) {
            return None;
        }
        let ([text], [printed]) = (read.args.as_slice(), print.args.as_slice()) else { return None };
        if print.types.first() != Some(&read.returns) || !read.types.first().is_some_and(Type::is_text) {
            return None;
        }
        let null = self.null(*printed);
        let same_text = self.same(*text, print.result);
        let premise = self.circuit.and(&[!null, same_text]);
        let same = self.same(read.result, *printed);
        Some(self.circuit.or(&[!premise, same]))
    }

    /// The pattern that a call tests a text with, and what it gives.
    fn pattern(&self, call: &Call) -> Option<(like::Pattern, Truth)> {
        let [_, pattern] = call.args[..] else { return None };
        let (Some(Value::Text(pattern)), Ground::Bool(result)) = (self.constant(pattern), call.result) else {
            return None;
        };
        // `char(n)` is tested with its blanks.
        let is_text = call.types.first().is_some_and(Type::is_text);
        Some((like::Pattern::of(&call.function.name, &pattern).filter(|_| is_text)?, result))
    }

    /// Of two patterns for one text: one may hold wherever the other does, or nowhere, or wherever the other does not.
    fn matched(&mut self, a: &Call, b: &Call) -> Vec<Bit> {
        if a.args.first() != b.args.first() || (&*a.function.name == "ilike") != (&*b.function.name == "ilike") {
            return Vec::new();
        }
        let (Some((p, x)), Some((q, y))) = (self.pattern(a), self.pattern(b)) else { return Vec::new() };
        let mut axioms = Vec::new();
        for (with_p, with_q) in [(true, false), (false, true), (true, true), (false, false)] {
            if like::texts(&[(&p, with_p), (&q, with_q)], 1) == like::Texts::Nothing {
                let of = |truth: Truth, with| if with { truth.yes } else { truth.no };
                axioms.push(!self.circuit.and(&[of(x, with_p), of(y, with_q)]));
            }
        }
        axioms
    }

    /// A pattern that every text matches.
    fn always_matched(&self, call: &Call) -> Option<Bit> {
        let (pattern, result) = self.pattern(call)?;
        (like::texts(&[(&pattern, false)], 1) == like::Texts::Nothing).then(|| !result.no)
    }

    /// What a modelled function gives for the constants that the problem speaks of.
    fn samples(&mut self, call: &Call, axioms: &mut Vec<Bit>) {
        if call.returns == Type::Json {
            // It keeps its spelling, which the value does not tell.
            return;
        }
        let mut values: Vec<Option<(Value, Type)>> = Vec::new();
        for (arg, data_type) in call.args.iter().zip(&call.types) {
            values.push(self.constant(*arg).map(|v| (v, data_type.clone())));
        }
        let mut unknown = values.iter().enumerate().filter(|(_, v)| v.is_none()).map(|(at, _)| at);
        let (Some(at), None) = (unknown.next(), unknown.next()) else { return };
        let (Some(data_type), Some(Ground::Value { null, value })) = (call.types.get(at), call.args.get(at).copied())
        else {
            return;
        };
        let candidates: Vec<_> =
            self.literals.iter().filter(|(_, t)| t.equates_with(data_type)).map(|(id, _)| *id).collect();
        for candidate in candidates.into_iter().take(40) {
            let Some(super::Node::Literal(sample)) = self.circuit.nodes.get(candidate.index()).cloned() else {
                continue;
            };
            let args: Vec<_> =
                values.iter().map(|v| v.clone().unwrap_or((sample.clone(), data_type.clone()))).collect();
            // Equal numbers may print differently.
            if !data_type.equality_is_identity() {
                continue;
            }
            let result = match apply(&call.function.name, &args, &call.returns) {
                Ok(Some(result)) => self.known(&result, &call.returns),
                Ok(None) | Err(crate::analyzer::term::NoResult::Raises) => self.absent(&call.returns),
                Err(crate::analyzer::term::NoResult::Unmodelled) => continue,
            };
            let equal = self.circuit.equal(value, candidate);
            let same = self.same(call.result, result);
            axioms.push(self.circuit.or(&[null, !equal, same]));
        }
    }

    fn constant(&self, ground: Ground) -> Option<Value> {
        match ground {
            Ground::Value { null: Bit::FALSE, value } => match self.circuit.nodes.get(value.index())? {
                super::Node::Literal(value) => Some(value.clone()),
                _ => None,
            },
            Ground::Bool(t) if t.yes == Bit::TRUE => Some(Value::Bool(true)),
            Ground::Bool(t) if t.no == Bit::TRUE => Some(Value::Bool(false)),
            _ => None,
        }
    }

    fn known(&mut self, value: &Value, data_type: &Type) -> Ground {
        match value {
            Value::Bool(b) => Ground::Bool(super::eval::certain(Bit::of(*b))),
            _ => Ground::Value { null: Bit::FALSE, value: self.literal(value, data_type) },
        }
    }

    fn absent(&mut self, data_type: &Type) -> Ground {
        match data_type {
            Type::Bool => Ground::Bool(super::Truth { yes: Bit::FALSE, no: Bit::FALSE }),
            _ => Ground::Value { null: Bit::TRUE, value: self.circuit.leaf() },
        }
    }
}

/// Whether a call prints a value so that it reads back the same.
fn is_reversible(call: &Call) -> bool {
    &*call.function.name == "::text"
        && matches!(call.types.first(), Some(Type::Uuid | Type::Int2 | Type::Int4 | Type::Int8 | Type::Enum(_)))
}
