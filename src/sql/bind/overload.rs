//! The choice among candidates of one name, by the manual's "Function Type Resolution".

use super::Context;
use super::coerce::Form;
use crate::sql::types::Type;

/// The candidates' own places, and the types that each wants of the arguments given.
pub(super) struct Choice<'t> {
    pub(super) place: usize,
    pub(super) wants: Vec<&'t Type>,
}

impl Context<'_> {
    /// The places of the best candidates: none fits, one is chosen, or several are as good.
    pub(super) fn choose<'t>(&self, given: &[&Type], candidates: Vec<Choice<'t>>) -> Vec<usize> {
        let fit = |c: &Choice<'_>| self.fits(given, &c.wants);
        let fitting: Vec<_> = candidates.into_iter().filter(fit).collect();
        let best = if fitting.len() > 1 { self.narrow(given, fitting) } else { fitting };
        best.into_iter().map(|c| c.place).collect()
    }

    fn fits(&self, given: &[&Type], wants: &[&Type]) -> bool {
        let coercible = given.iter().zip(wants).all(|(from, to)| self.can_coerce(from, to, Form::Implicit));
        coercible && self.polymorphic_fit(given, wants)
    }

    /// Steps 4.c to 4.f of the manual.
    fn narrow<'t>(&self, given: &[&Type], candidates: Vec<Choice<'t>>) -> Vec<Choice<'t>> {
        let base: Vec<Type> = given.iter().map(|t| self.base_type(t).bare()).collect();
        let known = || base.iter().enumerate().filter(|(_, t)| !t.is("unknown"));
        let exact =
            |c: &Choice<'_>| known().filter(|(at, t)| wants(c, *at).is_some_and(|w| w.name() == t.name())).count();
        let candidates = keep_most(candidates, exact);
        if candidates.len() == 1 {
            return candidates;
        }
        let close = |c: &Choice<'_>| {
            let good = |at: usize, t: &Type| {
                wants(c, at).is_some_and(|w| w.name() == t.name() || self.preferred_in(self.category(t), w))
            };
            known().filter(|(at, t)| good(*at, t)).count()
        };
        let candidates = keep_most(candidates, close);
        if candidates.len() == 1 || known().count() == base.len() {
            return candidates;
        }
        let candidates = self.by_category(&base, candidates);
        if candidates.len() == 1 {
            return candidates;
        }
        self.by_known_type(&base, candidates)
    }

    /// Unknown arguments: text if some candidate takes text, else the category that all agree on.
    fn by_category<'t>(&self, base: &[Type], candidates: Vec<Choice<'t>>) -> Vec<Choice<'t>> {
        let mut slots = Vec::new();
        for (at, _) in base.iter().enumerate().filter(|(_, t)| t.is("unknown")) {
            let categories: Vec<char> =
                candidates.iter().filter_map(|c| wants(c, at)).map(|w| self.category(w)).collect();
            let Some(first) = categories.first() else { return candidates };
            let category = if categories.contains(&'S') {
                'S'
            } else if categories.iter().all(|c| c == first) {
                *first
            } else {
                return candidates;
            };
            let preferred = candidates.iter().filter_map(|c| wants(c, at)).any(|w| self.preferred_in(category, w));
            slots.push((at, category, preferred));
        }
        let good = |c: &Choice<'_>| {
            slots.iter().all(|(at, category, preferred)| {
                wants(c, *at).is_some_and(|w| self.category(w) == *category && (!preferred || self.preferred(w)))
            })
        };
        let (kept, rest): (Vec<_>, Vec<_>) = candidates.into_iter().partition(good);
        if kept.is_empty() { rest } else { kept }
    }

    /// If all known arguments have one type, the unknown ones are taken to have it too.
    fn by_known_type<'t>(&self, base: &[Type], candidates: Vec<Choice<'t>>) -> Vec<Choice<'t>> {
        let mut known = base.iter().filter(|t| !t.is("unknown"));
        let Some(first) = known.next().filter(|first| known.all(|t| t == *first)) else { return candidates };
        let all: Vec<&Type> = base.iter().map(|_| first).collect();
        let fits = |c: &Choice<'_>| self.fits(&all, &c.wants);
        let (kept, mut rest): (Vec<_>, Vec<_>) = candidates.into_iter().partition(fits);
        if kept.len() == 1 {
            return kept;
        }
        rest.extend(kept);
        rest
    }
}

fn wants<'t>(choice: &Choice<'t>, at: usize) -> Option<&'t Type> {
    choice.wants.get(at).copied()
}

fn keep_most<'t>(candidates: Vec<Choice<'t>>, count: impl Fn(&Choice<'_>) -> usize) -> Vec<Choice<'t>> {
    let most = candidates.iter().map(&count).max().unwrap_or(0);
    candidates.into_iter().filter(|c| count(c) == most).collect()
}
