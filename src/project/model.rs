//! Secrets in a model: in the code of functions, in conditions, queries, defaults, triggers' arguments and settings.

use super::Mask;
use super::scan::scan;
use crate::model::{ConstraintKind, Function, Relation, Schema, TypeKind};
use crate::parallel;

/// The secrets that the texts of a model hold, to be kept out of what is printed.
#[must_use]
pub fn secrets(schema: &Schema) -> Mask {
    let of_relations = schema.relations.iter().flat_map(of_relation);
    let of_functions = schema.functions.iter().flat_map(of_function);
    let checks = schema.types.iter().flat_map(|t| match &t.kind {
        TypeKind::Domain { checks, .. } => checks.as_slice(),
        _ => &[],
    });
    let texts = of_relations.chain(of_functions).chain(checks.map(String::as_str));
    let texts: Vec<&str> = texts.collect();
    let of_text = |text: &&str| scan(text).into_iter().map(|s| s.text(text).to_owned()).collect::<Vec<_>>();
    let in_texts = parallel::each(&texts, 64, of_text).into_iter().flatten();
    let in_settings = schema.settings.iter().flat_map(|s| named(&s.name, &s.value));
    let on_functions = schema.functions.iter().flat_map(|f| &f.settings).filter_map(|s| s.split_once('='));
    Mask::new(in_texts.chain(in_settings).chain(on_functions.flat_map(|(name, value)| named(name, value))))
}

fn of_relation(relation: &Relation) -> Vec<&str> {
    let mut texts: Vec<&str> = relation.view.iter().map(|v| v.definition.as_str()).collect();
    texts.extend(relation.columns.iter().filter_map(|c| c.default.as_deref()));
    texts.extend(relation.policies.iter().flat_map(|p| [&p.using, &p.check]).filter_map(Option::as_deref));
    texts.extend(relation.triggers.iter().map(|t| t.definition.as_str()));
    texts.extend(relation.rules.iter().map(|r| r.definition.as_str()));
    texts.extend(relation.indexes.iter().flat_map(|i| i.keys.iter().chain(&i.predicate)).map(String::as_str));
    texts.extend(relation.constraints.iter().map(|c| c.definition.as_str()));
    texts.extend(relation.constraints.iter().filter_map(|c| match &c.kind {
        ConstraintKind::Check(expression) => Some(expression.as_str()),
        _ => None,
    }));
    texts
}

fn of_function(function: &Function) -> Vec<&str> {
    let defaults = function.parameters.iter().filter_map(|p| p.default.as_deref());
    std::iter::once(function.body.as_str()).chain(defaults).collect()
}

/// A value by itself does not say what it is; behind its name it does.
fn named(name: &str, value: &str) -> Vec<String> {
    let text = format!("{name} = '{value}'");
    scan(&text).into_iter().map(|secret| secret.text(&text).to_owned()).collect()
}
