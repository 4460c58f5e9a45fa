//! `[[rule]] call`: functions, by the same precedence as relations.

use std::collections::BTreeMap;

use super::super::intent::DeclaredCall;
use super::super::pattern::{Level, Pattern};
use super::super::rules::CallRule;
use super::Resolving;
use crate::model::{Function, FunctionId};
use crate::sql::SchemaCatalog;
use crate::sql::bind::Binder;

/// A rule that speaks of a function, with what makes it win: own, specific, late.
type Voice<'a> = ((bool, Level, usize), &'a CallRule, &'a Pattern);

impl<'a> Resolving<'a> {
    pub(super) fn calls(&mut self) {
        let rules = self.rules;
        let mut voices: BTreeMap<(&'a FunctionId, &'a str), Vec<Voice<'a>>> = BTreeMap::new();
        for (order, rule) in rules.calls.iter().enumerate() {
            for pattern in &rule.call {
                let found = self.functions(pattern);
                if found.is_empty() && !rules.is_preset(&pattern.at) {
                    self.no_function(pattern);
                }
                let rank = (!rules.is_preset(&pattern.at), pattern.level(), order);
                for function in found {
                    for role in rule.roles.iter().filter(|role| self.schema.role(&role.text).is_some()) {
                        voices.entry((&function.id, &role.text)).or_default().push((rank, rule, pattern));
                    }
                }
            }
        }
        for ((function, role), voices) in voices {
            self.call(function, role, &voices);
        }
    }

    fn call(&mut self, function: &FunctionId, role: &str, voices: &[Voice<'a>]) {
        let Some(&(rank, rule, pattern)) = voices.iter().max_by_key(|v| v.0) else { return };
        let tied =
            |v: &&Voice<'_>| (v.0.0, v.0.1) == (rank.0, rank.1) && v.2.is_same(pattern) && v.1.execute != rule.execute;
        if let Some((_, other, _)) = voices.iter().find(tied) {
            let place = self.rules.texts().place(&other.at);
            let message = format!("calls of {function} by `{role}` are also declared at {place}, otherwise");
            self.fail(&rule.at, message, Some("keep one of them".to_owned()));
        }
        self.intent.calls.push(DeclaredCall {
            function: function.clone(),
            role: role.to_owned(),
            execute: rule.execute,
            mode: rule.mode,
            origin: self.declared(&rule.at),
            reason: rule.reason.clone(),
        });
    }

    fn functions(&self, pattern: &Pattern) -> Vec<&'a Function> {
        let exact = pattern.exact();
        let arguments = pattern.arguments.as_deref().map(|list| self.types(list));
        let callable = |f: &&Function| !matches!(f.returns.as_str(), "trigger" | "event_trigger");
        let meant = |f: &&Function| match (&exact, &arguments) {
            (Some(name), None) => f.id.qualified() == *name,
            (Some(name), Some(arguments)) => f.id.qualified() == *name && f.id.arguments == *arguments,
            (None, _) => {
                pattern.covers(&f.id.qualified())
                    && callable(f)
                    && self.is_meant(pattern, &f.id.schema, f.extension.as_deref())
            }
        };
        self.schema.functions.iter().filter(meant).collect()
    }

    /// A list of types as the model spells them; what is no type stays as it is.
    fn types(&self, list: &str) -> String {
        let catalog = SchemaCatalog::new(self.schema);
        let (none, public) = ([], ["public".to_owned()]);
        let one = |text: &str| {
            let found = Binder::new(&catalog, &none).data_type(text);
            let found = found.or_else(|_| Binder::new(&catalog, &public).data_type(text));
            found.map_or_else(|_| text.to_owned(), |t| t.bare().to_string())
        };
        list.split(',').map(str::trim).filter(|t| !t.is_empty()).map(one).collect::<Vec<_>>().join(", ")
    }

    fn no_function(&mut self, pattern: &Pattern) {
        let Some(name) = pattern.exact() else {
            self.fail(&pattern.at, format!("`{}` matches no function", pattern.text), None);
            return;
        };
        let same = self.schema.functions.iter().filter(|f| f.id.qualified() == name);
        let same: Vec<_> = same.map(|f| format!("`{}`", f.id)).collect();
        let help = if same.is_empty() {
            let names: Vec<_> = self.schema.functions.iter().map(|f| f.id.qualified()).collect();
            super::target::near(&name, names.iter())
        } else {
            Some(format!("there is {}", same.join(", ")))
        };
        self.fail(&pattern.at, format!("there is no function `{}`", pattern.text), help);
    }
}
