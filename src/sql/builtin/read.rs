//! The reader of the generated tables; a line that it can't read is left out, and a test counts that none is.

use super::{
    BuiltinCast, BuiltinColumn, BuiltinFunction, BuiltinOperator, BuiltinParameter, BuiltinType, Facts, Majors,
};
use crate::model::{FunctionKind, Volatility};
use crate::sql::types::Type;
use std::sync::OnceLock;

const TYPES: &str = include_str!("types.txt");
const FUNCTIONS: &str = include_str!("functions.txt");
const OPERATORS: &str = include_str!("operators.txt");
const CASTS: &str = include_str!("casts.txt");
const RELATIONS: &str = include_str!("relations.txt");

/// The fields of each line, and its majors.
fn lines(text: &'static str) -> impl Iterator<Item = (Vec<&'static str>, Majors)> {
    // The first line is the heading; names of operators may begin with `#` too.
    text.lines().skip(1).filter_map(|line| {
        let mut fields: Vec<_> = line.split('\t').collect();
        let majors = match fields.pop()? {
            "*" => Majors(14, 18),
            range => {
                let (first, last) = range.split_once('-')?;
                Majors(first.parse().ok()?, last.parse().ok()?)
            }
        };
        Some((fields, majors))
    })
}

impl Facts {
    pub(super) fn read() -> Self {
        let mut facts = Self::default();
        facts.read_types();
        facts.read_functions();
        facts.read_operators();
        facts.read_casts();
        for (fields, majors) in lines(RELATIONS) {
            let [schema, relation, name, data_type] = fields[..] else { continue };
            let column = BuiltinColumn { name, data_type: Type::parse(data_type), majors };
            facts.relations.entry((schema, relation)).or_default().push(column);
        }
        facts
    }

    fn read_types(&mut self) {
        let mut subtypes = Vec::new();
        for (fields, majors) in lines(TYPES) {
            let [name, printed, category, preferred, kind, _, subtype] = fields[..] else { continue };
            let letter = |text: &str| text.chars().next().unwrap_or('-');
            let preferred = preferred == "!";
            let data_type = Type::named(printed);
            // Some changed their category in 15; the newer one serves 14 too.
            let majors = self
                .types
                .get(name)
                .map_or(majors, |old| Majors(old.majors.0.min(majors.0), old.majors.1.max(majors.1)));
            let of = BuiltinType {
                data_type,
                category: letter(category),
                preferred,
                kind: letter(kind),
                subtype: None,
                majors,
            };
            self.types.insert(name, of);
            self.internal.insert(printed, name);
            subtypes.push((name, subtype));
        }
        for (name, subtype) in subtypes {
            let found = self.types.get(subtype).map(|t| t.data_type.clone());
            if let Some(of) = self.types.get_mut(name) {
                of.subtype = found;
            }
        }
    }

    fn type_of(&self, internal: &str) -> Option<Type> {
        if let Some(found) = self.types.get(internal) {
            return Some(found.data_type.clone());
        }
        Some(self.types.get(internal.strip_prefix('_')?)?.data_type.array())
    }

    fn read_functions(&mut self) {
        for (fields, majors) in lines(FUNCTIONS) {
            if let Some(function) = self.function(&fields, majors) {
                self.functions.entry(function.name).or_default().push(function);
            }
        }
    }

    fn function(&self, fields: &[&'static str], majors: Majors) -> Option<BuiltinFunction> {
        let [name, arguments, result, flags, defaults, columns, _] = *fields else { return None };
        let mut flags = flags.chars();
        let parameters: Option<Vec<_>> =
            arguments.split(' ').filter(|a| !a.is_empty()).map(|a| self.parameter(a)).collect();
        let columns: Option<Vec<_>> = columns
            .split(' ')
            .filter(|c| !c.is_empty())
            .map(|c| c.split_once(':').and_then(|(name, of)| Some((name, self.type_of(of)?))))
            .collect();
        Some(BuiltinFunction {
            name,
            parameters: parameters?,
            variadic: arguments.contains('*'),
            result: self.type_of(result.trim_start_matches('*'))?,
            returns_set: result.starts_with('*'),
            kind: match flags.next()? {
                'a' => FunctionKind::Aggregate,
                'w' => FunctionKind::Window,
                'p' => FunctionKind::Procedure,
                _ => FunctionKind::Function,
            },
            volatility: match flags.next()? {
                'i' => Volatility::Immutable,
                's' => Volatility::Stable,
                _ => Volatility::Volatile,
            },
            strict: flags.next()? == 's',
            defaults: defaults.parse().ok()?,
            columns: columns?,
            majors,
            routine: OnceLock::new(),
        })
    }

    fn parameter(&self, text: &'static str) -> Option<BuiltinParameter> {
        let text = text.trim_start_matches('*');
        let (name, of) = text.split_once(':').map_or((None, text), |(name, of)| (Some(name), of));
        Some(BuiltinParameter { name, data_type: self.type_of(of)? })
    }

    fn read_operators(&mut self) {
        for (fields, majors) in lines(OPERATORS) {
            let [name, left, right, result, function] = fields[..] else { continue };
            let (Some(right), Some(result)) = (self.type_of(right), self.type_of(result)) else { continue };
            let operator = BuiltinOperator {
                symbol: name,
                left: self.type_of(left),
                right,
                result,
                function,
                majors,
                resolved: OnceLock::new(),
            };
            self.operators.entry(name).or_default().push(operator);
        }
    }

    fn read_casts(&mut self) {
        for (fields, majors) in lines(CASTS) {
            let [from, to, context, method, function] = fields[..] else { continue };
            let (Some(from), Some(to)) = (self.type_of(from), self.type_of(to)) else { continue };
            let letter = |text: &str| text.chars().next().unwrap_or('-');
            let cast = BuiltinCast { context: letter(context), method: letter(method), function, majors };
            self.casts.entry((from, to)).or_default().push(cast);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read() {
        let facts = Facts::read();
        let count = |text: &str| text.lines().count() - 1;
        assert_eq!(facts.functions.values().map(Vec::len).sum::<usize>(), count(FUNCTIONS));
        assert_eq!(facts.operators.values().map(Vec::len).sum::<usize>(), count(OPERATORS));
        assert_eq!(facts.casts.values().map(Vec::len).sum::<usize>(), count(CASTS));
        assert_eq!(facts.relations.values().map(Vec::len).sum::<usize>(), count(RELATIONS));
        let names: std::collections::HashSet<_> = TYPES.lines().skip(1).filter_map(|l| l.split('\t').next()).collect();
        assert_eq!(facts.types.len(), names.len());
    }
}
