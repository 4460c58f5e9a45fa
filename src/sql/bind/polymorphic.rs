//! `anyelement`, `anycompatible` and their kin: one type behind several arguments and the result.

use super::Context;
use super::coerce::{Form, is_polymorphic};
use super::type_facts::Sort;
use crate::sql::types::Type;

/// What the polymorphic names of one call stand for.
#[derive(Debug, Default)]
struct Meaning {
    element: Option<Type>,
    range: Option<Type>,
    multirange: Option<Type>,
}

impl Context<'_> {
    /// Whether one meaning of the polymorphic types serves all arguments.
    pub(super) fn polymorphic_fit(&self, given: &[&Type], wants: &[&Type]) -> bool {
        !wants.iter().any(|w| is_polymorphic(w))
            || self.simple_meaning(given, wants).is_some() && self.compatible_meaning(given, wants).is_some()
    }

    /// A declared type of this call, polymorphic names replaced.
    pub(super) fn concrete(&self, declared: &Type, given: &[&Type], wants: &[&Type]) -> Option<Type> {
        if !is_polymorphic(declared) {
            return Some(declared.clone());
        }
        let compatible = declared.name().starts_with("anycompatible");
        let meaning =
            if compatible { self.compatible_meaning(given, wants)? } else { self.simple_meaning(given, wants)? };
        match declared.name().trim_start_matches("any").trim_start_matches("compatible") {
            "array" => meaning.element.map(|e| e.array()),
            "range" => meaning.range,
            "multirange" => meaning.multirange,
            _ => meaning.element,
        }
    }

    fn simple_meaning(&self, given: &[&Type], wants: &[&Type]) -> Option<Meaning> {
        let mut meaning = Meaning::default();
        let mut unknown = false;
        for (from, to) in given.iter().zip(wants) {
            if !is_polymorphic(to) || to.name().starts_with("anycompatible") {
                continue;
            }
            if from.is("unknown") {
                unknown = true;
                continue;
            }
            let from = if self.is_domain(from) && !matches!(to.name(), "anyelement" | "anynonarray" | "anyenum") {
                self.base_type(from)
            } else {
                (*from).clone()
            };
            let from = from.bare();
            match to.name() {
                "anyarray" => agree(
                    &mut meaning.element,
                    if from.is("anyarray") { Type::named("anyelement") } else { from.element()? },
                )?,
                "anyrange" => self.range_meaning(&mut meaning, &from)?,
                "anymultirange" => self.multirange_meaning(&mut meaning, &from)?,
                "anynonarray" if from.is_array() => return None,
                "anyenum" if self.sort(&from) != Sort::Enum => return None,
                _ => agree(&mut meaning.element, from)?,
            }
        }
        if meaning.element.is_none() && unknown {
            meaning.element = Some(Type::named("text"));
        }
        Some(meaning)
    }

    fn range_meaning(&self, meaning: &mut Meaning, from: &Type) -> Option<()> {
        let Sort::Range(subtype) = self.sort(from) else { return None };
        agree(&mut meaning.range, from.clone())?;
        subtype.map_or(Some(()), |s| agree(&mut meaning.element, s))?;
        if let Some(multi) = multirange_name(from) {
            meaning.multirange.get_or_insert(multi);
        }
        Some(())
    }

    fn multirange_meaning(&self, meaning: &mut Meaning, from: &Type) -> Option<()> {
        let Sort::MultiRange(subtype) = self.sort(from) else { return None };
        agree(&mut meaning.multirange, from.clone())?;
        subtype.map_or(Some(()), |s| agree(&mut meaning.element, s))?;
        if let Some(range) = from.name().strip_suffix("multirange") {
            meaning.range.get_or_insert(Type::named(&format!("{range}range")));
        }
        Some(())
    }

    fn compatible_meaning(&self, given: &[&Type], wants: &[&Type]) -> Option<Meaning> {
        let mut types = Vec::new();
        let mut meaning = Meaning::default();
        for (from, to) in given.iter().zip(wants) {
            if !to.name().starts_with("anycompatible") {
                continue;
            }
            if from.is("unknown") {
                types.push((*from).clone());
                continue;
            }
            let bare = from.bare();
            match to.name() {
                "anycompatiblearray" => types.push(self.base_type(&bare).element()?.bare()),
                "anycompatiblenonarray" if self.base_type(&bare).is_array() => return None,
                "anycompatiblerange" => {
                    let base = self.base_type(&bare);
                    let Sort::Range(subtype) = self.sort(&base) else { return None };
                    agree(&mut meaning.range, base)?;
                    types.extend(subtype);
                }
                "anycompatiblemultirange" => {
                    let base = self.base_type(&bare);
                    let Sort::MultiRange(subtype) = self.sort(&base) else { return None };
                    agree(&mut meaning.multirange, base)?;
                    types.extend(subtype);
                }
                _ => types.push(bare),
            }
        }
        if !types.is_empty() {
            let list: Vec<&Type> = types.iter().collect();
            let common = self.common_type(&list)?;
            if !types.iter().all(|t| self.can_coerce(t, &common, Form::Implicit)) {
                return None;
            }
            meaning.element = Some(common);
        }
        Some(meaning)
    }
}

fn agree(slot: &mut Option<Type>, with: Type) -> Option<()> {
    match slot {
        Some(before) => (before.name() == with.name()).then_some(()),
        None => {
            *slot = Some(with);
            Some(())
        }
    }
}

fn multirange_name(range: &Type) -> Option<Type> {
    range.name().strip_suffix("range").filter(|n| !n.contains('.')).map(|n| Type::named(&format!("{n}multirange")))
}
