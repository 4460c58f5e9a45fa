//! Which value each source has in a model.

use std::collections::BTreeMap;

use super::Shape;
use super::invent::Inventor;
use crate::analyzer::ground::{Bit, Call, Ground, Node, Source, ValueId};
use crate::analyzer::solve::Solver;
use crate::analyzer::term::{Json, Type, Value, cast, in_range, like};

/// How many texts are tried that match patterns.
const TRIED: usize = 12;

/// Values that are equal in the model.
#[derive(Debug)]
struct Class {
    data_type: Type,
    component: usize,
    code: usize,
    value: Option<Value>,
    /// How long a text may be.
    most: usize,
}

/// The value of each source (`None` is NULL); one for which none could be made up is left out.
pub(super) fn values<'p>(shape: &Shape<'p>, solver: &Solver<'_>) -> Vec<(&'p Source, Option<Value>)> {
    let mut model = Model { shape, solver, classes: BTreeMap::new(), inventor: Inventor::default() };
    model.classify();
    model.order();
    model.deduce();
    model.invent();
    let mut found = Vec::new();
    for (source, (_, ground)) in shape.sources {
        if let Some(value) = model.value(*ground) {
            found.push((source, value));
        }
    }
    found
}

struct Model<'m, 'p, 'c> {
    shape: &'m Shape<'p>,
    solver: &'m Solver<'c>,
    /// By component and code.
    classes: BTreeMap<(usize, usize), Class>,
    inventor: Inventor,
}

impl Model<'_, '_, '_> {
    fn code(&self, bits: &[Bit]) -> usize {
        bits.iter().enumerate().filter(|(_, bit)| self.solver.value(**bit)).fold(0, |code, (at, _)| code | 1 << at)
    }

    fn key(&self, value: ValueId) -> Option<(usize, usize)> {
        let (component, bits) = self.solver.encoding().leaf(value)?;
        Some((component, self.code(bits)))
    }

    /// Sorts the leaves that are not NULL into classes; those that meet a constant are that.
    fn classify(&mut self) {
        for (source, (data_type, ground)) in self.shape.sources {
            let Ground::Value { null, value } = ground else { continue };
            if self.solver.value(*null) {
                continue;
            }
            let Some((component, code)) = self.key(*value) else { continue };
            let new = || Class { data_type: data_type.clone(), component, code, value: None, most: usize::MAX };
            let class = self.classes.entry((component, code)).or_insert_with(new);
            class.most = class.most.min(self.shape.width(source).unwrap_or(usize::MAX));
            // The narrowest of the types that compare, so that the value fits all.
            if matches!(data_type, Type::Int2 | Type::Name)
                || (*data_type == Type::Int4 && class.data_type == Type::Int8)
            {
                class.data_type = data_type.clone();
            }
        }
        for (number, literal, code) in self.constants() {
            self.inventor.reserve(&literal);
            if let Some(class) = self.classes.get_mut(&(number, code)) {
                class.value.get_or_insert(literal);
            }
        }
    }

    fn constants(&self) -> Vec<(usize, Value, usize)> {
        let numbers: std::collections::BTreeSet<_> = self.classes.values().map(|c| c.component).collect();
        let mut found = Vec::new();
        for number in numbers {
            for (literal, bits) in self.solver.encoding().constants(number) {
                if let Some(Node::Literal(value)) = self.solver.node(literal) {
                    found.push((number, value.clone(), self.code(bits)));
                }
            }
        }
        found
    }

    /// Values of components with `<`, in the order of their codes.
    fn order(&mut self) {
        let ordered: std::collections::BTreeSet<_> =
            self.classes.values().map(|c| c.component).filter(|n| self.solver.encoding().is_ordered(*n)).collect();
        let constants = self.constants();
        for number in ordered {
            let mut line: BTreeMap<usize, Option<Value>> = BTreeMap::new();
            for (of, value, code) in &constants {
                if *of == number {
                    line.insert(*code, Some(value.clone()));
                }
            }
            for class in self.classes.values().filter(|c| c.component == number) {
                line.entry(class.code).or_insert(None);
            }
            self.fill(number, &line);
        }
    }

    fn fill(&mut self, number: usize, line: &BTreeMap<usize, Option<Value>>) {
        let (mut low, mut open): (Option<&Value>, Vec<usize>) = (None, Vec::new());
        let ends = line.iter().map(|(code, value)| (Some(*code), value.as_ref())).chain([(None, None)]);
        for (code, value) in ends {
            if let (Some(code), None) = (code, value) {
                open.push(code);
                continue;
            }
            let data_type = self.classes.values().find(|c| c.component == number).map(|c| c.data_type.clone());
            let made = data_type.and_then(|t| self.inventor.between(low, value, open.len(), &t));
            for (code, value) in open.drain(..).zip(made.into_iter().flatten()) {
                let fits =
                    |class: &&mut Class| !matches!(value, Value::Int(whole) if !in_range(whole, &class.data_type));
                if let Some(class) = self.classes.get_mut(&(number, code)).filter(fits) {
                    class.value = Some(value);
                }
            }
            low = value;
        }
    }

    /// Values that follow from what functions of them must give, until no more do. First for what is printed or read,
    /// a value is made up where that is of any use.
    fn deduce(&mut self) {
        for _ in 0..4 {
            for at in (0..self.shape.calls.len()).rev() {
                let Some(call) = self.shape.calls.get(at) else { continue };
                self.backward(call);
            }
            self.invent_for_calls();
            for call in self.shape.calls {
                self.forward(call);
            }
        }
    }

    /// What is read from text or compared with it needs a value before the text can be written.
    fn invent_for_calls(&mut self) {
        for call in self.shape.calls {
            if &*call.function.name == "->>"
                && call.args.first().is_some_and(|json| self.open_class(*json).is_some())
                && let Some(key) = self.open_class(call.result)
                && let Some(most) = self.classes.get(&key).map(|c| c.most)
            {
                let value = self.inventor.fresh(&Type::Text, most);
                self.set(key, value);
            }
            for ground in call.args.iter().chain([&call.result]) {
                if let Some(key) = self.open_class(*ground) {
                    let data_type = self.classes.get(&key).map(|c| c.data_type.clone());
                    if let Some(t) = data_type.filter(|t| !t.is_text() && t.element().is_none()) {
                        let value = self.inventor.fresh(&t, usize::MAX);
                        self.set(key, value);
                    }
                }
            }
        }
    }

    /// The class of a value that is not NULL and has none yet.
    fn open_class(&self, ground: Ground) -> Option<(usize, usize)> {
        let Ground::Value { null, value } = ground else { return None };
        if self.solver.value(null) {
            return None;
        }
        let key = self.key(value)?;
        self.classes.get(&key).filter(|c| c.value.is_none()).map(|_| key)
    }

    fn set(&mut self, key: (usize, usize), value: Option<Value>) {
        if let (Some(class), Some(value)) = (self.classes.get_mut(&key), value)
            && !matches!(&value, Value::Text(text) if text.chars().count() > class.most)
        {
            self.inventor.reserve(&value);
            class.value.get_or_insert(value);
        }
    }

    /// An argument from the result.
    fn backward(&mut self, call: &Call) {
        let args: Vec<_> = call.args.iter().map(|a| self.value(*a).flatten()).collect();
        let Some(open) = call.args.iter().position(|a| self.open_class(*a).is_some()) else { return };
        let Some(key) = call.args.get(open).and_then(|a| self.open_class(*a)) else { return };
        let result = self.value(call.result).flatten();
        let text = |s: String| Some(Value::Text(s.into()));
        let value = match (&*call.function.name, result, args.as_slice()) {
            ("::json" | "::jsonb", Some(Value::Json(json)), [_]) => text(json.to_string()),
            ("->" | "->>", _, [None, Some(Value::Text(_))]) => call.args.first().and_then(|arg| self.object(*arg)),
            (name, Some(result), [_]) if name.starts_with("::") => {
                // Which texts a type of which no more than the name is known takes, is not known either.
                let reads = |t: &&Type| !matches!(t, Type::Other(name) if !name.ends_with("citext"));
                call.types.first().filter(reads).and_then(|from| cast(&result, &call.returns, from).ok().flatten())
            }
            ("lower" | "upper", _, [_]) => call.args.first().and_then(|text| self.unused(key, self.matching(*text))),
            ("[]", Some(result), [None, Some(Value::Int(at))]) => usize::try_from(*at).ok().and_then(|at| {
                let filler = Some(Value::Text("x".into()));
                let items: Vec<_> = (1..at).map(|_| filler.clone()).chain([Some(result)]).collect();
                (at < 20).then(|| Value::Array(items.into()))
            }),
            ("storage.foldername", Some(Value::Array(items)), [_]) => {
                let parts: Vec<_> = items.iter().flatten().filter_map(|v| v.text(&Type::Text)).collect();
                text(format!("{}/file", parts.join("/")))
            }
            ("split_part", Some(Value::Text(part)), [None, Some(Value::Text(by)), Some(Value::Int(at))]) => {
                let at = usize::try_from(*at).unwrap_or(1).min(20);
                text(format!("{}{part}", format!("x{by}").repeat(at.saturating_sub(1))))
            }
            ("= any", Some(Value::Bool(true)), [Some(x), None]) => Some(Value::Array([Some(x.clone())].into())),
            ("like" | "ilike" | "starts_with", Some(Value::Bool(_)), [None, Some(Value::Text(_))])
                if !call.args.first().is_some_and(|text| self.is_folded(*text)) =>
            {
                call.args.first().and_then(|text| self.unused(key, self.matching(*text)))
            }
            _ => None,
        };
        self.set(key, value);
    }

    /// The object whose fields are what all calls that read it must give; `None` while one of them is not known.
    fn object(&self, json: Ground) -> Option<Value> {
        let mut fields = BTreeMap::new();
        for call in self.shape.calls.iter().filter(|c| c.args.first() == Some(&json)) {
            let [_, key] = call.args.as_slice() else { continue };
            let Some(Some(Value::Text(key))) = self.value(*key) else { return None };
            match (&*call.function.name, self.value(call.result)?) {
                ("->" | "->>", None) => {}
                ("->>", Some(Value::Text(text))) => drop(fields.insert(key, Json::String(text))),
                ("->", Some(Value::Json(json))) => drop(fields.entry(key).or_insert((*json).clone())),
                _ => return None,
            }
        }
        Some(Value::Json(Json::Object(fields).into()))
    }

    /// Texts that match the patterns they are tested with as the model says, in lower case too.
    fn matching(&self, text: Ground) -> Vec<String> {
        let mut patterns = self.tests(text);
        for call in self.shape.calls.iter().filter(|c| c.args == [text]) {
            let is_lower = match &*call.function.name {
                "lower" => true,
                "upper" => false,
                _ => continue,
            };
            match self.value(call.result) {
                Some(Some(Value::Text(result))) => {
                    patterns.extend(like::Pattern::in_any_case(&result).map(|pattern| (pattern, true)));
                }
                _ if is_lower => {
                    let folded = self.tests(call.result).into_iter();
                    patterns.extend(folded.filter_map(|(pattern, matches)| Some((pattern.of_lower_case()?, matches))));
                }
                _ => {}
            }
        }
        let patterns: Vec<_> = patterns.iter().map(|(p, matches)| (p, *matches)).collect();
        if patterns.is_empty() {
            return Vec::new();
        }
        match like::texts(&patterns, TRIED) {
            like::Texts::Some(texts) => texts,
            like::Texts::Nothing | like::Texts::Unknown => Vec::new(),
        }
    }

    /// The patterns that a text is tested with, and what the model says of each.
    fn tests(&self, text: Ground) -> Vec<(like::Pattern, bool)> {
        let test = |call: &Call| {
            let Some(Some(Value::Text(pattern))) = self.value(*call.args.get(1)?) else { return None };
            let Some(Some(Value::Bool(matches))) = self.value(call.result) else { return None };
            like::Pattern::of(&call.function.name, &pattern).map(|pattern| (pattern, matches))
        };
        self.shape.calls.iter().filter(|c| c.args.first() == Some(&text)).filter_map(test).collect()
    }

    /// Whether a text is another one in lower or upper case, which is chosen first.
    fn is_folded(&self, text: Ground) -> bool {
        let folds = |call: &&Call| ["lower", "upper"].contains(&&*call.function.name) && call.result == text;
        let open = |call: &Call| call.args.first().is_some_and(|text| self.open_class(*text).is_some());
        self.shape.calls.iter().filter(folds).any(open)
    }

    /// The first of some texts that no other value of the same kind is.
    fn unused(&self, (component, _): (usize, usize), texts: Vec<String>) -> Option<Value> {
        let taken: Vec<&Value> =
            self.classes.values().filter(|c| c.component == component).filter_map(|c| c.value.as_ref()).collect();
        let mut values = texts.into_iter().map(|t| Value::Text(t.into()));
        values.find(|v| !taken.contains(&v))
    }

    /// The result from the arguments.
    fn forward(&mut self, call: &Call) {
        let Some(key) = self.open_class(call.result) else { return };
        let mut args = Vec::new();
        for (arg, data_type) in call.args.iter().zip(&call.types) {
            let Some(Some(value)) = self.value(*arg) else { return };
            args.push((value, data_type.clone()));
        }
        let value = crate::analyzer::term::apply(&call.function.name, &args, &call.returns).ok().flatten();
        self.set(key, value);
    }

    /// Any values for the rest.
    fn invent(&mut self) {
        let open: Vec<_> = self.classes.iter().filter(|(_, c)| c.value.is_none()).map(|(key, _)| *key).collect();
        for key in open {
            if let Some((t, most)) = self.classes.get(&key).map(|c| (c.data_type.clone(), c.most)) {
                let value = self.inventor.fresh(&t, most);
                self.set(key, value);
            }
        }
    }

    /// The value in the model: `Some(None)` is NULL, `None` that there is none yet.
    fn value(&self, ground: Ground) -> Option<Option<Value>> {
        match ground {
            Ground::Bool(truth) if self.solver.value(truth.yes) => Some(Some(Value::Bool(true))),
            Ground::Bool(truth) if self.solver.value(truth.no) => Some(Some(Value::Bool(false))),
            Ground::Bool(_) => Some(None),
            Ground::Value { null, .. } if self.solver.value(null) => Some(None),
            Ground::Value { value, .. } => match self.solver.node(value.index()) {
                Some(Node::Literal(value)) => Some(Some(value.clone())),
                Some(Node::Mux(condition, a, b)) => {
                    let chosen = if self.solver.value(*condition) { *a } else { *b };
                    self.value(Ground::Value { null: Bit::FALSE, value: chosen })
                }
                _ => self.key(value).and_then(|key| self.classes.get(&key)?.value.clone()).map(Some),
            },
        }
    }
}
